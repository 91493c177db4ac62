//! Changes to the index, as a whole or not at all.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;

use floe_core::onchain::events::ContractEvent;
use floe_core::{BlobId, Epoch, EventId, ObjectId};
use redb::{ReadableTable as _, WriteTransaction};
use serde::de::DeserializeOwned;

use crate::index::{self, Id, meta};
use crate::key::KeyBytes;
use crate::segment::Location;
use crate::store::Inner;
use crate::writer::{Put, Tail, is_wanted};
use crate::{
    BlobInfo, Cursor, NodeState, ObjectInfo, PoolLifetime, PooledObject, RecordKey, Shards,
    StoreError,
};

mod events;
mod garbage;

/// What an event did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It had been counted in before.
    Old,
    /// Nothing that concerns the data of a blob.
    None,
    /// The blob has one more object.
    Registered(BlobId),
    /// An object of the blob was certified, or extended.
    Certified(BlobId),
    /// An object of the blob was deleted.
    Deleted(BlobId),
    /// The blob was found to be invalid.
    Invalidated(BlobId),
}

/// A change to the index in the making.
pub struct Transaction {
    redb: WriteTransaction,
    has_removed: bool,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}

/// Does `change` and commits it.
pub(crate) fn run<T>(
    inner: &Inner,
    change: impl FnOnce(&mut Transaction) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let redb = inner.index.write()?;
    let mut transaction = Transaction {
        redb,
        has_removed: false,
    };
    let value = change(&mut transaction)?;
    // Before anybody can build on it, and before a checkpoint of it can begin.
    if transaction.has_removed {
        inner.has_unsaved_removals.store(true, Ordering::SeqCst);
    }
    inner.is_dirty.store(true, Ordering::SeqCst);
    let committed = transaction.redb.commit().map_err(StoreError::from);
    inner.gate.poison_on(committed)?;
    Ok(value)
}

/// A record that was written and synced, and is to be found from now on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToIndex {
    pub(crate) key: RecordKey,
    pub(crate) location: Location,
    /// Only if it still lies there.
    pub(crate) moved_from: Option<Location>,
}

/// Makes the records of a group visible.
pub(crate) fn index_records(
    inner: &Inner,
    tail: &Tail,
    records: &[ToIndex],
) -> Result<Vec<Put>, StoreError> {
    run(inner, |transaction| {
        let puts = records
            .iter()
            .map(|record| transaction.index_record(record));
        let puts = puts.collect::<Result<_, _>>()?;
        transaction.set_watermark(tail)?;
        Ok(puts)
    })
}

impl Transaction {
    pub(crate) fn index_record(&mut self, new: &ToIndex) -> Result<Put, StoreError> {
        let put = match new.moved_from {
            Some(from) if self.locate(&new.key)? != Some(from) => Put::NotRegistered,
            Some(from) => {
                self.use_segment(from.segment, 0, -signed(from.record_len()))?;
                Put::Stored
            }
            None if self.locate(&new.key)?.is_some() => Put::AlreadyStored,
            None => {
                let blobs = self.redb.open_table(index::BLOBS)?;
                let row = blobs.get(&new.key.blob_id.0)?;
                let wanted = is_wanted(row.as_ref().map(|row| row.value()))?;
                if wanted {
                    Put::Stored
                } else {
                    Put::NotRegistered
                }
            }
        };
        self.place(new, put == Put::Stored)?;
        Ok(put)
    }

    /// Counts a written record in, and lets it be found if it `counts`.
    pub(crate) fn place(&mut self, new: &ToIndex, counts: bool) -> Result<(), StoreError> {
        let len = new.location.record_len();
        let live = if counts { signed(len) } else { 0 };
        self.use_segment(new.location.segment, signed(len), live)?;
        if counts {
            let mut records = self.redb.open_table(index::RECORDS)?;
            records.insert(&new.key.to_bytes(), &new.location.to_bytes())?;
        }
        Ok(())
    }

    pub(crate) fn set_watermark(&mut self, tail: &Tail) -> Result<(), StoreError> {
        let mut bytes = tail.number.to_le_bytes().to_vec();
        bytes.extend(tail.offset.unwrap_or(u64::MAX).to_le_bytes());
        self.set_meta(meta::WATERMARK, &bytes)
    }

    /// Where a record lies, as of this transaction.
    pub(crate) fn locate(&self, key: &RecordKey) -> Result<Option<Location>, StoreError> {
        let records = self.redb.open_table(index::RECORDS)?;
        let location = records.get(&key.to_bytes())?;
        Ok(location.map(|bytes| Location::from_bytes(bytes.value())))
    }

    /// Forgets a record that turned out damaged, if it still lies at `location`, and notes that its
    /// blob lacks something.
    pub(crate) fn drop_damaged(
        &mut self,
        key: &RecordKey,
        location: &Location,
    ) -> Result<bool, StoreError> {
        if self.locate(key)? != Some(*location) {
            return Ok(false);
        }
        self.remove_record(key)?;
        self.want_recovery(&key.blob_id, 0)?;
        Ok(true)
    }

    fn remove_record(&mut self, key: &RecordKey) -> Result<(), StoreError> {
        let removed = {
            let mut records = self.redb.open_table(index::RECORDS)?;
            let removed = records.remove(&key.to_bytes())?;
            removed.map(|bytes| Location::from_bytes(bytes.value()))
        };
        if let Some(location) = removed {
            self.has_removed = true;
            self.use_segment(location.segment, 0, -signed(location.record_len()))?;
        }
        Ok(())
    }

    fn use_segment(&mut self, number: u32, total: i64, live: i64) -> Result<(), StoreError> {
        let mut segments = self.redb.open_table(index::SEGMENTS)?;
        let (total_bytes, live_bytes) = segments.get(number)?.map_or((0, 0), |row| row.value());
        let total_bytes = total_bytes.saturating_add_signed(total);
        let live_bytes = live_bytes.saturating_add_signed(live);
        segments.insert(number, (total_bytes, live_bytes))?;
        Ok(())
    }

    pub(crate) fn live_bytes(&self, number: u32) -> Result<u64, StoreError> {
        let segments = self.redb.open_table(index::SEGMENTS)?;
        let row = segments.get(number)?;
        Ok(row.map_or(0, |row| row.value().1))
    }

    pub(crate) fn forget_segment(&mut self, number: u32) -> Result<(), StoreError> {
        self.redb.open_table(index::SEGMENTS)?.remove(number)?;
        Ok(())
    }

    /// Forgets all records that go beyond the end of their segment, for the segments whose end is
    /// given; returns how many of each those were.
    pub(crate) fn forget_records_beyond(
        &mut self,
        ends: &BTreeMap<u32, u64>,
    ) -> Result<BTreeMap<u32, u64>, StoreError> {
        let mut lost = Vec::new();
        {
            let mut records = self.redb.open_table(index::RECORDS)?;
            let mut recoveries = self.redb.open_table(index::RECOVERIES)?;
            let rows = records.extract_if(|_, location| {
                let location = Location::from_bytes(location);
                let end = ends.get(&location.segment);
                end.is_some_and(|end| location.end() > *end)
            })?;
            for row in rows {
                let (key, location) = row?;
                if let Some(key) = RecordKey::from_bytes(key.value()) {
                    recoveries.insert(&key.blob_id.0, 0)?;
                }
                lost.push(Location::from_bytes(location.value()));
            }
        }
        self.has_removed = true;
        let mut counts = BTreeMap::new();
        for location in lost {
            *counts.entry(location.segment).or_insert(0) += 1;
            self.use_segment(location.segment, 0, -signed(location.record_len()))?;
        }
        Ok(counts)
    }

    /// Notes that only `total_bytes` of a segment's records are left; without any it is forgotten.
    pub(crate) fn shorten_segment(
        &mut self,
        number: u32,
        total_bytes: u64,
    ) -> Result<(), StoreError> {
        if total_bytes == 0 {
            return self.forget_segment(number);
        }
        let mut segments = self.redb.open_table(index::SEGMENTS)?;
        let row = segments.get(number)?.map(|row| row.value());
        if let Some((before, live_bytes)) = row {
            segments.insert(number, (total_bytes.min(before), live_bytes))?;
        }
        Ok(())
    }

    /// Removes metadata and slivers of a blob; returns how many records those were.
    ///
    /// # Errors
    /// What the index reports.
    pub fn delete_data(&mut self, blob_id: &BlobId) -> Result<u64, StoreError> {
        let mut removed = Vec::new();
        {
            let mut records = self.redb.open_table(index::RECORDS)?;
            let (first, last) = RecordKey::range_of(blob_id);
            let all = records.extract_from_if::<&KeyBytes, _>(&first..=&last, |_, _| true)?;
            for row in all {
                removed.push(Location::from_bytes(row?.1.value()));
            }
        }
        self.has_removed |= !removed.is_empty();
        for location in &removed {
            self.use_segment(location.segment, 0, -signed(location.record_len()))?;
        }
        Ok(removed.len() as u64)
    }

    /// All objects of a blob id, added up, as of this transaction.
    ///
    /// # Errors
    /// What the index reports.
    pub fn blob_info(&self, blob_id: &BlobId) -> Result<Option<BlobInfo>, StoreError> {
        self.row(index::BLOBS, "blobs", &blob_id.0)
    }

    /// Is the blob's metadata, or one of `slivers`, missing?
    ///
    /// # Errors
    /// What the index reports.
    pub fn is_incomplete(
        &self,
        blob_id: &BlobId,
        slivers: impl IntoIterator<Item = RecordKey>,
    ) -> Result<bool, StoreError> {
        let records = self.redb.open_table(index::RECORDS)?;
        for key in std::iter::once(RecordKey::metadata(*blob_id)).chain(slivers) {
            if records.get(&key.to_bytes())?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes that slivers of a blob may have to be recovered, because of the event with the given
    /// index; 0 if there is no such event.
    ///
    /// # Errors
    /// What the index reports.
    pub fn want_recovery(&mut self, blob_id: &BlobId, event_index: u64) -> Result<(), StoreError> {
        let mut recoveries = self.redb.open_table(index::RECOVERIES)?;
        recoveries.insert(&blob_id.0, event_index)?;
        Ok(())
    }

    /// Notes that nothing of a blob has to be recovered.
    ///
    /// # Errors
    /// What the index reports.
    pub fn end_recovery(&mut self, blob_id: &BlobId) -> Result<(), StoreError> {
        self.redb
            .open_table(index::RECOVERIES)?
            .remove(&blob_id.0)?;
        Ok(())
    }

    /// Sets where the stream of events goes on. Belongs into the transaction that applies the events
    /// before.
    ///
    /// # Errors
    /// What the index reports.
    pub fn set_cursor(&mut self, cursor: &Cursor) -> Result<(), StoreError> {
        self.set_meta(meta::CURSOR, &index::encode(cursor))
    }

    /// What the node remembers of itself, as of this transaction.
    ///
    /// # Errors
    /// What the index reports.
    pub fn node_state(&self) -> Result<NodeState, StoreError> {
        self.value(meta::NODE_STATE)
    }

    /// Sets what the node remembers of itself.
    ///
    /// # Errors
    /// What the index reports.
    pub fn set_node_state(&mut self, state: &NodeState) -> Result<(), StoreError> {
        self.set_meta(meta::NODE_STATE, &index::encode(state))
    }

    /// How far the node is with its shards, as of this transaction.
    ///
    /// # Errors
    /// What the index reports.
    pub fn shards(&self) -> Result<Shards, StoreError> {
        self.value(meta::SHARDS)
    }

    /// Sets how far the node is with its shards.
    ///
    /// # Errors
    /// What the index reports.
    pub fn set_shards(&mut self, shards: &Shards) -> Result<(), StoreError> {
        self.set_meta(meta::SHARDS, &index::encode(shards))
    }

    /// Says whose data this is. What another network tells must not be applied to it.
    ///
    /// # Errors
    /// What the index reports.
    pub fn belong_to(&mut self, network: &str) -> Result<(), StoreError> {
        self.set_meta(meta::NETWORK, network.as_bytes())
    }

    /// The single value of a name; the default if it was never set.
    fn value<T: Default + DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        let meta = self.redb.open_table(index::META)?;
        let value = meta.get(name)?;
        value.map_or_else(
            || Ok(T::default()),
            |bytes| index::decode("meta", bytes.value()),
        )
    }

    /// Index of the first event that has not been applied.
    fn handled(&self) -> Result<u64, StoreError> {
        let meta = self.redb.open_table(index::META)?;
        let value = meta.get(meta::HANDLED)?;
        let bytes = value.and_then(|value| value.value().try_into().ok());
        Ok(bytes.map_or(0, u64::from_le_bytes))
    }

    fn set_handled(&mut self, next_index: u64) -> Result<(), StoreError> {
        self.set_meta(meta::HANDLED, &next_index.to_le_bytes())
    }

    fn set_meta(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.redb.open_table(index::META)?.insert(name, value)?;
        Ok(())
    }

    fn row<T: DeserializeOwned>(
        &self,
        definition: redb::TableDefinition<'static, &'static Id, &'static [u8]>,
        name: &'static str,
        key: &Id,
    ) -> Result<Option<T>, StoreError> {
        let table = self.redb.open_table(definition)?;
        let value = table.get(key)?;
        value
            .map(|bytes| index::decode(name, bytes.value()))
            .transpose()
    }

    fn object(&self, object_id: &ObjectId) -> Result<Option<ObjectInfo>, StoreError> {
        self.row(index::OBJECTS, "objects", &object_id.0)
    }

    fn pooled_object(&self, object_id: &ObjectId) -> Result<Option<PooledObject>, StoreError> {
        self.row(index::POOLED, "pooled objects", &object_id.0)
    }

    fn pool(&self, pool_id: &ObjectId) -> Result<Option<PoolLifetime>, StoreError> {
        self.row(index::POOLS, "pools", &pool_id.0)
    }
}

fn signed(len: u64) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
