//! `sui::balance`.

use floe_core::onchain::framework::Balance;
use serde::{Deserialize, Serialize};

use crate::{
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("sui", "balance");
const E_NON_ZERO: u64 = 0;
const E_OVERFLOW: u64 = 1;
const E_NOT_ENOUGH: u64 = 2;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("value", natives::value),
        ("supply_value", natives::value),
        ("create_supply", natives::create_supply),
        ("increase_supply", natives::increase_supply),
        ("decrease_supply", natives::decrease_supply),
        ("zero", natives::zero),
        ("join", natives::join),
        ("split", natives::split),
        ("withdraw_all", natives::withdraw_all),
        ("send_funds", natives::send_funds),
        ("destroy_zero", natives::destroy_zero),
    ],
);

/// A token that only the type arguments of a call know: `Balance<Any>`, `Coin<Any>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Any;

/// `Supply<T>` for any `T`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    /// Units in existence.
    pub value: u64,
}

/// An empty balance.
pub const fn zero<T>() -> Balance<T> {
    Balance::new(0)
}

/// Puts all of `other` in; the new value.
///
/// Move keeps balances linear; here it is up to the module: never drop one that is not empty.
///
/// # Errors
/// Arithmetic fault on overflow.
pub fn join<T>(balance: &mut Balance<T>, other: Balance<T>) -> Result<u64, Failure> {
    balance.value = balance
        .value
        .checked_add(other.value)
        .ok_or_else(|| MODULE.arithmetic("join"))?;
    Ok(balance.value)
}

/// Takes `amount` out.
///
/// # Errors
/// Aborts with `balance` 2 if there is less.
pub fn split<T>(balance: &mut Balance<T>, amount: u64) -> Result<Balance<T>, Failure> {
    balance.value = balance
        .value
        .checked_sub(amount)
        .ok_or_else(|| MODULE.abort("split", E_NOT_ENOUGH))?;
    Ok(Balance::new(amount))
}

/// Takes everything out.
pub const fn withdraw_all<T>(balance: &mut Balance<T>) -> Balance<T> {
    let value = balance.value;
    balance.value = 0;
    Balance::new(value)
}

/// Drops an empty balance.
///
/// # Errors
/// Aborts with `balance` 0 if there is something in it.
pub fn destroy_zero<T>(balance: Balance<T>) -> Result<(), Failure> {
    MODULE.ensure(balance.value == 0, "destroy_zero", E_NON_ZERO)
}

/// Mints.
///
/// # Errors
/// Aborts with `balance` 1 beyond u64.
pub fn increase_supply<T>(supply: &mut Supply, value: u64) -> Result<Balance<T>, Failure> {
    supply.value = supply
        .value
        .checked_add(value)
        .filter(|total| *total < u64::MAX)
        .ok_or_else(|| MODULE.abort("increase_supply", E_OVERFLOW))?;
    Ok(Balance::new(value))
}

/// Burns; the burned amount.
///
/// # Errors
/// Aborts with `balance` 1 if more is burned than exists.
pub fn decrease_supply<T>(supply: &mut Supply, balance: Balance<T>) -> Result<u64, Failure> {
    supply.value = supply
        .value
        .checked_sub(balance.value)
        .ok_or_else(|| MODULE.abort("decrease_supply", E_OVERFLOW))?;
    Ok(balance.value)
}

mod natives {
    use super::{Any, Supply};
    use crate::{
        call::Call, error::Failure, modules::sui::coin, runtime::Destination, value::Slot,
    };

    type Balance = super::Balance<Any>;

    pub(super) fn value(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let value = *call.args.read::<u64>(0)?;
        call.ret(value);
        Ok(())
    }

    /// As `coin::send_funds`: it arrives as a coin.
    pub(super) fn send_funds(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let balance: Balance = call.args.take(0)?;
        let coin = coin::from_balance(call.rt, balance)?;
        let tag = coin::coin_tag(call.type_arg(0)?.clone());
        let to = Destination::Address(call.args.take(1)?);
        call.rt.send(tag, Slot::new(coin), to)
    }

    pub(super) fn create_supply(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        call.ret(Supply::default());
        Ok(())
    }

    pub(super) fn increase_supply(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let value = call.args.take(1)?;
        let minted: Balance = super::increase_supply(&mut *call.args.update(0)?, value)?;
        call.ret(minted);
        Ok(())
    }

    pub(super) fn decrease_supply(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let balance = call.args.take::<Balance>(1)?;
        let burned = super::decrease_supply(&mut *call.args.update(0)?, balance)?;
        call.ret(burned);
        Ok(())
    }

    pub(super) fn zero(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        call.ret(super::zero::<Any>());
        Ok(())
    }

    pub(super) fn join(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let other = call.args.take(1)?;
        let total = super::join(&mut *call.args.update::<Balance>(0)?, other)?;
        call.ret(total);
        Ok(())
    }

    pub(super) fn split(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let amount = call.args.take(1)?;
        let part = super::split(&mut *call.args.update::<Balance>(0)?, amount)?;
        call.ret(part);
        Ok(())
    }

    pub(super) fn withdraw_all(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let all = super::withdraw_all(&mut *call.args.update::<Balance>(0)?);
        call.ret(all);
        Ok(())
    }

    pub(super) fn destroy_zero(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        super::destroy_zero(call.args.take::<Balance>(0)?)
    }
}
