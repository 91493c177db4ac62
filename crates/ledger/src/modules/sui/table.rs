//! `sui::table`: entries are dynamic fields.

use std::sync::Arc;

use floe_core::onchain::framework::Table;

use super::container;
use crate::{
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Runtime,
    value::{Lease, MoveType},
};

const MODULE: ModuleRef = ModuleRef::new("sui", "table");
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
pub fn new<K, V>(rt: &mut Runtime<'_>) -> Result<Table<K, V>, Failure> {
    Ok(Table::new(rt.fresh_id()?.into(), 0))
}

/// Adds an entry.
///
/// # Errors
/// Aborts with `dynamic_field` 0 if the key is taken.
pub fn add<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    table: &mut Table<K, V>,
    key: &K,
    value: V,
) -> Result<(), Failure> {
    rt.add_field(table.id.0, key, value)?;
    table.size = table
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
    table: &Table<K, V>,
    key: &K,
) -> Result<Arc<V>, Failure> {
    rt.field(table.id.0, key)
}

/// An entry, for changing.
///
/// # Errors
/// As [`borrow`].
pub fn borrow_mut<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    table: &Table<K, V>,
    key: &K,
) -> Result<Lease<V>, Failure> {
    rt.field_mut(table.id.0, key)
}

/// Removes an entry.
///
/// # Errors
/// As [`borrow`].
pub fn remove<K: MoveType, V: MoveType>(
    rt: &mut Runtime<'_>,
    table: &mut Table<K, V>,
    key: &K,
) -> Result<V, Failure> {
    let value = rt.remove_field(table.id.0, key)?;
    table.size = table
        .size
        .checked_sub(1)
        .ok_or_else(|| MODULE.arithmetic("remove"))?;
    Ok(value)
}

/// Whether there is an entry under this key.
///
/// # Errors
/// [`Failure::Store`].
pub fn contains<K: MoveType, V>(
    rt: &mut Runtime<'_>,
    table: &Table<K, V>,
    key: &K,
) -> Result<bool, Failure> {
    rt.has_field(table.id.0, key)
}

/// Destroys an empty one.
///
/// # Errors
/// Aborts with `table` 0 if there are entries.
pub fn destroy_empty<K, V>(rt: &mut Runtime<'_>, table: Table<K, V>) -> Result<(), Failure> {
    MODULE.ensure(table.size == 0, "destroy_empty", E_NOT_EMPTY)?;
    rt.delete_id(table.id.0);
    Ok(())
}
