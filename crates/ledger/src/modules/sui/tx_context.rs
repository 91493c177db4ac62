//! `sui::tx_context`: facts about the transaction.

use floe_core::SuiAddress;

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("sui", "tx_context");

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("sender", sender),
        ("epoch", epoch),
        ("epoch_timestamp_ms", epoch_timestamp_ms),
        ("fresh_object_address", fresh_object_address),
        ("reference_gas_price", reference_gas_price),
        ("gas_price", gas_price),
    ],
);

fn sender(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let sender = call.rt.sender();
    call.ret(sender);
    Ok(())
}

fn epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = call.rt.tx().epoch;
    call.ret(epoch);
    Ok(())
}

fn epoch_timestamp_ms(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let start = call.rt.tx().epoch_start_ms;
    call.ret(start);
    Ok(())
}

fn fresh_object_address(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let address = SuiAddress(call.rt.fresh_id()?.0);
    call.ret(address);
    Ok(())
}

fn reference_gas_price(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let price = call.rt.tx().reference_gas_price;
    call.ret(price);
    Ok(())
}

fn gas_price(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let price = call.rt.tx().gas_price;
    call.ret(price);
    Ok(())
}
