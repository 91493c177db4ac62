//! The power goes at some operation of some sequence of them, and comes back: nothing acknowledged is
//! missing, and blob info is that of the events before the cursor.
//!
//! `FLOE_POWER_CUTS` sets how many, `FLOE_POWER_CUT_SEED` the only one to try.
#![expect(
    clippy::unwrap_used,
    reason = "a test, also outside of its entry points"
)]

mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use floe_env::testing::{CrashDisk, Fault};
use world::{World, script};

const CUTS: u64 = 120;
const STEPS: usize = 40;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn survive(seed: u64) {
    let steps = script(seed, STEPS);
    // Where an undisturbed run ends, to cut somewhere on the way there.
    let quiet = CrashDisk::new();
    let mut world = World::new(quiet.clone());
    world.start().unwrap();
    steps.iter().for_each(|op| world.step(op).unwrap());
    let operations = quiet.operations();

    let disk = CrashDisk::new();
    let mut world = World::new(disk.clone());
    let cut_at = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % operations;
    disk.fail_at(cut_at, Fault::PowerCut);
    if world.start().is_err() {
        // The store did not come to be. What is left must not be in the way of making it.
        let mut world = World::new(disk.after_power_cut(seed));
        match world.start() {
            Err(error) if error.contains("is a store already") => {}
            result => result.unwrap(),
        }
        return;
    }
    let mut left = steps.iter();
    let cut = left.by_ref().any(|op| world.step(op).is_err());
    assert!(cut || left.len() == 0);
    world.revive(disk.after_power_cut(seed));
    // Life goes on, until the power goes again.
    for op in left {
        world.step(op).unwrap();
    }
    world.check().unwrap();
    let disk = world.disk.after_power_cut(seed.wrapping_add(1));
    world.revive(disk);
}

#[test]
fn nothing_acknowledged_is_lost_in_a_power_cut() {
    let seeds = match number("FLOE_POWER_CUT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FLOE_POWER_CUTS").unwrap_or(CUTS),
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| survive(seed))) {
            eprintln!("replay with FLOE_POWER_CUT_SEED={seed}");
            resume_unwind(panic);
        }
    }
}
