//! Running other programs, with the command on stderr and a clear error when one fails.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::{IntoDiagnostic, Result, WrapErr, bail};

/// The root of the workspace: the folder above `xtask/`.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Runs `program` with `args` in the workspace root; its output is passed through.
///
/// # Errors
/// The program can't be started, or ends with a status other than 0.
pub(crate) fn run<S: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = S>) -> Result<()> {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    run_command(&mut command)
}

/// Runs a prepared command; its output is passed through.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_command(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    eprintln!("\x1b[2m$ {shown}\x1b[0m");
    let status = command
        .status()
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs `program` with `args` in the workspace root and returns what it wrote to stdout.
///
/// # Errors
/// As [`run`], or the output is not UTF-8.
pub(crate) fn output<S: AsRef<OsStr>>(
    program: &str,
    args: impl IntoIterator<Item = S>,
) -> Result<String> {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(root())
        .stderr(Stdio::inherit());
    let shown = shown(&command);
    let output = command
        .output()
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout)
        .into_diagnostic()
        .wrap_err_with(|| format!("the output of `{shown}` is not UTF-8"))
}

/// Whether `program` with `args` can be started and succeeds; it prints nothing.
pub(crate) fn succeeds(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
