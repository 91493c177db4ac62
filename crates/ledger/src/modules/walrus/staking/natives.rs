//! Stakes, epochs and prices.

use floe_core::{
    Epoch,
    onchain::{
        framework::{Coin, Wal},
        node::StorageNodeCap,
        staking::{StakedWal, Staking},
    },
};

use super::{
    E_DEPRECATED_FUNCTION, E_INVALID_MIGRATION, MIGRATION_EPOCH_KEY, MODULE, VERSION, inner,
    inner_mut,
};
use crate::{
    call::Call,
    error::Failure,
    modules::{
        sui::{clock::Clock, coin},
        walrus::{
            staking_inner::{self, epochs},
            walrus_context::WalrusContext,
        },
    },
};

pub(super) fn compute_next_committee(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let inner = inner(call.rt, &*call.args.read::<Staking>(0)?)?;
    let committee = staking_inner::compute_next_committee(call.rt, &inner)?;
    call.ret(committee);
    Ok(())
}

pub(super) fn update_prices(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    super::update_prices(call.rt, &*call.args.read(0)?, &*call.args.read(1)?)
}

pub(super) fn voting_end(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let now_ms = call.args.read::<Clock>(1)?.timestamp_ms;
    let mut inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    epochs::voting_end(call.rt, &mut inner, now_ms)
}

pub(super) fn initiate_epoch_change(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    Err(call.abort(E_DEPRECATED_FUNCTION))
}

pub(super) fn initiate_epoch_change_v2(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let now_ms = args.read::<Clock>(3)?.timestamp_ms;
    let (staking, system, treasury) = (args.read(0)?, args.read(1)?, args.read(2)?);
    super::initiate_epoch_change(call.rt, &staking, &system, &treasury, now_ms)
}

pub(super) fn epoch_sync_done(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let now_ms = call.args.read::<Clock>(3)?.timestamp_ms;
    let epoch = call.args.take(2)?;
    let mut cap = call.args.update::<StorageNodeCap>(1)?;
    let mut inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    epochs::epoch_sync_done(call.rt, &mut inner, &mut cap, epoch, now_ms)
}

pub(super) fn stake_with_pool(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let to_stake = call.args.take::<Coin<Wal>>(1)?;
    let node = call.args.take(2)?;
    let inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    let to_stake = coin::into_balance(call.rt, to_stake);
    let stake = staking_inner::stake_with_pool(call.rt, &inner, to_stake, &node)?;
    call.ret(stake);
    Ok(())
}

pub(super) fn request_withdraw_stake(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    let mut stake = call.args.update::<StakedWal>(1)?;
    staking_inner::request_withdraw_stake(call.rt, &inner, &mut stake)
}

pub(super) fn withdraw_stake(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let stake = call.args.take::<StakedWal>(1)?;
    let inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    let payout = staking_inner::withdraw_stake(call.rt, &inner, stake)?;
    let coin = coin::from_balance(call.rt, payout)?;
    call.ret(coin);
    Ok(())
}

pub(super) fn try_join_active_set(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let node = call.args.read::<StorageNodeCap>(1)?.node_id;
    let inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    staking_inner::try_join_active_set(call.rt, &inner, &node)
}

pub(super) fn add_commission_to_pools(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (nodes, commissions) = (call.args.take::<Vec<_>>(1)?, call.args.take(2)?);
    super::add_commission_to_pools(call.rt, &*call.args.read(0)?, &nodes, commissions)
}

pub(super) fn epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = super::epoch(call.rt, &*call.args.read(0)?)?;
    call.ret(epoch);
    Ok(())
}

pub(super) fn calculate_rewards(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let (node, principal) = (args.take(1)?, args.take(2)?);
    let (activation, withdraw): (Epoch, Epoch) = (args.take(3)?, args.take(4)?);
    let inner = inner(call.rt, &*args.read::<Staking>(0)?)?;
    let rewards =
        staking_inner::calculate_rewards(call.rt, &inner, &node, principal, activation, withdraw)?;
    call.ret(rewards);
    Ok(())
}

pub(super) fn can_withdraw_staked_wal_early(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let stake = call.args.read::<StakedWal>(1)?;
    let inner = inner(call.rt, &*call.args.read::<Staking>(0)?)?;
    let early = WalrusContext::new(&inner, &stake.node_id).can_withdraw_early(&stake);
    call.ret(early);
    Ok(())
}

pub(super) fn set_migration_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let staking = call.args.read::<Staking>(0)?;
    if staking.version >= VERSION {
        return Err(call.abort(E_INVALID_MIGRATION));
    }
    let key = MIGRATION_EPOCH_KEY.to_vec();
    if call.rt.has_field(staking.id.0, &key)? {
        return Ok(());
    }
    let content = call
        .rt
        .field::<_, floe_core::onchain::staking::StakingInnerV1>(staking.id.0, &staking.version)?;
    let next = content.epoch.checked_add(1);
    let next = next.ok_or_else(|| MODULE.arithmetic("set_migration_epoch"))?;
    call.rt.add_field(staking.id.0, &key, next)
}
