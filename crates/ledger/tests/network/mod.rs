//! A Walrus network in memory: genesis, nodes with real keys, short forms for its transactions.
//! Every transaction is held to the conservation of SUI and WAL.

#![allow(
    dead_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions, of which each test uses a part"
)]

pub mod invariants;
pub mod nodes;
pub mod storage;

use std::collections::BTreeMap;

use floe_core::{
    Epoch, ObjectId, SuiAddress,
    keys::{BlsSecretKey, NetworkSecretKey},
    messages::ProofOfPossession,
    onchain::{
        framework::Field,
        staking::{ActiveSet, StakedWal, StakingInnerV1, StakingPool},
        system::SystemStateInnerV1,
    },
};
use floe_ledger::{
    Context, Failure, FieldKey, GenesisAccount, GenesisBuilder, GenesisConfig, GenesisExchange,
    GenesisNode, LiveObject, MoveType, Outcome, PriceList, SimulateOptions, WalrusGenesis,
    WalrusNetwork, address, clock_transaction, execute_system, object_id, simulate, type_tag,
};
use serde::{Serialize, de::DeserializeOwned};
use sui_sdk_types::{Argument, Command, ObjectIn, ObjectOut, SplitCoins, Transaction, TypeTag};

use crate::support::{self, Ledger, Ptb, reference, sui};

pub const WAL: u64 = 1_000_000_000;
pub const DAY_MS: u64 = 86_400_000;
pub const VERSION: u64 = 4;

/// What to start with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nodes of the first committee with their stakes in WAL.
    pub stakes: Vec<u64>,
    pub n_shards: u16,
    pub max_epochs_ahead: u32,
    /// Users, each with SUI and 10 million WAL.
    pub users: u8,
    pub commission_rate: u16,
    /// Owners of nodes to come.
    pub candidates: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stakes: vec![1000; 13],
            n_shards: 100,
            max_epochs_ahead: 53,
            users: 4,
            commission_rate: 1000,
            candidates: 0,
        }
    }
}

/// A node with its keys.
#[derive(Clone, Debug)]
pub struct Node {
    pub key: BlsSecretKey,
    pub owner: SuiAddress,
    pub node_id: ObjectId,
    pub cap: ObjectId,
}

/// A network and those who use it.
#[derive(Clone, Debug)]
pub struct Network {
    pub ledger: Ledger,
    pub ids: WalrusNetwork,
    pub nodes: Vec<Node>,
    pub users: Vec<SuiAddress>,
    pub now_ms: u64,
    gas_coins: BTreeMap<SuiAddress, ObjectId>,
    wal_coins: BTreeMap<SuiAddress, ObjectId>,
    rounds: u64,
}

/// A transaction in the making.
#[derive(Debug)]
pub struct Tx<'n> {
    pub network: &'n Network,
    pub sender: SuiAddress,
    pub ptb: Ptb,
}

/// What a failed transaction aborted with: module, function, code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abort {
    pub module: String,
    pub function: String,
    pub code: u64,
}

pub fn node_key(index: usize) -> BlsSecretKey {
    let mut entropy = [0x5e; 32];
    entropy[..8].copy_from_slice(&(index as u64).to_le_bytes());
    BlsSecretKey::from_entropy(&entropy)
}

pub fn network_key() -> NetworkSecretKey {
    NetworkSecretKey::from_bytes(&[3; 32]).unwrap()
}

fn account(kind: u8, index: usize) -> SuiAddress {
    let mut bytes = [kind; 32];
    bytes[..8].copy_from_slice(&(index as u64).to_be_bytes());
    SuiAddress(bytes)
}

pub fn node_owner(index: usize) -> SuiAddress {
    account(0x20, index)
}

pub fn genesis_config(options: &Options) -> WalrusGenesis {
    let nodes = options.stakes.iter().enumerate().map(|(index, stake)| {
        let (key, owner) = (node_key(index), node_owner(index));
        GenesisNode {
            name: format!("node {index}"),
            network_address: format!("127.0.0.1:{}", 9000 + index),
            public_key: key.public_key(),
            proof_of_possession: ProofOfPossession::sign(&key, Epoch(0), owner),
            network_public_key: network_key().public_key(),
            commission_rate: options.commission_rate,
            storage_price: 100_000,
            write_price: 20_000,
            node_capacity: 1 << 40,
            owner,
            stake_frost: stake * WAL,
        }
    });
    let users = (0..usize::from(options.users)).map(|index| account(0x10, index));
    let owners = (0..options.stakes.len() + options.candidates).map(node_owner);
    let account = |address| GenesisAccount {
        address,
        sui_mist: 1_000_000 * support::SUI,
        wal_frost: 10_000_000 * WAL,
    };
    WalrusGenesis {
        publisher: account_of_publisher(),
        n_shards: options.n_shards,
        epoch_duration_ms: DAY_MS,
        max_epochs_ahead: options.max_epochs_ahead,
        nodes: nodes.collect(),
        exchange: Some(GenesisExchange {
            wal_frost: 1_000_000 * WAL,
            sui_mist: 0,
        }),
        accounts: users
            .chain(owners)
            .chain([account_of_publisher()])
            .map(account)
            .collect(),
    }
}

pub fn account_of_publisher() -> SuiAddress {
    account(0x99, 0)
}

impl Network {
    pub fn new(options: &Options) -> Self {
        let config = GenesisConfig {
            time_ms: 1_700_000_000_000,
            validator_key: vec![7; 96],
        };
        let mut builder = GenesisBuilder::new(&config).unwrap();
        let genesis = genesis_config(options);
        let ids = builder.walrus(&genesis).unwrap();
        let ledger = Ledger::from_genesis(builder);
        let nodes = ids.nodes.iter().enumerate().map(|(index, node)| Node {
            key: node_key(index),
            owner: node_owner(index),
            node_id: node.node_id,
            cap: node.cap,
        });
        let nodes = nodes.collect();
        let mut network = Self {
            ledger,
            nodes,
            users: (0..usize::from(options.users))
                .map(|index| account(0x10, index))
                .collect(),
            now_ms: config.time_ms,
            gas_coins: BTreeMap::new(),
            wal_coins: BTreeMap::new(),
            rounds: 0,
            ids,
        };
        network.find_coins();
        network
    }

    /// Notes the richest coins of everybody.
    fn find_coins(&mut self) {
        let wal: TypeTag = self.ids.wal_type.clone();
        for account in genesis_accounts(&self.ledger) {
            let mut coins = self.ledger.all_coins(account);
            coins.sort_by_key(|coin| support::balance(coin));
            for coin in coins {
                let token = coin.as_struct().unwrap().object_type().is_coin().cloned();
                let id = object_id(&coin.object_id());
                if token.as_ref() == Some(&wal) {
                    self.wal_coins.insert(account, id);
                } else if token == Some(sui()) {
                    self.gas_coins.insert(account, id);
                }
            }
        }
    }

    /// A transaction of `sender`.
    pub fn transaction(&self, sender: SuiAddress, write: impl FnOnce(&mut Tx<'_>)) -> Transaction {
        let mut tx = Tx {
            network: self,
            sender,
            ptb: Ptb::default(),
        };
        write(&mut tx);
        let gas = self.object(&self.gas_coins[&sender]);
        let budget = PriceList::BUDGET_MAX;
        self.ledger
            .paid_with(sender, tx.ptb, vec![reference(&gas)], budget)
    }

    /// Executes a transaction, and checks what every one must keep.
    pub fn execute(&mut self, tx: &Transaction) -> Outcome {
        let options = SimulateOptions::default();
        let outcome = simulate(&self.ledger.state, tx, &self.ledger.ctx, &options).unwrap();
        self.check_invariants(&outcome);
        self.ledger.state.apply(&outcome.writes);
        outcome
    }

    /// Executes commands of `sender`.
    pub fn run(&mut self, sender: SuiAddress, write: impl FnOnce(&mut Tx<'_>)) -> Outcome {
        let tx = self.transaction(sender, write);
        self.execute(&tx)
    }

    /// As [`Self::run`], and it must succeed.
    pub fn ok(&mut self, sender: SuiAddress, write: impl FnOnce(&mut Tx<'_>)) -> Outcome {
        let outcome = self.run(sender, write);
        assert!(outcome.failure.is_none(), "{}", outcome.failure.unwrap());
        outcome
    }

    /// As [`Self::run`], and it must abort.
    pub fn abort(&mut self, sender: SuiAddress, write: impl FnOnce(&mut Tx<'_>)) -> Abort {
        let outcome = self.run(sender, write);
        match abort_of(&outcome) {
            Some(abort) => abort,
            None => panic!("no abort: {:?}", outcome.failure),
        }
    }

    pub fn advance_clock(&mut self, ms: u64) {
        self.now_ms += ms;
        self.rounds += 1;
        let ctx: &Context = &self.ledger.ctx;
        let tx = clock_transaction(ctx, self.rounds, self.now_ms);
        let outcome = execute_system(&self.ledger.state, &tx, ctx).unwrap();
        self.ledger.state.apply(&outcome.writes);
    }

    pub fn object(&self, id: &ObjectId) -> LiveObject {
        let object = self.ledger.state.get(id);
        LiveObject::clone(object.unwrap_or_else(|| panic!("no object {id}")))
    }

    pub fn read<T: DeserializeOwned>(&self, id: &ObjectId) -> T {
        bcs::from_bytes(self.object(id).as_struct().unwrap().contents()).unwrap()
    }

    pub fn field<K, V>(&self, parent: ObjectId, key: &K) -> V
    where
        K: MoveType,
        V: DeserializeOwned,
    {
        let id = FieldKey::new(parent, key).unwrap().id();
        self.read::<Field<K, V>>(&id).value
    }

    pub fn staking(&self) -> StakingInnerV1 {
        self.field(self.ids.staking_object, &VERSION)
    }

    pub fn system(&self) -> SystemStateInnerV1 {
        self.field(self.ids.system_object, &VERSION)
    }

    pub fn active_set(&self) -> ActiveSet {
        let field = self.staking().active_set.id.0;
        self.field(field, &floe_core::onchain::node::ExtendedFieldKey)
    }

    pub fn pool(&self, node: &ObjectId) -> StakingPool {
        self.read(node)
    }

    pub fn epoch(&self) -> u32 {
        self.staking().epoch.0
    }

    pub fn wal_coin(&self, owner: SuiAddress) -> ObjectId {
        self.wal_coins[&owner]
    }

    /// Stakes `frost` of `user` with a node; the stake's id.
    pub fn stake(&mut self, user: SuiAddress, node: ObjectId, frost: u64) -> ObjectId {
        let outcome = self.ok(user, |tx| tx.stake(node, frost));
        created::<StakedWal>(&outcome)[0]
    }

    /// Ends the vote, half an epoch after the last change.
    pub fn voting_end(&mut self) -> Outcome {
        self.advance_clock(DAY_MS / 2);
        self.ok(account_of_publisher(), |tx| tx.voting_end())
    }

    /// Starts the next epoch, half an epoch after the vote.
    pub fn change_epoch(&mut self) -> Outcome {
        self.advance_clock(DAY_MS / 2);
        self.ok(account_of_publisher(), |tx| tx.change_epoch())
    }

    /// All members of the committee have their shards.
    pub fn sync_all(&mut self) {
        let staking = self.staking();
        for node in self.nodes.clone() {
            let cap: floe_core::onchain::node::StorageNodeCap = self.read(&node.cap);
            let member = staking.committee.0.get(&node.node_id).is_some();
            if member && cap.last_epoch_sync_done < staking.epoch {
                self.ok(node.owner, |tx| tx.sync_done(&node, staking.epoch.0));
            }
        }
    }

    /// A whole epoch: vote, change, sync.
    pub fn next_epoch(&mut self) {
        self.voting_end();
        self.change_epoch();
        self.sync_all();
    }
}

impl Tx<'_> {
    pub fn object(&mut self, id: ObjectId) -> Argument {
        let object = self.network.object(&id);
        let input = match object.owner() {
            sui_sdk_types::Owner::Shared(version) => {
                let mutable = id != ObjectId::from_suffix(6);
                sui_sdk_types::Input::Shared(sui_sdk_types::SharedInput::new(
                    address(id),
                    *version,
                    mutable,
                ))
            }
            _ => sui_sdk_types::Input::ImmutableOrOwned(reference(&object)),
        };
        let inputs = &self.ptb.0.inputs;
        match inputs.iter().position(|own| *own == input) {
            Some(index) => Argument::Input(u16::try_from(index).unwrap()),
            None => self.ptb.input(input),
        }
    }

    pub fn pure<T: Serialize>(&mut self, value: &T) -> Argument {
        self.ptb.pure(value)
    }

    pub fn staking(&mut self) -> Argument {
        self.object(self.network.ids.staking_object)
    }

    pub fn system(&mut self) -> Argument {
        self.object(self.network.ids.system_object)
    }

    pub fn treasury(&mut self) -> Argument {
        self.object(self.network.ids.treasury_object)
    }

    pub fn clock(&mut self) -> Argument {
        self.object(ObjectId::from_suffix(6))
    }

    /// Calls `module::function` of package `walrus`.
    pub fn walrus(&mut self, path: &str, arguments: &[Argument]) -> Argument {
        let path = format!("{}::{path}", address(self.network.ids.walrus_package));
        self.ptb.call(&path, &[], arguments)
    }

    /// The sender's coin of WAL.
    pub fn wal_coin(&mut self) -> Argument {
        self.object(self.network.wal_coins[&self.sender])
    }

    /// A new coin out of the sender's WAL.
    pub fn wal(&mut self, frost: u64) -> Argument {
        let coin = self.wal_coin();
        let amounts = vec![self.pure(&frost)];
        self.ptb
            .command(Command::SplitCoins(SplitCoins { coin, amounts }))
    }

    /// Gives a result to the sender.
    pub fn keep(&mut self, object: Argument) {
        self.ptb.transfer(&[object], self.sender);
    }

    pub fn sender_auth(&mut self) -> Argument {
        self.walrus("auth::authenticate_sender", &[])
    }

    pub fn stake(&mut self, node: ObjectId, frost: u64) {
        let (staking, coin) = (self.staking(), self.wal(frost));
        let node = self.pure(&node);
        let stake = self.walrus("staking::stake_with_pool", &[staking, coin, node]);
        self.keep(stake);
    }

    pub fn request_withdraw(&mut self, stake: ObjectId) {
        let arguments = [self.staking(), self.object(stake)];
        self.walrus("staking::request_withdraw_stake", &arguments);
    }

    pub fn withdraw(&mut self, stake: ObjectId) {
        let arguments = [self.staking(), self.object(stake)];
        let coin = self.walrus("staking::withdraw_stake", &arguments);
        self.keep(coin);
    }

    pub fn voting_end(&mut self) {
        let arguments = [self.staking(), self.clock()];
        self.walrus("staking::voting_end", &arguments);
    }

    pub fn change_epoch(&mut self) {
        let arguments = [self.staking(), self.system(), self.treasury(), self.clock()];
        self.walrus("staking::initiate_epoch_change_v2", &arguments);
    }

    pub fn sync_done(&mut self, node: &Node, epoch: u32) {
        let arguments = [
            self.staking(),
            self.object(node.cap),
            self.pure(&epoch),
            self.clock(),
        ];
        self.walrus("staking::epoch_sync_done", &arguments);
    }
}

fn genesis_accounts(ledger: &Ledger) -> Vec<SuiAddress> {
    let mut owners: Vec<SuiAddress> = ledger
        .state
        .iter()
        .filter_map(|(_, object)| match object.owner() {
            sui_sdk_types::Owner::Address(owner) => Some(SuiAddress(owner.into_inner())),
            _ => None,
        })
        .collect();
    owners.sort();
    owners.dedup();
    owners
}

/// The new objects of a type.
pub fn created<T: MoveType>(outcome: &Outcome) -> Vec<ObjectId> {
    let tag = type_tag::<T>();
    support::v2(outcome)
        .changed_objects
        .iter()
        .filter(|change| change.input_state == ObjectIn::NotExist)
        .filter(|change| matches!(change.output_state, ObjectOut::ObjectWrite { .. }))
        .map(|change| object_id(&change.object_id))
        .filter(|id| {
            let object = outcome.writes.objects[id].as_ref().unwrap();
            TypeTag::from(object.as_struct().unwrap().object_type().clone()) == tag
        })
        .collect()
}

/// The events of a type, in order.
pub fn events<T: MoveType>(outcome: &Outcome) -> Vec<T> {
    let tag = type_tag::<T>();
    let events = outcome.events.iter().flat_map(|events| &events.0);
    events
        .filter(|event| TypeTag::from(event.type_.clone()) == tag)
        .map(|event| bcs::from_bytes(&event.contents).unwrap())
        .collect()
}

pub fn abort_of(outcome: &Outcome) -> Option<Abort> {
    match outcome.failure.as_ref()? {
        Failure::Abort { location, code } => Some(Abort {
            module: location.module.to_string(),
            function: location.function.to_string(),
            code: *code,
        }),
        _ => None,
    }
}
