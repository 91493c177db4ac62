//! `walrus_subsidies::walrus_subsidies_inner`: what is paid, and when
//! (`docs/spec/economics.md` §8.2).

use floe_core::{
    Epoch, ObjectId,
    onchain::{
        framework::{Balance, Wal},
        staking::Staking,
        system::System,
        walrus_subsidies::WalrusSubsidiesInnerV1,
    },
};

use super::epoch_balance;
use crate::{
    error::Failure,
    modules::{
        ModuleRef,
        sui::{bag, balance},
        walrus::{staking, storage_accounting, system},
    },
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus_subsidies", "walrus_subsidies_inner");
const E_INVALID_SUBSIDY_RATE: u64 = 0;
const E_INSUFFICIENT_FUNDS_IN_POOL: u64 = 1;
/// 100 %, in basis points.
const HUNDRED_PERCENT: u128 = 10_000;
/// 10 000 %.
const MAX_SUBSIDY_RATE: u32 = 1_000_000;
/// What the check of the fixed part assumes.
const N_SHARDS: u64 = 1000;

/// What is paid: basis points of usage, FROST per node and per shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Basis points of what is paid for storage.
    pub system_subsidy_rate: u32,
    /// FROST per node and epoch.
    pub base_subsidy: u64,
    /// FROST per shard and epoch.
    pub subsidy_per_shard: u64,
}

/// An empty pool. What was paid for storage so far gets no supplement.
///
/// # Errors
/// Beyond the limit of new objects.
pub(super) fn new(
    rt: &mut Runtime<'_>,
    system: &System,
    staking: &Staking,
    rates: Rates,
) -> Result<WalrusSubsidiesInnerV1, Failure> {
    let state = system::inner(rt, system)?;
    let accounting = &state.future_accounting;
    let paid = (0..accounting.length)
        .map(|ahead| {
            let account = storage_accounting::ring_lookup(accounting, ahead)?;
            Ok(account.rewards_to_distribute.value)
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let latest_epoch = staking::epoch(rt, staking)?.get().max(1) - 1;
    Ok(WalrusSubsidiesInnerV1 {
        system_subsidy_rate: rates.system_subsidy_rate,
        subsidy_pool: Balance::new(0),
        base_subsidy: rates.base_subsidy,
        subsidy_per_shard: rates.subsidy_per_shard,
        latest_epoch: Epoch(latest_epoch),
        already_subsidized_balances: epoch_balance::ring_new(state.committee.epoch, &paid)?,
        last_subsidized_ts: 0,
        extra_fields: bag::new(rt)?,
    })
}

/// Sets the part of usage.
///
/// # Errors
/// Aborts with `walrus_subsidies_inner` 0 beyond 10 000 %.
pub(super) fn set_system_subsidy_rate(
    inner: &mut WalrusSubsidiesInnerV1,
    rate: u32,
) -> Result<(), Failure> {
    MODULE.ensure(
        rate <= MAX_SUBSIDY_RATE,
        "set_system_subsidy_rate",
        E_INVALID_SUBSIDY_RATE,
    )?;
    inner.system_subsidy_rate = rate;
    Ok(())
}

/// Sets the part per node.
///
/// # Errors
/// Aborts with `walrus_subsidies_inner` 0 if a node with 1000 shards would get more than u64 holds.
pub(super) fn set_base_subsidy(
    inner: &mut WalrusSubsidiesInnerV1,
    base_subsidy: u64,
) -> Result<(), Failure> {
    MODULE.ensure(
        fixed_part(base_subsidy, inner.subsidy_per_shard, N_SHARDS).is_some(),
        "set_base_subsidy",
        E_INVALID_SUBSIDY_RATE,
    )?;
    inner.base_subsidy = base_subsidy;
    Ok(())
}

/// Sets the part per shard.
///
/// # Errors
/// As [`set_base_subsidy`].
pub(super) fn set_per_shard_subsidy(
    inner: &mut WalrusSubsidiesInnerV1,
    subsidy_per_shard: u64,
) -> Result<(), Failure> {
    MODULE.ensure(
        fixed_part(inner.base_subsidy, subsidy_per_shard, N_SHARDS).is_some(),
        "set_per_shard_subsidy",
        E_INVALID_SUBSIDY_RATE,
    )?;
    inner.subsidy_per_shard = subsidy_per_shard;
    Ok(())
}

const fn fixed_part(base_subsidy: u64, per_shard: u64, shards: u64) -> Option<u64> {
    match per_shard.checked_mul(shards) {
        Some(for_shards) => base_subsidy.checked_add(for_shards),
        None => None,
    }
}

/// Takes out of the pool.
fn pay(
    inner: &mut WalrusSubsidiesInnerV1,
    amount: u64,
    function: &'static str,
) -> Result<Balance<Wal>, Failure> {
    MODULE.ensure(
        inner.subsidy_pool.value >= amount,
        function,
        E_INSUFFICIENT_FUNDS_IN_POOL,
    )?;
    balance::split(&mut inner.subsidy_pool, amount)
}

/// Pays the nodes of the last epoch their fixed part, once per epoch.
///
/// # Errors
/// Aborts with `walrus_subsidies_inner` 1 if the pool is short.
pub(super) fn process_fixed_rate_subsidies(
    rt: &mut Runtime<'_>,
    inner: &mut WalrusSubsidiesInnerV1,
    staking: &Staking,
) -> Result<(), Failure> {
    let function = "process_fixed_rate_subsidies";
    let Some(last_epoch) = staking::epoch(rt, staking)?.checked_sub(1) else {
        return Ok(());
    };
    if inner.latest_epoch >= last_epoch {
        return Ok(());
    }
    let committee = staking::previous_committee(rt, staking)?;
    let mut nodes: Vec<ObjectId> = Vec::with_capacity(committee.0.len());
    let mut subsidies = Vec::with_capacity(committee.0.len());
    for (node, shards) in &committee.0 {
        let amount = u64::try_from(shards.len())
            .ok()
            .and_then(|shards| fixed_part(inner.base_subsidy, inner.subsidy_per_shard, shards))
            .ok_or_else(|| MODULE.arithmetic(function))?;
        nodes.push(*node);
        subsidies.push(pay(inner, amount, function)?);
    }
    staking::add_commission_to_pools(rt, staking, &nodes, subsidies)?;
    inner.latest_epoch = last_epoch;
    Ok(())
}

/// Pays the supplement to all that was paid for storage since the last time, epoch by epoch.
///
/// # Errors
/// Aborts with `walrus_subsidies_inner` 1 if the pool is short.
pub(super) fn process_usage_subsidies(
    rt: &mut Runtime<'_>,
    inner: &mut WalrusSubsidiesInnerV1,
    system: &System,
) -> Result<(), Failure> {
    let function = "process_usage_subsidies";
    let arithmetic = || MODULE.arithmetic(function);
    let state = system::inner(rt, system)?;
    let accounting = &state.future_accounting;
    let current = storage_accounting::ring_lookup(accounting, 0)?.epoch;
    while epoch_balance::ring_lookup_mut(&mut inner.already_subsidized_balances, 0)?.epoch < current
    {
        epoch_balance::ring_pop_expand(&mut inner.already_subsidized_balances)?;
    }
    let mut subsidies = Vec::new();
    for ahead in 0..accounting.length {
        let paid = storage_accounting::ring_lookup(accounting, ahead)?
            .rewards_to_distribute
            .value;
        let already =
            epoch_balance::ring_lookup_mut(&mut inner.already_subsidized_balances, ahead)?.balance;
        let new = paid.checked_sub(already).ok_or_else(arithmetic)?;
        let subsidy = u128::from(new) * u128::from(inner.system_subsidy_rate) / HUNDRED_PERCENT;
        let subsidy = u64::try_from(subsidy).map_err(|_| arithmetic())?;
        subsidies.push(pay(inner, subsidy, function)?);
        epoch_balance::ring_lookup_mut(&mut inner.already_subsidized_balances, ahead)?.balance =
            paid.checked_add(subsidy).ok_or_else(arithmetic)?;
    }
    system::add_per_epoch_subsidies(rt, system, subsidies)
}
