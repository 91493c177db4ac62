//! Getting back the room of records that don't count any more.

use std::sync::Arc;

use floe_env::Lane;

use crate::segment::{Location, SEGMENT_HEADER_LEN, Scan};
use crate::store::{Inner, Store};
use crate::writer::{Put, Record};
use crate::{StoreError, transaction};

/// Records moved at once, in bytes.
const MOVE_BYTES: u64 = 4 << 20;

/// How full a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentUse {
    /// Its number.
    pub number: u32,
    /// Bytes of all records.
    pub total_bytes: u64,
    /// Bytes of those that count.
    pub live_bytes: u64,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactionReport {
    /// Segments removed.
    pub segments: u64,
    /// Bytes of records moved.
    pub moved_bytes: u64,
    /// Bytes of records that were removed with the segments.
    pub freed_bytes: u64,
    /// Damaged records found on the way, which are missing now.
    pub damaged: u64,
}

/// Which segments to compact: all but the last of which at most `live_percent_max` counts, the
/// emptiest first.
pub(crate) fn plan(segments: &[SegmentUse], live_percent_max: u8) -> Vec<SegmentUse> {
    let Some((_active, sealed)) = segments.split_last() else {
        return Vec::new();
    };
    let is_worth_it = |segment: &&SegmentUse| {
        let limit = u128::from(segment.total_bytes) * u128::from(live_percent_max);
        u128::from(segment.live_bytes) * 100 <= limit && segment.live_bytes < segment.total_bytes
    };
    let mut plan: Vec<_> = sealed.iter().filter(is_worth_it).copied().collect();
    plan.sort_by_key(|segment| (segment.live_bytes, segment.number));
    plan
}

/// What is read of a segment at once.
#[derive(Debug, Default)]
struct Step {
    records: Vec<Record>,
    locations: Vec<Location>,
    bytes: u64,
    damaged: u64,
    next_offset: u64,
    is_last: bool,
}

impl Store {
    /// Moves what counts out of segments of which at most `live_percent_max` does, and removes them.
    /// The segment being written is left alone. Cancellation-safe: what was moved is moved.
    ///
    /// # Errors
    /// What disk and index report; nothing is lost.
    pub async fn compact(&self, live_percent_max: u8) -> Result<CompactionReport, StoreError> {
        let mut report = CompactionReport::default();
        let store = self.clone();
        let list = move || store.segments();
        let segments = self.0.compute.offload(Lane::Io, list).await?;
        for segment in plan(&segments, live_percent_max) {
            self.compact_segment(segment.number, &mut report).await?;
            let inner = Arc::clone(&self.0);
            let finish = move || inner.remove_segment(segment.number);
            if self.0.compute.offload(Lane::Io, finish).await? {
                report.segments += 1;
                report.freed_bytes += segment.total_bytes;
            }
        }
        Ok(report)
    }

    async fn compact_segment(
        &self,
        number: u32,
        report: &mut CompactionReport,
    ) -> Result<(), StoreError> {
        let mut offset = SEGMENT_HEADER_LEN as u64;
        loop {
            let inner = Arc::clone(&self.0);
            let read = move || inner.live_records(number, offset);
            let step = self.0.compute.offload(Lane::Io, read).await?;
            report.damaged += step.damaged;
            if !step.records.is_empty() {
                let puts = self.put_moved(step.records, step.locations).await?;
                if puts.contains(&Put::Stored) {
                    report.moved_bytes += step.bytes;
                }
            }
            if step.is_last {
                return Ok(());
            }
            offset = step.next_offset;
        }
    }
}

impl Inner {
    /// The next records of a segment that count.
    fn live_records(&self, number: u32, offset: u64) -> Result<Step, StoreError> {
        let mut step = Step::default();
        let mut scan = Scan::new(self.files.get(number)?, self.store_id, number, offset)?;
        while step.bytes < MOVE_BYTES {
            let Some(found) = scan.next()? else {
                step.is_last = true;
                break;
            };
            if self.locate(&found.key)? != Some(found.location) {
                continue;
            }
            let Some(payload) = found.payload else {
                let drop_it = |transaction: &mut transaction::Transaction| {
                    transaction.drop_damaged(&found.key, &found.location)
                };
                step.damaged += u64::from(transaction::run(self, drop_it)?);
                continue;
            };
            step.bytes += found.location.record_len();
            step.locations.push(found.location);
            step.records.push(Record {
                key: found.key,
                payload,
            });
        }
        step.next_offset = scan.offset();
        Ok(step)
    }

    /// Removes a segment of which nothing counts; `false` if something does.
    fn remove_segment(&self, number: u32) -> Result<bool, StoreError> {
        self.gate.check()?;
        let is_empty = transaction::run(self, |transaction| {
            let is_empty = transaction.live_bytes(number)? == 0;
            if is_empty {
                transaction.forget_segment(number)?;
            }
            Ok(is_empty)
        })?;
        if !is_empty {
            tracing::warn!(
                number,
                "a segment can't be removed: part of it can't be read"
            );
            return Ok(false);
        }
        // The old places must not be all that is left after a power cut.
        self.checkpoint()?;
        self.files.remove(number)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u32, total_bytes: u64, live_bytes: u64) -> SegmentUse {
        SegmentUse {
            number,
            total_bytes,
            live_bytes,
        }
    }

    #[test]
    fn the_emptiest_come_first_and_the_last_is_left_alone() {
        let segments = [
            segment(1, 100, 50),
            segment(2, 100, 51),
            segment(3, 100, 0),
            segment(4, 100, 0),
        ];
        let numbers = |percent| {
            let plan = plan(&segments, percent);
            plan.iter()
                .map(|segment| segment.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(50), [3, 1]);
        assert_eq!(numbers(0), [3]);
        assert_eq!(numbers(100), [3, 1, 2]);
        assert_eq!(plan(&[], 100), []);
        assert_eq!(plan(&[segment(1, 5, 5), segment(2, 0, 0)], 100), []);
    }
}
