//! Module `staking` (`docs/spec/contracts.md` §4.6).

use floe_core::{
    Epoch, ObjectId,
    keys::{BlsPublicKey, BlsSignature, NetworkPublicKey},
    onchain::staking::VotingParams,
};

use super::{Calls, Identity};
use crate::{Arg, ObjectUse};

/// What explorers show of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeMetadataText {
    /// Address of a picture.
    pub image_url: String,
    /// Address of a page.
    pub project_url: String,
    /// A text.
    pub description: String,
}

/// What a node registers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRegistration {
    /// Its name, at most 100 bytes.
    pub name: String,
    /// Host and port of its API, at most 259 bytes.
    pub network_address: String,
    /// What explorers show.
    pub metadata: NodeMetadataText,
    /// The key it signs messages with.
    pub public_key: BlsPublicKey,
    /// The key of its TLS server.
    pub network_public_key: NetworkPublicKey,
    /// Proof of having the secret key, for the current epoch and the sender of the transaction.
    pub proof_of_possession: BlsSignature,
    /// Its part of the rewards in basis points.
    pub commission_rate: u16,
    /// Its votes.
    pub votes: VotingParams,
}

/// A node's vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vote {
    /// FROST per storage unit and epoch.
    StoragePrice(u64),
    /// FROST per storage unit written.
    WritePrice(u64),
    /// Bytes the node can store.
    NodeCapacity(u64),
}

impl Calls<'_> {
    /// Registers a node. → `StorageNodeCap`
    pub fn register_candidate(&mut self, node: &NodeRegistration) -> Arg {
        let metadata = self.node_metadata(&node.metadata);
        let args = vec![
            self.staking(ObjectUse::Change),
            self.ptb.pure(&node.name),
            self.ptb.pure(&node.network_address),
            metadata,
            self.ptb.pure(&node.public_key.to_bytes().to_vec()),
            self.ptb.pure(&node.network_public_key.to_bytes().to_vec()),
            self.ptb.pure(&node.proof_of_possession.to_bytes().to_vec()),
            self.ptb.pure(&node.commission_rate),
            self.ptb.pure(&node.votes.storage_price),
            self.ptb.pure(&node.votes.write_price),
            self.ptb.pure(&node.votes.node_capacity),
        ];
        self.walrus("staking", "register_candidate", args)
    }

    fn node_metadata(&mut self, metadata: &NodeMetadataText) -> Arg {
        let args = vec![
            self.ptb.pure(&metadata.image_url),
            self.ptb.pure(&metadata.project_url),
            self.ptb.pure(&metadata.description),
        ];
        self.walrus("node_metadata", "new", args)
    }

    /// Sets the commission rate from the epoch after the next on, in basis points.
    pub fn set_next_commission(&mut self, cap: ObjectId, rate: u16) {
        let rate = self.ptb.pure(&rate);
        self.node_call("set_next_commission", cap, &[rate]);
    }

    /// Takes a node's commission out. → `Coin<WAL>`
    pub fn collect_commission(&mut self, node: ObjectId, identity: Identity) -> Arg {
        let identity = self.authenticate(identity);
        let args = vec![
            self.staking(ObjectUse::Change),
            self.ptb.pure(&node),
            identity,
        ];
        self.walrus("staking", "collect_commission", args)
    }

    /// Says who may collect a node's commission.
    pub fn set_commission_receiver(
        &mut self,
        node: ObjectId,
        identity: Identity,
        receiver: Identity,
    ) {
        self.set_authorized("set_commission_receiver", node, identity, receiver);
    }

    /// Says who may vote for a node on upgrades and slashing.
    pub fn set_governance_authorized(
        &mut self,
        node: ObjectId,
        identity: Identity,
        authorized: Identity,
    ) {
        self.set_authorized("set_governance_authorized", node, identity, authorized);
    }

    fn set_authorized(
        &mut self,
        function: &'static str,
        node: ObjectId,
        identity: Identity,
        authorized: Identity,
    ) {
        let identity = self.authenticate(identity);
        let authorized = self.authorized(authorized);
        let args = vec![
            self.staking(ObjectUse::Change),
            self.ptb.pure(&node),
            identity,
            authorized,
        ];
        self.walrus("staking", function, args);
    }

    /// Votes.
    pub fn vote(&mut self, cap: ObjectId, vote: Vote) {
        let (function, value) = match vote {
            Vote::StoragePrice(frost) => ("set_storage_price_vote", frost),
            Vote::WritePrice(frost) => ("set_write_price_vote", frost),
            Vote::NodeCapacity(bytes) => ("set_node_capacity_vote", bytes),
        };
        let value = self.ptb.pure(&value);
        self.node_call(function, cap, &[value]);
    }

    /// Puts the prices voted for into force.
    pub fn update_prices(&mut self) {
        let args = vec![
            self.staking(ObjectUse::Change),
            self.system(ObjectUse::Change),
        ];
        self.walrus("staking", "update_prices", args);
    }

    /// Sets the key a node signs with from the next epoch on.
    pub fn set_next_public_key(
        &mut self,
        cap: ObjectId,
        key: &BlsPublicKey,
        proof_of_possession: &BlsSignature,
    ) {
        let key = self.ptb.pure(&key.to_bytes().to_vec());
        let proof = self.ptb.pure(&proof_of_possession.to_bytes().to_vec());
        self.node_call("set_next_public_key", cap, &[key, proof]);
    }

    /// Renames a node.
    pub fn set_name(&mut self, cap: ObjectId, name: &str) {
        let name = self.ptb.pure(name);
        self.node_call("set_name", cap, &[name]);
    }

    /// Sets where a node's API is.
    pub fn set_network_address(&mut self, cap: ObjectId, address: &str) {
        let address = self.ptb.pure(address);
        self.node_call("set_network_address", cap, &[address]);
    }

    /// Sets the key of a node's TLS server.
    pub fn set_network_public_key(&mut self, cap: ObjectId, key: &NetworkPublicKey) {
        let key = self.ptb.pure(&key.to_bytes().to_vec());
        self.node_call("set_network_public_key", cap, &[key]);
    }

    /// Sets what explorers show of a node.
    pub fn set_node_metadata(&mut self, cap: ObjectId, metadata: &NodeMetadataText) {
        let metadata = self.node_metadata(metadata);
        self.node_call("set_node_metadata", cap, &[metadata]);
    }

    fn node_call(&mut self, function: &'static str, cap: ObjectId, values: &[Arg]) {
        let mut args = vec![self.staking(ObjectUse::Change), self.own(cap)];
        args.extend(values);
        self.walrus("staking", function, args);
    }

    /// Selects the next committee.
    pub fn voting_end(&mut self) {
        let args = vec![self.staking(ObjectUse::Change), self.clock()];
        self.walrus("staking", "voting_end", args);
    }

    /// Begins the next epoch.
    pub fn initiate_epoch_change(&mut self, treasury: ObjectId) {
        let args = vec![
            self.staking(ObjectUse::Change),
            self.system(ObjectUse::Change),
            self.ptb.object(treasury, ObjectUse::Change),
            self.clock(),
        ];
        self.walrus("staking", "initiate_epoch_change_v2", args);
    }

    /// Reports that a node has received its shards.
    pub fn epoch_sync_done(&mut self, cap: ObjectId, epoch: Epoch) {
        let args = vec![
            self.staking(ObjectUse::Change),
            self.own(cap),
            self.ptb.pure(&epoch),
            self.clock(),
        ];
        self.walrus("staking", "epoch_sync_done", args);
    }

    /// Stakes a coin of WAL, which is used up. → `StakedWal`
    pub fn stake(&mut self, coin: Arg, node: ObjectId) -> Arg {
        let args = vec![self.staking(ObjectUse::Change), coin, self.ptb.pure(&node)];
        self.walrus("staking", "stake_with_pool", args)
    }

    /// Asks for a stake back.
    pub fn request_withdraw(&mut self, staked: Arg) {
        let args = vec![self.staking(ObjectUse::Change), staked];
        self.walrus("staking", "request_withdraw_stake", args);
    }

    /// Takes a stake out. → `Coin<WAL>`
    pub fn withdraw(&mut self, staked: Arg) -> Arg {
        let args = vec![self.staking(ObjectUse::Change), staked];
        self.walrus("staking", "withdraw_stake", args)
    }

    /// Tries to get a node into the active set again.
    pub fn try_join_active_set(&mut self, cap: ObjectId) {
        self.node_call("try_join_active_set", cap, &[]);
    }

    /// Adds to nodes' commissions. Uses the coins up.
    pub fn add_commission_to_pools(&mut self, commissions: Vec<(ObjectId, Arg)>) {
        let (nodes, coins): (Vec<ObjectId>, Vec<Arg>) = commissions.into_iter().unzip();
        let balances = self.balances(coins);
        let args = vec![
            self.staking(ObjectUse::Change),
            self.ptb.pure(&nodes),
            balances,
        ];
        self.walrus("staking", "add_commission_to_pools", args);
    }

    /// The committee that the present stakes would make. → `Committee`
    pub fn compute_next_committee(&mut self) -> Arg {
        let args = vec![self.staking(ObjectUse::Read)];
        self.walrus("staking", "compute_next_committee", args)
    }

    /// What a stake of `principal` FROST has earned between two epochs. → `u64`
    pub fn calculate_rewards(
        &mut self,
        node: ObjectId,
        principal: u64,
        activation: Epoch,
        withdrawal: Epoch,
    ) -> Arg {
        let args = vec![
            self.staking(ObjectUse::Read),
            self.ptb.pure(&node),
            self.ptb.pure(&principal),
            self.ptb.pure(&activation),
            self.ptb.pure(&withdrawal),
        ];
        self.walrus("staking", "calculate_rewards", args)
    }

    /// Whether a stake can be taken out at once. → `bool`
    pub fn can_withdraw_early(&mut self, staked: Arg) -> Arg {
        let args = vec![self.staking(ObjectUse::Read), staked];
        self.walrus("staking", "can_withdraw_staked_wal_early", args)
    }
}
