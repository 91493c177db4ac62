//! The nodes and their shards.

use std::{cmp::Reverse, fmt};

use floe_contracts::{NetworkState, NodeInfo, ShardMap};
use floe_core::{
    Axis, CommitteeMember, ObjectId,
    keys::BlsPublicKey,
    onchain::{node::Authorized, staking::VotingParams},
};
use serde::Serialize;

use super::Args;
use crate::{
    commands::network::wal,
    error::Failure,
    output::{Facts, bytes, count},
};

/// By what nodes are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sort {
    /// By node id
    Id,
    /// By name
    Name,
    /// By network address
    Url,
    /// The most shards first
    Shards,
    /// The greatest stake first
    Stake,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitteeInfo {
    n_shards: u16,
    n_primary_source_symbols: u16,
    n_secondary_source_symbols: u16,
    max_sliver_size: u64,
    metadata_storage_size: u64,
    max_encoded_blob_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_storage_nodes: Option<Vec<NodeRow>>,
    next_storage_nodes: Option<Vec<NodeRow>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeRow {
    name: String,
    network_address: String,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_epoch_public_key: Option<String>,
    network_public_key: Option<String>,
    n_shards: usize,
    shard_ids: Vec<u16>,
    node_id: ObjectId,
    stake: u64,
    commission_rate: u16,
    voting_params: Votes,
    #[serde(skip_serializing_if = "Option::is_none")]
    commission_receiver: Option<Receiver>,
}

/// What a node votes for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Votes {
    storage_price: u64,
    write_price: u64,
    node_capacity: u64,
}

/// Who gets a commission.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Receiver {
    Address(String),
    Object(ObjectId),
}

impl CommitteeInfo {
    pub(super) fn new(state: &NetworkState, args: &Args) -> Result<Self, Failure> {
        let params = state.params();
        let current = state
            .committees
            .for_writes()
            .map_err(floe_client::ClientError::from)?;
        let max_encoded = params.encoded_length(params.max_blob_size());
        let shown = |map: &ShardMap| (!args.hide_details).then(|| rows(map, args));
        Ok(Self {
            n_shards: params.n_shards(),
            n_primary_source_symbols: params.primary_source_symbols(),
            n_secondary_source_symbols: params.secondary_source_symbols(),
            max_sliver_size: params.sliver_bytes(Axis::Primary, floe_core::SymbolSize::MAX) as u64,
            metadata_storage_size: u64::from(params.n_shards()) * params.metadata_len(),
            max_encoded_blob_size: max_encoded
                .map_err(|error| Failure::too_large("a blob", &error))?,
            current_storage_nodes: shown(current),
            next_storage_nodes: state.committees.next.as_ref().and_then(shown),
        })
    }
}

fn rows(shards: &ShardMap, args: &Args) -> Vec<NodeRow> {
    let members = shards.nodes.iter().zip(shards.committee.members());
    let mut rows: Vec<_> = members
        .map(|(node, member)| NodeRow::new(node, member, args.commission_receivers))
        .collect();
    match args.sort {
        None => {}
        Some(Sort::Id) => rows.sort_by_key(|row| row.node_id),
        Some(Sort::Name) => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        Some(Sort::Url) => rows.sort_by(|a, b| a.network_address.cmp(&b.network_address)),
        Some(Sort::Shards) => rows.sort_by_key(|row| Reverse(row.n_shards)),
        Some(Sort::Stake) => rows.sort_by_key(|row| Reverse(row.stake)),
    }
    rows
}

impl NodeRow {
    fn new(node: &NodeInfo, member: &CommitteeMember, receiver: bool) -> Self {
        let mut shard_ids: Vec<_> = member.shards.iter().map(|shard| shard.get()).collect();
        shard_ids.sort_unstable();
        let next = node.pool.node_info.next_epoch_public_key.as_ref();
        let next = next.and_then(|key| BlsPublicKey::from_uncompressed(&key.bytes).ok());
        Self {
            name: node.name.clone(),
            network_address: node.network_address.clone(),
            public_key: member.public_key.to_string(),
            next_epoch_public_key: next.map(|key| key.to_string()),
            network_public_key: node.network_public_key.map(|key| key.to_string()),
            n_shards: shard_ids.len(),
            shard_ids,
            node_id: node.id,
            stake: node.pool.wal_balance,
            commission_rate: node.pool.commission_rate,
            voting_params: Votes::from(&node.pool.voting_params),
            commission_receiver: receiver.then(|| Receiver::from(&node.pool.commission_receiver)),
        }
    }
}

impl From<&VotingParams> for Votes {
    fn from(votes: &VotingParams) -> Self {
        Self {
            storage_price: votes.storage_price,
            write_price: votes.write_price,
            node_capacity: votes.node_capacity,
        }
    }
}

impl From<&Authorized> for Receiver {
    fn from(receiver: &Authorized) -> Self {
        match receiver {
            Authorized::Address(address) => Self::Address(address.to_string()),
            Authorized::ObjectID(id) => Self::Object(*id),
        }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address),
            Self::Object(id) => write!(f, "the owner of {id}"),
        }
    }
}

impl fmt::Display for CommitteeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Facts::default()
            .add(
                "slivers for a blob",
                format_args!(
                    "{} primary or {} secondary",
                    self.n_primary_source_symbols, self.n_secondary_source_symbols
                ),
            )
            .add("largest sliver", bytes(self.max_sliver_size))
            .add("metadata of a blob", bytes(self.metadata_storage_size))
            .fmt(f)?;
        for row in self.current_storage_nodes.iter().flatten() {
            write!(f, "\n{row}")?;
        }
        if let Some(next) = &self.next_storage_nodes {
            f.write_str("\nin the next epoch:")?;
            for row in next {
                write!(f, "\n{row}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for NodeRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}  {}  {}, {} staked  {}",
            self.name,
            self.network_address,
            count(self.n_shards, "shard"),
            wal(self.stake),
            self.node_id
        )?;
        match &self.commission_receiver {
            Some(receiver) => write!(
                f,
                "\n  commission of {} % goes to {receiver}",
                f64::from(self.commission_rate) / 100.0
            ),
            None => Ok(()),
        }
    }
}
