//! The checks can fail: whoever sabotages a network is noticed. And a seed decides everything.

use floe_sim::scenario::{self, Sabotage};

/// The error that comes of sabotage.
fn notice(seed: u64, sabotage: Sabotage) -> String {
    match scenario::run_sabotaged(seed, sabotage) {
        Ok(report) => panic!("{sabotage:?} went unnoticed: {report:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_blob_that_too_few_shards_are_left_of() {
    let error = notice(1, Sabotage::TooManyGone);
    assert!(error.contains("can't be read"), "{error}");
}

#[test]
fn a_blob_that_too_many_lie_about() {
    let error = notice(2, Sabotage::TooManyLie);
    assert!(
        error.contains("can't be read") || error.contains("can't be stored"),
        "{error}"
    );
}

#[test]
fn a_disk_that_makes_nothing_durable() {
    let error = notice(3, Sabotage::NoSync);
    assert!(error.contains("after a power cut"), "{error}");
}

#[test]
fn records_that_are_lost_without_a_trace() {
    let error = notice(4, Sabotage::LostRecords);
    assert!(error.contains("does not heal"), "{error}");
}

/// On another thread, after another simulation: nothing is left of one.
#[test]
fn the_same_seed_gives_the_same_simulation() {
    let run = |seed: u64| scenario::run(seed).map_err(|error| error.to_string());
    for seed in [7, 36] {
        let first = run(seed);
        let second = std::thread::spawn(move || run(seed)).join();
        assert_eq!(second.expect("no panic"), first);
    }
}
