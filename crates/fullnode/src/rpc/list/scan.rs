//! One pass over an interval of the ledger.

use std::collections::VecDeque;

use sui_rpc::proto::sui::rpc::v2::{QueryEnd, QueryEndReason};

use super::{
    Interval,
    targets::{Scanned, Target},
};
use crate::{
    CheckpointRecord, Reader,
    rpc::{
        cursor::{Cursors, Position},
        error::RpcResult,
        limits::Limits,
    },
};

/// Units looked at in one step.
const STEP_UNITS: u64 = 64;

/// The state of a pass.
#[derive(Debug)]
pub(crate) struct Scan<T> {
    target: T,
    cursors: Cursors,
    interval: Interval,
    descending: bool,
    items_left: usize,
    units_left: u64,
    /// Next unit to look at; `None` when all have been.
    next: Option<u64>,
    /// Checkpoint of the first unit looked at.
    first_checkpoint: Option<u64>,
    covered: Option<u64>,
    place: Option<CheckpointRecord>,
    done: bool,
}

impl<T: Target> Scan<T> {
    pub(crate) fn new(
        target: T,
        cursors: Cursors,
        interval: Interval,
        descending: bool,
        limit: usize,
    ) -> Self {
        let next = if interval.lower >= interval.upper {
            None
        } else if descending {
            Some(interval.upper.previous().unit)
        } else {
            Some(interval.lower.unit)
        };
        Self {
            target,
            cursors,
            interval,
            descending,
            items_left: limit,
            units_left: Limits::SCAN_UNITS_MAX,
            next,
            first_checkpoint: None,
            covered: None,
            place: None,
            done: false,
        }
    }

    /// Whether the final frame was made.
    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    /// Looks at the next units and adds frames. Stops early when there is an item, so that a slow
    /// client is not read ahead of.
    pub(crate) fn step(
        &mut self,
        reader: &Reader,
        frames: &mut VecDeque<T::Response>,
    ) -> RpcResult<()> {
        for _ in 0..STEP_UNITS {
            let Some(unit) = self.next else {
                frames.push_back(self.end_of_interval());
                return Ok(());
            };
            let Some(units_left) = self.units_left.checked_sub(1) else {
                let position = self.frontier(unit);
                frames.push_back(self.end(position, QueryEndReason::ScanLimit));
                return Ok(());
            };
            self.units_left = units_left;
            self.next = self.after(unit);
            let Some(scanned) = self.target.scan(reader, unit, &mut self.place)? else {
                continue;
            };
            self.take(unit, scanned, frames);
            if self.done || !frames.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The unit after this one in scan order, if it is still in the interval.
    fn after(&self, unit: u64) -> Option<u64> {
        if self.descending {
            unit.checked_sub(1)
                .filter(|unit| *unit >= self.interval.lower.unit)
        } else {
            unit.checked_add(1)
                .filter(|unit| Position::new(*unit, 0) < self.interval.upper)
        }
    }

    fn take(&mut self, unit: u64, scanned: Scanned<T::Item>, frames: &mut VecDeque<T::Response>) {
        let first = *self.first_checkpoint.get_or_insert(scanned.checkpoint);
        let before = if self.descending {
            scanned
                .checkpoint
                .checked_add(1)
                .filter(|next| *next <= first)
        } else {
            scanned
                .checkpoint
                .checked_sub(1)
                .filter(|next| *next >= first)
        };
        self.cover(before);
        let ends_checkpoint = if self.descending {
            scanned.is_first
        } else {
            scanned.is_last
        };
        let (lower, upper) = (self.interval.lower, self.interval.upper);
        let mut items: VecDeque<_> = scanned
            .items
            .into_iter()
            .map(|(index, item)| (Position::new(unit, index), item))
            .filter(|(position, _)| *position >= lower && *position < upper)
            .collect();
        if self.descending {
            items.make_contiguous().reverse();
        }
        while let Some((position, item)) = items.pop_front() {
            if items.is_empty() && ends_checkpoint {
                self.cover(Some(scanned.checkpoint));
            }
            self.items_left = self.items_left.saturating_sub(1);
            self.done = self.items_left == 0;
            let end = self.done.then(|| end_message(QueryEndReason::ItemLimit));
            let mark = self.cursors.watermark(position, self.covered);
            frames.push_back(T::frame(Some(item), mark, end));
            if self.done {
                return;
            }
        }
        if ends_checkpoint {
            self.cover(Some(scanned.checkpoint));
        }
    }

    /// Coverage never goes back.
    fn cover(&mut self, checkpoint: Option<u64>) {
        self.covered = match (self.covered, checkpoint) {
            (Some(old), Some(new)) if self.descending => Some(old.min(new)),
            (Some(old), Some(new)) => Some(old.max(new)),
            (old, new) => old.or(new),
        };
    }

    /// The last position before `unit` in scan order.
    fn frontier(&self, unit: u64) -> Position {
        if self.descending {
            Position::new(unit, u32::MAX).next()
        } else {
            Position::new(unit, 0).previous()
        }
    }

    fn end_of_interval(&mut self) -> T::Response {
        self.cover(self.interval.covered_at_end);
        if self.descending {
            self.end(self.interval.lower, self.interval.lower_reason)
        } else {
            let last = self.interval.upper.previous();
            self.end(last, self.interval.upper_reason)
        }
    }

    fn end(&mut self, position: Position, reason: QueryEndReason) -> T::Response {
        self.done = true;
        let mark = self.cursors.watermark(position, self.covered);
        T::frame(None, mark, Some(end_message(reason)))
    }
}

fn end_message(reason: QueryEndReason) -> QueryEnd {
    let mut end = QueryEnd::default();
    end.set_reason(reason);
    end
}
