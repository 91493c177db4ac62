//! `SubscriptionService`: checkpoints, transactions and events as they come.
//!
//! Clients pull: a slow one reads older checkpoints from the store later, nothing queues for it. The
//! number of subscriptions is bounded.

use std::{collections::VecDeque, sync::Arc};

use sui_rpc::{
    field::FieldMaskTree,
    proto::sui::rpc::v2::{
        self as proto, Watermark, subscription_service_server::SubscriptionService,
    },
};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Code, Request, Response, Status, codegen::BoxStream};

use super::{
    cursor::{Cursors, Position},
    error::{RpcError, RpcResult},
    filter::{EventFilter, TransactionFilter},
    ledger::transaction_mask,
    limits::Limits,
    list, parse,
    service::{self, Rpc},
};
use crate::{CheckpointData, Subscription};

#[tonic::async_trait]
impl SubscriptionService for Rpc {
    async fn subscribe_checkpoints(
        &self,
        request: Request<proto::SubscribeCheckpointsRequest>,
    ) -> Result<Response<BoxStream<proto::SubscribeCheckpointsResponse>>, Status> {
        let request = request.into_inner();
        let kind = Checkpoints {
            filter: TransactionFilter::parse(request.filter.as_ref())?,
            mask: parse::mask::<proto::Checkpoint>(
                request.read_mask.as_ref(),
                "sequence_number,digest",
            )?,
        };
        Ok(Response::new(follow(self, kind).await?))
    }

    async fn subscribe_transactions(
        &self,
        request: Request<proto::SubscribeTransactionsRequest>,
    ) -> Result<Response<BoxStream<proto::SubscribeTransactionsResponse>>, Status> {
        let request = request.into_inner();
        let kind = Transactions {
            filter: TransactionFilter::parse(request.filter.as_ref())?,
            mask: transaction_mask(request.read_mask.as_ref())?,
        };
        Ok(Response::new(follow(self, kind).await?))
    }

    async fn subscribe_events(
        &self,
        request: Request<proto::SubscribeEventsRequest>,
    ) -> Result<Response<BoxStream<proto::SubscribeEventsResponse>>, Status> {
        let request = request.into_inner();
        let kind = Events {
            filter: EventFilter::parse(request.filter.as_ref())?,
            mask: parse::mask::<proto::Event>(request.read_mask.as_ref(), list::EVENT_DEFAULT)?,
        };
        Ok(Response::new(follow(self, kind).await?))
    }
}

/// What a subscription yields.
trait Kind: Send + Sync + 'static {
    type Frame: Send + 'static;
    const CURSORS: &'static str;

    /// Whether frames without item occur.
    fn is_filtered(&self) -> bool;

    /// The frames of a checkpoint that have an item.
    fn frames(
        &self,
        reader: &crate::Reader,
        data: &CheckpointData,
        cursors: &Cursors,
    ) -> RpcResult<VecDeque<Self::Frame>>;

    /// A frame that tells that all up to a checkpoint is covered. `end` is the position of the first
    /// transaction after it.
    fn progress(&self, checkpoint: u64, end: u64, cursors: &Cursors) -> Self::Frame;
}

struct Checkpoints {
    filter: TransactionFilter,
    mask: FieldMaskTree,
}

struct Transactions {
    filter: TransactionFilter,
    mask: FieldMaskTree,
}

struct Events {
    filter: EventFilter,
    mask: FieldMaskTree,
}

struct Follower<K: Kind> {
    rpc: Rpc,
    kind: Arc<K>,
    cursors: Cursors,
    subscription: Subscription,
    ready: VecDeque<K::Frame>,
    /// Checkpoints since the last frame.
    quiet: u64,
    _permit: OwnedSemaphorePermit,
}

/// Starts a stream with the latest checkpoint.
async fn follow<K: Kind>(rpc: &Rpc, kind: K) -> RpcResult<BoxStream<K::Frame>> {
    let permit = Arc::clone(&rpc.subscriptions)
        .try_acquire_owned()
        .map_err(|_| {
            RpcError::new(
                Code::ResourceExhausted,
                format!(
                    "{} subscriptions are open, no more are served",
                    Limits::SUBSCRIPTIONS_MAX
                ),
            )
        })?;
    let (chain, latest) = rpc
        .read(|reader| Ok((reader.chain_id(), reader.head().sequence_number)))
        .await?;
    let follower = Follower {
        rpc: rpc.clone(),
        cursors: Cursors::new(chain, K::CURSORS),
        subscription: rpc.handle.subscribe_from(latest),
        ready: VecDeque::new(),
        // The first frame of a filtered stream tells where it starts.
        quiet: if kind.is_filtered() {
            Limits::PROGRESS_CHECKPOINTS
        } else {
            0
        },
        kind: Arc::new(kind),
        _permit: permit,
    };
    Ok(Box::pin(futures::stream::unfold(Some(follower), pull)))
}

async fn pull<K: Kind>(
    follower: Option<Follower<K>>,
) -> Option<(Result<K::Frame, Status>, Option<Follower<K>>)> {
    let mut follower = follower?;
    loop {
        if let Some(frame) = follower.ready.pop_front() {
            return Some((Ok(frame), Some(follower)));
        }
        if let Err(error) = follower.advance().await {
            return Some((Err(error.into()), None));
        }
    }
}

impl<K: Kind> Follower<K> {
    /// Waits for a checkpoint and makes its frames.
    async fn advance(&mut self) -> RpcResult<()> {
        let data = self
            .subscription
            .next()
            .await?
            .ok_or_else(|| RpcError::new(Code::Unavailable, "the node is stopping"))?;
        let (kind, cursors) = (Arc::clone(&self.kind), self.cursors.clone());
        let (checkpoint, end) = (
            data.record.sequence_number(),
            data.record.transactions_end(),
        );
        self.ready = self
            .rpc
            .read(move |reader| kind.frames(reader, &data, &cursors))
            .await?;
        self.quiet = self.quiet.saturating_add(1);
        let starts = self.quiet > Limits::PROGRESS_CHECKPOINTS;
        if self.kind.is_filtered() && (starts || !self.ready.is_empty()) {
            let progress = self.kind.progress(checkpoint, end, &self.cursors);
            self.ready.push_back(progress);
        }
        if !self.ready.is_empty() {
            self.quiet = 0;
        }
        Ok(())
    }
}

/// The watermark of an item in transaction `sequence` of a checkpoint: only its last item covers
/// the checkpoint itself.
fn watermark(
    cursors: &Cursors,
    data: &CheckpointData,
    position: Position,
    is_last: bool,
) -> Watermark {
    let number = data.record.sequence_number();
    let covered = if is_last {
        Some(number)
    } else {
        number.checked_sub(1)
    };
    cursors.watermark(position, covered)
}

impl Kind for Checkpoints {
    type Frame = proto::SubscribeCheckpointsResponse;
    const CURSORS: &'static str = list::CHECKPOINTS;

    fn is_filtered(&self) -> bool {
        !self.filter.is_everything()
    }

    fn frames(
        &self,
        reader: &crate::Reader,
        data: &CheckpointData,
        _: &Cursors,
    ) -> RpcResult<VecDeque<Self::Frame>> {
        let mut transactions = data.transactions.iter();
        if !transactions.any(|executed| self.filter.matches_transaction(executed)) {
            return Ok(VecDeque::new());
        }
        let mut frame = Self::Frame::default();
        frame.cursor = Some(data.record.sequence_number());
        frame.checkpoint = Some(service::checkpoint_message(reader, data, &self.mask)?);
        Ok(VecDeque::from([frame]))
    }

    fn progress(&self, checkpoint: u64, _: u64, _: &Cursors) -> Self::Frame {
        let mut frame = Self::Frame::default();
        frame.cursor = Some(checkpoint);
        frame
    }
}

impl Kind for Transactions {
    type Frame = proto::SubscribeTransactionsResponse;
    const CURSORS: &'static str = list::TRANSACTIONS;

    fn is_filtered(&self) -> bool {
        !self.filter.is_everything()
    }

    fn frames(
        &self,
        reader: &crate::Reader,
        data: &CheckpointData,
        cursors: &Cursors,
    ) -> RpcResult<VecDeque<Self::Frame>> {
        let end = data.record.transactions_end();
        let matching = data
            .transactions
            .iter()
            .filter(|executed| self.filter.matches_transaction(executed));
        matching
            .map(|executed| {
                let is_last = executed.sequence.saturating_add(1) == end;
                let position = Position::new(executed.sequence, 0);
                let mut frame = Self::Frame::default();
                frame.watermark = Some(watermark(cursors, data, position, is_last));
                frame.transaction = Some(service::transaction(reader, executed, &self.mask)?);
                Ok(frame)
            })
            .collect()
    }

    fn progress(&self, checkpoint: u64, end: u64, cursors: &Cursors) -> Self::Frame {
        let position = Position::new(end, 0).previous();
        let mut frame = Self::Frame::default();
        frame.watermark = Some(cursors.watermark(position, Some(checkpoint)));
        frame
    }
}

impl Kind for Events {
    type Frame = proto::SubscribeEventsResponse;
    const CURSORS: &'static str = list::EVENTS;

    /// Checkpoints without events are common, so that progress is always told.
    fn is_filtered(&self) -> bool {
        true
    }

    fn frames(
        &self,
        _: &crate::Reader,
        data: &CheckpointData,
        cursors: &Cursors,
    ) -> RpcResult<VecDeque<Self::Frame>> {
        let first = data.record.first_transaction;
        let mut frames = VecDeque::new();
        for executed in &data.transactions {
            let events = list::matching_events(executed, first, &self.filter, &self.mask);
            for (index, event) in events {
                let position = Position::new(executed.sequence, index);
                let mut frame = Self::Frame::default();
                frame.watermark = Some(watermark(cursors, data, position, false));
                frame.event = Some(event);
                frames.push_back(frame);
            }
        }
        Ok(frames)
    }

    fn progress(&self, checkpoint: u64, end: u64, cursors: &Cursors) -> Self::Frame {
        let position = Position::new(end, 0).previous();
        let mut frame = Self::Frame::default();
        frame.watermark = Some(cursors.watermark(position, Some(checkpoint)));
        frame
    }
}
