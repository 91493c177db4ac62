//! `sui::coin`.

mod natives;

use floe_core::{
    ObjectId,
    onchain::framework::{Balance, Coin, TreasuryCap},
};
use serde::{Deserialize, Serialize};
use sui_sdk_types::TypeTag;

use crate::{
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef, generic_tag,
        sui::balance::{self, Supply},
    },
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("sui", "coin");
const E_INVALID_ARG: u64 = 1;
const E_NOT_ENOUGH: u64 = 2;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("total_supply", natives::total_supply),
        ("treasury_into_supply", natives::treasury_into_supply),
        ("value", natives::value),
        ("from_balance", natives::from_balance),
        ("into_balance", natives::into_balance),
        ("take", natives::take),
        ("put", natives::put),
        ("join", natives::join),
        ("split", natives::split),
        ("divide_into_n", natives::divide_into_n),
        ("zero", natives::zero),
        ("destroy_zero", natives::destroy_zero),
        ("mint", natives::mint),
        ("mint_balance", natives::mint_balance),
        ("send_funds", natives::send_funds),
        ("mint_and_transfer", natives::mint_and_transfer),
        ("burn", natives::burn),
        ("get_decimals", natives::get_decimals),
        ("get_name", natives::get_name),
        ("get_symbol", natives::get_symbol),
        ("get_description", natives::get_description),
    ],
);

/// `CoinMetadata<T>` for any `T`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoinMetadata {
    /// Object id.
    pub id: ObjectId,
    /// Decimal places of the display unit.
    pub decimals: u8,
    /// Name.
    pub name: String,
    /// Ticker.
    pub symbol: String,
    /// Description.
    pub description: String,
    /// Icon.
    pub icon_url: Option<String>,
}

/// The type `Coin<coin_type>`.
pub fn coin_tag(coin_type: TypeTag) -> TypeTag {
    generic_tag("sui", "coin", "Coin", vec![coin_type])
}

/// A new coin of a balance.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn from_balance<T>(rt: &mut Runtime<'_>, balance: Balance<T>) -> Result<Coin<T>, Failure> {
    Ok(Coin::new(rt.fresh_id()?.into(), balance.value))
}

/// Destroys a coin for its balance.
pub fn into_balance<T>(rt: &mut Runtime<'_>, coin: Coin<T>) -> Balance<T> {
    rt.delete_id(coin.id.0);
    Balance::new(coin.balance)
}

/// Takes `amount` out of a coin.
///
/// # Errors
/// Aborts with `balance` 2 if there is less.
pub fn withdraw<T>(coin: &mut Coin<T>, amount: u64) -> Result<Balance<T>, Failure> {
    let mut balance = Balance::new(coin.balance);
    let part = balance::split(&mut balance, amount)?;
    coin.balance = balance.value;
    Ok(part)
}

/// Puts a balance into a coin.
///
/// # Errors
/// Arithmetic fault on overflow.
pub fn deposit<T>(coin: &mut Coin<T>, balance: Balance<T>) -> Result<(), Failure> {
    let mut own = Balance::new(coin.balance);
    coin.balance = balance::join(&mut own, balance)?;
    Ok(())
}

/// Splits off a new coin.
///
/// # Errors
/// Aborts with `balance` 2 if there is less.
pub fn split<T>(rt: &mut Runtime<'_>, coin: &mut Coin<T>, amount: u64) -> Result<Coin<T>, Failure> {
    let id = rt.fresh_id()?;
    Ok(Coin::new(id.into(), withdraw(coin, amount)?.value))
}

/// Swallows another coin.
///
/// # Errors
/// Arithmetic fault on overflow.
pub fn join<T>(rt: &mut Runtime<'_>, coin: &mut Coin<T>, other: Coin<T>) -> Result<(), Failure> {
    deposit(coin, into_balance(rt, other))
}

/// Splits off `n` − 1 coins of `value / n`; the remainder stays.
///
/// # Errors
/// Aborts with `coin` 1 if `n` is 0, 2 if `n` exceeds the value.
pub fn divide_into_n<T>(
    rt: &mut Runtime<'_>,
    coin: &mut Coin<T>,
    n: u64,
) -> Result<Vec<Coin<T>>, Failure> {
    let part = coin
        .balance
        .checked_div(n)
        .ok_or_else(|| MODULE.abort("divide_into_n", E_INVALID_ARG))?;
    MODULE.ensure(n <= coin.balance, "divide_into_n", E_NOT_ENOUGH)?;
    (1..n).map(|_| split(rt, coin, part)).collect()
}

/// Mints a coin.
///
/// # Errors
/// Aborts with `balance` 1 on overflow of the supply.
pub fn mint<T>(
    rt: &mut Runtime<'_>,
    cap: &mut TreasuryCap<T>,
    value: u64,
) -> Result<Coin<T>, Failure> {
    let id = rt.fresh_id()?;
    Ok(Coin::new(id.into(), mint_balance(cap, value)?.value))
}

/// Mints a balance.
///
/// # Errors
/// Aborts with `balance` 1 on overflow of the supply.
pub fn mint_balance<T>(cap: &mut TreasuryCap<T>, value: u64) -> Result<Balance<T>, Failure> {
    let mut supply = Supply {
        value: cap.total_supply,
    };
    let minted = balance::increase_supply(&mut supply, value)?;
    cap.total_supply = supply.value;
    Ok(minted)
}

/// Burns a coin; its amount.
///
/// # Errors
/// Aborts with `balance` 1 if more is burned than exists.
pub fn burn<T>(
    rt: &mut Runtime<'_>,
    cap: &mut TreasuryCap<T>,
    coin: Coin<T>,
) -> Result<u64, Failure> {
    let mut supply = Supply {
        value: cap.total_supply,
    };
    let burned = balance::decrease_supply(&mut supply, into_balance(rt, coin))?;
    cap.total_supply = supply.value;
    Ok(burned)
}
