//! Sale of storage, and subsidies to its price.

use floe_core::{
    Epoch,
    onchain::{
        blob::Storage,
        framework::{Balance, Coin, Wal},
        system::SystemStateInnerV1,
    },
};

use super::{
    CapacityLimit, E_INVALID_EPOCHS_AHEAD, E_INVALID_RESOURCE_SIZE, EpochsAhead, MODULE,
    account_capacity, epoch, join_rewards, process_storage_payments,
};
use crate::{
    error::Failure,
    modules::{
        sui::{balance, coin},
        walrus::storage_resource,
    },
    runtime::Runtime,
};

/// Sells storage from now on.
///
/// # Errors
/// Aborts with `system_state_inner` 2 for no epochs or too many; as [`reserve_space_for_epochs`].
pub(in crate::modules::walrus) fn reserve_space(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    bytes: u64,
    epochs_ahead: u32,
    payment: &mut Coin<Wal>,
) -> Result<Storage, Failure> {
    let function = "reserve_space";
    let is_valid = 0 < epochs_ahead && epochs_ahead <= state.future_accounting.length;
    MODULE.ensure(is_valid, function, E_INVALID_EPOCHS_AHEAD)?;
    let start = epoch(state);
    let end = start
        .checked_add(epochs_ahead)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    reserve_space_for_epochs(rt, state, bytes, start, end, payment)
}

/// Sells storage for the epochs `start..end`, of which past ones don't count.
///
/// # Errors
/// Aborts, in this order, with `system_state_inner` 2 for no epochs or some too far ahead,
/// `balance` 2 if the payment is short, `system_state_inner` 11 for no bytes, 1 beyond the
/// capacity.
pub(in crate::modules::walrus) fn reserve_space_for_epochs(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    bytes: u64,
    start: Epoch,
    end: Epoch,
    payment: &mut Coin<Wal>,
) -> Result<Storage, Failure> {
    let function = "reserve_space_for_epochs";
    let start = start.max(epoch(state));
    MODULE.ensure(end > start, function, E_INVALID_EPOCHS_AHEAD)?;
    let epochs = EpochsAhead::between(state, start, end, function)?;
    process_storage_payments(state, bytes, epochs, payment)?;
    reserve_space_without_payment(rt, state, bytes, (start, end), CapacityLimit::Kept)
}

/// Hands out storage for the epochs `start..end`, none of which is past.
pub(super) fn reserve_space_without_payment(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    bytes: u64,
    (start, end): (Epoch, Epoch),
    limit: CapacityLimit,
) -> Result<Storage, Failure> {
    let function = "reserve_space_without_payment";
    MODULE.ensure(bytes > 0, function, E_INVALID_RESOURCE_SIZE)?;
    let epochs = EpochsAhead::between(state, start, end, function)?;
    account_capacity(state, bytes, epochs, limit, function)?;
    storage_resource::create_storage(rt, start, end, bytes)
}

/// Spreads a subsidy evenly over the coming epochs; the current one gets the remainder.
///
/// # Errors
/// Aborts with `system_state_inner` 2 for no epochs or too many.
pub(in crate::modules::walrus) fn add_subsidy(
    rt: &mut Runtime<'_>,
    state: &mut SystemStateInnerV1,
    subsidy: Coin<Wal>,
    epochs_ahead: u32,
) -> Result<(), Failure> {
    let function = "add_subsidy";
    MODULE.ensure(
        epochs_ahead <= state.future_accounting.length,
        function,
        E_INVALID_EPOCHS_AHEAD,
    )?;
    let mut subsidy = coin::into_balance(rt, subsidy);
    let each = subsidy
        .value
        .checked_div(u64::from(epochs_ahead))
        .ok_or_else(|| MODULE.abort(function, E_INVALID_EPOCHS_AHEAD))?;
    for ahead in 0..epochs_ahead {
        let part = balance::split(&mut subsidy, each)?;
        join_rewards(state, ahead, part)?;
    }
    join_rewards(state, 0, subsidy)
}

/// Adds one subsidy to each of the coming epochs.
///
/// # Errors
/// Aborts with `system_state_inner` 2 for too many epochs.
pub(in crate::modules::walrus) fn add_per_epoch_subsidies(
    state: &mut SystemStateInnerV1,
    subsidies: Vec<Balance<Wal>>,
) -> Result<(), Failure> {
    let function = "add_per_epoch_subsidies";
    let epochs = u32::try_from(subsidies.len())
        .ok()
        .filter(|epochs| *epochs <= state.future_accounting.length)
        .ok_or_else(|| MODULE.abort(function, E_INVALID_EPOCHS_AHEAD))?;
    for (ahead, subsidy) in (0..epochs).zip(subsidies) {
        join_rewards(state, ahead, subsidy)?;
    }
    Ok(())
}
