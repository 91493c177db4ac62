//! How a node is (`docs/spec/node-api.md` §11).

use std::time::Duration;

use floe_core::{Epoch, ShardIndex, keys::BlsPublicKey};
use serde::{Deserialize, Serialize};

/// How a node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Since the process started.
    pub uptime: Duration,
    /// The epoch of its committee.
    pub epoch: Epoch,
    /// The key it signs messages with.
    pub public_key: BlsPublicKey,
    /// `Standby`, `Active`, `RecoverMetadata`, `RecoveryCatchUp`, `RecoveryInProgress (<epoch>)` or
    /// `RecoveryCatchUpWithIncompleteHistory (…)`.
    pub node_status: String,
    /// How far it is with the events of the chain.
    pub event_progress: EventProgress,
    /// Its shards, counted.
    pub shard_summary: ShardSummary,
    /// Its shards, one by one, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_detail: Option<ShardDetail>,
    /// The last checkpoint of the chain it has seen, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_checkpoint_sequence_number: Option<u64>,
}

/// How far a node is with the events of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventProgress {
    /// Events up to which all are complete.
    pub persisted: u64,
    /// Complete ones behind others that are not.
    pub pending: u64,
    /// The greatest index of a complete event since the process started.
    #[serde(default)]
    pub highest_finished_event_index: Option<u64>,
}

/// A node's shards, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardSummary {
    /// Those it owns.
    pub owned: u64,
    /// Those it owns, by state.
    pub owned_shard_status: OwnedShardStatus,
    /// Those it holds and does not own any more.
    pub read_only: u64,
}

/// Numbers of owned shards by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnedShardStatus {
    /// Not in the node's database.
    pub unknown: u64,
    /// Complete.
    pub ready: u64,
    /// Being fetched from their previous holders.
    pub in_transfer: u64,
    /// Being recovered from others.
    pub in_recovery: u64,
}

/// A node's shards, one by one, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardDetail {
    /// Those it owns.
    pub owned: Vec<ShardHealth>,
    /// Others it holds.
    pub other: Vec<ShardHealth>,
}

/// The state of one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardHealth {
    /// The shard.
    pub shard: ShardIndex,
    /// Its state.
    pub status: ShardState,
}

/// The state of a shard at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ShardState {
    /// Not in the node's database.
    Unknown,
    /// Complete.
    Ready,
    /// Being fetched from its previous holder.
    InTransfer,
    /// Being recovered from others.
    InRecovery,
    /// Not owned any more.
    ReadOnly,
}

#[cfg(test)]
mod tests {
    use floe_core::keys::BlsSecretKey;

    use super::*;

    #[test]
    fn health_has_the_form_of_the_network() {
        let key = BlsSecretKey::from_entropy(&[3; 32]).public_key();
        let mut health = Health {
            uptime: Duration::new(12, 345),
            epoch: Epoch(3),
            public_key: key,
            node_status: "Active".into(),
            event_progress: EventProgress {
                persisted: 10,
                pending: 0,
                highest_finished_event_index: Some(9),
            },
            shard_summary: ShardSummary {
                owned: 10,
                owned_shard_status: OwnedShardStatus {
                    ready: 10,
                    ..OwnedShardStatus::default()
                },
                read_only: 0,
            },
            shard_detail: Some(ShardDetail {
                owned: vec![ShardHealth {
                    shard: ShardIndex(1),
                    status: ShardState::InTransfer,
                }],
                other: Vec::new(),
            }),
            latest_checkpoint_sequence_number: Some(123),
        };
        let json = format!(
            concat!(
                r#"{{"uptime":{{"secs":12,"nanos":345}},"epoch":3,"publicKey":"{}","#,
                r#""nodeStatus":"Active","eventProgress":{{"persisted":10,"pending":0,"#,
                r#""highestFinishedEventIndex":9}},"shardSummary":{{"owned":10,"#,
                r#""ownedShardStatus":{{"unknown":0,"ready":10,"inTransfer":0,"inRecovery":0}},"#,
                r#""readOnly":0}},"shardDetail":{{"owned":[{{"shard":1,"status":"inTransfer"}}],"#,
                r#""other":[]}},"latestCheckpointSequenceNumber":123}}"#
            ),
            key
        );
        assert_eq!(serde_json::to_string(&health).unwrap(), json);
        assert_eq!(serde_json::from_str::<Health>(&json).unwrap(), health);
        health.shard_detail = None;
        health.latest_checkpoint_sequence_number = None;
        let short = serde_json::to_string(&health).unwrap();
        assert!(short.ends_with(r#""readOnly":0}}"#), "{short}");
        assert_eq!(serde_json::from_str::<Health>(&short).unwrap(), health);
    }
}
