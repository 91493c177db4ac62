//! `walrus::system`: the shared object that sells storage (`docs/spec/contracts.md` §4.1). Checks
//! the version; the rest is [`system_state_inner`]'s.

mod natives;

use std::sync::Arc;

use floe_core::{
    ObjectId,
    onchain::{
        blob::{Blob, Storage},
        framework::{Balance, Coin, Wal},
        system::{BlsCommittee, EpochParams, System, SystemStateInnerV1},
    },
};

use super::{VERSION, blob::Registration, system_state_inner};
use crate::{
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Runtime,
    value::Lease,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "system");
const E_INVALID_MIGRATION: u64 = 0;
const E_WRONG_VERSION: u64 = 1;
const E_ZERO_EXTRACT_SIZE: u64 = 2;

pub(super) const BODIES: ModuleBodies = (MODULE.package, MODULE.name, natives::BODIES);

/// Makes and shares the system object, before the first epoch; its id.
///
/// # Errors
/// Aborts with `system_state_inner` 0 if more than 1000 epochs ahead are to be sold.
pub fn create_empty(
    rt: &mut Runtime<'_>,
    max_epochs_ahead: u32,
    package_id: ObjectId,
) -> Result<ObjectId, Failure> {
    let id = rt.fresh_id()?;
    let system = System {
        id: id.into(),
        version: VERSION,
        package_id,
        new_package_id: None,
    };
    let inner = system_state_inner::create_empty(rt, max_epochs_ahead)?;
    rt.add_field(id, &system.version, inner)?;
    rt.share(system)?;
    Ok(id)
}

/// The content, of which clients of other modules read what they need.
///
/// # Errors
/// Aborts with `system` 1 for an object of another version.
pub fn inner(rt: &mut Runtime<'_>, system: &System) -> Result<Arc<SystemStateInnerV1>, Failure> {
    MODULE.ensure(system.version == VERSION, "inner", E_WRONG_VERSION)?;
    rt.field(system.id.0, &system.version)
}

pub(super) fn inner_mut(
    rt: &mut Runtime<'_>,
    system: &System,
) -> Result<Lease<SystemStateInnerV1>, Failure> {
    MODULE.ensure(system.version == VERSION, "inner_mut", E_WRONG_VERSION)?;
    rt.field_mut(system.id.0, &system.version)
}

/// Sells storage from now on.
///
/// # Errors
/// Aborts, in this order, with `system_state_inner` 2 for no epochs or too many, `balance` 2 if the
/// payment is short, `system_state_inner` 11 for no bytes, 1 beyond the capacity.
pub fn reserve_space(
    rt: &mut Runtime<'_>,
    system: &System,
    bytes: u64,
    epochs_ahead: u32,
    payment: &mut Coin<Wal>,
) -> Result<Storage, Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::reserve_space(rt, &mut state, bytes, epochs_ahead, payment)
}

/// Registers a blob and pays for its writing.
///
/// # Errors
/// As [`blob::new`](super::blob::new); then aborts with `balance` 2 if the payment is short.
pub fn register_blob(
    rt: &mut Runtime<'_>,
    system: &System,
    storage: Storage,
    registration: &Registration,
    payment: &mut Coin<Wal>,
) -> Result<Blob, Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::register_blob(rt, &mut state, storage, registration, payment)
}

/// Extends a blob by storage bought now.
///
/// # Errors
/// Aborts, in this order, with `blob` 0 if it is not certified, 2 if it has expired,
/// `system_state_inner` 2 for no epochs or some too far ahead, `balance` 2 if the payment is short,
/// `system_state_inner` 1 beyond the capacity.
pub fn extend_blob(
    rt: &mut Runtime<'_>,
    system: &System,
    blob: &mut Blob,
    extended_epochs: u32,
    payment: &mut Coin<Wal>,
) -> Result<(), Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::extend_blob(rt, &mut state, blob, extended_epochs, payment)
}

/// Spreads a subsidy evenly over the coming epochs; the current one gets the remainder.
///
/// # Errors
/// Aborts with `system_state_inner` 2 for no epochs or too many.
pub fn add_subsidy(
    rt: &mut Runtime<'_>,
    system: &System,
    subsidy: Coin<Wal>,
    epochs_ahead: u32,
) -> Result<(), Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::add_subsidy(rt, &mut state, subsidy, epochs_ahead)
}

/// Adds one subsidy to each of the coming epochs.
///
/// # Errors
/// Aborts with `system_state_inner` 2 for too many epochs.
pub fn add_per_epoch_subsidies(
    rt: &mut Runtime<'_>,
    system: &System,
    subsidies: Vec<Balance<Wal>>,
) -> Result<(), Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::add_per_epoch_subsidies(&mut state, subsidies)
}

/// Takes out what is burned of the current epoch's rewards: step 1 of an epoch change
/// (`docs/spec/contracts.md` §4.8).
///
/// # Errors
/// Vector fault if no epochs are sold at all.
pub fn extract_burn_balance(
    rt: &mut Runtime<'_>,
    system: &System,
) -> Result<Balance<Wal>, Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::extract_burn_balance(&mut state)
}

/// Hands over to the next committee: step 3 of an epoch change. The old committee's rewards, by
/// node in its order.
///
/// # Errors
/// Aborts with `system_state_inner` 4 unless the committee is the next epoch's, 5 if the accounts
/// are another epoch's.
pub fn advance_epoch(
    rt: &mut Runtime<'_>,
    system: &System,
    new_committee: BlsCommittee,
    params: &EpochParams,
) -> Result<Vec<(ObjectId, Balance<Wal>)>, Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::advance_epoch(rt, &mut state, new_committee, params)
}

/// Sets the prices and tells so: step 5 of an epoch change, and whenever nodes vote.
///
/// # Errors
/// Beyond the limits of events.
pub fn update_prices(
    rt: &mut Runtime<'_>,
    system: &System,
    storage_price: u64,
    write_price: u64,
) -> Result<(), Failure> {
    let mut state = inner_mut(rt, system)?;
    system_state_inner::update_prices(rt, &mut state, storage_price, write_price)
}

/// Notes the package to migrate to.
pub const fn set_new_package_id(system: &mut System, package_id: ObjectId) {
    system.new_package_id = Some(package_id);
}

/// Moves the object to the version of this package (`docs/spec/contracts.md` §4.7, `migrate_v2`).
///
/// # Errors
/// Aborts with `system` 0 unless the object is older and a new package is set.
pub fn migrate(rt: &mut Runtime<'_>, system: &mut System) -> Result<(), Failure> {
    let abort = || MODULE.abort("migrate", E_INVALID_MIGRATION);
    MODULE.ensure(system.version < VERSION, "migrate", E_INVALID_MIGRATION)?;
    let package_id = system.new_package_id.ok_or_else(abort)?;
    let inner = rt.remove_field::<_, SystemStateInnerV1>(system.id.0, &system.version)?;
    rt.add_field(system.id.0, &VERSION, inner)?;
    system.version = VERSION;
    system.package_id = package_id;
    system.new_package_id = None;
    Ok(())
}
