//! `sui::bag`: entries of any type, in dynamic fields.

use std::sync::Arc;

use floe_core::onchain::framework::Bag;

use super::container;
use crate::{
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Runtime,
    value::{Lease, MoveType},
};

const MODULE: ModuleRef = ModuleRef::new("sui", "bag");
const E_NOT_EMPTY: u64 = 0;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("new", container::new),
        ("length", container::length),
        ("is_empty", container::is_empty),
        ("destroy_empty", container::destroy_empty),
        ("add", container::add),
        ("remove", container::remove),
        ("contains", container::contains),
    ],
);

/// An empty one; takes a fresh id.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn new(rt: &mut Runtime<'_>) -> Result<Bag, Failure> {
    Ok(Bag {
        id: rt.fresh_id()?.into(),
        size: 0,
    })
}

/// Adds an entry.
///
/// # Errors
/// Aborts with `dynamic_field` 0 if the key is taken.
pub fn add<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    bag: &mut Bag,
    key: &K,
    value: V,
) -> Result<(), Failure> {
    rt.add_field(bag.id.0, key, value)?;
    bag.size = bag
        .size
        .checked_add(1)
        .ok_or_else(|| MODULE.arithmetic("add"))?;
    Ok(())
}

/// An entry, shared and unchanging.
///
/// # Errors
/// Aborts with `dynamic_field` 1 if there is none, 2 if it is of another type.
pub fn borrow<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    bag: &Bag,
    key: &K,
) -> Result<Arc<V>, Failure> {
    rt.field(bag.id.0, key)
}

/// An entry, for changing.
///
/// # Errors
/// As [`borrow`].
pub fn borrow_mut<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    bag: &Bag,
    key: &K,
) -> Result<Lease<V>, Failure> {
    rt.field_mut(bag.id.0, key)
}

/// Removes an entry.
///
/// # Errors
/// As [`borrow`].
pub fn remove<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    bag: &mut Bag,
    key: &K,
) -> Result<V, Failure> {
    let value = rt.remove_field(bag.id.0, key)?;
    bag.size = bag
        .size
        .checked_sub(1)
        .ok_or_else(|| MODULE.arithmetic("remove"))?;
    Ok(value)
}

/// Whether there is an entry under this key.
///
/// # Errors
/// [`Failure::Store`].
pub fn contains<K: MoveType>(rt: &mut Runtime<'_>, bag: &Bag, key: &K) -> Result<bool, Failure> {
    rt.has_field(bag.id.0, key)
}

/// Destroys an empty one.
///
/// # Errors
/// Aborts with `bag` 0 if there are entries.
pub fn destroy_empty(rt: &mut Runtime<'_>, bag: Bag) -> Result<(), Failure> {
    MODULE.ensure(bag.size == 0, "destroy_empty", E_NOT_EMPTY)?;
    rt.delete_id(bag.id.0);
    Ok(())
}
