//! `sui::package`: capabilities over packages. Upgrades themselves are not supported yet.

use floe_core::{
    ObjectId,
    onchain::framework::{Publisher, UpgradeCap},
};
use serde::{Deserialize, Serialize};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

pub(crate) const MODULE: ModuleRef = ModuleRef::new("sui", "package");
const E_TOO_PERMISSIVE: u64 = 1;
const E_ALREADY_AUTHORIZED: u64 = 2;
const E_NOT_AUTHORIZED: u64 = 3;
const E_WRONG_UPGRADE_CAP: u64 = 4;
const ADDITIVE: u8 = 128;
const DEPENDENCIES_ONLY: u8 = 192;

pub(crate) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("burn_publisher", burn_publisher),
        ("upgrade_package", upgrade_package),
        ("version", version),
        ("upgrade_policy", upgrade_policy),
        ("ticket_package", ticket_package),
        ("ticket_policy", ticket_policy),
        ("receipt_cap", receipt_cap),
        ("receipt_package", receipt_package),
        ("only_additive_upgrades", only_additive_upgrades),
        ("only_dep_upgrades", only_dep_upgrades),
        ("make_immutable", make_immutable),
        ("authorize_upgrade", authorize_upgrade_fn),
        ("commit_upgrade", commit_upgrade_fn),
    ],
);

/// The right to one upgrade: a hot potato.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeTicket {
    /// The capability that gave it.
    pub cap: ObjectId,
    /// The package to upgrade.
    pub package: ObjectId,
    /// Which changes are allowed.
    pub policy: u8,
    /// Digest of the new bytecode and its dependencies.
    pub digest: Vec<u8>,
}

/// Proof of an upgrade: a hot potato.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeReceipt {
    /// The capability to tell.
    pub cap: ObjectId,
    /// The new package.
    pub package: ObjectId,
}

/// Opens an upgrade.
///
/// # Errors
/// Aborts with `package` 2 while another is open, 1 if `policy` allows more than the capability.
pub fn authorize_upgrade(
    cap: &mut UpgradeCap,
    policy: u8,
    digest: Vec<u8>,
) -> Result<UpgradeTicket, Failure> {
    let function = "authorize_upgrade";
    MODULE.ensure(
        cap.package != ObjectId::ZERO,
        function,
        E_ALREADY_AUTHORIZED,
    )?;
    MODULE.ensure(policy >= cap.policy, function, E_TOO_PERMISSIVE)?;
    let package = std::mem::replace(&mut cap.package, ObjectId::ZERO);
    Ok(UpgradeTicket {
        cap: cap.id.0,
        package,
        policy,
        digest,
    })
}

/// Closes an upgrade.
///
/// # Errors
/// Aborts with `package` 4 for another capability's receipt, 3 if none is open.
pub fn commit_upgrade(cap: &mut UpgradeCap, receipt: &UpgradeReceipt) -> Result<(), Failure> {
    let function = "commit_upgrade";
    MODULE.ensure(cap.id.0 == receipt.cap, function, E_WRONG_UPGRADE_CAP)?;
    MODULE.ensure(cap.package == ObjectId::ZERO, function, E_NOT_AUTHORIZED)?;
    cap.package = receipt.package;
    cap.version = cap
        .version
        .checked_add(1)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    Ok(())
}

fn burn_publisher(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let publisher = call.args.take::<Publisher>(0)?;
    call.rt.delete_id(publisher.id.0);
    Ok(())
}

fn upgrade_package(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let package = call.args.read::<UpgradeCap>(0)?.package;
    call.ret(package);
    Ok(())
}

fn version(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let version = call.args.read::<UpgradeCap>(0)?.version;
    call.ret(version);
    Ok(())
}

fn upgrade_policy(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let policy = call.args.read::<UpgradeCap>(0)?.policy;
    call.ret(policy);
    Ok(())
}

fn ticket_package(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let package = call.args.read::<UpgradeTicket>(0)?.package;
    call.ret(package);
    Ok(())
}

fn ticket_policy(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let policy = call.args.read::<UpgradeTicket>(0)?.policy;
    call.ret(policy);
    Ok(())
}

fn receipt_cap(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let cap = call.args.read::<UpgradeReceipt>(0)?.cap;
    call.ret(cap);
    Ok(())
}

fn receipt_package(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let package = call.args.read::<UpgradeReceipt>(0)?.package;
    call.ret(package);
    Ok(())
}

fn only_additive_upgrades(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    restrict(call, ADDITIVE)
}

fn only_dep_upgrades(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    restrict(call, DEPENDENCIES_ONLY)
}

fn restrict(call: &Call<'_, '_>, policy: u8) -> Result<(), Failure> {
    let mut cap = call.args.update::<UpgradeCap>(0)?;
    MODULE.ensure(cap.policy <= policy, "restrict", E_TOO_PERMISSIVE)?;
    cap.policy = policy;
    Ok(())
}

fn make_immutable(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let cap = call.args.take::<UpgradeCap>(0)?;
    call.rt.delete_id(cap.id.0);
    Ok(())
}

fn authorize_upgrade_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (policy, digest) = (call.args.take(1)?, call.args.take(2)?);
    let ticket = authorize_upgrade(&mut *call.args.update(0)?, policy, digest)?;
    call.ret(ticket);
    Ok(())
}

fn commit_upgrade_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let receipt = call.args.take(1)?;
    commit_upgrade(&mut *call.args.update(0)?, &receipt)
}
