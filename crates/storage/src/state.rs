//! How far a node has followed the chain.

use std::collections::BTreeMap;

use floe_core::{Epoch, ShardIndex};
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

/// How far a node is with a shard (`docs/spec/node.md` §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShardState {
    /// Owned, and everything of it is there that was certified before it was.
    Ready,
    /// Owned, and being filled.
    Gained,
    /// Lost with the last change of epochs: still served, and takes nothing new.
    Locked,
    /// Lost before that: its slivers are being removed.
    Leaving,
}

/// All shards of which something is stored, or should be.
pub type Shards = BTreeMap<ShardIndex, ShardState>;
