//! `cargo xtask test`: sets up and passes all tests.

use clap::Args;
use miette::Result;

use crate::{acceptance, process};

/// Options of `cargo xtask test`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only the Rust tests.
    #[arg(long)]
    rust_only: bool,
}

/// Runs formatting, Rust tests (with `cargo nextest` when present), doc tests and the official clients.
///
/// # Errors
/// The first step that fails.
pub(crate) fn run(options: &Options) -> Result<()> {
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
    if !options.rust_only {
        // The tests have built it; alone it would have other features of its libraries, and all be
        // built again.
        acceptance::run(&acceptance::Options {
            program: Some(acceptance::built()),
            ..acceptance::Options::default()
        })?;
    }
    println!("all tests passed");
    Ok(())
}
