//! `walrus::upgrade`: the committee votes on new versions of the package
//! (`docs/spec/contracts.md` §4.7).

#[cfg(test)]
mod tests;

use floe_core::{
    ObjectId, RequiredWeight,
    onchain::{
        events::{ContractUpgradeProposed, ContractUpgradeQuorumReached},
        framework::{UpgradeCap, VecSet},
        governance::{EmergencyUpgradeCap, PackageDigest, UpgradeManager, UpgradeProposal},
        node::Authenticated,
        staking::{Staking, StakingInnerV1},
        system::System,
    },
};

use super::{staking, staking_inner, system};
use crate::{
    call::Call,
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef,
        sui::{
            package::{self, UpgradeReceipt, UpgradeTicket},
            table,
        },
    },
    runtime::Runtime,
    value::Lease,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "upgrade");
const E_INVALID_UPGRADE_MANAGER: u64 = 0;
const E_NOT_AUTHORIZED: u64 = 1;
const E_DUPLICATE_VOTE: u64 = 2;
const E_INVALID_PACKAGE_DIGEST: u64 = 3;
const E_NO_PROPOSAL_FOR_DIGEST: u64 = 4;
const E_WRONG_EPOCH: u64 = 5;
const E_NOT_ENOUGH_VOTES: u64 = 6;
const E_WRONG_VERSION: u64 = 7;
const DIGEST_LEN: usize = 32;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("vote_for_upgrade", natives::vote_for_upgrade),
        ("authorize_upgrade", natives::authorize_upgrade),
        (
            "authorize_emergency_upgrade",
            natives::authorize_emergency_upgrade,
        ),
        ("commit_upgrade", natives::commit_upgrade),
        (
            "cleanup_upgrade_proposals",
            natives::cleanup_upgrade_proposals,
        ),
        (
            "burn_emergency_upgrade_cap",
            natives::burn_emergency_upgrade_cap,
        ),
    ],
);

/// Locks a package's capability away behind votes, and shares the manager; the capability for
/// emergencies. Takes three fresh ids.
///
/// # Errors
/// Beyond the limit of new objects.
pub(super) fn new(rt: &mut Runtime<'_>, cap: UpgradeCap) -> Result<EmergencyUpgradeCap, Failure> {
    let upgrade_manager_id = rt.fresh_id()?;
    let upgrade_proposals = table::new(rt)?;
    let emergency = EmergencyUpgradeCap {
        id: rt.fresh_id()?.into(),
        upgrade_manager_id,
    };
    rt.share(UpgradeManager {
        id: upgrade_manager_id.into(),
        cap,
        upgrade_proposals,
    })?;
    Ok(emergency)
}

/// Votes for a package with the weight of a node.
///
/// # Errors
/// Aborts with `dynamic_field` 1 for an unknown node, `upgrade` 1, `staking_inner` 4, `upgrade` 3,
/// 2, in this order.
fn vote_for_upgrade(
    rt: &mut Runtime<'_>,
    manager: &mut Lease<UpgradeManager>,
    staking: &Staking,
    who: &Authenticated,
    node: ObjectId,
    digest: Vec<u8>,
) -> Result<(), Failure> {
    let inner = staking::inner(rt, staking)?;
    let authorized = staking_inner::is_governance_authorized(rt, &inner, &node, who)?;
    MODULE.ensure(authorized, "vote_for_upgrade", E_NOT_AUTHORIZED)?;
    let weight = staking_inner::get_current_node_weight(&inner, &node)?;
    let digest = package_digest(digest, "vote_for_upgrade")?;
    let mut proposal = open_proposal(rt, manager, &inner, &digest)?;
    add_vote(&mut proposal, node, weight)?;
    if RequiredWeight::Quorum.is_reached(proposal.voting_weight, inner.n_shards) {
        rt.emit(&ContractUpgradeQuorumReached {
            epoch: inner.epoch,
            package_digest: digest.0,
        })?;
    }
    Ok(())
}

/// The proposal of this epoch and the next version; a fresh one if there is none.
fn open_proposal(
    rt: &mut Runtime<'_>,
    manager: &mut Lease<UpgradeManager>,
    inner: &StakingInnerV1,
    digest: &PackageDigest,
) -> Result<Lease<UpgradeProposal>, Failure> {
    let version = next_version(&manager.cap, "vote_for_upgrade")?;
    if table::contains(rt, &manager.upgrade_proposals, digest)? {
        let proposal = table::borrow(rt, &manager.upgrade_proposals, digest)?;
        if proposal.epoch == inner.epoch && proposal.version == version {
            return table::borrow_mut(rt, &manager.upgrade_proposals, digest);
        }
        table::remove(rt, &mut manager.upgrade_proposals, digest)?;
    }
    let fresh = UpgradeProposal {
        epoch: inner.epoch,
        digest: digest.clone(),
        version,
        voting_weight: 0,
        voters: VecSet::default(),
    };
    table::add(rt, &mut manager.upgrade_proposals, digest, fresh)?;
    rt.emit(&ContractUpgradeProposed {
        epoch: inner.epoch,
        package_digest: digest.0.clone(),
    })?;
    table::borrow_mut(rt, &manager.upgrade_proposals, digest)
}

fn add_vote(proposal: &mut UpgradeProposal, node: ObjectId, weight: u16) -> Result<(), Failure> {
    let function = "add_vote";
    let first = proposal.voters.insert(node).is_ok();
    MODULE.ensure(first, function, E_DUPLICATE_VOTE)?;
    proposal.voting_weight = proposal
        .voting_weight
        .checked_add(weight)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    Ok(())
}

/// Opens the upgrade to a package that a quorum has voted for in this epoch.
///
/// # Errors
/// Aborts with `upgrade` 3, 4, 5, 6, 7, `package` 2, in this order.
fn authorize_upgrade(
    rt: &mut Runtime<'_>,
    manager: &mut UpgradeManager,
    staking: &Staking,
    digest: Vec<u8>,
) -> Result<UpgradeTicket, Failure> {
    let function = "authorize_upgrade";
    let inner = staking::inner(rt, staking)?;
    let digest = package_digest(digest, function)?;
    let proposed = table::contains(rt, &manager.upgrade_proposals, &digest)?;
    MODULE.ensure(proposed, function, E_NO_PROPOSAL_FOR_DIGEST)?;
    let proposal: UpgradeProposal = table::remove(rt, &mut manager.upgrade_proposals, &digest)?;
    MODULE.ensure(proposal.epoch == inner.epoch, function, E_WRONG_EPOCH)?;
    let quorum = RequiredWeight::Quorum.is_reached(proposal.voting_weight, inner.n_shards);
    MODULE.ensure(quorum, function, E_NOT_ENOUGH_VOTES)?;
    let next = next_version(&manager.cap, function)?;
    MODULE.ensure(proposal.version == next, function, E_WRONG_VERSION)?;
    open_upgrade(manager, digest.0)
}

/// Opens an upgrade without a vote.
///
/// # Errors
/// Aborts with `upgrade` 0 for another manager's capability, `package` 2.
fn authorize_emergency_upgrade(
    manager: &mut UpgradeManager,
    cap: &EmergencyUpgradeCap,
    digest: Vec<u8>,
) -> Result<UpgradeTicket, Failure> {
    MODULE.ensure(
        cap.upgrade_manager_id == manager.id.0,
        "authorize_emergency_upgrade",
        E_INVALID_UPGRADE_MANAGER,
    )?;
    open_upgrade(manager, digest)
}

fn open_upgrade(manager: &mut UpgradeManager, digest: Vec<u8>) -> Result<UpgradeTicket, Failure> {
    let policy = manager.cap.policy;
    package::authorize_upgrade(&mut manager.cap, policy, digest)
}

/// Closes an upgrade: the shared objects may be migrated to the new package.
///
/// # Errors
/// Aborts with `package` 4, 3.
fn commit_upgrade(
    manager: &mut UpgradeManager,
    staking: &mut Staking,
    system: &mut System,
    receipt: &UpgradeReceipt,
) -> Result<(), Failure> {
    staking::set_new_package_id(staking, receipt.package);
    system::set_new_package_id(system, receipt.package);
    package::commit_upgrade(&mut manager.cap, receipt)
}

/// Drops proposals that can't be adopted any more.
///
/// # Errors
/// Aborts with `upgrade` 3 on a digest that has not 32 bytes.
fn cleanup_upgrade_proposals(
    rt: &mut Runtime<'_>,
    manager: &mut Lease<UpgradeManager>,
    staking: &Staking,
    digests: Vec<Vec<u8>>,
) -> Result<(), Failure> {
    let epoch = staking::epoch(rt, staking)?;
    for digest in digests {
        let digest = package_digest(digest, "cleanup_upgrade_proposals")?;
        if !table::contains(rt, &manager.upgrade_proposals, &digest)? {
            continue;
        }
        let proposal = table::borrow(rt, &manager.upgrade_proposals, &digest)?;
        if proposal.version <= manager.cap.version || proposal.epoch < epoch {
            table::remove(rt, &mut manager.upgrade_proposals, &digest)?;
        }
    }
    Ok(())
}

fn package_digest(digest: Vec<u8>, function: &'static str) -> Result<PackageDigest, Failure> {
    let valid = digest.len() == DIGEST_LEN;
    MODULE.ensure(valid, function, E_INVALID_PACKAGE_DIGEST)?;
    Ok(PackageDigest(digest))
}

fn next_version(cap: &UpgradeCap, function: &'static str) -> Result<u64, Failure> {
    cap.version
        .checked_add(1)
        .ok_or_else(|| MODULE.arithmetic(function))
}

mod natives {
    use super::{Call, EmergencyUpgradeCap, Failure};

    pub(super) fn vote_for_upgrade(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let (who, node, digest) = (args.take(2)?, args.take(3)?, args.take(4)?);
        let (mut manager, staking) = (args.update(0)?, args.read(1)?);
        super::vote_for_upgrade(call.rt, &mut manager, &staking, &who, node, digest)
    }

    pub(super) fn authorize_upgrade(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let (mut manager, staking) = (args.update(0)?, args.read(1)?);
        let ticket = super::authorize_upgrade(call.rt, &mut manager, &staking, args.take(2)?)?;
        call.ret(ticket);
        Ok(())
    }

    pub(super) fn authorize_emergency_upgrade(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let (mut manager, cap) = (args.update(0)?, args.read(1)?);
        let ticket = super::authorize_emergency_upgrade(&mut manager, &cap, args.take(2)?)?;
        call.ret(ticket);
        Ok(())
    }

    pub(super) fn commit_upgrade(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let receipt = args.take(3)?;
        let (mut manager, mut staking, mut system) =
            (args.update(0)?, args.update(1)?, args.update(2)?);
        super::commit_upgrade(&mut manager, &mut staking, &mut system, &receipt)
    }

    pub(super) fn cleanup_upgrade_proposals(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let (mut manager, staking) = (args.update(0)?, args.read(1)?);
        super::cleanup_upgrade_proposals(call.rt, &mut manager, &staking, args.take(2)?)
    }

    pub(super) fn burn_emergency_upgrade_cap(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let cap = call.args.take::<EmergencyUpgradeCap>(0)?;
        call.rt.delete_id(cap.id.0);
        Ok(())
    }
}
