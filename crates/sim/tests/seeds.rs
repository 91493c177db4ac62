//! Many small networks with many misfortunes. A seed that fails prints itself, its plan, and how to
//! see it again.

use floe_sim::scenario;

/// Seeds that every run of the tests looks at.
const SEEDS: u64 = 200;
/// Tests that share them, and run at once.
const TESTS: u64 = 4;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// Runs the seeds of one test.
fn run_share(share: u64) {
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let log = tracing_subscriber::fmt().with_env_filter(filter);
        let _ = log.without_time().with_writer(std::io::stderr).try_init();
    }
    let from = number("FLOE_SIM_FROM").unwrap_or(0);
    let count = number("FLOE_SIM_SEEDS").unwrap_or(SEEDS);
    let mut failed = Vec::new();
    for seed in (from..from.saturating_add(count)).filter(|seed| seed % TESTS == share) {
        match scenario::run(seed) {
            Ok(report) => println!("seed {seed}: {report:?}"),
            Err(error) => {
                eprintln!(
                    "{error}\nto see it again: FLOE_SIM_FROM={seed} FLOE_SIM_SEEDS=1 cargo test -p floe-sim --test seeds"
                );
                failed.push(seed);
            }
        }
    }
    assert!(failed.is_empty(), "seeds that failed: {failed:?}");
}

#[test]
fn networks_keep_their_promises_1() {
    run_share(0);
}

#[test]
fn networks_keep_their_promises_2() {
    run_share(1);
}

#[test]
fn networks_keep_their_promises_3() {
    run_share(2);
}

#[test]
fn networks_keep_their_promises_4() {
    run_share(3);
}
