//! `walrus::bls_aggregate`: the committee as the checks of certificates see it
//! (`docs/spec/contracts.md` §4.9).

use floe_core::{
    Epoch, ObjectId, RequiredWeight,
    certificate::SignerBitmap,
    keys::{BlsPublicKey, BlsSignature, EMPTY_AGGREGATE_KEY},
    onchain::{
        framework::{Element, UncompressedG1},
        system::{BlsCommittee, BlsCommitteeMember},
    },
};

use super::messages::{self, CertifiedMessage};
use crate::{
    error::Failure,
    modules::ModuleRef,
    runtime::{Runtime, units},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "bls_aggregate");
const E_INVALID_BITMAP: u64 = 0;
const E_SIG_VERIFICATION: u64 = 1;
const E_NOT_ENOUGH_STAKE: u64 = 2;
const E_INCORRECT_COMMITTEE: u64 = 3;
/// Where all checks of certificates abort.
const VERIFY: &str = "verify_certificate_and_weight";

/// A member of a committee.
pub fn new_bls_committee_member(
    public_key: Element<UncompressedG1>,
    weight: u16,
    node_id: ObjectId,
) -> BlsCommitteeMember {
    BlsCommitteeMember {
        public_key,
        weight,
        node_id,
    }
}

/// A committee of these members, in this order.
///
/// # Errors
/// Aborts with `bls_aggregate` 3 if a member has no weight; arithmetic fault beyond 65 535 shards.
pub fn new_bls_committee(
    epoch: Epoch,
    members: Vec<BlsCommitteeMember>,
) -> Result<BlsCommittee, Failure> {
    let function = "new_bls_committee";
    let mut n_shards = 0_u16;
    for member in &members {
        MODULE.ensure(member.weight > 0, function, E_INCORRECT_COMMITTEE)?;
        n_shards = n_shards
            .checked_add(member.weight)
            .ok_or_else(|| MODULE.arithmetic(function))?;
    }
    let total_aggregated_key = match sum_of_keys(members.iter())? {
        Some(key) => key.to_bytes(),
        None => EMPTY_AGGREGATE_KEY,
    };
    Ok(BlsCommittee {
        members,
        n_shards,
        epoch,
        total_aggregated_key: Element::new(total_aggregated_key.to_vec()),
    })
}

/// The position of a node among the members.
pub fn find_index(committee: &BlsCommittee, node_id: &ObjectId) -> Option<usize> {
    committee
        .members
        .iter()
        .position(|member| member.node_id == *node_id)
}

/// Whether a node is a member.
pub fn contains(committee: &BlsCommittee, node_id: &ObjectId) -> bool {
    find_index(committee, node_id).is_some()
}

/// The shards of a node, 0 if it is no member.
pub fn member_weight(committee: &BlsCommittee, node_id: &ObjectId) -> u16 {
    find_index(committee, node_id)
        .and_then(|index| committee.members.get(index))
        .map_or(0, |member| member.weight)
}

/// Whether the weight is a quorum of the committee's shards.
pub fn is_quorum(committee: &BlsCommittee, weight: u16) -> bool {
    RequiredWeight::Quorum.is_reached(weight, committee.n_shards)
}

/// Checks a certificate of a quorum in the committee's epoch.
///
/// # Errors
/// Aborts of `bls_aggregate` and `messages`, in the order of `docs/spec/contracts.md` §4.9.
pub fn verify_quorum_in_epoch<'m>(
    rt: &mut Runtime<'_>,
    committee: &BlsCommittee,
    certificate: &Certificate<'m>,
) -> Result<CertifiedMessage<'m>, Failure> {
    verify(rt, committee, certificate, RequiredWeight::Quorum)
}

/// Checks a certificate with one correct node among its signers, in the committee's epoch.
///
/// # Errors
/// As [`verify_quorum_in_epoch`].
pub fn verify_one_correct_node_in_epoch<'m>(
    rt: &mut Runtime<'_>,
    committee: &BlsCommittee,
    certificate: &Certificate<'m>,
) -> Result<CertifiedMessage<'m>, Failure> {
    verify(rt, committee, certificate, RequiredWeight::OneCorrectNode)
}

/// A certificate as transactions carry it.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'m> {
    /// The sum of the signatures.
    pub signature: &'m [u8],
    /// The signers, a bit each.
    pub signers_bitmap: &'m [u8],
    /// The message, as signed.
    pub message: &'m [u8],
}

fn verify<'m>(
    rt: &mut Runtime<'_>,
    committee: &BlsCommittee,
    certificate: &Certificate<'m>,
    required: RequiredWeight,
) -> Result<CertifiedMessage<'m>, Failure> {
    let members = &committee.members;
    let signers = SignerBitmap::from_bytes(certificate.signers_bitmap, members.len())
        .map_err(|_| MODULE.abort(VERIFY, E_INVALID_BITMAP))?
        .members();
    let signers = || {
        signers
            .iter()
            .filter_map(|signer| members.get(signer.as_usize()))
    };
    // Cannot overflow: the sum over all members is `n_shards`.
    let weight = signers().fold(0_u16, |sum, member| sum.saturating_add(member.weight));
    MODULE.ensure(
        required.is_reached(weight, committee.n_shards),
        VERIFY,
        E_NOT_ENOUGH_STAKE,
    )?;
    rt.charge(units::BLS_VERIFY)?;
    // The contracts take the other members' keys from the total; the sum of the signers' is the same.
    let is_signed = sum_of_keys(signers())?.is_some_and(|key| {
        BlsSignature::from_bytes(certificate.signature)
            .and_then(|signature| key.verify(certificate.message, &signature))
            .is_ok()
    });
    MODULE.ensure(is_signed, VERIFY, E_SIG_VERIFICATION)?;
    messages::new_certified_message(certificate.message, committee.epoch)
}

/// `None` for the identity. The keys were checked when their owners registered them.
fn sum_of_keys<'a>(
    members: impl Iterator<Item = &'a BlsCommitteeMember>,
) -> Result<Option<BlsPublicKey>, Failure> {
    let keys = members
        .map(|member| BlsPublicKey::from_uncompressed_trusted(&member.public_key.bytes))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::invariant(format!("key of a committee member: {error}")))?;
    Ok(BlsPublicKey::aggregate(&keys).ok())
}
