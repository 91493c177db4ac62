//! Blobs and slivers in files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use floe_core::{Axis, SliverIndex};
use floe_encoding::{BlobOutput, SliverSink, Source, SourceVersion, SpillFile};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};

/// Writes a blob of pseudo-random bytes.
pub(crate) fn write_blob(path: &Path, length: u64) {
    let mut file = File::create(path).unwrap();
    let mut rng = SmallRng::seed_from_u64(length);
    let mut block = vec![0; 1 << 20];
    for _ in 0..length >> 20 {
        rng.fill(&mut block[..]);
        file.write_all(&block).unwrap();
    }
}

/// An open file, of any use.
#[derive(Debug)]
pub(crate) struct AnyFile {
    file: File,
    length: u64,
}

impl AnyFile {
    pub(crate) fn open(path: &Path) -> Self {
        let length = fs::metadata(path).unwrap().len();
        Self {
            file: File::open(path).unwrap(),
            length,
        }
    }

    /// A file that nobody else sees.
    pub(crate) fn create(folder: &Path, length: u64) -> Self {
        let path = folder.join("spill");
        let file = Self::keep(&path, length);
        fs::remove_file(path).unwrap();
        file
    }

    /// A file that is there already, or is to stay.
    pub(crate) fn keep(path: &Path, length: u64) -> Self {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).unwrap();
        Self { file, length }
    }
}

impl Source for AnyFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        let modified = self.file.metadata()?.modified()?;
        let since = modified
            .duration_since(std::time::UNIX_EPOCH)
            .map_err(io::Error::other)?;
        let modified_ns = i128::try_from(since.as_nanos()).ok();
        Ok(Some(SourceVersion {
            length: self.length,
            modified_ns,
        }))
    }
}

impl BlobOutput for AnyFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }
}

impl SpillFile for AnyFile {
    fn reserve(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

/// Adds up the bytes it gets, as words of eight.
#[derive(Debug, Default)]
pub(crate) struct ChecksumSink {
    pub(crate) sum: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

impl SliverSink for ChecksumSink {
    fn write(&self, _: Axis, _: SliverIndex, _: usize, bytes: &[u8]) -> io::Result<()> {
        self.sum.fetch_add(checksum(bytes), Ordering::Relaxed);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let (words, tail) = bytes.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let tail = tail.iter().map(|byte| u64::from(*byte));
    words.fold(0, u64::wrapping_add).wrapping_add(tail.sum())
}
