//! Slivers in one temporary file.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | `i · P` | `P = k2 · s` | primary sliver `i` |
//! | `n · P + j · S` | `S = k1 · s` | secondary sliver `j` |
//!
//! The file has no header: it never outlives the process (the caller unlinks it when it creates it).

use std::{fmt, io};

use floe_core::{Axis, CodeParams, SliverIndex, SymbolSize};

use crate::sink::{SliverReader, SliverSink};

/// A file for slivers, read and written at any position and from any thread.
pub trait SpillFile: fmt::Debug + Send + Sync {
    /// Makes sure that there is room for `length` bytes, or fails before anything is written.
    ///
    /// # Errors
    /// If there is no room.
    fn reserve(&self, length: u64) -> io::Result<()>;

    /// Writes all `bytes` from byte `offset` on.
    ///
    /// # Errors
    /// Whatever kept them from being written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Fills `buffer` from byte `offset` on.
    ///
    /// # Errors
    /// Whatever kept the buffer from being filled.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// All slivers of a blob in a [`SpillFile`].
#[derive(Debug)]
pub struct SpilledSlivers<F> {
    file: F,
    params: CodeParams,
    symbol_size: SymbolSize,
}

impl<F: SpillFile> SpilledSlivers<F> {
    /// Reserves room for the slivers of a blob.
    ///
    /// # Errors
    /// If there is no room.
    pub fn new(file: F, params: CodeParams, symbol_size: SymbolSize) -> io::Result<Self> {
        let slivers = Self {
            file,
            params,
            symbol_size,
        };
        slivers.file.reserve(slivers.file_bytes())?;
        Ok(slivers)
    }

    /// The file.
    pub fn into_file(self) -> F {
        self.file
    }

    fn sliver_bytes(&self, axis: Axis) -> u64 {
        self.params.sliver_bytes(axis, self.symbol_size) as u64
    }

    fn file_bytes(&self) -> u64 {
        let pair_bytes = self.sliver_bytes(Axis::Primary) + self.sliver_bytes(Axis::Secondary);
        u64::from(self.params.n_shards()) * pair_bytes
    }

    /// Where bytes of a sliver lie in the file.
    fn locate(
        &self,
        axis: Axis,
        index: SliverIndex,
        offset: usize,
        length: usize,
    ) -> io::Result<u64> {
        let sliver_bytes = self.sliver_bytes(axis);
        let (offset, length) = (offset as u64, length as u64);
        let inside = offset
            .checked_add(length)
            .is_some_and(|end| end <= sliver_bytes);
        if !inside || self.params.check_index(index).is_err() {
            let message = "outside of the slivers";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let before = match axis {
            Axis::Primary => 0,
            Axis::Secondary => u64::from(self.params.n_shards()) * self.sliver_bytes(Axis::Primary),
        };
        Ok(before + u64::from(index.get()) * sliver_bytes + offset)
    }
}

impl<F: SpillFile> SliverSink for SpilledSlivers<F> {
    fn write(&self, axis: Axis, index: SliverIndex, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let position = self.locate(axis, index, offset, bytes.len())?;
        self.file.write_at(position, bytes)
    }
}

impl<F: SpillFile> SliverReader for SpilledSlivers<F> {
    fn read(
        &self,
        axis: Axis,
        index: SliverIndex,
        offset: usize,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let position = self.locate(axis, index, offset, buffer.len())?;
        self.file.read_at(position, buffer)
    }
}
