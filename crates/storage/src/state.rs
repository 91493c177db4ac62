//! How far a node has followed the chain.

use floe_core::Epoch;
use serde::{Deserialize, Serialize};

/// Where the stream of events goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Index of the first event that has not been handled.
    pub next_index: u64,
    /// Whatever the source of events needs to go on from there.
    pub position: Vec<u8>,
}

/// What a node remembers of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeState {
    /// The epoch of the last event that had one.
    pub event_epoch: Option<Epoch>,
    /// The epoch whose garbage has been collected.
    pub collected_epoch: Option<Epoch>,
}
