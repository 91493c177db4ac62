//! Records that are where they should be, and can't be read.
//!
//! The disk may have lost them, or may be able to read them later. So they are kept until they have been
//! stored anew, which is done as if they were moved.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::RecordKey;
use crate::segment::Location;

/// Records kept in mind. Those beyond are found out about when they are read again.
const RECORDS_MAX: usize = 4096;

/// The records that could not be read when that was last tried.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(Mutex<BTreeMap<RecordKey, Location>>);

impl Unreadable {
    /// Keeps a record in mind; whether that is new.
    pub(crate) fn add(&self, key: RecordKey, location: Location) -> bool {
        let mut records = self.records();
        if records.len() >= RECORDS_MAX && !records.contains_key(&key) {
            return false;
        }
        records.insert(key, location) != Some(location)
    }

    /// Where a record lies that could not be read.
    pub(crate) fn place_of(&self, key: &RecordKey) -> Option<Location> {
        self.records().get(key).copied()
    }

    /// The record could be read, or is stored anew.
    pub(crate) fn forget(&self, key: &RecordKey) {
        let mut records = self.records();
        if !records.is_empty() {
            records.remove(key);
        }
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<RecordKey, Location>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
