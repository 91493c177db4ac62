//! How long an epoch change takes with 150 pools and 100 000 stakes:
//! `cargo run --release -p floe-ledger --example epoch-change [stakes]`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measuring program reads the clock and stops at the first surprise"
)]

#[path = "../tests/network/mod.rs"]
mod network;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use floe_ledger::{SimulateOptions, simulate};
use network::{DAY_MS, Network, Options, Tx, WAL, account_of_publisher, storage::MIB};

const POOLS: usize = 150;
const STAKES_PER_TRANSACTION: usize = 200;

fn main() {
    let stakes: usize = std::env::args()
        .nth(1)
        .map_or(100_000, |text| text.parse().unwrap());
    let mut network = Network::new(&Options {
        stakes: (1000..).take(POOLS).collect(),
        n_shards: 1000,
        users: 1,
        ..Options::default()
    });
    fill(&mut network, stakes);
    let (mut votes, mut changes) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        network.ok(network.users[0], |tx| {
            let storage = tx.reserve(1000 * MIB, 50);
            tx.keep(storage);
        });
        network.advance_clock(DAY_MS / 2);
        votes.push(measure(&mut network, |tx| tx.voting_end()));
        network.advance_clock(DAY_MS / 2);
        changes.push(measure(&mut network, |tx| tx.change_epoch()));
        network.sync_all();
    }
    let objects = network.ledger.state.iter().count();
    println!("{POOLS} pools, {stakes} stakes, {objects} objects; processor time, worst of 5:");
    println!("voting_end {:.1} ms", worst(&votes));
    println!("initiate_epoch_change_v2 {:.1} ms", worst(&changes));
}

/// Many small stakes, spread over all pools.
fn fill(network: &mut Network, stakes: usize) {
    let user = network.users[0];
    let mut done = 0;
    while done < stakes {
        let count = STAKES_PER_TRANSACTION.min(stakes - done);
        network.ok(user, |tx| {
            for index in done..done + count {
                let node = tx.network.nodes[index % POOLS].node_id;
                tx.stake(node, WAL);
            }
        });
        done += count;
    }
}

/// Executes without the checks of the network, then with them.
fn measure(network: &mut Network, write: impl Fn(&mut Tx<'_>)) -> Duration {
    let tx = network.transaction(account_of_publisher(), &write);
    let options = SimulateOptions::default();
    let start = (Instant::now(), cpu_time());
    let outcome = simulate(&network.ledger.state, &tx, &network.ledger.ctx, &options).unwrap();
    let elapsed = match (start.1, cpu_time()) {
        (Some(before), Some(after)) => after.checked_sub(before).unwrap(),
        _ => start.0.elapsed(),
    };
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    network.execute(&tx);
    elapsed
}

/// What this thread has had of a processor, where the system tells: others may be busy.
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

fn worst(times: &[Duration]) -> f64 {
    let worst = times.iter().max().unwrap();
    worst.as_secs_f64() * 1e3
}
