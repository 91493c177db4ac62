//! A devnet in this process, and a client of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use floe_client::{
    BlobInput, BlobStoreResult, Check, Client, ClientConfig, NoProgress, Progress, StoreOptions,
};
use floe_contracts::{
    Contracts, NetworkState, NodeInfo, RpcOptions, SecretKey, Wallet, WalletOptions,
};
use floe_core::BlobId;
use floe_core::messages::BlobPersistence;
use floe_devnet::control::{Controller as _, Request};
use floe_devnet::{Network, Options};
use floe_env::{Env, PoolSize};
use floe_fullnode::genesis::Span;
use floe_node_client::{NodeClient, Security};

pub(crate) const NODES: usize = 7;
pub(crate) const SHARDS: u16 = 30;
/// Shards that may be gone: `(SHARDS − 1) / 3`.
pub(crate) const FAULTY_MAX: usize = 9;
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) network: Network,
    pub(crate) client: Client,
    pub(crate) wallet: Wallet,
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::production(PoolSize::default()).unwrap();
        let network = Self::network(&env, &dir).await;
        let key = network
            .env_lines
            .iter()
            .find(|(name, _)| *name == "SUI_SECRET_KEY");
        let key = SecretKey::parse(&key.unwrap().1).unwrap();
        let contracts = Contracts::connect(&env, network.config.clone(), RpcOptions::default());
        let contracts = contracts.await.unwrap();
        let wallet = Wallet::new(contracts.clone(), Arc::new(key), WalletOptions::default());
        Self {
            client: Client::new(env.clone(), contracts, ClientConfig::default()),
            env,
            network,
            wallet,
            dir,
        }
    }

    async fn network(env: &Env, dir: &tempfile::TempDir) -> Network {
        let options = Options {
            dir: dir.path().join("devnet"),
            nodes: NODES,
            n_shards: SHARDS,
            epoch_duration: Span(DAY),
            port: 0,
            program: None,
        };
        Network::start(env.clone(), &options).await.unwrap()
    }

    /// Stops the network, lets something happen to its folder, and starts it again.
    pub(crate) async fn restarted(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self {
            env,
            network,
            client,
            wallet,
            dir,
        } = self;
        network.stop().await;
        let folder = network.dir().to_owned();
        drop(network);
        meanwhile(&folder);
        Self {
            network: Self::network(&env, &dir).await,
            env,
            client,
            wallet,
            dir,
        }
    }

    pub(crate) async fn store(&self, bytes: Vec<u8>) -> Stored {
        let inputs = vec![BlobInput::bytes(bytes.clone())];
        let options = StoreOptions::for_epochs(5);
        let progress: Arc<dyn Progress> = Arc::new(NoProgress);
        let stored = self.client.store(&self.wallet, inputs, &options, &progress);
        match stored.await.unwrap().remove(0) {
            BlobStoreResult::NewlyCreated { blob_object, .. } => Stored {
                blob_id: blob_object.blob_id,
                persistence: BlobPersistence::Deletable {
                    object_id: blob_object.id,
                },
                bytes,
            },
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn state(&self) -> Arc<NetworkState> {
        self.client.contracts().refresh().await.unwrap()
    }

    /// Shards of each node, by the devnet's numbers.
    pub(crate) async fn shards(&self) -> Vec<usize> {
        let status = self.network.carry_out(Request::Status).await.unwrap();
        let nodes = status["nodes"].as_array().unwrap();
        let shards = nodes.iter().map(|node| node["shards"].as_u64().unwrap());
        shards
            .map(|shards| usize::try_from(shards).unwrap())
            .collect()
    }

    pub(crate) async fn stop_node(&self, node: usize) {
        let request = Request::StopNode { node };
        self.network.carry_out(request).await.unwrap();
    }

    pub(crate) async fn start_node(&self, node: usize) {
        let request = Request::StartNode {
            node,
            new_store: false,
        };
        self.network.carry_out(request).await.unwrap();
    }

    /// Insists that all can be read while these nodes are down.
    pub(crate) async fn read_all_without(&self, down: &[usize], blobs: &[Stored]) {
        for node in down {
            self.stop_node(*node).await;
        }
        for blob in blobs {
            let read = self.client.read(blob.blob_id, Check::Strict).await.unwrap();
            assert_eq!(read, blob.bytes, "without nodes {down:?}");
        }
        for node in down {
            self.start_node(*node).await;
        }
    }
}

pub(crate) struct Stored {
    pub(crate) blob_id: BlobId,
    pub(crate) persistence: BlobPersistence,
    pub(crate) bytes: Vec<u8>,
}

impl World {
    /// The client of a node.
    pub(crate) fn node(&self, node: &NodeInfo) -> NodeClient {
        let address = node.network_address.parse().unwrap();
        let security = Security::PlainOnLoopback;
        NodeClient::new(&self.env, address, security, Default::default()).unwrap()
    }

    /// The devnet's number of a node.
    pub(crate) fn number(&self, node: &NodeInfo) -> usize {
        let ports = &self.network.record.node_ports;
        let has_port = |port: &u16| node.network_address.ends_with(&format!(":{port}"));
        ports.iter().position(has_port).unwrap()
    }
}
