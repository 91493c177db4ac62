//! Every sync is there for a reason: left out, something acknowledged is lost.
#![expect(
    clippy::unwrap_used,
    reason = "a test, also outside of its entry points"
)]

mod world;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use floe_env::Disk;
use floe_env::testing::{CrashDisk, Fault, Traced};
use floe_storage::{Options, RecordKey, Store};
use futures::FutureExt as _;
use world::{apply, blob, keys, object, payload, put, record, registered};

/// What a run acknowledged before the disk failed.
#[derive(Debug, Default)]
struct Acknowledged {
    exists: bool,
    records: Vec<RecordKey>,
    /// Records that may be gone: they were removed, or that was under way.
    removed: Vec<RecordKey>,
    /// Events that a checkpoint covers.
    events: u64,
}

fn options() -> Options {
    Options {
        segment_bytes: 3_000,
        ..world::small()
    }
}

fn store(store: &Store, done: &mut Acknowledged, records: &[RecordKey]) -> Result<(), String> {
    let puts = put(store, records.iter().map(|key| record(*key)).collect());
    puts.map_err(|error| error.to_string())?;
    done.removed.retain(|key| !records.contains(key));
    done.records.extend(records);
    Ok(())
}

fn checkpoint(store: &Store, done: &mut Acknowledged) -> Result<(), String> {
    let next = store
        .cursor()
        .map_err(|error| error.to_string())?
        .next_index;
    store.checkpoint().map_err(|error| error.to_string())?;
    done.events = next;
    Ok(())
}

fn remove(store: &Store, done: &mut Acknowledged, index: u8) -> Result<(), String> {
    let keys = keys(blob(index));
    done.records.retain(|key| !keys.contains(key));
    done.removed.extend(&keys);
    let removal = store.transaction(|transaction| transaction.delete_data(&blob(index)));
    removal.map(drop).map_err(|error| error.to_string())
}

/// Fills three segments, empties one, removes it, and stores what was removed once more.
fn work(disk: &Arc<dyn Disk>, done: &mut Acknowledged) -> Result<(), String> {
    world::make(disk).map_err(|error| error.to_string())?;
    done.exists = true;
    let (opened, _) = world::open_with(disk, options()).map_err(|error| error.to_string())?;
    for number in 0..3 {
        let event = registered(blob(number), object(number.into()), 9);
        apply(&opened, number.into(), &event).map_err(|error| error.to_string())?;
    }
    store(&opened, done, &keys(blob(0)))?;
    checkpoint(&opened, done)?;
    store(&opened, done, &keys(blob(1)))?;
    store(&opened, done, &keys(blob(2)))?;
    remove(&opened, done, 0)?;
    store(&opened, done, &keys(blob(0)).split_off(3))?;
    let compaction = opened.compact(60).now_or_never().expect("done inline");
    let report = compaction.map_err(|error| error.to_string())?;
    assert!(report.segments > 0);
    done.events = 3;
    Ok(())
}

fn scenario(disk: Arc<dyn Disk>) -> Acknowledged {
    let mut done = Acknowledged::default();
    // Ends early when the disk fails; what was acknowledged by then counts.
    let _ = work(&disk, &mut done);
    done
}

fn survives(disk: Arc<dyn Disk>, done: &Acknowledged) -> bool {
    if !done.exists {
        return true;
    }
    let Ok((store, _)) = world::open_with(&disk, options()) else {
        return false;
    };
    let cursor = store.cursor().unwrap().next_index;
    // The removal is done again, as after a crash it is, unless the index knows of it.
    cursor >= done.events
        && done
            .records
            .iter()
            .all(|key| store.get(key).unwrap() == Some(payload(key)))
        && (0..3).flat_map(|number| keys(blob(number))).all(|key| {
            let found = store.get(&key).unwrap();
            found.is_none_or(|found| found == payload(&key))
        })
}

/// Is something lost when the power goes before operation `cut_at`, with a sync left out?
fn loses(cut_at: u64, elided: Option<u64>, seeds: Range<u64>) -> bool {
    let disk = CrashDisk::new();
    disk.fail_at(cut_at, Fault::PowerCut);
    elided.into_iter().for_each(|sync| disk.elide_sync(sync));
    let done = scenario(Arc::new(disk.clone()));
    let lost = |seed| {
        let found = Arc::new(disk.after_power_cut(seed));
        // An index that redb can't make sense of is lost as well.
        !catch_unwind(AssertUnwindSafe(|| survives(found, &done))).unwrap_or(false)
    };
    seeds.into_iter().any(lost)
}

#[test]
fn leaving_out_any_sync_loses_something() {
    let disk = CrashDisk::new();
    disk.start_trace();
    scenario(Arc::new(disk.clone()));
    let (operations, trace) = (disk.operations(), disk.take_trace());
    for cut_at in 0..=operations {
        assert!(!loses(cut_at, None, 0..2), "cut at {cut_at}");
    }
    let syncs = (0..)
        .zip(&trace)
        .filter(|(_, traced)| traced.operation.is_sync());
    let syncs: Vec<_> = (0..).zip(syncs).collect();
    // How often redb syncs is its own affair, and it does so more often than it must. That it is asked
    // to is ours: without any sync of the index, a checkpoint is none.
    let (index, ours): (Vec<_>, Vec<_>) = syncs
        .iter()
        .partition(|(_, (_, traced))| traced.path.ends_with("index.redb"));
    assert!(ours.len() >= 10, "{ours:#?}");
    let redundant: Vec<_> = ours
        .iter()
        .filter(|(sync, (at, _))| !(at + 1..=operations).any(|cut| loses(cut, Some(*sync), 0..16)))
        .collect();
    assert!(redundant.is_empty(), "{redundant:#?}");
    let needed = |(sync, (at, _)): (u64, (u64, &Traced))| {
        (at + 1..=operations)
            .step_by(7)
            .any(|cut| loses(cut, Some(sync), 0..3))
    };
    assert!(index.into_iter().any(needed));
}
