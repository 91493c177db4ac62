//! `walrus::slashing`: the committee votes on burning a node's commission
//! (`docs/spec/contracts.md` §4.7, `docs/spec/economics.md` §9).

use floe_core::{
    ObjectId, RequiredWeight,
    onchain::{
        framework::VecSet,
        governance::{SlashingManager, SlashingProposal},
        node::Authenticated,
        staking::Staking,
        wal::ProtectedTreasury,
    },
};

use super::{staking, staking_inner, staking_pool::rewards};
use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef, sui::table, wal::wal},
    runtime::Runtime,
    value::Lease,
};

/// The module.
pub(crate) const MODULE: ModuleRef = ModuleRef::new("walrus", "slashing");
const E_NOT_AUTHORIZED: u64 = 0;
const E_DUPLICATE_VOTE: u64 = 1;
const E_NO_PROPOSAL_FOR_NODE: u64 = 2;
const E_WRONG_EPOCH: u64 = 3;
const E_NOT_ENOUGH_VOTES: u64 = 4;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("vote_for_slashing", natives::vote_for_slashing),
        ("execute_slashing", natives::execute_slashing),
        (
            "cleanup_slashing_proposals",
            natives::cleanup_slashing_proposals,
        ),
    ],
);

/// Creates and shares the manager of the votes; its id. Takes two fresh ids.
///
/// The live networks got theirs in a migration; a chain that begins at this version creates it at
/// genesis (`docs/spec/contracts.md` §2.3).
///
/// # Errors
/// Beyond the limit of new objects.
pub(crate) fn create(rt: &mut Runtime<'_>) -> Result<ObjectId, Failure> {
    let id = rt.fresh_id()?;
    let slashing_candidates = table::new(rt)?;
    rt.share(SlashingManager {
        id: id.into(),
        slashing_candidates,
    })?;
    Ok(id)
}

/// Votes for the slashing of `candidate`, known or not, with the weight of `voter`.
///
/// # Errors
/// Aborts with `dynamic_field` 1 for an unknown voter, `slashing` 0, `staking_inner` 4, `slashing`
/// 1, in this order.
fn vote_for_slashing(
    rt: &mut Runtime<'_>,
    manager: &mut Lease<SlashingManager>,
    staking: &Staking,
    who: &Authenticated,
    voter: ObjectId,
    candidate: ObjectId,
) -> Result<(), Failure> {
    let inner = staking::inner(rt, staking)?;
    let authorized = staking_inner::is_governance_authorized(rt, &inner, &voter, who)?;
    MODULE.ensure(authorized, "vote_for_slashing", E_NOT_AUTHORIZED)?;
    let weight = staking_inner::get_current_node_weight(&inner, &voter)?;
    let fresh = SlashingProposal {
        epoch: inner.epoch,
        node_id: candidate,
        voting_weight: 0,
        voters: VecSet::default(),
    };
    if table::contains(rt, &manager.slashing_candidates, &candidate)? {
        let mut proposal = proposal_mut(rt, manager, &candidate)?;
        if proposal.epoch != inner.epoch {
            *proposal = fresh;
        }
    } else {
        table::add(rt, &mut manager.slashing_candidates, &candidate, fresh)?;
    }
    let mut proposal = proposal_mut(rt, manager, &candidate)?;
    add_vote(&mut proposal, voter, weight)
}

fn proposal_mut(
    rt: &mut Runtime<'_>,
    manager: &SlashingManager,
    candidate: &ObjectId,
) -> Result<Lease<SlashingProposal>, Failure> {
    table::borrow_mut(rt, &manager.slashing_candidates, candidate)
}

fn add_vote(proposal: &mut SlashingProposal, voter: ObjectId, weight: u16) -> Result<(), Failure> {
    let function = "add_vote";
    let first = proposal.voters.insert(voter).is_ok();
    MODULE.ensure(first, function, E_DUPLICATE_VOTE)?;
    proposal.voting_weight = proposal
        .voting_weight
        .checked_add(weight)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    Ok(())
}

/// Burns all commission of a node that a quorum has voted against in this epoch.
///
/// # Errors
/// Aborts with `slashing` 2, 3, 4, `dynamic_field` 1 for an unknown node, in this order.
fn execute_slashing(
    rt: &mut Runtime<'_>,
    manager: &mut SlashingManager,
    staking: &Staking,
    treasury: &ProtectedTreasury,
    candidate: ObjectId,
) -> Result<(), Failure> {
    let function = "execute_slashing";
    let inner = staking::inner_mut(rt, staking)?;
    let proposed = table::contains(rt, &manager.slashing_candidates, &candidate)?;
    MODULE.ensure(proposed, function, E_NO_PROPOSAL_FOR_NODE)?;
    let proposal: SlashingProposal =
        table::remove(rt, &mut manager.slashing_candidates, &candidate)?;
    MODULE.ensure(proposal.epoch == inner.epoch, function, E_WRONG_EPOCH)?;
    let quorum = RequiredWeight::Quorum.is_reached(proposal.voting_weight, inner.n_shards);
    MODULE.ensure(quorum, function, E_NOT_ENOUGH_VOTES)?;
    let mut pool = staking_inner::pool_mut(rt, &inner, &candidate)?;
    let commission = rewards::slash_commission(rt, &mut pool)?;
    wal::burn_balance(rt, treasury, commission)
}

/// Drops proposals of earlier epochs.
///
/// # Errors
/// As [`staking::epoch`].
fn cleanup_slashing_proposals(
    rt: &mut Runtime<'_>,
    manager: &mut Lease<SlashingManager>,
    staking: &Staking,
    nodes: &[ObjectId],
) -> Result<(), Failure> {
    let epoch = staking::epoch(rt, staking)?;
    for node in nodes {
        if !table::contains(rt, &manager.slashing_candidates, node)? {
            continue;
        }
        if table::borrow(rt, &manager.slashing_candidates, node)?.epoch < epoch {
            table::remove(rt, &mut manager.slashing_candidates, node)?;
        }
    }
    Ok(())
}

mod natives {
    use super::{Call, Failure, ObjectId};

    pub(super) fn vote_for_slashing(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let (who, voter, candidate) = (args.take(2)?, args.take(3)?, args.take(4)?);
        let (mut manager, staking) = (args.update(0)?, args.read(1)?);
        super::vote_for_slashing(call.rt, &mut manager, &staking, &who, voter, candidate)
    }

    pub(super) fn execute_slashing(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let candidate = args.take(3)?;
        let (mut manager, staking, treasury) = (args.update(0)?, args.read(1)?, args.read(2)?);
        super::execute_slashing(call.rt, &mut manager, &staking, &treasury, candidate)
    }

    pub(super) fn cleanup_slashing_proposals(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let nodes = args.take::<Vec<ObjectId>>(2)?;
        let (mut manager, staking) = (args.update(0)?, args.read(1)?);
        super::cleanup_slashing_proposals(call.rt, &mut manager, &staking, &nodes)
    }
}
