//! `cargo xtask soak NAME`: long campaigns that `test` has no time for.

use std::{path::PathBuf, process::Command};

use clap::{Args, ValueEnum};
use miette::Result;

use crate::{process, round_trips};

/// Options of `cargo xtask soak`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which campaign.
    name: Name,
    /// Cases per property, sequences, power cuts, rounds of kills, or seeds [default: what the campaign
    /// is for]
    #[arg(long, visible_aliases = ["cuts", "rounds", "samples", "seeds"])]
    cases: Option<u32>,
    /// Round trips: 1 GB over 301 shards and 4 GB over 1000, too (50 GB of disk).
    #[arg(long)]
    large: bool,
    /// Round trips: with this `floe` instead of the one built here.
    #[arg(long)]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// Every property test with many more cases.
    Properties,
    /// Random sequences of stakes, withdrawals and epochs against a model in plain numbers.
    Staking,
    /// Power cuts at random moments of a storage node's database.
    Storage,
    /// Power cuts at random moments of a full node.
    Fullnode,
    /// The kernels of AVX2 and AVX-512, interpreted by Miri, which takes a nightly compiler.
    Miri,
    /// `kill -9` of storage nodes while blobs are stored.
    Kills,
    /// Stores and reads while a third of the nodes is stopped by SIGSTOP.
    Silent,
    /// Simulated networks with lost messages, power cuts, lost disks, and nodes that lie; the first
    /// seed is that of the environment variable `FLOE_SIM_FROM`, or 0.
    Sim,
    /// Files of all sizes through networks of 4 to 30 nodes, and this repository as quilts.
    RoundTrips,
}

impl Name {
    const fn cases(self) -> u32 {
        match self {
            Self::Properties | Self::Staking | Self::Storage | Self::Fullnode => 10_000,
            Self::Sim => 1_000,
            Self::Kills => 100,
            Self::Silent => 10,
            Self::Miri | Self::RoundTrips => 1,
        }
    }
}

/// Runs the campaign.
///
/// # Errors
/// A case fails; its seed is printed and kept in `proptest-regressions/`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let cases = options.cases.unwrap_or_else(|| options.name.cases());
    match options.name {
        Name::Properties => {
            let mut command = Command::new("cargo");
            command
                .args(["test", "--workspace", "--locked", "--release"])
                .env("PROPTEST_CASES", cases.to_string())
                .current_dir(process::root());
            process::run_command(&mut command)
        }
        Name::Staking => campaign(
            "floe-ledger",
            ["random_staking", ""],
            "FLOE_STAKING_SEQUENCES",
            cases,
        ),
        Name::Storage => campaign("floe-storage", ["power_cuts", ""], "FLOE_POWER_CUTS", cases),
        Name::Fullnode => campaign(
            "floe-fullnode",
            ["survives_power_cuts", ""],
            "FLOE_POWER_CUTS",
            cases,
        ),
        Name::Kills => campaign("floe-cli", ["faults", "kills"], "FLOE_KILL_ROUNDS", cases),
        Name::Silent => campaign(
            "floe-cli",
            ["faults", "silent"],
            "FLOE_SILENT_SAMPLES",
            cases,
        ),
        Name::Sim => campaign("floe-sim", ["seeds", ""], "FLOE_SIM_SEEDS", cases),
        Name::Miri => {
            interpret("leaves", "")?;
            // Under the aliasing model, filling the code's tables alone takes hours.
            interpret("codewords", "-Zmiri-disable-stacked-borrows")
        }
        Name::RoundTrips => round_trips::run(options.program.as_deref(), options.large),
    }
}

/// Features of a processor that has all paths of the kernels.
const MIRI_FEATURES: &str =
    "-Ctarget-feature=+avx2,+avx512f,+avx512bw,+avx512vl,+avx512vbmi2,+gfni";

/// Interprets some tests of the kernels: no undefined behaviour, and the same results on all paths.
fn interpret(tests: &str, flags: &str) -> Result<()> {
    let mut command = Command::new("cargo");
    command
        .args(["+nightly", "miri", "test", "--package", "floe-kernels"])
        .args(["--locked", "--test", "small_shapes", tests])
        .env("RUSTFLAGS", MIRI_FEATURES)
        .env("MIRIFLAGS", flags)
        .current_dir(process::root());
    process::run_command(&mut command)
}

/// Runs the tests of one file whose names contain a text; they take the number of their cases from an
/// environment variable.
fn campaign(package: &str, [file, text]: [&str; 2], variable: &str, cases: u32) -> Result<()> {
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", package, "--locked", "--release"])
        .args(["--test", file, "--", "--nocapture", text])
        .env(variable, cases.to_string())
        .current_dir(process::root());
    process::run_command(&mut command)
}
