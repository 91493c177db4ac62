//! Project chores: `cargo xtask demo | test | acceptance | check | bench | soak`.
//!
//! Each chore sets up what it needs, so that a fresh clone on a machine with Rust, Node.js and
//! Python can run it. Chores print the commands they run on stderr; their results go to stdout.

mod abi_coverage;
mod acceptance;
mod bench;
mod check;
mod demo;
mod files_demo;
mod graph;
mod http;
mod network;
mod process;
mod round_trips;
mod show;
mod soak;
mod test;
mod tidy;

use clap::{Parser, Subcommand};

/// Project chores of Floe.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Build Floe and show its main job: a network stores a real file, loses nodes, gives it back, heals.
    Demo(demo::Options),
    /// Set up and pass all tests (at most 15 minutes on two cores, plus the build).
    Test(test::Options),
    /// Run the official clients against networks of ours.
    Acceptance(acceptance::Options),
    /// What one runs before a commit: formatting, lints, dependency graph, licences, docs.
    Check,
    /// Build optimized and print a benchmark table.
    Bench(bench::Options),
    /// List what the ledger offers of the contracts' interface.
    AbiCoverage,
    /// Long campaigns that `test` has no time for.
    Soak(soak::Options),
}

fn main() -> miette::Result<()> {
    match Args::parse().chore {
        Chore::Demo(options) => demo::run(&options),
        Chore::Test(options) => test::run(&options),
        Chore::Acceptance(options) => acceptance::run(&options),
        Chore::Check => check::run(),
        Chore::Bench(options) => bench::run(&options),
        Chore::AbiCoverage => abi_coverage::run(),
        Chore::Soak(options) => soak::run(&options),
    }
}
