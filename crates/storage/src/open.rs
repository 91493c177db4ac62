//! Opening a store, and reading on from where its index ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use floe_core::Epoch;
use floe_env::{Compute, Disk};

use crate::gate::Gate;
use crate::index::{self, Index, meta};
use crate::key::RecordKey;
use crate::marker::Marker;
use crate::segment::{
    Files, Header, SEGMENT_HEADER_LEN, SEGMENT_VERSION, Scan, check_segment_header,
};
use crate::store::{Inner, Options, Store};
use crate::transaction::{self, ToIndex, Transaction};
use crate::unreadable::Unreadable;
use crate::writer::{Queue, Tail};
use crate::{OpenError, StoreError};

/// What was found when a store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Records that the index did not have yet: there was a crash.
    pub replayed: u64,
    /// Bytes at the end of the last segment that were no whole record, and were cut off.
    pub cut_bytes: u64,
    /// Records found damaged behind the durable index; what was being written when the power went can
    /// be one.
    pub damaged: u64,
    /// Records lost with segments that are missing, or shorter than they were. They count as not
    /// stored, and their blobs as ones to recover.
    pub lost: u64,
}

/// How far the durable index goes.
#[derive(Debug, Clone, Copy)]
struct Watermark {
    segment: u32,
    /// `u64::MAX` once nothing more is to be read from, or written to, the segment.
    offset: u64,
}

impl Watermark {
    const fn is_sealed(self) -> bool {
        self.offset == u64::MAX
    }

    /// Where the records of segment `number` end, of which there are `total_bytes`.
    const fn end_of(self, number: u32, total_bytes: u64) -> u64 {
        let end = (SEGMENT_HEADER_LEN as u64).saturating_add(total_bytes);
        if number == self.segment && !self.is_sealed() && self.offset > end {
            self.offset
        } else {
            end
        }
    }
}

/// A segment that does not have all that the index says.
#[derive(Debug, Clone, Copy)]
struct Short {
    number: u32,
    /// Where its records should end.
    expected_len: u64,
    /// Where the file ends; 0 if it is missing.
    len: u64,
}

impl Store {
    /// Opens the store in `dir`, which has to be that of `owner`.
    ///
    /// # Errors
    /// [`OpenError`]: no store, somebody else's, in use, too new, or damaged.
    pub fn open(
        disk: &Arc<dyn Disk>,
        compute: &Arc<dyn Compute>,
        dir: &Path,
        owner: &str,
        options: Options,
    ) -> Result<(Self, OpenReport), OpenError> {
        let marker = Marker::read(&**disk, dir)?;
        if marker.owner != owner {
            return Err(OpenError::ForeignStore {
                dir: dir.into(),
                expected: owner.into(),
                found: marker.owner,
            });
        }
        let cache_bytes = options.index_cache_bytes;
        let index = Index::open(&**disk, dir, &marker.store_id, cache_bytes)?;
        let gate = Gate::new(Arc::clone(disk), dir.into(), options.reserve_bytes);
        let inner = Inner {
            disk: Arc::clone(disk),
            compute: Arc::clone(compute),
            dir: dir.into(),
            options,
            store_id: marker.store_id,
            gate,
            files: Files::new(Arc::clone(disk), dir),
            unreadable: Unreadable::default(),
            index,
            queue: Mutex::new(Queue::default()),
            tail: Mutex::new(Tail {
                number: 0,
                offset: None,
            }),
            unsaved_bytes: Mutex::default(),
            is_dirty: AtomicBool::new(false),
            has_unsaved_removals: AtomicBool::new(false),
        };
        let mut report = OpenReport::default();
        let tail = inner.recover(&mut report)?;
        let inner = Inner {
            tail: Mutex::new(tail),
            ..inner
        };
        Ok((Self(Arc::new(inner)), report))
    }
}

fn replay(error: StoreError) -> OpenError {
    OpenError::Replay(Box::new(error))
}

impl Inner {
    fn watermark(&self) -> Result<Watermark, StoreError> {
        let bytes = self.index.meta(meta::WATERMARK)?.unwrap_or_default();
        let parts = bytes.split_first_chunk::<4>();
        let parts = parts.and_then(|(segment, offset)| Some((*segment, offset.try_into().ok()?)));
        let (segment, offset) = parts.unwrap_or_default();
        Ok(Watermark {
            segment: u32::from_le_bytes(segment),
            offset: u64::from_le_bytes(offset),
        })
    }

    /// Brings index and segments together; returns where writing goes on.
    fn recover(&self, report: &mut OpenReport) -> Result<Tail, OpenError> {
        let watermark = self.watermark().map_err(replay)?;
        let mut numbers = self.files.numbers()?;
        let before = self.segment_uses().map_err(replay)?;
        let highest = before.keys().last().copied().unwrap_or(0);
        let highest = highest.max(watermark.segment);
        self.forget_lost(watermark, &numbers, report)?;
        let known = self.segment_uses().map_err(replay)?;
        // Compacted, and the removal did not survive; or of no use any more.
        for number in numbers.extract_if(.., |number| {
            *number <= watermark.segment && !known.contains_key(number)
        }) {
            self.files.remove(number)?;
        }
        // What was cut short is not written to any more.
        let watermark = self.watermark().map_err(replay)?;
        let mut tail = Tail {
            number: highest,
            offset: None,
        };
        let last = numbers.last().copied();
        let is_read_on = |number: &u32| {
            *number > watermark.segment || *number == watermark.segment && !watermark.is_sealed()
        };
        for number in numbers.into_iter().filter(is_read_on) {
            let offset = if number == watermark.segment {
                watermark.offset
            } else {
                SEGMENT_HEADER_LEN as u64
            };
            let end = self.replay(number, offset, last == Some(number), report)?;
            tail = Tail {
                number,
                offset: end,
            };
        }
        Ok(tail)
    }

    /// By number: bytes of all records, and of those that count.
    fn segment_uses(&self) -> Result<BTreeMap<u32, (u64, u64)>, StoreError> {
        let transaction = self.index.read()?;
        let table = transaction.open_table(index::SEGMENTS)?;
        redb::ReadableTable::iter(&table)?
            .map(|row| {
                let (number, used) = row?;
                Ok((number.value(), used.value()))
            })
            .collect()
    }

    /// Segments that are missing or end before their records do.
    fn short_segments(
        &self,
        watermark: Watermark,
        numbers: &[u32],
    ) -> Result<Vec<Short>, OpenError> {
        let mut short = Vec::new();
        for (number, (total_bytes, _)) in self.segment_uses().map_err(replay)? {
            let len = if numbers.binary_search(&number).is_ok() {
                self.files.get(number)?.metadata()?.len_bytes
            } else {
                0
            };
            let expected_len = watermark.end_of(number, total_bytes);
            if len < expected_len {
                short.push(Short {
                    number,
                    expected_len,
                    len,
                });
            }
        }
        Ok(short)
    }

    /// Forgets records that are no more, durably, so that nobody is told they were stored. Costs a
    /// look at each segment's length, and one at each row of the index if something is lost.
    fn forget_lost(
        &self,
        watermark: Watermark,
        numbers: &[u32],
        report: &mut OpenReport,
    ) -> Result<(), OpenError> {
        let short = self.short_segments(watermark, numbers)?;
        if short.is_empty() {
            return Ok(());
        }
        let ends: BTreeMap<u32, u64> = short
            .iter()
            .map(|short| (short.number, short.len))
            .collect();
        let lost = transaction::run(self, |transaction| {
            let lost = transaction.forget_records_beyond(&ends)?;
            for (number, len) in &ends {
                let kept = len.saturating_sub(SEGMENT_HEADER_LEN as u64);
                transaction.shorten_segment(*number, kept)?;
                if *number == watermark.segment {
                    let number = *number;
                    transaction.set_watermark(&Tail {
                        number,
                        offset: None,
                    })?;
                }
            }
            Ok(lost)
        });
        let lost = lost.map_err(replay)?;
        report.lost += lost.values().sum::<u64>();
        for Short {
            number,
            expected_len,
            len,
        } in short
        {
            let records = lost.get(&number).copied().unwrap_or_default();
            let path = self.files.path(number);
            tracing::error!(
                segment = %path.display(), expected_len, len, lost_records = records,
                "a segment is shorter than it was: what is lost counts as not stored"
            );
        }
        self.checkpoint().map_err(replay)
    }

    /// Indexes what a segment has from `offset` on. Returns where the next record goes, or `None` if
    /// none should.
    fn replay(
        &self,
        number: u32,
        offset: u64,
        is_last: bool,
        report: &mut OpenReport,
    ) -> Result<Option<u64>, OpenError> {
        let file = self.files.get(number)?;
        let header = self.check_header(number)?;
        let mut scan = Scan::new(Arc::clone(&file), self.store_id, number, offset)?;
        let end = transaction::run(self, |transaction| {
            while let Some(found) = scan.next()? {
                let is_whole = found.payload.is_some();
                report.damaged += u64::from(!is_whole);
                report.replayed += u64::from(is_whole);
                transaction.replay_record(found.key, found.location, is_whole)?;
            }
            let offset = Some(scan.offset());
            transaction.set_watermark(&Tail { number, offset })?;
            Ok(scan.offset())
        })
        .map_err(replay)?;
        if !is_last {
            return Ok(None);
        }
        if header == Header::Bad && end <= SEGMENT_HEADER_LEN as u64 {
            // Never became durable, and so nothing in it was acknowledged.
            self.files.remove(number)?;
            return Ok(None);
        }
        if scan.has_rest() {
            report.cut_bytes += file.metadata()?.len_bytes.saturating_sub(end);
            // Durable with the next record.
            file.set_len(end)?;
        }
        Ok(Some(end))
    }

    fn check_header(&self, number: u32) -> Result<Header, OpenError> {
        let mut bytes = [0; SEGMENT_HEADER_LEN];
        let got = self.files.get(number)?.read_at(&mut bytes, 0)?;
        let bytes = bytes.get(..got).unwrap_or_default();
        let path = || self.files.path(number);
        match check_segment_header(bytes, &self.store_id, number) {
            Header::Version(found) if found > SEGMENT_VERSION => Err(OpenError::TooNew {
                path: path(),
                found,
                supported: SEGMENT_VERSION,
            }),
            Header::Version(_) | Header::Foreign => Err(OpenError::Damaged {
                path: path(),
                what: "it is a segment of another store".into(),
            }),
            header => Ok(header),
        }
    }
}

impl Transaction {
    /// Indexes a record found behind the durable index. Its blob may not be known: the event that
    /// registered it is yet to be applied again, or it is garbage. Events of two epochs are waited for
    /// before the latter is believed.
    fn replay_record(
        &mut self,
        key: RecordKey,
        location: crate::segment::Location,
        is_whole: bool,
    ) -> Result<(), StoreError> {
        let is_missing = self.locate(&key)?.is_none();
        let is_new = is_whole && is_missing;
        let record = ToIndex {
            key,
            location,
            moved_from: None,
        };
        self.place(&record, is_new)?;
        if is_missing && !is_whole {
            // Either it was being written, or it was acknowledged and the disk has lost it.
            self.want_recovery(&key.blob_id, 0)?;
        }
        if is_new && self.blob_info(&key.blob_id)?.is_none() {
            let epoch = self.node_state()?.event_epoch.unwrap_or_default();
            let from = Epoch(epoch.0.saturating_add(2));
            self.note_garbage_from(&key.blob_id, from)?;
        }
        Ok(())
    }
}
