//! Writing records: whoever comes while a sync is under way shares the next one.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;
use floe_env::{DiskError, File, Lane};
use tokio::sync::oneshot;

use crate::segment::{
    Location, RECORD_HEADER_LEN, SEGMENT_HEADER_LEN, checksum, record_header, segment_header,
};
use crate::store::{Inner, Store};
use crate::{BlobInfo, RecordKey, StoreError, index, transaction};

/// Records written under one sync, in bytes; one of them may go beyond.
const GROUP_BYTES_MAX: u64 = 32 << 20;
/// Longest payload: far above the largest sliver, far below the length field.
const PAYLOAD_BYTES_MAX: u64 = 1 << 30;
/// Records up to this length are gathered, and written together.
const GATHER_BYTES_MAX: usize = 256 << 10;

/// Something to be stored.
#[derive(Debug, Clone)]
pub struct Record {
    /// What it is known by.
    pub key: RecordKey,
    /// Its bytes.
    pub payload: Bytes,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is durable.
    Stored,
    /// It was there, and is durable.
    AlreadyStored,
    /// Nothing is known of the blob, or it is invalid: the record was not kept.
    NotRegistered,
}

/// Records on their way.
#[derive(Debug)]
struct Pending {
    records: Vec<Record>,
    /// Where each of them lies now, if they are to be moved.
    moved_from: Option<Vec<Location>>,
    reply: oneshot::Sender<Result<Vec<Put>, StoreError>>,
}

impl Pending {
    fn bytes(&self) -> u64 {
        let lens = self
            .records
            .iter()
            .map(|record| record_len(&record.payload));
        lens.sum()
    }
}

fn record_len(payload: &[u8]) -> u64 {
    (RECORD_HEADER_LEN as u64).saturating_add(payload.len() as u64)
}

/// Who waits.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pending: VecDeque<Pending>,
    bytes: u64,
    is_served: bool,
}

/// The end of the segment that is being written.
#[derive(Debug)]
pub(crate) struct Tail {
    /// Number of the segment, or of the last one there was.
    pub(crate) number: u32,
    /// Where the next record goes; `None` if a new segment has to be started.
    pub(crate) offset: Option<u64>,
}

/// A record of a group, and where it is written.
#[derive(Debug)]
struct Placed<'a> {
    record: &'a Record,
    location: Location,
    moved_from: Option<Location>,
}

impl Store {
    /// Stores records. When the future yields, they are durable: a power cut takes nothing away.
    /// What was stored before is not written again, nor is anything of blobs that no event has
    /// registered.
    ///
    /// The work starts at once; dropping the future only forgets its outcome.
    ///
    /// # Errors
    /// [`StoreError::Busy`] and [`StoreError::NearlyFull`]: later, perhaps. [`StoreError::Poisoned`]:
    /// not any more. Nothing is known about the records then, and all of them may be put again.
    pub fn put(
        &self,
        records: Vec<Record>,
    ) -> impl Future<Output = Result<Vec<Put>, StoreError>> + Send + use<> {
        self.enqueue(records, None)
    }

    /// Writes records again at the end, and forgets where they were. Yields `NotRegistered` for
    /// those that were not there any more.
    pub(crate) fn put_moved(
        &self,
        records: Vec<Record>,
        moved_from: Vec<Location>,
    ) -> impl Future<Output = Result<Vec<Put>, StoreError>> + Send + use<> {
        self.enqueue(records, Some(moved_from))
    }

    fn enqueue(
        &self,
        records: Vec<Record>,
        moved_from: Option<Vec<Location>>,
    ) -> impl Future<Output = Result<Vec<Put>, StoreError>> + Send + use<> {
        let (reply, outcome) = oneshot::channel();
        let pending = Pending {
            records,
            moved_from,
            reply,
        };
        let accepted = self.0.accept(pending);
        if let Ok(true) = accepted {
            let inner = Arc::clone(&self.0);
            let serve = Box::new(move || inner.serve());
            self.0.compute.submit(Lane::Io, serve);
        }
        async move {
            accepted?;
            outcome.await.unwrap_or(Err(StoreError::Closed))
        }
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues records; returns whether somebody has to be sent to serve the queue.
    fn accept(&self, pending: Pending) -> Result<bool, StoreError> {
        self.gate.check()?;
        for record in &pending.records {
            let len_bytes = record.payload.len() as u64;
            if len_bytes > PAYLOAD_BYTES_MAX {
                let max_bytes = PAYLOAD_BYTES_MAX;
                return Err(StoreError::TooLarge {
                    len_bytes,
                    max_bytes,
                });
            }
        }
        let mut queue = self.queue();
        let bytes = pending.bytes();
        if queue.bytes > 0 && queue.bytes.saturating_add(bytes) > self.options.queue_bytes {
            return Err(StoreError::Busy {
                queued_bytes: queue.bytes,
                max_bytes: self.options.queue_bytes,
            });
        }
        queue.bytes += bytes;
        queue.pending.push_back(pending);
        Ok(!std::mem::replace(&mut queue.is_served, true))
    }

    /// Writes group after group until nobody waits.
    fn serve(&self) {
        let _abandon = AbandonOnPanic(self);
        while let Some(group) = self.next_group() {
            let mut outcome = self.write_group(&group);
            if let Ok(puts) = &mut outcome {
                debug_assert_eq!(puts.len(), group.len());
            }
            let mut puts = outcome
                .as_mut()
                .map(|puts| puts.drain(..))
                .map_err(|e| e.clone());
            for pending in group {
                let result = match &mut puts {
                    Ok(puts) => Ok(puts.next().unwrap_or_default()),
                    Err(error) => Err(error.clone()),
                };
                // Nobody waiting any more is not an error.
                let _ = pending.reply.send(result);
            }
        }
    }

    fn next_group(&self) -> Option<Vec<Pending>> {
        let mut queue = self.queue();
        let mut group = Vec::new();
        let mut group_bytes = 0;
        while group_bytes < GROUP_BYTES_MAX
            && let Some(pending) = queue.pending.pop_front()
        {
            group_bytes += pending.bytes();
            group.push(pending);
        }
        queue.bytes = queue.bytes.saturating_sub(group_bytes);
        queue.is_served = !group.is_empty();
        queue.is_served.then_some(group)
    }

    /// Makes a group durable, and visible; returns what became of each record of each member.
    fn write_group(&self, group: &[Pending]) -> Result<Vec<Vec<Put>>, StoreError> {
        self.gate.check()?;
        let (mut outcome, chosen) = self.choose(group)?;
        if chosen.is_empty() {
            return Ok(outcome);
        }
        let new_bytes = chosen
            .iter()
            .filter(|(_, _, moved_from)| moved_from.is_none())
            .map(|(_, record, _)| record_len(&record.payload));
        let new_bytes: u64 = new_bytes.sum();
        if new_bytes > 0 {
            // Moving makes room, and so may use what is kept free.
            self.gate.check_room(new_bytes)?;
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let records: Vec<_> = chosen
            .iter()
            .map(|(_, record, from)| (*record, *from))
            .collect();
        let placed = self.append(&mut tail, &records)?;
        let puts =
            self.gate
                .poison_on(transaction::index_records(self, &tail, &to_index(&placed)))?;
        for ((place, _, _), put) in chosen.iter().zip(puts) {
            if let Some(slot) = outcome
                .get_mut(place.0)
                .and_then(|puts| puts.get_mut(place.1))
            {
                *slot = put;
            }
        }
        drop(tail);
        let written: u64 = placed
            .iter()
            .map(|placed| placed.location.record_len())
            .sum();
        let unsaved = self.unsaved_bytes.fetch_add(written, Ordering::SeqCst) + written;
        let has_removals = self.has_unsaved_removals.load(Ordering::SeqCst);
        if has_removals || unsaved >= self.options.checkpoint_bytes {
            self.checkpoint()?;
        }
        Ok(outcome)
    }

    /// Says what becomes of the records that need not be written, and which ones do.
    #[expect(
        clippy::type_complexity,
        reason = "two parallel lists, used by one caller"
    )]
    fn choose<'a>(
        &self,
        group: &'a [Pending],
    ) -> Result<
        (
            Vec<Vec<Put>>,
            Vec<((usize, usize), &'a Record, Option<Location>)>,
        ),
        StoreError,
    > {
        let transaction = self.index.read()?;
        let records = transaction.open_table(index::RECORDS)?;
        let blobs = transaction.open_table(index::BLOBS)?;
        let mut seen = BTreeSet::new();
        let mut chosen = Vec::new();
        let mut outcome = Vec::with_capacity(group.len());
        for (member, pending) in group.iter().enumerate() {
            let mut puts = Vec::with_capacity(pending.records.len());
            for (position, record) in pending.records.iter().enumerate() {
                let key = record.key;
                if let Some(locations) = &pending.moved_from {
                    puts.push(Put::NotRegistered);
                    let from = locations.get(position).copied();
                    chosen.push(((member, position), record, from));
                } else if records.get(&key.to_bytes())?.is_some() || !seen.insert(key) {
                    // One that comes twice in a group is as durable as its first.
                    puts.push(Put::AlreadyStored);
                } else if !is_wanted(blobs.get(&key.blob_id.0)?.as_ref().map(|row| row.value()))? {
                    puts.push(Put::NotRegistered);
                    seen.remove(&key);
                } else {
                    puts.push(Put::NotRegistered);
                    chosen.push(((member, position), record, None));
                }
            }
            outcome.push(puts);
        }
        Ok((outcome, chosen))
    }

    /// Writes records at the tail, durably.
    fn append<'a>(
        &self,
        tail: &mut Tail,
        records: &[(&'a Record, Option<Location>)],
    ) -> Result<Vec<Placed<'a>>, StoreError> {
        let is_new = tail
            .offset
            .is_none_or(|offset| offset >= self.options.segment_bytes);
        let (file, start) = match tail.offset {
            Some(offset) if !is_new => (self.files.get(tail.number)?, offset),
            _ => {
                tail.offset = None;
                tail.number += 1;
                (self.files.create(tail.number)?, 0)
            }
        };
        let written = self.write_records(&*file, tail.number, start, records);
        let placed = match written {
            Ok(placed) => placed,
            Err(error) => {
                // What was written in vain must not be found by a scan.
                let undone = if is_new {
                    self.files.remove(tail.number)
                } else {
                    file.set_len(start)
                };
                self.gate.poison_on(undone)?;
                return Err(error.into());
            }
        };
        self.gate.poison_on(file.sync_data())?;
        if is_new {
            self.gate.poison_on(self.files.sync_names())?;
        }
        tail.offset = placed.last().map(|placed| placed.location.end());
        Ok(placed)
    }

    fn write_records<'a>(
        &self,
        file: &dyn File,
        segment: u32,
        start: u64,
        records: &[(&'a Record, Option<Location>)],
    ) -> Result<Vec<Placed<'a>>, DiskError> {
        let mut out = Gathered {
            file,
            bytes: Vec::new(),
            start,
        };
        if start == 0 {
            out.push(&segment_header(&self.store_id, segment))?;
        }
        let mut offset = if start == 0 {
            SEGMENT_HEADER_LEN as u64
        } else {
            start
        };
        let mut placed = Vec::with_capacity(records.len());
        for (record, moved_from) in records {
            let location = Location {
                segment,
                offset,
                len: u32::try_from(record.payload.len()).unwrap_or(u32::MAX),
                checksum: checksum(&record.payload),
            };
            out.push(&record_header(&self.store_id, &record.key, &location))?;
            out.push(&record.payload)?;
            offset = location.end();
            placed.push(Placed {
                record,
                location,
                moved_from: *moved_from,
            });
        }
        out.flush()?;
        Ok(placed)
    }
}

fn to_index(placed: &[Placed<'_>]) -> Vec<transaction::ToIndex> {
    let each = placed.iter().map(|placed| transaction::ToIndex {
        key: placed.record.key,
        location: placed.location,
        moved_from: placed.moved_from,
    });
    each.collect()
}

/// Does the row of a blob allow to store data of it?
pub(crate) fn is_wanted(row: Option<&[u8]>) -> Result<bool, StoreError> {
    let Some(row) = row else {
        return Ok(false);
    };
    let info: BlobInfo = index::decode("blobs", row)?;
    Ok(!info.is_invalid())
}

/// Writes at the end of a file, small pieces together.
#[derive(Debug)]
struct Gathered<'a> {
    file: &'a dyn File,
    bytes: Vec<u8>,
    start: u64,
}

impl Gathered<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        if self.bytes.len() + bytes.len() > GATHER_BYTES_MAX {
            self.flush()?;
        }
        if bytes.len() > GATHER_BYTES_MAX {
            self.file.write_at(bytes, self.start)?;
            self.start += bytes.len() as u64;
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DiskError> {
        if !self.bytes.is_empty() {
            self.file.write_at(&self.bytes, self.start)?;
            self.start += self.bytes.len() as u64;
            self.bytes.clear();
        }
        Ok(())
    }
}

/// Lets nobody wait for a writer that is no more.
struct AbandonOnPanic<'a>(&'a Inner);

impl Drop for AbandonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.gate.poison("the writer panicked");
            let mut queue = self.0.queue();
            queue.pending.clear();
            queue.bytes = 0;
            queue.is_served = false;
        }
    }
}
