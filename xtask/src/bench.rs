//! `cargo xtask bench NAME`: builds optimized and prints a benchmark table.

use clap::{Args, ValueEnum};
use miette::Result;

use crate::process;

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure.
    name: Name,
    /// Passed on to the benchmark; `-- --help` lists what it takes.
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// Slivers, metadata and blob id from a blob.
    Encode,
    /// The blob from slivers, with and without the strict check.
    Decode,
    /// Recovery symbols and slivers from them.
    Recover,
    /// Slivers against their metadata.
    Verify,
    /// Hashing and Reed–Solomon primitives.
    Kernels,
    /// Transactions of a full node per second, and over gRPC, with few and many live blobs.
    Ledger,
    /// Storing and reading blobs on a devnet, end to end.
    E2e,
}

impl Name {
    /// Package, bench target and first argument.
    fn target(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::Encode => ("floe-encoding", "encoding", Some("encode")),
            Self::Decode => ("floe-encoding", "encoding", Some("decode")),
            Self::Recover => ("floe-encoding", "encoding", Some("recover")),
            Self::Verify => ("floe-encoding", "encoding", Some("verify")),
            Self::Kernels => ("floe-kernels", "kernels", None),
            Self::Ledger => ("floe-fullnode", "ledger", None),
            Self::E2e => ("floe-cli", "e2e", None),
        }
    }
}

/// Runs the benchmark.
///
/// # Errors
/// It can't be built or fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (package, bench, first) = options.name.target();
    let fixed = [
        "bench",
        "--locked",
        "--package",
        package,
        "--bench",
        bench,
        "--",
    ];
    let args = fixed
        .into_iter()
        .chain(first)
        .chain(options.rest.iter().map(String::as_str));
    process::run("cargo", args)
}
