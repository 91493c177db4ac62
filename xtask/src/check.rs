//! `cargo xtask check`: what one runs before a commit.

use miette::Result;

use crate::{graph, process, tidy};

/// Formatting, lints as errors, dependency graph, tidiness, documentation; licences and advisories
/// when `cargo deny` is installed.
///
/// # Errors
/// The first finding.
pub(crate) fn run() -> Result<()> {
    process::run("cargo", ["fmt", "--all", "--check"])?;
    graph::check()?;
    tidy::check()?;
    process::run(
        "cargo",
        [
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    process::run(
        "cargo",
        ["doc", "--workspace", "--no-deps", "--locked", "--quiet"],
    )?;
    if process::succeeds("cargo", &["deny", "--version"]) {
        process::run(
            "cargo",
            ["deny", "--offline", "check", "bans", "licenses", "sources"],
        )?;
    } else {
        eprintln!("cargo-deny is not installed: licences and bans were not checked");
    }
    println!("all checks passed");
    Ok(())
}
