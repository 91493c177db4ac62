//! Random sequences of valid and hostile calls: the ledger does with stakes, rewards and commission
//! what a model in plain numbers says, refuses what it must, and keeps the invariants of
//! `network/invariants.rs` after every transaction. Storage, pools, supplements and votes happen in
//! between.
//!
//! `FLOE_STAKING_SEQUENCES` sets how many. A failing sequence shrinks and is kept in
//! `random_staking.proptest-regressions` beside this file, from where it is replayed first.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

#[path = "random_staking/hostile.rs"]
mod hostile;
#[path = "random_staking/model.rs"]
mod model;
mod network;
#[path = "random_staking/storing.rs"]
mod storing;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use floe_core::{
    ObjectId, SuiAddress,
    onchain::{
        framework::{Coin, Wal},
        node::StorageNodeCap,
        staking::{Committee, EpochState, StakedWal},
    },
};
use floe_ledger::{Failure, Outcome};
use hostile::Pick;
use model::{ARITHMETIC, MISSING, Model, Refusal, Stake};
use network::{DAY_MS, Network, Options, Tx, WAL, abort_of, created, storage::MIB};
use proptest::{prelude::*, sample::Index};
use storing::{Storing, Things};

const CANDIDATES: usize = 3;
const UNKNOWN: ObjectId = ObjectId([0xee; 32]);

#[derive(Clone, Debug)]
enum Step {
    Stake {
        node: Index,
        frost: u64,
    },
    Request(Index),
    Withdraw(Index),
    Split {
        stake: Index,
        frost: u64,
    },
    Join(Index, Index),
    Register,
    SetCommission {
        node: Index,
        rate: u16,
    },
    Collect(Index),
    AddCommission {
        node: Index,
        frost: u64,
    },
    TryJoin(Index),
    Buy {
        mib: u64,
        epochs: u32,
    },
    Wait(u64),
    VotingEnd,
    ChangeEpoch,
    Sync(Index),
    Slash(Index),
    /// Vote, change and sync, after enough time.
    Epoch,
    Storing(Storing),
    Hostile(Pick),
}

fn frost() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => prop_oneof![Just(0), Just(1), Just(WAL - 1)],
        2 => Just(WAL),
        6 => WAL..3000 * WAL,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let node = any::<Index>;
    let stake = any::<Index>;
    prop_oneof![
        6 => (node(), frost()).prop_map(|(node, frost)| Step::Stake { node, frost }),
        5 => stake().prop_map(Step::Request),
        6 => stake().prop_map(Step::Withdraw),
        2 => (stake(), frost()).prop_map(|(stake, frost)| Step::Split { stake, frost }),
        2 => (stake(), stake()).prop_map(|(a, b)| Step::Join(a, b)),
        1 => Just(Step::Register),
        1 => (node(), 0..12_000_u16).prop_map(|(node, rate)| Step::SetCommission { node, rate }),
        1 => node().prop_map(Step::Collect),
        1 => (node(), 0..WAL).prop_map(|(node, frost)| Step::AddCommission { node, frost }),
        1 => node().prop_map(Step::TryJoin),
        3 => (1..3000_u64, 1..6_u32).prop_map(|(mib, epochs)| Step::Buy { mib, epochs }),
        2 => prop_oneof![Just(DAY_MS / 2), 1..DAY_MS].prop_map(Step::Wait),
        4 => Just(Step::VotingEnd),
        4 => Just(Step::ChangeEpoch),
        2 => node().prop_map(Step::Sync),
        1 => node().prop_map(Step::Slash),
        5 => Just(Step::Epoch),
        9 => storing::storing().prop_map(Step::Storing),
        5 => hostile::pick().prop_map(Step::Hostile),
    ]
}

static BASE: LazyLock<Network> = LazyLock::new(|| {
    Network::new(&Options {
        stakes: vec![100, 200, 50, 1],
        n_shards: 30,
        max_epochs_ahead: 6,
        users: 2,
        candidates: CANDIDATES,
        ..Options::default()
    })
});

struct Run {
    net: Network,
    model: Model,
    stakes: Vec<(ObjectId, Stake)>,
    things: Things,
    user: SuiAddress,
}

impl Run {
    fn begin() -> Self {
        let net = BASE.clone();
        let mut model = Model::default();
        for (node, wal) in net.nodes.iter().zip([100, 200, 50, 1]) {
            model.register(node.node_id, 1000);
            model.stake(node.node_id, wal * WAL).unwrap();
        }
        // The poorest is too poor for a shard.
        model.next_members = members(&net.staking().committee);
        model.change_epoch(&BTreeMap::new()).unwrap();
        let user = net.users[0];
        let run = Self {
            net,
            model,
            stakes: Vec::new(),
            things: Things::default(),
            user,
        };
        run.compare();
        run
    }

    fn compare(&self) {
        for (node, pool) in &self.model.pools {
            pool.assert_equals(&self.net.pool(node));
        }
        let set = self.net.active_set();
        let sum: u64 = set.nodes.iter().map(|entry| entry.staked_amount).sum();
        assert_eq!(set.total_stake, sum);
    }

    /// A node, sometimes an unknown one.
    fn node(&self, index: Index) -> ObjectId {
        let nodes = &self.net.nodes;
        nodes
            .get(index.index(nodes.len() + 1))
            .map_or(UNKNOWN, |node| node.node_id)
    }

    fn stake(&self, index: Index) -> Option<usize> {
        (!self.stakes.is_empty()).then(|| index.index(self.stakes.len()))
    }

    /// Executes what the model has already done or refused.
    fn check<T>(
        &mut self,
        expected: &Result<T, Refusal>,
        sender: SuiAddress,
        write: impl FnOnce(&mut Tx<'_>),
    ) -> Outcome {
        let outcome = self.net.run(sender, write);
        let refusal = match (abort_of(&outcome), &outcome.failure) {
            (Some(abort), _) => Some(format!("{} {}", abort.module, abort.code)),
            (None, None) => None,
            (None, Some(Failure::Fault { .. })) => Some(ARITHMETIC.to_owned()),
            (None, Some(other)) => panic!("{other}"),
        };
        assert_eq!(refusal.as_deref(), expected.as_ref().err().copied());
        outcome
    }

    fn apply(&mut self, step: &Step) {
        let user = self.user;
        match step {
            Step::Stake { node, frost } => self.stake_with(self.node(*node), *frost),
            Step::Request(stake) => self.request(*stake),
            Step::Withdraw(stake) => self.withdraw(*stake),
            Step::Split { stake, frost } => self.split(*stake, *frost),
            Step::Join(one, two) => self.join(*one, *two),
            Step::Register => self.register(),
            Step::Wait(ms) => self.net.advance_clock(*ms),
            Step::Buy { mib, epochs } => {
                let used = self.net.run(user, |tx| {
                    let storage = tx.reserve(mib * MIB, *epochs);
                    tx.keep(storage);
                });
                // Others may have bought all there is.
                let full = abort_of(&used).is_some_and(|abort| abort.code == 1);
                assert!(used.failure.is_none() || full, "{:?}", used.failure);
            }
            Step::Storing(step) => self.storing(step),
            Step::Hostile(pick) => self.hostile(pick),
            Step::VotingEnd => self.voting_end(),
            Step::ChangeEpoch => self.change_epoch(),
            Step::Epoch => {
                self.net.sync_all();
                self.net.advance_clock(DAY_MS / 2);
                self.voting_end();
                self.net.advance_clock(DAY_MS / 2);
                self.change_epoch();
                self.net.sync_all();
            }
            step => self.apply_to_node(step),
        }
        self.compare();
    }

    /// What nodes do, or others with them.
    fn apply_to_node(&mut self, step: &Step) {
        match step {
            Step::SetCommission { node, rate } => {
                let node = self.own(*node);
                let expected = if *rate > 10_000 {
                    Err("staking_pool 14")
                } else {
                    let pool = self.model.pools.get_mut(&node.node_id).unwrap();
                    Ok(pool.next_rates.insert(self.model.epoch + 2, (*rate).into()))
                };
                self.check(&expected, node.owner, |tx| {
                    tx.by_cap("set_next_commission", node.cap, rate);
                });
            }
            Step::Collect(node) => {
                let node = self.own(*node);
                let pool = self.model.pools.get_mut(&node.node_id).unwrap();
                let expected = Ok(pool.collect());
                let outcome = self.check(&expected, node.owner, |tx| {
                    tx.collect_commission(node.node_id, node.cap);
                });
                assert_eq!(Ok(self.coin(&outcome)), expected);
            }
            Step::AddCommission { node, frost } => {
                let (node, block) = (self.node(*node), !self.model.selected);
                let pool = self.model.pools.get_mut(&node).ok_or(MISSING);
                let expected = pool.map(|pool| pool.add_commission(*frost, block));
                self.check(&expected, self.user, |tx| tx.add_commission(node, *frost));
            }
            Step::TryJoin(node) => {
                let node = self.own(*node);
                let expected = self.model.counted(&node.node_id);
                self.check(&expected, node.owner, |tx| tx.try_join(node.cap));
                if let Ok(stake) = expected {
                    let set = self.net.active_set();
                    let entry = set.nodes.iter().find(|entry| entry.node_id == node.node_id);
                    assert_eq!(entry.map_or(0, |entry| entry.staked_amount), stake);
                }
            }
            Step::Sync(node) => {
                let node = self.own(*node);
                let epoch = self.net.epoch();
                let cap: StorageNodeCap = self.net.read(&node.cap);
                let expected = if cap.last_epoch_sync_done.0 == epoch {
                    Err("staking_inner 2")
                } else if self.model.members.contains(&node.node_id) {
                    Ok(())
                } else {
                    Err("staking_inner 4")
                };
                self.check(&expected, node.owner, |tx| tx.sync_done(&node, epoch));
            }
            Step::Slash(candidate) => self.slash(self.node(*candidate)),
            _ => unreachable!("a step of stakes or epochs"),
        }
    }

    fn own(&self, index: Index) -> network::Node {
        self.net.nodes[index.index(self.net.nodes.len())].clone()
    }

    fn coin(&self, outcome: &Outcome) -> u64 {
        self.net
            .read::<Coin<Wal>>(&created::<Coin<Wal>>(outcome)[0])
            .balance
    }

    fn stake_with(&mut self, node: ObjectId, frost: u64) {
        let expected = self.model.stake(node, frost);
        let outcome = self.check(&expected, self.user, |tx| tx.stake(node, frost));
        if let Ok(stake) = expected {
            self.stakes.push((created::<StakedWal>(&outcome)[0], stake));
        }
    }

    fn request(&mut self, index: Index) {
        let Some(index) = self.stake(index) else {
            return;
        };
        let (id, stake) = &mut self.stakes[index];
        let (id, expected) = (*id, self.model.request(stake));
        self.check(&expected, self.user, |tx| tx.request_withdraw(id));
    }

    fn withdraw(&mut self, index: Index) {
        let Some(index) = self.stake(index) else {
            return;
        };
        let (id, stake) = self.stakes[index];
        let expected = self.model.withdraw(&stake);
        let outcome = self.check(&expected, self.user, |tx| tx.withdraw(id));
        if let Ok(payout) = expected {
            assert_eq!(self.coin(&outcome), payout);
            self.stakes.swap_remove(index);
        }
    }

    fn split(&mut self, index: Index, frost: u64) {
        let Some(index) = self.stake(index) else {
            return;
        };
        let (id, stake) = &mut self.stakes[index];
        let (id, expected) = (*id, model::split(stake, frost));
        let outcome = self.check(&expected, self.user, |tx| {
            let arguments = [tx.object(id), tx.pure(&frost)];
            let part = tx.walrus("staked_wal::split", &arguments);
            tx.keep(part);
        });
        if let Ok(part) = expected {
            self.stakes.push((created::<StakedWal>(&outcome)[0], part));
        }
    }

    fn join(&mut self, one: Index, two: Index) {
        let (Some(one), Some(two)) = (self.stake(one), self.stake(two)) else {
            return;
        };
        if one == two {
            return;
        }
        let (other_id, other) = self.stakes[two];
        let (id, stake) = &mut self.stakes[one];
        let (id, expected) = (*id, model::join(stake, &other));
        self.check(&expected, self.user, |tx| {
            let arguments = [tx.object(id), tx.object(other_id)];
            tx.walrus("staked_wal::join", &arguments);
        });
        if expected.is_ok() {
            self.stakes.swap_remove(two);
        }
    }

    fn register(&mut self) {
        if self.net.nodes.len() < 4 + CANDIDATES {
            let node = self.net.register_next();
            self.model.register(node.node_id, 1000);
        }
    }

    fn voting_end(&mut self) {
        let staking = self.net.staking();
        let expected = match staking.epoch_state {
            EpochState::EpochChangeDone(since) if self.net.now_ms >= since + DAY_MS / 2 => {
                if self.net.active_set().nodes.is_empty() {
                    Err("staking_inner 3")
                } else {
                    Ok(())
                }
            }
            _ => Err("staking_inner 0"),
        };
        self.check(&expected, self.user, |tx| tx.voting_end());
        if expected.is_ok() {
            for (node, _) in &staking.previous_committee.0 {
                self.model.pools.get_mut(node).unwrap().blocked = None;
            }
            self.model.next_members = members(&self.net.staking().next_committee.unwrap());
            self.model.selected = true;
        }
    }

    fn change_epoch(&mut self) {
        let state = self.net.staking().epoch_state;
        let expected = match state {
            EpochState::NextParamsSelected(since) if self.net.now_ms >= since + DAY_MS => {
                let rewards = self.rewards();
                self.model.change_epoch(&rewards)
            }
            EpochState::NextParamsSelected(_) => Err("staking_inner 0"),
            _ => Err("staking_inner 6"),
        };
        self.check(&expected, self.user, |tx| tx.change_epoch());
    }

    /// The rewards that an epoch change pays now (`docs/spec/economics.md` §4, no deny lists).
    fn rewards(&self) -> BTreeMap<ObjectId, u64> {
        let system = self.net.system();
        let slot = system.future_accounting.slot(0).unwrap();
        let all = u128::from(slot.rewards_to_distribute.value);
        let rest = all - all * 3 / 100;
        let used = u128::from(slot.used_capacity);
        let stored = |weight: u16| u128::from(weight) * used;
        let members = &system.committee.members;
        let sum = members
            .iter()
            .map(|m| stored(m.weight))
            .sum::<u128>()
            .max(1);
        members
            .iter()
            .map(|m| {
                (
                    m.node_id,
                    u64::try_from(stored(m.weight) * rest / sum).unwrap(),
                )
            })
            .collect()
    }

    /// All members vote against a node, then anybody burns its commission.
    fn slash(&mut self, candidate: ObjectId) {
        for voter in self.net.members() {
            self.net
                .run(voter.owner, |tx| tx.vote_slash(voter.node_id, candidate));
        }
        let pool = self.model.pools.get_mut(&candidate).ok_or(MISSING);
        let expected = pool.map(|pool| {
            pool.commission = 0;
            pool.blocked = None;
        });
        self.check(&expected, self.user, |tx| tx.slash(candidate));
    }
}

fn members(committee: &Committee) -> BTreeSet<ObjectId> {
    committee.0.iter().map(|(node, _)| *node).collect()
}

fn sequences() -> u32 {
    let count = std::env::var("FLOE_STAKING_SEQUENCES");
    count.map_or(48, |count| count.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: sequences(), ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_model_says(steps in prop::collection::vec(step(), 1..60)) {
        let mut run = Run::begin();
        for step in &steps {
            run.apply(step);
        }
        run.net.check_supply();
    }
}
