//! Limits and errors of fetching.

use std::time::Duration;

use crate::failure::NodeFailure;

/// How fetches go about it.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Bytes of slivers under way. Default 64 MiB.
    pub in_flight_bytes_max: u64,
    /// Slivers under way, if more than two. Default: what the budget of bytes allows.
    pub requests_max: usize,
    /// Requests under way to one node that are not overdue. Default 8.
    pub node_requests_max: usize,
    /// A request is overdue that shows no sign of life for so long, before anything is known about how
    /// fast nodes are. Default 300 ms.
    pub patience: Duration,
    /// The same at least, once it is known. Default 150 ms.
    pub patience_min: Duration,
    /// The same at most. Default 1 s.
    pub patience_max: Duration,
    /// Attempts per node (or sliver), as far as failures are transient; there are more while a silent
    /// node is waited for. Default 4.
    pub attempts_max: u32,
    /// Pause after the first failure; doubles. Default 100 ms.
    pub retry_pause: Duration,
    /// Give up when nothing has come for so long. Default 60 s.
    pub stall_max: Duration,
    /// Decides the order of nodes and the pauses.
    pub seed: u64,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            in_flight_bytes_max: 64 << 20,
            requests_max: usize::MAX,
            node_requests_max: 8,
            patience: Duration::from_millis(300),
            patience_min: Duration::from_millis(150),
            patience_max: Duration::from_secs(1),
            attempts_max: 4,
            retry_pause: Duration::from_millis(100),
            stall_max: Duration::from_secs(60),
            seed: 0,
        }
    }
}

/// Why something of a blob was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Nodes agree that the blob does not exist.
    #[error("nodes holding {weight} of {n_shards} shards say that the blob does not exist")]
    NotFound {
        /// Shards of those who say so.
        weight: u16,
        /// All shards.
        n_shards: u16,
    },
    /// Nodes block the blob.
    #[error("nodes holding {weight} of {n_shards} shards block the blob")]
    Blocked {
        /// Shards of those who say so.
        weight: u16,
        /// All shards.
        n_shards: u16,
    },
    /// No node gave the metadata.
    #[error("no node gave the metadata of the blob")]
    NoMetadata {
        /// Who did not, and why.
        failures: Vec<NodeFailure>,
    },
    /// Too few slivers.
    #[error("{got} slivers of the blob were found, {needed} needed: {} missing", .needed - .got)]
    NotEnoughSlivers {
        /// Those there are.
        got: usize,
        /// Those it takes.
        needed: usize,
        /// Who failed, and why.
        failures: Vec<NodeFailure>,
    },
}

impl FetchError {
    /// The nodes that failed, and why.
    pub fn failures(&self) -> &[NodeFailure] {
        match self {
            Self::NoMetadata { failures } | Self::NotEnoughSlivers { failures, .. } => failures,
            Self::NotFound { .. } | Self::Blocked { .. } => &[],
        }
    }
}
