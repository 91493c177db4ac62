//! What becomes of a node's shards when the committee changes (`docs/spec/node.md` §6.2, §7).

use floe_core::ShardIndex;
use floe_storage::{ShardState, Shards};

/// The shards of a node that owns `owned` now and owned `before` in the epoch before.
///
/// A shard that is owned and was not, or had been lost meanwhile, is one to fill. One that is lost is
/// served for one more epoch, so that its new owner can get at it, and then removed. Applying this
/// twice changes nothing, so that it may be done again after a crash.
pub(crate) fn plan(known: &Shards, owned: &[ShardIndex], before: &[ShardIndex]) -> Shards {
    let mut shards = Shards::new();
    for (shard, state) in known {
        let state = match state {
            ShardState::Leaving => ShardState::Leaving,
            _ if before.contains(shard) => ShardState::Locked,
            _ => ShardState::Leaving,
        };
        shards.insert(*shard, state);
    }
    for shard in owned {
        let state = match known.get(shard) {
            Some(ShardState::Ready) => ShardState::Ready,
            _ => ShardState::Gained,
        };
        shards.insert(*shard, state);
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices(numbers: &[u16]) -> Vec<ShardIndex> {
        numbers.iter().copied().map(ShardIndex).collect()
    }

    fn step(known: &Shards, owned: &[u16], before: &[u16]) -> Shards {
        let planned = plan(known, &indices(owned), &indices(before));
        let again = plan(&planned, &indices(owned), &indices(before));
        assert_eq!(planned, again, "doing it again changes nothing");
        planned
    }

    fn state(shards: &Shards, shard: u16) -> Option<ShardState> {
        shards.get(&ShardIndex(shard)).copied()
    }

    #[test]
    fn shards_are_filled_kept_served_for_an_epoch_and_removed() {
        let mut shards = step(&Shards::new(), &[1, 2], &[]);
        assert_eq!(state(&shards, 1), Some(ShardState::Gained));
        shards.insert(ShardIndex(1), ShardState::Ready);
        // One moves on, one comes.
        let shards = step(&shards, &[1, 3], &[1, 2]);
        assert_eq!(state(&shards, 1), Some(ShardState::Ready));
        assert_eq!(state(&shards, 2), Some(ShardState::Locked));
        assert_eq!(state(&shards, 3), Some(ShardState::Gained));
        // Lost in the epoch before the last.
        let shards = step(&shards, &[3], &[1, 3]);
        assert_eq!(state(&shards, 1), Some(ShardState::Locked));
        assert_eq!(state(&shards, 2), Some(ShardState::Leaving));
    }

    #[test]
    fn a_shard_that_comes_back_has_missed_something() {
        let known = Shards::from([
            (ShardIndex(1), ShardState::Locked),
            (ShardIndex(2), ShardState::Leaving),
        ]);
        let shards = step(&known, &[1, 2], &[]);
        assert_eq!(state(&shards, 1), Some(ShardState::Gained));
        assert_eq!(state(&shards, 2), Some(ShardState::Gained));
    }

    #[test]
    fn a_node_that_slept_through_epochs_keeps_nothing_of_what_it_lost() {
        let known = Shards::from([(ShardIndex(1), ShardState::Ready)]);
        let shards = step(&known, &[5], &[6]);
        assert_eq!(state(&shards, 1), Some(ShardState::Leaving));
        // Owned in the epoch before, and never stored: nothing to serve.
        assert_eq!(state(&shards, 6), None);
    }
}
