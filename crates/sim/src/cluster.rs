//! A network in the simulator: one full node, storage nodes, and whoever uses them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_client::{Client, ClientConfig, NodeScheme};
use floe_contracts::{
    Contracts, NetworkConfig, RpcOptions, SecretKey, Trust, Wallet, WalletOptions,
};
use floe_env::testing::{ManualClock, SeededRng};
use floe_env::{Env, Inline, TokioSpawn};
use floe_fullnode::genesis::{Chain, GenesisFile, NodeEntry, start_chain};
use floe_fullnode::{Server, ServerLimits};
use floe_node::{Keys, Node, Options, SuiChain, Transport};
use tokio_util::sync::CancellationToken;

use crate::host::{EPOCH, Host};
use crate::net::{SimNet, listen};
use crate::{Error, liar};

/// The full node's host, and its port.
pub const CHAIN_HOST: &str = "chain";
const CHAIN_PORT: u16 = 9000;
/// The port of a storage node, and the one that a liar's real node has.
const NODE_PORT: u16 = 9185;
const HIDDEN_PORT: u16 = 9186;
const DIR: &str = "/data";

/// What a network is made of.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Storage nodes.
    pub nodes: usize,
    /// Shards.
    pub n_shards: u16,
}

/// The parts of a network that outlive crashes, and what its users know.
#[derive(Debug, Clone)]
pub struct Cluster {
    chain: Host,
    nodes: Arc<[Host]>,
    network: NetworkConfig,
    account: Arc<str>,
}

/// The name of a node's host.
pub fn node_host(index: usize) -> String {
    format!("node-{index:02}")
}

impl Cluster {
    /// Makes a network; all of its keys follow from `seed`.
    ///
    /// # Errors
    /// The genesis fails.
    pub fn new(shape: Shape, seed: u64) -> Result<Self, Error> {
        let chain = Host::new(seed);
        let nodes: Vec<_> = (0..shape.nodes)
            .map(|index| Host::new(seed ^ ((index as u64 + 1) << 40)))
            .collect();
        let file = GenesisFile {
            n_shards: shape.n_shards,
            time_ms: Some(EPOCH.0),
            nodes: (0..shape.nodes)
                .map(|index| {
                    let address = format!("{}:{NODE_PORT}", node_host(index));
                    NodeEntry::new(node_host(index), address)
                })
                .collect(),
            ..GenesisFile::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let _entered = runtime.enter();
        let env = Env {
            clock: Arc::new(ManualClock::new(EPOCH)),
            rng: Arc::new(SeededRng::new(seed)),
            spawn: Arc::new(TokioSpawn::current()),
            compute: Arc::new(Inline),
            net: Arc::new(SimNet),
            disk: Arc::new(chain.disk()),
        };
        let made = start_chain(&env, &full_node_options(), Some(&file))?;
        for (index, host) in nodes.iter().enumerate() {
            let keys = read_keys(&env, index)?;
            let node_env = Env {
                disk: Arc::new(host.disk()),
                ..env.clone()
            };
            let dir = Path::new(DIR);
            node_env.disk.create_dir_all(dir)?;
            Node::create_store(&node_env.disk, &*node_env.rng, dir, &keys)?;
        }
        Ok(Self {
            network: network_config(&made),
            account: made.keys.account.0.to_suiprivkey()?.into(),
            chain,
            nodes: nodes.into(),
        })
    }

    /// The host of a storage node.
    pub fn node(&self, index: usize) -> Option<&Host> {
        self.nodes.get(index)
    }

    /// How many storage nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The full node's host.
    pub const fn chain(&self) -> &Host {
        &self.chain
    }

    /// What the full node's host runs.
    ///
    /// # Errors
    /// It fails.
    pub async fn run_chain(self) -> Result<(), Error> {
        let env = self.chain.start();
        let chain = start_chain(&env, &full_node_options(), None)?;
        let handle = chain.service.handle();
        let server = Server {
            router: floe_fullnode::router(&handle, None),
            limits: ServerLimits::default(),
            metrics: Arc::clone(handle.metrics()),
            env,
        };
        let shutdown = CancellationToken::new();
        let serving = server.serve(listen(CHAIN_PORT).await?, shutdown.clone());
        tokio::try_join!(
            async { chain.service.run(shutdown).await.map_err(Error::from) },
            async { serving.await.map_err(Error::from) },
        )?;
        Ok(())
    }

    /// What a storage node's host runs; with `lies`, a falsifying proxy stands in front of the node.
    ///
    /// # Errors
    /// It fails.
    pub async fn run_node(self, index: usize, lies: bool) -> Result<(), Error> {
        let host = self.nodes.get(index).ok_or("no such node")?;
        let env = host.start();
        let keys_env = Env {
            disk: Arc::new(self.chain.disk()),
            ..env.clone()
        };
        let keys = read_keys(&keys_env, index)?;
        let contracts = self.contracts(&env)?;
        let trust = self.network.trust.clone().ok_or("no trust")?;
        let chain = SuiChain::new(contracts, trust, None);
        let mut options = Options::devnet(node_host(index));
        options.transport = Transport::PlainBehindProxy;
        let port = if lies { HIDDEN_PORT } else { NODE_PORT };
        let listener = listen(port).await?;
        let dir = Path::new(DIR);
        let built = loop {
            // The full node may be down as well: an operator's supervisor would start the node again.
            match contracts_answer(&chain).await {
                Ok(()) => {
                    break Node::build(env.clone(), options, keys, dir, Arc::new(chain), listener)
                        .await?;
                }
                Err(error) => {
                    tracing::debug!(%error, "the chain does not answer yet");
                    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                }
            }
        };
        let (service, _handle) = built;
        let running = service.run(CancellationToken::new());
        if lies {
            let proxy = liar::serve(
                listen(NODE_PORT).await?,
                HIDDEN_PORT,
                Arc::clone(&env.net),
                Arc::clone(&env.rng),
            );
            tokio::try_join!(async { running.await.map_err(Error::from) }, async {
                proxy.await.map_err(Error::from)
            },)?;
            return Ok(());
        }
        running.await?;
        Ok(())
    }

    /// The contracts, for services and users on a simulated host.
    ///
    /// # Errors
    /// The configuration is of no use.
    pub fn contracts(&self, env: &Env) -> Result<Contracts, Error> {
        let options = RpcOptions::default();
        let chain = floe_contracts::Chain::new(env, &self.network.rpc_urls, options)?;
        Ok(Contracts::new(chain, self.network.clone()))
    }

    /// A client with the funded wallet.
    ///
    /// # Errors
    /// The configuration is of no use.
    pub fn client(&self, env: &Env) -> Result<(Client, Wallet), Error> {
        let contracts = self.contracts(env)?;
        let key = SecretKey::parse(&self.account)?;
        let wallet = Wallet::new(contracts.clone(), Arc::new(key), WalletOptions::default());
        let config = ClientConfig {
            node_scheme: NodeScheme::Plain,
            tmp_dir: PathBuf::from("/tmp"),
            memory_bytes: 32 << 20,
            ..ClientConfig::default()
        };
        Ok((Client::new(env.clone(), contracts, config), wallet))
    }
}

async fn contracts_answer(chain: &SuiChain) -> Result<(), floe_node::ChainError> {
    use floe_node::Chain as _;
    chain.view().await.map(drop)
}

fn full_node_options() -> floe_fullnode::Options {
    floe_fullnode::Options::new(DIR)
}

fn read_keys(env: &Env, index: usize) -> Result<Keys, Error> {
    let folder = Path::new(DIR).join("nodes").join(node_host(index));
    let keys = Keys::read(
        &*env.disk,
        &folder.join("protocol.key"),
        &folder.join("network.key"),
    )?;
    Ok(keys)
}

fn network_config(chain: &Chain) -> NetworkConfig {
    let walrus = &chain.network.walrus;
    let url = format!("http://{CHAIN_HOST}:{CHAIN_PORT}");
    let mut config = NetworkConfig::new(walrus.system_object, walrus.staking_object, [url]);
    config.treasury_object = Some(walrus.treasury_object);
    let committee = floe_ledger::committee(0, chain.keys.validator.public_key());
    config.trust = Some(Trust {
        chain_id: chain.network.chain_id,
        epoch: 0,
        first_checkpoint: 0,
        validators: committee.members,
        event_packages: vec![walrus.walrus_package],
    });
    config
}
