//! Packages `walrus_subsidies` and `subsidies` (`docs/spec/contracts.md` §4.11).

use floe_core::ObjectId;

use super::{Calls, system::BlobFacts};
use crate::{Arg, ObjectUse};

/// What supplements are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplementRates {
    /// Of what is paid for storage, in basis points; at most 1 000 000.
    pub usage_rate: u32,
    /// FROST per node and epoch.
    pub per_node_frost: u64,
    /// FROST per shard and epoch.
    pub per_shard_frost: u64,
}

/// What credits add to a purchase, in basis points; at most 10 000 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditRates {
    /// For the buyer.
    pub buyer: u16,
    /// For the nodes.
    pub system: u16,
}

impl Calls<'_> {
    /// Shares an object that supplements nodes' rewards; it has no funds yet. → its `AdminCap`
    pub fn new_walrus_subsidies(&mut self, package: ObjectId, rates: SupplementRates) -> Arg {
        let args = vec![
            self.system(ObjectUse::Read),
            self.staking(ObjectUse::Read),
            self.ptb.pure(&rates.usage_rate),
            self.ptb.pure(&rates.per_node_frost),
            self.ptb.pure(&rates.per_shard_frost),
        ];
        self.ptb
            .call(package, "walrus_subsidies", "new", Vec::new(), args)
    }

    /// Sets what supplements are paid, with the right to.
    pub fn set_supplement_rates(
        &mut self,
        package: ObjectId,
        subsidies: ObjectId,
        admin: ObjectId,
        rates: SupplementRates,
    ) {
        let values = [
            ("set_system_subsidy_rate", self.ptb.pure(&rates.usage_rate)),
            ("set_base_subsidy", self.ptb.pure(&rates.per_node_frost)),
            (
                "set_per_shard_subsidy",
                self.ptb.pure(&rates.per_shard_frost),
            ),
        ];
        for (function, value) in values {
            let args = vec![self.own(subsidies), self.own(admin), value];
            self.ptb
                .call(package, "walrus_subsidies", function, Vec::new(), args);
        }
    }

    /// Brings the object that supplements rewards to the version of a new package, which is the one
    /// called.
    pub fn migrate_walrus_subsidies(&mut self, new_package: ObjectId, subsidies: ObjectId) {
        let args = vec![self.own(subsidies)];
        self.ptb
            .call(new_package, "walrus_subsidies", "migrate", Vec::new(), args);
    }

    /// Pays supplements to nodes' rewards that are due. `package` is the subsidies object's.
    pub fn process_subsidies(&mut self, package: ObjectId, subsidies: ObjectId) {
        let args = vec![
            self.ptb.object(subsidies, ObjectUse::Change),
            self.staking(ObjectUse::Change),
            self.system(ObjectUse::Change),
            self.clock(),
        ];
        let function = "process_subsidies";
        self.ptb
            .call(package, "walrus_subsidies", function, Vec::new(), args);
    }

    /// Adds a coin of WAL to what is left for supplements. The coin is used up.
    pub fn fund_walrus_subsidies(&mut self, package: ObjectId, subsidies: ObjectId, coin: Arg) {
        let args = vec![self.ptb.object(subsidies, ObjectUse::Change), coin];
        self.ptb
            .call(package, "walrus_subsidies", "add_coin", Vec::new(), args);
    }

    /// Shares an object that pays part of purchases out of a coin of WAL, which is used up.
    /// → its `AdminCap`
    pub fn new_credits(&mut self, package: ObjectId, rates: CreditRates, funds: Arg) -> Arg {
        let args = vec![
            self.ptb.pure(&package),
            self.ptb.pure(&rates.buyer),
            self.ptb.pure(&rates.system),
            funds,
        ];
        let function = "new_with_initial_rates_and_funds";
        self.credits_call(package, function, args)
    }

    /// Adds a coin of WAL to what is left for discounts. The coin is used up.
    pub fn fund_credits(&mut self, package: ObjectId, credits: ObjectId, coin: Arg) {
        let args = vec![self.own(credits), coin];
        self.credits_call(package, "add_funds", args);
    }

    /// Sets what credits add to purchases, with the right to.
    pub fn set_credit_rates(
        &mut self,
        package: ObjectId,
        credits: ObjectId,
        admin: ObjectId,
        rates: CreditRates,
    ) {
        let values = [
            ("set_buyer_subsidy_rate", self.ptb.pure(&rates.buyer)),
            ("set_system_subsidy_rate", self.ptb.pure(&rates.system)),
        ];
        for (function, value) in values {
            let args = vec![self.own(credits), self.own(admin), value];
            self.credits_call(package, function, args);
        }
    }

    /// Takes all that is left for discounts, with the right to. → `Coin<WAL>`
    pub fn withdraw_credits(
        &mut self,
        package: ObjectId,
        credits: ObjectId,
        admin: ObjectId,
    ) -> Arg {
        let args = vec![self.own(credits), self.own(admin)];
        let balance = self.credits_call(package, "withdraw_balance", args);
        let wal = self.deployment.wal_type.clone().into();
        let framework = ObjectId::from_suffix(2);
        self.ptb
            .call(framework, "coin", "from_balance", vec![wal], vec![balance])
    }

    fn credits_call(&mut self, package: ObjectId, function: &'static str, args: Vec<Arg>) -> Arg {
        self.ptb
            .call(package, "subsidies", function, Vec::new(), args)
    }

    /// Buys storage at a discount. `package` is the credits object's. → `Storage`
    pub fn reserve_space_with_credits(
        &mut self,
        package: ObjectId,
        credits: ObjectId,
        encoded_bytes: u64,
        epochs: u32,
        payment: Arg,
    ) -> Arg {
        let args = vec![
            self.ptb.object(credits, ObjectUse::Change),
            self.system(ObjectUse::Change),
            self.ptb.pure(&encoded_bytes),
            self.ptb.pure(&epochs),
            payment,
        ];
        self.ptb
            .call(package, "subsidies", "reserve_space", Vec::new(), args)
    }

    /// Extends a blob at a discount. `package` is the credits object's.
    pub fn extend_blob_with_credits(
        &mut self,
        package: ObjectId,
        credits: ObjectId,
        blob: Arg,
        epochs: u32,
        payment: Arg,
    ) {
        let args = vec![
            self.ptb.object(credits, ObjectUse::Change),
            self.system(ObjectUse::Change),
            blob,
            self.ptb.pure(&epochs),
            payment,
        ];
        self.ptb
            .call(package, "subsidies", "extend_blob", Vec::new(), args);
    }

    /// Registers a blob at a discount. `package` is the credits object's. → `Blob`
    pub fn register_blob_with_credits(
        &mut self,
        package: ObjectId,
        credits: ObjectId,
        storage: Arg,
        blob: &BlobFacts,
        payment: Arg,
    ) -> Arg {
        let args = vec![
            self.ptb.object(credits, ObjectUse::Change),
            self.system(ObjectUse::Change),
            storage,
            self.ptb.pure(&blob.blob_id),
            self.ptb.pure(&floe_core::onchain::U256(blob.root_hash)),
            self.ptb.pure(&blob.unencoded_length),
            self.ptb.pure(&blob.encoding_type),
            self.ptb.pure(&blob.deletable),
            payment,
        ];
        self.ptb
            .call(package, "subsidies", "register_blob", Vec::new(), args)
    }
}
