//! Packages `walrus_subsidies` and `subsidies` (`docs/spec/contracts.md` §4.11).

use floe_core::ObjectId;

use super::{Calls, system::BlobFacts};
use crate::{Arg, ObjectUse};

impl Calls<'_> {
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
