//! What nodes do.

use floe_core::onchain::{
    node::{Authenticated, NodeMetadata, StorageNodeCap},
    staking::{Staking, StakingPool, VotingParams},
};

use super::{MODULE, inner, inner_mut};
use crate::{
    call::Call,
    error::Failure,
    modules::{
        sui::coin,
        walrus::{
            extended_field, staking_inner,
            staking_pool::{NewPool, settings},
            storage_node::{self, NewNode},
        },
    },
    value::Lease,
};

pub(super) fn register_candidate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let new = NewPool {
        node: NewNode {
            name: args.take(1)?,
            network_address: args.take(2)?,
            metadata: args.take(3)?,
            network_public_key: args.take(5)?,
        },
        public_key: args.take(4)?,
        proof_of_possession: args.take(6)?,
        commission_rate: args.take(7)?,
        voting_params: VotingParams {
            storage_price: args.take(8)?,
            write_price: args.take(9)?,
            node_capacity: args.take(10)?,
        },
    };
    let mut inner = inner_mut(call.rt, &*args.read::<Staking>(0)?)?;
    let cap = staking_inner::create_pool(call.rt, &mut inner, new)?;
    call.ret(cap);
    Ok(())
}

pub(super) fn set_next_commission(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let rate = call.args.take(2)?;
    let mut pool = pool_of_cap(call)?;
    let epoch = super::epoch(call.rt, &*call.args.read(0)?)?;
    let active = epoch
        .checked_add(2)
        .ok_or_else(|| MODULE.arithmetic("set_next_commission"))?;
    settings::set_next_commission(&mut pool, rate, active)
}

pub(super) fn collect_commission(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (node, who) = (call.args.take(1)?, call.args.take::<Authenticated>(2)?);
    let inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    let mut pool = staking_inner::pool_mut(call.rt, &inner, &node)?;
    let commission = settings::collect_commission(call.rt, &mut pool, &who)?;
    let coin = coin::from_balance(call.rt, commission)?;
    call.ret(coin);
    Ok(())
}

pub(super) fn set_commission_receiver(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (who, receiver) = (call.args.take(2)?, call.args.take(3)?);
    settings::set_commission_receiver(&mut *pool_of_argument(call)?, &who, receiver)
}

pub(super) fn set_governance_authorized(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (who, authorized) = (call.args.take(2)?, call.args.take(3)?);
    settings::set_governance_authorized(&mut *pool_of_argument(call)?, &who, authorized)
}

pub(super) fn set_storage_price_vote(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    pool_of_cap(call)?.voting_params.storage_price = call.args.take(2)?;
    Ok(())
}

pub(super) fn set_write_price_vote(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    pool_of_cap(call)?.voting_params.write_price = call.args.take(2)?;
    Ok(())
}

pub(super) fn set_node_capacity_vote(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    pool_of_cap(call)?.voting_params.node_capacity = call.args.take(2)?;
    Ok(())
}

pub(super) fn node_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let node = call.args.take(1)?;
    let inner = inner(call.rt, &*call.args.read::<Staking>(0)?)?;
    let pool = staking_inner::pool(call.rt, &inner, &node)?;
    let metadata = extended_field::borrow(call.rt, &pool.node_info.metadata)?;
    call.ret(NodeMetadata::clone(&metadata));
    Ok(())
}

pub(super) fn set_next_public_key(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (key, proof): (Vec<u8>, Vec<u8>) = (call.args.take(2)?, call.args.take(3)?);
    let mut pool = pool_of_cap(call)?;
    let epoch = super::epoch(call.rt, &*call.args.read(0)?)?;
    settings::set_next_public_key(call.rt, &mut pool, &key, &proof, epoch)
}

pub(super) fn set_name(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    settings::set_name(&mut *pool_of_cap(call)?, call.args.take(2)?)
}

pub(super) fn set_network_address(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    settings::set_network_address(&mut *pool_of_cap(call)?, call.args.take(2)?)
}

pub(super) fn set_network_public_key(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut pool = pool_of_cap(call)?;
    storage_node::set_network_public_key(&mut pool.node_info, call.args.take(2)?)
}

pub(super) fn set_node_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let pool = pool_of_cap(call)?;
    let metadata: NodeMetadata = call.args.take(2)?;
    extended_field::swap(call.rt, &pool.node_info.metadata, metadata)?;
    Ok(())
}

/// The pool of the node whose cap is the second argument.
fn pool_of_cap(call: &mut Call<'_, '_>) -> Result<Lease<StakingPool>, Failure> {
    let node = call.args.read::<StorageNodeCap>(1)?.node_id;
    let inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    staking_inner::pool_mut(call.rt, &inner, &node)
}

/// The pool of the node whose id is the second argument.
fn pool_of_argument(call: &mut Call<'_, '_>) -> Result<Lease<StakingPool>, Failure> {
    let node = call.args.take(1)?;
    let inner = inner_mut(call.rt, &*call.args.read::<Staking>(0)?)?;
    staking_inner::pool_mut(call.rt, &inner, &node)
}
