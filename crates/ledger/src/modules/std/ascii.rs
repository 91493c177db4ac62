//! `std::ascii`.

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("std", "ascii");
const E_INVALID_ASCII_CHARACTER: u64 = 0x1_0000;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("char", char),
        ("string", from_string),
        ("try_string", try_string),
        ("length", length),
        ("is_empty", is_empty),
        ("into_bytes", same),
        ("byte", byte),
    ],
);

fn char(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let byte = call.args.take::<u8>(0)?;
    MODULE.ensure(byte.is_ascii(), "char", E_INVALID_ASCII_CHARACTER)?;
    call.ret(byte);
    Ok(())
}

/// From bytes or from a UTF-8 string.
pub(super) fn from_string(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = call.args.take::<Vec<u8>>(0)?;
    MODULE.ensure(bytes.is_ascii(), "string", E_INVALID_ASCII_CHARACTER)?;
    call.ret(bytes);
    Ok(())
}

fn try_string(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = call.args.take::<Vec<u8>>(0)?;
    let text = bytes.is_ascii().then_some(bytes);
    call.ret(text);
    Ok(())
}

fn same(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = call.args.take::<Vec<u8>>(0)?;
    call.ret(bytes);
    Ok(())
}

fn length(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let len = call.args.read::<Vec<u8>>(0)?.len() as u64;
    call.ret(len);
    Ok(())
}

fn is_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_empty = call.args.read::<Vec<u8>>(0)?.is_empty();
    call.ret(is_empty);
    Ok(())
}

fn byte(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let byte = call.args.take::<u8>(0)?;
    call.ret(byte);
    Ok(())
}
