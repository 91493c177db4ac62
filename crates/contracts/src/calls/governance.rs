//! Modules `auth`, `upgrade`, `slashing` and `init` (`docs/spec/contracts.md` §4.7).

use floe_core::{ObjectId, SuiAddress};
use sui_sdk_types::StructTag;

use super::Calls;
use crate::{Arg, ObjectUse};

/// Whom a right belongs to: an account, or whoever has an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// An account.
    Address(SuiAddress),
    /// An object and its type.
    Object(ObjectId, StructTag),
}

impl Calls<'_> {
    /// Proves to be the sender of the transaction, or to have an object. → `Authenticated`
    pub fn authenticate(&mut self, identity: Identity) -> Arg {
        match identity {
            Identity::Address(_) => self.walrus("auth", "authenticate_sender", Vec::new()),
            Identity::Object(id, object_type) => {
                let object = self.own(id);
                let package = self.deployment.package;
                let types = vec![object_type.into()];
                let function = "authenticate_with_object";
                self.ptb
                    .call(package, "auth", function, types, vec![object])
            }
        }
    }

    /// Names somebody to be authorized. → `Authorized`
    pub fn authorized(&mut self, identity: Identity) -> Arg {
        let (function, arg) = match identity {
            Identity::Address(address) => ("authorized_address", self.ptb.pure(&address)),
            Identity::Object(id, _) => ("authorized_object", self.ptb.pure(&id)),
        };
        self.walrus("auth", function, vec![arg])
    }

    /// Votes for an upgrade to the package of a digest.
    pub fn vote_for_upgrade(
        &mut self,
        manager: ObjectId,
        node: ObjectId,
        identity: Identity,
        digest: &[u8],
    ) {
        let identity = self.authenticate(identity);
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.staking(ObjectUse::Read),
            identity,
            self.ptb.pure(&node),
            self.ptb.pure(digest),
        ];
        self.walrus("upgrade", "vote_for_upgrade", args);
    }

    /// Begins an upgrade that has a quorum. → `UpgradeTicket`
    pub fn authorize_upgrade(&mut self, manager: ObjectId, digest: &[u8]) -> Arg {
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.staking(ObjectUse::Read),
            self.ptb.pure(digest),
        ];
        self.walrus("upgrade", "authorize_upgrade", args)
    }

    /// Begins an upgrade without a vote. → `UpgradeTicket`
    pub fn authorize_emergency_upgrade(
        &mut self,
        manager: ObjectId,
        cap: ObjectId,
        digest: &[u8],
    ) -> Arg {
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.own(cap),
            self.ptb.pure(digest),
        ];
        self.walrus("upgrade", "authorize_emergency_upgrade", args)
    }

    /// Ends an upgrade with its `UpgradeReceipt`.
    pub fn commit_upgrade(&mut self, manager: ObjectId, receipt: Arg) {
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.staking(ObjectUse::Change),
            self.system(ObjectUse::Change),
            receipt,
        ];
        self.walrus("upgrade", "commit_upgrade", args);
    }

    /// Drops votes on upgrades that are over.
    pub fn cleanup_upgrade_proposals(&mut self, manager: ObjectId, digests: &[Vec<u8>]) {
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.staking(ObjectUse::Read),
            self.ptb.pure(digests),
        ];
        self.walrus("upgrade", "cleanup_upgrade_proposals", args);
    }

    /// Gives up the right to upgrade without a vote.
    pub fn burn_emergency_upgrade_cap(&mut self, cap: ObjectId) {
        let args = vec![self.own(cap)];
        self.walrus("upgrade", "burn_emergency_upgrade_cap", args);
    }

    /// Migrates the state to a new package, which is the one called.
    pub fn migrate(&mut self, new_package: ObjectId) {
        let args = vec![
            self.staking(ObjectUse::Change),
            self.system(ObjectUse::Change),
        ];
        self.ptb
            .call(new_package, "init", "migrate_v2", Vec::new(), args);
    }

    /// Votes for slashing a node.
    pub fn vote_for_slashing(
        &mut self,
        manager: ObjectId,
        voter: ObjectId,
        identity: Identity,
        candidate: ObjectId,
    ) {
        let identity = self.authenticate(identity);
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.staking(ObjectUse::Read),
            identity,
            self.ptb.pure(&voter),
            self.ptb.pure(&candidate),
        ];
        self.walrus("slashing", "vote_for_slashing", args);
    }

    /// Burns the commission of a node that a quorum wants slashed.
    pub fn execute_slashing(&mut self, manager: ObjectId, treasury: ObjectId, candidate: ObjectId) {
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.staking(ObjectUse::Change),
            self.ptb.object(treasury, ObjectUse::Change),
            self.ptb.pure(&candidate),
        ];
        self.walrus("slashing", "execute_slashing", args);
    }

    /// Drops votes on slashing that are over.
    pub fn cleanup_slashing_proposals(&mut self, manager: ObjectId, candidates: &[ObjectId]) {
        let args = vec![
            self.ptb.object(manager, ObjectUse::Change),
            self.staking(ObjectUse::Read),
            self.ptb.pure(candidates),
        ];
        self.walrus("slashing", "cleanup_slashing_proposals", args);
    }
}
