//! How the node is (`docs/spec/node-api.md` §11).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use floe_api::{
    EventProgress, Health, OwnedShardStatus, ShardDetail, ShardHealth,
    ShardState as ShardHealthState, ShardSummary,
};
use floe_core::ShardIndex;
use floe_storage::ShardState;

use crate::shared::Shared;

impl Shared {
    /// How the node is.
    pub(crate) fn health(self: &Arc<Self>, detailed: bool) -> Health {
        let view = self.view();
        let key = self.keys.protocol.public_key();
        let (member, owned) = view.owned(&key);
        let table = self.shards.borrow().clone();
        let owned: BTreeMap<_, _> = owned
            .iter()
            .map(|shard| (*shard, health(table.states.get(shard).copied())))
            .collect();
        let other: BTreeMap<_, _> = table
            .in_state(ShardState::Locked)
            .into_iter()
            .filter(|shard| !owned.contains_key(shard))
            .map(|shard| (shard, ShardHealthState::ReadOnly))
            .collect();
        let with = |wanted| owned.values().filter(|state| **state == wanted).count();
        let ready = with(ShardHealthState::Ready);
        let in_recovery = with(ShardHealthState::InRecovery);
        let next_event = self.next_event();
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        let checkpoint = self.checkpoint.load(Ordering::Relaxed);
        Health {
            uptime: self.env.clock.monotonic().since(self.started),
            epoch: view.epoch,
            public_key: key,
            node_status: match member {
                None => "Standby",
                Some(_) if ready == 0 && in_recovery > 0 => "RecoverMetadata",
                Some(_) => "Active",
            }
            .into(),
            event_progress: EventProgress {
                persisted: next_event,
                pending: 0,
                highest_finished_event_index: next_event.checked_sub(1),
            },
            shard_summary: ShardSummary {
                owned: count(owned.len()),
                owned_shard_status: OwnedShardStatus {
                    unknown: count(owned.len() - ready - in_recovery),
                    ready: count(ready),
                    in_transfer: 0,
                    in_recovery: count(in_recovery),
                },
                read_only: count(other.len()),
            },
            shard_detail: detailed.then(|| ShardDetail {
                owned: details(&owned),
                other: details(&other),
            }),
            latest_checkpoint_sequence_number: (checkpoint > 0).then_some(checkpoint),
        }
    }
}

/// How the API calls the state of a shard that is owned.
const fn health(state: Option<ShardState>) -> ShardHealthState {
    match state {
        Some(ShardState::Ready) => ShardHealthState::Ready,
        Some(ShardState::Gained) => ShardHealthState::InRecovery,
        Some(ShardState::Locked | ShardState::Leaving) | None => ShardHealthState::Unknown,
    }
}

fn details(shards: &BTreeMap<ShardIndex, ShardHealthState>) -> Vec<ShardHealth> {
    let details = shards.iter().map(|(shard, status)| ShardHealth {
        shard: *shard,
        status: *status,
    });
    details.collect()
}
