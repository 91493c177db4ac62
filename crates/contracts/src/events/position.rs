//! How far the events have been followed.

use std::collections::BTreeSet;

use floe_core::{ObjectId, wire};
use serde::{Deserialize, Serialize};
use sui_sdk_types::{Digest, ValidatorCommittee};

use crate::Trust;

/// Where an event is: its checkpoint, transaction and place. Ordered as the chain is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct EventCursor {
    /// The checkpoint.
    pub checkpoint: u64,
    /// The transaction's place in the checkpoint.
    pub transaction: u32,
    /// The event's place among those of the transaction, others' events included.
    pub event: u32,
}

impl std::fmt::Display for EventCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.checkpoint, self.transaction, self.event)
    }
}

/// The end of the part of the chain that has been verified, and whom the next part is judged by.
///
/// Its bytes begin with a magic number and a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The chain: the digest of checkpoint 0.
    pub chain_id: Digest,
    /// The next checkpoint.
    pub next: u64,
    /// The digest of the one before; `None` only at the start.
    pub previous: Option<Digest>,
    /// The validators who sign the next checkpoint.
    pub validators: ValidatorCommittee,
    /// The packages that define the contracts' events.
    pub packages: BTreeSet<ObjectId>,
}

/// Bytes are no position. Whoever kept them is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// They don't begin as one.
    #[error("not a position in the chain of checkpoints")]
    Magic,
    /// They are of a newer version.
    #[error("a position of version {got}, this program knows version {VERSION}")]
    Version {
        /// The version.
        got: u8,
    },
    /// They are damaged.
    #[error(transparent)]
    Decode(#[from] wire::DecodeError),
}

const MAGIC: &[u8; 7] = b"FLOEpos";
const VERSION: u8 = 1;

impl Position {
    /// The start of what is known beforehand.
    pub fn start(trust: &Trust) -> Self {
        Self {
            chain_id: trust.chain_id,
            next: trust.first_checkpoint,
            previous: None,
            validators: trust.committee(),
            packages: trust.event_packages.iter().copied().collect(),
        }
    }

    /// The bytes that [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(wire::to_bcs(self));
        bytes
    }

    /// Reads a position that was kept.
    ///
    /// # Errors
    /// [`PositionError`] if the bytes are none, or of a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PositionError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(PositionError::Magic)?;
        match rest.split_first() {
            Some((&VERSION, body)) => Ok(wire::from_bcs(body)?),
            Some((&got, _)) => Err(PositionError::Version { got }),
            None => Err(PositionError::Magic),
        }
    }
}
