//! The store as others see it.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use floe_core::{BlobId, ObjectId};
use floe_env::{Compute, Disk, DiskError};
use redb::{ReadTransaction, ReadableTable as _, ReadableTableMetadata as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::compact::SegmentUse;
use crate::gate::Gate;
use crate::index::{self, Index, meta};
use crate::marker::StoreId;
use crate::segment::{Files, Location, RECORD_HEADER_LEN, checksum, record_header};
use crate::transaction::{self, Transaction};
use crate::unreadable::Unreadable;
use crate::writer::{Queue, Tail};
use crate::{BlobInfo, Cursor, NodeState, ObjectInfo, PooledObject, RecordKey, Shards, StoreError};

/// Limits of a store. All of them can change between one start and the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Bytes from which on a segment is full. Default 1 GiB.
    pub segment_bytes: u64,
    /// Bytes to be left free on the disk: below, the store takes nothing new. Default 1 GiB.
    pub reserve_bytes: u64,
    /// Bytes of memory for the index. Default 16 MiB.
    pub index_cache_bytes: usize,
    /// Bytes of records after which the index is made durable, which is what a start after a crash
    /// has to read at most. Default 64 MiB.
    pub checkpoint_bytes: u64,
    /// Bytes that may wait to be written. Default 256 MiB.
    pub queue_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            reserve_bytes: 1 << 30,
            index_cache_bytes: 16 << 20,
            checkpoint_bytes: 64 << 20,
            queue_bytes: 256 << 20,
        }
    }
}

/// What a store takes up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Segments.
    pub segments: u64,
    /// Bytes of all records in them.
    pub total_bytes: u64,
    /// Bytes of those that count.
    pub live_bytes: u64,
    /// Records that count.
    pub records: u64,
    /// Bytes that may still be written before the store takes nothing new.
    pub free_bytes: u64,
}

/// A node's database. Clones are the same one; it is closed with the last.
#[derive(Debug, Clone)]
pub struct Store(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) compute: Arc<dyn Compute>,
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) store_id: StoreId,
    pub(crate) gate: Gate,
    pub(crate) files: Files,
    pub(crate) unreadable: Unreadable,
    pub(crate) index: Index,
    pub(crate) queue: Mutex<Queue>,
    pub(crate) tail: Mutex<Tail>,
    /// Bytes of records since the index was made durable; locked while it is.
    pub(crate) unsaved_bytes: Mutex<u64>,
    /// Has the index changed since it was made durable?
    pub(crate) is_dirty: AtomicBool,
    /// Have records been removed since then? What removed them may be done again after a crash, and
    /// must not hit those that were stored anew meanwhile.
    pub(crate) has_unsaved_removals: AtomicBool,
}

/// The row `key` of a table of rows of ours.
fn row<T: DeserializeOwned>(
    transaction: &ReadTransaction,
    definition: redb::TableDefinition<'static, &'static index::Id, &'static [u8]>,
    name: &'static str,
    key: &index::Id,
) -> Result<Option<T>, StoreError> {
    let table = transaction.open_table(definition)?;
    let value = table.get(key)?;
    value
        .map(|bytes| index::decode(name, bytes.value()))
        .transpose()
}

impl Store {
    /// The payload of a record, checked against its checksum.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the disk returned something else; the record counts as missing
    /// from then on, and the blob as one to recover ([`recoveries`](Self::recoveries)).
    /// [`StoreError::Unreadable`] if the disk returned nothing: the blob is one to recover as well, and
    /// the record one that may be [`put`](Self::put) again, but it is kept, in case it can be read later.
    pub fn get(&self, key: &RecordKey) -> Result<Option<Bytes>, StoreError> {
        self.look(key, |location| self.0.read(location))
    }

    /// Is the record there? The header at its place is looked at; its payload only if the record could
    /// not be read before.
    ///
    /// # Errors
    /// As [`get`](Self::get), with [`StoreError::Corrupt`] if the record is not where it should be.
    pub fn contains(&self, key: &RecordKey) -> Result<bool, StoreError> {
        if self.0.unreadable.place_of(key).is_some() {
            return Ok(self.get(key)?.is_some());
        }
        let found = self.look(key, |location| self.0.is_at(key, location))?;
        Ok(found.is_some())
    }

    /// Does the disk have too little room to store anything, since something was refused?
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.gate.is_full()
    }

    /// What `look` finds at the place of a record; if that is nothing, the record is dropped.
    fn look<T>(
        &self,
        key: &RecordKey,
        look: impl Fn(&Location) -> Result<Option<T>, DiskError>,
    ) -> Result<Option<T>, StoreError> {
        let mut missed = None;
        loop {
            let Some(location) = self.0.locate(key)? else {
                return Ok(None);
            };
            match look(&location) {
                Ok(Some(found)) => {
                    self.0.unreadable.forget(key);
                    return Ok(Some(found));
                }
                Ok(None) => {}
                // Its segment may have been compacted since it was looked up.
                Err(error) if error.kind() == ErrorKind::NotFound && missed != Some(location) => {
                    missed = Some(location);
                    continue;
                }
                Err(error) => return Err(self.unreadable(key, location, &error)),
            }
            let dropped =
                self.transaction(|transaction| transaction.drop_damaged(key, &location))?;
            if dropped {
                tracing::warn!(%key, segment = location.segment, "a record was damaged on disk");
                return Err(StoreError::Corrupt {
                    key: *key,
                    segment: location.segment,
                    offset_bytes: location.offset,
                });
            }
        }
    }

    /// Keeps in mind that a record could not be read, and has its blob recovered.
    fn unreadable(&self, key: &RecordKey, location: Location, error: &DiskError) -> StoreError {
        if self.0.unreadable.add(*key, location) {
            let noted = self.transaction(|transaction| transaction.want_recovery(&key.blob_id, 0));
            let is_noted = noted.is_ok();
            tracing::warn!(
                %key, segment = location.segment, %error, is_noted,
                "a record can't be read: it is recovered from other nodes unless it can be later"
            );
        }
        StoreError::Unreadable {
            key: *key,
            reason: error.to_string(),
        }
    }

    /// Bytes of a record's payload, as far as the index knows.
    ///
    /// # Errors
    /// What the index reports.
    pub fn payload_len(&self, key: &RecordKey) -> Result<Option<u32>, StoreError> {
        Ok(self.0.locate(key)?.map(|location| location.len))
    }

    /// Those of `keys` whose records are not there, as far as the index knows: unlike
    /// [`contains`](Self::contains) this doesn't look at the segments.
    ///
    /// # Errors
    /// What the index reports.
    pub fn missing(
        &self,
        keys: impl IntoIterator<Item = RecordKey>,
    ) -> Result<Vec<RecordKey>, StoreError> {
        let transaction = self.0.index.read()?;
        let table = transaction.open_table(index::RECORDS)?;
        let mut missing = Vec::new();
        for key in keys {
            if table.get(&key.to_bytes())?.is_none() {
                missing.push(key);
            }
        }
        Ok(missing)
    }

    /// All objects of a blob id, added up.
    ///
    /// # Errors
    /// What the index reports.
    pub fn blob_info(&self, blob_id: &BlobId) -> Result<Option<BlobInfo>, StoreError> {
        row(&self.0.index.read()?, index::BLOBS, "blobs", &blob_id.0)
    }

    /// A blob object that is in no pool.
    ///
    /// # Errors
    /// What the index reports.
    pub fn object(&self, object_id: &ObjectId) -> Result<Option<ObjectInfo>, StoreError> {
        row(
            &self.0.index.read()?,
            index::OBJECTS,
            "objects",
            &object_id.0,
        )
    }

    /// A blob object in a pool.
    ///
    /// # Errors
    /// What the index reports.
    pub fn pooled_object(&self, object_id: &ObjectId) -> Result<Option<PooledObject>, StoreError> {
        let transaction = self.0.index.read()?;
        row(&transaction, index::POOLED, "pooled objects", &object_id.0)
    }

    /// Where the stream of events goes on; the beginning for a new store.
    ///
    /// # Errors
    /// What the index reports.
    pub fn cursor(&self) -> Result<Cursor, StoreError> {
        self.0.index.value(meta::CURSOR)
    }

    /// What the node remembers of itself.
    ///
    /// # Errors
    /// What the index reports.
    pub fn node_state(&self) -> Result<NodeState, StoreError> {
        self.0.index.value(meta::NODE_STATE)
    }

    /// How far the node is with its shards; none for a new store.
    ///
    /// # Errors
    /// What the index reports.
    pub fn shards(&self) -> Result<Shards, StoreError> {
        self.0.index.value(meta::SHARDS)
    }

    /// The network whose data this is, once [`belong_to`](Transaction::belong_to) has said so.
    ///
    /// # Errors
    /// What the index reports.
    pub fn network(&self) -> Result<Option<String>, StoreError> {
        let name = self.0.index.meta(meta::NETWORK)?;
        name.map(|bytes| String::from_utf8(bytes).map_err(|_| StoreError::BadRow { table: "meta" }))
            .transpose()
    }

    /// Up to `limit` blobs, from `start` on in the order of their ids, of which slivers may have to
    /// be recovered, with the index of the event that said so (0 if it was none).
    ///
    /// # Errors
    /// What the index reports.
    pub fn recoveries(
        &self,
        start: &BlobId,
        limit: usize,
    ) -> Result<Vec<(BlobId, u64)>, StoreError> {
        let transaction = self.0.index.read()?;
        let table = transaction.open_table(index::RECOVERIES)?;
        let rows = table.range::<&index::Id>(&start.0..)?.take(limit);
        rows.map(|row| {
            let (key, value) = row?;
            Ok((BlobId(*key.value()), value.value()))
        })
        .collect()
    }

    /// How many blobs [`recoveries`](Self::recoveries) has in all.
    ///
    /// # Errors
    /// What the index reports.
    pub fn recoveries_len(&self) -> Result<u64, StoreError> {
        let transaction = self.0.index.read()?;
        Ok(transaction.open_table(index::RECOVERIES)?.len()?)
    }

    /// Up to `limit` blobs, from `start` on in the order of their ids, with what is known of them.
    ///
    /// # Errors
    /// What the index reports.
    pub fn blobs(
        &self,
        start: &BlobId,
        limit: usize,
    ) -> Result<Vec<(BlobId, BlobInfo)>, StoreError> {
        let transaction = self.0.index.read()?;
        let table = transaction.open_table(index::BLOBS)?;
        let rows = table.range::<&index::Id>(&start.0..)?.take(limit);
        rows.map(|row| {
            let (key, value) = row?;
            Ok((BlobId(*key.value()), index::decode("blobs", value.value())?))
        })
        .collect()
    }

    /// Does `change` to the index, as a whole or, if it fails, not at all. Durable with the next
    /// [`checkpoint`](Self::checkpoint), together with all before it.
    ///
    /// # Errors
    /// What `change` returns, or the index reports.
    pub fn transaction<T>(
        &self,
        change: impl FnOnce(&mut Transaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.gate.check()?;
        transaction::run(&self.0, change)
    }

    /// Makes the index durable, if it changed. What was acknowledged is durable without that; it
    /// bounds what a start after a crash has to do again.
    ///
    /// # Errors
    /// What the index reports; the store is poisoned then.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.0.checkpoint()
    }

    /// What the store takes up.
    ///
    /// # Errors
    /// What index and disk report.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let space = self.0.disk.space(&self.0.dir)?;
        let mut usage = Usage {
            free_bytes: space
                .available_bytes
                .saturating_sub(self.0.options.reserve_bytes),
            ..Usage::default()
        };
        for segment in self.segments()? {
            usage.segments += 1;
            usage.total_bytes += segment.total_bytes;
            usage.live_bytes += segment.live_bytes;
        }
        let transaction = self.0.index.read()?;
        usage.records = transaction.open_table(index::RECORDS)?.len()?;
        Ok(usage)
    }

    /// How full the segments are, ascending by number.
    ///
    /// # Errors
    /// What the index reports.
    pub fn segments(&self) -> Result<Vec<SegmentUse>, StoreError> {
        let transaction = self.0.index.read()?;
        let table = transaction.open_table(index::SEGMENTS)?;
        let rows = table.iter()?.map(|row| {
            let (number, value) = row?;
            let (total_bytes, live_bytes) = value.value();
            Ok(SegmentUse {
                number: number.value(),
                total_bytes,
                live_bytes,
            })
        });
        rows.collect()
    }

    /// Has the store refused to write since some failure?
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.0.gate.check().is_err()
    }

    /// The limits the store was opened with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.0.options
    }
}

impl Inner {
    /// Where a record lies.
    pub(crate) fn locate(&self, key: &RecordKey) -> Result<Option<Location>, StoreError> {
        let transaction = self.index.read()?;
        let table = transaction.open_table(index::RECORDS)?;
        let location = table.get(&key.to_bytes())?;
        Ok(location.map(|bytes| Location::from_bytes(bytes.value())))
    }

    /// The payload at `location`, unless it is damaged.
    fn read(&self, location: &Location) -> Result<Option<Bytes>, DiskError> {
        let file = self.files.get(location.segment)?;
        let mut payload = vec![0; usize::try_from(location.len).unwrap_or(usize::MAX)];
        match file.read_exact_at(&mut payload, location.payload_offset()) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        Ok((checksum(&payload) == location.checksum).then(|| payload.into()))
    }

    /// Whether the header at `location` is that of `key`, and the file as long as it says.
    fn is_at(&self, key: &RecordKey, location: &Location) -> Result<Option<()>, DiskError> {
        let file = self.files.get(location.segment)?;
        let mut header = [0; RECORD_HEADER_LEN];
        let got = file.read_at(&mut header, location.offset)?;
        let is_there = got == header.len()
            && header == record_header(&self.store_id, key, location)
            && file.metadata()?.len_bytes >= location.end();
        Ok(is_there.then_some(()))
    }

    /// Makes the index durable, if it changed. Those who come meanwhile wait: what they did may be part
    /// of it.
    pub(crate) fn checkpoint(&self) -> Result<(), StoreError> {
        self.checkpoint_in_turn(&mut self.lock_unsaved())
    }

    /// As [`checkpoint`](Self::checkpoint), if it is due after `written_bytes` of records.
    pub(crate) fn checkpoint_after(&self, written_bytes: u64) -> Result<(), StoreError> {
        let mut unsaved_bytes = self.lock_unsaved();
        *unsaved_bytes += written_bytes;
        let has_removals = self.has_unsaved_removals.load(Ordering::SeqCst);
        if has_removals || *unsaved_bytes >= self.options.checkpoint_bytes {
            self.checkpoint_in_turn(&mut unsaved_bytes)?;
        }
        Ok(())
    }

    fn lock_unsaved(&self) -> MutexGuard<'_, u64> {
        self.unsaved_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn checkpoint_in_turn(&self, unsaved_bytes: &mut u64) -> Result<(), StoreError> {
        self.gate.check()?;
        if !self.is_dirty.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        // Set again by changes that come now, of which this may be too early.
        self.has_unsaved_removals.store(false, Ordering::SeqCst);
        *unsaved_bytes = 0;
        let commit = || Ok(self.index.durable()?.commit()?);
        self.gate.poison_on::<(), StoreError>(commit())
    }
}
