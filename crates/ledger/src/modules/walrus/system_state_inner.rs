//! `walrus::system_state_inner`: what the system object does (`docs/spec/contracts.md` §4.1, §4.8;
//! `docs/spec/economics.md` §2, §4).

mod blobs;
mod epoch_change;
mod event_blobs;
mod node_reports;
mod pools;
mod storage;

use floe_core::{
    Epoch,
    keys::EMPTY_AGGREGATE_KEY,
    onchain::{
        framework::{Balance, Coin, Element, VecMap, Wal},
        system::{BlsCommittee, SystemStateInnerV1},
    },
    storage_units,
};

pub(super) use self::{
    blobs::{
        certify_blob, delete_blob, extend_blob, extend_blob_with_resource, invalidate_blob_id,
        register_blob,
    },
    epoch_change::{advance_epoch, extract_burn_balance, update_prices},
    event_blobs::{EventBlobReport, certify_event_blob},
    node_reports::{
        delete_deny_listed_blob, register_deny_list_update, update_deny_list,
        update_protocol_version,
    },
    pools::{
        burn_expired_pooled_blob, certify_pooled_blob, create_storage_pool,
        create_storage_pool_with_storage, decrease_storage_pool_capacity_by_size,
        decrease_storage_pool_unused_capacity_by_percent, delete_pooled_blob, extend_storage_pool,
        increase_storage_pool_capacity, increase_storage_pool_capacity_with_storage,
        register_pooled_blob,
    },
    storage::{add_per_epoch_subsidies, add_subsidy, reserve_space, reserve_space_for_epochs},
};
use super::{event_blob, extended_field, storage_accounting};
use crate::{
    error::Failure,
    modules::{
        ModuleRef,
        sui::{balance, coin},
    },
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "system_state_inner");
const E_INVALID_MAX_EPOCHS_AHEAD: u64 = 0;
const E_STORAGE_EXCEEDED: u64 = 1;
const E_INVALID_EPOCHS_AHEAD: u64 = 2;
const E_INVALID_ID_EPOCH: u64 = 3;
const E_INCORRECT_COMMITTEE: u64 = 4;
const E_INVALID_ACCOUNTING_EPOCH: u64 = 5;
const E_INCORRECT_ATTESTATION: u64 = 6;
const E_REPEATED_ATTESTATION: u64 = 7;
const E_NOT_COMMITTEE_MEMBER: u64 = 8;
const E_INCORRECT_DENY_LIST_SEQUENCE: u64 = 9;
const E_INCORRECT_DENY_LIST_NODE: u64 = 10;
const E_INVALID_RESOURCE_SIZE: u64 = 11;
const E_INVALID_START_EPOCH: u64 = 12;

/// The greatest number of epochs for which storage can be sold in advance.
const MAX_MAX_EPOCHS_AHEAD: u32 = 1000;

/// The state before the first epoch: no committee, no storage to sell.
///
/// # Errors
/// Aborts with `system_state_inner` 0 if more than 1000 epochs ahead are to be sold.
pub(super) fn create_empty(
    rt: &mut Runtime<'_>,
    max_epochs_ahead: u32,
) -> Result<SystemStateInnerV1, Failure> {
    MODULE.ensure(
        max_epochs_ahead <= MAX_MAX_EPOCHS_AHEAD,
        "create_empty",
        E_INVALID_MAX_EPOCHS_AHEAD,
    )?;
    Ok(SystemStateInnerV1 {
        committee: BlsCommittee {
            members: Vec::new(),
            n_shards: 0,
            epoch: Epoch(0),
            total_aggregated_key: Element::new(EMPTY_AGGREGATE_KEY.to_vec()),
        },
        total_capacity_size: 0,
        used_capacity_size: 0,
        storage_price_per_unit_size: 0,
        write_price_per_unit_size: 0,
        future_accounting: storage_accounting::ring_new(max_epochs_ahead),
        event_blob_certification_state: event_blob::create_with_empty_state(),
        deny_list_sizes: extended_field::new(rt, VecMap::default())?,
    })
}

/// The current epoch.
pub(super) const fn epoch(state: &SystemStateInnerV1) -> Epoch {
    state.committee.epoch
}

/// Epochs, counted from the current one.
#[derive(Clone, Copy, Debug)]
struct EpochsAhead {
    first: u32,
    end: u32,
}

impl EpochsAhead {
    /// The `count` epochs from `start` on, which must not be in the past, nor end beyond what can
    /// be sold.
    fn after(
        state: &SystemStateInnerV1,
        start: Epoch,
        count: u32,
        function: &'static str,
    ) -> Result<Self, Failure> {
        let end = start
            .checked_add(count)
            .ok_or_else(|| MODULE.arithmetic(function))?;
        Self::between(state, start, end, function)
    }

    fn between(
        state: &SystemStateInnerV1,
        start: Epoch,
        end: Epoch,
        function: &'static str,
    ) -> Result<Self, Failure> {
        let ahead = |target: Epoch| {
            let ahead = target.get().checked_sub(epoch(state).get());
            ahead.ok_or_else(|| MODULE.arithmetic(function))
        };
        let range = Self {
            first: ahead(start)?,
            end: ahead(end)?,
        };
        MODULE.ensure(
            range.end <= state.future_accounting.length,
            function,
            E_INVALID_EPOCHS_AHEAD,
        )?;
        Ok(range)
    }
}

/// What `bytes` cost at a price per storage unit.
fn price_of(bytes: u64, price_per_unit: u64, function: &'static str) -> Result<u64, Failure> {
    price_per_unit
        .checked_mul(storage_units(bytes))
        .ok_or_else(|| MODULE.arithmetic(function))
}

/// Pays for storage: into the account of each epoch what that epoch costs.
fn process_storage_payments(
    state: &mut SystemStateInnerV1,
    bytes: u64,
    epochs: EpochsAhead,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    let function = "process_storage_payments";
    let price = price_of(bytes, state.storage_price_per_unit_size, function)?;
    for ahead in epochs.first..epochs.end {
        let part = coin::withdraw(payment, price)?;
        join_rewards(state, ahead, part)?;
    }
    Ok(())
}

/// Pays for the writing of `bytes`, into the current epoch's account.
fn process_write_payment(
    state: &mut SystemStateInnerV1,
    bytes: u64,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    let price = price_of(bytes, state.write_price_per_unit_size, "write_price")?;
    let part = coin::withdraw(payment, price)?;
    join_rewards(state, 0, part)
}

fn join_rewards(
    state: &mut SystemStateInnerV1,
    ahead: u32,
    part: Balance<Wal>,
) -> Result<(), Failure> {
    let account = storage_accounting::ring_lookup_mut(&mut state.future_accounting, ahead)?;
    balance::join(&mut account.rewards_to_distribute, part)?;
    Ok(())
}

/// Whether sales stop at the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CapacityLimit {
    Kept,
    Ignored,
}

/// Counts storage as sold in each of the epochs.
fn account_capacity(
    state: &mut SystemStateInnerV1,
    bytes: u64,
    epochs: EpochsAhead,
    limit: CapacityLimit,
    function: &'static str,
) -> Result<(), Failure> {
    for ahead in epochs.first..epochs.end {
        let account = storage_accounting::ring_lookup_mut(&mut state.future_accounting, ahead)?;
        let used = storage_accounting::increase_used_capacity(account, bytes)?;
        MODULE.ensure(
            limit == CapacityLimit::Ignored || used <= state.total_capacity_size,
            function,
            E_STORAGE_EXCEEDED,
        )?;
        if ahead == 0 {
            state.used_capacity_size = used;
        }
    }
    Ok(())
}
