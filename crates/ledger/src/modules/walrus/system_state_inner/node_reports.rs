//! Deny lists and protocol versions, of which nodes tell.

use floe_core::{
    ObjectId,
    onchain::{
        U256,
        events::{
            DenyListBlobDeleted, DenyListUpdate, ProtocolVersionUpdated, RegisterDenyListUpdate,
        },
        node::StorageNodeCap,
        system::SystemStateInnerV1,
    },
};

use super::{
    E_INCORRECT_DENY_LIST_NODE, E_INCORRECT_DENY_LIST_SEQUENCE, E_INVALID_START_EPOCH,
    E_NOT_COMMITTEE_MEMBER, MODULE, blobs::assert_current, epoch,
};
use crate::{
    error::Failure,
    modules::walrus::{
        bls_aggregate::{self, Certificate},
        extended_field,
    },
    runtime::Runtime,
};

/// Tells which protocol version a quorum will speak.
///
/// # Errors
/// Aborts with `system_state_inner` 8 if the node is no member, 12 if it should have begun already;
/// as [`bls_aggregate::verify_quorum_in_epoch`].
pub(in crate::modules::walrus) fn update_protocol_version(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    cap: &StorageNodeCap,
    certificate: &Certificate<'_>,
) -> Result<(), Failure> {
    let function = "update_protocol_version";
    assert_member(state, cap, function)?;
    let certified = bls_aggregate::verify_quorum_in_epoch(rt, &state.committee, certificate)?;
    let message = certified.protocol_version_message()?;
    assert_current(state, certified.cert_epoch, function)?;
    let epoch = epoch(state);
    MODULE.ensure(
        message.start_epoch >= epoch,
        function,
        E_INVALID_START_EPOCH,
    )?;
    rt.emit(&ProtocolVersionUpdated {
        epoch,
        start_epoch: message.start_epoch,
        protocol_version: message.protocol_version,
    })
}

/// Announces a node's deny list.
///
/// # Errors
/// Aborts with `system_state_inner` 8 if the node is no member, 9 unless the list is newer.
pub(in crate::modules::walrus) fn register_deny_list_update(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    cap: &StorageNodeCap,
    root: U256,
    sequence_number: u64,
) -> Result<(), Failure> {
    let function = "register_deny_list_update";
    assert_member(state, cap, function)?;
    MODULE.ensure(
        sequence_number > cap.deny_list_sequence,
        function,
        E_INCORRECT_DENY_LIST_SEQUENCE,
    )?;
    rt.emit(&RegisterDenyListUpdate {
        epoch: epoch(state),
        root,
        sequence_number,
        node_id: cap.node_id,
    })
}

/// Sets a node's deny list, whose bytes are not rewarded.
///
/// # Errors
/// Aborts with `system_state_inner` 8 if the node is no member, 10 if the list is another node's, 9
/// unless it is newer; as [`bls_aggregate::verify_quorum_in_epoch`].
pub(in crate::modules::walrus) fn update_deny_list(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    cap: &mut StorageNodeCap,
    certificate: &Certificate<'_>,
) -> Result<(), Failure> {
    let function = "update_deny_list";
    assert_member(state, cap, function)?;
    let certified = bls_aggregate::verify_quorum_in_epoch(rt, &state.committee, certificate)?;
    let message = certified.deny_list_update_message()?;
    assert_current(state, certified.cert_epoch, function)?;
    let node_id = cap.node_id;
    MODULE.ensure(
        message.node_id == node_id,
        function,
        E_INCORRECT_DENY_LIST_NODE,
    )?;
    MODULE.ensure(
        message.sequence_number > cap.deny_list_sequence,
        function,
        E_INCORRECT_DENY_LIST_SEQUENCE,
    )?;
    cap.deny_list_root = U256(message.root);
    cap.deny_list_sequence = message.sequence_number;
    cap.deny_list_size = message.size;
    set_deny_list_size(rt, state, node_id, message.size)?;
    rt.emit(&DenyListUpdate {
        epoch: epoch(state),
        root: U256(message.root),
        sequence_number: message.sequence_number,
        node_id,
    })
}

fn set_deny_list_size(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    node_id: ObjectId,
    bytes: u64,
) -> Result<(), Failure> {
    let mut sizes = extended_field::borrow_mut(rt, &state.deny_list_sizes)?;
    match sizes.get_mut(&node_id) {
        Some(size) => *size = bytes,
        None => sizes.contents.push((node_id, bytes)),
    }
    Ok(())
}

/// Tells that a denied blob is gone.
///
/// # Errors
/// As [`bls_aggregate::verify_one_correct_node_in_epoch`].
pub(in crate::modules::walrus) fn delete_deny_listed_blob(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    certificate: &Certificate<'_>,
) -> Result<(), Failure> {
    let certified =
        bls_aggregate::verify_one_correct_node_in_epoch(rt, &state.committee, certificate)?;
    let message = certified.deny_list_blob_deleted_message()?;
    assert_current(state, certified.cert_epoch, "delete_deny_listed_blob")?;
    rt.emit(&DenyListBlobDeleted {
        epoch: epoch(state),
        blob_id: message.blob_id,
    })
}

fn assert_member(
    state: &SystemStateInnerV1,
    cap: &StorageNodeCap,
    function: &'static str,
) -> Result<(), Failure> {
    MODULE.ensure(
        bls_aggregate::contains(&state.committee, &cap.node_id),
        function,
        E_NOT_COMMITTEE_MEMBER,
    )
}
