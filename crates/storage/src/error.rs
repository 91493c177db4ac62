//! What can go wrong with a store.

use std::path::PathBuf;

use floe_env::DiskError;

use crate::RecordKey;

/// Why a store was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The folder holds one already. The operator is at fault.
    #[error("{} is a store already", .dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds segments without a marker. Somebody removed the marker.
    #[error(
        "{} has segments but no marker: restore its file {}, or move the folder away",
        .dir.display(),
        crate::marker::FILE_NAME
    )]
    Remains {
        /// The folder.
        dir: PathBuf,
    },
    /// Somebody has the store open. The operator is at fault.
    #[error("the store {} is open", .dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The index could not be made.
    #[error("make the index: {0}")]
    Index(#[source] Box<redb::Error>),
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no store in the folder: not set up, or the disk is not mounted.
    #[error("{} is no store: is its disk mounted?", .dir.display())]
    NotAStore {
        /// The folder.
        dir: PathBuf,
    },
    /// The store belongs to somebody else.
    #[error("{} is the store of {found}, not of {expected}", .dir.display())]
    ForeignStore {
        /// The folder.
        dir: PathBuf,
        /// Whose it should be.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// A newer version of this program wrote it.
    #[error(
        "{} has format version {found}, this program reads up to {supported}: upgrade it",
        .path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The latest that can be read.
        supported: u32,
    },
    /// A file is not what it should be.
    #[error("{} is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The disk failed, or another process has the store open.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The index can't be read.
    #[error("open the index: {0}")]
    Index(#[source] Box<redb::Error>),
    /// What was left in the segments could not be indexed.
    #[error("read on from the last checkpoint: {0}")]
    Replay(#[source] Box<StoreError>),
}

/// Why an operation on a store failed. Clones share their cause, as all writers of a group do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk failed.
    #[error("{0}")]
    Disk(String),
    /// The index failed.
    #[error("index: {0}")]
    Index(String),
    /// The store refuses to write since a sync failed: what the disk holds is not known any more.
    /// The operator has to look at the disk and restart.
    #[error("the store refuses to write: {reason}")]
    Poisoned {
        /// What failed.
        reason: String,
    },
    /// Writing would leave too little room. The operator has to make some.
    #[error(
        "{available_bytes} bytes free, {needed_bytes} to be written, {reserve_bytes} to be kept free"
    )]
    NearlyFull {
        /// What is free.
        available_bytes: u64,
        /// What was to be written.
        needed_bytes: u64,
        /// What is to be kept free.
        reserve_bytes: u64,
    },
    /// Too much waits to be written already. Retry later.
    #[error("{queued_bytes} bytes wait to be written, at most {max_bytes} may")]
    Busy {
        /// What waits.
        queued_bytes: u64,
        /// What may.
        max_bytes: u64,
    },
    /// A record is too large for a segment. The caller is at fault.
    #[error("a record of {len_bytes} bytes is too large, at most {max_bytes} can be stored")]
    TooLarge {
        /// Its length.
        len_bytes: u64,
        /// The greatest length.
        max_bytes: u64,
    },
    /// The disk returned something else than was written. It has been dropped from the index and
    /// counts as missing.
    #[error("{key} was damaged on disk (segment {segment}, offset {offset_bytes}) and is dropped")]
    Corrupt {
        /// Which record.
        key: RecordKey,
        /// Where it lay.
        segment: u32,
        /// Where in the segment.
        offset_bytes: u64,
    },
    /// The disk can't read a record. It is kept, and recovered unless it can be read later.
    #[error("{key} can't be read: {reason}")]
    Unreadable {
        /// Which record.
        key: RecordKey,
        /// What the disk reports.
        reason: String,
    },
    /// A row of the index can't be read.
    #[error("a row of table {table} of the index is damaged")]
    BadRow {
        /// The table.
        table: &'static str,
    },
    /// The store was closed while the operation waited.
    #[error("the store was closed")]
    Closed,
}

impl From<DiskError> for StoreError {
    fn from(error: DiskError) -> Self {
        Self::Disk(error.to_string())
    }
}

/// Lets `?` turn each of redb's errors into ours.
macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Index(error.to_string())
            }
        })*
    };
}

from_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::SetDurabilityError
);
