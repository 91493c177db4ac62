//! `subsidies::subsidies` (`docs/spec/contracts.md` §4.11; `docs/spec/economics.md` §8.3).

mod natives;

use floe_core::{
    ObjectId,
    onchain::{
        framework::{Balance, Coin, Wal},
        subsidies::{AdminCap, Subsidies},
        system::System,
    },
};

use crate::{
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef,
        sui::{balance, coin},
        walrus::system,
    },
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("subsidies", "subsidies");
const E_INVALID_SUBSIDY_RATE: u64 = 0;
const E_UNAUTHORIZED_ADMIN_CAP: u64 = 1;
const E_WRONG_VERSION: u64 = 2;
const VERSION: u64 = 3;
/// The version of the system object with which [`natives`]' `migrate` could run.
const COMPATIBLE_WALRUS_VERSION: u64 = 2;
/// 100 %, in basis points.
const MAX_SUBSIDY_RATE: u16 = 10_000;

pub(super) const BODIES: ModuleBodies = (MODULE.package, MODULE.name, natives::BODIES);

/// Rates in basis points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// What buyers get.
    pub buyer: u16,
    /// What nodes get.
    pub system: u16,
}

/// Shares a pool of subsidies; the right over it.
///
/// # Errors
/// Aborts with `subsidies` 0 for a rate beyond 100 %.
pub fn new(
    rt: &mut Runtime<'_>,
    package_id: ObjectId,
    rates: Rates,
    funds: Balance<Wal>,
) -> Result<AdminCap, Failure> {
    let function = "new_with_initial_rates_and_funds";
    check_rate(rates.buyer, function)?;
    check_rate(rates.system, function)?;
    let subsidies = Subsidies {
        id: rt.fresh_id()?.into(),
        buyer_subsidy_rate: rates.buyer,
        system_subsidy_rate: rates.system,
        subsidy_pool: funds,
        package_id,
        version: VERSION,
    };
    let cap = AdminCap {
        id: rt.fresh_id()?.into(),
        subsidies_id: subsidies.id.0,
    };
    rt.share(subsidies)?;
    Ok(cap)
}

fn check_rate(rate: u16, function: &'static str) -> Result<(), Failure> {
    MODULE.ensure(rate <= MAX_SUBSIDY_RATE, function, E_INVALID_SUBSIDY_RATE)
}

fn check_admin(subsidies: &Subsidies, cap: &AdminCap) -> Result<(), Failure> {
    MODULE.ensure(
        cap.subsidies_id == subsidies.id.0,
        "check_admin",
        E_UNAUTHORIZED_ADMIN_CAP,
    )
}

fn check_version(subsidies: &Subsidies, function: &'static str) -> Result<(), Failure> {
    MODULE.ensure(subsidies.version == VERSION, function, E_WRONG_VERSION)
}

/// What a purchase gets out of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Subsidy {
    buyer: u64,
    system: u64,
}

/// Buys with the buyer's coin and the pool together, then shares out the subsidies: the buyer pays
/// the price less theirs, and the nodes' goes to the `epochs_ahead` coming epochs.
fn with_subsidy<R>(
    rt: &mut Runtime<'_>,
    subsidies: &mut Subsidies,
    system: &System,
    payment: &mut Coin<Wal>,
    epochs_ahead: u32,
    buy: impl FnOnce(&mut Runtime<'_>, &mut Coin<Wal>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let pool_before = subsidies.subsidy_pool.value;
    if pool_before == 0 {
        return buy(rt, payment);
    }
    let paid_in = payment.balance;
    let mut funds = balance::withdraw_all(&mut subsidies.subsidy_pool);
    balance::join(&mut funds, coin::withdraw(payment, paid_in)?)?;
    let available = funds.value;
    let mut combined = coin::from_balance(rt, funds)?;
    let bought = buy(rt, &mut combined)?;

    let function = "handle_subsidies_and_payment";
    let arithmetic = || MODULE.arithmetic(function);
    let cost = available
        .checked_sub(combined.balance)
        .ok_or_else(arithmetic)?;
    let subsidy = allocate(subsidies, cost, pool_before)?;
    let refund = paid_in
        .checked_add(subsidy.buyer)
        .and_then(|funds| funds.checked_sub(cost))
        .ok_or_else(arithmetic)?;
    let mut rest = coin::into_balance(rt, combined);
    let refund = balance::split(&mut rest, refund)?;
    coin::deposit(payment, refund)?;
    let for_nodes = balance::split(&mut rest, subsidy.system)?;
    let for_nodes = coin::from_balance(rt, for_nodes)?;
    system::add_subsidy(rt, system, for_nodes, epochs_ahead)?;
    balance::join(&mut subsidies.subsidy_pool, rest)?;
    Ok(bought)
}

/// The subsidies to a purchase; if the pool is short of them, all of it in the rates' proportion.
fn allocate(subsidies: &Subsidies, cost: u64, pool: u64) -> Result<Subsidy, Failure> {
    let (buyer, system) = (
        u64::from(subsidies.buyer_subsidy_rate),
        u64::from(subsidies.system_subsidy_rate),
    );
    let part = |amount: u64, rate: u64, whole: u64| {
        amount
            .checked_mul(rate)
            .and_then(|product| product.checked_div(whole))
            .ok_or_else(|| MODULE.arithmetic("allocate_subsidies"))
    };
    let split = |amount: u64, whole: u64| {
        Ok::<_, Failure>(Subsidy {
            buyer: part(amount, buyer, whole)?,
            system: part(amount, system, whole)?,
        })
    };
    let wanted = split(cost, u64::from(MAX_SUBSIDY_RATE))?;
    match wanted.buyer.checked_add(wanted.system) {
        Some(sum) if sum <= pool => Ok(wanted),
        _ => split(pool, buyer + system),
    }
}
