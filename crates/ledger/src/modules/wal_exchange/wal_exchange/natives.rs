//! Bodies of `wal_exchange::wal_exchange`.

use floe_core::onchain::{
    framework::{Balance, Coin, Sui, Wal},
    wal_exchange::Exchange,
};

use super::{balance, check_admin, coin, part, pay_out};
use crate::{
    call::{Call, NativeFn},
    error::Failure,
};

pub(super) const BODIES: &[(&str, NativeFn)] = &[
    ("new_exchange_rate", new_exchange_rate),
    ("new", new),
    ("new_funded", new_funded),
    ("add_wal", add_wal),
    ("add_sui", add_sui),
    ("add_all_wal", add_all_wal),
    ("add_all_sui", add_all_sui),
    ("withdraw_wal", withdraw_wal),
    ("withdraw_sui", withdraw_sui),
    ("set_exchange_rate", set_exchange_rate),
    ("exchange_all_for_wal", exchange_all_for_wal),
    ("exchange_for_wal", exchange_for_wal),
    ("exchange_all_for_sui", exchange_all_for_sui),
    ("exchange_for_sui", exchange_for_sui),
];

fn new_exchange_rate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let rate = super::new_exchange_rate(call.args.take(0)?, call.args.take(1)?)?;
    call.ret(rate);
    Ok(())
}

fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (_, cap) = super::new(call.rt, Balance::new(0))?;
    call.ret(cap);
    Ok(())
}

fn new_funded(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let amount = call.args.take(1)?;
    let funds = coin::withdraw(&mut *call.args.update::<Coin<Wal>>(0)?, amount)?;
    let (_, cap) = super::new(call.rt, funds)?;
    call.ret(cap);
    Ok(())
}

fn add_wal(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let amount = call.args.take(2)?;
    let funds = coin::withdraw(&mut *call.args.update::<Coin<Wal>>(1)?, amount)?;
    balance::join(&mut call.args.update::<Exchange>(0)?.wal, funds)?;
    Ok(())
}

fn add_sui(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let amount = call.args.take(2)?;
    let funds = coin::withdraw(&mut *call.args.update::<Coin<Sui>>(1)?, amount)?;
    balance::join(&mut call.args.update::<Exchange>(0)?.sui, funds)?;
    Ok(())
}

fn add_all_wal(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let funds = coin::into_balance(call.rt, call.args.take::<Coin<Wal>>(1)?);
    balance::join(&mut call.args.update::<Exchange>(0)?.wal, funds)?;
    Ok(())
}

fn add_all_sui(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let funds = coin::into_balance(call.rt, call.args.take::<Coin<Sui>>(1)?);
    balance::join(&mut call.args.update::<Exchange>(0)?.sui, funds)?;
    Ok(())
}

fn withdraw_wal(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (amount, mut exchange) = (call.args.take(1)?, call.args.update::<Exchange>(0)?);
    check_admin(&exchange, &*call.args.read(2)?)?;
    let coin = pay_out(call.rt, &mut exchange.wal, amount, "withdraw_wal")?;
    call.ret(coin);
    Ok(())
}

fn withdraw_sui(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (amount, mut exchange) = (call.args.take(1)?, call.args.update::<Exchange>(0)?);
    check_admin(&exchange, &*call.args.read(2)?)?;
    let coin = pay_out(call.rt, &mut exchange.sui, amount, "withdraw_sui")?;
    call.ret(coin);
    Ok(())
}

fn set_exchange_rate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut exchange = call.args.update::<Exchange>(0)?;
    check_admin(&exchange, &*call.args.read(3)?)?;
    exchange.rate = super::new_exchange_rate(call.args.take(1)?, call.args.take(2)?)?;
    Ok(())
}

fn exchange_all_for_wal(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let sui = call.args.take(1)?;
    let wal = super::exchange_all_for_wal(call.rt, &mut *call.args.update(0)?, sui)?;
    call.ret(wal);
    Ok(())
}

fn exchange_for_wal(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (amount, mut payment) = (call.args.take(2)?, call.args.update(1)?);
    let sui = part(call.rt, &mut payment, amount, "exchange_for_wal")?;
    let wal = super::exchange_all_for_wal(call.rt, &mut *call.args.update(0)?, sui)?;
    call.ret(wal);
    Ok(())
}

fn exchange_all_for_sui(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let wal = call.args.take(1)?;
    let sui = super::exchange_all_for_sui(call.rt, &mut *call.args.update(0)?, wal)?;
    call.ret(sui);
    Ok(())
}

fn exchange_for_sui(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (amount, mut payment) = (call.args.take(2)?, call.args.update(1)?);
    let wal = part(call.rt, &mut payment, amount, "exchange_for_sui")?;
    let sui = super::exchange_all_for_sui(call.rt, &mut *call.args.update(0)?, wal)?;
    call.ret(sui);
    Ok(())
}
