//! The storage nodes of a devnet: in this process, or each in one of its own.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use floe_contracts::{Contracts, NetworkState, Trust, Wallet};
use floe_core::ObjectId;
use floe_env::{Access, Env, Listener, Task, replace, tcp_listener};
use floe_node::{Keys, Node, NodeConfig, SuiChain};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::layout;
use crate::logs::{self, SpanSpawn};

/// How long a process may take until it answers.
const START_TIME_MAX: Duration = Duration::from_secs(20);
/// How long a node may take to end in order.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// What all nodes have in common.
pub(crate) struct NodesConfig {
    pub(crate) env: Env,
    /// The devnet's folder.
    pub(crate) dir: PathBuf,
    /// The program to run each node with, in a process of its own; none to run them in this one.
    pub(crate) program: Option<PathBuf>,
    pub(crate) contracts: Contracts,
    pub(crate) trust: Trust,
    /// Whether nodes may be without a store. In an old devnet one that is missing was lost.
    pub(crate) is_new: bool,
}

/// The storage nodes.
pub(crate) struct Nodes {
    config: NodesConfig,
    slots: Vec<Slot>,
}

struct Slot {
    name: String,
    member: Member,
    address: SocketAddr,
    state: Mutex<State>,
}

/// A storage node as the chain knows it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: ObjectId,
    /// Its account; `None` if its key can't be read.
    pub(crate) wallet: Option<Wallet>,
    pub(crate) port: u16,
}

enum State {
    Stopped,
    /// It could not be started.
    Failed(String),
    Here {
        shutdown: CancellationToken,
        task: Task,
        /// Why it ended by itself.
        reason: Arc<OnceLock<String>>,
    },
    Process(Child),
}

impl State {
    /// Whether it runs, is stopped, or why it has failed.
    fn look(&mut self, log: &Path) -> Result<bool, String> {
        match self {
            Self::Stopped => Ok(false),
            Self::Failed(reason) => Err(reason.clone()),
            Self::Here { task, reason, .. } => {
                if !task.is_finished() {
                    return Ok(true);
                }
                let reason = reason.get().cloned();
                Err(reason.unwrap_or_else(|| format!("it ended: see {}", log.display())))
            }
            Self::Process(child) => match child.try_wait() {
                Ok(None) => Ok(true),
                Ok(Some(status)) => Err(format!(
                    "its process ended, {status}: see {}",
                    log.display()
                )),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

/// A storage node that could not be started, or has failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeFailure {
    /// Its number, counted from 0.
    pub node: usize,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for NodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.slots.iter().map(|slot| &slot.name))
            .finish()
    }
}

impl Nodes {
    /// Nodes of which none runs yet.
    pub(crate) fn new(config: NodesConfig, members: Vec<Member>) -> Self {
        let slots = members.into_iter().enumerate();
        let slots = slots
            .map(|(index, member)| Slot {
                name: layout::node_name(index),
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, member.port)),
                member,
                state: Mutex::new(State::Stopped),
            })
            .collect();
        Self { config, slots }
    }

    /// Starts all nodes, on these sockets; yields when each answers, or has failed. Those that have.
    pub(crate) async fn start_all(&self, listeners: Vec<Listener>) -> Vec<NodeFailure> {
        let starts = self
            .slots
            .iter()
            .zip(listeners)
            .map(|(slot, listener)| async {
                let mut state = slot.state.lock().await;
                let started = match self.config.program {
                    None => self.run_here(slot, listener).await,
                    Some(_) => {
                        drop(listener);
                        self.run_process(slot)
                    }
                };
                *state = started.unwrap_or_else(State::Failed);
            });
        futures::future::join_all(starts).await;
        for slot in &self.slots {
            // What went wrong is in the state, or it will be.
            let _ = self.await_answer(slot).await;
        }
        self.failures().await
    }

    /// Those that could not be started, or have failed.
    pub(crate) async fn failures(&self) -> Vec<NodeFailure> {
        let mut failures = Vec::new();
        for (node, slot) in self.slots.iter().enumerate() {
            let name = slot.name.clone();
            if let Err(reason) = slot.state.lock().await.look(&self.log(slot)) {
                let failure = NodeFailure { node, name, reason };
                tracing::error!(%failure, "a node has failed");
                failures.push(failure);
            }
        }
        failures
    }

    fn log(&self, slot: &Slot) -> PathBuf {
        logs::path(&self.config.dir, &slot.name)
    }

    fn slot(&self, node: usize) -> Result<&Slot, String> {
        self.slots.get(node).ok_or_else(|| {
            format!(
                "there is no node {node}: they are counted from 0 to {}",
                self.slots.len().saturating_sub(1)
            )
        })
    }

    /// Stops a node: one in this process in order, but without patience; one in a process of its own by
    /// `kill -9`. Its name.
    pub(crate) async fn stop(&self, node: usize) -> Result<&str, String> {
        let slot = self.slot(node)?;
        let mut state = slot.state.lock().await;
        match std::mem::replace(&mut *state, State::Stopped) {
            State::Stopped => return Err(format!("{} is stopped already", slot.name)),
            State::Failed(_) => {}
            State::Here { shutdown, task, .. } => {
                shutdown.cancel();
                let clock = &self.config.env.clock;
                let ended = clock.timeout(STOP_TIME_MAX, task.join()).await;
                if !matches!(ended, Ok(Ok(()))) {
                    tracing::warn!(node = slot.name, "the node did not end in order");
                }
            }
            State::Process(mut child) => {
                child.start_kill().map_err(|error| error.to_string())?;
                child.wait().await.map_err(|error| error.to_string())?;
            }
        }
        Ok(&slot.name)
    }

    /// Starts a node that is stopped or has failed, on what its disk has or on a new store; yields when
    /// it answers. Its name, and where an old store was put.
    pub(crate) async fn start(
        &self,
        node: usize,
        new_store: bool,
    ) -> Result<(&str, Option<PathBuf>), String> {
        let slot = self.slot(node)?;
        let mut state = slot.state.lock().await;
        if let Ok(true) = state.look(&self.log(slot)) {
            let hint = if new_store { ": stop it first" } else { "" };
            return Err(format!("{} runs already{hint}", slot.name));
        }
        // Whatever is left of one that failed is gone before another starts.
        *state = State::Stopped;
        let put_aside = if new_store {
            self.renew_store(slot)?
        } else {
            None
        };
        let started = match self.config.program {
            None => match tcp_listener(slot.address).await {
                Ok(listener) => self.run_here(slot, listener).await,
                Err(error) => Err(format!("cannot listen on {}: {error}", slot.address)),
            },
            Some(_) => self.run_process(slot),
        };
        *state = started.map_err(|reason| {
            *state = State::Failed(reason.clone());
            format!("{}: {reason}", slot.name)
        })?;
        drop(state);
        self.await_answer(slot).await?;
        Ok((&slot.name, put_aside))
    }

    /// Ends all nodes in order.
    pub(crate) async fn shut_down(&self) {
        let ends = self.slots.iter().map(|slot| async {
            let mut state = slot.state.lock().await;
            match std::mem::replace(&mut *state, State::Stopped) {
                State::Stopped | State::Failed(_) => {}
                State::Here { shutdown, task, .. } => {
                    shutdown.cancel();
                    if let Err(error) = task.join().await {
                        tracing::error!(node = slot.name, %error, "a node did not end in order");
                    }
                }
                State::Process(mut child) => end_process(&mut child, &self.config.env).await,
            }
        });
        futures::future::join_all(ends).await;
    }

    /// All nodes, for people and programs.
    pub(crate) async fn describe(&self, network: &NetworkState) -> Value {
        let mut list = Vec::with_capacity(self.slots.len());
        for (index, slot) in self.slots.iter().enumerate() {
            let mut state = slot.state.lock().await;
            let (text, reason) = match state.look(&self.log(slot)) {
                Ok(true) => ("up", None),
                Ok(false) => ("stopped", None),
                Err(reason) => ("failed", Some(reason)),
            };
            let pid = match &*state {
                State::Process(child) if reason.is_none() => child.id(),
                _ => None,
            };
            drop(state);
            let current = network.committees.current.as_ref();
            list.push(json!({
                "node": index,
                "name": slot.name,
                "id": slot.member.id.to_string(),
                "address": slot.address.to_string(),
                "state": text,
                "reason": reason,
                "pid": pid,
                "shards": current.map_or(0, |map| map.shards_of(&slot.member.id).len()),
            }));
        }
        Value::Array(list)
    }

    fn keys(&self, slot: &Slot) -> PathBuf {
        layout::chain(&self.config.dir)
            .join("nodes")
            .join(&slot.name)
    }

    async fn run_here(&self, slot: &Slot, listener: Listener) -> Result<State, String> {
        let config = &self.config;
        let env = Env {
            spawn: Arc::new(SpanSpawn::new(Arc::clone(&config.env.spawn), &slot.name)),
            ..config.env.clone()
        };
        let keys = self.read_keys(slot)?;
        let dir = self.store(slot);
        self.make_store(&dir, &keys)?;
        let wallet = slot.member.wallet.clone();
        let chain = SuiChain::new(config.contracts.clone(), config.trust.clone(), wallet);
        let options = floe_node::Options::devnet(slot.name.clone());
        let built = Node::build(env.clone(), options, keys, &dir, Arc::new(chain), listener);
        let (service, _handle) = built.await.map_err(|error| error.to_string())?;
        let shutdown = CancellationToken::new();
        let (stop, name, address) = (shutdown.clone(), slot.name.clone(), slot.address);
        let reason = Arc::new(OnceLock::new());
        let why = Arc::clone(&reason);
        let run = async move {
            tracing::info!(%address, "up");
            match service.run(stop).await {
                Ok(()) => tracing::info!("stopped"),
                Err(error) => {
                    tracing::error!(node = name, %error, "the node failed");
                    let _ = why.set(error.to_string());
                }
            }
        };
        let task = env.spawn.spawn("node".into(), Box::pin(run));
        Ok(State::Here {
            shutdown,
            task,
            reason,
        })
    }

    /// Runs a node as an operator would.
    fn run_process(&self, slot: &Slot) -> Result<State, String> {
        let config = &self.config;
        let program = config
            .program
            .as_deref()
            .unwrap_or_else(|| Path::new("floe"));
        let file = self.node_config(slot)?;
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log(slot))
            .map_err(|error| error.to_string())?;
        // It holds the other end of the pipe as long as it lives.
        let child = Command::new(program)
            .args(["node", "run", "--until-stdin-ends", "--config"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
        Ok(State::Process(child))
    }

    /// The configuration of a node that runs in a process of its own.
    fn node_config(&self, slot: &Slot) -> Result<PathBuf, String> {
        let config = &self.config;
        let keys = self.read_keys(slot)?;
        self.make_store(&self.store(slot), &keys)?;
        // Paths in a configuration count from its folder.
        let absolute = |path: PathBuf| {
            std::path::absolute(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let folder = absolute(self.keys(slot))?;
        let file = folder.join("node.toml");
        let text = NodeConfig {
            storage_path: absolute(self.store(slot))?,
            protocol_key_path: folder.join("protocol.key"),
            network_key_path: folder.join("network.key"),
            network_config_path: absolute(layout::client_config(&config.dir))?,
            listen: slot.address,
            metrics_listen: None,
            wallet_key_path: slot
                .member
                .wallet
                .as_ref()
                .map(|_| folder.join("wallet.key")),
            node: floe_node::Options::devnet(slot.name.clone()),
            registration: floe_node::RegistrationTerms::default(),
        }
        .to_toml();
        let written = replace(&config.env.disk, &file, text.as_bytes(), Access::Private);
        written.map_err(|error| error.to_string())?;
        Ok(file)
    }

    /// The folder of a node's store.
    fn store(&self, slot: &Slot) -> PathBuf {
        layout::node(&self.config.dir, &slot.name)
    }

    fn read_keys(&self, slot: &Slot) -> Result<Keys, String> {
        let folder = self.keys(slot);
        let (protocol, network) = (folder.join("protocol.key"), folder.join("network.key"));
        let keys = Keys::read(&*self.config.env.disk, &protocol, &network);
        keys.map_err(|error| {
            format!("{error}. It was made with the devnet and is on chain: put it back from a backup first")
        })
    }

    /// Makes the store of a node of a new devnet, if it is not made yet. That of an old one must be
    /// there.
    fn make_store(&self, dir: &Path, keys: &Keys) -> Result<(), String> {
        let env = &self.config.env;
        match (has_entries(env, dir)?, self.config.is_new) {
            (true, _) => Ok(()),
            (false, true) => create_store(env, dir, keys),
            (false, false) => Err(format!("its database is gone from {}", dir.display())),
        }
    }

    /// Puts a node's store aside, if there is anything of it, and makes an empty one in its place.
    /// Where the old one is.
    fn renew_store(&self, slot: &Slot) -> Result<Option<PathBuf>, String> {
        let env = &self.config.env;
        let keys = self.read_keys(slot)?;
        let dir = self.store(slot);
        let put_aside = if has_entries(env, &dir)? {
            let is_free = |path: &PathBuf| env.disk.metadata(path).is_err();
            let aside = (1_u32..).map(|number| dir.with_extension(format!("old-{number}")));
            let aside = aside
                .into_iter()
                .find(is_free)
                .unwrap_or_else(|| dir.clone());
            let moved = env.disk.rename(&dir, &aside);
            moved.map_err(|error| error.to_string())?;
            Some(aside)
        } else {
            None
        };
        create_store(env, &dir, &keys)?;
        Ok(put_aside)
    }

    /// Waits until a node's port takes connections.
    async fn await_answer(&self, slot: &Slot) -> Result<(), String> {
        let clock = &self.config.env.clock;
        let give_up = clock.monotonic().after(START_TIME_MAX);
        loop {
            let log = self.log(slot);
            match slot.state.lock().await.look(&log) {
                Ok(true) => {}
                Ok(false) => return Err(format!("{} was stopped meanwhile", slot.name)),
                Err(reason) => return Err(format!("{}: {reason}", slot.name)),
            }
            if clock.monotonic() >= give_up {
                let name = &slot.name;
                return Err(format!("{name} does not answer: see {}", log.display()));
            }
            if tokio::net::TcpStream::connect(slot.address).await.is_ok() {
                return Ok(());
            }
            clock.sleep(POLL).await;
        }
    }
}

fn create_store(env: &Env, dir: &Path, keys: &Keys) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| format!("{}: {error}", dir.display());
    env.disk.create_dir_all(dir).map_err(|error| text(&error))?;
    Node::create_store(&env.disk, &*env.rng, dir, keys).map_err(|error| text(&error))
}

/// Whether there is anything in a folder.
fn has_entries(env: &Env, dir: &Path) -> Result<bool, String> {
    match env.disk.list(dir) {
        Ok(entries) => Ok(!entries.is_empty()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

async fn end_process(child: &mut Child, env: &Env) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    let pid = pid.and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // One that is gone already has ended.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if env
        .clock
        .timeout(STOP_TIME_MAX, child.wait())
        .await
        .is_err()
    {
        tracing::error!("a node's process did not end and is killed");
        let _ = child.kill().await;
    }
}
