//! The durable store: one embedded database, written by one writer, read through snapshots.
//!
//! A batch is a checkpoint with everything it changes, committed in one database transaction, so
//! that after a crash the chain ends with a whole checkpoint. A failed commit poisons the store:
//! nothing is known then about what the medium holds, and only opening it again can tell.

mod batch;
pub(crate) mod delta;
mod open;
mod prune;
pub(crate) mod rows;
pub(crate) mod tables;
mod types;

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use redb::{Database, ReadableDatabase};

use self::types::TypeNumbers;
pub(crate) use self::{
    batch::{Batch, ObjectChange, coin_amount},
    open::StoreOptions,
    prune::Lowest,
    types::is_catalogued,
};
use crate::{ReadError, reader::Reader};

/// The open database.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    types: Mutex<TypeNumbers>,
    poisoned: AtomicBool,
    history_transactions: u64,
}

impl Store {
    /// A snapshot of what is durable now.
    pub(crate) fn reader(&self) -> Result<Reader, ReadError> {
        Reader::open(&self.database.begin_read()?)
    }

    /// Makes a batch durable: all of it or nothing, and when this returns it is on the medium.
    ///
    /// # Errors
    /// [`ReadError`]; every later commit fails, too.
    pub(crate) fn commit(&self, batch: &Batch) -> Result<(), ReadError> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(ReadError::damaged("an earlier commit failed: restart"));
        }
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        let committed = batch.commit(&self.database, &mut types, self.history_transactions);
        if committed.is_err() {
            self.poisoned.store(true, Ordering::Release);
        }
        committed
    }
}
