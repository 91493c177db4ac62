//! `std::string`: UTF-8.

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("std", "string");
const E_INVALID_UTF8: u64 = 1;
const E_INVALID_INDEX: u64 = 2;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("utf8", utf8),
        ("from_ascii", same),
        ("to_ascii", super::ascii::from_string),
        ("try_utf8", try_utf8),
        ("into_bytes", same),
        ("is_empty", is_empty),
        ("length", length),
        ("append", append),
        ("append_utf8", append_utf8),
        ("insert", insert),
        ("substring", substring),
        ("index_of", index_of),
    ],
);

fn utf8(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let text = parse(call.args.take(0)?)?;
    call.ret(text);
    Ok(())
}

fn try_utf8(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let text = String::from_utf8(call.args.take(0)?).ok();
    call.ret(text);
    Ok(())
}

/// Strings of both kinds and `vector<u8>` have equal bytes.
fn same(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = call.args.take::<Vec<u8>>(0)?;
    call.ret(bytes);
    Ok(())
}

fn is_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_empty = call.args.read::<String>(0)?.is_empty();
    call.ret(is_empty);
    Ok(())
}

fn length(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let len = call.args.read::<String>(0)?.len() as u64;
    call.ret(len);
    Ok(())
}

fn append(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let other = call.args.take::<String>(1)?;
    call.args.update::<String>(0)?.push_str(&other);
    Ok(())
}

fn append_utf8(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let other = parse(call.args.take(1)?)?;
    call.args.update::<String>(0)?.push_str(&other);
    Ok(())
}

fn insert(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (at, other) = (index(call, 1)?, call.args.take::<String>(2)?);
    let mut text = call.args.update::<String>(0)?;
    MODULE.ensure(text.is_char_boundary(at), "insert", E_INVALID_INDEX)?;
    text.insert_str(at, &other);
    Ok(())
}

fn substring(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (from, to) = (index(call, 1)?, index(call, 2)?);
    let text = call.args.read::<String>(0)?;
    let part = text
        .get(from..to)
        .ok_or_else(|| MODULE.abort("substring", E_INVALID_INDEX))?;
    let part = part.to_owned();
    call.ret(part);
    Ok(())
}

/// The length of the string if there is no such part.
fn index_of(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (text, part) = (call.args.read::<String>(0)?, call.args.read::<String>(1)?);
    let index = text.find(part.as_str()).unwrap_or(text.len()) as u64;
    call.ret(index);
    Ok(())
}

fn parse(bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| MODULE.abort("utf8", E_INVALID_UTF8))
}

fn index(call: &Call<'_, '_>, argument: usize) -> Result<usize, Failure> {
    Ok(usize::try_from(*call.args.read::<u64>(argument)?).unwrap_or(usize::MAX))
}
