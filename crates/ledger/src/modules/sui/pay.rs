//! `sui::pay`: coins split and joined for the sender.

use floe_core::{SuiAddress, onchain::framework};

use super::{balance::Any, coin};
use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Destination,
    value::Slot,
};

const MODULE: ModuleRef = ModuleRef::new("sui", "pay");
const E_NO_COINS: u64 = 0;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("keep", keep),
        ("split", split),
        ("split_vec", split_vec),
        ("split_and_transfer", split_and_transfer),
        ("divide_and_keep", divide_and_keep),
        ("join", join),
        ("join_vec", join_vec),
        ("join_vec_and_transfer", join_vec_and_transfer),
    ],
);

type Coin = framework::Coin<Any>;

fn keep(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let coin = call.args.take(0)?;
    let to = call.rt.sender();
    send(call, coin, to)
}

fn split(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let amount = call.args.take(1)?;
    let part = coin::split(call.rt, &mut *call.args.update::<Coin>(0)?, amount)?;
    let to = call.rt.sender();
    send(call, part, to)
}

fn split_vec(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let to = call.rt.sender();
    for amount in call.args.take::<Vec<u64>>(1)? {
        let part = coin::split(call.rt, &mut *call.args.update::<Coin>(0)?, amount)?;
        send(call, part, to)?;
    }
    Ok(())
}

fn split_and_transfer(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (amount, to) = (call.args.take(1)?, call.args.take(2)?);
    let part = coin::split(call.rt, &mut *call.args.update::<Coin>(0)?, amount)?;
    send(call, part, to)
}

fn divide_and_keep(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let n = call.args.take(1)?;
    let parts = coin::divide_into_n(call.rt, &mut *call.args.update::<Coin>(0)?, n)?;
    let to = call.rt.sender();
    parts.into_iter().try_for_each(|part| send(call, part, to))
}

fn join(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let other = call.args.take(1)?;
    coin::join(call.rt, &mut *call.args.update::<Coin>(0)?, other)
}

fn join_vec(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    for other in call.args.take::<Vec<Coin>>(1)? {
        coin::join(call.rt, &mut *call.args.update::<Coin>(0)?, other)?;
    }
    Ok(())
}

fn join_vec_and_transfer(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut coins = call.args.take::<Vec<Coin>>(0)?;
    let mut sum = coins
        .pop()
        .ok_or_else(|| MODULE.abort("join_vec_and_transfer", E_NO_COINS))?;
    for other in coins {
        coin::join(call.rt, &mut sum, other)?;
    }
    let to = call.args.take(1)?;
    send(call, sum, to)
}

fn send(call: &mut Call<'_, '_>, coin: Coin, to: SuiAddress) -> Result<(), Failure> {
    let tag = coin::coin_tag(call.type_arg(0)?.clone());
    call.rt.send(tag, Slot::new(coin), Destination::Address(to))
}
