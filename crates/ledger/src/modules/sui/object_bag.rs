//! `sui::object_bag`: objects of any type, in dynamic object fields.

use std::sync::Arc;

use floe_core::onchain::framework::ObjectBag;

use super::container;
use crate::{
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Runtime,
    value::{Lease, MoveType},
};

const MODULE: ModuleRef = ModuleRef::new("sui", "object_bag");
const E_NOT_EMPTY: u64 = 0;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("new", container::new),
        ("length", container::length),
        ("is_empty", container::is_empty),
        ("destroy_empty", container::destroy_empty),
        ("add", container::add_object),
        ("remove", container::remove_object),
        ("contains", container::contains_object),
    ],
);

/// An empty one; takes a fresh id.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn new(rt: &mut Runtime<'_>) -> Result<ObjectBag, Failure> {
    Ok(ObjectBag {
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
    bag: &mut ObjectBag,
    key: &K,
    value: V,
) -> Result<(), Failure> {
    rt.add_object_field(bag.id.0, key, value)?;
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
    bag: &ObjectBag,
    key: &K,
) -> Result<Arc<V>, Failure> {
    rt.object_field(bag.id.0, key)
}

/// An entry, for changing.
///
/// # Errors
/// As [`borrow`].
pub fn borrow_mut<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    bag: &ObjectBag,
    key: &K,
) -> Result<Lease<V>, Failure> {
    rt.object_field_mut(bag.id.0, key)
}

/// Removes an entry.
///
/// # Errors
/// As [`borrow`].
pub fn remove<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    bag: &mut ObjectBag,
    key: &K,
) -> Result<V, Failure> {
    let value = rt.remove_object_field(bag.id.0, key)?;
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
pub fn contains<K: MoveType>(
    rt: &mut Runtime<'_>,
    bag: &ObjectBag,
    key: &K,
) -> Result<bool, Failure> {
    rt.has_object_field(bag.id.0, key)
}

/// Destroys an empty one.
///
/// # Errors
/// Aborts with `object_bag` 0 if there are entries.
pub fn destroy_empty(rt: &mut Runtime<'_>, bag: ObjectBag) -> Result<(), Failure> {
    MODULE.ensure(bag.size == 0, "destroy_empty", E_NOT_EMPTY)?;
    rt.delete_id(bag.id.0);
    Ok(())
}
