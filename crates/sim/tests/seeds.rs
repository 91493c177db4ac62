//! Many small networks with many misfortunes. `FLOE_SIM_SEEDS` says how many, `FLOE_SIM_FROM` from which
//! seed on; a seed that fails prints itself.

use floe_sim::scenario;

/// Seeds of an ordinary run, all parts together.
const SEEDS: u64 = 8;
const PARTS: u64 = 4;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn part(part: u64) {
    let from = number("FLOE_SIM_FROM", 0);
    let seeds = number("FLOE_SIM_SEEDS", SEEDS);
    let mut failed = Vec::new();
    for seed in (from..from + seeds).filter(|seed| seed % PARTS == part) {
        if let Err(error) = scenario::run(seed) {
            eprintln!("{error}");
            failed.push(seed);
        }
    }
    assert!(
        failed.is_empty(),
        "seeds that failed: {failed:?}; FLOE_SIM_FROM=S FLOE_SIM_SEEDS=1 runs one again"
    );
}

#[test]
fn networks_survive_misfortunes_0() {
    part(0);
}

#[test]
fn networks_survive_misfortunes_1() {
    part(1);
}

#[test]
fn networks_survive_misfortunes_2() {
    part(2);
}

#[test]
fn networks_survive_misfortunes_3() {
    part(3);
}

#[test]
fn a_seed_replays_exactly() {
    let seed = number("FLOE_SIM_FROM", 3);
    let first = scenario::run(seed).expect("a seed that passes");
    assert_eq!(scenario::run(seed).expect("as before"), first);
}
