//! What went wrong on a disk, where, and doing what.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An operation of [`Disk`](super::Disk) or [`File`](super::File).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "named like the method each stands for")]
pub enum Operation {
    Open,
    Create,
    TempFile,
    Rename { to: PathBuf },
    RemoveFile,
    CreateDir,
    RemoveDir,
    List,
    Metadata,
    SyncDir,
    Space,
    Read { offset_bytes: u64, len_bytes: usize },
    Write { offset_bytes: u64, len_bytes: usize },
    SetLen { len_bytes: u64 },
    SyncData,
    SyncAll,
    Lock,
}

impl Operation {
    pub(crate) const fn read(buf: &[u8], offset_bytes: u64) -> Self {
        Self::Read {
            offset_bytes,
            len_bytes: buf.len(),
        }
    }

    pub(crate) const fn write(bytes: &[u8], offset_bytes: u64) -> Self {
        Self::Write {
            offset_bytes,
            len_bytes: bytes.len(),
        }
    }

    /// Does it make something durable?
    #[must_use]
    pub const fn is_sync(&self) -> bool {
        matches!(self, Self::SyncData | Self::SyncAll | Self::SyncDir)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => write!(f, "open"),
            Self::Create => write!(f, "create"),
            Self::TempFile => write!(f, "create a temporary file in"),
            Self::Rename { to } => write!(f, "rename to {} from", to.display()),
            Self::RemoveFile => write!(f, "remove"),
            Self::CreateDir => write!(f, "create folder"),
            Self::RemoveDir => write!(f, "remove folder"),
            Self::List => write!(f, "list folder"),
            Self::Metadata => write!(f, "look up"),
            Self::SyncDir => write!(f, "sync folder"),
            Self::Space => write!(f, "ask for free space of"),
            Self::Read {
                offset_bytes,
                len_bytes,
            } => {
                write!(f, "read {len_bytes} bytes at offset {offset_bytes} of")
            }
            Self::Write {
                offset_bytes,
                len_bytes,
            } => {
                write!(f, "write {len_bytes} bytes at offset {offset_bytes} of")
            }
            Self::SetLen { len_bytes } => write!(f, "set the length to {len_bytes} bytes of"),
            Self::SyncData => write!(f, "sync data of"),
            Self::SyncAll => write!(f, "sync"),
            Self::Lock => write!(f, "lock"),
        }
    }
}

/// An operation on a disk failed: the environment is at fault, or the path.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {}: {source}", .path.display())]
pub struct DiskError {
    operation: Operation,
    path: PathBuf,
    source: io::Error,
}

impl DiskError {
    /// The failure of `operation` on `path`.
    #[must_use]
    pub fn new(operation: Operation, path: &Path, source: io::Error) -> Self {
        Self {
            operation,
            path: path.to_owned(),
            source,
        }
    }

    /// What was tried.
    #[must_use]
    pub const fn operation(&self) -> &Operation {
        &self.operation
    }

    /// On which file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The class of error the system reported.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

impl From<DiskError> for io::Error {
    /// Keeps the kind; the message still names operation and path.
    fn from(error: DiskError) -> Self {
        Self::new(error.kind(), error)
    }
}
