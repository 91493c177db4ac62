//! Storing and reading blobs on a devnet, end to end: latency, throughput, who used the processors,
//! and how much memory that took.
//!
//! `cargo xtask bench e2e [-- --quick]`
//!
//! The network is a process of its own (`floe devnet`: full node and 13 storage nodes, all on this
//! machine); the client is this one, and lives as long as a table. Blobs are random bytes in a file,
//! and read into a file.

#![expect(
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measuring program reads the clock and stops at the first surprise"
)]

mod files;
mod measure;
mod network;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use floe_client::{BlobInput, BlobStoreResult, Check, NoProgress, Progress, StoreOptions};
use floe_core::BlobId;

use files::{FileBlob, random_file, same_content};
use measure::{Phases, Usage, seconds};
use network::Network;

/// Nodes of each network, and those that die for the last read: a third of the shards may.
const NODES: usize = 13;
const DEAD: [usize; 4] = [1, 4, 8, 11];

/// A blob size, and how often it is stored and read.
struct Row {
    label: &'static str,
    len: u64,
    samples: usize,
}

impl Row {
    /// The first of a size finds no connections, and is not counted, save where that takes long.
    const fn uncounted(&self) -> usize {
        if self.len < 500_000_000 { 1 } else { 0 }
    }
}

/// Rows on one network.
struct Table {
    n_shards: u16,
    rows: Vec<Row>,
}

const fn row(label: &'static str, len: u64, samples: usize) -> Row {
    Row {
        label,
        len,
        samples,
    }
}

fn tables(quick: bool) -> Vec<Table> {
    let samples = |many: usize| if quick { 3.min(many) } else { many };
    let mut tables = vec![Table {
        n_shards: 100,
        rows: vec![
            row("1 KB", 1_000, samples(200)),
            row("1 MB", 1_000_000, samples(50)),
            row("64 MB", 64_000_000, samples(8)),
        ],
    }];
    if !quick {
        tables.push(Table {
            n_shards: 301,
            rows: vec![row("1 GB", 1_000_000_000, 1)],
        });
    }
    tables
}

fn main() {
    let mut quick = false;
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--quick" => quick = true,
            "--bench" => {}
            other => panic!("unknown argument {other}: --quick"),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for table in tables(quick) {
            measure_table(&table).await;
        }
    });
}

async fn measure_table(table: &Table) {
    println!("n = {}, {NODES} nodes", table.n_shards);
    println!(
        "{:<18} {:>6} {:>4} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9}",
        "", "", "", "p50", "p99", "", "client", "network", "client", "network"
    );
    println!(
        "{:<18} {:>6} {:>4} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9}",
        "operation", "bytes", "n", "ms", "ms", "MB/s", "CPU ms", "CPU ms", "peak MiB", "peak MiB"
    );
    let network = Network::start(NODES, table.n_shards).await;
    let mut stored = Vec::new();
    for row in &table.rows {
        stored.push(store_row(&network, row).await);
    }
    for (row, blobs) in table.rows.iter().zip(&stored) {
        read_row(&network, row, "read", blobs).await;
    }
    for node in DEAD {
        network.stop_node(node);
    }
    for (row, blobs) in table.rows.iter().zip(&stored) {
        read_row(&network, row, "read, third dead", blobs).await;
    }
    network.stop();
    println!();
}

/// A blob in the network, and the file it came from.
struct Blob {
    id: BlobId,
    file: std::fs::File,
}

async fn store_row(network: &Network, row: &Row) -> Vec<Blob> {
    let mut blobs = Vec::with_capacity(row.samples);
    let mut times = Vec::with_capacity(row.samples);
    let phases = Arc::new(Phases::default());
    let mut usage = Usage::begin(network.pid());
    for sample in 0..row.samples + row.uncounted() {
        if sample == row.uncounted() {
            usage = Usage::begin(network.pid());
            phases.clear();
        }
        let file = random_file(network.scratch(), row.len);
        let input = BlobInput::new(Arc::new(FileBlob::new(file.try_clone().unwrap())));
        let progress: Arc<dyn Progress> = Arc::clone(&phases) as _;
        let begun = Instant::now();
        let options = StoreOptions::for_epochs(5);
        let stored = network
            .client
            .store(&network.wallet, vec![input], &options, &progress)
            .await
            .unwrap();
        let took = begun.elapsed();
        phases.end();
        let id = match &stored[0] {
            BlobStoreResult::NewlyCreated { blob_object, .. } => blob_object.blob_id,
            other => panic!("{other:?}"),
        };
        // The rest of the upload is part of what a store costs.
        network.client.finish(Duration::from_secs(60)).await;
        if sample >= row.uncounted() {
            times.push(took);
        }
        blobs.push(Blob { id, file });
    }
    print_row("store", row, times, usage.end());
    print_phases(&phases.totals(), row.samples);
    blobs
}

async fn read_row(network: &Network, row: &Row, label: &str, blobs: &[Blob]) {
    let mut times = Vec::with_capacity(row.samples);
    let phases = Phases::default();
    let mut usage = Usage::begin(network.pid());
    for (sample, blob) in blobs.iter().enumerate() {
        if sample == row.uncounted() {
            usage = Usage::begin(network.pid());
            phases.clear();
        }
        let output = Arc::new(FileBlob::empty(network.scratch(), row.len));
        let begun = Instant::now();
        let opened = network.client.open(blob.id).await.unwrap();
        let progress: &dyn Progress = if row.len < PHASES_LEN_MIN {
            &NoProgress
        } else {
            &phases
        };
        opened
            .read_to(Arc::clone(&output) as _, Check::Default, progress)
            .await
            .unwrap();
        if sample >= row.uncounted() {
            times.push(begun.elapsed());
        }
        phases.end();
        assert!(same_content(&blob.file, output.file()), "came back changed");
    }
    print_row(label, row, times, usage.end());
    print_phases(&phases.totals(), row.samples);
}

/// Below that the phases say nothing.
const PHASES_LEN_MIN: u64 = 10_000_000;

fn print_row(label: &str, row: &Row, mut times: Vec<Duration>, used: measure::Used) {
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let samples = row.samples as f64;
    let median = seconds(at(50));
    println!(
        "{label:<18} {:>6} {:>4} {:>8.1} {:>8.1} {:>8.1} {:>9.1} {:>9.1} {:>9} {:>9}",
        row.label,
        row.samples,
        median * 1e3,
        seconds(at(99)) * 1e3,
        row.len as f64 / 1e6 / median,
        seconds(used.client_cpu) * 1e3 / samples,
        seconds(used.network_cpu) * 1e3 / samples,
        used.client_peak_mib,
        used.network_peak_mib,
    );
}

fn print_phases(totals: &BTreeMap<&'static str, (Duration, Duration)>, samples: usize) {
    let mut texts = Vec::new();
    for (name, (wall, cpu)) in totals {
        let (wall, cpu) = (seconds(*wall) * 1e3, seconds(*cpu) * 1e3);
        let samples = samples as f64;
        texts.push(format!(
            "{name} {:.0} ({:.0})",
            wall / samples,
            cpu / samples
        ));
    }
    if !texts.is_empty() {
        println!("    ms by phase (client CPU ms): {}", texts.join(", "));
    }
}
