//! The segment files of a store, opened as needed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use floe_env::{Access, Disk, DiskError, File, Open};

/// How many segments are kept open at once.
const OPEN_FILES_MAX: usize = 128;

/// The name of the folder of segments in a store's folder.
pub(crate) const FOLDER: &str = "segments";

/// The folder of segments.
#[derive(Debug)]
pub(crate) struct Files {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// Handles by number; reads and writes go through the same one.
    open: Mutex<BTreeMap<u32, Arc<dyn File>>>,
}

/// The name of segment `number`.
pub(crate) fn file_name(number: u32) -> String {
    format!("{number:08}.seg")
}

fn number_of(name: &OsStr) -> Option<u32> {
    let number = name.to_str()?.strip_suffix(".seg")?.parse().ok()?;
    (name == OsStr::new(&file_name(number))).then_some(number)
}

impl Files {
    pub(crate) fn new(disk: Arc<dyn Disk>, store_dir: &Path) -> Self {
        Self {
            disk,
            dir: Self::dir_of(store_dir),
            open: Mutex::default(),
        }
    }

    /// The folder of segments in a store's folder.
    pub(crate) fn dir_of(store_dir: &Path) -> PathBuf {
        store_dir.join(FOLDER)
    }

    pub(crate) fn path(&self, number: u32) -> PathBuf {
        self.dir.join(file_name(number))
    }

    /// The numbers of all segments there are, ascending. Files of other names are left alone.
    pub(crate) fn numbers(&self) -> Result<Vec<u32>, DiskError> {
        let entries = self.disk.list(&self.dir)?;
        let mut numbers: Vec<_> = entries
            .iter()
            .filter_map(|entry| number_of(&entry.name))
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Segment `number`, which exists.
    pub(crate) fn get(&self, number: u32) -> Result<Arc<dyn File>, DiskError> {
        if let Some(file) = self.handles().get(&number) {
            return Ok(Arc::clone(file));
        }
        let file = self.disk.open(&self.path(number), Open::Update)?;
        Ok(self.keep(number, file))
    }

    /// An empty segment `number`. Its name is durable after [`sync_names`](Self::sync_names).
    pub(crate) fn create(&self, number: u32) -> Result<Arc<dyn File>, DiskError> {
        let how = Open::CreateNew(Access::Shared);
        let file = self.disk.open(&self.path(number), how)?;
        Ok(self.keep(number, file))
    }

    pub(crate) fn sync_names(&self) -> Result<(), DiskError> {
        self.disk.sync_dir(&self.dir)
    }

    /// Removes segment `number`. Not made durable: a segment that reappears is told by the index.
    pub(crate) fn remove(&self, number: u32) -> Result<(), DiskError> {
        self.handles().remove(&number);
        self.disk.remove_file(&self.path(number))
    }

    fn keep(&self, number: u32, file: Arc<dyn File>) -> Arc<dyn File> {
        let mut open = self.handles();
        if open.len() >= OPEN_FILES_MAX {
            // The oldest: records of one blob were written together, and new blobs are read most.
            open.pop_first();
        }
        open.insert(number, Arc::clone(&file));
        file
    }

    fn handles(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Arc<dyn File>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_are_segments() {
        let number = |name: &str| number_of(OsStr::new(name));
        assert_eq!(number(&file_name(12)), Some(12));
        assert_eq!(number(&file_name(123_456_789)), Some(123_456_789));
        for other in ["12.seg", "00000012.seg.bak", "+0000012.seg", ".seg", "x"] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
