//! A running network: the full node, the storage nodes, the driver of epochs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use floe_contracts::{
    Contracts, NetworkConfig, ReadError, RpcOptions, SecretKey, Trust, Wallet, WalletOptions,
};
use floe_env::{Access, BoxFuture, DiskError, Env, Lane, Listener, Tasks, replace, tcp_listener};
use floe_fullnode::genesis::{self, AccountEntry, Chain, GenesisFile, NodeEntry, Span};
use floe_fullnode::{Faucet, FaucetOptions, Server, ServerLimits, StartError};
use floe_ledger::GenesisNodeIds;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::driver::Driver;
use crate::layout::{self, LayoutError, Record};
use crate::logs::{self, SpanSpawn};
use crate::nodes::{Member, NodeFailure, Nodes, NodesConfig};

/// How long services may take to end.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// SUI of the wallet that pays for epoch changes, MIST.
const DRIVER_SUI_MIST: u64 = 100_000_000_000_000;
const KEY_BYTES_MAX: usize = 4 << 10;
/// The service whose log has what the full node says.
const FULL_NODE: &str = "full-node";

/// What a devnet is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder; made if it does not exist.
    pub dir: PathBuf,
    /// Storage nodes of a new devnet.
    pub nodes: usize,
    /// Shards of a new devnet.
    pub n_shards: u16,
    /// How long an epoch of a new devnet lasts.
    pub epoch_duration: Span,
    /// The port of a new devnet's full node; one that is free if 0.
    pub port: u16,
    /// The program to run each storage node with, in a process of its own; none to run them in this one.
    pub program: Option<PathBuf>,
}

/// A devnet can't be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevnetError {
    /// Its folder is of no use.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The full node can't be started.
    #[error("full node: {0}")]
    FullNode(#[from] StartError),
    /// A port is taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A storage node can't be started.
    #[error("storage node {reason}")]
    Node {
        /// Which, and why.
        reason: String,
    },
    /// Nobody can pay for epoch changes.
    #[error("driver.key was missing, and a new account gets nothing from the faucet: {reason}")]
    Driver {
        /// Why.
        reason: String,
    },
    /// The contracts can't be read from the full node.
    #[error("the contracts can't be read: {0}")]
    Contracts(#[from] ReadError),
    /// A file of the devnet is not what it should be.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl From<DiskError> for DevnetError {
    fn from(error: DiskError) -> Self {
        Self::Layout(error.into())
    }
}

/// A network that is up.
#[derive(Debug)]
pub struct Network {
    /// What it is made of.
    pub record: Record,
    /// What users put into the environment: names and values.
    pub env_lines: Vec<(&'static str, String)>,
    /// The network, as clients have it in their configuration.
    pub config: NetworkConfig,
    dir: PathBuf,
    /// What is wrong, though the network is up.
    warnings: Vec<String>,
    contracts: Contracts,
    driver: Arc<Driver>,
    nodes: Arc<Nodes>,
    tasks: tokio::sync::Mutex<Option<Tasks>>,
    failure: Arc<Failure>,
    /// Fires when services are told to stop, or one of them panics.
    shutdown: CancellationToken,
    env: Env,
}

/// Whether the full node has failed, and why.
#[derive(Debug, Default)]
struct Failure {
    reason: OnceLock<String>,
    fired: CancellationToken,
}

impl Failure {
    fn set(&self, reason: String) {
        tracing::error!(%reason, "the network is of no use any more");
        // The first one is what matters.
        let _ = self.reason.set(reason);
        self.fired.cancel();
    }
}

/// Sockets bound before anything else is done: their ports go on chain.
struct Sockets {
    full_node: Listener,
    nodes: Vec<Listener>,
    record: Record,
    is_new: bool,
}

impl Sockets {
    async fn bind(env: &Env, options: &Options) -> Result<Self, DevnetError> {
        let existing = Record::read(&*env.disk, &options.dir)?;
        let is_new = existing.is_none();
        let wanted = existing.unwrap_or_else(|| {
            Record::new(
                options.port,
                vec![0; options.nodes],
                options.n_shards,
                options.epoch_duration.as_ms(),
            )
        });
        let (full_node, full_node_port) = bind(wanted.full_node_port).await?;
        let mut nodes = Vec::with_capacity(wanted.node_ports.len());
        let mut node_ports = Vec::with_capacity(wanted.node_ports.len());
        for port in &wanted.node_ports {
            let (listener, port) = bind(*port).await?;
            nodes.push(listener);
            node_ports.push(port);
        }
        let record = wanted.on_ports(full_node_port, node_ports);
        Ok(Self {
            full_node,
            nodes,
            record,
            is_new,
        })
    }
}

async fn bind(port: u16) -> Result<(Listener, u16), DevnetError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let failed = |source| DevnetError::Listen { address, source };
    let listener = tcp_listener(address).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

impl Network {
    /// Starts the devnet in a folder; makes it if there is none yet. It is ready when this returns.
    ///
    /// # Errors
    /// [`DevnetError`]; nothing keeps running.
    pub fn start(env: Env, options: &Options) -> BoxFuture<'_, Result<Self, DevnetError>> {
        Box::pin(async move {
            layout::claim(&*env.disk, &options.dir)?;
            let sockets = Sockets::bind(&env, options).await?;
            let mut warnings = Vec::new();
            let (driver_key, is_new_key) = driver_key(&env, options)?;
            let file = genesis_file(&sockets.record, &driver_key);
            let chain = start_chain(&env, options, file).await?;
            let url = format!("http://127.0.0.1:{}", sockets.record.full_node_port);
            let config = NetworkConfig {
                n_shards: Some(sockets.record.n_shards),
                ..network_config(&chain, &url)
            };
            let env_lines =
                genesis::env_lines(&chain.network, &chain.keys.account, &url, Some(&url))?;
            write_client_files(&env, options, &config, &chain)?;
            let ids = chain.network.walrus.nodes.clone();
            let trust = config.trust.clone();
            let tasks = Tasks::new(Arc::clone(&env.spawn));
            let failure = Arc::new(Failure::default());
            let faucet_key = chain.keys.faucet.0.clone();
            let handle = serve_chain(&env, chain, sockets.full_node, &tasks, &failure);
            if is_new_key && !sockets.is_new {
                let faucet = Faucet::new(handle.clone(), faucet_key, FaucetOptions::new(None));
                warnings.push(fund_driver(&faucet, &driver_key).await?);
            }
            let contracts = Contracts::connect(&env, config.clone(), RpcOptions::default()).await?;
            let wallet = Wallet::new(
                contracts.clone(),
                Arc::new(driver_key),
                WalletOptions::default(),
            );
            let accounts = Accounts {
                env: &env,
                dir: &options.dir,
                contracts: &contracts,
            };
            let members = accounts.members(&sockets.record, &ids, &mut warnings);
            let nodes = NodesConfig {
                env: env.clone(),
                dir: options.dir.clone(),
                program: options.program.clone(),
                contracts: contracts.clone(),
                trust: trust.ok_or_else(|| DevnetError::Node {
                    reason: "cannot follow a chain that nothing is known of".to_owned(),
                })?,
                is_new: sockets.is_new,
            };
            let nodes = Arc::new(Nodes::new(nodes, members));
            let failures = nodes.start_all(sockets.nodes).await;
            if sockets.is_new
                && let Some(failure) = failures.into_iter().next()
            {
                // Nothing is lost with it, and what is wrong is wrong with all.
                nodes.shut_down().await;
                let reason = failure.to_string();
                return Err(DevnetError::Node { reason });
            }
            let driver = Arc::new(Driver::new(handle, wallet, Arc::clone(&env.clock)));
            let (running, shutdown) = (Arc::clone(&driver), tasks.shutdown().clone());
            tasks.spawn("devnet.driver", async move { running.run(shutdown).await });
            if sockets.is_new {
                sockets.record.write(&env.disk, &options.dir)?;
            }
            Ok(Self {
                record: sockets.record,
                env_lines,
                config,
                dir: options.dir.clone(),
                warnings,
                contracts,
                driver,
                nodes,
                failure,
                shutdown: tasks.shutdown().clone(),
                tasks: tokio::sync::Mutex::new(Some(tasks)),
                env,
            })
        })
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The contracts, read through its full node.
    pub const fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// Drives epochs, and lets time pass.
    pub const fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    pub(crate) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Yields once the full node has failed, and the network is of no use any more: why.
    pub async fn failed(&self) -> String {
        tokio::select! {
            biased;
            () = self.failure.fired.cancelled() => {}
            () = self.shutdown.cancelled() => {}
        }
        let reason = self.failure.reason.get().cloned();
        reason.unwrap_or_else(|| "a service of the network panicked".to_owned())
    }

    /// The storage nodes that could not be started or have failed, and why.
    pub async fn failed_nodes(&self) -> Vec<NodeFailure> {
        self.nodes.failures().await
    }

    /// What is wrong, though the network is up.
    pub fn warnings(&self) -> Vec<String> {
        let room = self.room_warning();
        self.warnings.iter().cloned().chain(room).collect()
    }

    /// A warning, if the disk has too little room left for storage nodes to store anything.
    pub fn room_warning(&self) -> Option<String> {
        let reserve = floe_node::Options::devnet(String::new())
            .storage
            .reserve_bytes;
        let available = self.env.disk.space(&self.dir).ok()?.available_bytes;
        (available < reserve).then(|| {
            format!(
                "nothing can be stored: {} has {} MiB free, and storage nodes keep {} MiB free",
                self.dir.display(),
                available >> 20,
                reserve >> 20,
            )
        })
    }

    /// Stops everything, the storage nodes first.
    pub async fn stop(&self) {
        self.nodes.shut_down().await;
        let Some(tasks) = self.tasks.lock().await.take() else {
            return;
        };
        for error in tasks.stop(&*self.env.clock, STOP_GRACE).await {
            tracing::error!(%error, "a service did not stop");
        }
    }
}

/// The accounts of storage nodes.
struct Accounts<'a> {
    env: &'a Env,
    dir: &'a Path,
    contracts: &'a Contracts,
}

impl Accounts<'_> {
    /// The storage nodes as the chain knows them, with their accounts. A node whose key can't be read
    /// goes without.
    fn members(
        &self,
        record: &Record,
        ids: &[GenesisNodeIds],
        warnings: &mut Vec<String>,
    ) -> Vec<Member> {
        let nodes = ids.iter().zip(&record.node_ports).enumerate();
        let member = |(index, (ids, port)): (usize, (&GenesisNodeIds, &u16))| {
            let name = layout::node_name(index);
            let wallet = self.wallet(&name);
            if let Err(reason) = &wallet {
                warnings.push(format!(
                    "{reason}\n  {name} runs without its account: it can't tell the chain that it has its \
                     shards. Put the file back and restart the devnet"
                ));
            }
            Member {
                id: ids.node_id,
                wallet: wallet.ok(),
                port: *port,
            }
        };
        nodes.map(member).collect()
    }

    /// A node's wallet, or why there is none.
    fn wallet(&self, name: &str) -> Result<Wallet, String> {
        let folder = layout::chain(self.dir).join("nodes").join(name);
        let path = folder.join("wallet.key");
        let text = self.env.disk.read(&path, KEY_BYTES_MAX);
        let text = text.map_err(|error| error.to_string())?;
        let key = SecretKey::parse(String::from_utf8_lossy(&text).trim());
        let key = key.map_err(|error| format!("{}: {error}", path.display()))?;
        let (contracts, options) = (self.contracts.clone(), WalletOptions::default());
        Ok(Wallet::new(contracts, Arc::new(key), options))
    }
}

/// Gives a new driver of an old devnet something to pay with. What is to be told of that.
async fn fund_driver(faucet: &Faucet, key: &SecretKey) -> Result<String, DevnetError> {
    let granted = faucet.grant(key.address().0.into()).await;
    granted.map_err(|error| DevnetError::Driver {
        reason: error.to_string(),
    })?;
    Ok("driver.key was missing, the key of the account that pays for epoch changes: there is a new one, \
        with SUI from the faucet"
        .to_owned())
}

/// Writes what clients need: the network, and the wallet as Sui's own tools keep it.
fn write_client_files(
    env: &Env,
    options: &Options,
    config: &NetworkConfig,
    chain: &Chain,
) -> Result<(), DevnetError> {
    let dir = std::path::absolute(&options.dir).unwrap_or_else(|_| options.dir.clone());
    let path = layout::client_config(&dir);
    let bad = |reason: String| DevnetError::File {
        path: path.clone(),
        reason,
    };
    env.disk.create_dir_all(&dir.join("sui"))?;
    let network = config.to_yaml().map_err(|error| bad(error.to_string()))?;
    let wallet = layout::wallet_config(&dir);
    let text = format!("{network}wallet_config: {}\n", quoted(&wallet));
    replace(&env.disk, &path, text.as_bytes(), Access::Shared)?;
    let key = SecretKey::from(chain.keys.account.0.clone());
    let entries = serde_json::json!([key.to_keystore_entry().as_str()]);
    let keystore = layout::keystore(&dir);
    replace(
        &env.disk,
        &keystore,
        entries.to_string().as_bytes(),
        Access::Private,
    )?;
    let url = config.rpc_urls.first().map_or("", String::as_str);
    let text = format!(
        "keystore:\n  File: {}\nenvs:\n  - alias: devnet\n    rpc: {}\nactive_env: devnet\nactive_address: \"{}\"\n",
        quoted(&keystore),
        serde_json::Value::from(url),
        chain.keys.account.address(),
    );
    replace(&env.disk, &wallet, text.as_bytes(), Access::Private)?;
    Ok(())
}

/// A path as a string of YAML, which JSON's are.
fn quoted(path: &Path) -> serde_json::Value {
    path.display().to_string().into()
}

fn genesis_file(record: &Record, driver: &SecretKey) -> GenesisFile {
    let nodes = record.node_ports.iter().enumerate();
    let nodes = nodes
        .map(|(index, port)| NodeEntry::new(layout::node_name(index), format!("127.0.0.1:{port}")))
        .collect();
    GenesisFile {
        n_shards: record.n_shards,
        epoch_duration: Span(Duration::from_millis(record.epoch_duration_ms)),
        nodes,
        accounts: vec![AccountEntry {
            address: driver.address(),
            sui_mist: DRIVER_SUI_MIST,
            wal_frost: 0,
        }],
        ..GenesisFile::default()
    }
}

/// The key of whoever pays for epoch changes, and whether it was made just now.
fn driver_key(env: &Env, options: &Options) -> Result<(SecretKey, bool), DevnetError> {
    let path = options.dir.join("driver.key");
    let bad = |error: floe_contracts::KeyError| DevnetError::File {
        path: path.clone(),
        reason: error.to_string(),
    };
    match env.disk.read(&path, KEY_BYTES_MAX) {
        Ok(bytes) => SecretKey::parse(String::from_utf8_lossy(&bytes).trim())
            .map(|key| (key, false))
            .map_err(bad),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SecretKey::generate(&*env.rng);
            let text = key.to_suiprivkey().map_err(bad)?;
            replace(&env.disk, &path, text.as_bytes(), Access::Private)?;
            Ok((key, true))
        }
        Err(error) => Err(error.into()),
    }
}

async fn start_chain(
    env: &Env,
    options: &Options,
    file: GenesisFile,
) -> Result<Chain, DevnetError> {
    let (world, chain) = (
        env.clone(),
        floe_fullnode::Options::new(layout::chain(&options.dir)),
    );
    let start = move || genesis::start_chain(&world, &chain, Some(&file));
    Ok(env.compute.offload(Lane::Io, start).await?)
}

/// Runs the full node and its server.
fn serve_chain(
    env: &Env,
    chain: Chain,
    listener: Listener,
    tasks: &Tasks,
    failure: &Arc<Failure>,
) -> floe_fullnode::Handle {
    let env = Env {
        spawn: Arc::new(SpanSpawn::new(Arc::clone(&env.spawn), FULL_NODE)),
        ..env.clone()
    };
    let handle = chain.service.handle();
    let wal = chain.network.walrus.wal_type.clone();
    let faucet = Faucet::new(
        handle.clone(),
        chain.keys.faucet.0,
        FaucetOptions::new(Some(wal)),
    );
    let server = Server {
        env,
        router: floe_fullnode::router(&handle, Some(faucet)),
        limits: ServerLimits::default(),
        metrics: Arc::clone(handle.metrics()),
    };
    let (service, shutdown) = (chain.service, tasks.shutdown().clone());
    let run = async move {
        tracing::info!("up");
        let ended = service.run(shutdown).await;
        ended.map_err(|error| format!("the full node failed: {error}"))
    };
    spawn_watched(tasks, failure, "devnet.full-node", run);
    let shutdown = tasks.shutdown().clone();
    let serve = async move {
        let ended = server.serve(listener, shutdown).await;
        ended.map_err(|error| format!("the server of the full node failed: {error}"))
    };
    spawn_watched(tasks, failure, "devnet.full-node-server", serve);
    handle
}

/// Runs a service of the full node; if it ends before it is told to, the network has failed.
fn spawn_watched(
    tasks: &Tasks,
    failure: &Arc<Failure>,
    name: &'static str,
    service: impl Future<Output = Result<(), String>> + Send + 'static,
) {
    let (failure, shutdown) = (Arc::clone(failure), tasks.shutdown().clone());
    // Fires if the service panics.
    let fire = failure.fired.clone().drop_guard();
    let watched = async move {
        let ended = service.await;
        fire.disarm();
        match ended {
            Err(reason) => failure.set(reason),
            Ok(()) if !shutdown.is_cancelled() => failure.set(format!("{name} ended")),
            Ok(()) => tracing::info!("stopped"),
        }
    };
    tasks.spawn(name, watched.instrument(logs::span_of(FULL_NODE)));
}

/// The network on a chain of ours, as clients and storage nodes have it in their configuration, with
/// what the chain's events are verified by.
pub fn network_config(chain: &Chain, url: &str) -> NetworkConfig {
    let walrus = &chain.network.walrus;
    let mut config = NetworkConfig::new(walrus.system_object, walrus.staking_object, [url]);
    config.exchange_objects = walrus.exchange_object.into_iter().collect();
    config.treasury_object = Some(walrus.treasury_object);
    config.upgrade_manager_object = Some(walrus.upgrade_manager);
    config.slashing_manager_object = Some(walrus.slashing_manager);
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
