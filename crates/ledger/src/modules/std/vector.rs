//! `std::vector`.

use crate::{
    call::Call,
    error::{Failure, Fault},
    modules::{ModuleBodies, ModuleRef},
    value::{Slot, walk},
};

const MODULE: ModuleRef = ModuleRef::new("std", "vector");
const E_INDEX_OUT_OF_BOUNDS: u64 = 0x2_0000;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("empty", empty),
        ("singleton", singleton),
        ("length", length),
        ("is_empty", is_empty),
        ("push_back", push_back),
        ("pop_back", pop_back),
        ("destroy_empty", destroy_empty),
        ("swap", swap),
        ("append", append),
        ("reverse", reverse),
        ("contains", contains),
        ("remove", remove),
        ("swap_remove", swap_remove),
        ("insert", insert),
    ],
);

fn empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(Vec::<u8>::new());
    Ok(())
}

fn singleton(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let element = call.args.bytes(0)?;
    call.ret_slot(Slot::from_bytes(walk::join(&[element])));
    Ok(())
}

fn length(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let len = elements(call)?.len() as u64;
    call.ret(len);
    Ok(())
}

fn is_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let is_empty = elements(call)?.is_empty();
    call.ret(is_empty);
    Ok(())
}

fn push_back(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    items.push(call.args.bytes(1)?);
    put(call, &items)
}

fn pop_back(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    let last = items.pop().ok_or_else(|| call.fault(Fault::Vector))?;
    give(call, &items, last)
}

fn destroy_empty(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    if elements(call)?.is_empty() {
        Ok(())
    } else {
        Err(call.fault(Fault::Vector))
    }
}

fn swap(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    let (i, j) = (index(call, 1)?, index(call, 2)?);
    if i >= items.len() || j >= items.len() {
        return Err(call.fault(Fault::Vector));
    }
    items.swap(i, j);
    put(call, &items)
}

fn append(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    items.extend(walk::elements(call.type_arg(0)?, &call.args.bytes(1)?)?);
    put(call, &items)
}

fn reverse(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    items.reverse();
    put(call, &items)
}

fn contains(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let contains = elements(call)?.contains(&call.args.bytes(1)?);
    call.ret(contains);
    Ok(())
}

fn remove(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    let index = index(call, 1)?;
    MODULE.ensure(index < items.len(), "remove", E_INDEX_OUT_OF_BOUNDS)?;
    let item = items.remove(index);
    give(call, &items, item)
}

fn swap_remove(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    let index = index(call, 1)?;
    MODULE.ensure(!items.is_empty(), "swap_remove", E_INDEX_OUT_OF_BOUNDS)?;
    if index >= items.len() {
        return Err(call.fault(Fault::Vector));
    }
    let item = items.swap_remove(index);
    give(call, &items, item)
}

fn insert(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut items = elements(call)?;
    let index = index(call, 2)?;
    MODULE.ensure(index <= items.len(), "insert", E_INDEX_OUT_OF_BOUNDS)?;
    items.insert(index, call.args.bytes(1)?);
    put(call, &items)
}

fn elements(call: &Call<'_, '_>) -> Result<Vec<Vec<u8>>, Failure> {
    walk::elements(call.type_arg(0)?, &call.args.bytes(0)?)
}

fn put(call: &Call<'_, '_>, items: &[Vec<u8>]) -> Result<(), Failure> {
    call.args.replace_bytes(0, walk::join(items))
}

fn give(call: &mut Call<'_, '_>, items: &[Vec<u8>], item: Vec<u8>) -> Result<(), Failure> {
    put(call, items)?;
    call.ret_slot(Slot::from_bytes(item));
    Ok(())
}

fn index(call: &Call<'_, '_>, argument: usize) -> Result<usize, Failure> {
    Ok(usize::try_from(*call.args.read::<u64>(argument)?).unwrap_or(usize::MAX))
}
