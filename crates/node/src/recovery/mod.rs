//! Recovering what is missing of certified blobs, by symbols from other nodes
//! (`docs/spec/node.md` §8).

mod blob;
mod inconsistency;
mod peers;
mod slivers;
mod turns;

use std::sync::{Arc, PoisonError};

use floe_core::BlobId;
use floe_storage::StoreError;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use self::peers::Peers;
use self::turns::{TURNS_MAX, Turns};
use crate::shared::Shared;

/// Looks after the blobs of which something is missing.
#[derive(Debug)]
pub(crate) struct Recoveries {
    shared: Arc<Shared>,
    peers: Arc<Peers>,
    turns: Turns,
    /// Where to look on in the store.
    scan_from: BlobId,
    /// Whether the store may name more than were noted.
    has_more: bool,
}

impl Recoveries {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            peers: Arc::new(Peers::new(Arc::clone(&shared))),
            shared,
            turns: Turns::default(),
            scan_from: BlobId::ZERO,
            has_more: false,
        }
    }

    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let mut running = FuturesUnordered::new();
        self.scan().await?;
        loop {
            let now = self.shared.env.clock.monotonic();
            while running.len() < self.shared.options.recovery.blobs
                && let Some(blob_id) = self.turns.next(now)
            {
                let peers = Arc::clone(&self.peers);
                running.push(async move { (blob_id, blob::recover(peers, blob_id).await) });
            }
            // Without a turn to wait for, only a new one wakes this up.
            let wake = self.shared.env.clock.sleep_until(self.turns.next_at());
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = self.shared.recovery_wanted.notified() => self.scan().await?,
                Some((blob_id, outcome)) = running.next() => self.finished(blob_id, outcome).await?,
                () = wake, if running.len() < self.shared.options.recovery.blobs => {}
            }
        }
    }

    /// Takes note of blobs in the store that are new.
    async fn scan(&mut self) -> Result<(), StoreError> {
        let start = self.scan_from;
        let found = self.shared.io(move |shared| {
            let mut found = shared.store.recoveries(&start, TURNS_MAX)?;
            if start != BlobId::ZERO && found.len() < TURNS_MAX {
                found.extend(shared.store.recoveries(&BlobId::ZERO, TURNS_MAX)?);
            }
            Ok::<_, StoreError>(found)
        });
        let found = found.await?;
        self.has_more = found.len() >= TURNS_MAX;
        let now = self.shared.env.clock.monotonic();
        for (blob_id, event_index) in found {
            // The client may still bring what it certified just now.
            let due = match event_index {
                0 => now,
                _ => now.after(self.shared.options.recovery.deferral()),
            };
            if !self.turns.add(blob_id, due) {
                self.has_more = true;
                break;
            }
            self.scan_from = blob_id;
        }
        Ok(())
    }

    async fn finished(
        &mut self,
        blob_id: BlobId,
        outcome: Result<bool, blob::NotRecovered>,
    ) -> Result<(), StoreError> {
        let metrics = &self.shared.metrics;
        match outcome {
            Ok(was_missing) => {
                metrics.blobs_recovered.inc_by(was_missing.into());
                self.turns.end(&blob_id);
                self.shared.io(move |shared| end(shared, &blob_id)).await?;
                let left = self.turns.len();
                if left == 0 || self.has_more && left <= TURNS_MAX / 2 {
                    self.scan().await?;
                }
                if self.turns.len() == 0 {
                    self.shared.recoveries_done.notify_one();
                }
            }
            Err(blob::NotRecovered::Store(error)) => return Err(error),
            Err(error) => {
                tracing::debug!(%blob_id, %error, "a blob is not recovered yet");
                metrics.recoveries_failed.inc();
                let text = format!("{blob_id}: {error}");
                let why = &self.shared.not_recovered;
                *why.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
                let now = self.shared.env.clock.monotonic();
                let options = &self.shared.options.recovery;
                self.turns
                    .again(&blob_id, now, |failures| options.pause(failures));
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
