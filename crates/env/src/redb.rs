//! The redb database on a [`File`].

use std::io;
use std::sync::Arc;

use redb::StorageBackend;

use crate::{DiskError, File};

/// A [`File`] in the role of redb's storage: `Database::builder().create_with_backend(…)`.
///
/// Holds the file's lock as long as the database is open. The file's name must have been made
/// durable by its owner ([`Disk::sync_dir`](crate::Disk::sync_dir)); redb knows no folders.
#[derive(Debug)]
pub struct RedbFile(Arc<dyn File>);

impl RedbFile {
    /// Locks `file` for a database.
    ///
    /// # Errors
    /// [`DiskError`] of kind `WouldBlock` when another handle holds the lock.
    pub fn lock(file: Arc<dyn File>) -> Result<Self, DiskError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl StorageBackend for RedbFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len_bytes)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        Ok(self.0.read_exact_at(out, offset)?)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Ok(self.0.set_len(len)?)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(self.0.sync_data()?)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        Ok(self.0.write_at(data, offset)?)
    }
}
