//! Durable storage: files and folders of which one knows what survives a power cut.
//!
//! The rules are those of POSIX, and no more than them:
//! - what was written survives once [`File::sync_data`] or [`File::sync_all`] on the file returned;
//!   before that any part of it may;
//! - that a *name* was created, renamed or removed survives once [`Disk::sync_dir`] on the folder
//!   that holds it returned, and syncing the file does not help; before that it may, but always as a
//!   whole (a rename never leaves the target missing);
//! - after a failed sync nothing is known about what it was to make durable, and a later one that
//!   succeeds changes nothing about that: the owner must stop writing.
//!
//! Calls are positional, so that a handle can be shared, and block: async code makes them on
//! [`Lane::Io`](crate::Lane::Io) of a [`Compute`](crate::Compute).

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

mod error;
mod os;
mod replace;

pub use error::{DiskError, Operation};
pub use os::OsDisk;
pub use replace::{Replacement, is_temporary, replace};

/// Who may use a file; fixed when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever the process's umask allows.
    Shared,
    /// The owner alone (mode 0600): keys, wallets, tokens.
    Private,
}

/// How to open a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// An existing file, to read.
    Read,
    /// An existing file, to read and write.
    Update,
    /// To read and write; created when it does not exist.
    Ensure(Access),
    /// To read and write; fails when the name exists.
    CreateNew(Access),
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// Anything else: device, pipe, socket; in listings also a symbolic link.
    Other,
}

/// Facts about a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: Kind,
    /// Length in bytes; of no meaning for folders.
    pub len_bytes: u64,
    /// When the content last changed, as far as the file system notes it.
    pub modified: SystemTime,
}

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The last component of its path.
    pub name: OsString,
    /// What it stands for.
    pub kind: Kind,
}

/// Room on the file system that holds a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What this process may still write.
    pub available_bytes: u64,
    /// Size of the whole file system.
    pub total_bytes: u64,
}

/// A file system. Every error names the operation and the path.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Opens a regular file.
    ///
    /// # Errors
    /// [`DiskError`]: missing or existing name, a folder, no permission.
    fn open(&self, path: &Path, how: Open) -> Result<Arc<dyn File>, DiskError>;

    /// A file without a name on the file system of `dir`: gone with its last handle or the process.
    ///
    /// # Errors
    /// [`DiskError`]: no such folder, no permission.
    fn temp_file(&self, dir: &Path) -> Result<Arc<dyn File>, DiskError>;

    /// Gives a file or folder another name on the same file system; atomically replaces a file, or
    /// an empty folder by a folder. Durable after a sync of both folders.
    ///
    /// # Errors
    /// [`DiskError`]: missing source, target of another kind, folder not empty.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError>;

    /// Removes the name of a file; open handles keep the content.
    ///
    /// # Errors
    /// [`DiskError`]: missing, a folder.
    fn remove_file(&self, path: &Path) -> Result<(), DiskError>;

    /// Creates a folder; its parent must exist.
    ///
    /// # Errors
    /// [`DiskError`]: existing name, missing parent.
    fn create_dir(&self, path: &Path) -> Result<(), DiskError>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// [`DiskError`]: missing, not a folder, not empty.
    fn remove_dir(&self, path: &Path) -> Result<(), DiskError>;

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// [`DiskError`]: missing, not a folder.
    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError>;

    /// Facts about what `path` names, symbolic links followed.
    ///
    /// # Errors
    /// [`DiskError`]: missing.
    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError>;

    /// Makes the names in a folder durable: those created, renamed and removed so far.
    ///
    /// # Errors
    /// [`DiskError`]: missing, not a folder; on an I/O error nothing is known about those names.
    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError>;

    /// Room on the file system that holds `path`.
    ///
    /// # Errors
    /// [`DiskError`]: missing.
    fn space(&self, path: &Path) -> Result<Space, DiskError>;
}

/// An open file. Reads and writes at any place, by any thread at once; concurrent calls on
/// overlapping ranges, one of them a write, may see or leave a mix.
pub trait File: fmt::Debug + Send + Sync {
    /// The path it was opened under; for a file without a name, its folder.
    fn path(&self) -> &Path;

    /// Facts about it.
    ///
    /// # Errors
    /// [`DiskError`] from the system.
    fn metadata(&self) -> Result<Metadata, DiskError>;

    /// Fills `buf` from `offset` on and returns how many bytes there were: fewer than asked for only
    /// at the end of the file.
    ///
    /// # Errors
    /// [`DiskError`] from the system.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, DiskError>;

    /// Writes all of `bytes` at `offset`; the file grows as needed, a gap reads as zeros.
    ///
    /// # Errors
    /// [`DiskError`]: no space, read-only; a part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DiskError>;

    /// Cuts the file off, or extends it with zeros.
    ///
    /// # Errors
    /// [`DiskError`]: no space, read-only.
    fn set_len(&self, len_bytes: u64) -> Result<(), DiskError>;

    /// Makes the content durable, and the length with it.
    ///
    /// # Errors
    /// [`DiskError`]: nothing is known any more about what was written since the last sync.
    fn sync_data(&self) -> Result<(), DiskError>;

    /// Makes the content and all metadata durable.
    ///
    /// # Errors
    /// As [`File::sync_data`].
    fn sync_all(&self) -> Result<(), DiskError>;

    /// Takes the exclusive lock of this file, until the last clone of this handle is dropped or the
    /// process ends. Locks keep other lockers out, not readers and writers.
    ///
    /// # Errors
    /// [`DiskError`] of kind `WouldBlock` when another handle holds it, in this process or another.
    fn try_lock(&self) -> Result<(), DiskError>;
}

impl dyn File + '_ {
    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// [`DiskError`] of kind `UnexpectedEof` when the file ends before, or from the system.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<(), DiskError> {
        let got = self.read_at(buf, offset)?;
        if got == buf.len() {
            return Ok(());
        }
        Err(DiskError::new(
            Operation::read(buf, offset),
            self.path(),
            std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                format!("the file ends after {got} of them"),
            ),
        ))
    }
}

impl dyn Disk + '_ {
    /// Reads a whole file of at most `max_bytes`.
    ///
    /// # Errors
    /// [`DiskError`] of kind `FileTooLarge` when it is longer, or as [`Disk::open`].
    pub fn read(&self, path: &Path, max_bytes: usize) -> Result<Vec<u8>, DiskError> {
        let file = self.open(path, Open::Read)?;
        let len_bytes = file.metadata()?.len_bytes;
        let len = usize::try_from(len_bytes)
            .ok()
            .filter(|len| *len <= max_bytes);
        let Some(len) = len else {
            let reason = format!("{len_bytes} bytes long, at most {max_bytes} expected");
            let source = std::io::Error::new(std::io::ErrorKind::FileTooLarge, reason);
            return Err(DiskError::new(Operation::Open, path, source));
        };
        let mut bytes = vec![0; len];
        let got = file.read_at(&mut bytes, 0)?;
        bytes.truncate(got);
        Ok(bytes)
    }

    /// Creates a folder and those above it as far as they are missing, durably. Exists already: fine.
    ///
    /// # Errors
    /// As [`Disk::create_dir`] and [`Disk::sync_dir`].
    pub fn create_dir_all(&self, path: &Path) -> Result<(), DiskError> {
        let missing = |path: &Path| match self.metadata(path) {
            Ok(found) if found.kind == Kind::Dir => Ok(false),
            Ok(_) => Err(DiskError::new(
                Operation::CreateDir,
                path,
                std::io::ErrorKind::NotADirectory.into(),
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        };
        let mut to_create = Vec::new();
        for ancestor in path.ancestors() {
            if ancestor.as_os_str().is_empty() || !missing(ancestor)? {
                break;
            }
            to_create.push(ancestor);
        }
        for dir in to_create.into_iter().rev() {
            match self.create_dir(dir) {
                // Somebody else was faster.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
            self.sync_dir(parent(dir))?;
        }
        Ok(())
    }
}

/// The folder that holds the name `path`.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}
