//! Filling, reporting and removing shards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use floe_core::{BlobId, Epoch, ShardIndex};
use floe_storage::{ShardState, StoreError};
use tokio_util::sync::CancellationToken;

use super::{ShardTable, change};
use crate::shared::Shared;

/// Blobs looked at in one go.
const BLOBS_BATCH: usize = 500;
/// Records looked at in one transaction that removes some.
const REMOVE_BATCH: usize = 2_000;
/// How long to wait at least, and at most, before looking again at what is missing.
const LOOK_AGAIN_MIN: Duration = Duration::from_millis(100);
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(60);
/// Pauses before the chain is told again that the shards are here.
const REPORT_RETRY_MIN: Duration = Duration::from_secs(1);
const REPORT_RETRY_MAX: Duration = Duration::from_mins(5);

/// Does what is to be done about shards, until there is something else to do.
#[derive(Debug)]
pub(crate) struct ShardWork {
    shared: Arc<Shared>,
    /// The epoch whose shards the chain was last told of.
    reported: Option<Epoch>,
}

impl ShardWork {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            reported: None,
        }
    }

    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let mut changes = self.shared.shards.subscribe();
        loop {
            let table = changes.borrow_and_update().clone();
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                // What is under way is of an older epoch then; nothing of it is lost.
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
                done = self.work(&table) => {
                    done?;
                    tokio::select! {
                        biased;
                        () = shutdown.cancelled() => return Ok(()),
                        changed = changes.changed() => if changed.is_err() { return Ok(()) },
                    }
                }
            }
        }
    }

    async fn work(&mut self, table: &ShardTable) -> Result<(), StoreError> {
        let gained = table.in_state(ShardState::Gained);
        let leaving = table.in_state(ShardState::Leaving);
        let shared = Arc::clone(&self.shared);
        let fill = async {
            if !table.has_begun {
                return Ok(());
            }
            if gained.is_empty() {
                self.report(table.epoch).await;
                return Ok(());
            }
            fill(&shared, &gained).await?;
            // What is published wakes this up again, to report.
            become_ready(&shared, table.epoch, gained).await
        };
        let remove = async {
            // The committee is what a full node says. That its epoch has begun was verified.
            if table.has_begun {
                remove(&shared, leaving).await
            } else {
                Ok(())
            }
        };
        let (filled, removed) = tokio::join!(fill, remove);
        filled.and(removed)
    }

    /// Tells the chain that all shards are here, as often as it takes.
    async fn report(&mut self, epoch: Epoch) {
        let shared = &self.shared;
        let view = shared.view();
        let key = shared.keys.protocol.public_key();
        let member = view.current.as_ref();
        let member = member.and_then(|members| members.committee.find_key(&key));
        let Some((_, member)) = member else { return };
        if self.reported >= Some(epoch) || view.epoch != epoch {
            return;
        }
        let mut pause = REPORT_RETRY_MIN;
        loop {
            let Some(report) = shared.chain.report_shards(member.node_id, epoch) else {
                tracing::warn!(
                    %epoch,
                    "all shards are here, and the chain is not told: wallet_key_path is not set"
                );
                break;
            };
            match report.await {
                Ok(()) => {
                    tracing::info!(%epoch, "all shards are here, and the chain knows");
                    break;
                }
                Err(error) => {
                    tracing::warn!(%epoch, %error, ?pause, "can't report that all shards are here");
                }
            }
            shared.env.clock.sleep(pause).await;
            pause = pause.saturating_mul(2).min(REPORT_RETRY_MAX);
        }
        self.reported = Some(epoch);
    }
}

/// Has everything recovered that is missing in these shards; ends when nothing is.
async fn fill(shared: &Arc<Shared>, gained: &BTreeSet<ShardIndex>) -> Result<(), StoreError> {
    let shards: Arc<[ShardIndex]> = gained.iter().copied().collect();
    let mut from = BlobId::ZERO;
    let mut first = None;
    let mut count = 0_u64;
    while let Some(batch) = look(shared, &shards, from, false).await? {
        count += batch.missing;
        first = first.or(batch.first);
        match batch.next {
            Some(next) => from = next,
            None => break,
        }
    }
    if count > 0 {
        tracing::info!(shards = shards.len(), blobs = count, "filling shards");
    }
    let mut pause = LOOK_AGAIN_MIN;
    // All were noted: from here on only what comes first matters.
    while let Some(blob_id) = first {
        shared.recovery_wanted.notify_one();
        let clock = &shared.env.clock;
        let recovered = shared.recoveries_done.notified();
        let _ = clock.timeout(pause, recovered).await;
        pause = pause.saturating_mul(2).min(LOOK_AGAIN_MAX);
        let before = blob_id;
        first = first_missing(shared, &shards, blob_id).await?;
        if first != Some(before) {
            pause = LOOK_AGAIN_MIN;
        }
    }
    Ok(())
}

/// The first blob from `from` on of which something is missing in these shards.
async fn first_missing(
    shared: &Arc<Shared>,
    shards: &Arc<[ShardIndex]>,
    mut from: BlobId,
) -> Result<Option<BlobId>, StoreError> {
    while let Some(batch) = look(shared, shards, from, true).await? {
        if batch.first.is_some() {
            return Ok(batch.first);
        }
        match batch.next {
            Some(next) => from = next,
            None => break,
        }
    }
    Ok(None)
}

/// What a look at some blobs found.
#[derive(Debug, Default)]
struct Looked {
    /// The first of which something is missing.
    first: Option<BlobId>,
    /// How many there are of those.
    missing: u64,
    /// Where to look on.
    next: Option<BlobId>,
}

/// Looks at a batch of blobs, and notes those as to be recovered that are certified and miss something
/// in these shards: all, or the first only. Nothing at the end.
async fn look(
    shared: &Arc<Shared>,
    shards: &Arc<[ShardIndex]>,
    from: BlobId,
    only_first: bool,
) -> Result<Option<Looked>, StoreError> {
    let shards = Arc::clone(shards);
    let look = move |shared: &Shared| {
        let epoch = shared.epoch();
        let blobs = shared.store.blobs(&from, BLOBS_BATCH)?;
        let Some((last, _)) = blobs.last() else {
            return Ok(None);
        };
        let next = (*last != from && blobs.len() == BLOBS_BATCH).then_some(*last);
        let certified = blobs.iter().filter(|(_, info)| info.is_certified(epoch));
        let mut incomplete = Vec::new();
        for (blob_id, _) in certified {
            let keys = Shared::record_keys(blob_id, &shards);
            if !shared.store.missing(keys)?.is_empty() {
                incomplete.push(*blob_id);
                if only_first {
                    break;
                }
            }
        }
        if !incomplete.is_empty() {
            shared.store.transaction(|transaction| {
                incomplete
                    .iter()
                    .try_for_each(|blob_id| transaction.want_recovery(blob_id, 0))
            })?;
        }
        Ok(Some(Looked {
            first: incomplete.first().copied(),
            missing: u64::try_from(incomplete.len()).unwrap_or(u64::MAX),
            next,
        }))
    };
    shared.io(look).await
}

/// Notes that shards are filled, unless an epoch began meanwhile.
async fn become_ready(
    shared: &Arc<Shared>,
    epoch: Epoch,
    gained: BTreeSet<ShardIndex>,
) -> Result<(), StoreError> {
    tracing::info!(%epoch, shards = gained.len(), "shards are filled");
    change(shared, move |table| {
        if table.epoch != epoch || !table.has_begun {
            return;
        }
        for shard in &gained {
            if let Some(state @ ShardState::Gained) = table.states.get_mut(shard) {
                *state = ShardState::Ready;
            }
        }
    })
    .await
}

/// Removes the slivers of shards that were lost.
async fn remove(shared: &Arc<Shared>, leaving: BTreeSet<ShardIndex>) -> Result<(), StoreError> {
    if leaving.is_empty() {
        return Ok(());
    }
    let leaving = Arc::new(leaving);
    let mut from = Some(BlobId::ZERO);
    while let Some(start) = from {
        let leaving = Arc::clone(&leaving);
        let step = move |shared: &Shared| {
            shared.store.transaction(|transaction| {
                // One that was gained again meanwhile is not to be touched.
                let states = transaction.shards()?;
                let still = |shard: &&ShardIndex| states.get(shard) == Some(&ShardState::Leaving);
                let leaving: BTreeSet<_> = leaving.iter().filter(still).copied().collect();
                transaction.remove_slivers(&leaving, &start, REMOVE_BATCH)
            })
        };
        from = shared.io(step).await?;
    }
    tracing::info!(shards = leaving.len(), "removed the slivers of lost shards");
    change(shared, move |table| {
        let leaves =
            |shard: &ShardIndex, state| state == ShardState::Leaving && leaving.contains(shard);
        table.states.retain(|shard, state| !leaves(shard, *state));
    })
    .await
}
