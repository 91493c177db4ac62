//! Nodes that register, vote and govern on a network in memory.

use floe_core::{
    Epoch, ObjectId, SuiAddress,
    keys::BlsSecretKey,
    messages::ProofOfPossession,
    onchain::{node::StorageNodeCap, staking::Staking},
};
use sui_sdk_types::Argument;

use super::{Network, Node, Tx, created, network_key, node_key, node_owner};

/// What a node registers with.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub name: String,
    pub network_address: String,
    pub public_key: Vec<u8>,
    pub network_public_key: Vec<u8>,
    pub proof: Vec<u8>,
    pub commission_rate: u16,
    pub storage_price: u64,
    pub write_price: u64,
    pub node_capacity: u64,
}

pub fn proof(key: &BlsSecretKey, epoch: u32, sender: SuiAddress) -> Vec<u8> {
    let proof = ProofOfPossession::sign(key, Epoch(epoch), sender);
    proof.to_bytes().to_vec()
}

impl Candidate {
    /// A node with the key of `index` that `sender` may register in `epoch`.
    pub fn new(index: usize, epoch: u32, sender: SuiAddress) -> Self {
        let key = node_key(index);
        Self {
            name: format!("candidate {index}"),
            network_address: format!("127.0.0.1:{}", 9000 + index),
            public_key: key.public_key().to_bytes().to_vec(),
            network_public_key: network_key().public_key().to_bytes().to_vec(),
            proof: proof(&key, epoch, sender),
            commission_rate: 1000,
            storage_price: 100_000,
            write_price: 20_000,
            node_capacity: 1 << 40,
        }
    }
}

impl Network {
    /// Registers the next node; it has no stake yet.
    pub fn register_next(&mut self) -> Node {
        let index = self.nodes.len();
        let owner = node_owner(index);
        let candidate = Candidate::new(index, self.epoch(), owner);
        let outcome = self.ok(owner, |tx| {
            let cap = tx.register_candidate(&candidate);
            tx.keep(cap);
        });
        let cap = created::<StorageNodeCap>(&outcome)[0];
        let node = Node {
            key: node_key(index),
            owner,
            node_id: self.read::<StorageNodeCap>(&cap).node_id,
            cap,
        };
        self.nodes.push(node.clone());
        node
    }

    pub fn node_of(&self, node_id: &ObjectId) -> &Node {
        let mut nodes = self.nodes.iter();
        nodes.find(|node| node.node_id == *node_id).unwrap()
    }

    /// Members of the current committee, the heaviest first.
    pub fn members(&self) -> Vec<Node> {
        let committee = self.staking().committee.0;
        let mut members = committee.contents;
        members.sort_by_key(|(node, shards)| (std::cmp::Reverse(shards.len()), *node));
        let nodes = members.iter().map(|(node, _)| self.node_of(node).clone());
        nodes.collect()
    }

    /// The fewest heaviest members that are a quorum.
    pub fn quorum_members(&self) -> Vec<Node> {
        let staking = self.staking();
        let mut weight = 0;
        let mut quorum = Vec::new();
        for node in self.members() {
            if 3 * weight > 2 * usize::from(staking.n_shards) {
                break;
            }
            weight += staking.committee.0.get(&node.node_id).unwrap().len();
            quorum.push(node);
        }
        quorum
    }
}

impl Tx<'_> {
    pub fn register_candidate(&mut self, candidate: &Candidate) -> Argument {
        let empty = self.pure(&"");
        let metadata = self.walrus("node_metadata::new", &[empty; 3]);
        let arguments = [
            self.staking(),
            self.pure(&candidate.name),
            self.pure(&candidate.network_address),
            metadata,
            self.pure(&candidate.public_key),
            self.pure(&candidate.network_public_key),
            self.pure(&candidate.proof),
            self.pure(&candidate.commission_rate),
            self.pure(&candidate.storage_price),
            self.pure(&candidate.write_price),
            self.pure(&candidate.node_capacity),
        ];
        self.walrus("staking::register_candidate", &arguments)
    }

    /// `staking::function(&mut Staking, &cap, value)`.
    pub fn by_cap<T: serde::Serialize>(
        &mut self,
        function: &str,
        cap: ObjectId,
        value: &T,
    ) -> Argument {
        let arguments = [self.staking(), self.object(cap), self.pure(value)];
        self.walrus(&format!("staking::{function}"), &arguments)
    }

    pub fn try_join(&mut self, cap: ObjectId) {
        let arguments = [self.staking(), self.object(cap)];
        self.walrus("staking::try_join_active_set", &arguments);
    }

    pub fn set_key(&mut self, cap: ObjectId, key: &[u8], proof: &[u8]) {
        let arguments = [
            self.staking(),
            self.object(cap),
            self.pure(&key),
            self.pure(&proof),
        ];
        self.walrus("staking::set_next_public_key", &arguments);
    }

    pub fn update_prices(&mut self) {
        let arguments = [self.staking(), self.system()];
        self.walrus("staking::update_prices", &arguments);
    }

    /// Collects as the one who can use an object: by default the node's cap.
    pub fn collect_commission(&mut self, node: ObjectId, cap: ObjectId) {
        let auth = self.object_auth::<StorageNodeCap>(cap);
        let arguments = [self.staking(), self.pure(&node), auth];
        let coin = self.walrus("staking::collect_commission", &arguments);
        self.keep(coin);
    }

    pub fn object_auth<T: floe_ledger::MoveType>(&mut self, object: ObjectId) -> Argument {
        let object = self.object(object);
        let package = self.network.ids.walrus_package;
        let path = format!(
            "{}::auth::authenticate_with_object",
            floe_ledger::address(package)
        );
        let tag = floe_ledger::type_tag::<T>();
        self.ptb.call(&path, &[tag], &[object])
    }

    pub fn staking_auth(&mut self) -> Argument {
        self.object_auth::<Staking>(self.network.ids.staking_object)
    }

    pub fn vote_slash(&mut self, voter: ObjectId, candidate: ObjectId) {
        let auth = self.sender_auth();
        let arguments = [
            self.object(self.network.ids.slashing_manager),
            self.staking(),
            auth,
            self.pure(&voter),
            self.pure(&candidate),
        ];
        self.walrus("slashing::vote_for_slashing", &arguments);
    }

    pub fn slash(&mut self, candidate: ObjectId) {
        let arguments = [
            self.object(self.network.ids.slashing_manager),
            self.staking(),
            self.treasury(),
            self.pure(&candidate),
        ];
        self.walrus("slashing::execute_slashing", &arguments);
    }

    pub fn cleanup_slashing(&mut self, nodes: &[ObjectId]) {
        let arguments = [
            self.object(self.network.ids.slashing_manager),
            self.staking(),
            self.pure(&nodes),
        ];
        self.walrus("slashing::cleanup_slashing_proposals", &arguments);
    }

    pub fn vote_upgrade(&mut self, voter: ObjectId, digest: &[u8]) {
        let auth = self.sender_auth();
        let arguments = [
            self.object(self.network.ids.upgrade_manager),
            self.staking(),
            auth,
            self.pure(&voter),
            self.pure(&digest),
        ];
        self.walrus("upgrade::vote_for_upgrade", &arguments);
    }

    pub fn authorize_upgrade(&mut self, digest: &[u8]) -> Argument {
        let arguments = [
            self.object(self.network.ids.upgrade_manager),
            self.staking(),
            self.pure(&digest),
        ];
        self.walrus("upgrade::authorize_upgrade", &arguments)
    }

    pub fn cleanup_upgrades(&mut self, digests: &[Vec<u8>]) {
        let arguments = [
            self.object(self.network.ids.upgrade_manager),
            self.staking(),
            self.pure(&digests),
        ];
        self.walrus("upgrade::cleanup_upgrade_proposals", &arguments);
    }

    /// Adds `frost` of the sender's WAL to a node's commission.
    pub fn add_commission(&mut self, node: ObjectId, frost: u64) {
        let coin = self.wal(frost);
        let wal = self.network.ids.wal_type.clone();
        let balance = self.ptb.call("0x2::coin::into_balance", &[wal], &[coin]);
        let balances = self.balances(vec![balance]);
        let arguments = [self.staking(), self.pure(&[node].to_vec()), balances];
        self.walrus("staking::add_commission_to_pools", &arguments);
    }

    pub fn balances(&mut self, elements: Vec<Argument>) -> Argument {
        let type_: sui_sdk_types::TypeTag =
            format!("0x2::balance::Balance<{}>", self.network.ids.wal_type)
                .parse()
                .unwrap();
        self.ptb.command(sui_sdk_types::Command::MakeMoveVector(
            sui_sdk_types::MakeMoveVector {
                type_: Some(type_),
                elements,
            },
        ))
    }
}
