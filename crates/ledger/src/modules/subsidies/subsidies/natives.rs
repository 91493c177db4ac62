//! Bodies of `subsidies::subsidies`.

use floe_core::onchain::{
    blob::Blob,
    framework::Balance,
    subsidies::{AdminCap, Subsidies},
    system::System,
};

use super::{
    COMPATIBLE_WALRUS_VERSION, E_WRONG_VERSION, MODULE, Rates, VERSION, balance, check_admin,
    check_rate, check_version, coin, system, with_subsidy,
};
use crate::{
    call::{Call, NativeFn},
    error::Failure,
    modules::walrus::blob::Registration,
};

pub(super) const BODIES: &[(&str, NativeFn)] = &[
    ("new", new),
    (
        "new_with_initial_rates_and_funds",
        new_with_initial_rates_and_funds,
    ),
    ("add_funds", add_funds),
    ("set_buyer_subsidy_rate", set_buyer_subsidy_rate),
    ("withdraw_balance", withdraw_balance),
    ("set_system_subsidy_rate", set_system_subsidy_rate),
    ("extend_blob", extend_blob),
    ("reserve_space", reserve_space),
    ("register_blob", register_blob),
    ("migrate", migrate),
    ("admin_cap_subsidies_id", admin_cap_subsidies_id),
    ("subsidy_pool_value", subsidy_pool_value),
    ("buyer_subsidy_rate", buyer_subsidy_rate),
    ("system_subsidy_rate", system_subsidy_rate),
];

fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let cap = super::new(
        call.rt,
        call.args.take(0)?,
        Rates::default(),
        Balance::new(0),
    )?;
    call.ret(cap);
    Ok(())
}

fn new_with_initial_rates_and_funds(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let rates = Rates {
        buyer: args.take(1)?,
        system: args.take(2)?,
    };
    let funds = coin::into_balance(call.rt, args.take(3)?);
    let cap = super::new(call.rt, args.take(0)?, rates, funds)?;
    call.ret(cap);
    Ok(())
}

fn add_funds(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let funds = coin::into_balance(call.rt, call.args.take(1)?);
    balance::join(&mut call.args.update::<Subsidies>(0)?.subsidy_pool, funds)?;
    Ok(())
}

fn set_buyer_subsidy_rate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (mut subsidies, rate) = (call.args.update::<Subsidies>(0)?, call.args.take(2)?);
    check_admin(&subsidies, &*call.args.read(1)?)?;
    check_rate(rate, "set_buyer_subsidy_rate")?;
    subsidies.buyer_subsidy_rate = rate;
    Ok(())
}

fn set_system_subsidy_rate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (mut subsidies, rate) = (call.args.update::<Subsidies>(0)?, call.args.take(2)?);
    check_admin(&subsidies, &*call.args.read(1)?)?;
    check_rate(rate, "set_system_subsidy_rate")?;
    subsidies.system_subsidy_rate = rate;
    Ok(())
}

fn withdraw_balance(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut subsidies = call.args.update::<Subsidies>(0)?;
    check_admin(&subsidies, &*call.args.read(1)?)?;
    let all = balance::withdraw_all(&mut subsidies.subsidy_pool);
    call.ret(all);
    Ok(())
}

fn extend_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let (mut subsidies, system) = (args.update(0)?, args.read::<System>(1)?);
    let (mut blob, epochs, mut payment) = (args.update::<Blob>(2)?, args.take(3)?, args.update(4)?);
    check_version(&subsidies, "extend_blob")?;
    with_subsidy(
        call.rt,
        &mut subsidies,
        &system,
        &mut payment,
        epochs,
        |rt, coin| system::extend_blob(rt, &system, &mut blob, epochs, coin),
    )
}

fn reserve_space(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let (mut subsidies, system) = (args.update(0)?, args.read::<System>(1)?);
    let (bytes, epochs, mut payment) = (args.take(2)?, args.take(3)?, args.update(4)?);
    check_version(&subsidies, "reserve_space")?;
    let storage = with_subsidy(
        call.rt,
        &mut subsidies,
        &system,
        &mut payment,
        epochs,
        |rt, coin| system::reserve_space(rt, &system, bytes, epochs, coin),
    )?;
    call.ret(storage);
    Ok(())
}

fn register_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    check_version(&*call.args.read(0)?, "register_blob")?;
    let (storage, registration) = (call.args.take(2)?, Registration::from_args(&call.args, 3)?);
    let (system, mut payment) = (call.args.read(1)?, call.args.update(8)?);
    let blob = system::register_blob(call.rt, &system, storage, &registration, &mut payment)?;
    call.ret(blob);
    Ok(())
}

fn migrate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut subsidies = call.args.update::<Subsidies>(0)?;
    let system = call.args.read::<System>(1)?;
    MODULE.ensure(
        subsidies.version < VERSION,
        "check_version_upgrade",
        E_WRONG_VERSION,
    )?;
    MODULE.ensure(
        system.version == COMPATIBLE_WALRUS_VERSION,
        "migrate",
        E_WRONG_VERSION,
    )?;
    subsidies.version = VERSION;
    Ok(())
}

fn admin_cap_subsidies_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<AdminCap>(0)?.subsidies_id;
    call.ret(id);
    Ok(())
}

fn subsidy_pool_value(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let value = call.args.read::<Subsidies>(0)?.subsidy_pool.value;
    call.ret(value);
    Ok(())
}

fn buyer_subsidy_rate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let rate = call.args.read::<Subsidies>(0)?.buyer_subsidy_rate;
    call.ret(rate);
    Ok(())
}

fn system_subsidy_rate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let rate = call.args.read::<Subsidies>(0)?.system_subsidy_rate;
    call.ret(rate);
    Ok(())
}
