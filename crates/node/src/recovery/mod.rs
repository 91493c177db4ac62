//! Recovering what is missing of certified blobs, by symbols from other nodes
//! (`docs/spec/node.md` §8).

mod blob;
mod inconsistency;
mod peers;
mod slivers;

use std::collections::BTreeMap;
use std::sync::Arc;

use floe_core::BlobId;
use floe_env::Moment;
use floe_storage::StoreError;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use self::peers::Peers;
use crate::shared::Shared;

/// Blobs whose turn is kept track of at once; the others are in the store.
const WAITING_MAX: usize = 1024;

/// When a blob's turn is.
#[derive(Debug, Clone, Copy)]
struct Turn {
    due: Moment,
    attempt: u32,
    is_running: bool,
}

/// Looks after the blobs of which something is missing.
#[derive(Debug)]
pub(crate) struct Recoveries {
    shared: Arc<Shared>,
    peers: Arc<Peers>,
    turns: BTreeMap<BlobId, Turn>,
    /// Where to look on in the store.
    scan_from: BlobId,
}

impl Recoveries {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            peers: Arc::new(Peers::new(Arc::clone(&shared))),
            shared,
            turns: BTreeMap::new(),
            scan_from: BlobId::ZERO,
        }
    }

    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let mut running = FuturesUnordered::new();
        self.scan().await?;
        loop {
            let now = self.shared.env.clock.monotonic();
            while running.len() < self.shared.options.recovery.blobs
                && let Some(blob_id) = self.next_due(now)
            {
                let peers = Arc::clone(&self.peers);
                running.push(async move { (blob_id, blob::recover(peers, blob_id).await) });
            }
            // Without a turn to wait for, only a new one wakes this up.
            let wake = self.shared.env.clock.sleep_until(self.next_turn());
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = self.shared.recovery_wanted.notified() => self.scan().await?,
                Some((blob_id, outcome)) = running.next() => self.finished(blob_id, outcome).await?,
                () = wake, if running.len() < self.shared.options.recovery.blobs => {}
            }
        }
    }

    fn next_due(&mut self, now: Moment) -> Option<BlobId> {
        let due = |turn: &Turn| !turn.is_running && turn.due <= now;
        let (blob_id, turn) = self.turns.iter_mut().find(|(_, turn)| due(turn))?;
        turn.is_running = true;
        Some(*blob_id)
    }

    fn next_turn(&self) -> Moment {
        let waiting = self.turns.values().filter(|turn| !turn.is_running);
        let never = Moment::new(std::time::Duration::MAX);
        waiting.map(|turn| turn.due).min().unwrap_or(never)
    }

    /// Takes note of blobs in the store that are new.
    async fn scan(&mut self) -> Result<(), StoreError> {
        let room = WAITING_MAX.saturating_sub(self.turns.len());
        if room == 0 {
            return Ok(());
        }
        let start = self.scan_from;
        let found = self.shared.io(move |shared| {
            let mut found = shared.store.recoveries(&start, WAITING_MAX)?;
            if start != BlobId::ZERO && found.len() < WAITING_MAX {
                found.extend(shared.store.recoveries(&BlobId::ZERO, WAITING_MAX)?);
            }
            Ok::<_, StoreError>(found)
        });
        let found = found.await?;
        let now = self.shared.env.clock.monotonic();
        for (blob_id, event_index) in found.into_iter().take(room) {
            // The client may still bring what it certified just now.
            let due = match event_index {
                0 => now,
                _ => now.after(self.shared.options.recovery.deferral()),
            };
            self.turns.entry(blob_id).or_insert(Turn {
                due,
                attempt: 0,
                is_running: false,
            });
            self.scan_from = blob_id;
        }
        Ok(())
    }

    async fn finished(
        &mut self,
        blob_id: BlobId,
        outcome: Result<(), blob::NotRecovered>,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(()) => {
                self.turns.remove(&blob_id);
                self.shared.io(move |shared| end(shared, &blob_id)).await?;
                if self.turns.is_empty() {
                    self.scan().await?;
                }
                if self.turns.is_empty() {
                    self.shared.recoveries_done.notify_one();
                }
            }
            Err(blob::NotRecovered::Store(error)) => return Err(error),
            Err(error) => {
                let Some(turn) = self.turns.get_mut(&blob_id) else {
                    return Ok(());
                };
                turn.attempt += 1;
                turn.is_running = false;
                let pause = self.shared.options.recovery.pause(turn.attempt);
                turn.due = self.shared.env.clock.monotonic().after(pause);
                tracing::warn!(%blob_id, %error, ?pause, "a blob is not recovered yet");
            }
        }
        Ok(())
    }
}

/// Notes that nothing of a blob has to be recovered, unless the node got other shards meanwhile.
fn end(shared: &Shared, blob_id: &BlobId) -> Result<(), StoreError> {
    let (_, shards) = shared.owned();
    shared.store.transaction(|transaction| {
        let info = transaction.blob_info(blob_id)?;
        let is_certified = info.is_some_and(|info| info.is_certified(shared.epoch()));
        let slivers = Shared::sliver_keys(blob_id, &shards);
        if is_certified && transaction.is_incomplete(blob_id, slivers)? {
            return transaction.want_recovery(blob_id, 0);
        }
        transaction.end_recovery(blob_id)
    })
}
