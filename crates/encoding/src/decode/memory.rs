//! Slivers and blobs in memory.

use std::{
    io,
    sync::{PoisonError, RwLock},
};

use floe_core::{Axis, SliverData, SliverIndex};

use super::BlobOutput;
use crate::{
    sink::SliverReader,
    source::{Source, SourceVersion},
};

/// Slivers of one axis, by index.
#[derive(Debug)]
pub(super) struct GivenSlivers<'a> {
    axis: Axis,
    slivers: Vec<Option<&'a [u8]>>,
}

impl<'a> GivenSlivers<'a> {
    pub(super) fn new(axis: Axis, n: usize) -> Self {
        Self {
            axis,
            slivers: vec![None; n],
        }
    }

    /// Takes a sliver, unless there is one with its index (or no such index).
    pub(super) fn add(&mut self, sliver: &'a SliverData) -> bool {
        match self.slivers.get_mut(sliver.index.as_usize()) {
            Some(empty @ None) => {
                *empty = Some(&sliver.data);
                true
            }
            _ => false,
        }
    }
}

impl SliverReader for GivenSlivers<'_> {
    fn read(
        &self,
        axis: Axis,
        index: SliverIndex,
        offset: usize,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let sliver = self.slivers.get(index.as_usize()).copied().flatten();
        let bytes = sliver
            .filter(|_| axis == self.axis)
            .and_then(|sliver| sliver.get(offset..)?.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::NotFound)?);
        Ok(())
    }
}

/// A blob that is being put together.
#[derive(Debug)]
pub(super) struct MemoryOutput(RwLock<Vec<u8>>);

impl MemoryOutput {
    /// A blob of so many bytes, which must fit memory.
    pub(super) fn new(bytes: usize) -> Self {
        Self(RwLock::new(vec![0; bytes]))
    }

    pub(super) fn into_blob(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for MemoryOutput {
    fn length(&self) -> u64 {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let blob = self.0.read().unwrap_or_else(PoisonError::into_inner);
        blob.read_at(offset, buffer)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

impl BlobOutput for MemoryOutput {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut blob = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let room = usize::try_from(offset)
            .ok()
            .and_then(|start| blob.get_mut(start..)?.get_mut(..bytes.len()));
        room.ok_or(io::ErrorKind::InvalidInput)?
            .copy_from_slice(bytes);
        Ok(())
    }
}
