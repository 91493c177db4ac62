//! `walrus::walrus_context`: where the epoch stands, as one node's pool sees it
//! (`docs/spec/economics.md` §5.1).

use floe_core::{
    Epoch, ObjectId,
    onchain::{staking::StakedWal, staking::StakedWalState, staking::StakingInnerV1},
};

use super::committee;
use crate::{error::Failure, modules::ModuleRef};

const MODULE: ModuleRef = ModuleRef::new("walrus", "walrus_context");

/// The epoch, and a node's part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WalrusContext {
    /// The current epoch.
    pub(crate) epoch: Epoch,
    /// Whether the next committee is chosen.
    pub(crate) committee_selected: bool,
    /// Whether the node is in the current committee.
    pub(crate) in_committee: bool,
    /// Whether the node is in the next committee; `false` while that is not chosen.
    pub(crate) in_next_committee: bool,
}

impl WalrusContext {
    /// The context of a node.
    pub(crate) fn new(staking: &StakingInnerV1, node: &ObjectId) -> Self {
        let next = staking.next_committee.as_ref();
        Self {
            epoch: staking.epoch,
            committee_selected: next.is_some(),
            in_committee: committee::contains(&staking.committee, node),
            in_next_committee: next.is_some_and(|next| committee::contains(next, node)),
        }
    }

    /// The epoch `epochs` from now.
    ///
    /// # Errors
    /// Arithmetic fault beyond the last epoch.
    pub(crate) fn ahead(&self, epochs: u32) -> Result<Epoch, Failure> {
        self.epoch
            .checked_add(epochs)
            .ok_or_else(|| MODULE.arithmetic("ahead"))
    }

    /// The first epoch whose committee is still open: where stakes that come now become active.
    ///
    /// # Errors
    /// Arithmetic fault beyond the last epoch.
    pub(crate) fn next_open_epoch(&self) -> Result<Epoch, Failure> {
        self.ahead(if self.committee_selected { 2 } else { 1 })
    }

    /// Whether a stake counts for no committee yet, so that it can be taken back at once.
    pub(crate) fn can_withdraw_early(&self, stake: &StakedWal) -> bool {
        if stake.state != StakedWalState::Staked {
            return false;
        }
        let activation = stake.activation_epoch;
        self.epoch.checked_add(2) == Some(activation)
            || (self.epoch.checked_add(1) == Some(activation) && !self.in_next_committee)
    }
}
