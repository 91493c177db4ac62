//! What has to be done now and then.

use std::sync::Arc;

use floe_storage::StoreError;
use tokio_util::sync::CancellationToken;

use crate::shared::Shared;

/// Checkpoints and compacts the store until shutdown.
pub(crate) async fn run(
    shared: Arc<Shared>,
    shutdown: CancellationToken,
) -> Result<(), StoreError> {
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
            Err(error) => tracing::warn!(%error, "the store can't be compacted now"),
        }
        let counted = shared.io(|shared| {
            let usage = shared.store.usage()?;
            Ok::<_, StoreError>((usage.live_bytes, shared.store.recoveries_len()?))
        });
        let (live_bytes, recoveries) = counted.await?;
        shared.metrics.stored.set(live_bytes);
        shared.metrics.recoveries_pending.set(recoveries);
        if recoveries > 0 {
            shared.recovery_wanted.notify_one();
        }
    }
}
