//! What can go wrong, as users see it.

use std::{fmt, io};

use floe_contracts::{NoCommittee, ReadError, ShardMap, TransactionError};
use floe_core::{BlobId, BlobTooLarge, EventId, QuiltPatchId};
use floe_encoding::{DecodeError, EncodeError, RedStuffError, quilt};
use floe_env::DiskError;
use floe_protocol::{FetchError, NodeFailure, SurveyError, UploadError};

/// Nodes listed in a message.
const NODES_SHOWN: usize = 8;

/// A node that did not do its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenNode {
    /// Its name on chain.
    pub name: String,
    /// Its address on chain.
    pub address: String,
    /// The shards it holds.
    pub weight: u16,
    /// Why.
    pub reason: String,
}

impl fmt::Display for BrokenNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            address,
            weight,
            reason,
        } = self;
        write!(f, "{name} at {address} ({weight} shards): {reason}")
    }
}

/// An operation of the client failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The chain can't be read.
    #[error("the chain cannot be read")]
    Chain(#[from] ReadError),
    /// A transaction failed.
    #[error("the transaction failed")]
    Transaction(#[from] TransactionError),
    /// The network has not started.
    #[error(transparent)]
    NoCommittee(#[from] NoCommittee),
    /// No code for the network's number of shards.
    #[error(transparent)]
    Code(#[from] RedStuffError),
    /// Too few nodes are there. Nothing was paid.
    #[error("too few storage nodes are up, nothing was paid")]
    NodesDown {
        /// How many.
        source: SurveyError,
        /// Which are not.
        nodes: Vec<BrokenNode>,
    },
    /// Too few nodes confirmed. The blob is registered, and storing it again goes on from there.
    #[error("too few storage nodes confirmed that they store the blob")]
    NotConfirmed {
        /// How many.
        source: UploadError,
        /// Which did not.
        nodes: Vec<BrokenNode>,
    },
    /// The blob does not exist, or not any more.
    #[error("blob {blob_id} does not exist, or has expired")]
    NotFound {
        /// The blob.
        blob_id: BlobId,
    },
    /// Nodes block the blob.
    #[error("blob {blob_id} is blocked by storage nodes")]
    Blocked {
        /// The blob.
        blob_id: BlobId,
    },
    /// The blob was found inconsistent, for good.
    #[error("blob {blob_id} was marked invalid: its writer encoded it wrongly")]
    Invalid {
        /// The blob.
        blob_id: BlobId,
        /// The event that says so.
        event: Option<EventId>,
    },
    /// Nodes don't have enough of the blob, or don't answer.
    #[error("blob {blob_id} cannot be read at the moment")]
    Unavailable {
        /// The blob.
        blob_id: BlobId,
        /// What is missing.
        source: FetchError,
        /// Which nodes failed.
        nodes: Vec<BrokenNode>,
    },
    /// The blob is inconsistent: its writer is at fault.
    #[error("blob {blob_id} is inconsistent: its writer encoded it wrongly")]
    Inconsistent {
        /// The blob.
        blob_id: BlobId,
        /// What does not fit.
        source: Box<DecodeError>,
    },
    /// Decoding failed for another reason.
    #[error("blob {blob_id} cannot be decoded")]
    Decode {
        /// The blob.
        blob_id: BlobId,
        /// Why.
        source: Box<DecodeError>,
    },
    /// Encoding failed.
    #[error("the blob cannot be encoded")]
    Encode(#[from] EncodeError),
    /// Too large a blob for the network.
    #[error(transparent)]
    TooLarge(#[from] BlobTooLarge),
    /// Too large a blob for this way of reading it.
    #[error(
        "blob {blob_id} of {length} bytes is too large to be read into memory, at most {max} are"
    )]
    TooLargeForMemory {
        /// The blob.
        blob_id: BlobId,
        /// Its length.
        length: u64,
        /// The limit.
        max: u64,
    },
    /// A range outside of the blob.
    #[error("a blob of {length} bytes has no bytes {start} to {end}")]
    Range {
        /// First byte.
        start: u64,
        /// The byte after the last.
        end: u64,
        /// The blob's length.
        length: u64,
    },
    /// A disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Reading or writing a blob failed on this side.
    #[error("{what}")]
    Io {
        /// What failed.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The quilt, or the patch in it, can't be read.
    #[error("blob {blob_id} is no quilt that can be read")]
    Quilt {
        /// The blob.
        blob_id: BlobId,
        /// Why.
        source: Box<quilt::ReadError>,
    },
    /// The blob's length is that of no quilt.
    #[error("blob {blob_id} is no quilt")]
    NoQuilt {
        /// The blob.
        blob_id: BlobId,
        /// Why.
        reason: String,
    },
    /// A quilt that can't be made.
    #[error(transparent)]
    BuildQuilt(#[from] quilt::BuildError),
    /// No patch of that id.
    #[error("there is no patch {id} in its quilt")]
    NoPatchId {
        /// The id.
        id: QuiltPatchId,
    },
    /// No patch of that name.
    #[error("quilt {quilt_id} has no patch named {identifier:?}")]
    NoPatch {
        /// The quilt.
        quilt_id: BlobId,
        /// The name.
        identifier: String,
    },
    /// The caller asked for something that can't be.
    #[error("{0}")]
    Argument(String),
}

impl ClientError {
    /// Whether the same operation may succeed later without anybody doing something else.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_retryable(),
            Self::Transaction(error) => error.is_retryable(),
            Self::NodesDown { .. } | Self::NotConfirmed { .. } | Self::Unavailable { .. } => true,
            _ => false,
        }
    }

    /// Whether the cause may be that the committee changed (`docs/spec/client.md` §4.5).
    pub(crate) const fn may_be_epoch_change(&self) -> bool {
        matches!(self, Self::NotConfirmed { .. } | Self::Unavailable { .. })
    }

    /// Whether nodes that did not answer may have what was not found.
    pub fn is_of_silent_nodes(&self) -> bool {
        match self {
            Self::Unavailable { source, .. } => {
                source.failures().iter().any(|f| f.fault.is_transient())
            }
            _ => false,
        }
    }

    /// The nodes to blame.
    pub fn nodes(&self) -> &[BrokenNode] {
        match self {
            Self::NodesDown { nodes, .. }
            | Self::NotConfirmed { nodes, .. }
            | Self::Unavailable { nodes, .. } => nodes,
            _ => &[],
        }
    }

    /// The error with its causes, and the nodes to blame, one a line.
    pub fn described(&self) -> String {
        let mut text = crate::nodes::describe(self);
        let nodes = self.nodes();
        for node in nodes.iter().take(NODES_SHOWN) {
            text.push_str(&format!("\n{node}"));
        }
        let more = nodes.len().saturating_sub(NODES_SHOWN);
        if more > 0 {
            text.push_str(&format!("\n… and {more} more"));
        }
        text
    }

    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    pub(crate) fn fetch(blob_id: BlobId, shards: &ShardMap, source: FetchError) -> Self {
        match source {
            FetchError::NotFound { .. } => Self::NotFound { blob_id },
            FetchError::Blocked { .. } => Self::Blocked { blob_id },
            _ => Self::Unavailable {
                blob_id,
                nodes: named(shards, source.failures()),
                source,
            },
        }
    }

    pub(crate) fn decode(blob_id: BlobId, source: DecodeError) -> Self {
        let source = Box::new(source);
        match *source {
            DecodeError::InconsistentSliver { .. } | DecodeError::InconsistentBlob { .. } => {
                Self::Inconsistent { blob_id, source }
            }
            _ => Self::Decode { blob_id, source },
        }
    }
}

/// Failures with the nodes' names.
pub(crate) fn named(shards: &ShardMap, failures: &[NodeFailure]) -> Vec<BrokenNode> {
    let name = |failure: &NodeFailure| {
        let node = shards.node(failure.node);
        BrokenNode {
            name: node.map(|node| node.name.clone()).unwrap_or_default(),
            address: node
                .map(|node| node.network_address.clone())
                .unwrap_or_default(),
            weight: failure.weight,
            reason: failure.reason.clone(),
        }
    };
    failures.iter().map(name).collect()
}
