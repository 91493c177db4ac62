//! The encoder's view of the world: threads, sources, slivers in memory or in a nameless file.

use std::{
    collections::BTreeMap,
    io,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use floe_core::{Axis, CodeParams, SliverIndex, SymbolSize};
use floe_encoding::{
    BlobOutput, Executor, MemorySlivers, SliverReader, SliverSink, Source, SourceVersion,
    SpillFile, SpilledSlivers,
};
use floe_env::{Compute, Disk, Env, File};

use crate::{config::ClientConfig, error::ClientError};

/// Lends the world's threads to the encoder.
#[derive(Debug, Clone)]
pub(crate) struct Threads(pub(crate) Arc<dyn Compute>);

impl Executor for Threads {
    fn threads(&self) -> NonZeroUsize {
        self.0.threads()
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        self.0.run(tasks, body);
    }
}

/// Slivers, wherever they are.
pub(crate) trait Slivers: SliverSink + SliverReader + Send + Sync {}
impl<T: SliverSink + SliverReader + Send + Sync> Slivers for T {}

/// Where the slivers of a blob are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SliverPlace {
    /// In memory.
    Memory,
    /// In a nameless file.
    File,
}

/// Room for the slivers of a blob.
pub(crate) fn slivers(
    env: &Env,
    config: &ClientConfig,
    params: CodeParams,
    symbol_size: SymbolSize,
    place: SliverPlace,
) -> Result<Arc<dyn Slivers>, ClientError> {
    if place == SliverPlace::Memory {
        return Ok(Arc::new(MemorySlivers::new(params, symbol_size)));
    }
    let file = env.disk.temp_file(&config.tmp_dir)?;
    let spill = Spill {
        file,
        disk: Arc::clone(&env.disk),
        dir: config.tmp_dir.clone(),
    };
    let spilled = SpilledSlivers::new(spill, params, symbol_size);
    Ok(Arc::new(
        spilled.map_err(ClientError::io("make room for slivers"))?,
    ))
}

/// A nameless file for slivers.
#[derive(Debug)]
struct Spill {
    file: Arc<dyn File>,
    disk: Arc<dyn Disk>,
    dir: PathBuf,
}

impl SpillFile for Spill {
    fn reserve(&self, length: u64) -> io::Result<()> {
        let available = self.disk.space(&self.dir)?.available_bytes;
        if available < length {
            let dir = self.dir.display();
            let reason = format!("{length} bytes needed in {dir}, {available} available");
            return Err(io::Error::new(io::ErrorKind::StorageFull, reason));
        }
        Ok(self.file.set_len(length)?)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Ok(self.file.write_at(bytes, offset)?)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        Ok(self.file.read_exact_at(buffer, offset)?)
    }
}

/// A blob in memory, being put together or read.
#[derive(Debug)]
pub(crate) struct MemoryBlob(Mutex<Vec<u8>>);

impl MemoryBlob {
    pub(crate) fn new(length: usize) -> Self {
        Self(Mutex::new(vec![0; length]))
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for MemoryBlob {
    fn length(&self) -> u64 {
        self.lock().len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.lock().as_slice().read_at(offset, buffer)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

impl BlobOutput for MemoryBlob {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut blob = self.lock();
        let room = usize::try_from(offset)
            .ok()
            .and_then(|start| blob.get_mut(start..)?.get_mut(..bytes.len()));
        room.ok_or(io::ErrorKind::InvalidInput)?
            .copy_from_slice(bytes);
        Ok(())
    }
}

/// A blob in a nameless file.
#[derive(Debug)]
pub(crate) struct FileBlob {
    file: Arc<dyn File>,
    length: u64,
}

impl FileBlob {
    pub(crate) fn new(env: &Env, config: &ClientConfig, length: u64) -> Result<Self, ClientError> {
        let file = env.disk.temp_file(&config.tmp_dir)?;
        file.set_len(length)?;
        Ok(Self { file, length })
    }
}

impl Source for FileBlob {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        Ok(self.file.read_exact_at(buffer, offset)?)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

impl BlobOutput for FileBlob {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Ok(self.file.write_at(bytes, offset)?)
    }
}

/// Bytes in memory as a source.
#[derive(Debug, Clone)]
pub(crate) struct BytesSource(pub(crate) Bytes);

impl Source for BytesSource {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.as_ref().read_at(offset, buffer)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

/// Primary slivers of a blob: those that are its rows in the blob itself, others beside it.
#[derive(Debug)]
pub(crate) struct RowsAndSpares {
    rows: Arc<dyn BlobOutput + Send + Sync>,
    row_bytes: usize,
    spares: Mutex<Spares>,
}

/// Slivers beside the blob, by their number in the order they came.
#[derive(Debug)]
struct Spares {
    slots: BTreeMap<SliverIndex, u64>,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Memory(Vec<Bytes>),
    File(Arc<dyn File>),
}

impl RowsAndSpares {
    /// Slivers of `row_bytes` bytes; those that are no rows of the blob stay in memory if all could.
    pub(crate) fn new(
        env: &Env,
        config: &ClientConfig,
        rows: Arc<dyn BlobOutput + Send + Sync>,
        row_bytes: usize,
    ) -> Result<Self, ClientError> {
        let store = if rows.length() <= config.memory_slivers_max() {
            Store::Memory(Vec::new())
        } else {
            Store::File(env.disk.temp_file(&config.tmp_dir)?)
        };
        let slots = BTreeMap::new();
        let spares = Mutex::new(Spares { slots, store });
        Ok(Self {
            rows,
            row_bytes,
            spares,
        })
    }

    /// Keeps a row of the blob; what is behind its end must be zeros.
    pub(crate) fn put_row(&self, index: SliverIndex, sliver: &[u8]) -> io::Result<()> {
        let start = index.as_usize() as u64 * self.row_bytes as u64;
        let there = self.rows.length().saturating_sub(start);
        let there = usize::try_from(there)
            .unwrap_or(usize::MAX)
            .min(sliver.len());
        let (bytes, padding) = sliver.split_at(there);
        if padding.iter().any(|byte| *byte != 0) {
            let reason = "the blob's padding is not zeros";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        if bytes.is_empty() {
            Ok(())
        } else {
            self.rows.write_at(start, bytes)
        }
    }

    /// Keeps another sliver.
    pub(crate) fn put_spare(&self, index: SliverIndex, sliver: Vec<u8>) -> io::Result<()> {
        let mut spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = spares.slots.len() as u64;
        match &mut spares.store {
            Store::Memory(slivers) => slivers.push(sliver.into()),
            Store::File(file) => file.write_at(&sliver, slot * self.row_bytes as u64)?,
        }
        spares.slots.insert(index, slot);
        Ok(())
    }

    fn read_spare(&self, slot: u64, offset: usize, buffer: &mut [u8]) -> io::Result<()> {
        let spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
        match &spares.store {
            Store::Memory(slivers) => {
                let sliver = usize::try_from(slot)
                    .ok()
                    .and_then(|slot| slivers.get(slot))
                    .cloned();
                drop(spares);
                let sliver = sliver.ok_or(io::ErrorKind::NotFound)?;
                sliver.as_ref().read_at(offset as u64, buffer)
            }
            Store::File(file) => {
                let file = Arc::clone(file);
                drop(spares);
                Ok(file.read_exact_at(buffer, slot * self.row_bytes as u64 + offset as u64)?)
            }
        }
    }
}

impl SliverReader for RowsAndSpares {
    fn read(
        &self,
        axis: Axis,
        index: SliverIndex,
        offset: usize,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        if axis != Axis::Primary {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let slot = {
            let spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
            spares.slots.get(&index).copied()
        };
        if let Some(slot) = slot {
            return self.read_spare(slot, offset, buffer);
        }
        let start = index.as_usize() as u64 * self.row_bytes as u64 + offset as u64;
        // Behind its end the blob is padded with zeros.
        let there = self.rows.length().saturating_sub(start);
        let there = usize::try_from(there)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let (bytes, padding) = buffer.split_at_mut(there);
        padding.fill(0);
        if bytes.is_empty() {
            Ok(())
        } else {
            self.rows.read_at(start, bytes)
        }
    }
}
