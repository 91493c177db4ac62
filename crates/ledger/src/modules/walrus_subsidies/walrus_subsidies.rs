//! `walrus_subsidies::walrus_subsidies`: the shared object in front of
//! [`walrus_subsidies_inner`] (`docs/spec/contracts.md` §4.11).

use floe_core::onchain::{
    framework::{Balance, Wal},
    staking::Staking,
    system::System,
    walrus_subsidies::{AdminCap, SubsidiesInnerKey, WalrusSubsidies, WalrusSubsidiesInnerV1},
};

use super::walrus_subsidies_inner::{self, Rates};
use crate::{
    call::Call,
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef, package_id,
        sui::{balance, clock::Clock, coin},
    },
    object::object_id,
    runtime::Runtime,
    value::Lease,
};

const MODULE: ModuleRef = ModuleRef::new("walrus_subsidies", "walrus_subsidies");
const E_UNAUTHORIZED_ADMIN_CAP: u64 = 0;
const E_WRONG_VERSION: u64 = 1;
const E_INVALID_MIGRATION: u64 = 2;
const VERSION: u64 = 3;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("new", natives::new),
        ("add_coin", natives::add_coin),
        ("add_balance", natives::add_balance),
        ("set_system_subsidy_rate", natives::set_system_subsidy_rate),
        ("set_base_subsidy", natives::set_base_subsidy),
        ("set_per_shard_subsidy", natives::set_per_shard_subsidy),
        ("process_subsidies", natives::process_subsidies),
        ("migrate", natives::migrate),
    ],
);

/// Shares an empty pool of subsidies; the right over it.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn new(
    rt: &mut Runtime<'_>,
    system: &System,
    staking: &Staking,
    rates: Rates,
) -> Result<AdminCap, Failure> {
    let subsidies = WalrusSubsidies {
        id: rt.fresh_id()?.into(),
        version: VERSION,
        package_id: object_id(&package_id(MODULE.package)),
    };
    let subsidies_id = subsidies.id.0;
    let inner = walrus_subsidies_inner::new(rt, system, staking, rates)?;
    rt.add_field(subsidies_id, &SubsidiesInnerKey, inner)?;
    let cap = AdminCap {
        id: rt.fresh_id()?.into(),
        subsidies_id,
    };
    rt.share(subsidies)?;
    Ok(cap)
}

/// Adds funds.
///
/// # Errors
/// Aborts with `walrus_subsidies` 1 for an object of another version.
pub fn add_balance(
    rt: &mut Runtime<'_>,
    subsidies: &WalrusSubsidies,
    funds: Balance<Wal>,
) -> Result<(), Failure> {
    balance::join(&mut inner_mut(rt, subsidies)?.subsidy_pool, funds)?;
    Ok(())
}

/// Pays what is due.
///
/// # Errors
/// Aborts with `walrus_subsidies` 1 for an object of another version, `walrus_subsidies_inner` 1 if
/// the pool is short.
pub fn process_subsidies(
    rt: &mut Runtime<'_>,
    subsidies: &WalrusSubsidies,
    staking: &Staking,
    system: &System,
    now_ms: u64,
) -> Result<(), Failure> {
    let mut inner = inner_mut(rt, subsidies)?;
    walrus_subsidies_inner::process_fixed_rate_subsidies(rt, &mut inner, staking)?;
    walrus_subsidies_inner::process_usage_subsidies(rt, &mut inner, system)?;
    inner.last_subsidized_ts = now_ms;
    Ok(())
}

fn inner_mut(
    rt: &mut Runtime<'_>,
    subsidies: &WalrusSubsidies,
) -> Result<Lease<WalrusSubsidiesInnerV1>, Failure> {
    MODULE.ensure(
        subsidies.version == VERSION,
        "check_version",
        E_WRONG_VERSION,
    )?;
    rt.field_mut(subsidies.id.0, &SubsidiesInnerKey)
}

fn check_admin(subsidies: &WalrusSubsidies, cap: &AdminCap) -> Result<(), Failure> {
    MODULE.ensure(
        cap.subsidies_id == subsidies.id.0,
        "check_admin",
        E_UNAUTHORIZED_ADMIN_CAP,
    )
}

mod natives {
    use super::{
        Call, Clock, E_INVALID_MIGRATION, Failure, Lease, MODULE, Rates, VERSION, WalrusSubsidies,
        WalrusSubsidiesInnerV1, check_admin, coin, inner_mut, walrus_subsidies_inner as inner,
    };

    pub(super) fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let rates = Rates {
            system_subsidy_rate: args.take(2)?,
            base_subsidy: args.take(3)?,
            subsidy_per_shard: args.take(4)?,
        };
        let cap = super::new(call.rt, &*args.read(0)?, &*args.read(1)?, rates)?;
        call.ret(cap);
        Ok(())
    }

    pub(super) fn add_coin(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let funds = coin::into_balance(call.rt, call.args.take(1)?);
        super::add_balance(call.rt, &*call.args.read(0)?, funds)
    }

    pub(super) fn add_balance(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let funds = call.args.take(1)?;
        super::add_balance(call.rt, &*call.args.read(0)?, funds)
    }

    pub(super) fn set_system_subsidy_rate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let rate = call.args.take(2)?;
        inner::set_system_subsidy_rate(&mut *authorized(call)?, rate)
    }

    pub(super) fn set_base_subsidy(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let subsidy = call.args.take(2)?;
        inner::set_base_subsidy(&mut *authorized(call)?, subsidy)
    }

    pub(super) fn set_per_shard_subsidy(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let subsidy = call.args.take(2)?;
        inner::set_per_shard_subsidy(&mut *authorized(call)?, subsidy)
    }

    /// The content, for whoever holds the right to change it.
    fn authorized(call: &mut Call<'_, '_>) -> Result<Lease<WalrusSubsidiesInnerV1>, Failure> {
        let subsidies = call.args.read(0)?;
        check_admin(&subsidies, &*call.args.read(1)?)?;
        inner_mut(call.rt, &subsidies)
    }

    pub(super) fn process_subsidies(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let (subsidies, staking, system) = (args.read(0)?, args.read(1)?, args.read(2)?);
        let now_ms = args.read::<Clock>(3)?.timestamp_ms;
        super::process_subsidies(call.rt, &subsidies, &staking, &system, now_ms)
    }

    pub(super) fn migrate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let mut subsidies = call.args.update::<WalrusSubsidies>(0)?;
        MODULE.ensure(subsidies.version < VERSION, "migrate", E_INVALID_MIGRATION)?;
        subsidies.version = VERSION;
        Ok(())
    }
}
