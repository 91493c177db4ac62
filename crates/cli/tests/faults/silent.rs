//! A third of the nodes stopped by SIGSTOP: their connections stay open, and nothing is answered.

use std::time::Duration;

use floe_client::Check;
use rustix::process::Signal;

use crate::world::{Stored, World, count, store};

const NODES: usize = 13;
const SHARDS: u16 = 100;
/// Each has at most 8 shards, and 33 may be gone.
const SILENT: usize = 4;
/// What silence may cost.
const MORE_MAX: Duration = Duration::from_secs(1);
const SIZES: [usize; 2] = [10_000, 2_000_000];

/// The worst and the median of some durations.
#[derive(Debug, Clone, Copy)]
struct Times {
    median: Duration,
    worst: Duration,
}

fn times(mut all: Vec<Duration>) -> Times {
    all.sort();
    Times {
        median: all[all.len() / 2],
        worst: *all.last().unwrap(),
    }
}

/// Stores and reads blobs of a size, each by a client that has seen no node before.
async fn measure(world: &World, len: usize, samples: usize) -> [Times; 3] {
    let (mut stores, mut ends, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    let clock = &world.env.clock;
    for _ in 0..samples {
        let bytes = world.random_bytes(len);
        let begun = clock.monotonic();
        let client = world.client().await;
        let blob = store(&client, &world.wallet, bytes).await.unwrap();
        stores.push(clock.monotonic().since(begun));
        // A program that ends after its store serves slow nodes for a moment more.
        client.finish(MORE_MAX * 10).await;
        ends.push(clock.monotonic().since(begun));
        let begun = clock.monotonic();
        read(world, &blob).await;
        reads.push(clock.monotonic().since(begun));
    }
    [times(stores), times(ends), times(reads)]
}

async fn read(world: &World, blob: &Stored) {
    let client = world.client().await;
    let read = client.read(blob.blob_id, Check::Default).await.unwrap();
    assert!(read == blob.bytes, "{} came back changed", blob.blob_id);
}

fn show(what: &str, len: usize, [store, end, read]: [Times; 3]) {
    let ms = |duration: Duration| format!("{:>6}", duration.as_millis());
    println!(
        "{what:<22} {len:>8} {} {} {} {} {} {}",
        ms(store.median),
        ms(store.worst),
        ms(end.median),
        ms(end.worst),
        ms(read.median),
        ms(read.worst)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_of_a_third_costs_less_than_a_second() {
    let samples = count("FLOE_SILENT_SAMPLES", 2);
    let world = World::start(NODES, SHARDS).await;
    println!("                          bytes  store ms (median, worst), with its tail, read ms");
    let mut healthy = Vec::new();
    for len in SIZES {
        let times = measure(&world, len, samples).await;
        show("healthy", len, times);
        healthy.push(times);
    }
    let sets = count("FLOE_SILENT_SETS", 2);
    for first in (0..sets).map(|set| set * SILENT) {
        let silent: Vec<_> = (first..first + SILENT).map(|node| node % NODES).collect();
        for node in &silent {
            world.signal(*node, Signal::STOP).await;
        }
        let mut failures = Vec::new();
        for (len, healthy) in SIZES.into_iter().zip(&healthy) {
            let times = measure(&world, len, samples).await;
            show(&format!("silent: {silent:?}"), len, times);
            for (now, before) in times.iter().zip(healthy) {
                if now.worst > before.worst + MORE_MAX {
                    failures.push(format!(
                        "{len} bytes: {:?}, was {:?}",
                        now.worst, before.worst
                    ));
                }
            }
        }
        for node in &silent {
            world.signal(*node, Signal::CONT).await;
        }
        assert!(failures.is_empty(), "{failures:?}");
    }
    world.network.stop().await;
}
