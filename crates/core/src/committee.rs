//! The committee: who holds which shards, and how much of it must agree
//! (`docs/spec/encoding.md` §10.3, §10.4).

use std::{fmt, num::NonZeroU16};

use crate::{CodeParams, Epoch, ObjectId, ShardIndex, keys::BlsPublicKey, onchain};

/// Position of a member in its committee, as certificates and bitmaps name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberIndex(pub u16);

impl MemberIndex {
    /// The index as a position in a slice.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for MemberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A storage node in a committee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitteeMember {
    /// The id of the node's staking pool.
    pub node_id: ObjectId,
    /// The key it signs messages with.
    pub public_key: BlsPublicKey,
    /// Its shards, whose number is its weight. In the chain's order, which is not sorted.
    pub shards: Vec<ShardIndex>,
}

impl CommitteeMember {
    /// How many shards the member holds.
    pub fn weight(&self) -> u16 {
        u16::try_from(self.shards.len())
            .expect("a committee gives each of at most 65535 shards once")
    }
}

/// How much weight must stand behind a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredWeight {
    /// `3w ≥ 2n + 1`: certifying blobs, deny list updates, protocol versions.
    Quorum,
    /// `3w ≥ n + 1`, so that one signer is correct: invalid blobs, deletion of denied blobs.
    OneCorrectNode,
}

impl RequiredWeight {
    /// Whether `weight` of `n_shards` shards suffices, by the chain's inequality.
    pub const fn is_reached(self, weight: u16, n_shards: u16) -> bool {
        let (weight, n_shards) = (weight as u32, n_shards as u32);
        match self {
            Self::Quorum => 3 * weight > 2 * n_shards,
            Self::OneCorrectNode => 3 * weight > n_shards,
        }
    }

    /// The least weight that suffices.
    pub const fn least(self, n_shards: u16) -> u16 {
        match self {
            Self::Quorum => n_shards - n_shards.div_ceil(3) + 1,
            Self::OneCorrectNode => n_shards / 3 + 1,
        }
    }
}

/// Why members make no committee. The chain, or whoever read it, is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeError {
    /// No shards, as in epoch 0.
    #[error("the committee of epoch {epoch} has no shards")]
    Empty {
        /// The epoch.
        epoch: Epoch,
    },
    /// A node is listed twice.
    #[error("node {node_id} is listed twice")]
    DuplicateNode {
        /// The node.
        node_id: ObjectId,
    },
    /// More members than indices; some hold no shards.
    #[error("expected at most 65535 members, got {got}")]
    TooManyMembers {
        /// The number of members.
        got: usize,
    },
    /// A shard index is too great.
    #[error("shard {shard} of {n_shards} shards")]
    ShardOutOfRange {
        /// The shard.
        shard: ShardIndex,
        /// The number of shards.
        n_shards: u16,
    },
    /// A shard is held by two nodes, or twice by one.
    #[error("shard {shard} is assigned twice")]
    DuplicateShard {
        /// The shard.
        shard: ShardIndex,
    },
    /// A node's key is unknown.
    #[error("no public key of node {node_id}")]
    UnknownKey {
        /// The node.
        node_id: ObjectId,
    },
    /// A shard is held by no node.
    #[error("shard {shard} is not assigned")]
    UnassignedShard {
        /// The shard.
        shard: ShardIndex,
    },
}

/// The nodes that hold all the shards in an epoch, sorted by node id.
///
/// Every shard has exactly one holder. Cloning is costly for many shards; share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committee {
    epoch: Epoch,
    n_shards: NonZeroU16,
    members: Vec<CommitteeMember>,
    /// The holder of each shard.
    holders: Vec<MemberIndex>,
}

impl Committee {
    /// A committee of these members, in any order.
    ///
    /// # Errors
    /// [`CommitteeError`] unless the nodes differ and hold each of the shards once.
    pub fn new(
        epoch: Epoch,
        n_shards: u16,
        mut members: Vec<CommitteeMember>,
    ) -> Result<Self, CommitteeError> {
        let n_shards = NonZeroU16::new(n_shards).ok_or(CommitteeError::Empty { epoch })?;
        members.sort_by_key(|member| member.node_id);
        if let Some([first, _]) = members
            .array_windows()
            .find(|[a, b]| a.node_id == b.node_id)
        {
            return Err(CommitteeError::DuplicateNode {
                node_id: first.node_id,
            });
        }
        if members.len() > usize::from(u16::MAX) {
            return Err(CommitteeError::TooManyMembers { got: members.len() });
        }
        let holders = holders(n_shards.get(), &members)?;
        Ok(Self {
            epoch,
            n_shards,
            members,
            holders,
        })
    }

    /// The committee that holds shards as the staking object has it, with keys from elsewhere: the
    /// system object for the current committee, the pools for others.
    ///
    /// # Errors
    /// [`CommitteeError`], also if `key` is `None` for a node.
    pub fn from_assignment(
        epoch: Epoch,
        n_shards: u16,
        assignment: &onchain::staking::Committee,
        mut key: impl FnMut(&ObjectId) -> Option<BlsPublicKey>,
    ) -> Result<Self, CommitteeError> {
        let member = |(node_id, shards): &(ObjectId, Vec<ShardIndex>)| {
            let node_id = *node_id;
            let public_key = key(&node_id).ok_or(CommitteeError::UnknownKey { node_id })?;
            Ok(CommitteeMember {
                node_id,
                public_key,
                shards: shards.clone(),
            })
        };
        let members = assignment.0.iter().map(member).collect::<Result<_, _>>()?;
        Self::new(epoch, n_shards, members)
    }

    /// The epoch.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The number of shards.
    pub const fn n_shards(&self) -> u16 {
        self.n_shards.get()
    }

    /// The parameters of the code for that number of shards.
    pub const fn params(&self) -> CodeParams {
        CodeParams::new(self.n_shards)
    }

    /// The members, by index.
    pub fn members(&self) -> &[CommitteeMember] {
        &self.members
    }

    /// The members with their indices.
    pub fn indexed_members(
        &self,
    ) -> impl ExactSizeIterator<Item = (MemberIndex, &CommitteeMember)> {
        self.members
            .iter()
            .enumerate()
            .map(|(i, member)| (member_index(i), member))
    }

    /// A member, or `None` if there are fewer.
    pub fn member(&self, index: MemberIndex) -> Option<&CommitteeMember> {
        self.members.get(index.as_usize())
    }

    /// The member with this node id.
    pub fn find_node(&self, node_id: &ObjectId) -> Option<(MemberIndex, &CommitteeMember)> {
        let index = self
            .members
            .binary_search_by_key(node_id, |member| member.node_id)
            .ok()?;
        Some((member_index(index), self.members.get(index)?))
    }

    /// The member with this key.
    pub fn find_key(&self, key: &BlsPublicKey) -> Option<(MemberIndex, &CommitteeMember)> {
        self.indexed_members()
            .find(|(_, member)| member.public_key == *key)
    }

    /// The member that holds a shard, or `None` if there is no such shard.
    pub fn holder(&self, shard: ShardIndex) -> Option<MemberIndex> {
        self.holders.get(shard.as_usize()).copied()
    }

    /// The summed weight of members, each of which must be named once. Unknown ones weigh nothing.
    pub fn weight(&self, members: impl IntoIterator<Item = MemberIndex>) -> u16 {
        members
            .into_iter()
            .filter_map(|index| self.member(index))
            .fold(0, |weight, member| weight.saturating_add(member.weight()))
    }
}

fn member_index(position: usize) -> MemberIndex {
    MemberIndex(u16::try_from(position).expect("a committee has at most 65535 members"))
}

fn holders(n_shards: u16, members: &[CommitteeMember]) -> Result<Vec<MemberIndex>, CommitteeError> {
    let mut holders = vec![None; usize::from(n_shards)];
    for (index, member) in members.iter().enumerate() {
        for &shard in &member.shards {
            let holder = holders
                .get_mut(shard.as_usize())
                .ok_or(CommitteeError::ShardOutOfRange { shard, n_shards })?;
            if holder.replace(member_index(index)).is_some() {
                return Err(CommitteeError::DuplicateShard { shard });
            }
        }
    }
    let unassigned = |shard| CommitteeError::UnassignedShard { shard };
    let shards = (0..n_shards).map(ShardIndex);
    shards
        .zip(holders)
        .map(|(shard, holder)| holder.ok_or_else(|| unassigned(shard)))
        .collect()
}

#[cfg(test)]
mod tests;
