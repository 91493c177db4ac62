//! A blob's slivers in a folder, one file each (`docs/formats/sliver-directory.md`).
//!
//! | path | content |
//! |---|---|
//! | `metadata` | BCS of the metadata with blob id, as nodes serve it |
//! | `primary/IIIII.sliver` | BCS of the `SliverData` of primary sliver `I` |
//! | `secondary/JJJJJ.sliver` | BCS of the `SliverData` of secondary sliver `J` |

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use floe_core::{Axis, CodeParams, SliverIndex, SymbolSize};
use floe_env::{Access, Disk, DiskError, File, Open};

mod read;
mod write;

pub use read::{Inventory, SliverDir, SliverProblem};
pub use write::SliverFiles;

/// The name of the metadata file.
const METADATA: &str = "metadata";
/// What the names of sliver files end with.
const SUFFIX: &str = ".sliver";

/// Whether a folder of slivers has this name at its top.
pub(crate) fn is_member(name: &str) -> bool {
    name == METADATA || Axis::BOTH.iter().any(|axis| axis.name() == name)
}

/// The file of a sliver, within the folder.
pub(crate) fn sliver_path(dir: &Path, axis: Axis, index: SliverIndex) -> PathBuf {
    dir.join(axis.name()).join(format!("{index:05}{SUFFIX}"))
}

/// The parts of a sliver file: BCS of `SliverData`, of which only the data varies in length.
#[derive(Debug, Clone)]
struct Frame {
    /// The length of the data, ULEB128.
    prefix: Vec<u8>,
    data_bytes: usize,
}

impl Frame {
    /// Symbol size and index, both `u16` little-endian.
    const TRAILER_BYTES: usize = 4;

    fn new(params: CodeParams, symbol_size: SymbolSize, axis: Axis) -> Self {
        let data_bytes = params.sliver_bytes(axis, symbol_size);
        let mut prefix = Vec::new();
        let mut rest = data_bytes;
        while let low = rest.to_le_bytes()[0] & 0x7f
            && rest > 0x7f
        {
            prefix.push(low | 0x80);
            rest >>= 7;
        }
        prefix.push(rest.to_le_bytes()[0]);
        Self { prefix, data_bytes }
    }

    fn trailer(symbol_size: SymbolSize, index: SliverIndex) -> [u8; Self::TRAILER_BYTES] {
        let [s0, s1] = symbol_size.get().to_le_bytes();
        let [i0, i1] = index.get().to_le_bytes();
        [s0, s1, i0, i1]
    }

    /// Where byte `offset` of the data is in the file.
    const fn place(&self, offset: usize) -> u64 {
        self.prefix.len() as u64 + offset as u64
    }

    /// Bytes of the file.
    const fn file_bytes(&self) -> u64 {
        self.place(self.data_bytes) + Self::TRAILER_BYTES as u64
    }
}

/// Open files of slivers, a bounded number of them.
#[derive(Debug)]
struct Handles {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    how: Open,
    max: usize,
    open: Mutex<HashMap<(Axis, SliverIndex), Arc<dyn File>>>,
}

impl Handles {
    fn new(disk: Arc<dyn Disk>, dir: PathBuf, how: Open, max: usize) -> Self {
        let open = Mutex::default();
        Self {
            disk,
            dir,
            how,
            max,
            open,
        }
    }

    fn get(&self, axis: Axis, index: SliverIndex) -> Result<Arc<dyn File>, DiskError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&(axis, index)) {
            return Ok(Arc::clone(file));
        }
        let path = sliver_path(&self.dir, axis, index);
        let file = self.disk.open(&path, self.how)?;
        if open.len() >= self.max {
            // Whoever walks over more files than may be open gains nothing from keeping some.
            open.clear();
        }
        open.insert((axis, index), Arc::clone(&file));
        Ok(file)
    }

    /// Opens a sliver's file without keeping it.
    fn once(&self, axis: Axis, index: SliverIndex) -> Result<Arc<dyn File>, DiskError> {
        self.disk
            .open(&sliver_path(&self.dir, axis, index), self.how)
    }
}

/// How a new sliver file is opened.
const CREATE: Open = Open::Ensure(Access::Shared);

fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use floe_core::{SliverData, wire};

    use super::*;

    #[test]
    fn a_frame_around_the_data_is_the_bcs_of_a_sliver() {
        for (n_shards, bytes) in [(4, 2), (10, 18), (100, 2), (100, 250), (1000, 65_534)] {
            let params = CodeParams::for_encoding(n_shards).unwrap();
            let symbol_size = SymbolSize::new(bytes).unwrap();
            for axis in Axis::BOTH {
                let frame = Frame::new(params, symbol_size, axis);
                let index = SliverIndex(n_shards - 1);
                let data = vec![7; frame.data_bytes];
                let mut file = frame.prefix.clone();
                file.extend(&data);
                file.extend(Frame::trailer(symbol_size, index));
                let sliver = SliverData {
                    data,
                    symbol_size,
                    index,
                };
                assert_eq!(file, wire::to_bcs(&sliver));
                assert_eq!(file.len() as u64, frame.file_bytes());
            }
        }
    }
}
