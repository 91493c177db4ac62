//! Writers that come together share a sync, on a real disk and real threads.

mod world;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use floe_core::{Axis, ShardIndex};
use floe_env::testing::CrashDisk;
use floe_env::{Compute, Disk, Job, Lane, OsDisk, PoolSize, ThreadPool};
use floe_storage::{Options, Put, Record, RecordKey, Store, StoreError, create};
use futures::FutureExt as _;
use futures::future::join_all;
use world::{apply, blob, object, registered};

/// Runs what it is given when told to.
#[derive(Default)]
struct Later(std::sync::Mutex<Vec<Job>>);

impl Later {
    fn run_all(&self) {
        let jobs = std::mem::take(&mut *self.0.lock().expect("not poisoned"));
        jobs.into_iter().for_each(|job| job());
    }
}

impl std::fmt::Debug for Later {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Later")
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("without I/O there is nothing to fail");
    runtime.block_on(future)
}

impl Compute for Later {
    fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(body);
    }

    fn submit(&self, _lane: Lane, job: Job) {
        self.0.lock().expect("not poisoned").push(job);
    }
}

fn sliver(shard: u16) -> Record {
    let shard = ShardIndex(shard);
    Record {
        key: RecordKey::sliver(shard, Axis::Primary, blob(1)),
        payload: vec![7; 1_000].into(),
    }
}

#[test]
fn whoever_waits_while_others_are_synced_shares_the_next_sync() {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    world::make(&shared).unwrap();
    let later = Arc::new(Later::default());
    let compute: Arc<dyn Compute> = later.clone();
    let dir = Path::new(world::DIR);
    let (store, _) = Store::open(
        &shared,
        &compute,
        dir,
        world::OWNER,
        Options {
            reserve_bytes: 0,
            ..Options::default()
        },
    )
    .unwrap();
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    // The first group also makes a segment, and lets the index grow.
    let first = store.put(vec![sliver(1_000)]);
    later.run_all();
    block_on(first).unwrap();
    let waiting: Vec<_> = (0..100)
        .map(|shard| store.put(vec![sliver(shard)]))
        .collect();
    let jobs = std::mem::take(&mut *later.0.lock().unwrap());
    assert_eq!(jobs.len(), 1, "one of them serves all");
    disk.start_trace();
    jobs.into_iter().for_each(|job| job());
    // The index syncs itself when its file has to grow.
    let syncs = disk
        .take_trace()
        .into_iter()
        .filter(|traced| traced.operation.is_sync() && !traced.path.ends_with("index.redb"));
    assert_eq!(syncs.count(), 1);
    for puts in block_on(join_all(waiting)) {
        assert_eq!(puts.unwrap(), [Put::Stored]);
    }
}

/// Uploads that kept coming kept a disk that was about to fill up from ever being compacted.
#[test]
fn what_makes_room_does_not_fail_with_what_needs_it() {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    world::make(&shared).unwrap();
    let later = Arc::new(Later::default());
    let compute: Arc<dyn Compute> = later.clone();
    let options = Options {
        segment_bytes: 1,
        ..world::small()
    };
    let reserve_bytes = options.reserve_bytes;
    let dir = Path::new(world::DIR);
    let (store, _) = Store::open(&shared, &compute, dir, world::OWNER, options).unwrap();
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    for shards in [0..4, 4..8] {
        let put = store.put(shards.map(sliver).collect());
        later.run_all();
        block_on(put).unwrap();
    }
    let removal = std::collections::BTreeSet::from([0, 1, 2].map(ShardIndex));
    store
        .transaction(|transaction| transaction.remove_slivers(&removal, &blob(1), 100))
        .unwrap();
    let space = shared.space(Path::new("/")).unwrap();
    let used = space.total_bytes - space.available_bytes;
    disk.set_capacity(used + reserve_bytes);

    let mut compaction = std::pin::pin!(store.compact(50));
    let report = loop {
        if let Some(report) = compaction.as_mut().now_or_never() {
            break report.unwrap();
        }
        let upload = store.put(vec![sliver(100)]);
        later.run_all();
        // There is room once the segment is gone.
        if let Err(error) = block_on(upload) {
            assert!(matches!(error, StoreError::NearlyFull { .. }), "{error}");
        }
    };
    assert_eq!(report.segments, 1, "{report:?}");
    assert_eq!(store.get(&sliver(3).key).unwrap(), Some(sliver(3).payload));
}

#[test]
fn many_writers_on_a_real_disk_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("node");
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    create(&disk, &floe_env::OsRng, &dir, "a").unwrap();
    let pool = ThreadPool::new(PoolSize::default()).unwrap();
    let compute: Arc<dyn Compute> = Arc::new(pool);
    let options = Options {
        segment_bytes: 50_000,
        reserve_bytes: 0,
        ..Options::default()
    };
    let (store, _) = Store::open(&disk, &compute, &dir, "a", options.clone()).unwrap();
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    store.checkpoint().unwrap();
    // Each record by two writers at once, in waves.
    let mut puts = Vec::new();
    for wave in 0..6 {
        let wave = (100 * wave..100 * (wave + 1)).map(|number| store.put(vec![sliver(number / 2)]));
        puts.extend(block_on(join_all(wave.collect::<Vec<_>>())));
    }
    let stored = puts
        .iter()
        .filter(|put| put.as_ref().unwrap() == &[Put::Stored]);
    assert_eq!(stored.count(), 300);
    assert!(store.usage().unwrap().segments > 1);
    let missing = |store: &Store| {
        store
            .missing((0..300).map(|shard| sliver(shard).key))
            .unwrap()
    };
    assert_eq!(missing(&store), []);
    block_on(store.compact(100)).unwrap();
    drop(store);
    let (store, _) = Store::open(&disk, &compute, &dir, "a", options).unwrap();
    assert_eq!(missing(&store), []);
    assert_eq!(
        store.get(&sliver(299).key).unwrap(),
        Some(sliver(299).payload)
    );
}
