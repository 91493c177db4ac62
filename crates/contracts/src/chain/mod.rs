//! A Sui full node, or several of them, over gRPC (`docs/spec/sui-rpc.md`).
//!
//! Every call has a deadline by the [`Clock`] of the environment. What may have failed by chance
//! (no connection, overload, deadline) is tried again with the next of the nodes, after a random
//! pause. Execution is one of these calls: a transaction that is submitted twice runs once.

mod call;
mod checkpoints;
mod error;
mod execution;
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
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

pub(crate) use self::checkpoints::{CheckpointStream, RawCheckpoint, RawTransaction};
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
    nodes: Vec<Node>,
    /// The node that answered last.
    preferred: AtomicUsize,
    options: RpcOptions,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

#[derive(Clone)]
struct Node {
    url: Arc<str>,
    channel: Channel,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.nodes.iter().map(|node| &node.url))
            .finish()
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
        let node = |url: &str| Node::new(url, connector.clone(), &options);
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

impl Node {
    fn new(url: &str, connector: Connector, options: &RpcOptions) -> Result<Self, RpcError> {
        let failed = |reason: String| RpcError::new("configure", url, RpcFailure::Url { reason });
        let mut endpoint =
            Endpoint::from_shared(url.to_owned()).map_err(|e| failed(e.to_string()))?;
        match endpoint.uri().scheme_str() {
            Some("http") => {}
            Some("https") => {
                let tls = ClientTlsConfig::new().with_enabled_roots();
                endpoint = endpoint
                    .tls_config(tls)
                    .map_err(|e| failed(e.to_string()))?;
            }
            _ => return Err(failed("expected http:// or https://".to_owned())),
        }
        // One slow subscription must not starve the other calls of its connection.
        let endpoint = endpoint
            .connect_timeout(options.timeout)
            .http2_keep_alive_interval(Duration::from_secs(15))
            .keep_alive_timeout(Duration::from_secs(20))
            .initial_stream_window_size(2 << 20)
            .initial_connection_window_size(32 << 20);
        Ok(Self {
            url: url.into(),
            channel: endpoint.connect_with_connector_lazy(connector),
        })
    }
}
