//! The system's part of an epoch change (`docs/spec/contracts.md` §4.8; `docs/spec/economics.md`
//! §4).

use floe_core::{
    ObjectId,
    onchain::{
        events::PricesUpdated,
        framework::{Balance, VecMap, Wal},
        system::{BlsCommittee, EpochParams, FutureAccounting, SystemStateInnerV1},
    },
};

use super::{E_INCORRECT_COMMITTEE, E_INVALID_ACCOUNTING_EPOCH, MODULE, epoch, join_rewards};
use crate::{
    error::Failure,
    modules::{
        sui::balance,
        walrus::{event_blob, extended_field, storage_accounting},
    },
    runtime::Runtime,
};

/// Takes out what is burned of the current epoch's rewards.
///
/// # Errors
/// Vector fault if no epochs are sold at all.
pub(in crate::modules::walrus) fn extract_burn_balance(
    state: &mut SystemStateInnerV1,
) -> Result<Balance<Wal>, Failure> {
    storage_accounting::extract_rewards_to_burn(&mut state.future_accounting)
}

/// Hands over to the next committee; the old one's rewards, by node in its order.
///
/// # Errors
/// Aborts with `system_state_inner` 4 unless the committee is the next epoch's, 5 if the accounts
/// are another epoch's.
pub(in crate::modules::walrus) fn advance_epoch(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    new_committee: BlsCommittee,
    params: &EpochParams,
) -> Result<Vec<(ObjectId, Balance<Wal>)>, Failure> {
    let function = "advance_epoch";
    let old_epoch = epoch(state);
    MODULE.ensure(
        old_epoch.checked_add(1) == Some(new_committee.epoch),
        function,
        E_INCORRECT_COMMITTEE,
    )?;
    let old_committee = std::mem::replace(&mut state.committee, new_committee);
    let account = storage_accounting::ring_pop_expand(&mut state.future_accounting)?;
    MODULE.ensure(
        account.epoch == old_epoch,
        function,
        E_INVALID_ACCOUNTING_EPOCH,
    )?;
    event_blob::reset(&mut state.event_blob_certification_state);
    let used = storage_accounting::ring_lookup(&state.future_accounting, 0)?.used_capacity;
    state.used_capacity_size = used;
    state.total_capacity_size = params.total_capacity_size.max(used);

    let denied = extended_field::borrow(rt, &state.deny_list_sizes)?;
    let (rewards, leftover) = distribute(&old_committee, &denied, account)?;
    join_rewards(state, 0, leftover)?;
    Ok(rewards)
}

/// Each node's part of an epoch's rewards, by its shards and what it stores of the bytes sold.
type Distribution = (Vec<(ObjectId, Balance<Wal>)>, Balance<Wal>);

fn distribute(
    committee: &BlsCommittee,
    denied: &VecMap<ObjectId, u64>,
    account: FutureAccounting,
) -> Result<Distribution, Failure> {
    let overflow = || MODULE.arithmetic("advance_epoch");
    let used = account.used_capacity;
    let mut leftover = account.rewards_to_distribute;
    let total = u128::from(leftover.value);
    let stored: Vec<u128> = committee
        .members
        .iter()
        .map(|member| {
            let denied = denied.get(&member.node_id).copied().unwrap_or(0);
            u128::from(member.weight) * u128::from(used.saturating_sub(denied))
        })
        .collect();
    // At most 65 535 members of at most 65 535 · 2^64: no overflow.
    let all_stored = stored.iter().sum::<u128>().max(1);
    let mut rewards = Vec::with_capacity(stored.len());
    for (member, stored) in committee.members.iter().zip(stored) {
        let reward = stored.checked_mul(total).ok_or_else(overflow)? / all_stored;
        let reward = u64::try_from(reward).map_err(|_| overflow())?;
        let part = balance::split(&mut leftover, reward)?;
        rewards.push((member.node_id, part));
    }
    Ok((rewards, leftover))
}

/// Sets the prices, and tells so.
///
/// # Errors
/// Beyond the limits of events.
pub(in crate::modules::walrus) fn update_prices(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    storage_price: u64,
    write_price: u64,
) -> Result<(), Failure> {
    state.storage_price_per_unit_size = storage_price;
    state.write_price_per_unit_size = write_price;
    rt.emit(&PricesUpdated {
        epoch: epoch(state),
        storage_price,
        write_price,
    })
}
