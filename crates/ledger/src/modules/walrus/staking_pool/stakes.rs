//! Stakes come and go (`docs/spec/economics.md` §5.1).

use floe_core::onchain::{
    framework::{Balance, Wal},
    staking::{PoolState, StakedWal, StakingPool},
};

use super::{
    E_ACTIVATION_EPOCH_NOT_REACHED, E_INCORRECT_POOL_ID, E_NOT_STAKED, E_NOT_WITHDRAWING,
    E_POOL_IS_NOT_ACTIVE, E_WITHDRAW_DIRECTLY, E_WITHDRAW_EPOCH_NOT_REACHED, E_ZERO_SHARES,
    E_ZERO_STAKE, MODULE, exchange_rate_at_epoch, node_id, rewards::calculate_rewards,
};
use crate::{
    error::Failure,
    modules::{
        sui::balance,
        walrus::{pending_values, pool_exchange_rate, staked_wal, walrus_context::WalrusContext},
    },
    runtime::Runtime,
};

/// Stakes an amount; it is active from the first epoch whose committee is not chosen yet.
///
/// # Errors
/// Aborts with `staking_pool` 6, 7, `staked_wal` 7.
pub(crate) fn stake(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    to_stake: Balance<Wal>,
    ctx: &WalrusContext,
) -> Result<StakedWal, Failure> {
    let active = pool.state == PoolState::Active;
    MODULE.ensure(active, "stake", E_POOL_IS_NOT_ACTIVE)?;
    MODULE.ensure(to_stake.value > 0, "stake", E_ZERO_STAKE)?;
    let activation = ctx.next_open_epoch()?;
    let amount = to_stake.value;
    let stake = staked_wal::mint(rt, node_id(pool), to_stake, activation)?;
    pending_values::insert_or_add(&mut pool.pending_stake, activation, amount)?;
    Ok(stake)
}

/// Announces that a stake is to be taken out.
///
/// # Errors
/// Aborts with `staking_pool` 9, 7, 8, 13, 12, 18, in this order.
pub(crate) fn request_withdraw_stake(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    stake: &mut StakedWal,
    ctx: &WalrusContext,
) -> Result<(), Failure> {
    let function = "request_withdraw_stake";
    check_stake(pool, stake, function)?;
    let staked = staked_wal::withdraw_epoch(stake).is_none();
    MODULE.ensure(staked, function, E_NOT_STAKED)?;
    let directly = ctx.can_withdraw_early(stake);
    MODULE.ensure(!directly, function, E_WITHDRAW_DIRECTLY)?;

    let principal = stake.principal.value;
    if stake.activation_epoch == ctx.ahead(1)? {
        // Already counted for the next committee: active for exactly that epoch.
        let withdraw = ctx.ahead(2)?;
        pending_values::insert_or_add(&mut pool.pre_active_withdrawals, withdraw, principal)?;
        return staked_wal::set_withdrawing(stake, withdraw);
    }
    let active = stake.activation_epoch <= ctx.epoch;
    MODULE.ensure(active, function, E_ACTIVATION_EPOCH_NOT_REACHED)?;
    let withdraw = match (ctx.in_next_committee, ctx.in_committee) {
        (true, _) => ctx.ahead(2)?,
        (false, true) => ctx.ahead(1)?,
        (false, false) => return Err(MODULE.abort(function, E_WITHDRAW_DIRECTLY)),
    };
    let rate = exchange_rate_at_epoch(rt, pool, stake.activation_epoch)?;
    let shares = pool_exchange_rate::to_shares(&rate, principal)?;
    MODULE.ensure(shares > 0, function, E_ZERO_SHARES)?;
    pending_values::insert_or_add(&mut pool.pending_shares_withdraw, withdraw, shares)?;
    staked_wal::set_withdrawing(stake, withdraw)
}

/// Takes a stake out; its principal with its rewards.
///
/// # Errors
/// Aborts with `staking_pool` 9, 7, 10, 11, 12, in this order.
pub(crate) fn withdraw_stake(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    stake: StakedWal,
    ctx: &WalrusContext,
) -> Result<Balance<Wal>, Failure> {
    check_stake(pool, &stake, "withdraw_stake")?;
    if ctx.can_withdraw_early(&stake) {
        let amount = stake.principal.value;
        pending_values::reduce(&mut pool.pending_stake, stake.activation_epoch, amount)?;
        return Ok(staked_wal::into_balance(rt, stake));
    }
    let rewards = match staked_wal::withdraw_epoch(&stake) {
        None if !ctx.in_committee && !ctx.in_next_committee => {
            leave_at_once(rt, pool, &stake, ctx)?
        }
        _ => finish_withdrawal(rt, pool, &stake, ctx)?,
    };
    // Rounding may have promised more than there is.
    let rewards = rewards.min(pool.rewards_pool.value);
    let rewards = balance::split(&mut pool.rewards_pool, rewards)?;
    let mut payout = staked_wal::into_balance(rt, stake);
    balance::join(&mut payout, rewards)?;
    Ok(payout)
}

/// The node has no part in any committee: no announcement is needed. The shares go with the next
/// turn of the pool.
fn leave_at_once(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    stake: &StakedWal,
    ctx: &WalrusContext,
) -> Result<u64, Failure> {
    let principal = stake.principal.value;
    let rate = exchange_rate_at_epoch(rt, pool, stake.activation_epoch)?;
    let shares = pool_exchange_rate::to_shares(&rate, principal)?;
    pending_values::insert_or_add(&mut pool.pending_shares_withdraw, ctx.epoch, shares)?;
    calculate_rewards(rt, pool, principal, stake.activation_epoch, ctx.epoch)
}

fn finish_withdrawal(
    rt: &mut Runtime<'_>,
    pool: &StakingPool,
    stake: &StakedWal,
    ctx: &WalrusContext,
) -> Result<u64, Failure> {
    let function = "withdraw_stake";
    let withdraw = staked_wal::withdraw_epoch(stake)
        .ok_or_else(|| MODULE.abort(function, E_NOT_WITHDRAWING))?;
    let reached = withdraw <= ctx.epoch;
    MODULE.ensure(reached, function, E_WITHDRAW_EPOCH_NOT_REACHED)?;
    let active = stake.activation_epoch <= ctx.epoch;
    MODULE.ensure(active, function, E_ACTIVATION_EPOCH_NOT_REACHED)?;
    let principal = stake.principal.value;
    calculate_rewards(rt, pool, principal, stake.activation_epoch, withdraw)
}

fn check_stake(
    pool: &StakingPool,
    stake: &StakedWal,
    function: &'static str,
) -> Result<(), Failure> {
    let own = stake.node_id == node_id(pool);
    MODULE.ensure(own, function, E_INCORRECT_POOL_ID)?;
    MODULE.ensure(stake.principal.value > 0, function, E_ZERO_STAKE)
}
