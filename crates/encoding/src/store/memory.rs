//! Slivers in memory, about 4.5 times the blob.

use std::{
    io,
    sync::{PoisonError, RwLock},
};

use floe_core::{Axis, CodeParams, SliverData, SliverIndex, SymbolSize};

use crate::sink::{SliverReader, SliverSink};

/// All slivers of a blob, each in a buffer of its own.
#[derive(Debug)]
pub struct MemorySlivers {
    symbol_size: SymbolSize,
    primary: Vec<RwLock<Vec<u8>>>,
    secondary: Vec<RwLock<Vec<u8>>>,
}

impl MemorySlivers {
    /// Room for the slivers of a blob, all zeros.
    pub fn new(params: CodeParams, symbol_size: SymbolSize) -> Self {
        let slivers = |axis| {
            let zeros = || RwLock::new(vec![0; params.sliver_bytes(axis, symbol_size)]);
            params.shards().map(|_| zeros()).collect()
        };
        Self {
            symbol_size,
            primary: slivers(Axis::Primary),
            secondary: slivers(Axis::Secondary),
        }
    }

    /// The slivers themselves, by axis and index: primary first.
    pub fn into_slivers(self) -> [Vec<SliverData>; 2] {
        let symbol_size = self.symbol_size;
        [self.primary, self.secondary].map(|slivers| {
            let slivers = slivers.into_iter().zip((0..).map(SliverIndex));
            let sliver = |(data, index): (RwLock<Vec<u8>>, _)| SliverData {
                data: data.into_inner().unwrap_or_else(PoisonError::into_inner),
                symbol_size,
                index,
            };
            slivers.map(sliver).collect()
        })
    }

    fn sliver(&self, axis: Axis, index: SliverIndex) -> io::Result<&RwLock<Vec<u8>>> {
        let slivers = match axis {
            Axis::Primary => &self.primary,
            Axis::Secondary => &self.secondary,
        };
        slivers.get(index.as_usize()).ok_or_else(outside)
    }
}

impl SliverSink for MemorySlivers {
    fn write(&self, axis: Axis, index: SliverIndex, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let sliver = self.sliver(axis, index)?;
        let mut sliver = sliver.write().unwrap_or_else(PoisonError::into_inner);
        let room = sliver
            .get_mut(offset..)
            .and_then(|room| room.get_mut(..bytes.len()));
        room.ok_or_else(outside)?.copy_from_slice(bytes);
        Ok(())
    }
}

impl SliverReader for MemorySlivers {
    fn read(
        &self,
        axis: Axis,
        index: SliverIndex,
        offset: usize,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let sliver = self.sliver(axis, index)?;
        let sliver = sliver.read().unwrap_or_else(PoisonError::into_inner);
        let bytes = sliver
            .get(offset..)
            .and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or_else(outside)?);
        Ok(())
    }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "outside of the slivers")
}
