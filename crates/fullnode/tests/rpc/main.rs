//! The gRPC API over a loopback socket, as native clients and browsers speak to it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::field_reassign_with_default,
    reason = "test code outside of test functions; messages have no literals outside their crate"
)]

mod hostile;
mod native;
mod past;
#[path = "../support/mod.rs"]
mod support;
mod web;

use std::{net::SocketAddr, sync::Arc};

use floe_env::Disk;
use floe_fullnode::{Options, Server, ServerLimits};
use sui_rpc::{
    Client,
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2 as proto,
};
use sui_sdk_types::{ObjectReference, SignedTransaction, Transaction};
use support::{Node, User, crash_disk};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A node with its API on a port, and two users with coins.
struct Fixture {
    node: Node,
    users: Vec<User>,
    address: SocketAddr,
    serving: JoinHandle<()>,
    _disk: Arc<dyn Disk>,
}

impl Fixture {
    async fn start() -> Self {
        Self::start_with(&support::options()).await
    }

    async fn start_with(options: &Options) -> Self {
        let (_, disk) = crash_disk();
        let users = vec![User::new(1), User::new(2)];
        let node = Node::start_at(&disk, &users, options, support::GENESIS_MS).unwrap();
        let any_port = (std::net::Ipv4Addr::LOCALHOST, 0).into();
        let listener = floe_env::tcp_listener(any_port).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server {
            env: support::env(Arc::clone(&disk), support::GENESIS_MS),
            router: floe_fullnode::rpc::router(&node.handle),
            limits: ServerLimits::default(),
            metrics: Arc::clone(node.handle.metrics()),
        };
        let serving = tokio::spawn(async move {
            server
                .serve(listener, CancellationToken::new())
                .await
                .unwrap();
        });
        Self {
            node,
            users,
            address,
            serving,
            _disk: disk,
        }
    }

    fn client(&self) -> Client {
        Client::new(format!("http://{}", self.address)).unwrap()
    }

    async fn stop(self) {
        self.serving.abort();
        self.node.stop().await.unwrap();
    }

    fn coin(&self, user: usize, index: usize) -> ObjectReference {
        self.node.coins(&self.users[user])[index].clone()
    }

    /// A payment of 1 MIST from the first to the second user.
    fn payment(&self, coin: ObjectReference) -> SignedTransaction {
        self.users[0].payment(coin, self.users[1].address(), 1)
    }
}

fn mask(paths: &str) -> Option<FieldMask> {
    Some(FieldMask::from_str(paths))
}

fn execute(signed: &SignedTransaction, paths: &str) -> proto::ExecuteTransactionRequest {
    let mut request = proto::ExecuteTransactionRequest::default();
    request.transaction = Some(signed.transaction.clone().into());
    request.signatures = signed.signatures.iter().cloned().map(Into::into).collect();
    request.read_mask = mask(paths);
    request
}

fn simulate(transaction: proto::Transaction) -> proto::SimulateTransactionRequest {
    let mut request = proto::SimulateTransactionRequest::default();
    request.transaction = Some(transaction);
    request.do_gas_selection = Some(true);
    request
}

/// A transaction as BCS alone.
fn as_bcs(transaction: &Transaction) -> proto::Transaction {
    let mut message = proto::Transaction::default();
    message.bcs = Some(bcs::to_bytes(transaction).unwrap().into());
    message
}
