//! Times encoding, decoding, verification and recovery, beside a plain implementation.
//!
//! `encoding encode|decode|verify|recover [--n N,…] [--size MIB,…] [--threads T] [--rows TEXT]
//! [--no-baseline]`
//!
//! Every case runs in a process of its own, so that its peak of resident memory is its own. Times are
//! seconds of processor time (user and system, all threads) of the best of several runs, because wall
//! time says little on a shared machine; wall time stands beside them. Blobs come from a file; a
//! timed encoding hands every byte of all `2n` slivers to a sink that adds them up, eight bytes at a
//! time. MB/s are 10^6 bytes of the blob (or of what else the row is about) per second of processor
//! time. The baseline (`plain`) keeps the matrix in memory, has one thread, and uses
//! `reed-solomon-simd` and `blake2` the plain way.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark panics when something is wrong, and takes the time"
)]

mod cases;
mod files;
mod measure;
mod plain;
mod pool;

use std::{env, fs, path::Path, process::Command};

use cases::Case;
use measure::Measurement;

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.first().map(String::as_str) {
        Some("child") => println!("{}", cases::run(&Case::parse(&args[1..]))),
        Some("encode" | "decode" | "verify" | "recover") => Table::parse(&args).print(),
        _ => println!(
            "encode|decode|verify|recover [--n N,…] [--size MIB,…] [--threads T] [--rows TEXT] \
             [--no-baseline]"
        ),
    }
}

/// What to measure.
struct Table {
    name: String,
    shards: Vec<u16>,
    sizes_mib: Vec<u64>,
    threads: usize,
    /// Only rows with this in their name.
    rows: String,
    baseline: bool,
}

impl Table {
    fn parse(args: &[String]) -> Self {
        let mut table = Self {
            name: args[0].clone(),
            shards: vec![10, 100, 1000],
            sizes_mib: vec![1, 16, 128, 1024],
            threads: 1,
            rows: String::new(),
            baseline: true,
        };
        let mut rest = args[1..].iter();
        while let Some(arg) = rest.next() {
            let mut values = || rest.next().unwrap().split(',');
            match arg.as_str() {
                "--n" => table.shards = values().map(|n| n.parse().unwrap()).collect(),
                "--size" => table.sizes_mib = values().map(|n| n.parse().unwrap()).collect(),
                "--threads" => table.threads = values().next().unwrap().parse().unwrap(),
                "--rows" => table.rows = values().collect(),
                "--no-baseline" => table.baseline = false,
                other => panic!("unknown argument {other}"),
            }
        }
        table
    }

    fn print(&self) {
        let kernels = floe_kernels::Kernels::detect().unwrap().path();
        println!("{kernels} kernels, {} thread(s)\n", self.threads);
        println!(
            "{:<34} {:>5} {:>5} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
            "", "n", "MiB", "CPU", "wall", "MB/s", "RSS MiB", "plain CPU", "MB/s", "ratio"
        );
        let folder = tempfile::tempdir().unwrap();
        for &n in &self.shards {
            for &mib in &self.sizes_mib {
                let max = floe_core::CodeParams::for_encoding(n)
                    .unwrap()
                    .max_blob_size();
                if mib << 20 <= max {
                    self.print_rows(folder.path(), n, mib);
                }
            }
        }
    }

    fn print_rows(&self, folder: &Path, n: u16, mib: u64) {
        let blob = folder.join(format!("{mib}.blob"));
        if !blob.exists() {
            files::write_blob(&blob, mib << 20);
        }
        let rows = cases::rows(&self.name).iter();
        for what in rows.filter(|what| what.contains(&self.rows)) {
            let case = |plain| Case {
                what: (*what).into(),
                n,
                threads: self.threads,
                plain,
                blob: blob.clone(),
            };
            let ours = in_child(&case(false));
            let plain = self.baseline.then(|| in_child(&case(true)));
            let (baseline, rate, ratio) = plain.map_or_else(
                || ["-", "-", "-"].map(String::from).into(),
                |plain| {
                    let ratio = plain.cpu_s / ours.cpu_s;
                    (seconds(plain.cpu_s), rate(&plain), format!("{ratio:.2}"))
                },
            );
            println!(
                "{what:<34} {n:>5} {mib:>5} {:>9} {:>9} {:>9} {:>9} {baseline:>9} {rate:>9} {ratio:>7}",
                seconds(ours.cpu_s),
                seconds(ours.wall_s),
                self::rate(&ours),
                ours.peak_rss_bytes >> 20,
            );
        }
        for what in ["slivers", "metadata"] {
            // There are none of an encoding.
            let _ = fs::remove_file(blob.with_extension(format!("{n}.{what}")));
        }
    }
}

/// With three digits that say something.
fn seconds(seconds: f64) -> String {
    let (value, unit) = match seconds {
        1.0.. => (seconds, "s"),
        1e-3.. => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "us"),
    };
    let digits = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}")
}

fn rate(measurement: &Measurement) -> String {
    format!("{:.1}", measurement.bytes / 1e6 / measurement.cpu_s)
}

fn in_child(case: &Case) -> Measurement {
    let output = Command::new(env::current_exe().unwrap())
        .arg("child")
        .args(case.args())
        .stderr(std::process::Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{} failed", case.what);
    Measurement::parse(&String::from_utf8(output.stdout).unwrap())
}
