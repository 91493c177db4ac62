//! The storage nodes of a devnet: in this process, or each in one of its own.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use floe_contracts::{Contracts, NetworkState, Trust, Wallet};
use floe_core::ObjectId;
use floe_env::{Access, Env, Listener, Task, replace, tcp_listener};
use floe_node::{Keys, Node, NodeConfig, SuiChain};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::layout;
use crate::logs::{self, SpanSpawn};
use crate::network::DevnetError;

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
    /// Its account.
    pub(crate) wallet: Wallet,
    pub(crate) port: u16,
}

enum State {
    Stopped,
    Here {
        shutdown: CancellationToken,
        task: Task,
    },
    Process(Child),
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

    /// Starts all nodes, on these sockets; yields when each answers.
    pub(crate) async fn start_all(&self, listeners: Vec<Listener>) -> Result<(), DevnetError> {
        let starts = self
            .slots
            .iter()
            .zip(listeners)
            .map(|(slot, listener)| async {
                let mut state = slot.state.lock().await;
                *state = match self.config.program {
                    None => self.run_here(slot, listener).await?,
                    Some(_) => {
                        drop(listener);
                        self.run_process(slot)?
                    }
                };
                Ok(())
            });
        for outcome in futures::future::join_all(starts).await {
            outcome.map_err(|reason| DevnetError::Node { reason })?;
        }
        for slot in &self.slots {
            self.await_answer(slot)
                .await
                .map_err(|reason| DevnetError::Node { reason })?;
        }
        Ok(())
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
            State::Here { shutdown, task } => {
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

    /// Starts a stopped node on what its disk has; yields when it answers. Its name.
    pub(crate) async fn start(&self, node: usize) -> Result<&str, String> {
        let slot = self.slot(node)?;
        let mut state = slot.state.lock().await;
        if !matches!(*state, State::Stopped) {
            return Err(format!("{} runs already", slot.name));
        }
        *state = match self.config.program {
            None => {
                let listener = tcp_listener(slot.address)
                    .await
                    .map_err(|error| format!("cannot listen on {}: {error}", slot.address))?;
                self.run_here(slot, listener).await?
            }
            Some(_) => self.run_process(slot)?,
        };
        drop(state);
        self.await_answer(slot).await?;
        Ok(&slot.name)
    }

    /// Ends all nodes in order.
    pub(crate) async fn shut_down(&self) {
        let ends = self.slots.iter().map(|slot| async {
            let mut state = slot.state.lock().await;
            match std::mem::replace(&mut *state, State::Stopped) {
                State::Stopped => {}
                State::Here { shutdown, task } => {
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
            let (state, pid) = match &mut *state {
                State::Stopped => ("stopped", None),
                State::Here { task, .. } if task.is_finished() => ("failed", None),
                State::Here { .. } => ("up", None),
                State::Process(child) => match child.try_wait() {
                    Ok(None) => ("up", child.id()),
                    _ => ("failed", None),
                },
            };
            let current = network.committees.current.as_ref();
            list.push(json!({
                "node": index,
                "name": slot.name,
                "id": slot.member.id.to_string(),
                "address": slot.address.to_string(),
                "state": state,
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
        let folder = self.keys(slot);
        let failed = |error: &dyn std::error::Error| format!("{}: {error}", slot.name);
        let keys = Keys::read(
            &*env.disk,
            &folder.join("protocol.key"),
            &folder.join("network.key"),
        )
        .map_err(|error| failed(&error))?;
        let dir = layout::node(&config.dir, &slot.name);
        self.make_store(&dir, &keys)?;
        let wallet = Some(slot.member.wallet.clone());
        let chain = SuiChain::new(config.contracts.clone(), config.trust.clone(), wallet);
        let options = floe_node::Options::devnet(slot.name.clone());
        let built = Node::build(env.clone(), options, keys, &dir, Arc::new(chain), listener);
        let (service, _handle) = built.await.map_err(|error| failed(&error))?;
        let shutdown = CancellationToken::new();
        let (stop, name, address) = (shutdown.clone(), slot.name.clone(), slot.address);
        let run = async move {
            tracing::info!(%address, "up");
            match service.run(stop).await {
                Ok(()) => tracing::info!("stopped"),
                Err(error) => tracing::error!(node = name, %error, "the node failed"),
            }
        };
        let task = env.spawn.spawn("node".into(), Box::pin(run));
        Ok(State::Here { shutdown, task })
    }

    /// Runs a node as an operator would.
    fn run_process(&self, slot: &Slot) -> Result<State, String> {
        let config = &self.config;
        let program = config
            .program
            .as_deref()
            .unwrap_or_else(|| Path::new("floe"));
        let failed = |error: &dyn std::error::Error| format!("{}: {error}", slot.name);
        let file = self.node_config(slot)?;
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(logs::path(&config.dir, &slot.name))
            .map_err(|error| failed(&error))?;
        let child = Command::new(program)
            .args(["node", "run", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(&error))?;
        Ok(State::Process(child))
    }

    /// The configuration of a node that runs in a process of its own.
    fn node_config(&self, slot: &Slot) -> Result<PathBuf, String> {
        let config = &self.config;
        let (disk, folder) = (&config.env.disk, self.keys(slot));
        let dir = layout::node(&config.dir, &slot.name);
        let failed = |error: &dyn std::error::Error| format!("{}: {error}", slot.name);
        let keys = Keys::read(
            &**disk,
            &folder.join("protocol.key"),
            &folder.join("network.key"),
        )
        .map_err(|error| failed(&error))?;
        self.make_store(&dir, &keys)?;
        let file = folder.join("node.toml");
        let text = NodeConfig {
            storage_path: dir,
            protocol_key_path: folder.join("protocol.key"),
            network_key_path: folder.join("network.key"),
            network_config_path: layout::client_config(&config.dir),
            listen: slot.address,
            metrics_listen: None,
            wallet_key_path: Some(folder.join("wallet.key")),
            node: floe_node::Options::devnet(slot.name.clone()),
        }
        .to_toml();
        replace(disk, &file, text.as_bytes(), Access::Private).map_err(|error| failed(&error))?;
        Ok(file)
    }

    /// Makes the store of a node of a new devnet, if it is not made yet.
    fn make_store(&self, dir: &Path, keys: &Keys) -> Result<(), String> {
        let env = &self.config.env;
        if !self.config.is_new || has_entries(env, dir)? {
            return Ok(());
        }
        let text = |error: &dyn std::error::Error| format!("{}: {error}", dir.display());
        env.disk.create_dir_all(dir).map_err(|error| text(&error))?;
        Node::create_store(&env.disk, &*env.rng, dir, keys).map_err(|error| text(&error))
    }

    /// Waits until a node's port takes connections.
    async fn await_answer(&self, slot: &Slot) -> Result<(), String> {
        let clock = &self.config.env.clock;
        let give_up = clock.monotonic().after(START_TIME_MAX);
        loop {
            if tokio::net::TcpStream::connect(slot.address).await.is_ok() {
                return Ok(());
            }
            let dead = match &mut *slot.state.lock().await {
                State::Stopped => true,
                State::Here { task, .. } => task.is_finished(),
                State::Process(child) => !matches!(child.try_wait(), Ok(None)),
            };
            if dead || clock.monotonic() >= give_up {
                let log = logs::path(&self.config.dir, &slot.name);
                return Err(format!(
                    "{} does not answer: see {}",
                    slot.name,
                    log.display()
                ));
            }
            clock.sleep(POLL).await;
        }
    }
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
