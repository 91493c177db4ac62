//! `wal::wal`: a fixed supply that can only be burned (`docs/spec/contracts.md` §2.1, §4.11).

use floe_core::{
    ObjectId,
    onchain::{
        framework::{Balance, Coin, TreasuryCap, Wal},
        wal::{ProtectedTreasury, TreasuryCapKey},
    },
};

use crate::{
    call::Call,
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef, generic_tag,
        sui::coin::{self, CoinMetadata},
    },
    runtime::{Destination, Runtime},
    value::{Slot, type_tag},
};

/// The module.
pub const MODULE: ModuleRef = ModuleRef::new("wal", "wal");
/// Units that are ever minted: 5 billion WAL, in FROST.
pub const TOTAL_SUPPLY_FROST: u64 = 5_000_000_000 * 1_000_000_000;
const DECIMALS: u8 = 9;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("total_supply", natives::total_supply),
        ("burn", natives::burn),
    ],
);

/// Where the initializer's objects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The shared [`ProtectedTreasury`].
    pub treasury: ObjectId,
    /// The coin with the whole supply, the publisher's.
    pub coin: ObjectId,
}

/// The initializer: mints the whole supply for the sender, and locks the treasury away.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn init(rt: &mut Runtime<'_>) -> Result<Published, Failure> {
    let mut cap = TreasuryCap::<Wal>::new(rt.fresh_id()?.into(), 0);
    let metadata = CoinMetadata {
        id: rt.fresh_id()?,
        decimals: DECIMALS,
        name: "WAL Token".to_owned(),
        symbol: "WAL".to_owned(),
        description: "The native token for the Walrus Protocol.".to_owned(),
        icon_url: Some("https://www.walrus.xyz/wal-icon.svg".to_owned()),
    };
    let supply = coin::mint(rt, &mut cap, TOTAL_SUPPLY_FROST)?;
    let treasury = ProtectedTreasury {
        id: rt.fresh_id()?.into(),
    };
    let published = Published {
        treasury: treasury.id.0,
        coin: supply.id.0,
    };
    let metadata_tag = generic_tag("sui", "coin", "CoinMetadata", vec![type_tag::<Wal>()]);
    rt.send(metadata_tag, Slot::new(metadata), Destination::Immutable)?;
    rt.add_object_field(treasury.id.0, &TreasuryCapKey, cap)?;
    rt.share(treasury)?;
    rt.transfer(supply, rt.sender())?;
    Ok(published)
}

/// Units in existence, in FROST.
///
/// # Errors
/// [`Failure::Store`].
pub fn total_supply(rt: &mut Runtime<'_>, treasury: &ProtectedTreasury) -> Result<u64, Failure> {
    let cap = rt.object_field::<_, TreasuryCap<Wal>>(treasury.id.0, &TreasuryCapKey)?;
    Ok(cap.total_supply)
}

/// Takes a coin out of the world.
///
/// # Errors
/// [`Failure::Store`].
pub fn burn(
    rt: &mut Runtime<'_>,
    treasury: &ProtectedTreasury,
    coin: Coin<Wal>,
) -> Result<(), Failure> {
    let mut cap = rt.object_field_mut::<_, TreasuryCap<Wal>>(treasury.id.0, &TreasuryCapKey)?;
    coin::burn(rt, &mut cap, coin)?;
    Ok(())
}

/// Takes a balance out of the world, by way of a coin as the contracts do: an id is used up.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn burn_balance(
    rt: &mut Runtime<'_>,
    treasury: &ProtectedTreasury,
    balance: Balance<Wal>,
) -> Result<(), Failure> {
    let coin = coin::from_balance(rt, balance)?;
    burn(rt, treasury, coin)
}

mod natives {
    use super::{Call, Failure};

    pub(super) fn total_supply(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let supply = super::total_supply(call.rt, &*call.args.read(0)?)?;
        call.ret(supply);
        Ok(())
    }

    pub(super) fn burn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let coin = call.args.take(1)?;
        super::burn(call.rt, &*call.args.read(0)?, coin)
    }
}
