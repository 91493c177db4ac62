//! Staking: pools, stakes, and the choice of committees (`docs/spec/contracts.md` §3.1, §3.2, §3.5).

use super::{
    framework::{Bag, Balance, Element, ObjectTable, Table, Uid, UncompressedG1, VecMap, Wal},
    node::{Authorized, ExtendedField, StorageNodeInfo},
    system::EpochParams,
};
use crate::{Epoch, ObjectId, ShardIndex};

move_types! {
    walrus::staking;

    /// The shared object that holds the pools. Its content is a dynamic field under `version`.
    struct Staking {
        /// The object's id.
        id: Uid,
        /// The package's version, and the name (a `u64`) of the content's field.
        version: u64,
        /// The package to call.
        package_id: ObjectId,
        /// The package to migrate to.
        new_package_id: Option<ObjectId>,
    }
}

move_types! {
    walrus::staking_inner;

    /// The content of [`Staking`].
    struct StakingInnerV1 {
        /// The number of shards.
        n_shards: u16,
        /// Milliseconds between epoch changes.
        epoch_duration: u64,
        /// When epoch 1 can start, in milliseconds since 1970.
        first_epoch_start: u64,
        /// The pools, by node id.
        pools: ObjectTable<ObjectId, StakingPool>,
        /// The current epoch.
        epoch: Epoch,
        /// The nodes with the most stake.
        active_set: ExtendedField<ActiveSet>,
        /// The next committee, once it is selected.
        next_committee: Option<Committee>,
        /// The current committee.
        committee: Committee,
        /// The committee before that.
        previous_committee: Committee,
        /// What the next committee has voted for.
        next_epoch_params: Option<EpochParams>,
        /// Progress of the epoch.
        epoch_state: EpochState,
        /// The next committee's keys.
        next_epoch_public_keys: ExtendedField<VecMap<ObjectId, Element<UncompressedG1>>>,
    }

    /// Progress of an epoch.
    enum EpochState {
        /// Nodes receive their shards; those that have hold this weight.
        EpochChangeSync(u16),
        /// A quorum has received its shards, at this time in milliseconds.
        EpochChangeDone(u64),
        /// The next committee is selected; the time is still that of `EpochChangeDone`.
        NextParamsSelected(u64),
    }
}

move_types! {
    walrus::committee;

    /// The shards of each node, sorted by node id.
    struct Committee(VecMap<ObjectId, Vec<ShardIndex>>);
}

move_types! {
    walrus::active_set;

    /// A node that can be in the next committee.
    struct ActiveSetEntry {
        /// The node.
        node_id: ObjectId,
        /// Its stake in FROST.
        staked_amount: u64,
    }

    /// The nodes that can be in the next committee.
    struct ActiveSet {
        /// The greatest number of nodes.
        max_size: u16,
        /// The least stake in FROST.
        threshold_stake: u64,
        /// The nodes.
        nodes: Vec<ActiveSetEntry>,
        /// The sum of their stakes in FROST.
        total_stake: u64,
    }
}

move_types! {
    walrus::pending_values;

    /// Amounts that take effect in epochs to come.
    struct PendingValues(VecMap<Epoch, u64>);
}

move_types! {
    walrus::pool_exchange_rate;

    /// What shares of a pool are worth.
    enum PoolExchangeRate {
        /// As much as was paid for them.
        Flat,
        /// A ratio.
        Variable {
            /// FROST.
            wal_amount: u128,
            /// Shares worth that much.
            share_amount: u128,
        },
    }
}

move_types! {
    walrus::staked_wal;

    /// A stake in a pool.
    struct StakedWal {
        /// The object's id.
        id: Uid,
        /// Whether it is being withdrawn.
        state: StakedWalState,
        /// The node whose pool it is in.
        node_id: ObjectId,
        /// What was staked.
        principal: Balance<Wal>,
        /// The first epoch with rewards.
        activation_epoch: Epoch,
    }

    /// Whether a stake is being withdrawn.
    enum StakedWalState {
        /// It is not.
        Staked,
        /// It is.
        Withdrawing {
            /// The epoch in which it can be taken out.
            withdraw_epoch: Epoch,
        },
    }
}

move_types! {
    walrus::staking_pool;

    /// Where a pool keeps commission that can't be collected yet.
    struct NewEpochCommissionBlockedForCollection;

    /// What a node votes for.
    struct VotingParams {
        /// FROST per storage unit and epoch.
        storage_price: u64,
        /// FROST per storage unit written.
        write_price: u64,
        /// Bytes the node can store.
        node_capacity: u64,
    }

    /// A node's pool of stakes; its id is the node's.
    struct StakingPool {
        /// The object's id.
        id: Uid,
        /// Whether the pool takes stakes.
        state: PoolState,
        /// The node's votes.
        voting_params: VotingParams,
        /// The node.
        node_info: StorageNodeInfo,
        /// The first epoch in which it can be in a committee.
        activation_epoch: Epoch,
        /// The epoch up to which its rewards are accounted for.
        latest_epoch: Epoch,
        /// Active stake with rewards, in FROST.
        wal_balance: u64,
        /// Shares of that.
        num_shares: u64,
        /// Shares to be withdrawn, by epoch.
        pending_shares_withdraw: PendingValues,
        /// FROST to be withdrawn before it becomes active, by epoch.
        pre_active_withdrawals: PendingValues,
        /// Commission rates to come, by epoch.
        pending_commission_rate: PendingValues,
        /// The node's part of rewards in basis points.
        commission_rate: u16,
        /// What shares were worth, by epoch.
        exchange_rates: Table<Epoch, PoolExchangeRate>,
        /// FROST that becomes active, by epoch.
        pending_stake: PendingValues,
        /// Rewards of stakers.
        rewards_pool: Balance<Wal>,
        /// Rewards of the node.
        commission: Balance<Wal>,
        /// Who may collect the commission.
        commission_receiver: Authorized,
        /// Who may vote on upgrades and slashing.
        governance_authorized: Authorized,
        /// For later versions; holds blocked commission under
        /// [`NewEpochCommissionBlockedForCollection`].
        extra_fields: Bag,
    }

    /// Whether a pool takes stakes. Only `Active` is ever reached.
    enum PoolState {
        /// It does.
        Active,
        /// It stops doing so in an epoch.
        Withdrawing(Epoch),
        /// It does not any more.
        Withdrawn,
    }
}
