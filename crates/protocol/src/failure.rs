//! Why requests fail, as far as machines care.

use floe_core::MemberIndex;

/// Who is to blame for a failed request, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It may succeed later: no connection, not registered *yet*.
    Transient,
    /// The node answers that it can't do it now: too much to do, no room.
    Unavailable,
    /// The node has not what was asked for, and says so.
    NotFound,
    /// The node's operator blocks the blob.
    Blocked,
    /// The node will not do it, however often it is asked.
    Refused,
    /// The node is in another epoch.
    OtherEpoch,
    /// The node's answer was wrong. Nothing more is asked of it.
    Lied,
}

impl Fault {
    /// Whether the same request may succeed a little later.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Transient | Self::Unavailable)
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What follows from it.
    pub fault: Fault,
    /// For people.
    pub reason: String,
}

impl Failure {
    /// A failure.
    pub fn new(fault: Fault, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { fault, reason }
    }
}

/// A node that did not do its part, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFailure {
    /// The node.
    pub node: MemberIndex,
    /// The shards it holds.
    pub weight: u16,
    /// What follows from the failure; transient for a node that did not answer.
    pub fault: Fault,
    /// For people.
    pub reason: String,
}

/// What is said of nodes that neither answered nor failed.
pub(crate) const SILENT: &str = "no answer";
