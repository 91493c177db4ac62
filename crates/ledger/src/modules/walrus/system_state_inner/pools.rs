//! Storage pools (`docs/spec/contracts.md` §4.1).

use floe_core::{
    BlobId, Epoch,
    onchain::{
        blob::{Storage, StoragePool},
        framework::{Coin, Wal},
        system::SystemStateInnerV1,
    },
};

use super::{
    CapacityLimit, E_INVALID_EPOCHS_AHEAD, E_INVALID_RESOURCE_SIZE, EpochsAhead, MODULE,
    account_capacity, blobs::assert_current, epoch, process_storage_payments,
    process_write_payment, reserve_space,
};
use crate::{
    error::Failure,
    modules::walrus::{
        blob::Registration,
        bls_aggregate::{self, Certificate},
        storage_pool,
    },
    runtime::Runtime,
};

/// Buys storage and makes a pool of it.
///
/// # Errors
/// As [`reserve_space`] and [`create_storage_pool_with_storage`].
pub(in crate::modules::walrus) fn create_storage_pool(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    bytes: u64,
    epochs_ahead: u32,
    payment: &mut Coin<Wal>,
) -> Result<StoragePool, Failure> {
    let storage = reserve_space(rt, state, bytes, epochs_ahead, payment)?;
    create_storage_pool_with_storage(rt, state, storage)
}

/// Makes a pool of storage.
///
/// # Errors
/// Aborts with `system_state_inner` 11 if it has no bytes, 2 if it is not for now.
pub(in crate::modules::walrus) fn create_storage_pool_with_storage(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    storage: Storage,
) -> Result<StoragePool, Failure> {
    let function = "create_storage_pool_with_storage";
    let now = epoch(state);
    MODULE.ensure(storage.storage_size > 0, function, E_INVALID_RESOURCE_SIZE)?;
    let is_current = storage.start_epoch <= now && storage.end_epoch > now;
    MODULE.ensure(is_current, function, E_INVALID_EPOCHS_AHEAD)?;
    storage_pool::new(rt, storage, now)
}

/// Registers a blob in a pool and pays for its writing.
///
/// # Errors
/// Aborts with `system_state_inner` 2 if the pool is not for now; as [`storage_pool::add_blob`];
/// then with `balance` 2 if the payment is short.
pub(in crate::modules::walrus) fn register_pooled_blob(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    pool: &StoragePool,
    registration: &Registration,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    let now = epoch(state);
    let storage = storage_pool::storage(rt, pool)?;
    let is_current = storage.start_epoch <= now && now < storage.end_epoch;
    MODULE.ensure(is_current, "register_pooled_blob", E_INVALID_EPOCHS_AHEAD)?;
    let n_shards = state.committee.n_shards;
    let bytes = storage_pool::add_blob(rt, pool, registration, now, n_shards)?;
    process_write_payment(state, bytes, payment)
}

/// Certifies a blob in a pool.
///
/// # Errors
/// As [`bls_aggregate::verify_quorum_in_epoch`] and [`storage_pool::certify_blob`].
pub(in crate::modules::walrus) fn certify_pooled_blob(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    pool: &StoragePool,
    blob_id: BlobId,
    certificate: &Certificate<'_>,
) -> Result<(), Failure> {
    let certified = bls_aggregate::verify_quorum_in_epoch(rt, &state.committee, certificate)?;
    assert_current(state, certified.cert_epoch, "certify_pooled_blob")?;
    let message = certified.certify_blob_message()?;
    storage_pool::certify_blob(rt, pool, blob_id, epoch(state), &message)
}

/// Deletes a blob from a pool.
///
/// # Errors
/// Aborts with `system_state_inner` 2 if the pool has expired; as [`storage_pool::delete_blob`].
pub(in crate::modules::walrus) fn delete_pooled_blob(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    pool: &StoragePool,
    blob_id: BlobId,
) -> Result<(), Failure> {
    assert_not_expired(rt, state, pool, "delete_pooled_blob")?;
    storage_pool::delete_blob(rt, pool, blob_id, epoch(state), state.committee.n_shards)
}

/// Removes a blob from an expired pool.
///
/// # Errors
/// Aborts with `system_state_inner` 2 if the pool has not expired; as
/// [`storage_pool::burn_blob`].
pub(in crate::modules::walrus) fn burn_expired_pooled_blob(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    pool: &StoragePool,
    blob_id: BlobId,
) -> Result<(), Failure> {
    let end = storage_pool::storage(rt, pool)?.end_epoch;
    MODULE.ensure(
        end <= epoch(state),
        "burn_expired_pooled_blob",
        E_INVALID_EPOCHS_AHEAD,
    )?;
    storage_pool::burn_blob(rt, pool, blob_id, state.committee.n_shards)
}

/// Extends a pool by storage bought now.
///
/// # Errors
/// Aborts with `system_state_inner` 2 for no epochs, an expired pool, or epochs too far ahead,
/// `balance` 2 if the payment is short, `system_state_inner` 1 beyond the capacity.
pub(in crate::modules::walrus) fn extend_storage_pool(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    pool: &StoragePool,
    extended_epochs: u32,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    let function = "extend_storage_pool";
    MODULE.ensure(extended_epochs > 0, function, E_INVALID_EPOCHS_AHEAD)?;
    let end = assert_not_expired(rt, state, pool, function)?;
    let epochs = EpochsAhead::after(state, end, extended_epochs, function)?;
    let bytes = storage_pool::storage(rt, pool)?.storage_size;
    pay_and_account(state, bytes, epochs, payment)?;
    storage_pool::extend_end(rt, pool, extended_epochs, epoch(state))
}

/// Adds bytes to a pool until its end.
///
/// # Errors
/// Aborts with `system_state_inner` 11 for no bytes, 2 if the pool has expired, `balance` 2 if the
/// payment is short, `system_state_inner` 1 beyond the capacity.
pub(in crate::modules::walrus) fn increase_storage_pool_capacity(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    pool: &StoragePool,
    bytes: u64,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    let function = "increase_storage_pool_capacity";
    MODULE.ensure(bytes > 0, function, E_INVALID_RESOURCE_SIZE)?;
    let end = assert_not_expired(rt, state, pool, function)?;
    let epochs = EpochsAhead::between(state, epoch(state), end, function)?;
    pay_and_account(state, bytes, epochs, payment)?;
    storage_pool::increase_capacity(rt, pool, bytes)
}

fn pay_and_account(
    state: &mut SystemStateInnerV1,
    bytes: u64,
    epochs: EpochsAhead,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    process_storage_payments(state, bytes, epochs, payment)?;
    account_capacity(
        state,
        bytes,
        epochs,
        CapacityLimit::Kept,
        "account_capacity",
    )
}

/// Adds storage bought before to a pool.
///
/// # Errors
/// Aborts with `system_state_inner` 2 if the pool has expired; as
/// [`storage_pool::increase_capacity_with_storage`].
pub(in crate::modules::walrus) fn increase_storage_pool_capacity_with_storage(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    pool: &StoragePool,
    storage: Storage,
) -> Result<(), Failure> {
    let function = "increase_storage_pool_capacity_with_storage";
    assert_not_expired(rt, state, pool, function)?;
    storage_pool::increase_capacity_with_storage(rt, pool, storage, epoch(state))
}

/// Takes unused bytes out of a pool; `None` if none are asked for.
///
/// # Errors
/// Aborts with `system_state_inner` 2 if the pool has expired; as
/// [`storage_pool::decrease_capacity_by_size`].
pub(in crate::modules::walrus) fn decrease_storage_pool_capacity_by_size(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    pool: &StoragePool,
    bytes: u64,
) -> Result<Option<Storage>, Failure> {
    assert_not_expired(rt, state, pool, "decrease_storage_pool_capacity_by_size")?;
    storage_pool::decrease_capacity_by_size(rt, pool, bytes)
}

/// Takes a part of the unused bytes out of a pool; `None` if that is less than one.
///
/// # Errors
/// Aborts with `system_state_inner` 2 if the pool has expired; as
/// [`storage_pool::decrease_unused_capacity_by_percent`].
pub(in crate::modules::walrus) fn decrease_storage_pool_unused_capacity_by_percent(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    pool: &StoragePool,
    percent: u8,
) -> Result<Option<Storage>, Failure> {
    let function = "decrease_storage_pool_unused_capacity_by_percent";
    assert_not_expired(rt, state, pool, function)?;
    storage_pool::decrease_unused_capacity_by_percent(rt, pool, percent)
}

/// The pool's end, which must lie ahead.
fn assert_not_expired(
    rt: &mut Runtime<'_>,
    state: &SystemStateInnerV1,
    pool: &StoragePool,
    function: &'static str,
) -> Result<Epoch, Failure> {
    let end = storage_pool::storage(rt, pool)?.end_epoch;
    MODULE.ensure(end > epoch(state), function, E_INVALID_EPOCHS_AHEAD)?;
    Ok(end)
}
