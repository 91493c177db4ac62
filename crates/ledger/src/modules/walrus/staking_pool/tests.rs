//! The worked example of `docs/spec/economics.md` §5.3, number by number.

use std::sync::LazyLock;

use super::{NewPool, exchange_rate_at_epoch, new, rewards, stakes, wal_balance_at_epoch};
use crate::{
    modules::walrus::{
        pending_values,
        storage_node::NewNode,
        test_runtime::{SENDER, place, with_runtime},
        walrus_context::WalrusContext,
    },
    runtime::Runtime,
};
use floe_core::{
    Epoch,
    keys::BlsSecretKey,
    messages::ProofOfPossession,
    onchain::{
        framework::{Balance, VecMap},
        node::NodeMetadata,
        staking::{PoolExchangeRate, PoolState, StakedWal, StakingPool, VotingParams},
    },
};

const WAL: u64 = 1_000_000_000;

/// The node's key.
pub(in crate::modules::walrus) static KEY: LazyLock<BlsSecretKey> =
    LazyLock::new(|| BlsSecretKey::from_entropy(&[7; 32]));

/// The proof that the sender may register the key in epoch 0.
pub(in crate::modules::walrus) fn proof() -> Vec<u8> {
    let proof = ProofOfPossession::sign(&KEY, Epoch(0), SENDER);
    proof.to_bytes().to_vec()
}

fn new_pool(rt: &mut Runtime<'_>, commission_rate: u16) -> StakingPool {
    let pool = NewPool {
        node: NewNode {
            name: "node".to_owned(),
            network_address: "localhost:1".to_owned(),
            metadata: NodeMetadata {
                image_url: String::new(),
                project_url: String::new(),
                description: String::new(),
                extra_fields: VecMap::default(),
            },
            network_public_key: vec![2; 33],
        },
        public_key: KEY.public_key().to_bytes().to_vec(),
        proof_of_possession: proof(),
        commission_rate,
        voting_params: VotingParams {
            storage_price: 1,
            write_price: 1,
            node_capacity: 1,
        },
    };
    new(rt, pool, Epoch(0), Epoch(0)).unwrap().0
}

/// The epoch, whether the next committee is chosen, and whether the node is in it.
fn context(epoch: u32, selected: bool, member: bool) -> WalrusContext {
    WalrusContext {
        epoch: Epoch(epoch),
        committee_selected: selected,
        in_committee: member,
        in_next_committee: member && selected,
    }
}

fn stake(rt: &mut Runtime<'_>, pool: &mut StakingPool, wal: u64, ctx: &WalrusContext) -> StakedWal {
    stakes::stake(rt, pool, Balance::new(wal * WAL), ctx).unwrap()
}

fn advance(rt: &mut Runtime<'_>, pool: &mut StakingPool, reward: u64, epoch: u32) -> [u64; 4] {
    rewards::advance_epoch(rt, pool, Balance::new(reward), Epoch(epoch)).unwrap();
    accounts(pool)
}

fn accounts(pool: &StakingPool) -> [u64; 4] {
    let (rewards, commission) = (pool.rewards_pool.value, pool.commission.value);
    [pool.wal_balance, pool.num_shares, rewards, commission]
}

fn rate(rt: &mut Runtime<'_>, pool: &StakingPool, epoch: u32) -> PoolExchangeRate {
    (*exchange_rate_at_epoch(rt, pool, Epoch(epoch)).unwrap()).clone()
}

#[test]
fn the_worked_example_of_the_specification() {
    with_runtime(|rt| {
        let pool = &mut new_pool(rt, 1000);
        let epoch0 = context(0, false, false);
        let alice = stake(rt, pool, 1000, &epoch0);
        let mut bob = stake(rt, pool, 500, &epoch0);
        assert_eq!(alice.activation_epoch, Epoch(1));
        assert_eq!(
            advance(rt, pool, 0, 1),
            [1_500_000_000_000, 1_500_000_000_000, 0, 0]
        );
        assert_eq!(rate(rt, pool, 1), PoolExchangeRate::Flat);

        let carol = stake(rt, pool, 300, &context(1, false, true));
        assert_eq!(
            advance(rt, pool, 100_000_000_007, 2),
            [
                1_890_000_000_007,
                1_783_018_867_923,
                90_000_000_007,
                10_000_000_000
            ]
        );
        let variable = PoolExchangeRate::Variable {
            wal_amount: 1_590_000_000_007,
            share_amount: 1_500_000_000_000,
        };
        assert_eq!(rate(rt, pool, 2), variable);

        let mut erin = stake(rt, pool, 50, &context(2, false, true));
        let selected = context(2, true, true);
        let dave = stake(rt, pool, 200, &selected);
        assert_eq!(dave.activation_epoch, Epoch(4));
        for stake in [&mut bob, &mut erin] {
            stakes::request_withdraw_stake(rt, pool, stake, &selected).unwrap();
        }
        let balance = |rt: &mut Runtime<'_>, pool: &StakingPool, epoch| {
            wal_balance_at_epoch(rt, pool, Epoch(epoch)).unwrap()
        };
        assert_eq!(balance(rt, pool, 4), 1_560_000_000_006);
        assert_eq!(
            advance(rt, pool, 33_333_333_333, 3),
            [
                1_970_000_000_007,
                1_829_451_650_941,
                120_000_000_007,
                13_333_333_333
            ]
        );
        assert_eq!(balance(rt, pool, 4), 1_581_587_301_593);
        assert_eq!(
            advance(rt, pool, 11_000_000_011, 4),
            [
                1_588_530_303_775,
                1_467_821_297_432,
                129_900_000_017,
                14_433_333_334
            ]
        );

        let epoch4 = context(4, false, true);
        let bob = stakes::withdraw_stake(rt, pool, bob, &epoch4).unwrap();
        let erin = stakes::withdraw_stake(rt, pool, erin, &epoch4).unwrap();
        assert_eq!((bob.value, erin.value), (541_118_427_207, 50_251_269_035));
        assert_eq!(pool.rewards_pool.value, 88_530_303_775);

        let nowhere = context(4, false, false);
        let alice = stakes::withdraw_stake(rt, pool, alice, &nowhere).unwrap();
        assert_eq!(alice.value, 1_082_236_854_414);
        assert_eq!(pool.rewards_pool.value, 6_293_449_361);
        assert_eq!(balance(rt, pool, 5), 506_293_449_361);
        let principal = carol.principal.value;
        let earned =
            rewards::calculate_rewards(rt, pool, principal, carol.activation_epoch, Epoch(4));
        assert_eq!(earned.unwrap(), 6_293_449_360);

        assert_eq!(
            advance(rt, pool, 0, 6),
            [
                506_293_449_361,
                467_821_297_432,
                6_293_449_361,
                14_433_333_334
            ]
        );
        assert_eq!(rate(rt, pool, 5), rate(rt, pool, 4));
    });
}

#[test]
fn looking_for_a_rate_takes_as_many_steps_as_the_pool_missed_epochs() {
    with_runtime(|rt| {
        let pool = &mut new_pool(rt, 0);
        advance(rt, pool, 0, 1);
        advance(rt, pool, 0, 1_000);
        let before = rt.units_used();
        assert_eq!(rate(rt, pool, u32::MAX), PoolExchangeRate::Flat);
        assert_eq!(rt.units_used() - before, 1);
        let before = rt.units_used();
        rate(rt, pool, 999);
        assert_eq!(rt.units_used() - before, 999);
    });
}

#[test]
fn a_commission_rate_bites_on_the_rewards_of_its_first_epoch() {
    with_runtime(|rt| {
        let pool = &mut new_pool(rt, 1000);
        stake(rt, pool, 10, &context(0, false, false));
        advance(rt, pool, 0, 1);
        // Set in epoch 1 for epoch 3, then in epoch 2 for epoch 4.
        super::settings::set_next_commission(pool, 2000, Epoch(3)).unwrap();
        super::settings::set_next_commission(pool, 3000, Epoch(4)).unwrap();
        let mut paid = |pool: &mut StakingPool, epoch| {
            let before = pool.commission.value;
            advance(rt, pool, 1000, epoch);
            pool.commission.value - before
        };
        assert_eq!(paid(pool, 2), 100);
        assert_eq!(paid(pool, 3), 100);
        // Out of the committee in epoch 4: the latest entry counts, all are gone.
        assert_eq!(paid(pool, 5), 200);
        assert!(pool.pending_commission_rate.0.is_empty());
        assert_eq!(paid(pool, 6), 300);
    });
}

#[test]
fn rewards_without_stake_and_a_second_advance_abort() {
    with_runtime(|rt| {
        let pool = &mut new_pool(rt, 0);
        let refused = rewards::advance_epoch(rt, pool, Balance::new(1), Epoch(1));
        assert_eq!(place(refused), "staking_pool::advance_epoch 2");
        advance(rt, pool, 0, 1);
        let refused = rewards::advance_epoch(rt, pool, Balance::new(0), Epoch(1));
        assert_eq!(place(refused), "staking_pool::advance_epoch 0");
    });
}

/// States that no sequence of calls leads to.
#[test]
fn broken_pools_and_stakes_abort() {
    with_runtime(|rt| {
        let pool = &mut new_pool(rt, 0);
        pool.state = PoolState::Withdrawn;
        let member = context(5, false, true);
        let refused = stakes::stake(rt, pool, Balance::new(WAL), &member);
        assert_eq!(place(refused), "staking_pool::stake 6");

        pool.state = PoolState::Active;
        let mut stake = stake(rt, pool, 1, &context(6, true, true));
        let refused = stakes::request_withdraw_stake(rt, pool, &mut stake, &member);
        assert_eq!(place(refused), "staking_pool::request_withdraw_stake 12");

        // A share is worth more than the stake.
        stake.activation_epoch = Epoch(1);
        pool.wal_balance = 3 * WAL;
        pool.num_shares = 1;
        advance(rt, pool, 0, 1);
        let refused = stakes::request_withdraw_stake(rt, pool, &mut stake, &member);
        assert_eq!(place(refused), "staking_pool::request_withdraw_stake 18");

        stake.node_id = floe_core::ObjectId::ZERO;
        let refused = stakes::request_withdraw_stake(rt, pool, &mut stake, &member);
        assert_eq!(place(refused), "staking_pool::request_withdraw_stake 9");

        pending_values::insert_or_add(&mut pool.pending_shares_withdraw, Epoch(2), 2 * WAL)
            .unwrap();
        let refused = rewards::advance_epoch(rt, pool, Balance::new(0), Epoch(2));
        assert_eq!(place(refused), "staking_pool::process_pending_stake 1");
    });
}
