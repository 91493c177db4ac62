//! Certification of event blobs by the nodes' reports (`docs/spec/contracts.md` §4.10).

use floe_core::{
    Epoch,
    messages::{BlobPersistence, StorageConfirmation},
    onchain::{
        node::StorageNodeCap,
        system::{EventBlob, EventBlobAttestation, SystemStateInnerV1},
    },
};

use super::{
    CapacityLimit, E_INCORRECT_ATTESTATION, E_INVALID_ID_EPOCH, E_NOT_COMMITTEE_MEMBER,
    E_REPEATED_ATTESTATION, MODULE, epoch, storage::reserve_space_without_payment,
};
use crate::{
    error::Failure,
    modules::walrus::{
        blob::{self, Registration},
        bls_aggregate, encoding, event_blob,
    },
    runtime::Runtime,
    value::Lease,
};

const FUNCTION: &str = "certify_event_blob";

/// A node's word that it has an event blob.
#[derive(Clone, Copy, Debug)]
pub(in crate::modules::walrus) struct EventBlobReport {
    /// The blob, permanent.
    pub(in crate::modules::walrus) registration: Registration,
    /// The last checkpoint in it.
    pub(in crate::modules::walrus) ending_checkpoint: u64,
    /// The epoch in which the node says so.
    pub(in crate::modules::walrus) epoch: Epoch,
}

/// Counts a node's report; with a quorum the blob is registered and certified.
///
/// # Errors
/// Aborts, in this order, with `system_state_inner` 8 if the node is no member, 3 for another
/// epoch, 7 and 6 for reports out of turn; with a quorum, as [`blob::new`].
pub(in crate::modules::walrus) fn certify_event_blob(
    rt: &mut Runtime<'_>,
    state: &mut Lease<SystemStateInnerV1>,
    cap: &mut StorageNodeCap,
    report: &EventBlobReport,
) -> Result<(), Failure> {
    let now = epoch(state);
    let is_member = bls_aggregate::contains(&state.committee, &cap.node_id);
    MODULE.ensure(is_member, FUNCTION, E_NOT_COMMITTEE_MEMBER)?;
    MODULE.ensure(report.epoch == now, FUNCTION, E_INVALID_ID_EPOCH)?;
    let latest = event_blob::latest_certified_checkpoint(&state.event_blob_certification_state);
    if let Some(last) = &cap.last_event_blob_attestation {
        assert_in_turn(last, latest, report)?;
    }
    cap.last_event_blob_attestation = Some(EventBlobAttestation {
        checkpoint_sequence_num: report.ending_checkpoint,
        epoch: now,
    });
    if latest.is_some_and(|latest| latest >= report.ending_checkpoint) {
        return Ok(());
    }
    let event_blob = EventBlob {
        blob_id: report.registration.blob_id,
        ending_checkpoint_sequence_number: report.ending_checkpoint,
    };
    let weight = bls_aggregate::member_weight(&state.committee, &cap.node_id);
    let weight = event_blob::update_aggregate_weight(
        &mut state.event_blob_certification_state,
        event_blob.clone(),
        weight,
    )?;
    if bls_aggregate::is_quorum(&state.committee, weight) {
        store(rt, state, &report.registration)?;
        let certification = &mut state.event_blob_certification_state;
        event_blob::update_latest_certified_event_blob(certification, event_blob)?;
        event_blob::reset(certification);
    }
    Ok(())
}

/// A node has at most one report without a certified blob per epoch.
fn assert_in_turn(
    last: &EventBlobAttestation,
    latest: Option<u64>,
    report: &EventBlobReport,
) -> Result<(), Failure> {
    let is_older_epoch = last.epoch < report.epoch;
    MODULE.ensure(
        is_older_epoch || report.ending_checkpoint > last.checkpoint_sequence_num,
        FUNCTION,
        E_REPEATED_ATTESTATION,
    )?;
    let is_settled = latest.is_some_and(|latest| last.checkpoint_sequence_num <= latest);
    MODULE.ensure(
        is_older_epoch || is_settled,
        FUNCTION,
        E_INCORRECT_ATTESTATION,
    )
}

/// Registers and certifies the blob for as long as possible, free of charge and beyond the
/// capacity if need be. Only its events remain.
fn store(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    registration: &Registration,
) -> Result<(), Failure> {
    let now = epoch(state);
    let n_shards = state.committee.n_shards;
    let bytes =
        encoding::encoded_blob_length(registration.size, registration.encoding_type, n_shards)?;
    let end = now
        .checked_add(state.future_accounting.length)
        .ok_or_else(|| MODULE.arithmetic(FUNCTION))?;
    let storage =
        reserve_space_without_payment(rt, state, bytes, (now, end), CapacityLimit::Ignored)?;
    let mut blob = blob::new(rt, storage, registration, now, n_shards)?;
    let message = StorageConfirmation {
        blob_id: blob.blob_id,
        persistence: BlobPersistence::Permanent,
    };
    blob::certify_with_certified_msg(rt, &mut blob, now, &message)?;
    blob::burn(rt, blob)
}
