//! Why a node does not start, or stops.

use std::net::SocketAddr;
use std::path::PathBuf;

use floe_core::Epoch;
use floe_encoding::RedStuffError;
use floe_env::TaskError;
use floe_storage::{OpenError, StoreError};

use crate::chain::ChainError;

/// Why a node was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The options make no sense: all problems at once.
    #[error("{}", .problems.join("; "))]
    Options {
        /// In words.
        problems: Vec<String>,
    },
    /// Plain HTTP to everybody.
    #[error("refusing plain HTTP on {address}, which is not loopback")]
    PlainOffLoopback {
        /// Where it would have listened.
        address: SocketAddr,
    },
    /// The listener is broken.
    #[error("the listener has no address")]
    Listener(#[from] std::io::Error),
    /// The store can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain can't be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store has another network's data. The operator is at fault: nothing was touched.
    #[error("{} has data of {found}, and the configuration names {expected}", .dir.display())]
    OtherNetwork {
        /// The folder of the store.
        dir: PathBuf,
        /// Whose data it is.
        found: String,
        /// The network that the node was to run in.
        expected: String,
    },
    /// The full node does not know of an epoch that this node has seen begin: what it says of committees
    /// is old, and must not be acted on. It may catch up.
    #[error("the full node is in epoch {got}, and this node has seen epoch {seen} begin")]
    Behind {
        /// The epoch that the full node is in.
        got: Epoch,
        /// The latest that this node knows of.
        seen: Epoch,
    },
    /// The number of shards is impossible.
    #[error(transparent)]
    Code(#[from] RedStuffError),
    /// No certificate for the key.
    #[error("make a certificate for the network key: {0}")]
    Certificate(String),
    /// The TLS library refuses.
    #[error("set up TLS")]
    Tls(#[from] rustls::Error),
}

/// Why a node stopped by itself, or not in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The chain can't be followed any more.
    #[error("the chain can't be followed: {0}")]
    Chain(#[from] ChainError),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// Parts of the service panicked, or did not end in time.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Tasks(Vec<TaskError>),
}
