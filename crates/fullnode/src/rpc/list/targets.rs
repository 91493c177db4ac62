//! What a scan looks for.

use std::sync::Arc;

use sui_rpc::{
    field::FieldMaskTree,
    proto::sui::rpc::v2::{self as proto, QueryEnd, Watermark},
};

use super::{CHECKPOINTS, EVENTS, TRANSACTIONS};
use crate::{
    CheckpointRecord, Executed, Reader,
    rpc::{
        error::RpcResult,
        filter::{EventFilter, TransactionFilter},
        render::{self, events::EventPlace},
        service,
    },
};

/// One unit of the ledger, looked at.
#[derive(Debug)]
pub(crate) struct Scanned<I> {
    /// Its checkpoint.
    pub(crate) checkpoint: u64,
    /// Whether it is the first unit of the checkpoint.
    pub(crate) is_first: bool,
    /// Whether it is the last unit of the checkpoint.
    pub(crate) is_last: bool,
    /// What was found in it, by index.
    pub(crate) items: Vec<(u32, I)>,
}

/// A kind of item in the ledger.
pub(crate) trait Target: Send + Sync + 'static {
    /// The message of an item.
    type Item: Send;
    /// A frame of the stream.
    type Response: Send + 'static;
    /// Kind of its cursors.
    const CURSORS: &'static str;

    /// The first unit of a checkpoint; after the last unit for the checkpoint after the last one.
    fn first_unit(reader: &Reader, checkpoint: u64) -> RpcResult<u64>;

    /// Looks at a unit; `None` if it is no longer kept. `place` remembers the checkpoint of the unit
    /// before.
    fn scan(
        &self,
        reader: &Reader,
        unit: u64,
        place: &mut Option<CheckpointRecord>,
    ) -> RpcResult<Option<Scanned<Self::Item>>>;

    /// A frame.
    fn frame(item: Option<Self::Item>, mark: Watermark, end: Option<QueryEnd>) -> Self::Response;
}

#[derive(Debug)]
pub(crate) struct Transactions {
    pub(crate) filter: TransactionFilter,
    pub(crate) mask: FieldMaskTree,
}

#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) filter: EventFilter,
    pub(crate) mask: FieldMaskTree,
}

#[derive(Debug)]
pub(crate) struct Checkpoints {
    pub(crate) filter: TransactionFilter,
    pub(crate) mask: FieldMaskTree,
}

fn first_transaction(reader: &Reader, checkpoint: u64) -> RpcResult<u64> {
    match reader.checkpoint(checkpoint)? {
        Some(record) => Ok(record.first_transaction),
        None => Ok(reader.head().total_transactions),
    }
}

/// A transaction and where it stands; `None` if it is no longer kept.
fn transaction_at<I>(
    reader: &Reader,
    unit: u64,
    place: &mut Option<CheckpointRecord>,
    items: impl FnOnce(&Executed, &CheckpointRecord) -> RpcResult<Vec<(u32, I)>>,
) -> RpcResult<Option<Scanned<I>>> {
    let Some(executed) = reader.transaction_at(unit)? else {
        return Ok(None);
    };
    if place.as_ref().map(CheckpointRecord::sequence_number) != Some(executed.checkpoint) {
        *place = reader.checkpoint(executed.checkpoint)?;
    }
    let Some(record) = place else {
        return Ok(None);
    };
    Ok(Some(Scanned {
        checkpoint: executed.checkpoint,
        is_first: unit == record.first_transaction,
        is_last: unit.saturating_add(1) == record.transactions_end(),
        items: items(&executed, record)?,
    }))
}

impl Target for Transactions {
    type Item = proto::ExecutedTransaction;
    type Response = proto::ListTransactionsResponse;
    const CURSORS: &'static str = TRANSACTIONS;

    fn first_unit(reader: &Reader, checkpoint: u64) -> RpcResult<u64> {
        first_transaction(reader, checkpoint)
    }

    fn scan(
        &self,
        reader: &Reader,
        unit: u64,
        place: &mut Option<CheckpointRecord>,
    ) -> RpcResult<Option<Scanned<Self::Item>>> {
        transaction_at(reader, unit, place, |executed, _| {
            if !self.filter.matches_transaction(executed) {
                return Ok(Vec::new());
            }
            let message = service::transaction(reader, executed, &self.mask)?;
            Ok(vec![(0, message)])
        })
    }

    fn frame(item: Option<Self::Item>, mark: Watermark, end: Option<QueryEnd>) -> Self::Response {
        let mut frame = Self::Response::default();
        frame.transaction = item;
        frame.watermark = Some(mark);
        frame.end = end;
        frame
    }
}

impl Target for Events {
    type Item = proto::Event;
    type Response = proto::ListEventsResponse;
    const CURSORS: &'static str = EVENTS;

    fn first_unit(reader: &Reader, checkpoint: u64) -> RpcResult<u64> {
        first_transaction(reader, checkpoint)
    }

    fn scan(
        &self,
        reader: &Reader,
        unit: u64,
        place: &mut Option<CheckpointRecord>,
    ) -> RpcResult<Option<Scanned<Self::Item>>> {
        transaction_at(reader, unit, place, |executed, record| {
            Ok(matching_events(
                executed,
                record.first_transaction,
                &self.filter,
                &self.mask,
            ))
        })
    }

    fn frame(item: Option<Self::Item>, mark: Watermark, end: Option<QueryEnd>) -> Self::Response {
        let mut frame = Self::Response::default();
        frame.event = item;
        frame.watermark = Some(mark);
        frame.end = end;
        frame
    }
}

/// The events of a transaction that match, by index.
pub(crate) fn matching_events(
    executed: &Executed,
    first_transaction: u64,
    filter: &EventFilter,
    mask: &FieldMaskTree,
) -> Vec<(u32, proto::Event)> {
    let events = executed.events.iter().flat_map(|events| &events.0);
    (0..)
        .zip(events)
        .filter(|(_, event)| filter.matches_event(event))
        .map(|(event_index, event)| {
            let place = EventPlace {
                transaction: executed.digest,
                checkpoint: Some(executed.checkpoint),
                transaction_index: Some(executed.sequence.saturating_sub(first_transaction)),
                event_index,
            };
            (event_index, render::events::event(event, place, mask))
        })
        .collect()
}

impl Target for Checkpoints {
    type Item = proto::Checkpoint;
    type Response = proto::ListCheckpointsResponse;
    const CURSORS: &'static str = CHECKPOINTS;

    fn first_unit(_: &Reader, checkpoint: u64) -> RpcResult<u64> {
        Ok(checkpoint)
    }

    fn scan(
        &self,
        reader: &Reader,
        unit: u64,
        _: &mut Option<CheckpointRecord>,
    ) -> RpcResult<Option<Scanned<Self::Item>>> {
        let scanned = |items| {
            Some(Scanned {
                checkpoint: unit,
                is_first: true,
                is_last: true,
                items,
            })
        };
        let is_header = !render::checkpoint::needs_transactions(&self.mask);
        if is_header && self.filter.is_everything() {
            let Some(record) = reader.checkpoint(unit)? else {
                return Ok(None);
            };
            let message = render::checkpoint::header(&record, &self.mask);
            return Ok(scanned(vec![(0, message)]));
        }
        let Some(data) = reader.checkpoint_data(unit)? else {
            return Ok(None);
        };
        let mut transactions = data.transactions.iter().map(Arc::as_ref);
        if !transactions.any(|executed| self.filter.matches_transaction(executed)) {
            return Ok(scanned(Vec::new()));
        }
        let message = service::checkpoint_message(reader, &data, &self.mask)?;
        Ok(scanned(vec![(0, message)]))
    }

    fn frame(item: Option<Self::Item>, mark: Watermark, end: Option<QueryEnd>) -> Self::Response {
        let mut frame = Self::Response::default();
        frame.checkpoint = item;
        frame.watermark = Some(mark);
        frame.end = end;
        frame
    }
}
