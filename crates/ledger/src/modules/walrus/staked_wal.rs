//! `walrus::staked_wal`: a stake in a pool (`docs/spec/contracts.md` §3.5, §4.6).

use floe_core::{
    Epoch, ObjectId,
    onchain::{
        framework::{Balance, Wal},
        staking::{StakedWal, StakedWalState},
    },
};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef, sui::balance},
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "staked_wal");
const E_NOT_WITHDRAWING: u64 = 0;
const E_METADATA_MISMATCH: u64 = 1;
const E_INVALID_AMOUNT: u64 = 2;
const E_ALREADY_WITHDRAWING: u64 = 6;
const E_STAKE_BELOW_THRESHOLD: u64 = 7;
/// The least that can be staked, in FROST.
const MIN_STAKING_THRESHOLD: u64 = 1_000_000_000;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("node_id", node_id),
        ("value", value),
        ("activation_epoch", activation_epoch),
        ("is_staked", is_staked),
        ("is_withdrawing", is_withdrawing),
        ("withdraw_epoch", withdraw_epoch_fn),
        ("join", join_fn),
        ("split", split_fn),
    ],
);

/// A new stake.
///
/// # Errors
/// Aborts with `staked_wal` 7 below 1 WAL.
pub(crate) fn mint(
    rt: &mut Runtime<'_>,
    node_id: ObjectId,
    principal: Balance<Wal>,
    activation_epoch: Epoch,
) -> Result<StakedWal, Failure> {
    let enough = principal.value >= MIN_STAKING_THRESHOLD;
    MODULE.ensure(enough, "mint", E_STAKE_BELOW_THRESHOLD)?;
    Ok(StakedWal {
        id: rt.fresh_id()?.into(),
        state: StakedWalState::Staked,
        node_id,
        principal,
        activation_epoch,
    })
}

/// Destroys a stake for its principal.
pub(crate) fn into_balance(rt: &mut Runtime<'_>, stake: StakedWal) -> Balance<Wal> {
    rt.delete_id(stake.id.0);
    stake.principal
}

/// Notes when the stake can be taken out.
///
/// # Errors
/// Aborts with `staked_wal` 6 if it is being withdrawn already.
pub(crate) fn set_withdrawing(stake: &mut StakedWal, withdraw_epoch: Epoch) -> Result<(), Failure> {
    let staked = stake.state == StakedWalState::Staked;
    MODULE.ensure(staked, "set_withdrawing", E_ALREADY_WITHDRAWING)?;
    stake.state = StakedWalState::Withdrawing { withdraw_epoch };
    Ok(())
}

/// When the stake can be taken out, if it is being withdrawn.
pub(crate) const fn withdraw_epoch(stake: &StakedWal) -> Option<Epoch> {
    match stake.state {
        StakedWalState::Staked => None,
        StakedWalState::Withdrawing { withdraw_epoch } => Some(withdraw_epoch),
    }
}

/// Puts one stake into another.
///
/// # Errors
/// Aborts with `staked_wal` 1 unless both have the same node, activation epoch and state.
pub(crate) fn join(
    rt: &mut Runtime<'_>,
    stake: &mut StakedWal,
    other: StakedWal,
) -> Result<(), Failure> {
    let same = stake.node_id == other.node_id
        && stake.activation_epoch == other.activation_epoch
        && stake.state == other.state;
    MODULE.ensure(same, "join", E_METADATA_MISMATCH)?;
    let other = into_balance(rt, other);
    balance::join(&mut stake.principal, other)?;
    Ok(())
}

/// Splits off a stake of `amount` FROST.
///
/// # Errors
/// Aborts with `staked_wal` 2 unless there is more than `amount`, 7 if a part is below 1 WAL.
pub(crate) fn split(
    rt: &mut Runtime<'_>,
    stake: &mut StakedWal,
    amount: u64,
) -> Result<StakedWal, Failure> {
    let rest = stake
        .principal
        .value
        .checked_sub(amount)
        .filter(|rest| *rest > 0)
        .ok_or_else(|| MODULE.abort("split", E_INVALID_AMOUNT))?;
    let enough = amount.min(rest) >= MIN_STAKING_THRESHOLD;
    MODULE.ensure(enough, "split", E_STAKE_BELOW_THRESHOLD)?;
    Ok(StakedWal {
        id: rt.fresh_id()?.into(),
        state: stake.state.clone(),
        node_id: stake.node_id,
        principal: balance::split(&mut stake.principal, amount)?,
        activation_epoch: stake.activation_epoch,
    })
}

fn node_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<StakedWal>(0)?.node_id;
    call.ret(id);
    Ok(())
}

fn value(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let value = call.args.read::<StakedWal>(0)?.principal.value;
    call.ret(value);
    Ok(())
}

fn activation_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = call.args.read::<StakedWal>(0)?.activation_epoch;
    call.ret(epoch);
    Ok(())
}

fn is_staked(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let staked = withdraw_epoch(&*call.args.read::<StakedWal>(0)?).is_none();
    call.ret(staked);
    Ok(())
}

fn is_withdrawing(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let withdrawing = withdraw_epoch(&*call.args.read::<StakedWal>(0)?).is_some();
    call.ret(withdrawing);
    Ok(())
}

fn withdraw_epoch_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = withdraw_epoch(&*call.args.read::<StakedWal>(0)?)
        .ok_or_else(|| call.abort(E_NOT_WITHDRAWING))?;
    call.ret(epoch);
    Ok(())
}

fn join_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let other = call.args.take(1)?;
    join(call.rt, &mut *call.args.update(0)?, other)
}

fn split_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let amount = call.args.take(1)?;
    let part = split(call.rt, &mut *call.args.update(0)?, amount)?;
    call.ret(part);
    Ok(())
}
