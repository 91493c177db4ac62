//! What a node, and those that act for it, may change (`docs/spec/contracts.md` §4.6).

use floe_core::{
    Epoch,
    onchain::{
        framework::{Balance, Wal},
        node::{Authenticated, Authorized},
        staking::StakingPool,
    },
};

use super::{
    E_AUTHORIZATION_FAILURE, MODULE, check_commission_rate, check_name, check_network_address,
    check_proof, g1_element, rewards::take_commission,
};
use crate::{error::Failure, modules::walrus::pending_values, runtime::Runtime};

/// Sets the commission rate of an epoch to come, in basis points.
///
/// # Errors
/// Aborts with `staking_pool` 14 above 100 %.
pub(crate) fn set_next_commission(
    pool: &mut StakingPool,
    rate: u16,
    epoch: Epoch,
) -> Result<(), Failure> {
    check_commission_rate(rate, "set_next_commission")?;
    pending_values::insert_or_replace(&mut pool.pending_commission_rate, epoch, rate.into());
    Ok(())
}

/// Sets the key that the node signs with from the next epoch on.
///
/// # Errors
/// Aborts with `messages` 6, `staking_pool` 4.
pub(crate) fn set_next_public_key(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    public_key: &[u8],
    proof: &[u8],
    epoch: Epoch,
) -> Result<(), Failure> {
    check_proof(rt, epoch, public_key, proof, "set_next_public_key")?;
    pool.node_info.next_epoch_public_key = Some(g1_element(public_key)?);
    Ok(())
}

/// Sets the node's name.
///
/// # Errors
/// Aborts with `staking_pool` 17 beyond 100 bytes.
pub(crate) fn set_name(pool: &mut StakingPool, name: String) -> Result<(), Failure> {
    check_name(&name, "set_name")?;
    pool.node_info.name = name;
    Ok(())
}

/// Sets where the node can be reached.
///
/// # Errors
/// Aborts with `staking_pool` 16 beyond 259 bytes.
pub(crate) fn set_network_address(pool: &mut StakingPool, address: String) -> Result<(), Failure> {
    check_network_address(&address, "set_network_address")?;
    pool.node_info.network_address = address;
    Ok(())
}

/// Takes the commission out that is not blocked.
///
/// # Errors
/// Aborts with `staking_pool` 15 unless `who` is the receiver.
pub(crate) fn collect_commission(
    rt: &mut Runtime<'_>,
    pool: &mut StakingPool,
    who: &Authenticated,
) -> Result<Balance<Wal>, Failure> {
    check_authorized(&pool.commission_receiver, who, "collect_commission")?;
    take_commission(rt, pool)
}

/// Sets who may collect commission.
///
/// # Errors
/// Aborts with `staking_pool` 15 unless `who` is the one so far.
pub(crate) fn set_commission_receiver(
    pool: &mut StakingPool,
    who: &Authenticated,
    receiver: Authorized,
) -> Result<(), Failure> {
    check_authorized(&pool.commission_receiver, who, "set_commission_receiver")?;
    pool.commission_receiver = receiver;
    Ok(())
}

/// Sets who may vote on upgrades and slashing.
///
/// # Errors
/// Aborts with `staking_pool` 15 unless `who` is the one so far.
pub(crate) fn set_governance_authorized(
    pool: &mut StakingPool,
    who: &Authenticated,
    authorized: Authorized,
) -> Result<(), Failure> {
    let function = "set_governance_authorized";
    check_authorized(&pool.governance_authorized, who, function)?;
    pool.governance_authorized = authorized;
    Ok(())
}

fn check_authorized(
    authorized: &Authorized,
    who: &Authenticated,
    function: &'static str,
) -> Result<(), Failure> {
    MODULE.ensure(authorized.allows(who), function, E_AUTHORIZATION_FAILURE)
}
