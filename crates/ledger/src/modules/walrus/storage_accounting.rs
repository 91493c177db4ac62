//! `walrus::storage_accounting`: what is sold for this and the coming epochs
//! (`docs/spec/contracts.md` §3.3).

use floe_core::{
    Epoch,
    onchain::{
        framework::{Balance, Wal},
        system::{FutureAccounting, FutureAccountingRingBuffer},
    },
};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef, sui::balance},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "storage_accounting");
const E_TOO_FAR_IN_FUTURE: u64 = 0;
/// The part of each epoch's rewards that is burned, in percent.
const BURN_PERCENT: u64 = 3;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("max_epochs_ahead", natives::max_epochs_ahead),
        ("epoch", natives::epoch),
        ("used_capacity", natives::used_capacity),
        ("rewards", natives::rewards),
    ],
);

/// A buffer of `length` empty accounts, from epoch 0 on.
pub fn ring_new(length: u32) -> FutureAccountingRingBuffer {
    FutureAccountingRingBuffer {
        current_index: 0,
        length,
        ring_buffer: (0..length).map(|epoch| empty(Epoch(epoch))).collect(),
    }
}

const fn empty(epoch: Epoch) -> FutureAccounting {
    FutureAccounting {
        epoch,
        used_capacity: 0,
        rewards_to_distribute: Balance::new(0),
    }
}

/// The account of the epoch `epochs_ahead` of the current one.
///
/// # Errors
/// Aborts with `storage_accounting` 0 beyond the last.
pub fn ring_lookup(
    ring: &FutureAccountingRingBuffer,
    epochs_ahead: u32,
) -> Result<&FutureAccounting, Failure> {
    ring.slot(epochs_ahead)
        .ok_or_else(|| MODULE.abort("ring_lookup", E_TOO_FAR_IN_FUTURE))
}

/// The account of the epoch `epochs_ahead` of the current one, for changing.
///
/// # Errors
/// As [`ring_lookup`].
pub fn ring_lookup_mut(
    ring: &mut FutureAccountingRingBuffer,
    epochs_ahead: u32,
) -> Result<&mut FutureAccounting, Failure> {
    ring.slot_mut(epochs_ahead)
        .ok_or_else(|| MODULE.abort("ring_lookup_mut", E_TOO_FAR_IN_FUTURE))
}

/// Takes out the current epoch's account, and appends one for the epoch after the last.
///
/// # Errors
/// Vector fault if the buffer has no accounts; arithmetic fault beyond the last epoch there is.
pub fn ring_pop_expand(ring: &mut FutureAccountingRingBuffer) -> Result<FutureAccounting, Failure> {
    let function = "ring_pop_expand";
    let length = ring.length;
    let current = usize::try_from(ring.current_index).ok();
    let slot = current
        .and_then(|index| ring.ring_buffer.get_mut(index))
        .ok_or_else(|| MODULE.vector(function))?;
    let epoch = slot
        .epoch
        .checked_add(length)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    let old = std::mem::replace(slot, empty(epoch));
    ring.current_index = ring
        .current_index
        .checked_add(1)
        .and_then(|next| next.checked_rem(length))
        .ok_or_else(|| MODULE.arithmetic(function))?;
    Ok(old)
}

/// Takes the part to be burned out of the current epoch's rewards.
///
/// # Errors
/// Vector fault if the buffer has no accounts; arithmetic fault on overflow.
pub fn extract_rewards_to_burn(
    ring: &mut FutureAccountingRingBuffer,
) -> Result<Balance<Wal>, Failure> {
    let function = "extract_rewards_to_burn";
    let current = ring.slot_mut(0).ok_or_else(|| MODULE.vector(function))?;
    let share = current
        .rewards_to_distribute
        .value
        .checked_mul(BURN_PERCENT)
        .ok_or_else(|| MODULE.arithmetic(function))?
        / 100;
    balance::split(&mut current.rewards_to_distribute, share)
}

/// Counts bytes as sold; all bytes sold for that epoch.
///
/// # Errors
/// Arithmetic fault on overflow.
pub fn increase_used_capacity(account: &mut FutureAccounting, bytes: u64) -> Result<u64, Failure> {
    account.used_capacity = account
        .used_capacity
        .checked_add(bytes)
        .ok_or_else(|| MODULE.arithmetic("increase_used_capacity"))?;
    Ok(account.used_capacity)
}

mod natives {
    use super::{Call, Failure, FutureAccounting, FutureAccountingRingBuffer};

    pub(super) fn max_epochs_ahead(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let length = call.args.read::<FutureAccountingRingBuffer>(0)?.length;
        call.ret(length);
        Ok(())
    }

    pub(super) fn epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let epoch = call.args.read::<FutureAccounting>(0)?.epoch;
        call.ret(epoch);
        Ok(())
    }

    pub(super) fn used_capacity(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let used = call.args.read::<FutureAccounting>(0)?.used_capacity;
        call.ret(used);
        Ok(())
    }

    pub(super) fn rewards(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let account = call.args.read::<FutureAccounting>(0)?;
        call.ret(account.rewards_to_distribute.value);
        Ok(())
    }
}
