//! What has to be done now and then, and what is said of it.

use std::sync::{Arc, PoisonError};

use floe_storage::StoreError;
use tokio_util::sync::CancellationToken;

use crate::seldom::Seldom;
use crate::shared::Shared;

/// Checkpoints and compacts the store until shutdown.
pub(crate) async fn run(
    shared: Arc<Shared>,
    shutdown: CancellationToken,
) -> Result<(), StoreError> {
    let mut recoveries = RecoveryLog::default();
    // Whoever watches must not take what was not counted yet for nothing.
    count(&shared, &mut recoveries).await?;
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            () = shared.env.clock.sleep(shared.options.recovery.maintenance()) => {}
        }
        shared.io(|shared| shared.store.checkpoint()).await?;
        let compacted = shared
            .store
            .compact(shared.options.recovery.compact_below_percent)
            .await;
        match compacted {
            Ok(report) if report.segments > 0 => tracing::info!(?report, "compacted the store"),
            Ok(_) => {}
            Err(error @ StoreError::Poisoned { .. }) => return Err(error),
            Err(error) => recoveries.not_compacted(&shared, &error),
        }
        count(&shared, &mut recoveries).await?;
    }
}

/// Counts what is stored and what is missing.
async fn count(shared: &Arc<Shared>, recoveries: &mut RecoveryLog) -> Result<(), StoreError> {
    let counted = shared.io(|shared| {
        // Says so when there is room again.
        let _ = shared.store.is_full();
        let usage = shared.store.usage()?;
        Ok::<_, StoreError>((usage, shared.store.recoveries_len()?))
    });
    let (usage, pending) = counted.await?;
    shared.metrics.stored.set(usage.live_bytes);
    shared.metrics.records.set(usage.records);
    shared.metrics.free.set(usage.free_bytes);
    shared.metrics.recoveries_pending.set(pending);
    recoveries.tell(shared, pending);
    if pending > 0 {
        shared.recovery_wanted.notify_one();
    }
    Ok(())
}

/// What was said of recoveries so far: one line in a while, however many blobs there are.
#[derive(Debug, Default)]
struct RecoveryLog {
    was_pending: bool,
    recovered: u64,
    failed: u64,
    progress: Seldom,
    trouble: Seldom,
    compaction: Seldom,
}

impl RecoveryLog {
    fn tell(&mut self, shared: &Shared, pending: u64) {
        let now = shared.env.clock.monotonic();
        let recovered = shared.metrics.blobs_recovered.get();
        let failed = shared.metrics.recoveries_failed.get();
        let has_begun = pending > 0 && !self.was_pending;
        let has_ended = pending == 0 && (self.was_pending || recovered > self.recovered);
        self.was_pending = pending > 0;
        if has_ended {
            let blobs = recovered - self.recovered;
            tracing::info!(blobs, "recovery is done: nothing is known to be missing");
            self.recovered = recovered;
            self.failed = failed;
            self.trouble.reset();
        } else if has_begun {
            tracing::info!(blobs = pending, "recovery has begun");
            // What follows is told from now on.
            let _ = self.progress.is_due(now);
        } else if recovered > self.recovered && self.progress.is_due(now) {
            let blobs = recovered - self.recovered;
            tracing::info!(blobs, pending, "recovery goes on");
            self.recovered = recovered;
        }
        if failed > self.failed && self.trouble.is_due(now) {
            let attempts = failed - self.failed;
            let why = shared.not_recovered.lock();
            let why = why.unwrap_or_else(PoisonError::into_inner).take();
            let why = why.unwrap_or_default();
            tracing::warn!(attempts, pending, why, "blobs could not be recovered yet");
            self.failed = failed;
        }
    }

    fn not_compacted(&self, shared: &Shared, error: &StoreError) {
        if self.compaction.is_due(shared.env.clock.monotonic()) {
            tracing::warn!(%error, "the store can't be compacted now");
        }
    }
}
