//! `cargo xtask test`: sets up and passes all tests.

use clap::Args;
use miette::Result;

use crate::process;

/// Options of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only the Rust tests.
    #[arg(long)]
    rust_only: bool,
}

/// Runs formatting, Rust tests (with `cargo nextest` when present) and doc tests.
///
/// # Errors
/// The first step that fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let _ = options.rust_only;
    process::run("cargo", ["fmt", "--all", "--check"])?;
    if process::succeeds("cargo", &["nextest", "--version"]) {
        process::run(
            "cargo",
            [
                "nextest",
                "run",
                "--workspace",
                "--locked",
                "--no-fail-fast",
            ],
        )?;
    } else {
        process::run(
            "cargo",
            [
                "test",
                "--workspace",
                "--locked",
                "--lib",
                "--bins",
                "--tests",
            ],
        )?;
    }
    process::run(
        "cargo",
        ["test", "--workspace", "--locked", "--doc", "--quiet"],
    )?;
    println!("all tests passed");
    Ok(())
}
