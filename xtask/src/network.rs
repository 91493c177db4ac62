//! A network started for a chore: `floe … --env-file F` as a child process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use miette::{IntoDiagnostic, Result, WrapErr, bail, miette};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::process;

/// How long a network may take to be ready, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// A running network; killed if it is dropped.
#[derive(Debug)]
pub(crate) struct Network {
    child: Child,
    /// What it put into its env file.
    pub(crate) env: BTreeMap<String, String>,
    scratch: PathBuf,
}

impl Network {
    /// Starts `floe ARGS --env-file F` and waits until it is ready.
    ///
    /// # Errors
    /// It can't be started, ends, or is not ready in time.
    pub(crate) fn start(floe: &Path, args: &[String]) -> Result<Self> {
        let scratch = process::root()
            .join("target/networks")
            .join(std::process::id().to_string());
        fs::create_dir_all(&scratch).into_diagnostic()?;
        let env_file = scratch.join("env");
        let child = Command::new(floe)
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

    /// A variable of the env file.
    ///
    /// # Errors
    /// It is not in there.
    pub(crate) fn variable(&self, name: &str) -> Result<&str> {
        self.env
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| miette!("the network's env file has no {name}"))
    }

    /// Runs `floe ARGS --json` on the network and returns what it printed.
    ///
    /// # Errors
    /// It fails; with what it says.
    pub(crate) fn floe(&self, floe: &Path, args: &[&str]) -> Result<Value> {
        let mut command = Command::new(floe);
        command.args(args);
        if args.first() != Some(&"devnet") {
            command.args(["--config", self.variable("FLOE_CONFIG")?]);
        }
        let output = command.arg("--json").envs(&self.env).output();
        let output = output.into_diagnostic()?;
        if !output.status.success() {
            bail!(
                "`floe {}` failed: {}",
                args.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        serde_json::from_slice(&output.stdout)
            .into_diagnostic()
            .wrap_err("floe did not print JSON")
    }

    /// Asks it to stop, and insists that it does so cleanly.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn stop(mut self) -> Result<()> {
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
