//! `cargo xtask acceptance`: the official clients, unmodified, against networks of ours.
//!
//! Every folder of `acceptance/` is a suite: an npm package whose `floe.network` names the command
//! that starts what it talks to and whose `test` script ends with status 0 if all is well. The
//! network writes an env file when it is ready; the suite is given its variables, and `FLOE_BIN`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use miette::{IntoDiagnostic, Result, WrapErr, bail};
use serde::Deserialize;

use crate::{network::Network, process};

/// Options of `cargo xtask acceptance`.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only these suites, by folder name; all when absent.
    pub(crate) suites: Vec<String>,
    /// With this `floe` instead of the one built here.
    #[arg(long)]
    pub(crate) program: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Package {
    floe: Suite,
}

/// What a suite says of itself in its `package.json`.
#[derive(Debug, Deserialize)]
struct Suite {
    /// Arguments of `floe` that start the network; `--env-file F` is added.
    network: Vec<String>,
}

/// Runs the suites.
///
/// # Errors
/// Node.js or npm is missing, a network does not start or stop, or a suite fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = process::root().join("acceptance");
    let mut names = folders(&root)?;
    if !options.suites.is_empty() {
        if let Some(unknown) = options.suites.iter().find(|name| !names.contains(name)) {
            bail!(
                "there is no suite `{unknown}`; there are: {}",
                names.join(", ")
            );
        }
        names.clone_from(&options.suites);
    }
    if names.is_empty() {
        return Ok(());
    }
    for tool in ["node", "npm"] {
        if !process::succeeds(tool, &["--version"]) {
            bail!(
                "`{tool}` is not installed: the official clients need Node.js 20 or newer with npm"
            );
        }
    }
    let floe = match &options.program {
        Some(program) => program.clone(),
        None => {
            process::run("cargo", ["build", "--locked", "--package", "floe-cli"])?;
            built()
        }
    };
    for name in &names {
        suite(&floe, &root.join(name))
            .wrap_err_with(|| format!("acceptance suite `{name}` failed"))?;
    }
    Ok(())
}

fn folders(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if !root.is_dir() {
        return Ok(names);
    }
    for entry in fs::read_dir(root).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        if path.join("package.json").is_file()
            && let Some(name) = path.file_name()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn suite(floe: &Path, folder: &Path) -> Result<()> {
    let manifest = fs::read_to_string(folder.join("package.json")).into_diagnostic()?;
    let package: Package = serde_json::from_str(&manifest)
        .into_diagnostic()
        .wrap_err("`package.json` does not say which network to start (`floe.network`)")?;
    process::run_command(Command::new("npm").arg("ci").current_dir(folder))?;
    let network = Network::start(floe, &package.floe.network)?;
    let outcome = process::run_command(
        Command::new("npm")
            .args(["run", "--silent", "test"])
            .current_dir(folder)
            .envs(&network.env)
            .env("FLOE_BIN", floe),
    );
    let stopped = network.stop();
    outcome.and(stopped)
}

/// The `floe` of the profile that tests are built with.
pub(crate) fn built() -> PathBuf {
    process::root()
        .join("target/debug")
        .join(format!("floe{}", std::env::consts::EXE_SUFFIX))
}
