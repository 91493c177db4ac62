//! What can go wrong, and whose fault it is.

use std::sync::Arc;

use floe_env::DiskError;
use floe_ledger::{GenesisError, Rejection, SignatureRejection};
use sui_sdk_types::Digest;

use crate::genesis::GenesisFileError;

/// The store cannot answer. Ours, except for [`ReadError::Pruned`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The database failed.
    #[error("ledger database: {0}")]
    Database(Arc<redb::Error>),
    /// The database holds something that this program did not write.
    #[error("ledger database is damaged: {what}")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// The past that was asked for is no longer kept.
    #[error("checkpoint {checkpoint} is no longer kept; the oldest is {lowest}")]
    Pruned {
        /// What was asked for.
        checkpoint: u64,
        /// What there is.
        lowest: u64,
    },
}

impl ReadError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}

impl<E: Into<redb::Error>> From<E> for ReadError {
    fn from(error: E) -> Self {
        Self::Database(Arc::new(error.into()))
    }
}

impl From<ReadError> for floe_ledger::StoreError {
    fn from(error: ReadError) -> Self {
        Self {
            message: error.to_string(),
        }
    }
}

/// Why a transaction was not executed. Nothing was written or charged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The signatures are not those of the signers. The sender's fault.
    #[error(transparent)]
    Signature(Arc<SignatureRejection>),
    /// The ledger turned it away. The sender's fault, with the exceptions that [`Rejection`] names.
    #[error(transparent)]
    Rejected(Arc<Rejection>),
    /// Too many transactions are waiting; try again later. Nobody's fault.
    #[error("{waiting} transactions are waiting, at most {max} may: try again later")]
    Busy {
        /// How many are waiting.
        waiting: usize,
        /// How many may.
        max: usize,
    },
    /// The node is stopping, or its store failed. Whether the transaction was executed shows after
    /// a restart; submitting it again is safe.
    #[error("the node is stopping")]
    Stopping,
}

impl From<SignatureRejection> for SubmitError {
    fn from(rejection: SignatureRejection) -> Self {
        Self::Signature(Arc::new(rejection))
    }
}

impl From<Rejection> for SubmitError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Arc::new(rejection))
    }
}

/// Why a node does not start. The operator's fault, or the machine's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A file cannot be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The database cannot be opened or read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Another process has the database open.
    #[error("the ledger in {dir} is in use by another process")]
    InUse {
        /// The folder.
        dir: String,
    },
    /// The database is of a later version of this program.
    #[error("the ledger has format {found}, this program knows {known}: use a newer floe")]
    Format {
        /// Format of the database.
        found: u32,
        /// Format of this program.
        known: u32,
    },
    /// The clock is far behind the chain.
    #[error(
        "the clock is {behind_ms} ms behind the last checkpoint, more than {max_ms} ms: set the clock"
    )]
    Clock {
        /// How far.
        behind_ms: u64,
        /// How far it may be.
        max_ms: u64,
    },
    /// The database belongs to another chain than the key or genesis file.
    #[error("the ledger is of chain {found}: {reason}")]
    OtherChain {
        /// Its chain.
        found: Digest,
        /// What does not fit.
        reason: String,
    },
    /// There is no chain, and nothing to start one from.
    #[error("there is no ledger in {dir}: give a genesis file to start one")]
    NoGenesis {
        /// The folder.
        dir: String,
    },
    /// The genesis file is not usable.
    #[error("genesis file: {0}")]
    GenesisFile(#[from] GenesisFileError),
    /// The file that says where things are is not usable.
    #[error("network.json: {reason}")]
    Network {
        /// Why.
        reason: String,
    },
    /// The genesis cannot be built.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The state in the database is not usable.
    #[error("the state cannot be used: {0}")]
    State(Arc<Rejection>),
    /// A key cannot be used.
    #[error("key {name}: {reason}")]
    Key {
        /// Which one.
        name: String,
        /// Why.
        reason: String,
    },
}
