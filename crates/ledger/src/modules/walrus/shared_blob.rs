//! `walrus::shared_blob`: blobs that anyone can fund and extend (`docs/spec/contracts.md` §4.4).

use floe_core::onchain::{
    blob::{Blob, SharedBlob},
    framework::{Balance, Wal},
    system::System,
};

use super::system;
use crate::{
    call::Call,
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef,
        sui::{balance, coin},
    },
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "shared_blob");

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("new", natives::new),
        ("new_funded", natives::new_funded),
        ("fund", natives::fund),
        ("extend", natives::extend),
    ],
);

/// Shares a blob for ever.
///
/// # Errors
/// Beyond the limit of new objects.
pub fn new(rt: &mut Runtime<'_>, blob: Blob, funds: Balance<Wal>) -> Result<(), Failure> {
    let id = rt.fresh_id()?.into();
    rt.share(SharedBlob { id, blob, funds })
}

/// Extends the blob out of its funds.
///
/// # Errors
/// As [`system::extend_blob`].
pub fn extend(
    rt: &mut Runtime<'_>,
    shared: &mut SharedBlob,
    system: &System,
    epochs: u32,
) -> Result<(), Failure> {
    let mut payment = coin::from_balance(rt, balance::withdraw_all(&mut shared.funds))?;
    system::extend_blob(rt, system, &mut shared.blob, epochs, &mut payment)?;
    balance::join(&mut shared.funds, coin::into_balance(rt, payment))?;
    Ok(())
}

mod natives {
    use floe_core::onchain::{blob::SharedBlob, framework::Balance};

    use super::{Call, Failure, balance, coin};

    pub(super) fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let blob = call.args.take(0)?;
        super::new(call.rt, blob, Balance::new(0))
    }

    pub(super) fn new_funded(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let blob = call.args.take(0)?;
        let funds = coin::into_balance(call.rt, call.args.take(1)?);
        super::new(call.rt, blob, funds)
    }

    pub(super) fn fund(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let funds = coin::into_balance(call.rt, call.args.take(1)?);
        balance::join(&mut call.args.update::<SharedBlob>(0)?.funds, funds)?;
        Ok(())
    }

    pub(super) fn extend(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let epochs = call.args.take(2)?;
        let system = call.args.read(1)?;
        super::extend(call.rt, &mut *call.args.update(0)?, &system, epochs)
    }
}
