//! What a full node does per second, with few and with many live blobs: payments, registrations and
//! certifications of blobs. `executed/s` is what one core checks and executes (signatures, execution,
//! signed checkpoints: the processor time of the threads that compute); `durable` is the whole node with its order, commits and answers, per second
//! that a core worked and per second that passed. Then how long one transaction takes over gRPC.
//!
//! `cargo xtask bench ledger [-- --blobs 10000,1000000 --transactions 4000 --only register]`

#![expect(
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measuring program reads the clock and stops at the first surprise"
)]

mod chain;
mod measure;
mod transactions;

use std::time::Duration;

use chain::{Bench, Lane};
use measure::{Meter, resident_mib};

struct Settings {
    blobs: Vec<u64>,
    transactions: usize,
    latency_samples: usize,
    only: Option<String>,
}

impl Settings {
    fn includes(&self, operation: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == operation)
    }
}

fn settings() -> Settings {
    let mut settings = Settings {
        blobs: vec![10_000, 1_000_000],
        transactions: 4000,
        latency_samples: 500,
        only: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value");
        match arg.as_str() {
            "--blobs" => {
                let list = value();
                settings.blobs = list.split(',').map(|text| text.parse().unwrap()).collect();
            }
            "--transactions" => settings.transactions = value().parse().unwrap(),
            "--samples" => settings.latency_samples = value().parse().unwrap(),
            "--only" => settings.only = Some(value()),
            "--bench" => {}
            other => panic!("unknown argument {other}: --blobs, --transactions, --samples, --only"),
        }
    }
    settings
}

fn main() {
    let settings = settings();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(settings));
}

async fn run(settings: Settings) {
    let mut bench = Bench::start().await;
    println!("live blobs  operation   executed/s  durable/core-s  durable/s  p50 ms  p99 ms");
    for target in &settings.blobs {
        fill(&mut bench, *target).await;
        let count = settings.transactions;
        if settings.includes("transfer") {
            throughput(&mut bench, "transfer", count, transactions::transfer).await;
        }
        if settings.includes("register") {
            throughput(&mut bench, "register", count, |chain, lane| {
                transactions::register(chain, lane, 1)
            })
            .await;
        }
        if settings.includes("certify") {
            certify(&mut bench, count.min(1024)).await;
        }
        if settings.includes("grpc") {
            latency(&mut bench, settings.latency_samples).await;
        }
        println!(
            "{:>10}  resident {} MiB, database {} MiB",
            bench.live_blobs,
            resident_mib(),
            bench.database_mib()
        );
    }
    bench.stop().await;
}

/// Registers blobs, many per transaction, until there are `target`.
async fn fill(bench: &mut Bench, target: u64) {
    const PER_TRANSACTION: u64 = 64;
    let began = std::time::Instant::now();
    let before = bench.live_blobs;
    while bench.live_blobs < target {
        let missing = (target - bench.live_blobs).div_ceil(PER_TRANSACTION);
        let lanes = usize::try_from(missing).unwrap().min(bench.lanes.len());
        bench
            .round(lanes, |chain, lane| {
                transactions::register(chain, lane, PER_TRANSACTION)
            })
            .await;
        bench.live_blobs += lanes as u64 * PER_TRANSACTION;
    }
    eprintln!(
        "registered {} blobs in {:.0} s",
        bench.live_blobs - before,
        began.elapsed().as_secs_f64()
    );
}

/// Submits `count` transactions, as many at once as there are lanes.
async fn throughput(
    bench: &mut Bench,
    name: &str,
    count: usize,
    make: impl Fn(&mut chain::Chain, &Lane) -> sui_sdk_types::Transaction,
) {
    let mut total = Meter::default();
    let mut done = 0;
    while done < count {
        let lanes = bench.lanes.len().min(count - done);
        total.add(bench.round(lanes, &make).await);
        done += lanes;
    }
    if name == "register" {
        bench.live_blobs += done as u64;
    }
    report(bench, name, done, total);
}

/// Certifies blobs that were just registered, with signatures of all nodes.
async fn certify(bench: &mut Bench, count: usize) {
    let mut total = Meter::default();
    let mut done = 0;
    while done < count {
        let lanes = bench.lanes.len().min(count - done);
        bench
            .round(lanes, |chain, lane| transactions::register(chain, lane, 1))
            .await;
        bench.live_blobs += lanes as u64;
        total.add(bench.round(lanes, transactions::certify).await);
        done += lanes;
    }
    report(bench, "certify", done, total);
}

fn report(bench: &Bench, name: &str, count: usize, total: Meter) {
    let per = |time: Duration| count as f64 / time.as_secs_f64();
    println!(
        "{:>10}  {name:<10}  {:>10.0}  {:>14.0}  {:>9.0}",
        bench.live_blobs,
        per(total.executing),
        per(total.cpu),
        per(total.wall)
    );
}

/// One payment after the other over gRPC: from the request to the effects.
async fn latency(bench: &mut Bench, samples: usize) {
    let mut times = Vec::with_capacity(samples);
    for _ in 0..samples {
        times.push(bench.over_grpc(transactions::transfer).await);
    }
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    println!(
        "{:>10}  {:<10}  {:>10}  {:>14}  {:>9}  {:>6.2}  {:>6.2}",
        bench.live_blobs,
        "grpc",
        "-",
        "-",
        "-",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3
    );
}
