//! Slivers of shards that a node has lost are removed, and nothing else.
#![expect(
    clippy::unwrap_used,
    reason = "a test, also outside of its entry points"
)]

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use floe_core::{BlobId, ShardIndex};
use floe_env::Disk;
use floe_env::testing::CrashDisk;
use floe_storage::{RecordKind, ShardState, Shards, Store};
use world::{apply, blob, keys, make, object, open, payload, put, record, registered};

const BLOBS: u8 = 20;
const LOST: ShardIndex = ShardIndex(3);

/// Removes in steps of so many records; how many steps that took.
fn remove(store: &Store, limit: usize) -> u32 {
    let (mut from, mut steps) = (BlobId::ZERO, 0);
    loop {
        steps += 1;
        let step = store.transaction(|transaction| {
            transaction.remove_slivers(&BTreeSet::from([LOST]), &from, limit)
        });
        match step.unwrap() {
            Some(next) => from = next,
            None => return steps,
        }
    }
}

#[test]
fn slivers_of_lost_shards_go_in_steps_and_others_stay() {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    make(&shared).unwrap();
    let mut store = open(&shared);
    assert_eq!(remove(&store, 3), 1, "nothing is there");
    for number in 0..BLOBS {
        let event = registered(blob(number), object(number.into()), 9);
        apply(&store, number.into(), &event).unwrap();
        put(&store, keys(blob(number)).into_iter().map(record).collect()).unwrap();
    }
    let live = store.usage().unwrap().live_bytes;
    assert!(remove(&store, 3) > u32::from(BLOBS) / 3);
    store.checkpoint().unwrap();
    assert!(store.usage().unwrap().live_bytes < live);
    for _ in 0..2 {
        for key in (0..BLOBS).flat_map(|number| keys(blob(number))) {
            let is_lost = matches!(key.kind, RecordKind::Sliver(LOST, _));
            let expected = (!is_lost).then(|| payload(&key));
            assert_eq!(store.get(&key).unwrap(), expected, "{key}");
        }
        drop(store);
        let image: Arc<dyn Disk> = Arc::new(disk.after_power_cut(7));
        store = open(&image);
    }
}

#[test]
fn what_is_known_of_shards_is_kept() {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    make(&shared).unwrap();
    let store = open(&shared);
    assert_eq!(store.shards().unwrap(), Shards::new());
    let shards = Shards::from([
        (ShardIndex(0), ShardState::Ready),
        (ShardIndex(7), ShardState::Gained),
        (ShardIndex(8), ShardState::Locked),
        (ShardIndex(999), ShardState::Leaving),
    ]);
    let set = store.transaction(|transaction| {
        assert_eq!(transaction.shards()?, Shards::new());
        transaction.set_shards(&shards)
    });
    set.unwrap();
    store.checkpoint().unwrap();
    drop(store);
    let image: Arc<dyn Disk> = Arc::new(disk.after_power_cut(1));
    assert_eq!(open(&image).shards().unwrap(), shards);
}
