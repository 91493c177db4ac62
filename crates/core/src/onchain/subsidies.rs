//! Package `subsidies`: storage at a discount, deprecated (`docs/spec/contracts.md` §3.8).

use super::framework::{Balance, Uid, Wal};
use crate::ObjectId;

move_types! {
    subsidies::subsidies;

    /// The right to set rates.
    struct AdminCap {
        /// The object's id.
        id: Uid,
        /// The id of the [`Subsidies`].
        subsidies_id: ObjectId,
    }

    /// The shared object that pays part of the price.
    struct Subsidies {
        /// The object's id.
        id: Uid,
        /// Discount for buyers in basis points.
        buyer_subsidy_rate: u16,
        /// Supplement for nodes in basis points.
        system_subsidy_rate: u16,
        /// What is left to pay out.
        subsidy_pool: Balance<Wal>,
        /// The package to call.
        package_id: ObjectId,
        /// The package's version.
        version: u64,
    }
}
