//! Packages `wal_exchange` and `wal` (`docs/spec/contracts.md` §4.11).

use floe_core::ObjectId;

use super::Calls;
use crate::{Arg, ObjectUse};

impl Calls<'_> {
    /// Exchanges a coin of SUI, which is used up. `package` is that of the exchange's type.
    /// → `Coin<WAL>`
    pub fn exchange_all_for_wal(&mut self, package: ObjectId, exchange: ObjectId, sui: Arg) -> Arg {
        let exchange = self.ptb.object(exchange, ObjectUse::Change);
        let function = "exchange_all_for_wal";
        let args = vec![exchange, sui];
        self.ptb
            .call(package, "wal_exchange", function, Vec::new(), args)
    }

    /// Exchanges a coin of WAL, which is used up. `package` is that of the exchange's type.
    /// → `Coin<SUI>`
    pub fn exchange_all_for_sui(&mut self, package: ObjectId, exchange: ObjectId, wal: Arg) -> Arg {
        let exchange = self.ptb.object(exchange, ObjectUse::Change);
        let function = "exchange_all_for_sui";
        let args = vec![exchange, wal];
        self.ptb
            .call(package, "wal_exchange", function, Vec::new(), args)
    }

    /// Gives an exchange a coin of WAL to give out, which is used up.
    pub fn fund_exchange(&mut self, package: ObjectId, exchange: ObjectId, wal: Arg) {
        let exchange = self.ptb.object(exchange, ObjectUse::Change);
        let args = vec![exchange, wal];
        self.ptb
            .call(package, "wal_exchange", "add_all_wal", Vec::new(), args);
    }

    /// Burns a coin of WAL, which is used up.
    pub fn burn_wal(&mut self, treasury: ObjectId, wal: Arg) {
        let package = crate::address::object_id(self.deployment.wal_type.address());
        let args = vec![self.ptb.object(treasury, ObjectUse::Change), wal];
        self.ptb.call(package, "wal", "burn", Vec::new(), args);
    }
}
