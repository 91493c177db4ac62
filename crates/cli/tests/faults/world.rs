//! A devnet of processes, and a client of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use floe_client::{
    BlobInput, BlobStoreResult, Client, ClientConfig, NoProgress, Progress, StoreOptions,
};
use floe_contracts::{Contracts, RpcOptions, SecretKey, Wallet, WalletOptions};
use floe_core::BlobId;
use floe_core::messages::BlobPersistence;
use floe_devnet::control::{Controller as _, Request};
use floe_devnet::{Network, Options};
use floe_env::{Env, PoolSize};
use floe_fullnode::genesis::Span;
use floe_node_client::{NodeClient, Security};
use rustix::process::{Pid, Signal, kill_process};

/// How often something runs: as the variable says, or `default`.
pub(crate) fn count(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) network: Network,
    pub(crate) wallet: Wallet,
    dir: tempfile::TempDir,
}

/// A blob that was stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) blob_id: BlobId,
    pub(crate) persistence: BlobPersistence,
    pub(crate) bytes: Vec<u8>,
}

impl World {
    /// Starts so many nodes, each in a process of its own.
    pub(crate) async fn start(nodes: usize, n_shards: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::production(PoolSize::default()).unwrap();
        let options = Options {
            dir: dir.path().join("devnet"),
            nodes,
            n_shards,
            epoch_duration: Span(Duration::from_secs(24 * 3600)),
            port: 0,
            program: Some(PathBuf::from(env!("CARGO_BIN_EXE_floe"))),
        };
        // As the program does: the folder is claimed before its nodes log into it.
        floe_devnet::layout::claim(&*env.disk, &options.dir).unwrap();
        std::fs::create_dir_all(options.dir.join("logs")).unwrap();
        let network = Network::start(env.clone(), &options).await.unwrap();
        let mut lines = network.env_lines.iter();
        let (_, key) = lines.find(|(name, _)| *name == "SUI_SECRET_KEY").unwrap();
        let key = Arc::new(SecretKey::parse(key).unwrap());
        let contracts = network.contracts().clone();
        Self {
            wallet: Wallet::new(contracts, key, WalletOptions::default()),
            env,
            network,
            dir,
        }
    }

    /// A client that has never seen a node, as each new process has.
    pub(crate) async fn client(&self) -> Client {
        let config = self.network.config.clone();
        let contracts = Contracts::connect(&self.env, config, RpcOptions::default());
        Client::new(
            self.env.clone(),
            contracts.await.unwrap(),
            ClientConfig::default(),
        )
    }

    pub(crate) fn random_bytes(&self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.env.rng.fill(&mut bytes);
        bytes
    }

    /// The client of a node, by the devnet's numbers.
    pub(crate) fn node(&self, node: usize) -> NodeClient {
        let port = self.network.record.node_ports[node];
        let address = format!("127.0.0.1:{port}").parse().unwrap();
        let security = Security::PlainOnLoopback;
        NodeClient::new(&self.env, address, security, Default::default()).unwrap()
    }

    /// Is there a signature of a node that it has everything of a blob?
    pub(crate) async fn confirms(&self, node: usize, blob: &Stored) -> bool {
        let client = self.node(node);
        let asked = client.confirmation(&blob.blob_id, &blob.persistence, Default::default());
        asked.await.is_ok()
    }

    pub(crate) async fn ask(&self, request: Request) -> serde_json::Value {
        self.network.carry_out(request).await.unwrap()
    }

    pub(crate) async fn stop_node(&self, node: usize) {
        self.ask(Request::StopNode { node }).await;
    }

    pub(crate) async fn start_node(&self, node: usize) {
        self.ask(Request::StartNode {
            node,
            new_store: false,
        })
        .await;
    }

    /// Sends a signal to the process of a node.
    pub(crate) async fn signal(&self, node: usize, signal: Signal) {
        let status = self.ask(Request::Status).await;
        let pid = status["nodes"][node]["pid"].as_i64().unwrap();
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) fn devnet_dir(&self) -> PathBuf {
        self.dir.path().join("devnet")
    }

    /// What a node has logged so far.
    pub(crate) fn log(&self, node: usize) -> String {
        let name = floe_devnet::layout::node_name(node);
        let path: &Path = &floe_devnet::logs::path(&self.devnet_dir(), &name);
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }
}

/// Stores bytes for a while.
pub(crate) async fn store(
    client: &Client,
    wallet: &Wallet,
    bytes: Vec<u8>,
) -> Result<Stored, String> {
    let inputs = vec![BlobInput::bytes(bytes.clone())];
    let options = StoreOptions::for_epochs(5);
    let progress: Arc<dyn Progress> = Arc::new(NoProgress);
    let stored = client.store(wallet, inputs, &options, &progress).await;
    let stored = stored.map_err(|error| error.to_string())?;
    match stored.into_iter().next() {
        Some(BlobStoreResult::NewlyCreated { blob_object, .. }) => Ok(Stored {
            blob_id: blob_object.blob_id,
            persistence: BlobPersistence::Deletable {
                object_id: blob_object.id,
            },
            bytes,
        }),
        other => Err(format!("{other:?}")),
    }
}
