//! Package `wal_exchange`: SUI for WAL at a fixed rate (`docs/spec/contracts.md` §3.8).

use super::framework::{Balance, Sui, Uid, Wal};
use crate::ObjectId;

move_types! {
    wal_exchange::wal_exchange;

    /// The shared object that exchanges the tokens.
    struct Exchange {
        /// The object's id.
        id: Uid,
        /// WAL to give out.
        wal: Balance<Wal>,
        /// SUI to give out.
        sui: Balance<Sui>,
        /// The rate.
        rate: ExchangeRate,
        /// The id of the [`AdminCap`].
        admin: ObjectId,
    }

    /// The right to set the rate and to withdraw.
    struct AdminCap {
        /// The object's id.
        id: Uid,
    }

    /// `wal` FROST are worth `sui` MIST.
    struct ExchangeRate {
        /// FROST.
        wal: u64,
        /// MIST.
        sui: u64,
    }
}
