//! `walrus::staking_inner`: pools, the choice of committees, and the turn of the epoch
//! (`docs/spec/contracts.md` §4.6, §4.8; `docs/spec/economics.md` §3, §6, §8.1).

mod apportionment;
pub(super) mod epochs;
mod votes;

use std::sync::Arc;

use floe_core::{
    Epoch, ObjectId,
    onchain::{
        framework::{Balance, VecMap, Wal},
        node::{Authenticated, StorageNodeCap},
        staking::{ActiveSet, Committee, EpochState, StakedWal, StakingInnerV1, StakingPool},
    },
};

use super::{
    active_set, committee, extended_field,
    staking_pool::{
        self, NewPool,
        rewards::{self, Collection},
        stakes,
    },
    walrus_context::WalrusContext,
};
use crate::{
    error::Failure,
    modules::{ModuleRef, sui::object_table},
    runtime::Runtime,
    value::Lease,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "staking_inner");
const E_WRONG_EPOCH_STATE: u64 = 0;
const E_INVALID_SYNC_EPOCH: u64 = 1;
const E_DUPLICATE_SYNC_DONE: u64 = 2;
const E_NO_STAKE: u64 = 3;
const E_NOT_IN_COMMITTEE: u64 = 4;
const E_COMMITTEE_SELECTED: u64 = 5;
const E_NEXT_COMMITTEE_IS_EMPTY: u64 = 6;
const E_INVALID_NODE_WEIGHT: u64 = 7;
const E_POOL_NOT_FOUND: u64 = 8;
const E_ZERO_NODE_WEIGHT: u64 = 9;
const E_INCORRECT_NODE_ORDER: u64 = 10;
/// Below this many FROST a node is in no active set.
const MIN_STAKE: u64 = 0;
/// The most nodes in a committee.
const TEMP_ACTIVE_SET_SIZE_LIMIT: u16 = 150;
/// A compiler-numbered abort has this bit set; the rest is opaque (`docs/spec/contracts.md` §1.3).
const UNCODED_ASSERTION: u64 = 1 << 63;

/// What a deployment decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Durations {
    pub(crate) epoch_zero_ms: u64,
    pub(crate) epoch_ms: u64,
}

/// The content of a new staking object; takes three fresh ids.
///
/// # Errors
/// Arithmetic fault if epoch 0 ends beyond `u64`.
pub(crate) fn new(
    rt: &mut Runtime<'_>,
    durations: Durations,
    n_shards: u16,
    now_ms: u64,
) -> Result<StakingInnerV1, Failure> {
    let first_epoch_start = durations
        .epoch_zero_ms
        .checked_add(now_ms)
        .ok_or_else(|| MODULE.arithmetic("new"))?;
    Ok(StakingInnerV1 {
        n_shards,
        epoch_duration: durations.epoch_ms,
        first_epoch_start,
        pools: object_table::new(rt)?,
        epoch: Epoch(0),
        active_set: {
            let nodes = active_set::new(TEMP_ACTIVE_SET_SIZE_LIMIT, MIN_STAKE)?;
            extended_field::new(rt, nodes)?
        },
        next_committee: None,
        committee: committee::empty(),
        previous_committee: committee::empty(),
        next_epoch_params: None,
        epoch_state: EpochState::EpochChangeDone(now_ms),
        next_epoch_public_keys: extended_field::new(rt, VecMap::default())?,
    })
}

/// Registers a node; the right to act for it.
///
/// # Errors
/// As [`staking_pool::new`].
pub(crate) fn create_pool(
    rt: &mut Runtime<'_>,
    inner: &mut StakingInnerV1,
    new: NewPool,
) -> Result<StorageNodeCap, Failure> {
    let activation_epoch = if inner.next_committee.is_some() {
        let next = inner.epoch.checked_add(1);
        next.ok_or_else(|| MODULE.arithmetic("create_pool"))?
    } else {
        inner.epoch
    };
    let (pool, cap) = staking_pool::new(rt, new, inner.epoch, activation_epoch)?;
    let node = staking_pool::node_id(&pool);
    object_table::add(rt, &mut inner.pools, &node, pool)?;
    Ok(cap)
}

/// A node's pool.
///
/// # Errors
/// Aborts with `dynamic_field` 1 if there is none.
pub(crate) fn pool(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    node: &ObjectId,
) -> Result<Arc<StakingPool>, Failure> {
    object_table::borrow(rt, &inner.pools, node)
}

/// A node's pool, for changing.
///
/// # Errors
/// As [`pool`].
pub(crate) fn pool_mut(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    node: &ObjectId,
) -> Result<Lease<StakingPool>, Failure> {
    object_table::borrow_mut(rt, &inner.pools, node)
}

/// Stakes with a node.
///
/// # Errors
/// As [`pool`] and [`stakes::stake`].
pub(crate) fn stake_with_pool(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    to_stake: Balance<Wal>,
    node: &ObjectId,
) -> Result<StakedWal, Failure> {
    let ctx = WalrusContext::new(inner, node);
    let mut pool = pool_mut(rt, inner, node)?;
    let stake = stakes::stake(rt, &mut pool, to_stake, &ctx)?;
    let counts_for = ctx.next_open_epoch()?;
    refresh_active_set(rt, inner, &pool, counts_for)?;
    Ok(stake)
}

/// Announces that a stake is to be taken out.
///
/// # Errors
/// As [`pool`] and [`stakes::request_withdraw_stake`].
pub(crate) fn request_withdraw_stake(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    stake: &mut StakedWal,
) -> Result<(), Failure> {
    let ctx = WalrusContext::new(inner, &stake.node_id);
    let mut pool = pool_mut(rt, inner, &stake.node_id)?;
    stakes::request_withdraw_stake(rt, &mut pool, stake, &ctx)?;
    let counts_for = ctx.next_open_epoch()?;
    refresh_active_set(rt, inner, &pool, counts_for)?;
    Ok(())
}

/// Takes a stake out.
///
/// # Errors
/// As [`pool`] and [`stakes::withdraw_stake`].
pub(crate) fn withdraw_stake(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    stake: StakedWal,
) -> Result<Balance<Wal>, Failure> {
    let ctx = WalrusContext::new(inner, &stake.node_id);
    let mut pool = pool_mut(rt, inner, &stake.node_id)?;
    let payout = stakes::withdraw_stake(rt, &mut pool, stake, &ctx)?;
    let counts_for = ctx.next_open_epoch()?;
    refresh_active_set(rt, inner, &pool, counts_for)?;
    Ok(payout)
}

/// Gives a node the place in the active set that its stake is worth.
///
/// # Errors
/// As [`pool`].
pub(crate) fn try_join_active_set(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    node: &ObjectId,
) -> Result<(), Failure> {
    let counts_for = WalrusContext::new(inner, node).next_open_epoch()?;
    let pool = pool(rt, inner, node)?;
    refresh_active_set(rt, inner, &pool, counts_for)
}

fn refresh_active_set(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    pool: &StakingPool,
    epoch: Epoch,
) -> Result<(), Failure> {
    let stake = staking_pool::wal_balance_at_epoch(rt, pool, epoch)?;
    let mut set: Lease<ActiveSet> = extended_field::borrow_mut(rt, &inner.active_set)?;
    let node = staking_pool::node_id(pool);
    if active_set::is_affected(&set, &node, stake) {
        active_set::insert_or_update(&mut set, node, stake)?;
    }
    Ok(())
}

/// Adds to nodes' commissions; blocked until the next vote, unless that is over.
///
/// # Errors
/// Aborts if there are more or fewer commissions than nodes; as [`pool`].
pub(crate) fn add_commission_to_pools(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    nodes: &[ObjectId],
    commissions: Vec<Balance<Wal>>,
) -> Result<(), Failure> {
    let equal = nodes.len() == commissions.len();
    MODULE.ensure(equal, "add_commission_to_pools", UNCODED_ASSERTION)?;
    let collection = match inner.epoch_state {
        EpochState::NextParamsSelected(_) => Collection::Free,
        _ => Collection::Blocked,
    };
    for (node, commission) in nodes.iter().zip(commissions) {
        let mut pool = pool_mut(rt, inner, node)?;
        rewards::add_commission(rt, &mut pool, commission, collection)?;
    }
    Ok(())
}

/// What a stake of `principal` FROST with a node earned between two epochs.
///
/// # Errors
/// Aborts with `staking_inner` 8 if there is no such node.
pub(crate) fn calculate_rewards(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    node: &ObjectId,
    principal: u64,
    activation_epoch: Epoch,
    withdraw_epoch: Epoch,
) -> Result<u64, Failure> {
    let found = object_table::contains(rt, &inner.pools, node)?;
    MODULE.ensure(found, "calculate_rewards", E_POOL_NOT_FOUND)?;
    let pool = pool(rt, inner, node)?;
    rewards::calculate_rewards(rt, &pool, principal, activation_epoch, withdraw_epoch)
}

/// Whether `who` may vote for a node.
///
/// # Errors
/// As [`pool`].
pub(crate) fn is_governance_authorized(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
    node: &ObjectId,
    who: &Authenticated,
) -> Result<bool, Failure> {
    Ok(pool(rt, inner, node)?.governance_authorized.allows(who))
}

/// The shards of a member of the current committee.
///
/// # Errors
/// Aborts with `staking_inner` 4 if it is none.
pub(crate) fn get_current_node_weight(
    inner: &StakingInnerV1,
    node: &ObjectId,
) -> Result<u16, Failure> {
    let function = "get_current_node_weight";
    let shards = committee::shards(&inner.committee, node)
        .ok_or_else(|| MODULE.abort(function, E_NOT_IN_COMMITTEE))?;
    u16::try_from(shards.len()).map_err(|_| MODULE.abort(function, E_INVALID_NODE_WEIGHT))
}

/// The committee that the active set would make now, in the order of node ids.
///
/// # Errors
/// Aborts with `staking_inner` 3 if there is no stake.
pub(crate) fn compute_next_committee(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
) -> Result<Committee, Failure> {
    let set: Arc<ActiveSet> = extended_field::borrow(rt, &inner.active_set)?;
    let wanted = apportionment::apportion(&set.nodes, inner.n_shards)?;
    if inner.committee.0.is_empty() {
        committee::initialize(&wanted)
    } else {
        committee::transition(&inner.committee, &wanted)
    }
}

/// Sets the most nodes in a committee, for the migration to this version.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn migrate_active_set(
    rt: &mut Runtime<'_>,
    inner: &StakingInnerV1,
) -> Result<(), Failure> {
    let mut set: Lease<ActiveSet> = extended_field::borrow_mut(rt, &inner.active_set)?;
    set.max_size = TEMP_ACTIVE_SET_SIZE_LIMIT;
    Ok(())
}
