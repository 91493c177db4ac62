//! `walrus::staking_pool`: a node's pool of stakes, its rewards and its votes
//! (`docs/spec/economics.md` §4, §5; `docs/spec/contracts.md` §4.6).
//!
//! Stakes hold their principal themselves. A pool holds rewards, and the accounts: `wal_balance` is
//! active stake with rewards, `num_shares` what it is divided into. Shares are worth more with
//! every reward (`rewards`); what comes and goes waits in pending values for its epoch
//! (`stakes`).

pub(super) mod rewards;
pub(super) mod settings;
pub(super) mod stakes;
#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use floe_core::{
    Epoch, ObjectId,
    keys::BlsPublicKey,
    onchain::{
        framework::{Element, UncompressedG1},
        node::{Authorized, StorageNodeCap},
        staking::{PoolExchangeRate, PoolState, StakingPool, VotingParams},
    },
};

use super::{
    messages, pending_values, pool_exchange_rate,
    storage_node::{self, NewNode},
};
use crate::{
    error::Failure,
    modules::{
        ModuleRef,
        sui::{bag, balance, table},
    },
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "staking_pool");
const GROUP_OPS: ModuleRef = ModuleRef::new("sui", "group_ops");
const E_POOL_ALREADY_UPDATED: u64 = 0;
const E_CALCULATION_ERROR: u64 = 1;
const E_INCORRECT_EPOCH_ADVANCE: u64 = 2;
const E_INVALID_PROOF_OF_POSSESSION: u64 = 4;
const E_POOL_IS_NOT_ACTIVE: u64 = 6;
const E_ZERO_STAKE: u64 = 7;
const E_NOT_STAKED: u64 = 8;
const E_INCORRECT_POOL_ID: u64 = 9;
const E_NOT_WITHDRAWING: u64 = 10;
const E_WITHDRAW_EPOCH_NOT_REACHED: u64 = 11;
const E_ACTIVATION_EPOCH_NOT_REACHED: u64 = 12;
const E_WITHDRAW_DIRECTLY: u64 = 13;
const E_INCORRECT_COMMISSION_RATE: u64 = 14;
const E_AUTHORIZATION_FAILURE: u64 = 15;
const E_INVALID_NETWORK_ADDRESS_LENGTH: u64 = 16;
const E_INVALID_NAME_LENGTH: u64 = 17;
const E_ZERO_SHARES: u64 = 18;
/// `sui::group_ops`: bytes are no point of the group.
const E_INVALID_INPUT: u64 = 1;
const MAX_NODE_NAME_LENGTH: usize = 100;
const MAX_NETWORK_ADDRESS_LENGTH: usize = 259;
/// 100 % in basis points.
const N_BASIS_POINTS: u16 = 10_000;

/// What a node brings when it registers.
#[derive(Clone, Debug)]
pub(crate) struct NewPool {
    pub(crate) node: NewNode,
    pub(crate) public_key: Vec<u8>,
    pub(crate) proof_of_possession: Vec<u8>,
    pub(crate) commission_rate: u16,
    pub(crate) voting_params: VotingParams,
}

/// A pool without stake, and the right to act for its node; takes five fresh ids.
///
/// `activation_epoch` is the first epoch whose committee is not chosen yet, or the current one.
///
/// # Errors
/// Aborts with `messages` 6, `staking_pool` 4, 17, 16, 14, `storage_node` 0, in this order, on
/// what the node brings.
pub(crate) fn new(
    rt: &mut Runtime<'_>,
    new: NewPool,
    epoch: Epoch,
    activation_epoch: Epoch,
) -> Result<(StakingPool, StorageNodeCap), Failure> {
    check_proof(rt, epoch, &new.public_key, &new.proof_of_possession, "new")?;
    check_name(&new.node.name, "new")?;
    check_network_address(&new.node.network_address, "new")?;
    check_commission_rate(new.commission_rate, "new")?;

    let sender = rt.sender();
    let id = rt.fresh_id()?;
    let mut exchange_rates = table::new(rt)?;
    table::add(
        rt,
        &mut exchange_rates,
        &activation_epoch,
        PoolExchangeRate::Flat,
    )?;
    let node_info = storage_node::new(rt, id, new.node, || g1_element(&new.public_key))?;
    let extra_fields = bag::new(rt)?;
    let cap = storage_node::new_cap(rt, id)?;
    let pool = StakingPool {
        id: id.into(),
        state: PoolState::Active,
        voting_params: new.voting_params,
        node_info,
        activation_epoch,
        latest_epoch: epoch,
        wal_balance: 0,
        num_shares: 0,
        pending_shares_withdraw: pending_values::empty(),
        pre_active_withdrawals: pending_values::empty(),
        pending_commission_rate: pending_values::empty(),
        commission_rate: new.commission_rate,
        exchange_rates,
        pending_stake: pending_values::empty(),
        rewards_pool: balance::zero(),
        commission: balance::zero(),
        commission_receiver: Authorized::ObjectID(cap.id.0),
        governance_authorized: Authorized::Address(sender),
        extra_fields,
    };
    Ok((pool, cap))
}

/// What shares were worth in an epoch: the rate of the latest epoch up to it in which the pool
/// advanced, back to its activation; nothing before that.
///
/// # Errors
/// [`Failure::OutOfGas`]: every epoch looked at is charged.
pub(crate) fn exchange_rate_at_epoch(
    rt: &mut Runtime<'_>,
    pool: &StakingPool,
    epoch: Epoch,
) -> Result<Arc<PoolExchangeRate>, Failure> {
    // No epoch after the latest has an entry, except that of the activation.
    let mut at = epoch.min(pool.latest_epoch.max(pool.activation_epoch));
    while at >= pool.activation_epoch {
        rt.charge(1)?;
        if table::contains(rt, &pool.exchange_rates, &at)? {
            return table::borrow(rt, &pool.exchange_rates, &at);
        }
        match at.checked_sub(1) {
            Some(before) => at = before,
            None => break,
        }
    }
    Ok(Arc::new(PoolExchangeRate::Flat))
}

/// What shares are worth now, with the rewards so far.
pub(super) fn current_rate(pool: &StakingPool) -> Result<PoolExchangeRate, Failure> {
    pool_exchange_rate::new(pool.wal_balance, pool.num_shares)
}

/// The stake that counts for the committee of an epoch, in FROST: what is there, what comes until
/// then, less what goes.
///
/// # Errors
/// Arithmetic fault if more goes than is there.
pub(crate) fn wal_balance_at_epoch(
    rt: &mut Runtime<'_>,
    pool: &StakingPool,
    epoch: Epoch,
) -> Result<u64, Failure> {
    let fault = || MODULE.arithmetic("wal_balance_at_epoch");
    let coming = pending_values::value_at(&pool.pending_stake, epoch)?;
    let shares = pending_values::value_at(&pool.pending_shares_withdraw, epoch)?
        .checked_add(pre_active_shares(rt, pool, epoch)?)
        .ok_or_else(fault)?;
    let going = pool_exchange_rate::to_wal(&current_rate(pool)?, shares)?;
    pool.wal_balance
        .checked_add(coming)
        .and_then(|sum| sum.checked_sub(going))
        .ok_or_else(fault)
}

/// Shares of the stakes that go in the epoch after they become active.
fn pre_active_shares(
    rt: &mut Runtime<'_>,
    pool: &StakingPool,
    epoch: Epoch,
) -> Result<u64, Failure> {
    let fault = || MODULE.arithmetic("pre_active_shares");
    let mut sum = 0_u64;
    for (key, amount) in pending_values::until(&pool.pre_active_withdrawals, epoch) {
        let active = key.checked_sub(1).ok_or_else(fault)?;
        let rate = exchange_rate_at_epoch(rt, pool, active)?;
        let shares = pool_exchange_rate::to_shares(&rate, amount)?;
        sum = sum.checked_add(shares).ok_or_else(fault)?;
    }
    Ok(sum)
}

fn check_proof(
    rt: &mut Runtime<'_>,
    epoch: Epoch,
    public_key: &[u8],
    proof: &[u8],
    function: &'static str,
) -> Result<(), Failure> {
    let proven = messages::verify_proof_of_possession(rt, epoch, public_key, proof)?;
    MODULE.ensure(proven, function, E_INVALID_PROOF_OF_POSSESSION)
}

fn check_name(name: &str, function: &'static str) -> Result<(), Failure> {
    let fits = name.len() <= MAX_NODE_NAME_LENGTH;
    MODULE.ensure(fits, function, E_INVALID_NAME_LENGTH)
}

fn check_network_address(address: &str, function: &'static str) -> Result<(), Failure> {
    let fits = address.len() <= MAX_NETWORK_ADDRESS_LENGTH;
    MODULE.ensure(fits, function, E_INVALID_NETWORK_ADDRESS_LENGTH)
}

fn check_commission_rate(rate: u16, function: &'static str) -> Result<(), Failure> {
    MODULE.ensure(
        rate <= N_BASIS_POINTS,
        function,
        E_INCORRECT_COMMISSION_RATE,
    )
}

fn g1_element(public_key: &[u8]) -> Result<Element<UncompressedG1>, Failure> {
    BlsPublicKey::from_bytes(public_key)
        .map(|key| Element::from_public_key(&key))
        .map_err(|_| GROUP_OPS.abort("from_bytes", E_INVALID_INPUT))
}

/// The node's id.
pub(crate) const fn node_id(pool: &StakingPool) -> ObjectId {
    pool.id.0
}
