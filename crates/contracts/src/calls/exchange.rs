//! Packages `wal_exchange` and `wal` (`docs/spec/contracts.md` §4.11).

use floe_core::ObjectId;

use super::Calls;
use crate::{Arg, ObjectUse};

impl Calls<'_> {
    /// Shares an exchange of one for one, which has nothing yet. → its `AdminCap`
    pub fn new_exchange(&mut self, package: ObjectId) -> Arg {
        self.exchange_call(package, "new", Vec::new())
    }

    /// Shares an exchange of one for one, with `frost` out of a coin of WAL. → its `AdminCap`
    pub fn new_funded_exchange(&mut self, package: ObjectId, wal: Arg, frost: u64) -> Arg {
        let args = vec![wal, self.ptb.pure(&frost)];
        self.exchange_call(package, "new_funded", args)
    }

    /// Exchanges a coin of SUI, which is used up. `package` is that of the exchange's type.
    /// → `Coin<WAL>`
    pub fn exchange_all_for_wal(&mut self, package: ObjectId, exchange: ObjectId, sui: Arg) -> Arg {
        let args = vec![self.own(exchange), sui];
        self.exchange_call(package, "exchange_all_for_wal", args)
    }

    /// Exchanges a coin of WAL, which is used up. `package` is that of the exchange's type.
    /// → `Coin<SUI>`
    pub fn exchange_all_for_sui(&mut self, package: ObjectId, exchange: ObjectId, wal: Arg) -> Arg {
        let args = vec![self.own(exchange), wal];
        self.exchange_call(package, "exchange_all_for_sui", args)
    }

    /// Exchanges `mist` out of a coin of SUI. → `Coin<WAL>`
    pub fn exchange_for_wal(
        &mut self,
        package: ObjectId,
        exchange: ObjectId,
        sui: Arg,
        mist: u64,
    ) -> Arg {
        let args = vec![self.own(exchange), sui, self.ptb.pure(&mist)];
        self.exchange_call(package, "exchange_for_wal", args)
    }

    /// Exchanges `frost` out of a coin of WAL. → `Coin<SUI>`
    pub fn exchange_for_sui(
        &mut self,
        package: ObjectId,
        exchange: ObjectId,
        wal: Arg,
        frost: u64,
    ) -> Arg {
        let args = vec![self.own(exchange), wal, self.ptb.pure(&frost)];
        self.exchange_call(package, "exchange_for_sui", args)
    }

    /// Gives an exchange a coin of WAL to give out, which is used up.
    pub fn fund_exchange(&mut self, package: ObjectId, exchange: ObjectId, wal: Arg) {
        let args = vec![self.own(exchange), wal];
        self.exchange_call(package, "add_all_wal", args);
    }

    /// Gives an exchange a coin of SUI to give out, which is used up.
    pub fn fund_exchange_with_sui(&mut self, package: ObjectId, exchange: ObjectId, sui: Arg) {
        let args = vec![self.own(exchange), sui];
        self.exchange_call(package, "add_all_sui", args);
    }

    /// Takes WAL out of an exchange, with the right to. → `Coin<WAL>`
    pub fn withdraw_wal_from_exchange(
        &mut self,
        package: ObjectId,
        exchange: ObjectId,
        frost: u64,
        admin: ObjectId,
    ) -> Arg {
        let args = vec![self.own(exchange), self.ptb.pure(&frost), self.own(admin)];
        self.exchange_call(package, "withdraw_wal", args)
    }

    /// Takes SUI out of an exchange, with the right to. → `Coin<SUI>`
    pub fn withdraw_sui_from_exchange(
        &mut self,
        package: ObjectId,
        exchange: ObjectId,
        mist: u64,
        admin: ObjectId,
    ) -> Arg {
        let args = vec![self.own(exchange), self.ptb.pure(&mist), self.own(admin)];
        self.exchange_call(package, "withdraw_sui", args)
    }

    /// Lets an exchange give `frost` for `mist`, with the right to.
    pub fn set_exchange_rate(
        &mut self,
        package: ObjectId,
        exchange: ObjectId,
        (frost, mist): (u64, u64),
        admin: ObjectId,
    ) {
        let rate = [self.ptb.pure(&frost), self.ptb.pure(&mist)];
        let args = vec![self.own(exchange), rate[0], rate[1], self.own(admin)];
        self.exchange_call(package, "set_exchange_rate", args);
    }

    fn exchange_call(&mut self, package: ObjectId, function: &'static str, args: Vec<Arg>) -> Arg {
        self.ptb
            .call(package, "wal_exchange", function, Vec::new(), args)
    }

    /// Burns a coin of WAL, which is used up.
    pub fn burn_wal(&mut self, treasury: ObjectId, wal: Arg) {
        let package = crate::address::object_id(self.deployment.wal_type.address());
        let args = vec![self.ptb.object(treasury, ObjectUse::Change), wal];
        self.ptb.call(package, "wal", "burn", Vec::new(), args);
    }
}
