//! Prices, slashing and upgrades.

use super::*;

impl Life {
    pub(super) async fn prices_are_voted(&mut self) {
        let state = self.state().await;
        let current = state.committees.for_writes().unwrap();
        let mut votes = Vec::new();
        for index in 0..self.nodes.len() {
            let node = self.nodes[index];
            let vote = 5_000_000 + 100_000 * u64::try_from(index * 7 % 29).unwrap();
            let wallet = self.operator(&node);
            self.run(&wallet, |calls| {
                calls.vote(node.cap, Vote::StoragePrice(vote));
                calls.vote(node.cap, Vote::WritePrice(vote / 5));
                calls.vote(node.cap, Vote::NodeCapacity(1 << 41));
            })
            .await;
            votes.push((vote, current.shards_of(&node.id).len()));
        }
        let anybody = self.delegators[3].clone();
        self.run(&anybody, |calls| calls.update_prices()).await;
        // The smallest price such that two thirds of the shards ask for it or less.
        let below = |price| -> usize {
            let voters = votes.iter().filter(|(vote, _)| *vote <= price);
            voters.map(|(_, shards)| shards).sum()
        };
        let all = votes.iter().map(|(vote, _)| *vote);
        let price = all.filter(|vote| 3 * below(*vote) >= 2001).min().unwrap();
        let prices = self.state().await.prices;
        assert_eq!(
            (prices.storage_frost, prices.write_frost),
            (price, price / 5)
        );
    }

    /// Members of the committee, the heaviest first, until they are a quorum.
    async fn quorum(&self) -> Vec<Node> {
        let state = self.state().await;
        let current = state.committees.for_writes().unwrap();
        let shards = |node: &Node| current.shards_of(&node.id).len();
        let mut nodes = self.nodes.clone();
        nodes.sort_by_key(|node| std::cmp::Reverse(shards(node)));
        let mut weight = 0;
        nodes.retain(|node| {
            let needed = 3 * weight <= 2 * usize::from(SHARDS);
            weight += shards(node);
            needed
        });
        nodes
    }

    pub(super) async fn a_node_is_slashed(&mut self) {
        self.buy(6, 1_000, 2).await;
        self.next_epoch().await;
        let (manager, treasury) = {
            let walrus = &self.network.walrus;
            (walrus.slashing_manager, walrus.treasury_object)
        };
        let bad = self.nodes[12].id;
        let commission = self.contracts.pool(bad).await.unwrap().commission.value;
        assert!(commission > 0);
        let anybody = self.delegators[8].clone();
        for voter in self.quorum().await {
            let early = anybody
                .run(|calls| calls.execute_slashing(manager, treasury, bad))
                .await
                .unwrap_err();
            let early = refusal(&early);
            assert!(
                early == "ENoProposalForNode" || early == "ENotEnoughVotes",
                "{early}"
            );
            let wallet = self.operator(&voter);
            let me = Identity::Address(wallet.address());
            self.run(&wallet, |calls| {
                calls.vote_for_slashing(manager, voter.id, me.clone(), bad);
            })
            .await;
        }
        let supply = self.contracts.wal_supply(treasury).await.unwrap();
        self.run(&anybody, |calls| {
            calls.execute_slashing(manager, treasury, bad)
        })
        .await;
        let now = self.contracts.wal_supply(treasury).await.unwrap();
        assert_eq!(supply - now, commission);
        assert_eq!(self.contracts.pool(bad).await.unwrap().commission.value, 0);
        let proposal = self
            .contracts
            .slashing_proposal(manager, bad)
            .await
            .unwrap();
        assert_eq!(proposal, None);
    }

    pub(super) async fn an_upgrade_is_voted(&mut self) {
        let manager = self.network.walrus.upgrade_manager;
        let digest = [9; 32];
        let (mut proposed, mut reached) = (0, 0);
        let voters = self.quorum().await;
        for voter in &voters {
            let wallet = self.operator(voter);
            let me = Identity::Address(wallet.address());
            let executed = self
                .run(&wallet, |calls| {
                    calls.vote_for_upgrade(manager, voter.id, me.clone(), &digest);
                })
                .await;
            for event in &executed.events {
                match event {
                    ContractEvent::ContractUpgradeProposed(_) => proposed += 1,
                    ContractEvent::ContractUpgradeQuorumReached(_) => reached += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!((proposed, reached), (1, 1));
        let read = self.contracts.upgrade_proposal(manager, digest).await;
        let (_, proposal) = read.unwrap();
        assert_eq!(proposal.unwrap().voters.contents.len(), voters.len());
        self.next_epoch().await;
        let wallet = self.operators[0].clone();
        self.run(&wallet, |calls| {
            calls.cleanup_upgrade_proposals(manager, &[digest.to_vec()]);
        })
        .await;
        let read = self.contracts.upgrade_proposal(manager, digest).await;
        assert_eq!(read.unwrap().1, None);
    }
}
