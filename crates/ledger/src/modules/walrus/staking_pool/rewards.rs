//! Rewards, commission, and the turn of the epoch (`docs/spec/economics.md` §4, §5.2).

use floe_core::{
    Epoch,
    onchain::{
        framework::{Balance, Wal},
        staking::{NewEpochCommissionBlockedForCollection as BlockedKey, StakingPool},
    },
};

use super::{
    E_CALCULATION_ERROR, E_INCORRECT_EPOCH_ADVANCE, E_POOL_ALREADY_UPDATED, MODULE, N_BASIS_POINTS,
    current_rate, exchange_rate_at_epoch, pre_active_shares,
};
use crate::{
    error::Failure,
    modules::{
        sui::{bag, balance, table},
        walrus::{pending_values, pool_exchange_rate, storage_node},
    },
    runtime::Runtime,
};

/// Whether commission can be collected at once, or only after the next vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    /// At once.
    Free,
    /// After the next `voting_end`, so that a vote can burn it until then.
    Blocked,
}

/// Brings a pool into an epoch: shares out the rewards of the last one, and makes pending changes
/// real.
///
/// # Errors
/// Aborts with `staking_pool` 0 if the pool is there already, 2 on rewards for no stake, 1 if more
/// is withdrawn than there is.
pub(crate) fn advance_epoch(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    mut rewards: Balance<Wal>,
    epoch: Epoch,
) -> Result<(), Failure> {
    let function = "advance_epoch";
    let new = pool.latest_epoch < epoch;
    MODULE.ensure(new, function, E_POOL_ALREADY_UPDATED)?;
    let earned = rewards.value == 0 || pool.wal_balance > 0;
    MODULE.ensure(earned, function, E_INCORRECT_EPOCH_ADVANCE)?;

    let commission = basis_points(rewards.value, pool.commission_rate)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    let commission = balance::split(&mut rewards, commission)?;
    add_commission(rt, pool, commission, Collection::Blocked)?;

    if let Some(rate) = pending_values::latest(&pool.pending_commission_rate, epoch) {
        pool.commission_rate = u16::try_from(rate).map_err(|_| MODULE.arithmetic(function))?;
        pending_values::discard(&mut pool.pending_commission_rate, epoch);
    }

    pool.wal_balance = pool
        .wal_balance
        .checked_add(rewards.value)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    balance::join(&mut pool.rewards_pool, rewards)?;
    pool.latest_epoch = epoch;
    storage_node::rotate_public_key(&mut pool.node_info);
    process_pending_stake(rt, pool, epoch)
}

/// Notes the epoch's exchange rate, then lets pending stake in and pending shares out.
fn process_pending_stake(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    epoch: Epoch,
) -> Result<(), Failure> {
    let function = "process_pending_stake";
    let fault = || MODULE.arithmetic(function);
    let rate = current_rate(pool)?;
    table::add(rt, &mut pool.exchange_rates, &epoch, rate.clone())?;

    let coming = pending_values::flush(&mut pool.pending_stake, epoch)?;
    let balance = pool.wal_balance.checked_add(coming).ok_or_else(fault)?;
    let pre_active = pre_active_shares(rt, pool, epoch)?;
    pending_values::discard(&mut pool.pre_active_withdrawals, epoch);
    let shares = pending_values::flush(&mut pool.pending_shares_withdraw, epoch)?
        .checked_add(pre_active)
        .ok_or_else(fault)?;
    let going = pool_exchange_rate::to_wal(&rate, shares)?;
    pool.wal_balance = balance
        .checked_sub(going)
        .ok_or_else(|| MODULE.abort(function, E_CALCULATION_ERROR))?;
    pool.num_shares = pool_exchange_rate::to_shares(&rate, pool.wal_balance)?;
    Ok(())
}

/// What a stake of `principal` FROST earned between two epochs.
///
/// # Errors
/// As [`exchange_rate_at_epoch`].
pub(crate) fn calculate_rewards(
    rt: &mut Runtime<'_>,
    pool: &StakingPool,
    principal: u64,
    activation_epoch: Epoch,
    withdraw_epoch: Epoch,
) -> Result<u64, Failure> {
    let bought = exchange_rate_at_epoch(rt, pool, activation_epoch)?;
    let sold = exchange_rate_at_epoch(rt, pool, withdraw_epoch)?;
    let shares = pool_exchange_rate::to_shares(&bought, principal)?;
    Ok(pool_exchange_rate::to_wal(&sold, shares)?.saturating_sub(principal))
}

/// Adds to the node's commission.
///
/// # Errors
/// Arithmetic fault on overflow.
pub(crate) fn add_commission(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    commission: Balance<Wal>,
    collection: Collection,
) -> Result<(), Failure> {
    if collection == Collection::Blocked {
        block(rt, pool, commission.value)?;
    }
    balance::join(&mut pool.commission, commission)?;
    Ok(())
}

fn block(rt: &mut Runtime<'_>, pool: &mut StakingPool, amount: u64) -> Result<(), Failure> {
    let extra = &mut pool.extra_fields;
    if !bag::contains(rt, extra, &BlockedKey)? {
        return bag::add(rt, extra, &BlockedKey, amount);
    }
    let mut blocked = bag::borrow_mut::<_, u64>(rt, extra, &BlockedKey)?;
    *blocked = blocked
        .checked_add(amount)
        .ok_or_else(|| MODULE.arithmetic("add_blocked_commission"))?;
    Ok(())
}

/// Lets all commission be collected.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn unblock_commission(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
) -> Result<(), Failure> {
    if bag::contains(rt, &pool.extra_fields, &BlockedKey)? {
        bag::remove::<_, u64>(rt, &mut pool.extra_fields, &BlockedKey)?;
    }
    Ok(())
}

/// Takes all commission that can be collected out; it may be nothing.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn take_commission(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
) -> Result<Balance<Wal>, Failure> {
    let blocked = if bag::contains(rt, &pool.extra_fields, &BlockedKey)? {
        *bag::borrow::<_, u64>(rt, &pool.extra_fields, &BlockedKey)?
    } else {
        0
    };
    let free = pool.commission.value.saturating_sub(blocked);
    balance::split(&mut pool.commission, free)
}

/// Takes all commission out, and forgets what was blocked.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn slash_commission(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
) -> Result<Balance<Wal>, Failure> {
    unblock_commission(rt, pool)?;
    Ok(balance::withdraw_all(&mut pool.commission))
}

fn basis_points(amount: u64, rate: u16) -> Option<u64> {
    let product = u128::from(amount) * u128::from(rate);
    u64::try_from(product / u128::from(N_BASIS_POINTS)).ok()
}
