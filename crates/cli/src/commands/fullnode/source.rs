//! Where `inspect` reads: from a node, always over its gRPC interface.

use std::{path::Path, sync::Arc};

use floe_env::{Env, Lane, tcp_listener};
use floe_fullnode::{Options, Server, ServerLimits, Service, genesis::ChainKeys, router};
use serde_json::Value;
use sui_rpc::{
    Client,
    field::{FieldMask, FieldMaskUtil as _},
    proto::sui::rpc::v2::{
        GetObjectRequest, GetTransactionRequest, ListBalancesRequest, ListOwnedObjectsRequest,
    },
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::error::{Failure, Reason};

/// What is read of an object.
const OBJECT_MASK: [&str; 8] = [
    "object_id",
    "version",
    "digest",
    "owner",
    "object_type",
    "previous_transaction",
    "storage_rebate",
    "json",
];
/// What is read of an object in a list.
const LISTED_MASK: [&str; 4] = ["object_id", "version", "object_type", "balance"];
/// What is read of a transaction.
const TRANSACTION_MASK: [&str; 9] = [
    "digest",
    "transaction",
    "effects.status",
    "effects.gas_used",
    "effects.changed_objects",
    "events",
    "checkpoint",
    "timestamp",
    "balance_changes",
];
/// Most objects of an address that are listed.
const OWNED_MAX: u32 = 50;

/// A node that answers.
pub(super) struct Source {
    client: Client,
    /// Ends the server of [`Self::open`].
    _server: Option<tokio_util::sync::DropGuard>,
}

impl Source {
    /// A running node.
    pub(super) fn connect(url: &str) -> Result<Self, Failure> {
        let client = Client::new(url).map_err(|error| {
            Failure::new(Reason::InvalidArgument, format!("cannot use {url}")).caused_by(error)
        })?;
        Ok(Self {
            client,
            _server: None,
        })
    }

    /// The chain in a folder, which no node may be running: it is served, without being continued.
    pub(super) async fn open(env: &Env, dir: &Path) -> Result<Self, Failure> {
        let (chain_env, options) = (env.clone(), Options::new(dir));
        let open = move || {
            if !Service::exists(&chain_env, &options)? {
                let dir = options.dir.display().to_string();
                return Err(floe_fullnode::StartError::NoGenesis { dir });
            }
            let keys = ChainKeys::read(&chain_env.disk, &options.dir)?;
            Service::open(chain_env, &options, keys.validator)
        };
        let opened = env.compute.offload(Lane::Io, open).await;
        let service = opened.map_err(|error| {
            let message = format!("there is no chain in {} that can be read", dir.display());
            Failure::starting(error, &message)
        })?;
        let failed = |error: std::io::Error| Failure::io_of("listen", &error);
        let address = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        let listener = tcp_listener(address).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let handle = service.handle();
        let server = Server {
            env: env.clone(),
            router: router(&handle, None),
            limits: ServerLimits::default(),
            metrics: Arc::clone(handle.metrics()),
        };
        let shutdown = CancellationToken::new();
        tokio::spawn(server.serve(listener, shutdown.clone()));
        let mut source = Self::connect(&url)?;
        source._server = Some(shutdown.drop_guard());
        Ok(source)
    }

    /// An object; `None` if there is none.
    pub(super) async fn object(&mut self, id: &str) -> Result<Option<Value>, Failure> {
        let mut request = GetObjectRequest::default();
        request.object_id = Some(id.to_owned());
        request.read_mask = Some(FieldMask::from_paths(OBJECT_MASK));
        let answer = self.client.ledger_client().get_object(request).await;
        let answer = found(answer)?;
        answer
            .and_then(|answer| answer.object)
            .map(|object| to_json(&object))
            .transpose()
    }

    /// A transaction; `None` if there is none.
    pub(super) async fn transaction(&mut self, digest: &str) -> Result<Option<Value>, Failure> {
        let mut request = GetTransactionRequest::default();
        request.digest = Some(digest.to_owned());
        request.read_mask = Some(FieldMask::from_paths(TRANSACTION_MASK));
        let answer = self.client.ledger_client().get_transaction(request).await;
        let answer = found(answer)?;
        answer
            .and_then(|answer| answer.transaction)
            .map(|transaction| to_json(&transaction))
            .transpose()
    }

    /// What an address owns: balances, objects, and whether there are more of these.
    pub(super) async fn address(&mut self, address: &str) -> Result<Value, Failure> {
        let mut request = ListBalancesRequest::default();
        request.owner = Some(address.to_owned());
        let balances = self.client.state_client().list_balances(request).await;
        let balances = balances.map_err(|status| failure(&status))?.into_inner();
        let mut request = ListOwnedObjectsRequest::default();
        request.owner = Some(address.to_owned());
        request.page_size = Some(OWNED_MAX);
        request.read_mask = Some(FieldMask::from_paths(LISTED_MASK));
        let owned = self.client.state_client().list_owned_objects(request).await;
        let owned = owned.map_err(|status| failure(&status))?.into_inner();
        Ok(serde_json::json!({
            "address": address,
            "balances": to_json(&balances.balances)?,
            "objects": to_json(&owned.objects)?,
            "more": owned.next_page_token.is_some(),
        }))
    }
}

fn found<T>(answer: Result<tonic::Response<T>, Status>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(failure(&status)),
    }
}

fn failure(status: &Status) -> Failure {
    if status.code() == Code::Unavailable {
        return Failure::new(Reason::Unreachable, "the full node does not answer")
            .caused_by(status.message().to_owned())
            .help("start one with `floe fullnode run`, or name its URL with --rpc");
    }
    Failure::new(Reason::InvalidInput, "the full node refuses").caused_by(format!(
        "{:?}: {}",
        status.code(),
        status.message()
    ))
}

fn to_json(message: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(message).map_err(|error| {
        Failure::new(Reason::Internal, "an answer cannot be printed").caused_by(error)
    })
}
