//! The committees: who holds which shards, and how to reach them.

use std::sync::Arc;

use floe_core::{
    Committee, Epoch, MemberIndex, ObjectId, ShardIndex,
    keys::{BlsPublicKey, NetworkPublicKey},
    onchain::staking::{EpochState, StakingPool},
};

/// What there is to know of a storage node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInfo {
    /// The id of the node, and of its staking pool.
    pub id: ObjectId,
    /// Its name.
    pub name: String,
    /// Host and port of its API.
    pub network_address: String,
    /// The key of its TLS server; `None` if what it registered is no key.
    pub network_public_key: Option<NetworkPublicKey>,
    /// All the rest: stake, commission, votes.
    pub pool: Arc<StakingPool>,
}

impl NodeInfo {
    /// What a pool says of its node.
    pub fn new(pool: StakingPool) -> Self {
        let info = &pool.node_info;
        Self {
            id: pool.id.0,
            name: info.name.clone(),
            network_address: info.network_address.clone(),
            network_public_key: NetworkPublicKey::from_bytes(&info.network_public_key).ok(),
            pool: Arc::new(pool),
        }
    }
}

/// A committee with what is known of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardMap {
    /// Who holds which shards, and their keys.
    pub committee: Arc<Committee>,
    /// The members, by index.
    pub nodes: Arc<[NodeInfo]>,
}

impl ShardMap {
    /// The committee's epoch.
    pub fn epoch(&self) -> Epoch {
        self.committee.epoch()
    }

    /// A member, or `None` if there are fewer.
    pub fn node(&self, index: MemberIndex) -> Option<&NodeInfo> {
        self.nodes.get(index.as_usize())
    }

    /// The member that holds a shard, or `None` if there is no such shard.
    pub fn holder(&self, shard: ShardIndex) -> Option<(MemberIndex, &NodeInfo)> {
        let index = self.committee.holder(shard)?;
        Some((index, self.node(index)?))
    }

    /// The member with an id.
    pub fn find(&self, id: &ObjectId) -> Option<(MemberIndex, &NodeInfo)> {
        let (index, _) = self.committee.find_node(id)?;
        Some((index, self.node(index)?))
    }

    /// The shards of a node; empty if it is no member.
    pub fn shards_of(&self, id: &ObjectId) -> &[ShardIndex] {
        let member = self.committee.find_node(id);
        member.map_or(&[], |(_, member)| &member.shards)
    }

    /// The key a member signs with.
    pub fn public_key(&self, index: MemberIndex) -> Option<&BlsPublicKey> {
        self.committee
            .member(index)
            .map(|member| &member.public_key)
    }
}

/// The committees around the present, and how far the change between them is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committees {
    /// The committee of the current epoch; `None` in epoch 0.
    pub current: Option<ShardMap>,
    /// The committee of the epoch before; `None` in epochs 0 and 1.
    pub previous: Option<ShardMap>,
    /// The committee of the next epoch, once it is selected.
    pub next: Option<ShardMap>,
    /// Progress of the current epoch.
    pub epoch_state: EpochState,
}

/// The network is in epoch 0, before the first committee: nothing can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the network has no committee yet (epoch 0)")]
pub struct NoCommittee;

impl Committees {
    /// The committee that takes new blobs.
    ///
    /// # Errors
    /// [`NoCommittee`] in epoch 0.
    pub fn for_writes(&self) -> Result<&ShardMap, NoCommittee> {
        self.current.as_ref().ok_or(NoCommittee)
    }

    /// The committee that has a blob certified in `certified`: while shards move, those of the
    /// previous epoch still serve what was certified before the current one.
    ///
    /// # Errors
    /// [`NoCommittee`] in epoch 0.
    pub fn for_reads(&self, certified: Epoch) -> Result<&ShardMap, NoCommittee> {
        let current = self.for_writes()?;
        match &self.previous {
            Some(previous) if self.is_transitioning() && certified < current.epoch() => {
                Ok(previous)
            }
            _ => Ok(current),
        }
    }

    /// Whether the nodes are still receiving the shards of the current epoch.
    pub const fn is_transitioning(&self) -> bool {
        matches!(self.epoch_state, EpochState::EpochChangeSync(_))
    }
}
