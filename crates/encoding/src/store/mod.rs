//! Slivers of a blob, kept until nobody needs them any more.
//!
//! A store is the [`SliverSink`](crate::SliverSink) of one encoding and afterwards a
//! [`SliverReader`](crate::SliverReader) that serves any number of uploads, retries included,
//! independently of each other.

mod memory;
mod spill;

pub use memory::MemorySlivers;
pub use spill::{SpillFile, SpilledSlivers};

use std::io;

use floe_core::{Axis, CodeParams, IndexOutOfRange, SliverData, SliverIndex, SymbolSize};

use crate::sink::SliverReader;

/// Which sliver of which blob could not be read, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadSliverError {
    /// There is no such sliver. The caller is at fault.
    #[error(transparent)]
    Index(#[from] IndexOutOfRange),
    /// The store failed.
    #[error("read {axis} sliver {index}")]
    Read {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
        /// The cause.
        source: io::Error,
    },
}

/// Reads a whole sliver of a blob with these parameters.
///
/// # Errors
/// [`ReadSliverError`].
pub fn read_sliver(
    slivers: &dyn SliverReader,
    params: CodeParams,
    symbol_size: SymbolSize,
    axis: Axis,
    index: SliverIndex,
) -> Result<SliverData, ReadSliverError> {
    params.check_index(index)?;
    let mut data = vec![0; params.sliver_bytes(axis, symbol_size)];
    slivers
        .read(axis, index, 0, &mut data)
        .map_err(|source| ReadSliverError::Read {
            axis,
            index,
            source,
        })?;
    Ok(SliverData {
        data,
        symbol_size,
        index,
    })
}
