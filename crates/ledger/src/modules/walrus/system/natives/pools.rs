//! Bodies for storage pools.

use super::{CertificateArgs, Registration, extracted, inner, inner_mut};
use crate::{call::Call, error::Failure, modules::walrus::system_state_inner as state};

pub(super) fn create(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (bytes, epochs) = (call.args.take(1)?, call.args.take(2)?);
    let mut payment = call.args.update(3)?;
    let mut inner = inner_mut(call)?;
    let pool = state::create_storage_pool(call.rt, &mut inner, bytes, epochs, &mut payment)?;
    call.ret(pool);
    Ok(())
}

pub(super) fn create_with_storage(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let storage = call.args.take(1)?;
    let inner = inner(call)?;
    let pool = state::create_storage_pool_with_storage(call.rt, &inner, storage)?;
    call.ret(pool);
    Ok(())
}

pub(super) fn register_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let registration = Registration::from_args(&call.args, 2)?;
    let (pool, mut payment) = (call.args.read(1)?, call.args.update(7)?);
    let mut inner = inner_mut(call)?;
    state::register_pooled_blob(call.rt, &mut inner, &pool, &registration, &mut payment)
}

pub(super) fn certify_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let certificate = CertificateArgs::take(call, 3)?;
    let (pool, blob_id) = (call.args.read(1)?, call.args.take(2)?);
    let inner = inner(call)?;
    state::certify_pooled_blob(call.rt, &inner, &pool, blob_id, &certificate.get())
}

pub(super) fn delete_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (pool, blob_id) = (call.args.read(1)?, call.args.take(2)?);
    let inner = inner(call)?;
    state::delete_pooled_blob(call.rt, &inner, &pool, blob_id)
}

pub(super) fn burn_expired_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (pool, blob_id) = (call.args.read(1)?, call.args.take(2)?);
    let inner = inner(call)?;
    state::burn_expired_pooled_blob(call.rt, &inner, &pool, blob_id)
}

pub(super) fn extend(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (pool, epochs) = (call.args.read(1)?, call.args.take(2)?);
    let mut payment = call.args.update(3)?;
    let mut inner = inner_mut(call)?;
    state::extend_storage_pool(call.rt, &mut inner, &pool, epochs, &mut payment)
}

pub(super) fn increase_capacity(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (pool, bytes) = (call.args.read(1)?, call.args.take(2)?);
    let mut payment = call.args.update(3)?;
    let mut inner = inner_mut(call)?;
    state::increase_storage_pool_capacity(call.rt, &mut inner, &pool, bytes, &mut payment)
}

pub(super) fn increase_capacity_with_storage(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (pool, storage) = (call.args.read(1)?, call.args.take(2)?);
    let inner = inner(call)?;
    state::increase_storage_pool_capacity_with_storage(call.rt, &inner, &pool, storage)
}

pub(super) fn decrease_capacity_by_size(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (pool, bytes) = (call.args.read(1)?, call.args.take(2)?);
    let inner = inner(call)?;
    let storage = state::decrease_storage_pool_capacity_by_size(call.rt, &inner, &pool, bytes)?;
    call.ret(extracted(
        storage,
        "decrease_storage_pool_capacity_by_size",
    )?);
    Ok(())
}

pub(super) fn decrease_unused_capacity_by_percent(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (pool, percent) = (call.args.read(1)?, call.args.take(2)?);
    let inner = inner(call)?;
    let storage =
        state::decrease_storage_pool_unused_capacity_by_percent(call.rt, &inner, &pool, percent)?;
    let function = "decrease_storage_pool_unused_capacity_by_percent";
    call.ret(extracted(storage, function)?);
    Ok(())
}
