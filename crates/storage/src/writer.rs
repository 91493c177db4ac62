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
use crate::transaction::ToIndex;
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
    const fn is_move(&self) -> bool {
        self.moved_from.is_some()
    }

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

/// A record of a group that is to be written.
#[derive(Debug)]
struct Chosen<'a> {
    /// Whose it is: the place of that in the group.
    member: usize,
    /// Its place among the records of that.
    position: usize,
    record: &'a Record,
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
            let outcome = self.write_group(&group);
            // Nobody waiting any more is not an error.
            match outcome {
                Ok(puts) => group.into_iter().zip(puts).for_each(|(pending, puts)| {
                    let _ = pending.reply.send(Ok(puts));
                }),
                Err(error) => group.into_iter().for_each(|pending| {
                    let _ = pending.reply.send(Err(error.clone()));
                }),
            }
        }
    }

    /// The next ones in the queue. What is moved makes room, and must not fail with what needs it: the
    /// two are never in one group.
    fn next_group(&self) -> Option<Vec<Pending>> {
        let mut queue = self.queue();
        let mut group = Vec::<Pending>::new();
        let mut group_bytes = 0;
        while group_bytes < GROUP_BYTES_MAX
            && let Some(pending) = queue.pending.pop_front_if(|pending| {
                let first = group.first();
                first.is_none_or(|first| first.is_move() == pending.is_move())
            })
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
        let lens = chosen
            .iter()
            .map(|chosen| record_len(&chosen.record.payload));
        let written_bytes = lens.sum();
        if !group.iter().any(Pending::is_move) {
            self.gate.check_room(written_bytes)?;
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let places = self.append(&mut tail, &chosen)?;
        let indexed = transaction::index_records(self, &tail, &places);
        let puts = self.gate.poison_on(indexed)?;
        drop(tail);
        for (chosen, put) in chosen.iter().zip(puts) {
            let key = &chosen.record.key;
            if let Some(old) = self.unreadable.place_of(key) {
                // Until that is durable, a start after a crash would find the old one only.
                self.has_unsaved_removals.store(true, Ordering::SeqCst);
                self.unreadable.forget(key);
                tracing::info!(%key, segment = old.segment, "stored anew what can't be read");
            }
            let member = outcome.get_mut(chosen.member);
            if let Some(slot) = member.and_then(|puts| puts.get_mut(chosen.position)) {
                *slot = put;
            }
        }
        self.checkpoint_after(written_bytes)?;
        Ok(outcome)
    }

    /// Says what becomes of the records that need not be written, and which ones do.
    fn choose<'a>(
        &self,
        group: &'a [Pending],
    ) -> Result<(Vec<Vec<Put>>, Vec<Chosen<'a>>), StoreError> {
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
                let moved_from = pending.moved_from.as_ref();
                let moved_from = moved_from.and_then(|locations| locations.get(position));
                let is_there = records.get(&key.to_bytes())?.is_some();
                // What the disk can't read is replaced, as if it moved.
                let replaced = match moved_from {
                    None if is_there && !seen.contains(&key) => self.unreadable.place_of(&key),
                    _ => None,
                };
                let put = if moved_from.is_some() {
                    None
                } else if replaced.is_some() {
                    seen.insert(key);
                    None
                } else if is_there || seen.contains(&key) {
                    // One that comes twice in a group is as durable as its first.
                    Some(Put::AlreadyStored)
                } else if !is_wanted(blobs.get(&key.blob_id.0)?.as_ref().map(|row| row.value()))? {
                    Some(Put::NotRegistered)
                } else {
                    seen.insert(key);
                    None
                };
                // What is written is known when it has been indexed.
                puts.push(put.unwrap_or(Put::NotRegistered));
                if put.is_none() {
                    chosen.push(Chosen {
                        member,
                        position,
                        record,
                        moved_from: moved_from.copied().or(replaced),
                    });
                }
            }
            outcome.push(puts);
        }
        Ok((outcome, chosen))
    }

    /// Writes records at the tail, durably.
    fn append(&self, tail: &mut Tail, records: &[Chosen<'_>]) -> Result<Vec<ToIndex>, StoreError> {
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

    fn write_records(
        &self,
        file: &dyn File,
        segment: u32,
        start: u64,
        records: &[Chosen<'_>],
    ) -> Result<Vec<ToIndex>, DiskError> {
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
        for Chosen {
            record, moved_from, ..
        } in records
        {
            let location = Location {
                segment,
                offset,
                len: u32::try_from(record.payload.len()).unwrap_or(u32::MAX),
                checksum: checksum(&record.payload),
            };
            out.push(&record_header(&self.store_id, &record.key, &location))?;
            out.push(&record.payload)?;
            offset = location.end();
            placed.push(ToIndex {
                key: record.key,
                location,
                moved_from: *moved_from,
            });
        }
        out.flush()?;
        Ok(placed)
    }
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
