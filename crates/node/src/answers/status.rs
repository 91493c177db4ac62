//! What the node knows about a blob (`docs/spec/node-api.md` §10).

use std::sync::Arc;

use floe_api::{BlobStatus, DeletableCounts};
use floe_core::BlobId;
use floe_storage::{BlobCounts, BlobStatus as Known};

use super::OrAnswer as _;
use crate::shared::{Answer, Shared};

const fn counts(counts: BlobCounts) -> DeletableCounts {
    DeletableCounts {
        count_deletable_total: counts.total,
        count_deletable_certified: counts.certified,
    }
}

impl Shared {
    /// What the node knows about a blob.
    pub(crate) async fn blob_status(self: &Arc<Self>, blob_id: BlobId) -> Answer<BlobStatus> {
        let info = self
            .io(move |shared| shared.store.blob_info(&blob_id))
            .await;
        let Some(info) = info.or_answer()? else {
            return Ok(BlobStatus::Nonexistent);
        };
        Ok(match info.status(self.epoch()) {
            Known::Nonexistent => BlobStatus::Nonexistent,
            Known::Invalid { event } => BlobStatus::Invalid { event },
            Known::Deletable {
                initial_certified_epoch,
                counts: known,
            } => BlobStatus::Deletable {
                initial_certified_epoch,
                deletable_counts: counts(known),
            },
            Known::Permanent(status) => BlobStatus::Permanent {
                end_epoch: status.end_epoch,
                is_certified: status.is_certified,
                status_event: status.event,
                deletable_counts: counts(status.deletable),
                initial_certified_epoch: status.initial_certified_epoch,
            },
        })
    }
}
