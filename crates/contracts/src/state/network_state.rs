//! Everything that changes slowly, in one view.

use std::{num::NonZeroU16, sync::Arc};

use floe_core::{
    CodeParams, Epoch, Prices,
    onchain::{
        staking::{EpochState, Staking, StakingInnerV1},
        system::{System, SystemStateInnerV1},
    },
};
use floe_env::UnixMillis;

use super::{Committees, NoCommittee};
use crate::Deployment;

/// The contracts' state at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkState {
    /// Where the contracts are.
    pub deployment: Arc<Deployment>,
    /// The current epoch.
    pub epoch: Epoch,
    /// The number of shards.
    pub n_shards: NonZeroU16,
    /// What storage costs.
    pub prices: Prices,
    /// The committees.
    pub committees: Committees,
    /// The system object.
    pub system: System,
    /// Its content.
    pub system_inner: SystemStateInnerV1,
    /// The staking object.
    pub staking: Staking,
    /// Its content.
    pub staking_inner: StakingInnerV1,
}

impl NetworkState {
    /// The parameters of the code.
    pub const fn params(&self) -> CodeParams {
        CodeParams::new(self.n_shards)
    }

    /// For how many epochs, the current one included, storage can be bought.
    pub const fn max_epochs_ahead(&self) -> u32 {
        self.system_inner.future_accounting.length
    }

    /// The committees if there is one.
    ///
    /// # Errors
    /// [`NoCommittee`] in epoch 0.
    pub fn require_committee(&self) -> Result<&Committees, NoCommittee> {
        self.committees.for_writes().map(|_| &self.committees)
    }

    /// Milliseconds between epoch changes.
    pub const fn epoch_duration_ms(&self) -> u64 {
        self.staking_inner.epoch_duration
    }

    /// When the current epoch's shards had been received, if they have.
    pub const fn epoch_change_done(&self) -> Option<UnixMillis> {
        match self.staking_inner.epoch_state {
            EpochState::EpochChangeSync(_) => None,
            EpochState::EpochChangeDone(ms) | EpochState::NextParamsSelected(ms) => {
                Some(UnixMillis(ms))
            }
        }
    }

    /// When the next committee can be selected: in the middle of the epoch.
    pub fn voting_end_from(&self) -> Option<UnixMillis> {
        if self.epoch == Epoch(0) {
            return Some(UnixMillis(self.staking_inner.first_epoch_start));
        }
        let done = self.epoch_change_done()?;
        Some(UnixMillis(
            done.0.saturating_add(self.epoch_duration_ms() / 2),
        ))
    }

    /// When the next epoch can begin.
    pub fn next_epoch_from(&self) -> Option<UnixMillis> {
        if self.epoch == Epoch(0) {
            return Some(UnixMillis(self.staking_inner.first_epoch_start));
        }
        let done = self.epoch_change_done()?;
        Some(UnixMillis(done.0.saturating_add(self.epoch_duration_ms())))
    }

    /// When an epoch is expected to begin, if every epoch is as long as it should be. `None` for
    /// epochs before the current one's successor, or while shards move.
    pub fn estimated_start(&self, epoch: Epoch) -> Option<UnixMillis> {
        let ahead = epoch.0.checked_sub(self.epoch.0)?.checked_sub(1)?;
        let next = self.next_epoch_from()?;
        let wait = u64::from(ahead).saturating_mul(self.epoch_duration_ms());
        Some(UnixMillis(next.0.saturating_add(wait)))
    }

    /// Encoded bytes that can still be reserved for each of the coming epochs from the current one.
    pub fn capacity_left(&self, epochs: u32) -> u64 {
        let total = self.system_inner.total_capacity_size;
        (0..epochs)
            .map_while(|ahead| self.system_inner.future_accounting.slot(ahead))
            .map(|slot| total.saturating_sub(slot.used_capacity))
            .min()
            .unwrap_or(0)
    }
}
