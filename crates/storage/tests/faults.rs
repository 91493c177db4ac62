//! What goes wrong is told apart, and never makes things worse.
#![expect(
    clippy::unwrap_used,
    reason = "a test, also outside of its entry points"
)]

mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_core::BlobId;
use floe_env::testing::{CrashDisk, Fault};
use floe_env::{Disk, Open};
use floe_storage::{CreateError, OpenError, Options, Put, Store, StoreError};
use futures::FutureExt as _;
use world::{
    DIR, apply, blob, keys, make, object, open, open_with, payload, put, record, registered, small,
};

fn disk() -> (CrashDisk, Arc<dyn Disk>) {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    make(&shared).unwrap();
    (disk, shared)
}

fn with_blob(shared: &Arc<dyn Disk>, number: u8) -> Store {
    let store = open(shared);
    let index = store.cursor().unwrap().next_index;
    apply(
        &store,
        index,
        &registered(blob(number), object(number.into()), 9),
    )
    .unwrap();
    store
}

fn segment(number: u32) -> PathBuf {
    Path::new(DIR).join(format!("segments/{number:08}.seg"))
}

fn flip(disk: &dyn Disk, path: &Path, offset: u64) {
    let file = disk.open(path, Open::Update).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn a_folder_without_a_marker_is_never_taken_for_a_store() {
    let (_, shared) = disk();
    let unmounted: Arc<dyn Disk> = Arc::new(CrashDisk::new());
    let error = open_with(&unmounted, small()).unwrap_err();
    assert!(matches!(error, OpenError::NotAStore { .. }));
    assert!(
        error.to_string().contains("is its disk mounted?"),
        "{error}"
    );
    assert!(matches!(make(&shared), Err(CreateError::Exists { .. })));
    // A marker gone missing does not make the store one that can be overwritten.
    let store = with_blob(&shared, 1);
    put(&store, vec![record(keys(blob(1))[0])]).unwrap();
    drop(store);
    shared
        .remove_file(&Path::new(DIR).join("FLOE-STORE"))
        .unwrap();
    assert!(matches!(
        open_with(&shared, small()),
        Err(OpenError::NotAStore { .. })
    ));
    assert!(matches!(make(&shared), Err(CreateError::Remains { .. })));
}

#[test]
fn a_store_is_opened_by_its_owner_and_once() {
    let (_, shared) = disk();
    let compute: Arc<dyn floe_env::Compute> = Arc::new(floe_env::Inline);
    let error = Store::open(&shared, &compute, Path::new(DIR), "node 1", small()).unwrap_err();
    assert!(matches!(error, OpenError::ForeignStore { .. }), "{error}");
    let _open = open(&shared);
    let error = open_with(&shared, small()).unwrap_err();
    assert!(
        matches!(&error, OpenError::Disk(error)
        if error.kind() == std::io::ErrorKind::WouldBlock),
        "{error}"
    );
}

#[test]
fn a_failed_sync_poisons_the_store() {
    let (disk, shared) = disk();
    let store = with_blob(&shared, 1);
    put(&store, vec![record(keys(blob(1))[0])]).unwrap();
    disk.start_trace();
    put(&store, vec![record(keys(blob(1))[1])]).unwrap();
    let sync = disk
        .take_trace()
        .iter()
        .position(|traced| traced.operation.is_sync());
    disk.fail_at(disk.operations() + sync.unwrap() as u64, Fault::Io);
    let error = put(&store, vec![record(keys(blob(1))[2])]).unwrap_err();
    assert!(matches!(error, StoreError::Disk(_)), "{error}");
    // From now on nothing is written, though the disk would.
    let error = put(&store, vec![record(keys(blob(1))[3])]).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    assert!(matches!(
        store.checkpoint(),
        Err(StoreError::Poisoned { .. })
    ));
    assert!(store.is_poisoned());
    assert_eq!(
        store.get(&keys(blob(1))[0]).unwrap(),
        Some(payload(&keys(blob(1))[0]))
    );
    drop(store);
    // A restart finds what was acknowledged.
    let store = open(&shared);
    for key in &keys(blob(1))[..2] {
        assert_eq!(store.get(key).unwrap(), Some(payload(key)));
    }
}

#[test]
fn a_failed_write_leaves_nothing_behind_and_the_store_goes_on() {
    for fault in [Fault::ShortWrite, Fault::NoSpace] {
        let (disk, shared) = disk();
        let store = with_blob(&shared, 1);
        for round in 0..2 {
            disk.start_trace();
            let key = keys(blob(1))[round];
            // The first record starts a segment, the second one doesn't.
            let probe = disk.operations();
            let write = if round == 0 { 2 } else { 1 };
            disk.fail_at(probe + write, fault);
            let error = put(&store, vec![record(key)]).unwrap_err();
            assert!(
                matches!(error, StoreError::Disk(_)),
                "{error} {:?}",
                disk.take_trace()
            );
            assert_eq!(put(&store, vec![record(key)]).unwrap(), [Put::Stored]);
            assert_eq!(store.get(&key).unwrap(), Some(payload(&key)));
        }
        drop(store);
        let store = open(&shared);
        assert_eq!(store.usage().unwrap().records, 2);
    }
}

#[test]
fn a_disk_about_to_fill_up_takes_nothing_new_but_lets_room_be_made() {
    let (disk, shared) = disk();
    let options = Options {
        segment_bytes: 1,
        ..small()
    };
    let (store, _) = open_with(&shared, options).unwrap();
    for number in [1, 2, 3] {
        apply(
            &store,
            u64::from(number) - 1,
            &registered(blob(number), object(number.into()), 9),
        )
        .unwrap();
    }
    put(&store, keys(blob(1)).into_iter().map(record).collect()).unwrap();
    put(&store, keys(blob(2)).into_iter().map(record).collect()).unwrap();
    let space = shared.space(Path::new("/")).unwrap();
    let used = space.total_bytes - space.available_bytes;
    disk.set_capacity(used + store.options().reserve_bytes);
    let error = put(&store, vec![record(keys(blob(3))[0])]).unwrap_err();
    assert!(matches!(error, StoreError::NearlyFull { .. }), "{error}");
    assert_eq!(store.usage().unwrap().free_bytes, 0);
    // Reads, events, deletion and compaction go on.
    store
        .transaction(|transaction| transaction.delete_data(&blob(1)))
        .unwrap();
    let report = store.compact(100).now_or_never().unwrap().unwrap();
    assert!(report.freed_bytes > 0, "{report:?}");
    for key in keys(blob(2)) {
        assert_eq!(store.get(&key).unwrap(), Some(payload(&key)));
    }
}

#[test]
fn a_damaged_record_is_missing_and_its_blob_is_to_be_recovered() {
    let (_, shared) = disk();
    let store = with_blob(&shared, 1);
    let all = keys(blob(1));
    put(&store, all.iter().copied().map(record).collect()).unwrap();
    flip(&*shared, &segment(1), 40 + 64);
    let error = store.get(&all[0]).unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { key, .. } if key == all[0]),
        "{error}"
    );
    assert_eq!(store.get(&all[0]).unwrap(), None);
    assert_eq!(store.missing(all.clone()).unwrap(), [all[0]]);
    assert_eq!(store.recoveries(&BlobId::ZERO, 10).unwrap(), [(blob(1), 0)]);
    assert_eq!(put(&store, vec![record(all[0])]).unwrap(), [Put::Stored]);
    assert_eq!(store.get(&all[0]).unwrap(), Some(payload(&all[0])));
    // The new one is what is found after a restart.
    drop(store);
    let store = open(&shared);
    assert_eq!(store.get(&all[0]).unwrap(), Some(payload(&all[0])));
}

#[test]
fn damage_found_by_compaction_is_counted_and_dropped() {
    let (_, shared) = disk();
    let options = Options {
        segment_bytes: 1,
        ..small()
    };
    let (store, _) = open_with(&shared, options).unwrap();
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    let all = keys(blob(1));
    put(&store, all[..3].iter().copied().map(record).collect()).unwrap();
    put(&store, vec![record(all[3])]).unwrap();
    flip(&*shared, &segment(1), 40 + 64);
    store
        .transaction(|transaction| transaction.delete_data(&blob(7)))
        .unwrap();
    // Nothing is dead yet, so make something dead.
    assert!(store.get(&all[0]).is_err());
    flip(
        &*shared,
        &segment(1),
        40 + 64 + payload(&all[0]).len() as u64 + 64,
    );
    let report = store.compact(100).now_or_never().unwrap().unwrap();
    assert_eq!((report.segments, report.damaged), (1, 1), "{report:?}");
    assert_eq!(
        store.missing(all.clone()).unwrap(),
        [all[0], all[1], all[4]]
    );
    assert_eq!(store.get(&all[2]).unwrap(), Some(payload(&all[2])));
}

#[test]
fn a_missing_segment_costs_its_records_and_no_others() {
    let (_, shared) = disk();
    let options = Options {
        segment_bytes: 1,
        ..small()
    };
    let (store, _) = open_with(&shared, options.clone()).unwrap();
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    let all = keys(blob(1));
    put(&store, vec![record(all[0])]).unwrap();
    put(&store, vec![record(all[1])]).unwrap();
    store.checkpoint().unwrap();
    drop(store);
    shared.remove_file(&segment(1)).unwrap();
    let (store, report) = open_with(&shared, options).unwrap();
    assert_eq!(report.lost, 1);
    assert_eq!(store.missing(all[..2].iter().copied()).unwrap(), [all[0]]);
    assert_eq!(store.recoveries(&BlobId::ZERO, 10).unwrap(), [(blob(1), 0)]);
}

fn cut(disk: &dyn Disk, number: u32, len: u64) {
    let file = disk.open(&segment(number), Open::Update).unwrap();
    file.set_len(len).unwrap();
}

/// Where each of these records ends in a segment that holds nothing else.
fn ends(keys: &[floe_storage::RecordKey]) -> Vec<u64> {
    let mut end = 40;
    let each = keys.iter().map(|key| {
        end += 64 + payload(key).len() as u64;
        end
    });
    each.collect()
}

#[test]
fn what_a_shortened_segment_has_lost_is_not_stored() {
    let all = keys(blob(2));
    let ends = ends(&all);
    let cases = [
        (0, 0),
        (39, 0),
        (40, 0),
        (ends[0] - 1, 0),
        (ends[0], 1),
        (ends[1] + 10, 2),
        (ends[3] + 70, 4),
        (ends[4], 5),
    ];
    for (len, kept) in cases {
        let (_, shared) = disk();
        let store = with_blob(&shared, 2);
        put(&store, all.iter().copied().map(record).collect()).unwrap();
        drop(store);
        cut(&*shared, 1, len);
        let (store, report) = open_with(&shared, small()).unwrap();
        let lost = &all[kept..];
        assert_eq!(report.lost, lost.len() as u64, "{len}");
        assert_eq!(store.missing(all.clone()).unwrap(), lost, "{len}");
        let wanted: &[_] = if kept == 5 { &[] } else { &[(blob(2), 0)] };
        assert_eq!(store.recoveries(&BlobId::ZERO, 10).unwrap(), wanted);
        for key in lost {
            assert_eq!(store.get(key).unwrap(), None);
        }
        // Found before anything else is written: it is not found again.
        drop(store);
        let (store, report) = open_with(&shared, small()).unwrap();
        assert_eq!((report.lost, report.damaged), (0, 0), "{len}");
        let again = put(&store, lost.iter().copied().map(record).collect()).unwrap();
        assert_eq!(again, vec![Put::Stored; lost.len()]);
        for _ in 0..2 {
            for key in &all {
                assert!(store.contains(key).unwrap());
                assert_eq!(store.get(key).unwrap(), Some(payload(key)), "{len}");
            }
        }
        drop(store);
        let (store, report) = open_with(&shared, small()).unwrap();
        assert_eq!((report.lost, report.replayed), (0, 0), "{len}");
        for key in &all {
            assert_eq!(store.get(key).unwrap(), Some(payload(key)), "{len}");
        }
        let live: u64 = ends[4] - 40;
        assert_eq!(store.usage().unwrap().live_bytes, live, "{len}");
    }
}

#[test]
fn a_shortened_segment_is_compacted_like_any_other() {
    let (_, shared) = disk();
    let store = with_blob(&shared, 2);
    let all = keys(blob(2));
    put(&store, all.iter().copied().map(record).collect()).unwrap();
    drop(store);
    cut(&*shared, 1, ends(&all)[1] + 10);
    let store = open(&shared);
    put(&store, all.iter().copied().map(record).collect()).unwrap();
    let report = store.compact(100).now_or_never().unwrap().unwrap();
    assert_eq!((report.segments, report.damaged), (1, 0), "{report:?}");
    assert!(shared.metadata(&segment(1)).is_err());
    for key in &all {
        assert_eq!(store.get(key).unwrap(), Some(payload(key)));
    }
}

#[test]
fn what_is_lost_while_the_store_is_open_is_not_stored() {
    let (_, shared) = disk();
    let store = with_blob(&shared, 2);
    let all = keys(blob(2));
    put(&store, all.iter().copied().map(record).collect()).unwrap();
    let ends = ends(&all);
    // A header that is not what it was, and a payload that is no more.
    flip(&*shared, &segment(1), ends[1] + 8);
    cut(&*shared, 1, ends[4] - 1);
    for (key, is_there) in all.iter().zip([true, true, false, true, false]) {
        if is_there {
            assert!(store.contains(key).unwrap());
        } else {
            let error = store.contains(key).unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
            assert!(!store.contains(key).unwrap());
        }
    }
    assert_eq!(store.recoveries(&BlobId::ZERO, 10).unwrap(), [(blob(2), 0)]);
}

#[test]
fn newer_files_are_refused() {
    let (_, shared) = disk();
    let store = with_blob(&shared, 1);
    put(&store, vec![record(keys(blob(1))[0])]).unwrap();
    drop(store);
    let path = segment(1);
    let mut header = (*shared).read(&path, 1 << 20).unwrap();
    header.truncate(32);
    header[8] = 2;
    header.extend(xxhash(&header));
    let file = shared.open(&path, Open::Update).unwrap();
    file.write_at(&header, 0).unwrap();
    let error = open_with(&shared, small()).unwrap_err();
    assert!(
        matches!(error, OpenError::TooNew { found: 2, .. }),
        "{error}"
    );
}

fn xxhash(bytes: &[u8]) -> [u8; 8] {
    xxhash_rust::xxh3::xxh3_64(bytes).to_le_bytes()
}

#[test]
fn a_segment_of_another_store_is_refused() {
    let (_, shared) = disk();
    let store = with_blob(&shared, 1);
    put(&store, vec![record(keys(blob(1))[0])]).unwrap();
    drop(store);
    let mut header = (*shared).read(&segment(1), 1 << 20).unwrap();
    header.truncate(32);
    header[20] ^= 1;
    header.extend(xxhash(&header));
    let file = shared.open(&segment(1), Open::Update).unwrap();
    file.write_at(&header, 0).unwrap();
    let error = open_with(&shared, small()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[test]
fn what_is_too_much_is_refused_before_memory_is_spent() {
    let (_, shared) = disk();
    let options = Options {
        queue_bytes: 0,
        ..small()
    };
    let (store, _) = open_with(&shared, options).unwrap();
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    // Whatever the limit, one at a time gets through.
    assert_eq!(
        put(&store, vec![record(keys(blob(1))[0])]).unwrap(),
        [Put::Stored]
    );
}

#[test]
fn an_index_of_garbage_is_damaged_and_no_panic() {
    let (_, shared) = disk();
    let store = with_blob(&shared, 1);
    put(&store, keys(blob(1)).into_iter().map(record).collect()).unwrap();
    store.checkpoint().unwrap();
    drop(store);
    let path = Path::new(DIR).join("index.redb");
    let file = shared.open(&path, Open::Update).unwrap();
    let len = file.metadata().unwrap().len_bytes;
    let garbage: Vec<u8> = (0..len - 4096).map(|i| (i * 7 % 251) as u8).collect();
    file.write_at(&garbage, 4096).unwrap();
    drop(file);
    let error = open_with(&shared, small()).unwrap_err();
    assert!(
        matches!(error, OpenError::Damaged { .. } | OpenError::Index(_)),
        "{error}"
    );
}

/// All bytes of the first segment.
fn spoil(disk: &CrashDisk) {
    disk.make_unreadable(&segment(1), 0..u64::MAX);
}

#[test]
fn what_cannot_be_read_is_kept_and_to_be_recovered() {
    let (disk, shared) = disk();
    let store = with_blob(&shared, 1);
    let all = keys(blob(1));
    put(&store, all.iter().copied().map(record).collect()).unwrap();
    assert_eq!(store.recoveries_len().unwrap(), 0);
    spoil(&disk);
    for look in [
        store.contains(&all[0]).map(drop),
        store.get(&all[0]).map(drop),
    ] {
        assert!(matches!(look, Err(StoreError::Unreadable { key, .. }) if key == all[0]));
    }
    assert_eq!(store.recoveries(&BlobId::ZERO, 9).unwrap(), [(blob(1), 0)]);
    // It was a passing fault: nothing is lost.
    disk.make_readable();
    assert!(store.contains(&all[0]).unwrap());
    assert_eq!(store.get(&all[0]).unwrap().unwrap(), payload(&all[0]));
}

#[test]
fn what_cannot_be_read_is_stored_anew_for_good() {
    let (disk, shared) = disk();
    let mut store = with_blob(&shared, 1);
    let key = keys(blob(1))[0];
    assert_eq!(put(&store, vec![record(key)]).unwrap(), [Put::Stored]);
    store.checkpoint().unwrap();
    let before = store.segments().unwrap();
    assert_eq!(
        put(&store, vec![record(key)]).unwrap(),
        [Put::AlreadyStored]
    );
    // Its payload only, which nothing but a reader notices.
    disk.make_unreadable(&segment(1), 40 + 64..40 + 65);
    assert!(store.contains(&key).unwrap());
    assert!(store.get(&key).is_err());
    assert!(store.contains(&key).is_err(), "it is kept in mind");
    assert_eq!(put(&store, vec![record(key)]).unwrap(), [Put::Stored]);
    assert_eq!(store.get(&key).unwrap().unwrap(), payload(&key));
    assert!(store.contains(&key).unwrap());
    // The old place does not count any more.
    let after = store.segments().unwrap();
    assert_eq!(after[0].live_bytes, before[0].live_bytes);
    assert!(after[0].total_bytes > before[0].total_bytes);
    for seed in 0..4 {
        drop(store);
        let image = disk.after_power_cut(seed);
        image.make_unreadable(&segment(1), 40 + 64..40 + 65);
        let image: Arc<dyn Disk> = Arc::new(image);
        store = open(&image);
        assert_eq!(store.get(&key).unwrap().unwrap(), payload(&key));
    }
}

#[test]
fn a_store_is_put_aside_with_all_it_has_and_not_while_it_is_open() {
    let (_, shared) = disk();
    let dir = Path::new(DIR);
    let store = with_blob(&shared, 1);
    put(&store, vec![record(keys(blob(1))[0])]).unwrap();
    assert!(matches!(
        floe_storage::put_aside(&shared, dir),
        Err(CreateError::InUse { .. })
    ));
    drop(store);
    let aside = floe_storage::put_aside(&shared, dir).unwrap().unwrap();
    assert_eq!(aside, dir.join("old-1"));
    assert_eq!(floe_storage::put_aside(&shared, dir).unwrap(), None);
    make(&shared).unwrap();
    assert_eq!(open(&shared).recoveries_len().unwrap(), 0);
    let second = floe_storage::put_aside(&shared, dir).unwrap().unwrap();
    assert_eq!(second, dir.join("old-2"));
    // The old one is whole.
    for name in ["FLOE-STORE", "index.redb", "segments"] {
        shared.rename(&aside.join(name), &dir.join(name)).unwrap();
    }
    let store = open(&shared);
    assert!(store.contains(&keys(blob(1))[0]).unwrap());
}
