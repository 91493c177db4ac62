//! A server in front of a full node that lies or loses answers, as told.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use sui_rpc::proto::sui::rpc::v2::{
    self as proto,
    ledger_service_client::LedgerServiceClient,
    ledger_service_server::{LedgerService, LedgerServiceServer},
    move_package_service_client::MovePackageServiceClient,
    move_package_service_server::{MovePackageService, MovePackageServiceServer},
    state_service_client::StateServiceClient,
    state_service_server::{StateService, StateServiceServer},
    transaction_execution_service_client::TransactionExecutionServiceClient,
    transaction_execution_service_server::{
        TransactionExecutionService, TransactionExecutionServiceServer,
    },
};
use tonic::{Request, Response, Status, service::Routes, transport::Channel};

/// What is done to checkpoints on their way.
pub(crate) type Tamper = Arc<dyn Fn(&mut proto::Checkpoint) + Send + Sync>;

/// The server.
#[derive(Clone)]
pub(crate) struct Proxy {
    channel: Channel,
    tamper: Tamper,
    /// How many answers to executions are still to be lost.
    pub(crate) losses: Arc<AtomicU32>,
    /// How many executions have arrived.
    pub(crate) executions: Arc<AtomicU32>,
}

impl Proxy {
    pub(crate) fn new(url: &str, tamper: Tamper) -> Self {
        let endpoint = tonic::transport::Endpoint::from_shared(url.to_owned()).unwrap();
        Self {
            channel: endpoint.connect_lazy(),
            tamper,
            losses: Arc::default(),
            executions: Arc::default(),
        }
    }

    pub(crate) fn router(&self) -> axum::Router {
        let mut routes = Routes::builder();
        routes.add_service(LedgerServiceServer::new(self.clone()));
        routes.add_service(StateServiceServer::new(self.clone()));
        routes.add_service(MovePackageServiceServer::new(self.clone()));
        routes.add_service(TransactionExecutionServiceServer::new(self.clone()));
        routes.routes().into_axum_router()
    }
}

#[tonic::async_trait]
impl LedgerService for Proxy {
    async fn get_service_info(
        &self,
        request: Request<proto::GetServiceInfoRequest>,
    ) -> Result<Response<proto::GetServiceInfoResponse>, Status> {
        let mut client = LedgerServiceClient::new(self.channel.clone());
        client.get_service_info(request.into_inner()).await
    }

    async fn batch_get_objects(
        &self,
        request: Request<proto::BatchGetObjectsRequest>,
    ) -> Result<Response<proto::BatchGetObjectsResponse>, Status> {
        let mut client = LedgerServiceClient::new(self.channel.clone());
        client.batch_get_objects(request.into_inner()).await
    }

    async fn get_transaction(
        &self,
        request: Request<proto::GetTransactionRequest>,
    ) -> Result<Response<proto::GetTransactionResponse>, Status> {
        let mut client = LedgerServiceClient::new(self.channel.clone());
        client.get_transaction(request.into_inner()).await
    }

    async fn get_epoch(
        &self,
        request: Request<proto::GetEpochRequest>,
    ) -> Result<Response<proto::GetEpochResponse>, Status> {
        let mut client = LedgerServiceClient::new(self.channel.clone());
        client.get_epoch(request.into_inner()).await
    }

    async fn get_checkpoint(
        &self,
        request: Request<proto::GetCheckpointRequest>,
    ) -> Result<Response<proto::GetCheckpointResponse>, Status> {
        let mut client = LedgerServiceClient::new(self.channel.clone());
        let mut answer = client.get_checkpoint(request.into_inner()).await?;
        if let Some(checkpoint) = &mut answer.get_mut().checkpoint {
            (self.tamper)(checkpoint);
        }
        Ok(answer)
    }
}

#[tonic::async_trait]
impl StateService for Proxy {
    async fn list_owned_objects(
        &self,
        request: Request<proto::ListOwnedObjectsRequest>,
    ) -> Result<Response<proto::ListOwnedObjectsResponse>, Status> {
        let mut client = StateServiceClient::new(self.channel.clone());
        client.list_owned_objects(request.into_inner()).await
    }
}

#[tonic::async_trait]
impl TransactionExecutionService for Proxy {
    async fn simulate_transaction(
        &self,
        request: Request<proto::SimulateTransactionRequest>,
    ) -> Result<Response<proto::SimulateTransactionResponse>, Status> {
        let mut client = TransactionExecutionServiceClient::new(self.channel.clone());
        client.simulate_transaction(request.into_inner()).await
    }

    async fn execute_transaction(
        &self,
        request: Request<proto::ExecuteTransactionRequest>,
    ) -> Result<Response<proto::ExecuteTransactionResponse>, Status> {
        self.executions.fetch_add(1, Ordering::SeqCst);
        let mut client = TransactionExecutionServiceClient::new(self.channel.clone());
        let answer = client.execute_transaction(request.into_inner()).await;
        let lose = |left: u32| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if self.losses.fetch_update(order, order, lose).is_ok() {
            return Err(Status::unavailable("the answer was lost"));
        }
        answer
    }
}

#[tonic::async_trait]
impl MovePackageService for Proxy {
    async fn get_package(
        &self,
        request: Request<proto::GetPackageRequest>,
    ) -> Result<Response<proto::GetPackageResponse>, Status> {
        let mut client = MovePackageServiceClient::new(self.channel.clone());
        client.get_package(request.into_inner()).await
    }

    async fn get_function(
        &self,
        request: Request<proto::GetFunctionRequest>,
    ) -> Result<Response<proto::GetFunctionResponse>, Status> {
        let mut client = MovePackageServiceClient::new(self.channel.clone());
        client.get_function(request.into_inner()).await
    }
}
