//! Rewards, commission, and stakes that come and go.

use super::*;

impl Life {
    async fn earnings(&self, members: &[ObjectId]) -> Vec<u64> {
        let pools = self.contracts.pools(members).await.unwrap();
        let earned = |pool: &floe_core::onchain::staking::StakingPool| {
            pool.commission.value + pool.rewards_pool.value
        };
        pools.iter().map(earned).collect()
    }

    /// Rewards are what `docs/spec/economics.md` §4 says, to the FROST.
    pub(super) async fn rewards_are_paid(&mut self) {
        self.buy(4, 10_000, 4).await;
        self.voting_end().await;
        let state = self.state().await;
        let slot = state.system_inner.future_accounting.slot(0).unwrap();
        let all = slot.rewards_to_distribute.value;
        assert!(all > 10 * WAL && slot.used_capacity > 0);
        let burned = all * 3 / 100;
        let members = &state.system_inner.committee.members;
        let rewards: Vec<u64> = members
            .iter()
            .map(|member| (all - burned) * u64::from(member.weight) / u64::from(SHARDS))
            .collect();
        let ids: Vec<ObjectId> = members.iter().map(|member| member.node_id).collect();
        let before = self.earnings(&ids).await;
        let treasury = self.network.walrus.treasury_object;
        let supply = self.contracts.wal_supply(treasury).await.unwrap();
        self.change_epoch().await;
        let now = self.contracts.wal_supply(treasury).await.unwrap();
        assert_eq!(supply - now, burned);
        let after = self.earnings(&ids).await;
        let paid: Vec<u64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
        assert_eq!(paid, rewards);
        let slot = |state: &NetworkState, ahead| {
            let slot = state.system_inner.future_accounting.slot(ahead);
            slot.unwrap().rewards_to_distribute.value
        };
        let leftover = all - burned - rewards.iter().sum::<u64>();
        assert_eq!(slot(&*self.state().await, 0), slot(&state, 1) + leftover);
        self.sync().await;
        self.commission_is_paid().await;
    }

    /// Blocked until the vote ends; then by whoever has the node's cap.
    async fn commission_is_paid(&mut self) {
        let node = self.nodes[0];
        let collectable = async |life: &Self| {
            let pool = life.contracts.pool(node.id).await.unwrap();
            let free = life.contracts.collectable_commission(&pool).await.unwrap();
            (free, pool.commission.value)
        };
        let (free, commission) = collectable(self).await;
        assert!(free == 0 && commission > 0);
        self.voting_end().await;
        assert_eq!(collectable(self).await, (commission, commission));
        let cap = self.state().await.deployment.type_of::<StorageNodeCap>();
        let wallet = self.operator(&node);
        let before = wallet.wal_balance().await.unwrap();
        let by_cap = Identity::Object(node.cap, cap);
        let executed = wallet.collect_commission(node.id, by_cap).await.unwrap();
        self.witness.see(&executed);
        assert_eq!(wallet.wal_balance().await.unwrap() - before, commission);
        self.change_epoch().await;
        self.sync().await;
    }

    /// Takes a stake out: exactly its principal and what the contracts say it has earned.
    pub(super) async fn withdraw(&mut self, staked: Staked, until: Option<Epoch>) -> u64 {
        let wallet = self.delegators[staked.delegator].clone();
        let stake = self.contracts.staked_wal(staked.id).await.unwrap();
        let principal = stake.principal.value;
        let rewards = match until {
            None => 0,
            Some(until) => {
                let from = stake.activation_epoch;
                let asked = wallet.rewards(staked.node, principal, from, until).await;
                asked.unwrap()
            }
        };
        let before = wallet.wal_balance().await.unwrap();
        let executed = wallet.withdraw(&[staked.id]).await.unwrap();
        self.witness.see(&executed);
        let paid = wallet.wal_balance().await.unwrap() - before;
        assert_eq!(paid, principal + rewards);
        self.stakes.retain(|own| own.id != staked.id);
        rewards
    }

    /// The epoch from which on a stake can be taken out.
    pub(super) async fn request(&mut self, staked: Staked) -> Epoch {
        let wallet = self.delegators[staked.delegator].clone();
        let executed = wallet.request_withdraw(&[staked.id]).await.unwrap();
        self.witness.see(&executed);
        match self.contracts.staked_wal(staked.id).await.unwrap().state {
            StakedWalState::Withdrawing { withdraw_epoch } => withdraw_epoch,
            StakedWalState::Staked => panic!("not being withdrawn"),
        }
    }

    /// `docs/spec/economics.md` §5.4, line by line.
    pub(super) async fn stake_is_moved_and_withdrawn(&mut self) {
        let (node, other) = (self.nodes[10].id, self.nodes[11].id);
        let mut active = Vec::new();
        for _ in 0..3 {
            active.push(self.stake(7, node, 100 * WAL).await);
        }
        self.next_epoch().await;
        self.buy(5, 20_000, 6).await;
        let now = self.state().await.epoch.0;

        // Moved at once to another node.
        let early = self.stake(7, node, 50 * WAL).await;
        self.withdraw(early, None).await;
        self.stake(7, other, 50 * WAL).await;

        // Before the vote: out in the next epoch.
        assert_eq!(self.request(active[0]).await, Epoch(now + 1));
        let pre_active = self.stake(7, node, 70 * WAL).await;
        self.voting_end().await;
        // After it: one later; also what will be active only then, for one epoch.
        assert_eq!(self.request(active[1]).await, Epoch(now + 2));
        assert_eq!(self.request(pre_active).await, Epoch(now + 2));
        // Staked after the vote it counts for nothing yet.
        let late = self.stake(7, node, 30 * WAL).await;
        let stake = self.contracts.staked_wal(late.id).await.unwrap();
        assert_eq!(stake.activation_epoch, Epoch(now + 2));
        self.withdraw(late, None).await;
        self.change_epoch().await;
        assert!(self.withdraw(active[0], Some(Epoch(now + 1))).await > 0);
        self.sync().await;
        let wallet = self.delegators[7].clone();
        let error = wallet.withdraw(&[active[1].id]).await.unwrap_err();
        assert_eq!(refusal(&error), "EWithdrawEpochNotReached");
        self.next_epoch().await;
        assert!(self.withdraw(active[1], Some(Epoch(now + 2))).await > 0);
        assert!(self.withdraw(pre_active, Some(Epoch(now + 2))).await > 0);

        // Parts and sums of stakes.
        let owner = wallet.address();
        self.run(&wallet, |calls| {
            let stake = calls.own(active[2].id);
            let part = calls.split_stake(stake, 40 * WAL);
            calls.join_stakes(stake, part);
            let part = calls.split_stake(stake, 10 * WAL);
            calls.ptb.transfer(vec![part], owner);
        })
        .await;
        let whole = self.contracts.staked_wal(active[2].id).await.unwrap();
        assert_eq!(whole.principal.value, 90 * WAL);
        let part = self.contracts.all_stakes(owner).await.unwrap();
        let part = part
            .iter()
            .find(|stake| stake.value.principal.value == 10 * WAL);
        let id = part.unwrap().value.id.0;
        self.stakes
            .iter_mut()
            .filter(|own| own.id == active[2].id)
            .for_each(|own| {
                own.principal = 90 * WAL;
            });
        self.stakes.push(Staked {
            id,
            principal: 10 * WAL,
            ..active[2]
        });
    }

    /// All stake of a node goes; its shards go to others.
    pub(super) async fn a_node_leaves(&mut self) {
        let node = self.nodes[20];
        let leaving: Vec<Staked> = self
            .stakes
            .iter()
            .filter(|s| s.node == node.id)
            .copied()
            .collect();
        assert!(!leaving.is_empty());
        for staked in &leaving {
            self.request(*staked).await;
        }
        self.next_epoch().await;
        let state = self.state().await;
        let current = state.committees.for_writes().unwrap();
        assert!(current.find(&node.id).is_none());
        for staked in leaving {
            assert!(self.withdraw(staked, Some(state.epoch)).await > 0);
        }
        let pool = self.contracts.pool(node.id).await.unwrap();
        assert!(pool.num_shares <= 1, "{pool:?}");

        // A stake with a node outside of the committees needs no announcement.
        let staked = self.stake(30, node.id, WAL).await;
        self.voting_end().await;
        self.change_epoch().await;
        self.sync().await;
        let now = self.state().await.epoch;
        self.withdraw(staked, Some(now)).await;
    }
}
