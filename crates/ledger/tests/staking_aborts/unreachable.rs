//! Places that no transaction reaches.

const OTHER_VERSION: &str = "needs an object written by another package version";
const CHECKED_BEFORE: &str = "a check before it comes first";
const INVARIANT: &str = "the code around it keeps it true";
const UNCALLED: &str = "no function calls the one that raises it";

/// Places that no transaction reaches, and why.
pub(super) const UNREACHABLE: &[(&str, &str)] = &[
    (
        "init::migrate_v2 0",
        "the migration of staking comes first and fails",
    ),
    (
        "init::initialize_walrus 1",
        "only at deployment, where genesis names its own package",
    ),
    ("staking::inner_mut 1", OTHER_VERSION),
    ("staking::inner 1", OTHER_VERSION),
    ("active_set::new 0", "only at deployment, with a constant"),
    ("active_set::insert 1", CHECKED_BEFORE),
    (
        "committee::transition 0",
        "shards are apportioned without rest",
    ),
    (
        "pool_exchange_rate::new 0",
        "shares are recomputed from the balance, rounded down",
    ),
    (
        "pending_values::reduce 0",
        "the stake to be taken back was added",
    ),
    (
        "pending_values::reduce 1",
        "the stake to be taken back was added",
    ),
    ("staked_wal::set_withdrawing 6", CHECKED_BEFORE),
    ("staking_inner::advance_epoch 0", CHECKED_BEFORE),
    (
        "staking_inner::select_committee_and_calculate_votes 5",
        CHECKED_BEFORE,
    ),
    (
        "staking_inner::select_committee_and_calculate_votes 9",
        "nodes without shards are dropped",
    ),
    (
        "staking_inner::get_current_node_weight 7",
        "nobody has more shards than there are",
    ),
    (
        "staking_inner::next_bls_committee 10",
        "keys and committee are stored together",
    ),
    ("staking_pool::advance_epoch 0", INVARIANT),
    (
        "staking_pool::advance_epoch 2",
        "members of a committee have stake since they joined",
    ),
    ("staking_pool::destroy_empty 3", UNCALLED),
    ("staking_pool::set_withdrawing 5", UNCALLED),
    ("staking_pool::stake 6", "pools are always active"),
    (
        "staking_pool::request_withdraw_stake 7",
        "every stake is of 1 WAL or more",
    ),
    (
        "staking_pool::withdraw_stake 7",
        "every stake is of 1 WAL or more",
    ),
    (
        "staking_pool::request_withdraw_stake 9",
        "the pool is looked up by the stake's node",
    ),
    (
        "staking_pool::withdraw_stake 9",
        "the pool is looked up by the stake's node",
    ),
    (
        "staking_pool::request_withdraw_stake 12",
        "later activations can be taken back at once, or are the next",
    ),
    (
        "staking_pool::withdraw_stake 12",
        "what is withdrawn was active before",
    ),
    (
        "staking_pool::request_withdraw_stake 18",
        "one share would have to be worth 1 WAL",
    ),
    (
        "upgrade::authorize_emergency_upgrade 0",
        "there is one manager",
    ),
    (
        "upgrade::authorize_upgrade 7",
        "an upgrade would have to succeed",
    ),
];
