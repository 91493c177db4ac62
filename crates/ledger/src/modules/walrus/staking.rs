//! `walrus::staking`: the shared object in front of [`staking_inner`]
//! (`docs/spec/contracts.md` §4.6).

mod natives;
mod node_natives;

use std::sync::Arc;

use floe_core::{
    Epoch, ObjectId,
    onchain::{
        framework::{Balance, Wal},
        staking::{Committee, Staking, StakingInnerV1},
        system::System,
        wal::ProtectedTreasury,
    },
};

use super::{
    VERSION,
    staking_inner::{self, Durations, epochs},
    system,
};
use crate::{
    error::Failure,
    modules::{ModuleBodies, ModuleRef, std::option, wal::wal},
    runtime::Runtime,
    value::Lease,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "staking");
const E_INVALID_MIGRATION: u64 = 0;
const E_WRONG_VERSION: u64 = 1;
const E_DEPRECATED_FUNCTION: u64 = 2;
/// Name of the field with the epoch of a migration, a leftover of an earlier version.
const MIGRATION_EPOCH_KEY: &[u8] = b"migration_epoch";

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("register_candidate", node_natives::register_candidate),
        ("set_next_commission", node_natives::set_next_commission),
        ("collect_commission", node_natives::collect_commission),
        (
            "set_commission_receiver",
            node_natives::set_commission_receiver,
        ),
        (
            "set_governance_authorized",
            node_natives::set_governance_authorized,
        ),
        ("compute_next_committee", natives::compute_next_committee),
        (
            "set_storage_price_vote",
            node_natives::set_storage_price_vote,
        ),
        ("set_write_price_vote", node_natives::set_write_price_vote),
        (
            "set_node_capacity_vote",
            node_natives::set_node_capacity_vote,
        ),
        ("update_prices", natives::update_prices),
        ("node_metadata", node_natives::node_metadata),
        ("set_next_public_key", node_natives::set_next_public_key),
        ("set_name", node_natives::set_name),
        ("set_network_address", node_natives::set_network_address),
        (
            "set_network_public_key",
            node_natives::set_network_public_key,
        ),
        ("set_node_metadata", node_natives::set_node_metadata),
        ("voting_end", natives::voting_end),
        ("initiate_epoch_change", natives::initiate_epoch_change),
        (
            "initiate_epoch_change_v2",
            natives::initiate_epoch_change_v2,
        ),
        ("epoch_sync_done", natives::epoch_sync_done),
        ("stake_with_pool", natives::stake_with_pool),
        ("request_withdraw_stake", natives::request_withdraw_stake),
        ("withdraw_stake", natives::withdraw_stake),
        ("try_join_active_set", natives::try_join_active_set),
        ("add_commission_to_pools", natives::add_commission_to_pools),
        ("epoch", natives::epoch),
        ("calculate_rewards", natives::calculate_rewards),
        (
            "can_withdraw_staked_wal_early",
            natives::can_withdraw_staked_wal_early,
        ),
        ("set_migration_epoch", natives::set_migration_epoch),
    ],
);

/// Creates and shares the staking object; its id. Takes four fresh ids.
///
/// # Errors
/// As [`staking_inner::new`].
pub(crate) fn create(
    rt: &mut Runtime<'_>,
    durations: Durations,
    n_shards: u16,
    package_id: ObjectId,
    now_ms: u64,
) -> Result<ObjectId, Failure> {
    let id = rt.fresh_id()?;
    let content = staking_inner::new(rt, durations, n_shards, now_ms)?;
    rt.add_field(id, &VERSION, content)?;
    rt.share(Staking {
        id: id.into(),
        version: VERSION,
        package_id,
        new_package_id: None,
    })?;
    Ok(id)
}

/// The content, shared and unchanging.
///
/// # Errors
/// Aborts with `staking` 1 on content of another version.
pub(crate) fn inner(
    rt: &mut Runtime<'_>,
    staking: &Staking,
) -> Result<Arc<StakingInnerV1>, Failure> {
    MODULE.ensure(staking.version == VERSION, "inner", E_WRONG_VERSION)?;
    rt.field(staking.id.0, &VERSION)
}

/// The content, for changing.
///
/// # Errors
/// As [`inner`].
pub(crate) fn inner_mut(
    rt: &mut Runtime<'_>,
    staking: &Staking,
) -> Result<Lease<StakingInnerV1>, Failure> {
    MODULE.ensure(staking.version == VERSION, "inner_mut", E_WRONG_VERSION)?;
    rt.field_mut(staking.id.0, &VERSION)
}

/// The current epoch.
///
/// # Errors
/// As [`inner`].
pub(crate) fn epoch(rt: &mut Runtime<'_>, staking: &Staking) -> Result<Epoch, Failure> {
    Ok(inner(rt, staking)?.epoch)
}

/// The committee of the last epoch.
///
/// # Errors
/// As [`inner`].
pub(crate) fn previous_committee(
    rt: &mut Runtime<'_>,
    staking: &Staking,
) -> Result<Committee, Failure> {
    Ok(inner(rt, staking)?.previous_committee.clone())
}

/// Adds to nodes' commissions.
///
/// # Errors
/// As [`inner_mut`] and [`staking_inner::add_commission_to_pools`].
pub(crate) fn add_commission_to_pools(
    rt: &mut Runtime<'_>,
    staking: &Staking,
    nodes: &[ObjectId],
    commissions: Vec<Balance<Wal>>,
) -> Result<(), Failure> {
    let inner = inner_mut(rt, staking)?;
    staking_inner::add_commission_to_pools(rt, &inner, nodes, commissions)
}

/// Writes the prices that the current committee votes for to the system object.
///
/// # Errors
/// As [`inner`]; aborts with `system` 1.
pub(crate) fn update_prices(
    rt: &mut Runtime<'_>,
    staking: &Staking,
    system: &System,
) -> Result<(), Failure> {
    let inner = inner(rt, staking)?;
    let prices = epochs::quorum_prices(rt, &inner)?;
    system::update_prices(rt, system, prices.storage, prices.write)
}

/// Turns the epoch: burns its part of the rewards, shares out the rest, and lets the next committee
/// begin (`docs/spec/contracts.md` §4.8).
///
/// # Errors
/// Aborts with `staking_inner` 6 before the vote is over, 0 too early after it.
pub(crate) fn initiate_epoch_change(
    rt: &mut Runtime<'_>,
    staking: &Staking,
    system: &System,
    treasury: &ProtectedTreasury,
    now_ms: u64,
) -> Result<(), Failure> {
    let mut inner = inner_mut(rt, staking)?;
    let burned = system::extract_burn_balance(rt, system)?;
    wal::burn_balance(rt, treasury, burned)?;
    let committee = epochs::next_bls_committee(rt, &inner)?;
    let params = epochs::next_epoch_params(&inner)?;
    let rewards = system::advance_epoch(rt, system, committee, &params)?;
    epochs::initiate_epoch_change(rt, &mut inner, now_ms, rewards)?;
    let prices = epochs::quorum_prices(rt, &inner)?;
    system::update_prices(rt, system, prices.storage, prices.write)
}

/// Notes the package to migrate to.
pub(crate) const fn set_new_package_id(staking: &mut Staking, package_id: ObjectId) {
    staking.new_package_id = Some(package_id);
}

/// Moves the content to this version.
///
/// # Errors
/// Aborts with `staking` 0 if it is of this version already, `option` 0x40001 without a package to
/// migrate to.
pub(crate) fn migrate(rt: &mut Runtime<'_>, staking: &mut Staking) -> Result<(), Failure> {
    let old = staking.version < VERSION;
    MODULE.ensure(old, "migrate", E_INVALID_MIGRATION)?;
    let content: StakingInnerV1 = rt.remove_field(staking.id.0, &staking.version)?;
    staking_inner::migrate_active_set(rt, &content)?;
    rt.add_field(staking.id.0, &VERSION, content)?;
    staking.version = VERSION;
    staking.package_id = staking
        .new_package_id
        .take()
        .ok_or_else(|| option::MODULE.abort("extract", option::E_OPTION_NOT_SET))?;
    Ok(())
}
