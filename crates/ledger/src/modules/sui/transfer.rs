//! `sui::transfer`.

use floe_core::{ObjectId, onchain::framework::Uid};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::{Destination, Receiving},
};

pub(crate) const MODULE: ModuleRef = ModuleRef::new("sui", "transfer");
pub(crate) const E_SHARED_NON_NEW_OBJECT: u64 = 0;
pub(crate) const E_RECEIVING_OBJECT_TYPE_MISMATCH: u64 = 2;
pub(crate) const E_UNABLE_TO_RECEIVE_OBJECT: u64 = 3;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("public_transfer", public_transfer),
        ("public_freeze_object", public_freeze_object),
        ("public_share_object", public_share_object),
        ("public_receive", public_receive),
        ("receiving_object_id", receiving_object_id),
    ],
);

fn public_transfer(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let to = Destination::Address(call.args.take(1)?);
    send(call, to)
}

fn public_freeze_object(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    send(call, Destination::Immutable)
}

fn public_share_object(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    send(call, Destination::Shared)
}

fn send(call: &mut Call<'_, '_>, to: Destination) -> Result<(), Failure> {
    let tag = call.type_arg(0)?.clone();
    call.rt.send(tag, call.args.take_slot(0)?, to)
}

fn public_receive(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let parent = call.args.read::<Uid>(0)?.0;
    let ticket = call.args.take::<Receiving>(1)?;
    let object = call.rt.receive(parent, ticket, call.type_arg(0)?)?;
    call.ret_slot(object);
    Ok(())
}

fn receiving_object_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id: ObjectId = call.args.read::<Receiving>(0)?.id;
    call.ret(id);
    Ok(())
}
