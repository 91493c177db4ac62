//! What can go wrong while decoding.

use std::io;

use floe_core::{Axis, BlobId, IndexOutOfRange, SliverIndex};

use crate::encode::EncodeError;

/// Why a blob was not decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is no sliver with this index. The caller is at fault.
    #[error(transparent)]
    Index(#[from] IndexOutOfRange),
    /// Too few different slivers of the blob's shape are there.
    #[error("expected {needed} different {axis} slivers, got {got}")]
    TooFewSlivers {
        /// The slivers' axis.
        axis: Axis,
        /// Slivers that decoding takes.
        needed: usize,
        /// Usable ones that were given.
        got: usize,
    },
    /// The memory budget does not even hold the smallest parts. The caller is at fault.
    #[error("expected a memory budget of at least {needed} bytes, got {budget}")]
    BudgetTooSmall {
        /// The least budget for this blob, number of shards and number of threads.
        needed: u64,
        /// The budget given.
        budget: usize,
    },
    /// A sliver can't be read.
    #[error("read {axis} sliver {index}")]
    Sliver {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
        /// The cause.
        source: io::Error,
    },
    /// The blob can't be written, or read back to be checked.
    #[error("write or check the blob at byte {offset}")]
    Output {
        /// Where the bytes begin.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// The blob is inconsistent: the sliver it has for this index is not the one its metadata
    /// commits to. Its writer is at fault, not whoever served the slivers.
    #[error("inconsistent blob: primary sliver {index} of what was decoded is not the metadata's")]
    InconsistentSliver {
        /// The sliver's index.
        index: SliverIndex,
    },
    /// The blob is inconsistent: encoded again it has another id. Its writer is at fault.
    #[error("inconsistent blob: what was decoded has the id {got} and not {expected}")]
    InconsistentBlob {
        /// The id of the blob asked for.
        expected: BlobId,
        /// The id of what was decoded.
        got: BlobId,
    },
    /// The strict check could not encode the blob again.
    #[error("encode the decoded blob again")]
    Encode(#[source] EncodeError),
}
