//! A Sui full node, or several of them, over gRPC (`docs/spec/sui-rpc.md`).
//!
//! Every call has a deadline by the [`Clock`] of the environment. What may have failed by chance
//! (no connection, overload, deadline) is tried again with the next of the nodes, after a random
//! pause; a node that was silent, over a new connection. Execution is one of these calls: a transaction that is submitted twice runs once.

mod call;
mod checkpoints;
mod error;
mod execution;
mod node;
mod objects;
mod packages;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use floe_env::{Clock, Connector, Env, Rng};

pub(crate) use self::checkpoints::{CheckpointStream, RawCheckpoint, RawTransaction};
use self::node::Node;
pub(crate) use self::packages::TypeOrigins;
pub use self::{
    checkpoints::ServiceInfo,
    error::{RpcError, RpcFailure},
    execution::{ExecutedTransaction, Simulation},
    objects::{ObjectPage, PageToken, RawObject},
};

/// The greatest answer accepted, in bytes: a checkpoint with its effects and events.
const ANSWER_BYTES_MAX: usize = 128 << 20;
/// The greatest number of full nodes to alternate between.
const NODES_MAX: usize = 16;

/// How long to wait, and how often to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcOptions {
    /// The deadline of one attempt.
    pub timeout: Duration,
    /// Attempts in all, over all nodes.
    pub attempts: u32,
    /// The least pause between attempts; it doubles with each.
    pub backoff_min: Duration,
    /// The greatest pause between attempts.
    pub backoff_max: Duration,
    /// The longest silence of a subscription.
    pub silence_max: Duration,
}

impl Default for RpcOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            attempts: 5,
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(3),
            silence_max: Duration::from_secs(30),
        }
    }
}

/// Clients of one or several full nodes of the same chain. Clones share their connections.
#[derive(Clone)]
pub struct Chain(Arc<Inner>);

struct Inner {
    nodes: Vec<Arc<Node>>,
    /// The node that answered last.
    preferred: AtomicUsize,
    options: RpcOptions,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.nodes).finish()
    }
}

impl Chain {
    /// Clients of the full nodes at `urls`, the first one preferred. Connects when first used.
    ///
    /// Must be called inside the runtime the connections are to run on.
    ///
    /// # Errors
    /// [`RpcError`] if there is no URL, too many, or one is malformed.
    pub fn new(
        env: &Env,
        urls: impl IntoIterator<Item = impl AsRef<str>>,
        options: RpcOptions,
    ) -> Result<Self, RpcError> {
        let connector = Connector::new(env.net.clone());
        let node = |url: &str| Node::new(url, connector.clone(), &options).map(Arc::new);
        let nodes = urls
            .into_iter()
            .map(|url| node(url.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        if nodes.is_empty() || nodes.len() > NODES_MAX {
            let reason = format!("expected 1 to {NODES_MAX} full nodes, got {}", nodes.len());
            return Err(RpcError::new("configure", "", RpcFailure::Url { reason }));
        }
        Ok(Self(Arc::new(Inner {
            nodes,
            preferred: AtomicUsize::new(0),
            options,
            clock: env.clock.clone(),
            rng: env.rng.clone(),
        })))
    }

    /// The clock that deadlines are measured by.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Asks another node first from now on.
    pub(crate) fn prefer_another(&self) {
        self.0.preferred.fetch_add(1, Ordering::Relaxed);
    }

    /// The options given at the start.
    pub fn options(&self) -> &RpcOptions {
        &self.0.options
    }
}
