//! The functions of the contracts, as commands of a [`Ptb`] (`docs/spec/contracts.md` §4).
//!
//! One file per Move module or topic. Every method adds one call and gives back its result. Amounts
//! to pay are the caller's: [`Ptb::pay_wal`] says how much may be taken, the contracts take what
//! they charge.

mod blob;
mod exchange;
mod governance;
mod staked_wal;
mod staking;
mod storage;
mod storage_pool;
mod subsidies;
mod system;
#[cfg(test)]
mod tests;

use floe_core::ObjectId;

pub use self::{
    governance::Identity,
    staking::{NodeMetadataText, NodeRegistration, Vote},
    subsidies::{CreditRates, SupplementRates},
    system::{BlobFacts, CertificateArgs, EventBlobFacts},
};
use crate::{Arg, Deployment, ObjectUse, Ptb};

/// The chain's clock.
const CLOCK: ObjectId = ObjectId::from_suffix(6);

/// Adds calls of a deployment's contracts to a transaction.
#[derive(Debug)]
pub struct Calls<'a> {
    /// The transaction.
    pub ptb: &'a mut Ptb,
    deployment: &'a Deployment,
}

impl<'a> Calls<'a> {
    /// Calls to be added to `ptb`.
    pub const fn new(ptb: &'a mut Ptb, deployment: &'a Deployment) -> Self {
        Self { ptb, deployment }
    }

    /// Calls a function of the main package.
    fn walrus(&mut self, module: &'static str, function: &'static str, args: Vec<Arg>) -> Arg {
        let package = self.deployment.package;
        self.ptb.call(package, module, function, Vec::new(), args)
    }

    fn system(&mut self, how: ObjectUse) -> Arg {
        self.ptb.object(self.deployment.system_object, how)
    }

    fn staking(&mut self, how: ObjectUse) -> Arg {
        self.ptb.object(self.deployment.staking_object, how)
    }

    fn clock(&mut self) -> Arg {
        self.ptb.object(CLOCK, ObjectUse::Read)
    }

    /// An object of the wallet, to be changed or used up.
    pub fn own(&mut self, id: ObjectId) -> Arg {
        self.ptb.object(id, ObjectUse::Change)
    }
}
