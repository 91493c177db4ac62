//! What can go wrong while encoding.

use std::io;

use floe_core::{Axis, BlobTooLarge, SliverIndex};

/// Why a blob was not encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The blob is too large for its number of shards. The caller is at fault.
    #[error(transparent)]
    TooLarge(#[from] BlobTooLarge),
    /// The memory budget does not even hold the smallest parts. The caller is at fault.
    #[error("expected a memory budget of at least {needed} bytes, got {budget}")]
    BudgetTooSmall {
        /// The least budget for this blob, number of shards and number of threads.
        needed: u64,
        /// The budget given.
        budget: usize,
    },
    /// The blob can't be read.
    #[error("read {length} bytes of the blob at byte {offset}")]
    Read {
        /// Where the bytes begin.
        offset: u64,
        /// Their number.
        length: usize,
        /// The cause.
        source: io::Error,
    },
    /// It can't be found out whether the blob has changed.
    #[error("find out whether the blob has changed")]
    Version {
        /// The cause.
        source: io::Error,
    },
    /// The blob changed while it was read, so slivers already written are worthless.
    #[error("the blob changed while it was read")]
    SourceChanged,
    /// A sliver can't be written.
    #[error("write {axis} sliver {index}")]
    Sink {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
        /// The cause.
        source: io::Error,
    },
}

impl EncodeError {
    pub(super) const fn version(source: io::Error) -> Self {
        Self::Version { source }
    }
}
