//! Why a node does not start, or stops.

use std::net::SocketAddr;

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
