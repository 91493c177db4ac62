//! `sui::vec_map`: entries in insertion order, as bytes. Modules that know their types use
//! [`VecMap`](floe_core::onchain::framework::VecMap) directly.

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    value::{Slot, walk},
};

pub(crate) const MODULE: ModuleRef = ModuleRef::new("sui", "vec_map");
/// The key is taken.
pub const E_KEY_ALREADY_EXISTS: u64 = 0;
/// There is no such key.
pub const E_KEY_DOES_NOT_EXIST: u64 = 1;
const E_MAP_NOT_EMPTY: u64 = 2;
const E_MAP_EMPTY: u64 = 4;
const E_UNEQUAL_LENGTHS: u64 = 5;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("empty", empty),
        ("insert", insert),
        ("remove", remove),
        ("pop", pop),
        ("contains", contains),
        ("length", length),
        ("is_empty", is_empty),
        ("destroy_empty", destroy_empty),
        ("keys", keys),
        ("into_keys_values", into_keys_values),
        ("from_keys_values", from_keys_values),
        ("get_idx", get_idx),
    ],
);

type Entry = (Vec<u8>, Vec<u8>);

fn empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(Vec::<u8>::new());
    Ok(())
}

fn insert(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut map = entries(call)?;
    let entry = (call.args.bytes(1)?, call.args.bytes(2)?);
    MODULE.ensure(
        position(&map, &entry.0).is_none(),
        "insert",
        E_KEY_ALREADY_EXISTS,
    )?;
    map.push(entry);
    call.args.replace_bytes(0, encode(&map))
}

fn remove(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut map = entries(call)?;
    let index = position(&map, &call.args.bytes(1)?)
        .ok_or_else(|| MODULE.abort("get_idx", E_KEY_DOES_NOT_EXIST))?;
    let entry = map.remove(index);
    give(call, &map, entry)
}

fn pop(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut map = entries(call)?;
    let entry = map.pop().ok_or_else(|| MODULE.abort("pop", E_MAP_EMPTY))?;
    give(call, &map, entry)
}

fn give(call: &mut Call<'_, '_>, map: &[Entry], (key, value): Entry) -> Result<(), Failure> {
    call.args.replace_bytes(0, encode(map))?;
    call.ret_slot(Slot::from_bytes(key));
    call.ret_slot(Slot::from_bytes(value));
    Ok(())
}

fn contains(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let found = position(&entries(call)?, &call.args.bytes(1)?).is_some();
    call.ret(found);
    Ok(())
}

fn get_idx(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let index = position(&entries(call)?, &call.args.bytes(1)?)
        .and_then(|index| u64::try_from(index).ok())
        .ok_or_else(|| MODULE.abort("get_idx", E_KEY_DOES_NOT_EXIST))?;
    call.ret(index);
    Ok(())
}

fn length(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let len = entries(call)?.len() as u64;
    call.ret(len);
    Ok(())
}

fn is_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_empty = entries(call)?.is_empty();
    call.ret(is_empty);
    Ok(())
}

fn destroy_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    MODULE.ensure(entries(call)?.is_empty(), "destroy_empty", E_MAP_NOT_EMPTY)
}

fn keys(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (keys, _): (Vec<_>, Vec<_>) = entries(call)?.into_iter().unzip();
    call.ret_slot(Slot::from_bytes(walk::join(&keys)));
    Ok(())
}

fn into_keys_values(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (keys, values): (Vec<_>, Vec<_>) = entries(call)?.into_iter().unzip();
    call.ret_slot(Slot::from_bytes(walk::join(&keys)));
    call.ret_slot(Slot::from_bytes(walk::join(&values)));
    Ok(())
}

fn from_keys_values(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let keys = walk::elements(call.type_arg(0)?, &call.args.bytes(0)?)?;
    let values = walk::elements(call.type_arg(1)?, &call.args.bytes(1)?)?;
    MODULE.ensure(
        keys.len() == values.len(),
        "from_keys_values",
        E_UNEQUAL_LENGTHS,
    )?;
    let mut seen = std::collections::BTreeSet::new();
    for key in &keys {
        MODULE.ensure(seen.insert(key), "insert", E_KEY_ALREADY_EXISTS)?;
    }
    let map: Vec<Entry> = keys.iter().cloned().zip(values).collect();
    call.ret_slot(Slot::from_bytes(encode(&map)));
    Ok(())
}

fn entries(call: &Call<'_, '_>) -> Result<Vec<Entry>, Failure> {
    let (key, value) = (call.type_arg(0)?, call.type_arg(1)?);
    let bytes = call.args.bytes(0)?;
    let (len, mut rest) =
        walk::length(&bytes).ok_or_else(|| Failure::invariant("not a vec_map"))?;
    let mut map = Vec::with_capacity(len.min(rest.len()));
    for _ in 0..len {
        let (k, after) = walk::split_first(key, rest)?;
        let (v, after) = walk::split_first(value, after)?;
        map.push((k.to_vec(), v.to_vec()));
        rest = after;
    }
    Ok(map)
}

fn encode(map: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    walk::write_length(&mut bytes, map.len());
    for (key, value) in map {
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
    }
    bytes
}

fn position(map: &[Entry], key: &[u8]) -> Option<usize> {
    map.iter().position(|(own, _)| own == key)
}
