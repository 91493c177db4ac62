//! The epoch's states: vote, change, sync (`docs/spec/contracts.md` §4.8, `docs/spec/economics.md`
//! §8.1).

use std::sync::Arc;

use floe_core::{
    Epoch, ObjectId, RequiredWeight,
    onchain::{
        events::{EpochChangeDone, EpochChangeStart, EpochParametersSelected, ShardsReceived},
        framework::{Balance, Element, UncompressedG1, VecMap, Wal},
        node::StorageNodeCap,
        staking::{EpochState, StakingInnerV1, StakingPool},
        system::{BlsCommittee, EpochParams},
    },
};

use super::{
    E_COMMITTEE_SELECTED, E_DUPLICATE_SYNC_DONE, E_INCORRECT_NODE_ORDER, E_INVALID_SYNC_EPOCH,
    E_NEXT_COMMITTEE_IS_EMPTY, E_NOT_IN_COMMITTEE, E_WRONG_EPOCH_STATE, E_ZERO_NODE_WEIGHT, MODULE,
    compute_next_committee, pool, pool_mut, refresh_active_set,
    votes::{self, Prices},
};
use crate::{
    error::Failure,
    modules::{
        std::option,
        sui::balance,
        walrus::{bls_aggregate, committee, extended_field, staking_pool::rewards, storage_node},
    },
    runtime::Runtime,
};

type PublicKeys = VecMap<ObjectId, Element<UncompressedG1>>;

/// Ends the vote: chooses the next committee, and the capacity that it agrees on.
///
/// # Errors
/// Aborts with `staking_inner` 0 in another state or too early, 3 if there is no stake.
pub(crate) fn voting_end(
    rt: &mut Runtime<'_>,
    inner: &mut StakingInnerV1,
    now_ms: u64,
) -> Result<(), Failure> {
    let function = "voting_end";
    let EpochState::EpochChangeDone(last_change) = inner.epoch_state else {
        return Err(MODULE.abort(function, E_WRONG_EPOCH_STATE));
    };
    check_time(
        inner,
        last_change,
        inner.epoch_duration / 2,
        now_ms,
        function,
    )?;
    for (node, _) in &inner.previous_committee.0 {
        let mut pool = pool_mut(rt, inner, node)?;
        rewards::unblock_commission(rt, &mut pool)?;
    }
    let params = select_committee_and_calculate_votes(rt, inner)?;
    inner.next_epoch_params = Some(params);
    inner.epoch_state = EpochState::NextParamsSelected(last_change);
    let next_epoch = next(inner.epoch, function)?;
    rt.emit(&EpochParametersSelected { next_epoch })
}

fn select_committee_and_calculate_votes(
    rt: &mut Runtime<'_>,
    inner: &mut StakingInnerV1,
) -> Result<EpochParams, Failure> {
    let function = "select_committee_and_calculate_votes";
    let open = inner.next_committee.is_none();
    MODULE.ensure(open, function, E_COMMITTEE_SELECTED)?;
    let committee = compute_next_committee(rt, inner)?;
    let mut keys = PublicKeys::default();
    let mut capacities = Vec::with_capacity(committee.0.len());
    for (node, shards) in &committee.0 {
        let pool = pool(rt, inner, node)?;
        let key = storage_node::next_epoch_public_key(&pool.node_info);
        keys.contents.push((*node, key.clone()));
        let weight = weight(shards, function)?;
        let vote = votes::capacity_vote(pool.voting_params.node_capacity, weight, inner.n_shards)
            .ok_or_else(|| MODULE.abort(function, E_ZERO_NODE_WEIGHT))?;
        capacities.push((vote, weight));
    }
    extended_field::swap(rt, &inner.next_epoch_public_keys, keys)?;
    inner.next_committee = Some(committee);
    Ok(votes::params(votes::quorum_above(
        capacities,
        inner.n_shards,
    )))
}

/// The next committee with its keys, which are forgotten here.
///
/// # Errors
/// Aborts with `staking_inner` 6 if it is not chosen yet.
pub(crate) fn next_bls_committee(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
) -> Result<BlsCommittee, Failure> {
    let function = "next_bls_committee";
    let committee = inner
        .next_committee
        .as_ref()
        .ok_or_else(|| MODULE.abort(function, E_NEXT_COMMITTEE_IS_EMPTY))?;
    let keys: PublicKeys =
        extended_field::swap(rt, &inner.next_epoch_public_keys, PublicKeys::default())?;
    let mut keys = keys.contents.into_iter();
    let mut members = Vec::with_capacity(committee.0.len());
    for (node, shards) in &committee.0 {
        let key = keys
            .next()
            .filter(|(owner, _)| owner == node)
            .map(|(_, key)| key)
            .ok_or_else(|| MODULE.abort(function, E_INCORRECT_NODE_ORDER))?;
        let weight = weight(shards, function)?;
        members.push(bls_aggregate::new_bls_committee_member(key, weight, *node));
    }
    bls_aggregate::new_bls_committee(next(inner.epoch, function)?, members)
}

/// What the next committee has agreed on.
///
/// # Errors
/// Aborts with `option` 0x40001 before the first vote is over.
pub(crate) fn next_epoch_params(inner: &StakingInnerV1) -> Result<EpochParams, Failure> {
    inner
        .next_epoch_params
        .clone()
        .ok_or_else(|| option::MODULE.abort("borrow", option::E_OPTION_NOT_SET))
}

/// Makes the next committee the current one, and shares out the rewards of the epoch that ends:
/// one for every member of its committee, in order.
///
/// # Errors
/// Aborts with `staking_inner` 0 in another state or too early.
pub(crate) fn initiate_epoch_change(
    rt: &mut Runtime<'_>,
    inner: &mut StakingInnerV1,
    now_ms: u64,
    rewards: Vec<(ObjectId, Balance<Wal>)>,
) -> Result<(), Failure> {
    let function = "initiate_epoch_change";
    let EpochState::NextParamsSelected(last_change) = inner.epoch_state else {
        return Err(MODULE.abort(function, E_WRONG_EPOCH_STATE));
    };
    check_time(inner, last_change, inner.epoch_duration, now_ms, function)?;
    advance_epoch(rt, inner, rewards)
}

fn advance_epoch(
    rt: &mut Runtime<'_>,
    inner: &mut StakingInnerV1,
    rewards: Vec<(ObjectId, Balance<Wal>)>,
) -> Result<(), Failure> {
    let function = "advance_epoch";
    let chosen = inner
        .next_committee
        .take()
        .ok_or_else(|| MODULE.abort(function, E_WRONG_EPOCH_STATE))?;
    inner.epoch = next(inner.epoch, function)?;
    inner.previous_committee = std::mem::replace(&mut inner.committee, chosen);
    inner.epoch_state = EpochState::EpochChangeSync(0);

    for (node, reward) in rewards {
        advance_pool(rt, inner, &node, reward)?;
    }
    for node in joined(inner) {
        advance_pool(rt, inner, &node, balance::zero())?;
    }
    rt.emit(&EpochChangeStart { epoch: inner.epoch })
}

fn joined(inner: &StakingInnerV1) -> Vec<ObjectId> {
    let members = inner.committee.0.iter().map(|(node, _)| *node);
    members
        .filter(|node| !committee::contains(&inner.previous_committee, node))
        .collect()
}

fn advance_pool(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    node: &ObjectId,
    reward: Balance<Wal>,
) -> Result<(), Failure> {
    let mut pool = pool_mut(rt, inner, node)?;
    rewards::advance_epoch(rt, &mut pool, reward, inner.epoch)?;
    refresh_active_set(rt, inner, &pool, next(inner.epoch, "advance_epoch")?)
}

/// A node has received the shards of its part in this epoch. With a quorum of them the epoch change
/// is done.
///
/// # Errors
/// Aborts with `staking_inner` 1 in another epoch, 2 the second time, 4 outside of the committee.
pub(crate) fn epoch_sync_done(
    rt: &mut Runtime<'_>,
    inner: &mut StakingInnerV1,
    cap: &mut StorageNodeCap,
    epoch: Epoch,
    now_ms: u64,
) -> Result<(), Failure> {
    let function = "epoch_sync_done";
    MODULE.ensure(epoch == inner.epoch, function, E_INVALID_SYNC_EPOCH)?;
    let first = cap.last_epoch_sync_done < epoch;
    MODULE.ensure(first, function, E_DUPLICATE_SYNC_DONE)?;
    let shards = committee::shards(&inner.committee, &cap.node_id)
        .ok_or_else(|| MODULE.abort(function, E_NOT_IN_COMMITTEE))?
        .to_vec();
    cap.last_epoch_sync_done = epoch;
    if let EpochState::EpochChangeSync(weight_so_far) = inner.epoch_state {
        let weight = weight_so_far
            .checked_add(weight(&shards, function)?)
            .ok_or_else(|| MODULE.arithmetic(function))?;
        if RequiredWeight::Quorum.is_reached(weight, inner.n_shards) {
            inner.epoch_state = EpochState::EpochChangeDone(now_ms);
            rt.emit(&EpochChangeDone { epoch })?;
        } else {
            inner.epoch_state = EpochState::EpochChangeSync(weight);
        }
    }
    rt.emit(&ShardsReceived { epoch, shards })
}

/// The prices that the current committee votes for.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn quorum_prices(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
) -> Result<Prices, Failure> {
    let (mut storage, mut write) = (Vec::new(), Vec::new());
    for (node, shards) in &inner.committee.0 {
        let pool: Arc<StakingPool> = pool(rt, inner, node)?;
        let weight = weight(shards, "calculate_quorum_prices")?;
        storage.push((pool.voting_params.storage_price, weight));
        write.push((pool.voting_params.write_price, weight));
    }
    Ok(Prices {
        storage: votes::quorum_below(storage, inner.n_shards),
        write: votes::quorum_below(write, inner.n_shards),
    })
}

/// In epoch 0 only its own end counts.
fn check_time(
    inner: &StakingInnerV1,
    last_change: u64,
    wait: u64,
    now_ms: u64,
    function: &'static str,
) -> Result<(), Failure> {
    let due = if inner.epoch == Epoch(0) {
        inner.first_epoch_start
    } else {
        last_change
            .checked_add(wait)
            .ok_or_else(|| MODULE.arithmetic(function))?
    };
    MODULE.ensure(now_ms >= due, function, E_WRONG_EPOCH_STATE)
}

fn next(epoch: Epoch, function: &'static str) -> Result<Epoch, Failure> {
    epoch
        .checked_add(1)
        .ok_or_else(|| MODULE.arithmetic(function))
}

fn weight(shards: &[floe_core::ShardIndex], function: &'static str) -> Result<u16, Failure> {
    u16::try_from(shards.len()).map_err(|_| MODULE.arithmetic(function))
}
