//! A network in the simulator: one full node, storage nodes, and whoever uses them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use floe_client::{Client, ClientConfig, NodeScheme};
use floe_contracts::{Contracts, NetworkConfig, RpcOptions, SecretKey, Wallet, WalletOptions};
use floe_core::SuiAddress;
use floe_env::testing::{CrashDisk, SeededRng};
use floe_env::{Env, Rng as _};
use floe_fullnode::genesis::start_chain;
use floe_fullnode::{Server, ServerLimits, SoloOptions};
use floe_node::{Node, Options, SuiChain, Transport};
use sui_sdk_types::TypeTag;
use tokio_util::sync::CancellationToken;

use crate::host::Host;
use crate::net::listen;
use crate::sample::Sample;
use crate::template::{Shape, Template, node_disk, read_keys, supply};
use crate::witness::{ChainWitness, NodeWitness};
use crate::{Error, liar};

/// The full node's host, and its port.
pub const CHAIN_HOST: &str = "chain";
pub(crate) const CHAIN_PORT: u16 = 9000;
/// The port of a storage node, and the one that a liar's real node has.
pub(crate) const NODE_PORT: u16 = 9185;
const HIDDEN_PORT: u16 = 9186;
pub(crate) const DIR: &str = "/data";
/// Time between blocks when nothing happens. Every node checks the signature of each.
const IDLE_INTERVAL: Duration = Duration::from_secs(4);
/// Pause of a node's supervisor before it starts the node again.
const START_PAUSE: Duration = Duration::from_millis(500);

/// The parts of a network that outlive crashes, and what its users know.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    shape: Shape,
    chain: ChainHost,
    nodes: Vec<NodeHost>,
    samples: Arc<[Sample]>,
    network: NetworkConfig,
    account: String,
    wal_type: TypeTag,
    wal_supply: u128,
    user: SuiAddress,
    user_wal: u64,
    /// A disk with the keys of all nodes.
    keys: CrashDisk,
}

/// The full node's host.
#[derive(Debug)]
pub struct ChainHost {
    /// What outlives crashes.
    pub host: Host,
    /// What it has shown.
    pub witness: ChainWitness,
}

/// A storage node's host.
#[derive(Debug)]
pub struct NodeHost {
    /// What outlives crashes.
    pub host: Host,
    /// What it has shown.
    pub witness: NodeWitness,
}

/// The name of a node's host.
pub fn node_host(index: usize) -> String {
    format!("node-{index:02}")
}

impl Cluster {
    /// A network that will be asked to store `samples`. It begins with a power cut: what its makers
    /// left is durable.
    ///
    /// # Errors
    /// The genesis fails.
    pub fn new(shape: Shape, samples: Arc<[Sample]>, seed: u64) -> Result<Self, Error> {
        let template = Template::of(shape)?;
        let rng = SeededRng::new(seed);
        let host = |disk: &CrashDisk| Host::new(disk.after_power_cut(rng.u64()), rng.u64());
        Ok(Self(Arc::new(Parts {
            shape,
            chain: ChainHost {
                host: host(&template.chain),
                witness: ChainWitness::default(),
            },
            nodes: template
                .nodes
                .iter()
                .map(|disk| NodeHost {
                    host: host(disk),
                    witness: NodeWitness::default(),
                })
                .collect(),
            samples,
            network: template.network.clone(),
            account: template.account.clone(),
            wal_type: template.wal_type.clone(),
            wal_supply: template.wal_supply,
            user: template.user,
            user_wal: template.user_wal,
            keys: template.chain.after_power_cut(rng.u64()),
        })))
    }

    /// What the network is made of.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.0.shape
    }

    /// The storage nodes.
    #[must_use]
    pub fn nodes(&self) -> &[NodeHost] {
        &self.0.nodes
    }

    /// The full node.
    #[must_use]
    pub fn chain(&self) -> &ChainHost {
        &self.0.chain
    }

    /// The blobs that may be stored.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.0.samples
    }

    /// Invariant 3: WAL is conserved. Returns what the user has paid of it.
    ///
    /// # Errors
    /// It is not, or the full node does not run.
    pub fn wal_paid(&self) -> Result<u64, Error> {
        let chain = self.chain().witness.handle();
        let chain = chain.ok_or("the full node does not run")?;
        let (expected, found) = (self.0.wal_supply, supply(&chain, &self.0.wal_type)?);
        if found != expected {
            return Err(format!("there were {expected} FROST, and there are {found}").into());
        }
        let left = chain.reader()?.balance(&self.0.user, &self.0.wal_type)?;
        let paid = self.0.user_wal.checked_sub(left.amount);
        Ok(paid.ok_or("the user has more than before")?)
    }

    /// What the full node's host runs.
    ///
    /// # Errors
    /// It fails.
    pub async fn run_chain(self) -> Result<(), Error> {
        let host = &self.chain().host;
        let env = host.start();
        let running = async {
            let chain = start_chain(&env, &full_node_options(), None)?;
            let handle = chain.service.handle();
            self.chain().witness.started(handle.clone())?;
            let server = Server {
                router: floe_fullnode::router(&handle, None),
                limits: ServerLimits::default(),
                metrics: Arc::clone(handle.metrics()),
                env: env.clone(),
            };
            let shutdown = CancellationToken::new();
            let serving = server.serve(listen(CHAIN_PORT).await?, shutdown.clone());
            tokio::try_join!(
                async { chain.service.run(shutdown).await.map_err(Error::from) },
                async { serving.await.map_err(Error::from) },
            )?;
            Ok(())
        };
        excused(host, Box::pin(running).await).await
    }

    /// What a storage node's host runs; with `lies`, a falsifying proxy stands in front of the node.
    ///
    /// # Errors
    /// It fails.
    pub async fn run_node(self, index: usize, lies: bool) -> Result<(), Error> {
        let node = self.nodes().get(index).ok_or("no such node")?;
        let env = node.host.start();
        let real = self.real_node(index, lies, env.clone());
        let outcome = if lies {
            let proxy = liar::serve(
                listen(NODE_PORT).await?,
                HIDDEN_PORT,
                Arc::clone(&env.net),
                Arc::clone(&env.rng),
            );
            let proxy = async { proxy.await.map_err(Error::from) };
            tokio::try_join!(real, proxy).map(|((), ())| ())
        } else {
            real.await
        };
        excused(&node.host, outcome).await
    }

    async fn real_node(&self, index: usize, lies: bool, env: Env) -> Result<(), Error> {
        let node = self.nodes().get(index).ok_or("no such node")?;
        let keys = read_keys(&self.0.keys, index)?;
        let chain = SuiChain::new(
            self.contracts(&env)?,
            self.0.network.trust.clone().ok_or("no trust")?,
            None,
        );
        let mut options = Options::devnet(node_host(index));
        options.transport = Transport::PlainEverywhere;
        let port = if lies { HIDDEN_PORT } else { NODE_PORT };
        let listener = listen(port).await?;
        // The full node may be down as well: an operator's supervisor would start the node again.
        while let Err(error) = floe_node::Chain::view(&chain).await {
            tracing::debug!(%error, "the chain does not answer yet");
            tokio::time::sleep(START_PAUSE).await;
        }
        let dir = Path::new(DIR);
        let (service, handle) =
            Node::build(env, options, keys, dir, Arc::new(chain), listener).await?;
        node.witness.started(handle, self.samples())?;
        service.run(CancellationToken::new()).await?;
        Ok(())
    }

    /// Gives a node, which does not run, an empty disk.
    ///
    /// # Errors
    /// Its store can't be made.
    pub fn replace_disk(&self, index: usize, seed: u64) -> Result<(), Error> {
        let node = self.nodes().get(index).ok_or("no such node")?;
        let keys = read_keys(&self.0.keys, index)?;
        node.host
            .replace_disk(node_disk(&keys, &SeededRng::new(seed))?);
        node.witness.forget();
        Ok(())
    }

    /// The contracts, for services and users on a simulated host.
    ///
    /// # Errors
    /// The configuration is of no use.
    pub fn contracts(&self, env: &Env) -> Result<Contracts, Error> {
        let options = RpcOptions::default();
        let chain = floe_contracts::Chain::new(env, &self.0.network.rpc_urls, options)?;
        Ok(Contracts::new(chain, self.0.network.clone()))
    }

    /// A client with the funded wallet.
    ///
    /// # Errors
    /// The configuration is of no use.
    pub fn client(&self, env: &Env) -> Result<(Client, Wallet), Error> {
        let contracts = self.contracts(env)?;
        let key = SecretKey::parse(&self.0.account)?;
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

/// A service whose power is going may fail as it likes: it waits to be stopped then.
async fn excused(host: &Host, outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(error) if host.is_failing() => {
            tracing::debug!(%error, "a service failed for lack of power");
            std::future::pending().await
        }
        outcome => outcome,
    }
}

pub(crate) fn full_node_options() -> floe_fullnode::Options {
    floe_fullnode::Options {
        solo: SoloOptions {
            idle_interval: IDLE_INTERVAL,
            ..SoloOptions::default()
        },
        store_cache_bytes: 4 << 20,
        ..floe_fullnode::Options::new(DIR)
    }
}
