//! `sui::vec_set`: members in insertion order, as bytes. Modules that know their types use
//! [`VecSet`](floe_core::onchain::framework::VecSet) directly.

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    value::{Slot, walk},
};

pub(crate) const MODULE: ModuleRef = ModuleRef::new("sui", "vec_set");
/// The key is a member already.
pub const E_KEY_ALREADY_EXISTS: u64 = 0;
/// The key is no member.
pub const E_KEY_DOES_NOT_EXIST: u64 = 1;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("empty", empty),
        ("singleton", singleton),
        ("insert", insert),
        ("remove", remove),
        ("contains", contains),
        ("length", length),
        ("is_empty", is_empty),
        ("into_keys", into_keys),
        ("from_keys", from_keys),
    ],
);

fn empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(Vec::<u8>::new());
    Ok(())
}

fn singleton(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let member = call.args.bytes(0)?;
    give(call, &[member])
}

fn insert(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut set = members(call)?;
    let key = call.args.bytes(1)?;
    MODULE.ensure(!set.contains(&key), "insert", E_KEY_ALREADY_EXISTS)?;
    set.push(key);
    call.args.replace_bytes(0, walk::join(&set))
}

fn remove(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut set = members(call)?;
    let key = call.args.bytes(1)?;
    let index = set
        .iter()
        .position(|own| *own == key)
        .ok_or_else(|| MODULE.abort("get_idx", E_KEY_DOES_NOT_EXIST))?;
    set.remove(index);
    call.args.replace_bytes(0, walk::join(&set))
}

fn contains(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let contains = members(call)?.contains(&call.args.bytes(1)?);
    call.ret(contains);
    Ok(())
}

fn length(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let len = members(call)?.len() as u64;
    call.ret(len);
    Ok(())
}

fn is_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_empty = members(call)?.is_empty();
    call.ret(is_empty);
    Ok(())
}

fn into_keys(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let keys = call.args.take_slot(0)?;
    call.ret_slot(keys);
    Ok(())
}

fn from_keys(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let keys = members(call)?;
    let mut seen = std::collections::BTreeSet::new();
    for key in &keys {
        MODULE.ensure(seen.insert(key), "insert", E_KEY_ALREADY_EXISTS)?;
    }
    give(call, &keys)
}

fn give(call: &mut Call<'_, '_>, members: &[Vec<u8>]) -> Result<(), Failure> {
    call.ret_slot(Slot::from_bytes(walk::join(members)));
    Ok(())
}

/// The members: a set and a vector of its keys look alike.
fn members(call: &Call<'_, '_>) -> Result<Vec<Vec<u8>>, Failure> {
    walk::elements(call.type_arg(0)?, &call.args.bytes(0)?)
}
