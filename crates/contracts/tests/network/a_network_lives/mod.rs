//! The life of a network, by the typed client alone: 25 nodes join it, 50 delegators stake, storage
//! is bought and used, prices are voted, rewards and commission paid, stake moved and withdrawn, a
//! node leaves, another is slashed, an upgrade is voted, 30 epochs pass. A [`Witness`] holds every
//! transaction to what all must keep.

mod stakes;
mod storage;
mod votes;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    lives_through_epochs::refusal,
    support::{witness::Witness, *},
};
use floe_contracts::{
    CertifyBlob, Contracts, Executed, NetworkState, NewBlob, StorageSource, Wallet, WalletOptions,
    calls::{Calls, CreditRates, Identity, SupplementRates, Vote},
};
use floe_core::{
    Epoch, ObjectId,
    onchain::{
        blob::{Blob, StoragePool},
        events::ContractEvent,
        node::StorageNodeCap,
        staking::StakedWalState,
        walrus_subsidies::WalrusSubsidies,
    },
};

const SHARDS: u16 = 1000;
const FOUNDERS: u8 = 4;
const CANDIDATES: u8 = 25;
const DELEGATORS: u8 = 50;
/// Accounts with a fifth of the candidates each.
const OPERATORS: u8 = 5;
const MIB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_lives_thirty_epochs() {
    let mut life = Life::begin().await;
    life.nodes_join().await;
    life.delegators_stake().await;
    life.storage_is_bought_and_cut().await;
    life.blobs_are_stored().await;
    life.pools_and_supplements().await;
    life.prices_are_voted().await;
    life.rewards_are_paid().await;
    life.stake_is_moved_and_withdrawn().await;
    life.a_node_leaves().await;
    life.a_node_is_slashed().await;
    life.an_upgrade_is_voted().await;
    life.epochs_pass(Epoch(31)).await;
    life.everybody_leaves_with_their_own().await;
    assert!(
        life.witness.seen > 400,
        "{} transactions",
        life.witness.seen
    );
}

/// A stake and whose it is.
#[derive(Clone, Copy)]
struct Staked {
    delegator: usize,
    id: ObjectId,
    node: ObjectId,
    principal: u64,
}

/// A node and who acts for it.
#[derive(Clone, Copy)]
struct Node {
    /// 0 is the founder, who has all of the first committee.
    operator: usize,
    /// Of its key.
    number: u8,
    id: ObjectId,
    cap: ObjectId,
}

struct Life {
    network: Network,
    contracts: Contracts,
    witness: Witness,
    operators: Vec<Wallet>,
    delegators: Vec<Wallet>,
    nodes: Vec<Node>,
    stakes: Vec<Staked>,
    subsidies: Option<ObjectId>,
}

impl Life {
    async fn begin() -> Self {
        let delegators = (1..=DELEGATORS).map(|seed| (user(seed), 100_000 * WAL));
        let operators = (1..=OPERATORS).map(|seed| (user(200 + seed), 100 * WAL));
        let accounts = delegators.clone().chain(operators.clone());
        let network = Network::start_with(Setup {
            n_shards: SHARDS,
            nodes: FOUNDERS,
            accounts: accounts
                .map(|(key, frost)| account(key.address(), 1000 * SUI, frost))
                .collect(),
        })
        .await;
        let contracts = network.contracts().await;
        let wallet = |key| Wallet::new(contracts.clone(), Arc::new(key), WalletOptions::default());
        let nodes = (0..).zip(&network.walrus.nodes);
        Self {
            witness: Witness::new(&network),
            operators: std::iter::once(operator())
                .chain(operators.map(|(key, _)| key))
                .map(wallet)
                .collect(),
            delegators: delegators.map(|(key, _)| wallet(key)).collect(),
            nodes: nodes
                .map(|(number, node)| Node {
                    operator: 0,
                    number,
                    id: node.node_id,
                    cap: node.cap,
                })
                .collect(),
            stakes: Vec::new(),
            subsidies: None,
            contracts: contracts.clone(),
            network,
        }
    }

    /// Executes calls under the eyes of the witness.
    async fn run(&mut self, wallet: &Wallet, build: impl Fn(&mut Calls<'_>) + Send) -> Executed {
        let executed = wallet.run(build).await.unwrap();
        self.witness.see(&executed);
        executed
    }

    async fn state(&self) -> Arc<NetworkState> {
        self.contracts.refresh().await.unwrap()
    }

    fn operator(&self, node: &Node) -> Wallet {
        self.operators[node.operator].clone()
    }

    async fn voting_end(&mut self) {
        self.network.advance(EPOCH / 2).await;
        let expected = self.operators[0].next_committee().await.unwrap();
        let executed = self.operators[0].voting_end().await.unwrap();
        self.witness.see(&executed);
        let chosen = self.state().await.staking_inner.next_committee.clone();
        assert_eq!(chosen, Some(expected));
    }

    async fn change_epoch(&mut self) {
        self.network.advance(EPOCH / 2).await;
        let executed = self.operators[0].initiate_epoch_change().await.unwrap();
        self.witness.see(&executed);
        self.state().await;
    }

    /// All members say that they have their shards.
    async fn sync(&mut self) {
        let state = self.state().await;
        let members = state.committees.for_writes().unwrap().clone();
        for operator in 0..self.operators.len() {
            let caps: Vec<ObjectId> = self
                .nodes
                .iter()
                .filter(|node| node.operator == operator && members.find(&node.id).is_some())
                .map(|node| node.cap)
                .collect();
            if !caps.is_empty() {
                let wallet = self.operators[operator].clone();
                self.run(&wallet, |calls| {
                    for cap in &caps {
                        calls.epoch_sync_done(*cap, state.epoch);
                    }
                })
                .await;
            }
        }
        assert!(!self.state().await.committees.is_transitioning());
        self.witness.check_whole();
    }

    async fn next_epoch(&mut self) {
        self.voting_end().await;
        self.change_epoch().await;
        self.sync().await;
    }

    async fn nodes_join(&mut self) {
        for number in 0..CANDIDATES {
            let operator = 1 + usize::from(number % OPERATORS);
            let wallet = self.operators[operator].clone();
            let number = FOUNDERS + number;
            let wanted = registration(number, &wallet, Epoch(1));
            let (caps, executed) = wallet.register_nodes(&[wanted]).await.unwrap();
            self.witness.see(&executed);
            self.nodes.push(Node {
                operator,
                number,
                id: caps[0].node_id,
                cap: caps[0].id.0,
            });
        }
        let state = self.state().await;
        assert_eq!(state.staking_inner.pools.size, 29);
        // Without stake nobody is a candidate.
        let set = self.contracts.active_set().await.unwrap();
        assert_eq!(set.nodes.len(), usize::from(FOUNDERS));
    }

    async fn stake(&mut self, delegator: usize, node: ObjectId, frost: u64) -> Staked {
        let wallet = self.delegators[delegator].clone();
        let (stakes, executed) = wallet.stake(&[(node, frost)]).await.unwrap();
        self.witness.see(&executed);
        let staked = Staked {
            delegator,
            id: stakes[0].id.0,
            node,
            principal: frost,
        };
        self.stakes.push(staked);
        staked
    }

    async fn delegators_stake(&mut self) {
        for delegator in 0..usize::from(DELEGATORS) {
            let node = usize::from(FOUNDERS) + delegator % usize::from(CANDIDATES);
            let wal = 500 + 37 * u64::try_from(delegator).unwrap();
            self.stake(delegator, self.nodes[node].id, wal * WAL).await;
        }
        self.next_epoch().await;
        let state = self.state().await;
        let current = state.committees.for_writes().unwrap();
        assert_eq!((state.epoch, current.nodes.len()), (Epoch(2), 29));
        let shards = |node: &Node| current.shards_of(&node.id).len();
        assert!(self.nodes.iter().all(|node| shards(node) <= 100));
    }

    async fn buy(&mut self, delegator: usize, mib: u64, epochs: u32) {
        let buyer = self.delegators[delegator].clone();
        let epoch = self.state().await.epoch;
        let end = Epoch(epoch.0 + epochs);
        let (_, executed) = buyer.buy_storage(mib * MIB, epoch, end).await.unwrap();
        self.witness.see(&executed);
    }

    /// Every epoch somebody buys, somebody stakes, somebody leaves, and supplements are paid.
    async fn epochs_pass(&mut self, last: Epoch) {
        let package = package("walrus_subsidies");
        let subsidies = self.subsidies.unwrap();
        let mut leaving: BTreeMap<Epoch, Vec<Staked>> = BTreeMap::new();
        loop {
            let epoch = self.state().await.epoch;
            if epoch >= last {
                break;
            }
            let turn = usize::try_from(epoch.0).unwrap();
            self.buy(turn, 500, 3).await;
            let node = self.nodes[turn * 5 % self.nodes.len()].id;
            self.stake(turn, node, 200 * WAL).await;
            let state = self.state().await;
            let current = state.committees.for_writes().unwrap();
            let candidate = self.stakes.iter().skip(turn).find(|staked| {
                let waits = leaving.values().flatten().any(|own| own.id == staked.id);
                !waits && current.find(&staked.node).is_some()
            });
            let candidate = *candidate.unwrap();
            let out = self.request(candidate).await;
            leaving.entry(out).or_default().push(candidate);
            let anybody = self.delegators[turn].clone();
            self.run(&anybody, |calls| {
                calls.process_subsidies(package, subsidies)
            })
            .await;
            self.next_epoch().await;
            let now = self.state().await.epoch;
            for staked in leaving.remove(&now).unwrap_or_default() {
                self.withdraw(staked, Some(now)).await;
            }
        }
        for (until, stakes) in leaving {
            assert!(until > last);
            for staked in stakes {
                // Comes out with all the others.
                assert!(self.stakes.iter().any(|own| own.id == staked.id));
            }
        }
    }

    /// Nobody can be kept, and nobody takes anybody else's.
    async fn everybody_leaves_with_their_own(&mut self) {
        let stakes = self.stakes.clone();
        for staked in &stakes {
            let stake = self.contracts.staked_wal(staked.id).await.unwrap();
            assert_eq!(stake.principal.value, staked.principal);
            if stake.state == StakedWalState::Staked {
                self.request(*staked).await;
            }
        }
        self.next_epoch().await;
        for staked in stakes {
            let stake = self.contracts.staked_wal(staked.id).await.unwrap();
            let StakedWalState::Withdrawing { withdraw_epoch } = stake.state else {
                panic!("{stake:?}");
            };
            self.withdraw(staked, Some(withdraw_epoch)).await;
        }
        self.witness.check_whole();
        // Only the founders' own stakes are left.
        for node in &self.nodes[usize::from(FOUNDERS)..] {
            let pool = self.contracts.pool(node.id).await.unwrap();
            assert!(
                pool.wal_balance <= 100 && pool.rewards_pool.value <= 100,
                "{pool:?}"
            );
        }
    }
}

/// A package of the embedded ledger that no shared object of genesis names.
fn package(name: &str) -> ObjectId {
    let mut packages = floe_ledger::Registry::embedded().packages();
    let package = packages.find(|package| package.name == name).unwrap();
    floe_ledger::object_id(&package.storage_id.0)
}
