//! The answer to "what about this blob?" (`docs/spec/node-api.md` §10).

use floe_core::{Epoch, EventId};

use super::{BlobCounts, BlobInfo, info::Permanent};

/// A permanent object is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermanentStatus {
    /// The latest end epoch of the certified ones, or if there are none, of all.
    pub end_epoch: Epoch,
    /// Is one of them certified?
    pub is_certified: bool,
    /// The first event that reached that end epoch.
    pub event: EventId,
    /// Deletable objects besides, those in pools among them, that are alive as far as is known.
    pub deletable: BlobCounts,
    /// The first epoch of the present certification.
    pub initial_certified_epoch: Option<Epoch>,
}

/// What is known about a blob in some epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobStatus {
    /// Nothing that is alive.
    Nonexistent,
    /// Its slivers are no codeword.
    Invalid {
        /// The event that said so.
        event: EventId,
    },
    /// There is a permanent object.
    Permanent(PermanentStatus),
    /// There are only deletable objects.
    Deletable {
        /// The first epoch of the present certification.
        initial_certified_epoch: Option<Epoch>,
        /// How many, those in pools among them, are alive as far as is known.
        counts: BlobCounts,
    },
}

impl BlobInfo {
    /// What is known about the blob in `epoch`.
    #[must_use]
    pub fn status(&self, epoch: Epoch) -> BlobStatus {
        let counted = match self {
            Self::Invalid { event, .. } => return BlobStatus::Invalid { event: *event },
            Self::Valid(counted) => counted,
        };
        let pooled = counted.pooled.unwrap_or_default();
        let counts = BlobCounts {
            total: counted
                .deletable_registered(epoch)
                .saturating_add(pooled.total),
            certified: counted
                .deletable_certified(epoch)
                .saturating_add(pooled.certified),
        };
        let initial_certified_epoch = counted.initial_certified_epoch;
        let alive = |part: &Option<Permanent>| part.filter(|part| part.end_epoch > epoch);
        let certified = alive(&counted.permanent_certified);
        if let Some(part) = certified.or_else(|| alive(&counted.permanent_total)) {
            return BlobStatus::Permanent(PermanentStatus {
                end_epoch: part.end_epoch,
                is_certified: certified.is_some(),
                event: part.event,
                deletable: counts,
                initial_certified_epoch,
            });
        }
        if counts == BlobCounts::default() {
            return BlobStatus::Nonexistent;
        }
        BlobStatus::Deletable {
            initial_certified_epoch,
            counts,
        }
    }
}
