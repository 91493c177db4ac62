//! Shards that come and go with the epochs (`docs/spec/node.md` §6, §7).
//!
//! - When an epoch begins, the shards a node has are compared with those it owns
//!   ([`reconcile`]), which is noted in the store: what follows goes on after a restart.
//! - A shard that was gained is filled by recovery: each certified blob of which a sliver is missing is
//!   noted as one to recover, and the shard is ready when nothing of it is missing any more.
//! - Once all shards are ready, the node reports so to the chain. Reads move from the old committee to
//!   the new one when enough nodes have.
//! - A shard that was lost is served for one more epoch, takes nothing, and is removed then.

mod plan;
mod work;

use std::collections::BTreeSet;
use std::sync::Arc;

use floe_core::{Epoch, ShardIndex};
use floe_storage::{ShardState, Shards, StoreError};

pub(crate) use self::work::ShardWork;
use crate::shared::Shared;

/// The shards of a node at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ShardTable {
    /// The epoch of the committee that says so.
    pub(crate) epoch: Epoch,
    /// Whether the event that began that epoch has been handled. Before that the node does not know
    /// of all that was certified.
    pub(crate) has_begun: bool,
    /// How far each one is.
    pub(crate) states: Shards,
}

impl ShardTable {
    pub(crate) fn in_state(&self, wanted: ShardState) -> BTreeSet<ShardIndex> {
        let all = self.states.iter().filter(|(_, state)| **state == wanted);
        all.map(|(shard, _)| *shard).collect()
    }

    /// Is anything of the shard stored, and meant to stay for now?
    pub(crate) fn has(&self, shard: ShardIndex) -> bool {
        let state = self.states.get(&shard);
        state.is_some_and(|state| *state != ShardState::Leaving)
    }
}

/// Compares the shards in the store with those that are owned now, and notes what is to be done.
pub(crate) async fn reconcile(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let view = shared.view();
    let key = shared.keys.protocol.public_key();
    change(shared, move |table| {
        let (_, owned) = view.owned(&key);
        table.states = plan::plan(&table.states, owned, view.owned_before(&key));
    })
    .await
}

/// Changes how far the node is with its shards, in the store and for all who look at it.
async fn change(
    shared: &Arc<Shared>,
    change: impl FnOnce(&mut ShardTable) + Send + 'static,
) -> Result<(), StoreError> {
    // What is published last is what was stored last.
    let _turn = shared.shard_changes.lock().await;
    let table = shared.io(move |shared| {
        let epoch = shared.epoch();
        shared.store.transaction(|transaction| {
            let known = transaction.shards()?;
            let mut table = ShardTable {
                epoch,
                has_begun: transaction.node_state()?.event_epoch >= Some(epoch),
                states: known.clone(),
            };
            change(&mut table);
            if table.states != known {
                transaction.set_shards(&table.states)?;
            }
            Ok(table)
        })
    });
    publish(shared, table.await?);
    Ok(())
}

fn publish(shared: &Shared, table: ShardTable) {
    let gained = table.in_state(ShardState::Gained).len();
    let gained = u64::try_from(gained).unwrap_or(u64::MAX);
    shared.metrics.shards_filling.set(gained);
    shared.shards.send_if_modified(|current| {
        let changed = *current != table;
        *current = table;
        changed
    });
}
