//! `cargo xtask acceptance`: the official clients, unmodified, against networks of ours.
//!
//! Every folder of `acceptance/` is a suite: an npm package whose `floe.network` names the command
//! that starts what it talks to and whose `test` script ends with status 0 if all is well. The
//! network writes an env file when it is ready; the suite is given its variables, and `FLOE_BIN`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use clap::Args;
use miette::{IntoDiagnostic, Result, WrapErr, bail, miette};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::process;

/// How long a network may take to be ready, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Options of `cargo xtask acceptance`.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only these suites, by folder name; all when absent.
    suites: Vec<String>,
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
    // The profile of the tests: nothing is built twice.
    process::run("cargo", ["build", "--locked", "--package", "floe-cli"])?;
    for name in &names {
        suite(&root.join(name)).wrap_err_with(|| format!("acceptance suite `{name}` failed"))?;
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

fn suite(folder: &Path) -> Result<()> {
    let manifest = fs::read_to_string(folder.join("package.json")).into_diagnostic()?;
    let package: Package = serde_json::from_str(&manifest)
        .into_diagnostic()
        .wrap_err("`package.json` does not say which network to start (`floe.network`)")?;
    process::run_command(Command::new("npm").arg("ci").current_dir(folder))?;
    let network = Network::start(&package.floe.network)?;
    let outcome = process::run_command(
        Command::new("npm")
            .args(["run", "--silent", "test"])
            .current_dir(folder)
            .envs(&network.env)
            .env("FLOE_BIN", floe()),
    );
    let stopped = network.stop();
    outcome.and(stopped)
}

/// A running network; killed if it is dropped.
struct Network {
    child: Child,
    env: BTreeMap<String, String>,
    scratch: PathBuf,
}

impl Network {
    fn start(args: &[String]) -> Result<Self> {
        let scratch = process::root()
            .join("target/acceptance")
            .join(std::process::id().to_string());
        fs::create_dir_all(&scratch).into_diagnostic()?;
        let env_file = scratch.join("env");
        let child = Command::new(floe())
            .args(args)
            .arg("--env-file")
            .arg(&env_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .into_diagnostic()
            .wrap_err("cannot start floe")?;
        let mut network = Self {
            child,
            env: BTreeMap::new(),
            scratch,
        };
        let ready = network.wait(|network| {
            if let Some(status) = network.child.try_wait().into_diagnostic()? {
                bail!(
                    "`floe {}` ended before it was ready ({status})",
                    args.join(" ")
                );
            }
            Ok(env_file.is_file())
        })?;
        if !ready {
            bail!("`floe {}` was not ready after {PATIENCE:?}", args.join(" "));
        }
        network.env = parse(&fs::read_to_string(&env_file).into_diagnostic()?)?;
        Ok(network)
    }

    /// Asks it to stop, and insists that it does so cleanly.
    fn stop(mut self) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).into_diagnostic()?;
        let mut status = None;
        let stopped = self.wait(|network| {
            status = network.child.try_wait().into_diagnostic()?;
            Ok(status.is_some())
        })?;
        if !stopped {
            bail!("the network did not stop within {PATIENCE:?}");
        }
        match status {
            Some(status) if status.success() => Ok(()),
            status => bail!("the network did not stop cleanly: {status:?}"),
        }
    }

    fn wait(&mut self, mut done: impl FnMut(&mut Self) -> Result<bool>) -> Result<bool> {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            if done(self)? {
                return Ok(true);
            }
            thread::sleep(PAUSE);
            waited += PAUSE;
        }
        Ok(false)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It has stopped already if all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

fn floe() -> PathBuf {
    process::root()
        .join("target/debug")
        .join(format!("floe{}", std::env::consts::EXE_SUFFIX))
}

/// The variables of an env file: lines of `[export ]NAME=value`, values plain or in single quotes.
fn parse(text: &str) -> Result<BTreeMap<String, String>> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let pair = line.strip_prefix("export ").unwrap_or(line);
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| miette!("not a variable in the env file: {line}"))?;
            let plain = value
                .strip_prefix(['\'', '"'])
                .and_then(|value| value.strip_suffix(['\'', '"']))
                .unwrap_or(value);
            Ok((name.to_owned(), plain.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn env_files_are_read_as_a_shell_would() {
        let env = parse("# ready\nexport A='x y'\nB=http://127.0.0.1:1\n\n").unwrap();
        assert_eq!(env["A"], "x y");
        assert_eq!(env["B"], "http://127.0.0.1:1");
        assert!(parse("nonsense").is_err());
    }
}
