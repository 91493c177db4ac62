//! Package `walrus_subsidies`: supplements to nodes' rewards (`docs/spec/contracts.md` §3.8).

use super::framework::{Bag, Balance, Uid, Wal};
use crate::{Epoch, ObjectId};

move_types! {
    walrus_subsidies::walrus_subsidies;

    /// The shared object. Its content is a dynamic field under [`SubsidiesInnerKey`].
    struct WalrusSubsidies {
        /// The object's id.
        id: Uid,
        /// The package's version.
        version: u64,
        /// The package to call.
        package_id: ObjectId,
    }

    /// Where the content is kept.
    struct SubsidiesInnerKey;

    /// The right to set rates.
    struct AdminCap {
        /// The object's id.
        id: Uid,
        /// The id of the [`WalrusSubsidies`].
        subsidies_id: ObjectId,
    }
}

move_types! {
    walrus_subsidies::walrus_subsidies_inner;

    /// The content of [`WalrusSubsidies`].
    struct WalrusSubsidiesInnerV1 {
        /// Supplement to storage payments in basis points.
        system_subsidy_rate: u32,
        /// What is left to pay out.
        subsidy_pool: Balance<Wal>,
        /// FROST per node and epoch.
        base_subsidy: u64,
        /// FROST per shard and epoch.
        subsidy_per_shard: u64,
        /// The last epoch paid for.
        latest_epoch: Epoch,
        /// Rewards that have had their supplement, by epoch.
        already_subsidized_balances: EpochBalanceRingBuffer,
        /// When supplements were last paid, in milliseconds.
        last_subsidized_ts: u64,
        /// For later versions.
        extra_fields: Bag,
    }
}

move_types! {
    walrus_subsidies::epoch_balance;

    /// An amount in an epoch.
    struct EpochBalance {
        /// The epoch.
        epoch: Epoch,
        /// The amount in FROST.
        balance: u64,
    }

    /// Amounts of consecutive epochs.
    struct EpochBalanceRingBuffer {
        /// Where the first epoch is.
        current_index: u32,
        /// The amounts.
        ring_buffer: Vec<EpochBalance>,
    }
}
