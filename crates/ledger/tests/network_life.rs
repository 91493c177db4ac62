//! The life of a network: 25 nodes join it, 50 delegators stake, storage is bought and used, prices
//! are voted, rewards paid, stake moved and withdrawn, a node leaves, another is slashed, an upgrade
//! is voted, 30 epochs pass. The invariants of `network/invariants.rs` hold after every transaction.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod network;
mod support;

use std::collections::BTreeMap;

use floe_core::{
    Epoch, ObjectId, SuiAddress,
    messages::Message,
    onchain::{
        blob::{Blob, Storage},
        events::{
            BlobCertified, BlobDeleted, ContractUpgradeProposed, ContractUpgradeQuorumReached,
            PricesUpdated,
        },
        framework::{Coin, Wal},
        staking::{EpochState, StakedWal, StakedWalState},
    },
};
use network::{
    Network, Node, Options, WAL, created, events,
    storage::{Cert, MIB, Spec},
};

const DELEGATORS: usize = 50;
const CANDIDATES: usize = 25;
const FOUNDERS: usize = 4;

#[test]
fn a_network_lives_thirty_epochs() {
    let mut life = Life::begin();
    life.nodes_join();
    life.delegators_stake();
    life.storage_is_used();
    life.prices_are_voted();
    life.rewards_are_paid();
    life.stake_is_withdrawn_in_every_state();
    life.a_node_leaves();
    life.a_node_is_slashed();
    life.an_upgrade_is_voted();
    life.epochs_pass(30);
}

struct Life {
    net: Network,
    /// Owner and stake.
    stakes: Vec<(SuiAddress, ObjectId)>,
}

impl Life {
    fn begin() -> Self {
        let net = Network::new(&Options {
            stakes: vec![1000; FOUNDERS],
            n_shards: 1000,
            users: u8::try_from(DELEGATORS).unwrap(),
            candidates: CANDIDATES,
            ..Options::default()
        });
        let mut stakes = Vec::new();
        for (node, ids) in net.nodes.iter().zip(&net.ids.nodes) {
            stakes.push((node.owner, ids.staked_wal.unwrap()));
        }
        Self { net, stakes }
    }

    fn nodes_join(&mut self) {
        for _ in 0..CANDIDATES {
            self.net.register_next();
        }
        assert_eq!(self.net.staking().pools.size, 29);
        // Without stake nobody is a candidate.
        assert_eq!(self.net.active_set().nodes.len(), FOUNDERS);
    }

    fn delegators_stake(&mut self) {
        for index in 0..DELEGATORS {
            let user = self.net.users[index];
            let node = self.net.nodes[FOUNDERS + index % CANDIDATES].node_id;
            let wal = 500 + 37 * u64::try_from(index).unwrap();
            self.stake(user, node, wal * WAL);
        }
        self.net.next_epoch();
        let staking = self.net.staking();
        assert_eq!((staking.epoch, staking.committee.0.len()), (Epoch(2), 29));
        assert!(
            staking
                .committee
                .0
                .iter()
                .all(|(_, shards)| shards.len() <= 100)
        );
        assert!(matches!(
            staking.epoch_state,
            EpochState::EpochChangeDone(_)
        ));
    }

    fn stake(&mut self, user: SuiAddress, node: ObjectId, frost: u64) -> ObjectId {
        let stake = self.net.stake(user, node, frost);
        self.stakes.push((user, stake));
        stake
    }

    /// Signed by everybody.
    fn certificate(&self, spec: &Spec, blob: ObjectId) -> Cert {
        let epoch = Epoch(self.net.epoch());
        let message = Message::new(epoch, spec.confirmation(blob)).to_bytes();
        let members: Vec<usize> = (0..self.net.system().committee.members.len()).collect();
        self.net.sign_bytes(&members, message)
    }

    fn certify(&mut self, user: SuiAddress, spec: &Spec, blob: ObjectId) {
        let cert = self.certificate(spec, blob);
        let outcome = self.net.ok(user, |tx| {
            let blob = tx.object(blob);
            tx.certify(blob, &cert);
        });
        assert_eq!(events::<BlobCertified>(&outcome).len(), 1);
    }

    fn storage_is_used(&mut self) {
        let (user, net) = (self.net.users[0], &mut self.net);
        // Bought, split by size and by time, and put together again.
        let outcome = net.ok(user, |tx| {
            let storage = tx.reserve(200 * MIB, 10);
            let half = tx.pure(&(100 * MIB));
            let part = tx.walrus("storage_resource::split_by_size", &[storage, half]);
            let middle = tx.pure(&7_u32);
            let late = tx.walrus("storage_resource::split_by_epoch", &[part, middle]);
            tx.walrus("storage_resource::fuse", &[part, late]);
            tx.walrus("storage_resource::fuse", &[storage, part]);
            tx.keep(storage);
        });
        let storage: Storage = net.read(&created::<Storage>(&outcome)[0]);
        assert_eq!(storage.storage_size, 200 * MIB);

        // Registered with it, certified, extended, deleted: the storage comes back.
        let spec = Spec::deletable(1);
        let outcome = net.ok(user, |tx| {
            let storage = tx.object(storage.id.0);
            let blob = tx.register(storage, &spec);
            tx.keep(blob);
        });
        let blob = created::<Blob>(&outcome)[0];
        self.certify(user, &spec, blob);
        let outcome = self.net.ok(user, |tx| {
            let blob = tx.object(blob);
            tx.extend(blob, 3);
            let storage = tx.delete(blob);
            tx.keep(storage);
        });
        assert!(events::<BlobDeleted>(&outcome)[0].was_certified);

        // Shared, funded and extended by a stranger.
        let spec = Spec::permanent(2);
        let shared = self.net.register(user, &spec, 2);
        self.certify(user, &spec, shared);
        let outcome = self.net.ok(user, |tx| {
            let (blob, funds) = (tx.object(shared), tx.wal(WAL));
            tx.walrus("shared_blob::new_funded", &[blob, funds]);
        });
        let shared = created::<floe_core::onchain::blob::SharedBlob>(&outcome)[0];
        self.net.ok(self.net.users[1], |tx| {
            let (shared, funds) = (tx.object(shared), tx.wal(WAL));
            tx.walrus("shared_blob::fund", &[shared, funds]);
            let (system, epochs) = (tx.system(), tx.pure(&5_u32));
            tx.walrus("shared_blob::extend", &[shared, system, epochs]);
        });
    }

    fn prices_are_voted(&mut self) {
        let mut votes = Vec::new();
        for (index, node) in self.net.nodes.clone().into_iter().enumerate() {
            let vote = 50_000 + 1_000 * u64::try_from(index * 7 % 29).unwrap();
            self.net.ok(node.owner, |tx| {
                tx.by_cap("set_storage_price_vote", node.cap, &vote);
                tx.by_cap("set_write_price_vote", node.cap, &(vote / 5));
                tx.by_cap("set_node_capacity_vote", node.cap, &(1_u64 << 41));
            });
            let committee = self.net.staking().committee;
            votes.push((vote, committee.0.get(&node.node_id).unwrap().len()));
        }
        let outcome = self.net.ok(self.net.users[3], |tx| tx.update_prices());
        // The smallest price such that two thirds of the shards ask for it or less.
        let below = |price| -> usize {
            let voters = votes.iter().filter(|(vote, _)| *vote <= price);
            voters.map(|(_, shards)| shards).sum()
        };
        let all = votes.iter().map(|(vote, _)| *vote);
        let price = all.filter(|vote| 3 * below(*vote) >= 2001).min().unwrap();
        let expected = PricesUpdated {
            epoch: Epoch(2),
            storage_price: price,
            write_price: price / 5,
        };
        assert_eq!(events::<PricesUpdated>(&outcome), [expected]);
    }

    /// Every reward is what `docs/spec/economics.md` §4 says, to the FROST.
    fn rewards_are_paid(&mut self) {
        let before = self.net.system();
        let slot = before.future_accounting.slot(0).unwrap();
        let all = slot.rewards_to_distribute.value;
        assert!(all > 0 && slot.used_capacity > 0);
        let burned = all * 3 / 100;
        let weights = before.committee.members.iter();
        let rewards: BTreeMap<ObjectId, u64> = weights
            .map(|member| {
                (
                    member.node_id,
                    (all - burned) * u64::from(member.weight) / 1000,
                )
            })
            .collect();
        let commission = |net: &Network| -> BTreeMap<ObjectId, (u64, u64)> {
            let pools = rewards.keys().map(|node| net.pool(node));
            pools
                .map(|pool| (pool.id.0, (pool.commission.value, pool.rewards_pool.value)))
                .collect()
        };
        self.net.voting_end();
        let (old, supply) = (commission(&self.net), self.net.supply());
        let leftover = all - burned - rewards.values().sum::<u64>();
        let next_slot = before
            .future_accounting
            .slot(1)
            .unwrap()
            .rewards_to_distribute
            .value;
        self.net.change_epoch();
        assert_eq!(supply - self.net.supply(), burned);
        for (node, (commission, stakers)) in commission(&self.net) {
            let part = rewards[&node] / 10;
            assert_eq!(commission, old[&node].0 + part);
            assert_eq!(stakers, old[&node].1 + rewards[&node] - part);
        }
        let system = self.net.system();
        let slot = system.future_accounting.slot(0).unwrap();
        assert_eq!(slot.rewards_to_distribute.value, next_slot + leftover);
        self.net.sync_all();

        // Blocked until the vote ends.
        let node = self.net.nodes[0].clone();
        assert_eq!(self.collect(&node), 0);
        self.net.voting_end();
        assert_eq!(self.collect(&node), rewards[&node.node_id] / 10);
        self.net.change_epoch();
        self.net.sync_all();
    }

    fn collect(&mut self, node: &Node) -> u64 {
        let outcome = self.net.ok(node.owner, |tx| {
            tx.collect_commission(node.node_id, node.cap)
        });
        self.net
            .read::<Coin<Wal>>(&created::<Coin<Wal>>(&outcome)[0])
            .balance
    }

    fn withdraw(&mut self, user: SuiAddress, stake: ObjectId) -> u64 {
        let outcome = self.net.ok(user, |tx| tx.withdraw(stake));
        self.stakes.retain(|(_, own)| *own != stake);
        self.net
            .read::<Coin<Wal>>(&created::<Coin<Wal>>(&outcome)[0])
            .balance
    }

    fn withdraw_epoch(&self, stake: ObjectId) -> Epoch {
        match self.net.read::<StakedWal>(&stake).state {
            StakedWalState::Withdrawing { withdraw_epoch } => withdraw_epoch,
            StakedWalState::Staked => panic!("not being withdrawn"),
        }
    }

    fn stake_is_withdrawn_in_every_state(&mut self) {
        let (user, node) = (self.net.users[7], self.net.nodes[10].node_id);
        let now = self.net.epoch();
        let active: Vec<ObjectId> = (0..3).map(|_| self.stake(user, node, 100 * WAL)).collect();
        self.net.next_epoch();

        // Moved at once to another node.
        let early = self.stake(user, node, 50 * WAL);
        assert_eq!(self.withdraw(user, early), 50 * WAL);
        let moved = self.stake(user, self.net.nodes[11].node_id, 50 * WAL);

        // Before the vote: out in the next epoch.
        self.net.ok(user, |tx| tx.request_withdraw(active[0]));
        assert_eq!(self.withdraw_epoch(active[0]), Epoch(now + 2));
        let pre_active = self.stake(user, node, 70 * WAL);
        self.net.voting_end();
        // After it: one later; also what will be active only then, for one epoch.
        self.net.ok(user, |tx| tx.request_withdraw(active[1]));
        assert_eq!(self.withdraw_epoch(active[1]), Epoch(now + 3));
        self.net.ok(user, |tx| tx.request_withdraw(pre_active));
        assert_eq!(self.withdraw_epoch(pre_active), Epoch(now + 3));
        // Staked after the vote it counts for nothing yet.
        let late = self.stake(user, node, 30 * WAL);
        assert_eq!(
            self.net.read::<StakedWal>(&late).activation_epoch,
            Epoch(now + 3)
        );
        assert_eq!(self.withdraw(user, late), 30 * WAL);
        self.net.change_epoch();
        assert!(self.withdraw(user, active[0]) >= 100 * WAL);
        self.net.sync_all();
        self.net.next_epoch();
        assert!(self.withdraw(user, active[1]) >= 100 * WAL);
        assert!(self.withdraw(user, pre_active) >= 70 * WAL);

        // Parts and sums of stakes.
        let outcome = self.net.ok(user, |tx| {
            let arguments = [tx.object(active[2]), tx.pure(&(40 * WAL))];
            let part = tx.walrus("staked_wal::split", &arguments);
            tx.keep(part);
        });
        let part = created::<StakedWal>(&outcome)[0];
        self.net.ok(user, |tx| {
            let arguments = [tx.object(active[2]), tx.object(part)];
            tx.walrus("staked_wal::join", &arguments);
        });
        let whole: StakedWal = self.net.read(&active[2]);
        assert_eq!(whole.principal.value, 100 * WAL);
        assert_eq!(
            self.net.read::<StakedWal>(&moved).node_id,
            self.net.nodes[11].node_id
        );
    }

    /// All stake of a node goes; its shards go to others.
    fn a_node_leaves(&mut self) {
        let node = self.net.nodes[20].node_id;
        let leaving: Vec<(SuiAddress, ObjectId)> = self.stakes_of(node);
        let (one_step, requested) = leaving.split_first().unwrap();
        for (user, stake) in requested {
            self.net.ok(*user, |tx| tx.request_withdraw(*stake));
        }
        let before = self.net.staking().committee.0.get(&node).unwrap().len();
        self.net.next_epoch();
        let after = self.net.staking().committee;
        assert!(
            after
                .0
                .get(&node)
                .is_none_or(|shards| shards.len() < before)
        );
        self.net
            .ok(one_step.0, |tx| tx.request_withdraw(one_step.1));
        self.net.next_epoch();
        assert!(self.net.staking().committee.0.get(&node).is_none());
        for (user, stake) in leaving {
            self.withdraw(user, stake);
        }
        let pool = self.net.pool(&node);
        assert_eq!((pool.wal_balance, pool.num_shares), (0, 0));

        // A stake with a node outside of the committees needs no announcement.
        let user = self.net.users[30];
        let stake = self.stake(user, node, WAL);
        self.net.voting_end();
        self.net.change_epoch();
        self.net.sync_all();
        assert_eq!(self.withdraw(user, stake), WAL);
    }

    fn stakes_of(&self, node: ObjectId) -> Vec<(SuiAddress, ObjectId)> {
        let mut stakes = self.stakes.clone();
        stakes.retain(|(_, stake)| self.net.read::<StakedWal>(stake).node_id == node);
        stakes
    }

    fn a_node_is_slashed(&mut self) {
        self.buy_storage();
        self.net.next_epoch();
        let bad = self.net.members()[0].clone();
        let commission = self.net.pool(&bad.node_id).commission.value;
        assert!(commission > 0);
        for voter in self.net.quorum_members() {
            self.net
                .ok(voter.owner, |tx| tx.vote_slash(voter.node_id, bad.node_id));
        }
        let supply = self.net.supply();
        self.net.ok(self.net.users[2], |tx| tx.slash(bad.node_id));
        assert_eq!(self.net.supply(), supply - commission);
        let pool = self.net.pool(&bad.node_id);
        assert_eq!((pool.commission.value, pool.extra_fields.size), (0, 0));
        self.net
            .ok(self.net.users[2], |tx| tx.cleanup_slashing(&[bad.node_id]));
    }

    fn an_upgrade_is_voted(&mut self) {
        let voters = self.net.quorum_members();
        let (mut proposed, mut reached) = (0, 0);
        for voter in &voters {
            let outcome = self
                .net
                .ok(voter.owner, |tx| tx.vote_upgrade(voter.node_id, &[9; 32]));
            proposed += events::<ContractUpgradeProposed>(&outcome).len();
            reached += events::<ContractUpgradeQuorumReached>(&outcome).len();
        }
        assert_eq!((proposed, reached), (1, 1));
        // The right to upgrade can't be thrown away, and this ledger upgrades nothing.
        let outcome = self.net.run(voters[0].owner, |tx| {
            tx.authorize_upgrade(&[9; 32]);
        });
        let failure = outcome.failure.unwrap().to_string();
        assert!(failure.contains("UnusedValueWithoutDrop"), "{failure}");
        self.net.next_epoch();
        self.net
            .ok(voters[0].owner, |tx| tx.cleanup_upgrades(&[vec![9; 32]]));
    }

    fn buy_storage(&mut self) {
        self.net.ok(self.net.users[4], |tx| {
            let storage = tx.reserve(1000 * MIB, 20);
            tx.keep(storage);
        });
    }

    /// Life goes on: every epoch somebody stakes, somebody leaves, somebody buys.
    fn epochs_pass(&mut self, last: u32) {
        while self.net.epoch() < last {
            let epoch = usize::try_from(self.net.epoch()).unwrap();
            let (user, node) = (self.net.users[epoch], self.net.nodes[epoch % 29].node_id);
            self.stake(user, node, (300 + 11 * u64::try_from(epoch).unwrap()) * WAL);
            self.buy_storage();
            self.net.voting_end();
            let (owner, stake) = self.stakes[epoch % self.stakes.len()];
            self.net.run(owner, |tx| tx.request_withdraw(stake));
            self.net.change_epoch();
            self.net.sync_all();
            for (owner, stake) in self.stakes.clone() {
                if self.is_withdrawable(stake) {
                    self.withdraw(owner, stake);
                }
            }
        }
        self.net.check_supply();
    }

    fn is_withdrawable(&self, stake: ObjectId) -> bool {
        match self.net.read::<StakedWal>(&stake).state {
            StakedWalState::Withdrawing { withdraw_epoch } => withdraw_epoch.0 <= self.net.epoch(),
            StakedWalState::Staked => false,
        }
    }
}
