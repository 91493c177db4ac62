//! Blobs with storage of their own.

use floe_core::{
    BlobId, Epoch,
    onchain::{
        blob::{Blob, Storage},
        events::InvalidBlobID,
        framework::{Coin, Wal},
        system::SystemStateInnerV1,
    },
};

use super::{
    CapacityLimit, E_INVALID_EPOCHS_AHEAD, E_INVALID_ID_EPOCH, EpochsAhead, MODULE,
    account_capacity, epoch, process_storage_payments, process_write_payment,
};
use crate::{
    error::Failure,
    modules::walrus::{
        blob::{self, Registration},
        bls_aggregate::{self, Certificate},
        storage_resource,
    },
    runtime::Runtime,
};

/// Registers a blob and pays for its writing.
///
/// # Errors
/// As [`blob::new`]; then aborts with `balance` 2 if the payment is short.
pub(in crate::modules::walrus) fn register_blob(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    storage: Storage,
    registration: &Registration,
    payment: &mut Coin<Wal>,
) -> Result<Blob, Failure> {
    let n_shards = state.committee.n_shards;
    let blob = blob::new(rt, storage, registration, epoch(state), n_shards)?;
    let bytes = blob::encoded_size(&blob, n_shards)?;
    process_write_payment(state, bytes, payment)?;
    Ok(blob)
}

/// Certifies a blob.
///
/// # Errors
/// As [`bls_aggregate::verify_quorum_in_epoch`] and [`blob::certify_with_certified_msg`].
pub(in crate::modules::walrus) fn certify_blob(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    blob: &mut Blob,
    certificate: &Certificate<'_>,
) -> Result<(), Failure> {
    let certified = bls_aggregate::verify_quorum_in_epoch(rt, &state.committee, certificate)?;
    assert_current(state, certified.cert_epoch, "certify_blob")?;
    let message = certified.certify_blob_message()?;
    blob::certify_with_certified_msg(rt, blob, epoch(state), &message)
}

/// Checks the epoch in which a message was certified.
pub(super) fn assert_current(
    state: &SystemStateInnerV1,
    cert_epoch: Epoch,
    function: &'static str,
) -> Result<(), Failure> {
    MODULE.ensure(cert_epoch == epoch(state), function, E_INVALID_ID_EPOCH)
}

/// Deletes a blob for its storage.
///
/// # Errors
/// As [`blob::delete`].
pub(in crate::modules::walrus) fn delete_blob(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    blob: Blob,
) -> Result<Storage, Failure> {
    blob::delete(rt, blob, epoch(state))
}

/// Extends a blob by storage bought before.
///
/// # Errors
/// As [`blob::extend_with_resource`].
pub(in crate::modules::walrus) fn extend_blob_with_resource(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    blob: &mut Blob,
    extension: Storage,
) -> Result<(), Failure> {
    blob::extend_with_resource(rt, blob, extension, epoch(state))
}

/// Extends a blob by storage bought now.
///
/// # Errors
/// As [`blob::assert_certified_not_expired`]; aborts with `system_state_inner` 2 for no epochs or
/// some too far ahead, `balance` 2 if the payment is short, `system_state_inner` 1 beyond the
/// capacity.
pub(in crate::modules::walrus) fn extend_blob(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    blob: &mut Blob,
    extended_epochs: u32,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    let function = "extend_blob";
    let now = epoch(state);
    blob::assert_certified_not_expired(blob, now)?;
    MODULE.ensure(extended_epochs > 0, function, E_INVALID_EPOCHS_AHEAD)?;
    let epochs = EpochsAhead::after(state, blob.storage.end_epoch, extended_epochs, function)?;
    let bytes = blob.storage.storage_size;
    process_storage_payments(state, bytes, epochs, payment)?;
    account_capacity(state, bytes, epochs, CapacityLimit::Kept, function)?;
    storage_resource::extend_end(&mut blob.storage, extended_epochs)?;
    blob::emit_certified(rt, blob, now, true)
}

/// Tells that a blob is inconsistent.
///
/// # Errors
/// As [`bls_aggregate::verify_one_correct_node_in_epoch`].
pub(in crate::modules::walrus) fn invalidate_blob_id(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    certificate: &Certificate<'_>,
) -> Result<BlobId, Failure> {
    let certified =
        bls_aggregate::verify_one_correct_node_in_epoch(rt, &state.committee, certificate)?;
    let message = certified.invalid_blob_id_message()?;
    assert_current(state, certified.cert_epoch, "invalidate_blob_id")?;
    let (epoch, blob_id) = (epoch(state), message.blob_id);
    rt.emit(&InvalidBlobID { epoch, blob_id })?;
    Ok(blob_id)
}
