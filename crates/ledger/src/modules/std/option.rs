//! `std::option`: BCS `00`, or `01` and the element.

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    value::Slot,
};

pub(crate) const MODULE: ModuleRef = ModuleRef::new("std", "option");
/// There is an element where none may be.
pub const E_OPTION_IS_SET: u64 = 0x4_0000;
/// There is no element where one must be.
pub const E_OPTION_NOT_SET: u64 = 0x4_0001;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("none", none),
        ("some", some),
        ("is_none", is_none),
        ("is_some", is_some),
        ("contains", contains),
        ("fill", fill),
        ("extract", extract),
        ("swap", swap),
        ("swap_or_fill", swap_or_fill),
        ("destroy_with_default", destroy_with_default),
        ("destroy_some", destroy_some),
        ("destroy_none", destroy_none),
        ("to_vec", to_vec),
    ],
);

fn none(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret_slot(Slot::from_bytes(encode(None)));
    Ok(())
}

fn some(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let element = call.args.bytes(0)?;
    call.ret_slot(Slot::from_bytes(encode(Some(&element))));
    Ok(())
}

fn is_none(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_none = element(call)?.is_none();
    call.ret(is_none);
    Ok(())
}

fn is_some(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_some = element(call)?.is_some();
    call.ret(is_some);
    Ok(())
}

fn contains(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let contains = element(call)? == Some(call.args.bytes(1)?);
    call.ret(contains);
    Ok(())
}

fn fill(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    MODULE.ensure(element(call)?.is_none(), "fill", E_OPTION_IS_SET)?;
    let new = call.args.bytes(1)?;
    call.args.replace_bytes(0, encode(Some(&new)))
}

fn extract(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let old = required(call, "extract")?;
    call.args.replace_bytes(0, encode(None))?;
    call.ret_slot(Slot::from_bytes(old));
    Ok(())
}

fn swap(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let old = required(call, "swap")?;
    let new = call.args.bytes(1)?;
    call.args.replace_bytes(0, encode(Some(&new)))?;
    call.ret_slot(Slot::from_bytes(old));
    Ok(())
}

fn swap_or_fill(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let old = call.args.bytes(0)?;
    let new = call.args.bytes(1)?;
    call.args.replace_bytes(0, encode(Some(&new)))?;
    call.ret_slot(Slot::from_bytes(old));
    Ok(())
}

fn destroy_with_default(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let default = call.args.bytes(1)?;
    let value = element(call)?.unwrap_or(default);
    call.ret_slot(Slot::from_bytes(value));
    Ok(())
}

fn destroy_some(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let element = required(call, "destroy_some")?;
    call.ret_slot(Slot::from_bytes(element));
    Ok(())
}

fn destroy_none(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    MODULE.ensure(element(call)?.is_none(), "destroy_none", E_OPTION_IS_SET)
}

fn to_vec(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    // An option is a vector of at most one element.
    let same = call.args.take_slot(0)?;
    call.ret_slot(same);
    Ok(())
}

fn required(call: &Call<'_, '_>, function: &'static str) -> Result<Vec<u8>, Failure> {
    element(call)?.ok_or_else(|| MODULE.abort(function, E_OPTION_NOT_SET))
}

fn element(call: &Call<'_, '_>) -> Result<Option<Vec<u8>>, Failure> {
    match call.args.bytes(0)?.as_slice() {
        [0] => Ok(None),
        [1, element @ ..] => Ok(Some(element.to_vec())),
        _ => Err(Failure::invariant("not an option")),
    }
}

fn encode(element: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = vec![u8::from(element.is_some())];
    bytes.extend_from_slice(element.unwrap_or_default());
    bytes
}
