//! `walrus::extended_field`: a value that lives outside of the object it belongs to, in a dynamic
//! field (`docs/spec/contracts.md` §3.5).

use std::sync::Arc;

use floe_core::{
    ObjectId,
    onchain::node::{ExtendedField, ExtendedFieldKey},
};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::{FieldKey, Runtime},
    value::{Lease, MoveType, type_tag},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "extended_field");

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[("new", new_fn), ("swap", swap_fn), ("destroy", destroy_fn)],
);

/// A field with this value; takes a fresh id.
///
/// # Errors
/// Beyond the limit of new objects.
pub(crate) fn new<T: MoveType>(
    rt: &mut Runtime<'_>,
    value: T,
) -> Result<ExtendedField<T>, Failure> {
    let id = rt.fresh_id()?;
    rt.add_field(id, &ExtendedFieldKey, value)?;
    Ok(ExtendedField::new(id.into()))
}

/// The value, shared and unchanging.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn borrow<T: MoveType>(
    rt: &mut Runtime<'_>,
    field: &ExtendedField<T>,
) -> Result<Arc<T>, Failure> {
    rt.field(field.id.0, &ExtendedFieldKey)
}

/// The value, for changing.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn borrow_mut<T: MoveType>(
    rt: &mut Runtime<'_>,
    field: &ExtendedField<T>,
) -> Result<Lease<T>, Failure> {
    rt.field_mut(field.id.0, &ExtendedFieldKey)
}

/// Puts another value in its place; the old one.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn swap<T: MoveType>(
    rt: &mut Runtime<'_>,
    field: &ExtendedField<T>,
    value: T,
) -> Result<T, Failure> {
    let old = rt.remove_field(field.id.0, &ExtendedFieldKey)?;
    rt.add_field(field.id.0, &ExtendedFieldKey, value)?;
    Ok(old)
}

fn new_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.rt.fresh_id()?;
    let (tag, value) = (call.type_arg(0)?.clone(), call.args.take_slot(0)?);
    call.rt.add_field_slot(key(id)?, tag, value)?;
    call.ret(id);
    Ok(())
}

fn swap_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let key = key(call.args.object_id(0)?)?;
    let (tag, value) = (call.type_arg(0)?, call.args.take_slot(1)?);
    let old = call.rt.remove_field_slot(key.clone(), tag)?;
    call.rt.add_field_slot(key, tag.clone(), value)?;
    call.ret_slot(old);
    Ok(())
}

fn destroy_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.take::<ObjectId>(0)?;
    let value = call.rt.remove_field_slot(key(id)?, call.type_arg(0)?)?;
    call.rt.delete_id(id);
    call.ret_slot(value);
    Ok(())
}

fn key(parent: ObjectId) -> Result<FieldKey, Failure> {
    FieldKey::with_tag(parent, type_tag::<ExtendedFieldKey>(), &ExtendedFieldKey)
}
