//! Bodies of `sui::coin`.

use floe_core::onchain::framework::{Balance, Coin, TreasuryCap};

use super::{CoinMetadata, coin_tag};
use crate::{
    call::Call,
    error::Failure,
    modules::sui::balance::{self, Any, Supply},
    runtime::Destination,
    value::Slot,
};

type AnyCoin = Coin<Any>;
type AnyCap = TreasuryCap<Any>;

pub(super) fn total_supply(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let supply = call.args.read::<AnyCap>(0)?.total_supply;
    call.ret(supply);
    Ok(())
}

pub(super) fn treasury_into_supply(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let cap = call.args.take::<AnyCap>(0)?;
    call.rt.delete_id(cap.id.0);
    call.ret(Supply {
        value: cap.total_supply,
    });
    Ok(())
}

pub(super) fn value(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let value = call.args.read::<AnyCoin>(0)?.balance;
    call.ret(value);
    Ok(())
}

pub(super) fn from_balance(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let coin = super::from_balance::<Any>(call.rt, call.args.take(0)?)?;
    call.ret(coin);
    Ok(())
}

pub(super) fn into_balance(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let balance = super::into_balance::<Any>(call.rt, call.args.take(0)?);
    call.ret(balance);
    Ok(())
}

pub(super) fn take(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let amount = call.args.take(1)?;
    let part = balance::split::<Any>(&mut *call.args.update(0)?, amount)?;
    let coin = super::from_balance(call.rt, part)?;
    call.ret(coin);
    Ok(())
}

pub(super) fn put(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let balance = super::into_balance(call.rt, call.args.take::<AnyCoin>(1)?);
    balance::join(&mut *call.args.update::<Balance<Any>>(0)?, balance)?;
    Ok(())
}

pub(super) fn join(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let other = call.args.take(1)?;
    super::join::<Any>(call.rt, &mut *call.args.update(0)?, other)
}

pub(super) fn split(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let amount = call.args.take(1)?;
    let coin = super::split::<Any>(call.rt, &mut *call.args.update(0)?, amount)?;
    call.ret(coin);
    Ok(())
}

pub(super) fn divide_into_n(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let n = call.args.take(1)?;
    let coins = super::divide_into_n::<Any>(call.rt, &mut *call.args.update(0)?, n)?;
    call.ret(coins);
    Ok(())
}

pub(super) fn zero(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let coin = super::from_balance(call.rt, balance::zero::<Any>())?;
    call.ret(coin);
    Ok(())
}

pub(super) fn destroy_zero(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    balance::destroy_zero(super::into_balance::<Any>(call.rt, call.args.take(0)?))
}

pub(super) fn mint(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let value = call.args.take(1)?;
    let coin = super::mint(call.rt, &mut *call.args.update::<AnyCap>(0)?, value)?;
    call.ret(coin);
    Ok(())
}

pub(super) fn mint_balance(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let value = call.args.take(1)?;
    let minted = super::mint_balance(&mut *call.args.update::<AnyCap>(0)?, value)?;
    call.ret(minted);
    Ok(())
}

pub(super) fn mint_and_transfer(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let value = call.args.take(1)?;
    let coin = super::mint(call.rt, &mut *call.args.update::<AnyCap>(0)?, value)?;
    let tag = coin_tag(call.type_arg(0)?.clone());
    call.rt.send(
        tag,
        Slot::new(coin),
        Destination::Address(call.args.take(2)?),
    )
}

/// There are no balances of addresses here: what is sent arrives as a coin (docs/spec/sui-rpc.md §3).
pub(super) fn send_funds(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let tag = coin_tag(call.type_arg(0)?.clone());
    let to = Destination::Address(call.args.take(1)?);
    call.rt.send(tag, call.args.take_slot(0)?, to)
}

pub(super) fn burn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let coin = call.args.take(1)?;
    let burned = super::burn(call.rt, &mut *call.args.update::<AnyCap>(0)?, coin)?;
    call.ret(burned);
    Ok(())
}

pub(super) fn get_decimals(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let decimals = call.args.read::<CoinMetadata>(0)?.decimals;
    call.ret(decimals);
    Ok(())
}

pub(super) fn get_name(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let name = call.args.read::<CoinMetadata>(0)?.name.clone();
    call.ret(name);
    Ok(())
}

pub(super) fn get_symbol(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let symbol = call.args.read::<CoinMetadata>(0)?.symbol.clone();
    call.ret(symbol);
    Ok(())
}

pub(super) fn get_description(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let description = call.args.read::<CoinMetadata>(0)?.description.clone();
    call.ret(description);
    Ok(())
}
