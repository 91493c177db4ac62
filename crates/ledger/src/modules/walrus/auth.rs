//! `walrus::auth`: who acts, and who may (`docs/spec/contracts.md` §3.5).

use floe_core::onchain::node::{Authenticated, Authorized};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "auth");

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("authenticate_sender", authenticate_sender),
        ("authenticate_with_object", authenticate_with_object),
        ("authorized_address", authorized_address),
        ("authorized_object", authorized_object),
    ],
);

fn authenticate_sender(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(Authenticated::Sender(call.rt.sender()));
    Ok(())
}

fn authenticate_with_object(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(Authenticated::Object(call.args.object_id(0)?));
    Ok(())
}

fn authorized_address(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(Authorized::Address(call.args.take(0)?));
    Ok(())
}

fn authorized_object(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret(Authorized::ObjectID(call.args.take(0)?));
    Ok(())
}
