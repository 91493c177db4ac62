//! The bodies that `table`, `bag`, `object_table` and `object_bag` share: all are an id and a size.
//! The first two type arguments are always those of the key and the value.

use floe_core::{ObjectId, onchain::framework::Bag};
use sui_sdk_types::TypeTag;

use super::dynamic_object_field::wrapper_tag;
use crate::{
    call::Call,
    error::{Failure, Fault},
    runtime::FieldKey,
};

const E_NOT_EMPTY: u64 = 0;

/// Where the entries live.
#[derive(Clone, Copy)]
enum Entries {
    Fields,
    Objects,
}

pub(super) fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.rt.fresh_id()?.into();
    call.ret(Bag { id, size: 0 });
    Ok(())
}

pub(super) fn length(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let size = call.args.read::<Bag>(0)?.size;
    call.ret(size);
    Ok(())
}

pub(super) fn is_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_empty = call.args.read::<Bag>(0)?.size == 0;
    call.ret(is_empty);
    Ok(())
}

pub(super) fn destroy_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bag = call.args.take::<Bag>(0)?;
    if bag.size != 0 {
        return Err(call.abort(E_NOT_EMPTY));
    }
    call.rt.delete_id(bag.id.0);
    Ok(())
}

pub(super) fn add(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    add_to(call, Entries::Fields)
}

pub(super) fn add_object(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    add_to(call, Entries::Objects)
}

pub(super) fn remove(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    remove_from(call, Entries::Fields)
}

pub(super) fn remove_object(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    remove_from(call, Entries::Objects)
}

pub(super) fn contains(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let key = key(call, Entries::Fields)?;
    let contains = call.rt.has_field_slot(key)?;
    call.ret(contains);
    Ok(())
}

pub(super) fn contains_object(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let key = key(call, Entries::Objects)?;
    let contains = call.rt.has_field_slot(key)?;
    call.ret(contains);
    Ok(())
}

fn add_to(call: &mut Call<'_, '_>, entries: Entries) -> Result<(), Failure> {
    let key = key(call, entries)?;
    let (tag, value) = (call.type_arg(1)?.clone(), call.args.take_slot(2)?);
    match entries {
        Entries::Fields => call.rt.add_field_slot(key, tag, value)?,
        Entries::Objects => call.rt.add_object_field_slot(key, tag, value)?,
    }
    resize(call, |size| size.checked_add(1))
}

fn remove_from(call: &mut Call<'_, '_>, entries: Entries) -> Result<(), Failure> {
    let key = key(call, entries)?;
    let tag = call.type_arg(1)?;
    let value = match entries {
        Entries::Fields => call.rt.remove_field_slot(key, tag)?,
        Entries::Objects => call.rt.remove_object_field_slot(key, tag)?,
    };
    call.ret_slot(value);
    resize(call, |size| size.checked_sub(1))
}

fn resize(call: &Call<'_, '_>, change: impl Fn(u64) -> Option<u64>) -> Result<(), Failure> {
    let mut bag = call.args.update::<Bag>(0)?;
    bag.size = change(bag.size).ok_or_else(|| call.fault(Fault::Arithmetic))?;
    Ok(())
}

fn key(call: &Call<'_, '_>, entries: Entries) -> Result<FieldKey, Failure> {
    let parent: ObjectId = call.args.read::<Bag>(0)?.id.0;
    let tag: TypeTag = call.type_arg(0)?.clone();
    let tag = match entries {
        Entries::Fields => tag,
        Entries::Objects => wrapper_tag(tag),
    };
    Ok(FieldKey {
        parent,
        tag,
        bytes: call.args.bytes(1)?,
    })
}
