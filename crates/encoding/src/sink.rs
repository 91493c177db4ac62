//! Where slivers go while they are made, and where they are read from afterwards.

use std::{fmt, io};

use floe_core::{Axis, SliverIndex};

/// Takes the slivers of a blob in pieces.
///
/// The encoder writes every byte of all `2n` slivers exactly once, in no particular order and from
/// any thread of its executor.
pub trait SliverSink: fmt::Debug + Sync {
    /// Takes the bytes of sliver `index` of `axis` from byte `offset` on.
    ///
    /// # Errors
    /// Whatever kept the bytes from being taken; it ends the encoding.
    fn write(&self, axis: Axis, index: SliverIndex, offset: usize, bytes: &[u8]) -> io::Result<()>;
}

/// Gives the bytes of slivers, several at a time and any number of times.
pub trait SliverReader: fmt::Debug + Sync {
    /// Fills `buffer` with the bytes of sliver `index` of `axis` from byte `offset` on.
    ///
    /// # Errors
    /// Whatever kept the buffer from being filled, an early end included.
    fn read(
        &self,
        axis: Axis,
        index: SliverIndex,
        offset: usize,
        buffer: &mut [u8],
    ) -> io::Result<()>;
}
