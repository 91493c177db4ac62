//! `sui::object`. `ID` and `UID` are 32 bytes each.

use floe_core::ObjectId;

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("sui", "object");
/// What `address::from_bytes` raises for a wrong length.
const E_ADDRESS_PARSE: u64 = 0;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("id_to_bytes", to_bytes),
        ("id_to_address", same),
        ("id_from_bytes", id_from_bytes),
        ("id_from_address", same),
        ("uid_to_inner", same),
        ("uid_to_bytes", to_bytes),
        ("uid_to_address", same),
        ("new", new),
        ("delete", delete),
        ("id", id),
        ("id_bytes", id_bytes),
        ("id_address", id),
    ],
);

fn same(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = *call.args.read::<ObjectId>(0)?;
    call.ret(id);
    Ok(())
}

fn to_bytes(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<ObjectId>(0)?;
    call.ret(id.0.to_vec());
    Ok(())
}

fn id_from_bytes(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = call.args.take::<Vec<u8>>(0)?;
    let id = bytes
        .try_into()
        .map(ObjectId)
        .map_err(|_| ModuleRef::new("sui", "address").abort("from_bytes", E_ADDRESS_PARSE))?;
    call.ret(id);
    Ok(())
}

fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.rt.fresh_id()?;
    call.ret(id);
    Ok(())
}

fn delete(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.take(0)?;
    call.rt.delete_id(id);
    Ok(())
}

fn id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.object_id(0)?;
    call.ret(id);
    Ok(())
}

fn id_bytes(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.object_id(0)?;
    call.ret(id.0.to_vec());
    Ok(())
}
