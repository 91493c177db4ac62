//! Limits and errors of uploads.

use std::time::Duration;

use crate::failure::{Fault, NodeFailure};

/// How an [`Upload`](super::Upload) goes about it.
#[derive(Debug, Clone)]
pub struct UploadOptions {
    /// Bytes of slivers under way to all nodes together. Default 64 MiB.
    pub in_flight_bytes_max: u64,
    /// Requests under way to all nodes together. Default: what the budget of bytes allows.
    pub requests_max: usize,
    /// Requests under way to one node. Default 8.
    pub node_requests_max: usize,
    /// Pause after a node's first failure; doubles. Default 50 ms.
    pub retry_pause: Duration,
    /// Longest pause. Default 5 s.
    pub retry_pause_max: Duration,
    /// How long a transfer may show no sign of life while others wait for its share; doubles each time
    /// a node is interrupted. Default 1 s.
    pub patience: Duration,
    /// Give up when no node has got anything for so long. Default 60 s.
    pub stall_max: Duration,
    /// The same once so many nodes answer, again and again, that they can't take anything that the
    /// others are too few. Default 5 s.
    pub unavailable_max: Duration,
    /// How long other nodes are served once the certificate is there: this, and a part of what it
    /// took. Default 500 ms.
    pub tail: Duration,
    /// That part, in percent. Default 50.
    pub tail_percent: u32,
    /// The longest that is. Default 30 s.
    pub tail_max: Duration,
    /// From that size on it is asked whether a sliver is there before it is sent to a node that has
    /// the metadata. Default 5560 bytes.
    pub status_check_bytes: u64,
    /// Decides the order of nodes and the pauses.
    pub seed: u64,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            in_flight_bytes_max: 64 << 20,
            requests_max: usize::MAX,
            node_requests_max: 8,
            retry_pause: Duration::from_millis(50),
            retry_pause_max: Duration::from_secs(5),
            patience: Duration::from_secs(1),
            stall_max: Duration::from_secs(60),
            unavailable_max: Duration::from_secs(5),
            tail: Duration::from_millis(500),
            tail_percent: 50,
            tail_max: Duration::from_secs(30),
            status_check_bytes: 5560,
            seed: 0,
        }
    }
}

/// Too few nodes confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "nodes holding {weight} of {n_shards} shards confirmed, {needed} needed: {} missing",
    .needed.saturating_sub(*.weight)
)]
pub struct UploadError {
    /// Shards whose holders confirmed.
    pub weight: u16,
    /// Shards whose holders must confirm.
    pub needed: u16,
    /// All shards.
    pub n_shards: u16,
    /// Who did not, and why.
    pub failures: Vec<NodeFailure>,
}

impl UploadError {
    /// Whether the committee seems to have changed meanwhile, so that it may work with the next one.
    pub fn is_epoch_change(&self) -> bool {
        let others = self
            .failures
            .iter()
            .filter(|f| f.fault == Fault::OtherEpoch);
        others.map(|failure| failure.weight).sum::<u16>() > 0
    }
}
