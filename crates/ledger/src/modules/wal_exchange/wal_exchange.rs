//! `wal_exchange::wal_exchange` (`docs/spec/contracts.md` §3.8, §4.11).

mod natives;

use floe_core::{
    ObjectId,
    onchain::{
        framework::{Balance, Coin, Sui, Wal},
        wal_exchange::{AdminCap, Exchange, ExchangeRate},
    },
};

use crate::{
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef,
        sui::{balance, coin},
    },
    runtime::Runtime,
};

/// The module.
pub const MODULE: ModuleRef = ModuleRef::new("wal_exchange", "wal_exchange");
const E_INSUFFICIENT_FUNDS_IN_EXCHANGE: u64 = 0;
const E_INSUFFICIENT_INPUT_BALANCE: u64 = 1;
const E_UNAUTHORIZED_ADMIN_CAP: u64 = 2;
const E_INVALID_EXCHANGE_RATE: u64 = 3;

pub(super) const BODIES: ModuleBodies = (MODULE.package, MODULE.name, natives::BODIES);

/// The rate of `wal` FROST for `sui` MIST.
///
/// # Errors
/// Aborts with `wal_exchange` 3 if either is zero.
pub fn new_exchange_rate(wal: u64, sui: u64) -> Result<ExchangeRate, Failure> {
    MODULE.ensure(
        wal != 0 && sui != 0,
        "new_exchange_rate",
        E_INVALID_EXCHANGE_RATE,
    )?;
    Ok(ExchangeRate { wal, sui })
}

/// Shares an exchange of one for one; its id, and the right over it.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn new(rt: &mut Runtime<'_>, funds: Balance<Wal>) -> Result<(ObjectId, AdminCap), Failure> {
    let cap = AdminCap {
        id: rt.fresh_id()?.into(),
    };
    let exchange = Exchange {
        id: rt.fresh_id()?.into(),
        wal: funds,
        sui: Balance::new(0),
        rate: ExchangeRate { wal: 1, sui: 1 },
        admin: cap.id.0,
    };
    let id = exchange.id.0;
    rt.share(exchange)?;
    Ok((id, cap))
}

fn check_admin(exchange: &Exchange, cap: &AdminCap) -> Result<(), Failure> {
    MODULE.ensure(
        exchange.admin == cap.id.0,
        "check_admin",
        E_UNAUTHORIZED_ADMIN_CAP,
    )
}

/// Takes a coin out of one of the exchange's balances.
fn pay_out<T>(
    rt: &mut Runtime<'_>,
    funds: &mut Balance<T>,
    amount: u64,
    function: &'static str,
) -> Result<Coin<T>, Failure> {
    MODULE.ensure(
        funds.value >= amount,
        function,
        E_INSUFFICIENT_FUNDS_IN_EXCHANGE,
    )?;
    let part = balance::split(funds, amount)?;
    coin::from_balance(rt, part)
}

/// `amount · to / from`, rounded down.
fn convert(amount: u64, from: u64, to: u64, function: &'static str) -> Result<u64, Failure> {
    amount
        .checked_mul(to)
        .and_then(|product| product.checked_div(from))
        .ok_or_else(|| MODULE.arithmetic(function))
}

/// WAL for a coin.
///
/// # Errors
/// Aborts with `wal_exchange` 0 if the exchange is short; arithmetic fault on overflow.
pub fn exchange_all_for_wal(
    rt: &mut Runtime<'_>,
    exchange: &mut Exchange,
    sui: Coin<Sui>,
) -> Result<Coin<Wal>, Failure> {
    let (from, to) = (exchange.rate.sui, exchange.rate.wal);
    let amount = convert(sui.balance, from, to, "sui_to_wal")?;
    let sui = coin::into_balance(rt, sui);
    balance::join(&mut exchange.sui, sui)?;
    pay_out(rt, &mut exchange.wal, amount, "exchange_all_for_wal")
}

/// SUI for a coin.
///
/// # Errors
/// As [`exchange_all_for_wal`].
pub fn exchange_all_for_sui(
    rt: &mut Runtime<'_>,
    exchange: &mut Exchange,
    wal: Coin<Wal>,
) -> Result<Coin<Sui>, Failure> {
    let (from, to) = (exchange.rate.wal, exchange.rate.sui);
    let amount = convert(wal.balance, from, to, "wal_to_sui")?;
    let wal = coin::into_balance(rt, wal);
    balance::join(&mut exchange.wal, wal)?;
    pay_out(rt, &mut exchange.sui, amount, "exchange_all_for_sui")
}

/// Splits off what is to be exchanged.
fn part<T>(
    rt: &mut Runtime<'_>,
    payment: &mut Coin<T>,
    amount: u64,
    function: &'static str,
) -> Result<Coin<T>, Failure> {
    MODULE.ensure(
        payment.balance >= amount,
        function,
        E_INSUFFICIENT_INPUT_BALANCE,
    )?;
    coin::split(rt, payment, amount)
}
