//! Ledger streams: checkpoints, transactions and events of the past, by filter and cursor.
//!
//! A stream is a scan over units (transactions of the chain, or checkpoints) that the client pulls:
//! nothing is read ahead of what it takes, and snapshots are not held between.

mod scan;
mod targets;

use std::collections::VecDeque;

use sui_rpc::{
    field::FieldMaskTree,
    proto::sui::rpc::v2::{self as proto, Ordering, QueryEndReason, QueryOptions},
};
use tonic::{Status, codegen::BoxStream};

pub(crate) use self::targets::matching_events;
use self::{
    scan::Scan,
    targets::{Checkpoints, Events, Target, Transactions},
};
use super::{
    cursor::{Cursors, Position},
    error::{RpcError, RpcResult},
    filter::{EventFilter, TransactionFilter},
    limits::Limits,
    service::Rpc,
};
use crate::Reader;

/// Fields of an event unless the client says.
pub(crate) const EVENT_DEFAULT: &str = "package_id,module,sender,event_type";
/// Kind of cursors of transactions.
pub(crate) const TRANSACTIONS: &str = "transactions";
/// Kind of cursors of events.
pub(crate) const EVENTS: &str = "events";
/// Kind of cursors of checkpoints.
pub(crate) const CHECKPOINTS: &str = "checkpoints";

/// The interval of positions that a query covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    lower: Position,
    lower_reason: QueryEndReason,
    /// Exclusive.
    upper: Position,
    upper_reason: QueryEndReason,
    /// The checkpoint that is covered when the scan gets to its end.
    covered_at_end: Option<u64>,
}

/// What a client asks for, apart from filter and mask.
#[derive(Clone, Debug)]
struct Query {
    start_checkpoint: Option<u64>,
    end_checkpoint: Option<u64>,
    options: QueryOptions,
}

impl Query {
    fn new(start: Option<u64>, end: Option<u64>, options: Option<&QueryOptions>) -> Self {
        Self {
            start_checkpoint: start,
            end_checkpoint: end,
            options: options.cloned().unwrap_or_default(),
        }
    }

    fn limit(&self) -> usize {
        let asked = self.options.limit.filter(|limit| *limit > 0);
        asked
            .and_then(|limit| usize::try_from(limit).ok())
            .map_or(Limits::STREAM_ITEMS_DEFAULT, |limit| {
                limit.min(Limits::STREAM_ITEMS_MAX)
            })
    }

    fn is_descending(&self) -> RpcResult<bool> {
        match Ordering::try_from(self.options.ordering.unwrap_or(0)) {
            Ok(Ordering::Ascending) => Ok(false),
            Ok(Ordering::Descending) => Ok(true),
            _ => Err(RpcError::invalid("options.ordering", "unknown")),
        }
    }

    fn interval<T: Target>(&self, reader: &Reader, cursors: &Cursors) -> RpcResult<Interval> {
        let (lower, lower_reason) = self.lower::<T>(reader, cursors)?;
        let (upper, upper_reason) = self.upper::<T>(reader, cursors)?;
        let start = self.start_checkpoint.unwrap_or(0);
        let is_kept = start >= reader.lowest_checkpoint();
        let covered_at_end = match (self.is_descending()?, lower_reason, upper_reason) {
            _ if lower >= upper => None,
            (false, _, QueryEndReason::LedgerTip) => Some(reader.head().sequence_number),
            (false, _, QueryEndReason::CheckpointBound) => {
                self.end_checkpoint.and_then(|end| end.checked_sub(1))
            }
            (true, QueryEndReason::CheckpointBound, _) if is_kept => Some(start),
            _ => None,
        };
        Ok(Interval {
            lower,
            lower_reason,
            upper,
            upper_reason,
            covered_at_end,
        })
    }

    /// The first position, and what sets it.
    fn lower<T: Target>(
        &self,
        reader: &Reader,
        cursors: &Cursors,
    ) -> RpcResult<(Position, QueryEndReason)> {
        let start = self.start_checkpoint.unwrap_or(0);
        let first = T::first_unit(reader, start.max(reader.lowest_checkpoint()))?;
        let bound = (Position::new(first, 0), QueryEndReason::CheckpointBound);
        let Some(after) = &self.options.after else {
            return Ok(bound);
        };
        let after = cursors.read("options.after", after)?.next();
        Ok(if after > bound.0 {
            (after, QueryEndReason::CursorBound)
        } else {
            bound
        })
    }

    /// The position after the last one, and what sets it.
    fn upper<T: Target>(
        &self,
        reader: &Reader,
        cursors: &Cursors,
    ) -> RpcResult<(Position, QueryEndReason)> {
        let tip = reader.head().sequence_number.saturating_add(1);
        let (end, reason) = match self.end_checkpoint.filter(|end| *end <= tip) {
            Some(end) => (end, QueryEndReason::CheckpointBound),
            None => (tip, QueryEndReason::LedgerTip),
        };
        let bound = (Position::new(T::first_unit(reader, end)?, 0), reason);
        let Some(before) = &self.options.before else {
            return Ok(bound);
        };
        let before = cursors.read("options.before", before)?;
        Ok(if before < bound.0 {
            (before, QueryEndReason::CursorBound)
        } else {
            bound
        })
    }
}

/// `ListTransactions`.
pub(crate) async fn transactions(
    rpc: &Rpc,
    request: &proto::ListTransactionsRequest,
    mask: FieldMaskTree,
) -> RpcResult<BoxStream<proto::ListTransactionsResponse>> {
    let target = Transactions {
        filter: TransactionFilter::parse(request.filter.as_ref())?,
        mask,
    };
    let options = request.options.as_ref();
    let query = Query::new(request.start_checkpoint, request.end_checkpoint, options);
    stream(rpc, target, query).await
}

/// `ListEvents`.
pub(crate) async fn events(
    rpc: &Rpc,
    request: &proto::ListEventsRequest,
    mask: FieldMaskTree,
) -> RpcResult<BoxStream<proto::ListEventsResponse>> {
    let target = Events {
        filter: EventFilter::parse(request.filter.as_ref())?,
        mask,
    };
    let options = request.options.as_ref();
    let query = Query::new(request.start_checkpoint, request.end_checkpoint, options);
    stream(rpc, target, query).await
}

/// `ListCheckpoints`.
pub(crate) async fn checkpoints(
    rpc: &Rpc,
    request: &proto::ListCheckpointsRequest,
    mask: FieldMaskTree,
) -> RpcResult<BoxStream<proto::ListCheckpointsResponse>> {
    let target = Checkpoints {
        filter: TransactionFilter::parse(request.filter.as_ref())?,
        mask,
    };
    let options = request.options.as_ref();
    let query = Query::new(request.start_checkpoint, request.end_checkpoint, options);
    stream(rpc, target, query).await
}

async fn stream<T: Target>(
    rpc: &Rpc,
    target: T,
    query: Query,
) -> RpcResult<BoxStream<T::Response>> {
    let descending = query.is_descending()?;
    let limit = query.limit();
    let scan = rpc
        .read(move |reader| {
            let cursors = Cursors::new(reader.chain_id(), T::CURSORS);
            let interval = query.interval::<T>(reader, &cursors)?;
            Ok(Scan::new(target, cursors, interval, descending, limit))
        })
        .await?;
    let state = Some((rpc.clone(), scan, VecDeque::new()));
    Ok(Box::pin(futures::stream::unfold(state, pull)))
}

type State<T> = (Rpc, Scan<T>, VecDeque<<T as Target>::Response>);

/// The next frame: from what was read already, or after reading on.
async fn pull<T: Target>(
    state: Option<State<T>>,
) -> Option<(Result<T::Response, Status>, Option<State<T>>)> {
    let (rpc, mut scan, mut ready) = state?;
    loop {
        if let Some(frame) = ready.pop_front() {
            return Some((Ok(frame), Some((rpc, scan, ready))));
        }
        if scan.is_done() {
            return None;
        }
        let step = rpc.read(move |reader| {
            let mut frames = VecDeque::new();
            scan.step(reader, &mut frames)?;
            Ok((scan, frames))
        });
        match step.await {
            Ok(next) => (scan, ready) = next,
            Err(error) => return Some((Err(error.into()), None)),
        }
    }
}
