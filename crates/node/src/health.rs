//! How the node is (`docs/spec/node-api.md` §11).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use floe_api::{
    EventProgress, Health, OwnedShardStatus, ShardDetail, ShardHealth, ShardState, ShardSummary,
};
use floe_core::ShardIndex;

use crate::shared::Shared;

impl Shared {
    /// How the node is.
    pub(crate) fn health(self: &Arc<Self>, detailed: bool) -> Health {
        let view = self.view();
        let key = self.keys.protocol.public_key();
        let (member, owned) = view.owned(&key);
        let before = view.previous.as_ref();
        let before = before.and_then(|members| members.committee.find_key(&key));
        let before = before.map_or(&[][..], |(_, member)| &member.shards);
        let other = before.iter().filter(|shard| !owned.contains(shard));
        let states = |shards: &mut dyn Iterator<Item = &ShardIndex>, status| {
            let sorted: BTreeMap<_, _> = shards
                .map(|shard| {
                    (
                        shard.0,
                        ShardHealth {
                            shard: *shard,
                            status,
                        },
                    )
                })
                .collect();
            sorted.into_values().collect::<Vec<_>>()
        };
        let next_event = self.next_event();
        let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        let checkpoint = self.checkpoint.load(Ordering::Relaxed);
        Health {
            uptime: self.env.clock.monotonic().since(self.started),
            epoch: view.epoch,
            public_key: key,
            node_status: if member.is_some() {
                "Active"
            } else {
                "Standby"
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
                    ready: count(owned.len()),
                    ..OwnedShardStatus::default()
                },
                read_only: count(other.clone().count()),
            },
            shard_detail: detailed.then(|| ShardDetail {
                owned: states(&mut owned.iter(), ShardState::Ready),
                other: states(&mut other.clone(), ShardState::ReadOnly),
            }),
            latest_checkpoint_sequence_number: (checkpoint > 0).then_some(checkpoint),
        }
    }
}
