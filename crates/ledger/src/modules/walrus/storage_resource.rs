//! `walrus::storage_resource`: paid storage, to be split, fused and traded
//! (`docs/spec/contracts.md` §4.2).

use floe_core::{Epoch, onchain::blob::Storage};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "storage_resource");
const E_INVALID_EPOCH: u64 = 0;
const E_INCOMPATIBLE_EPOCHS: u64 = 1;
const E_INCOMPATIBLE_AMOUNT: u64 = 2;
const E_INVALID_EPOCH_RANGE: u64 = 3;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("start_epoch", natives::start_epoch),
        ("end_epoch", natives::end_epoch),
        ("size", natives::size),
        ("split_by_epoch", natives::split_by_epoch),
        ("split_by_size", natives::split_by_size),
        ("fuse_periods", natives::fuse_periods),
        ("fuse_amount", natives::fuse_amount),
        ("fuse", natives::fuse),
        ("destroy", natives::destroy),
    ],
);

/// A new resource of the epochs `start_epoch..end_epoch`.
///
/// # Errors
/// Aborts with `storage_resource` 3 if there are none; beyond the limit of new objects.
pub fn create_storage(
    rt: &mut Runtime<'_>,
    start_epoch: Epoch,
    end_epoch: Epoch,
    storage_size: u64,
) -> Result<Storage, Failure> {
    MODULE.ensure(
        start_epoch < end_epoch,
        "create_storage",
        E_INVALID_EPOCH_RANGE,
    )?;
    Ok(Storage {
        id: rt.fresh_id()?.into(),
        start_epoch,
        end_epoch,
        storage_size,
    })
}

/// Adds epochs at the end, which must be paid for.
///
/// # Errors
/// Arithmetic fault beyond the last epoch there is.
pub fn extend_end(storage: &mut Storage, epochs: u32) -> Result<(), Failure> {
    storage.end_epoch = storage
        .end_epoch
        .checked_add(epochs)
        .ok_or_else(|| MODULE.arithmetic("extend_end"))?;
    Ok(())
}

/// Cuts off the epochs from `split_epoch` on.
///
/// # Errors
/// Aborts with `storage_resource` 0 unless both parts have epochs.
pub fn split_by_epoch(
    rt: &mut Runtime<'_>,
    storage: &mut Storage,
    split_epoch: Epoch,
) -> Result<Storage, Failure> {
    MODULE.ensure(
        storage.start_epoch < split_epoch && split_epoch < storage.end_epoch,
        "split_by_epoch",
        E_INVALID_EPOCH,
    )?;
    let end_epoch = std::mem::replace(&mut storage.end_epoch, split_epoch);
    Ok(Storage {
        id: rt.fresh_id()?.into(),
        start_epoch: split_epoch,
        end_epoch,
        storage_size: storage.storage_size,
    })
}

/// Keeps `split_size` bytes; the rest goes to the new resource. Either may have none.
///
/// # Errors
/// Aborts with `storage_resource` 2 if there are fewer bytes.
pub fn split_by_size(
    rt: &mut Runtime<'_>,
    storage: &mut Storage,
    split_size: u64,
) -> Result<Storage, Failure> {
    let rest = storage
        .storage_size
        .checked_sub(split_size)
        .ok_or_else(|| MODULE.abort("split_by_size", E_INCOMPATIBLE_AMOUNT))?;
    storage.storage_size = split_size;
    Ok(Storage {
        id: rt.fresh_id()?.into(),
        start_epoch: storage.start_epoch,
        end_epoch: storage.end_epoch,
        storage_size: rest,
    })
}

/// Joins the epochs of two resources of equal size.
///
/// # Errors
/// Aborts with `storage_resource` 2 if sizes differ, 1 if the epochs are not adjacent.
pub fn fuse_periods(
    rt: &mut Runtime<'_>,
    first: &mut Storage,
    second: Storage,
) -> Result<(), Failure> {
    let function = "fuse_periods";
    MODULE.ensure(
        first.storage_size == second.storage_size,
        function,
        E_INCOMPATIBLE_AMOUNT,
    )?;
    if first.end_epoch == second.start_epoch {
        first.end_epoch = second.end_epoch;
    } else {
        MODULE.ensure(
            first.start_epoch == second.end_epoch,
            function,
            E_INCOMPATIBLE_EPOCHS,
        )?;
        first.start_epoch = second.start_epoch;
    }
    destroy(rt, second);
    Ok(())
}

/// Joins the bytes of two resources of the same epochs.
///
/// # Errors
/// Aborts with `storage_resource` 1 if the epochs differ; arithmetic fault on overflow.
pub fn fuse_amount(
    rt: &mut Runtime<'_>,
    first: &mut Storage,
    second: Storage,
) -> Result<(), Failure> {
    let function = "fuse_amount";
    MODULE.ensure(
        (first.start_epoch, first.end_epoch) == (second.start_epoch, second.end_epoch),
        function,
        E_INCOMPATIBLE_EPOCHS,
    )?;
    first.storage_size = first
        .storage_size
        .checked_add(second.storage_size)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    destroy(rt, second);
    Ok(())
}

/// Joins two resources in bytes if they start together, else in epochs.
///
/// # Errors
/// As [`fuse_amount`] and [`fuse_periods`].
pub fn fuse(rt: &mut Runtime<'_>, first: &mut Storage, second: Storage) -> Result<(), Failure> {
    if first.start_epoch == second.start_epoch {
        fuse_amount(rt, first, second)
    } else {
        fuse_periods(rt, first, second)
    }
}

/// Gives a resource up; nothing is paid back.
pub fn destroy(rt: &mut Runtime<'_>, storage: Storage) {
    rt.delete_id(storage.id.0);
}

mod natives {
    use super::{Call, Failure, Storage};

    pub(super) fn start_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let epoch = call.args.read::<Storage>(0)?.start_epoch;
        call.ret(epoch);
        Ok(())
    }

    pub(super) fn end_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let epoch = call.args.read::<Storage>(0)?.end_epoch;
        call.ret(epoch);
        Ok(())
    }

    pub(super) fn size(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let size = call.args.read::<Storage>(0)?.storage_size;
        call.ret(size);
        Ok(())
    }

    pub(super) fn split_by_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let epoch = call.args.take(1)?;
        let rest = super::split_by_epoch(call.rt, &mut *call.args.update(0)?, epoch)?;
        call.ret(rest);
        Ok(())
    }

    pub(super) fn split_by_size(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let size = call.args.take(1)?;
        let rest = super::split_by_size(call.rt, &mut *call.args.update(0)?, size)?;
        call.ret(rest);
        Ok(())
    }

    pub(super) fn fuse_periods(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let second = call.args.take(1)?;
        super::fuse_periods(call.rt, &mut *call.args.update(0)?, second)
    }

    pub(super) fn fuse_amount(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let second = call.args.take(1)?;
        super::fuse_amount(call.rt, &mut *call.args.update(0)?, second)
    }

    pub(super) fn fuse(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let second = call.args.take(1)?;
        super::fuse(call.rt, &mut *call.args.update(0)?, second)
    }

    pub(super) fn destroy(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let storage = call.args.take(0)?;
        super::destroy(call.rt, storage);
        Ok(())
    }
}
