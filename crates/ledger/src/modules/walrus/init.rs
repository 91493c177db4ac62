//! `walrus::init`: deployment and migration (`docs/spec/contracts.md` §2.2, §2.3, §4.7).

use floe_core::{
    ObjectId,
    onchain::{
        events::ContractUpgraded,
        framework::{Publisher, UpgradeCap},
        governance::{EmergencyUpgradeCap, InitCap},
        staking::Staking,
        system::System,
    },
};

use super::{display, staking, staking_inner::Durations, system, upgrade};
use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef, package_id, sui::clock::Clock},
    object::object_id,
    runtime::Runtime,
};

/// The module.
pub(crate) const MODULE: ModuleRef = ModuleRef::new("walrus", "init");
const E_INVALID_MIGRATION: u64 = 0;
const E_INVALID_UPGRADE_CAP: u64 = 1;
const E_DEPRECATED_FUNCTION: u64 = 2;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("initialize_walrus", natives::initialize_walrus),
        ("migrate", natives::migrate),
        ("migrate_v2", natives::migrate_v2),
    ],
);

/// What a deployment decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deployment {
    pub(crate) durations: Durations,
    pub(crate) n_shards: u16,
    pub(crate) max_epochs_ahead: u32,
    pub(crate) now_ms: u64,
}

/// The package's initializer: gives the publisher the right to deploy. Takes two fresh ids.
///
/// # Errors
/// Beyond the limit of new objects.
pub(crate) fn init(rt: &mut Runtime<'_>) -> Result<ObjectId, Failure> {
    let id = rt.fresh_id()?;
    let package = package_id(MODULE.package).to_string();
    let publisher = Publisher {
        id: rt.fresh_id()?.into(),
        package: package.trim_start_matches("0x").to_owned(),
        module_name: MODULE.name.to_owned(),
    };
    let cap = InitCap {
        id: id.into(),
        publisher,
    };
    rt.transfer(cap, rt.sender())?;
    Ok(id)
}

/// Creates the shared objects.
///
/// # Errors
/// Aborts with `init` 1 for another package's capability, `system_state_inner` 0 beyond 1000
/// epochs ahead.
pub(crate) fn initialize_walrus(
    rt: &mut Runtime<'_>,
    init_cap: InitCap,
    upgrade_cap: UpgradeCap,
    deployment: &Deployment,
) -> Result<EmergencyUpgradeCap, Failure> {
    let package_id = upgrade_cap.package;
    MODULE.ensure(
        package_id == own_package(),
        "initialize_walrus",
        E_INVALID_UPGRADE_CAP,
    )?;
    rt.delete_id(init_cap.id.0);
    system::create_empty(rt, deployment.max_epochs_ahead, package_id)?;
    let (durations, n_shards) = (deployment.durations, deployment.n_shards);
    staking::create(rt, durations, n_shards, package_id, deployment.now_ms)?;
    display::create(rt, init_cap.publisher)?;
    upgrade::new(rt, upgrade_cap)
}

/// Moves both shared objects to this version of the package.
///
/// # Errors
/// Aborts with `staking` 0 and `system` 0 on objects of this version, `init` 0 if they differ.
pub(super) fn migrate_v2(
    rt: &mut Runtime<'_>,
    staking: &mut Staking,
    system: &mut System,
) -> Result<(), Failure> {
    staking::migrate(rt, staking)?;
    system::migrate(rt, system)?;
    let equal = staking.package_id == system.package_id && staking.version == system.version;
    MODULE.ensure(equal, "migrate_v2", E_INVALID_MIGRATION)?;
    let epoch = staking::epoch(rt, staking)?;
    rt.emit(&ContractUpgraded {
        epoch,
        package_id: staking.package_id,
        version: staking.version,
    })
}

/// The package whose objects these are.
pub(crate) fn own_package() -> ObjectId {
    object_id(&package_id(MODULE.package))
}

mod natives {
    use super::{Call, Clock, Deployment, Durations, E_DEPRECATED_FUNCTION, Failure};

    pub(super) fn initialize_walrus(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let args = &call.args;
        let (init_cap, upgrade_cap) = (args.take(0)?, args.take(1)?);
        let deployment = Deployment {
            durations: Durations {
                epoch_zero_ms: args.take(2)?,
                epoch_ms: args.take(3)?,
            },
            n_shards: args.take(4)?,
            max_epochs_ahead: args.take(5)?,
            now_ms: args.read::<Clock>(6)?.timestamp_ms,
        };
        let cap = super::initialize_walrus(call.rt, init_cap, upgrade_cap, &deployment)?;
        call.ret(cap);
        Ok(())
    }

    pub(super) fn migrate(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        Err(call.abort(E_DEPRECATED_FUNCTION))
    }

    pub(super) fn migrate_v2(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let (mut staking, mut system) = (call.args.update(0)?, call.args.update(1)?);
        super::migrate_v2(call.rt, &mut staking, &mut system)
    }
}
