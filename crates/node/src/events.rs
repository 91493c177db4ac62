//! Following the chain: each block changes the store in one transaction, with the place of the next.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use floe_core::onchain::events::ContractEvent;
use floe_core::{Epoch, EventId, ShardIndex};
use floe_env::Moment;
use floe_storage::{Cursor, Effect, NodeState, StoreError, Transaction};
use tokio_util::sync::CancellationToken;

use crate::chain::{Block, ChainError, EventSource};
use crate::error::ServiceError;
use crate::notices;
use crate::shards;
use crate::shared::Shared;

/// Pause before the chain is asked again after a failure.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Objects that expire in one transaction.
const EXPIRE_BATCH: usize = 1000;
/// Blobs collected in one transaction.
const COLLECT_BATCH: usize = 200;
/// Blocks without events after which the place in the chain is noted all the same.
const QUIET_BLOCKS_MAX: u32 = 60;

/// What follows from the events of a block, after the store has them.
#[derive(Debug, Default)]
struct Consequences {
    /// Something of a blob is missing.
    recover: bool,
    /// An epoch began.
    epoch: Option<Epoch>,
    /// The committees changed in some way.
    committees: bool,
    gone: Vec<floe_core::BlobId>,
    events: u64,
}

/// Follows the chain until shutdown.
#[derive(Debug)]
pub(crate) struct Follower {
    shared: Arc<Shared>,
    source: Box<dyn EventSource>,
    next_index: u64,
    quiet_blocks: u32,
    /// Since when the full node could not be read.
    away_since: Option<Moment>,
}

impl Follower {
    /// Goes on where the store is.
    pub(crate) fn new(shared: Arc<Shared>, cursor: &Cursor) -> Result<Self, ChainError> {
        let position = &cursor.position;
        let position = (!position.is_empty()).then_some(position.as_slice());
        Ok(Self {
            source: shared.chain.follow(position)?,
            next_index: cursor.next_index,
            quiet_blocks: 0,
            away_since: None,
            shared,
        })
    }

    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), ServiceError> {
        loop {
            let block = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                block = self.source.next() => block,
            };
            match block {
                Ok(block) => {
                    self.is_back();
                    self.apply(block, &shutdown).await?;
                }
                Err(error) if error.is_retryable => {
                    let now = self.shared.env.clock.monotonic();
                    self.away_since.get_or_insert(now);
                    if self.shared.chain_trouble.is_due(now) {
                        tracing::warn!(%error, "the full node can't be read: trying on");
                    }
                    tokio::select! {
                        biased;
                        () = shutdown.cancelled() => return Ok(()),
                        () = self.shared.env.clock.sleep(RETRY_PAUSE) => {}
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The full node answers.
    fn is_back(&mut self) {
        if let Some(since) = self.away_since.take() {
            let away = self.shared.env.clock.monotonic().since(since);
            tracing::info!(away_seconds = away.as_secs(), "the full node is back");
            self.shared.chain_trouble.reset();
        }
    }

    async fn apply(
        &mut self,
        block: Block,
        shutdown: &CancellationToken,
    ) -> Result<(), ServiceError> {
        let Block {
            checkpoint,
            time,
            tip,
            events,
            position,
        } = block;
        self.shared
            .chain_time_ms
            .fetch_max(time.0, Ordering::Relaxed);
        self.shared
            .seen_checkpoint(tip.unwrap_or(checkpoint).max(checkpoint));
        let first = self.next_index;
        // The end of a checkpoint takes an index as well (`docs/spec/node.md` §2.2).
        self.next_index = first + events.len() as u64 + 1;
        self.quiet_blocks += 1;
        if events.is_empty() && self.quiet_blocks < QUIET_BLOCKS_MAX {
            self.shared.next_event.send_replace(self.next_index);
            return Ok(());
        }
        self.quiet_blocks = 0;
        let cursor = Cursor {
            next_index: self.next_index,
            position,
        };
        let (_, shards) = self.shared.owned();
        let before = shards.clone();
        let applied = self.shared.io(move |shared| {
            shared.store.transaction(|transaction| {
                apply_block(transaction, first, &events, &shards, &cursor)
            })
        });
        let consequences = applied.await?;
        self.shared.metrics.events.inc_by(consequences.events);
        if consequences.committees {
            refresh_view(&self.shared, consequences.epoch, shutdown).await;
            shards::reconcile(&self.shared).await?;
            if let Some(epoch) = consequences.epoch {
                notices::epoch_began(&self.shared, epoch, &before);
            }
        }
        for blob_id in &consequences.gone {
            self.shared.metadata.remove(blob_id);
        }
        if let Some(epoch) = consequences.epoch {
            collect_garbage(&self.shared, epoch).await?;
        }
        self.shared.metrics.next_event.set(self.next_index);
        self.shared.next_event.send_replace(self.next_index);
        if consequences.recover {
            self.shared.recovery_wanted.notify_one();
        }
        Ok(())
    }
}

/// Reads the committees again; after the start of an epoch, until they are those of that epoch.
async fn refresh_view(shared: &Shared, epoch: Option<Epoch>, shutdown: &CancellationToken) {
    loop {
        match shared.chain.view().await {
            Ok(view) => {
                let is_late = epoch.is_some_and(|epoch| view.epoch < epoch);
                if view.epoch >= shared.epoch() {
                    shared.metrics.epoch.set(view.epoch.0.into());
                    shared.view.send_replace(Arc::new(view));
                }
                if !is_late {
                    return;
                }
            }
            Err(error) => {
                if shared.chain_trouble.is_due(shared.env.clock.monotonic()) {
                    tracing::warn!(%error, "the committees can't be read: trying on");
                }
            }
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = shared.env.clock.sleep(RETRY_PAUSE) => {}
        }
    }
}

/// Changes the store by the events of a block.
fn apply_block(
    transaction: &mut Transaction,
    first: u64,
    events: &[(EventId, ContractEvent)],
    shards: &[ShardIndex],
    cursor: &Cursor,
) -> Result<Consequences, StoreError> {
    let mut consequences = Consequences::default();
    for (index, (id, event)) in (first..).zip(events) {
        let effect = transaction.apply(index, *id, event)?;
        if effect == Effect::Old {
            continue;
        }
        consequences.events += 1;
        match effect {
            Effect::Certified(blob_id) => {
                let slivers = Shared::sliver_keys(&blob_id, shards);
                if transaction.is_incomplete(&blob_id, slivers)? {
                    transaction.want_recovery(&blob_id, index)?;
                    consequences.recover = true;
                }
            }
            Effect::Invalidated(blob_id) => {
                transaction.delete_data(&blob_id)?;
                consequences.gone.push(blob_id);
            }
            _ => {}
        }
        match event {
            ContractEvent::EpochChangeStart(event) => {
                consequences.epoch = Some(event.epoch);
                consequences.committees = true;
                transaction.set_node_state(&NodeState {
                    event_epoch: Some(event.epoch),
                    ..transaction.node_state()?
                })?;
            }
            ContractEvent::EpochChangeDone(_) => consequences.committees = true,
            ContractEvent::ProtocolVersionUpdated(event) => {
                tracing::error!(
                    version = event.protocol_version,
                    from_epoch = %event.start_epoch,
                    "the protocol changes: upgrade this node"
                );
            }
            _ => {}
        }
    }
    transaction.set_cursor(cursor)?;
    Ok(consequences)
}

/// Collects what was to be collected when the node stopped.
pub(crate) async fn finish_garbage(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let state = shared.io(|shared| shared.store.node_state()).await?;
    match state.event_epoch {
        Some(epoch) if state.collected_epoch < Some(epoch) => collect_garbage(shared, epoch).await,
        _ => Ok(()),
    }
}

/// Lets objects expire, and removes what nobody pays for in `epoch`.
async fn collect_garbage(shared: &Arc<Shared>, epoch: Epoch) -> Result<(), StoreError> {
    let expire = move |transaction: &mut Transaction| transaction.expire(epoch, EXPIRE_BATCH);
    while shared
        .io(move |shared| shared.store.transaction(expire))
        .await?
        == EXPIRE_BATCH
    {}
    let collect = move |transaction: &mut Transaction| transaction.collect(epoch, COLLECT_BATCH);
    while shared
        .io(move |shared| shared.store.transaction(collect))
        .await?
        == COLLECT_BATCH
    {}
    let finish = move |transaction: &mut Transaction| {
        let state = transaction.node_state()?;
        transaction.set_node_state(&NodeState {
            collected_epoch: Some(epoch),
            ..state
        })
    };
    shared
        .io(move |shared| {
            shared.store.transaction(finish)?;
            // What a start after a crash finds is never more than an epoch old.
            shared.store.checkpoint()
        })
        .await
}
