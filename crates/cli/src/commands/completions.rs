//! `floe completions`: scripts for shells.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    args::Cli,
    error::{Failure, Reason},
};

/// Arguments of `floe completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell [default: the one in $SHELL]
    #[arg(value_name = "SHELL")]
    shell: Option<Shell>,
    /// The same
    #[arg(
        long = "shell",
        value_name = "SHELL",
        conflicts_with = "shell",
        hide = true
    )]
    named: Option<Shell>,
}

/// Prints the script.
///
/// # Errors
/// [`Failure`] if it can't be written.
pub fn run(args: &Args) -> Result<(), Failure> {
    let shell = args.shell.or(args.named).or_else(Shell::from_env);
    let shell = shell.ok_or_else(|| {
        Failure::new(Reason::InvalidArgument, "which shell is not known")
            .help("name it, like `floe completions bash`")
    })?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "floe", &mut script);
    match io::stdout().write_all(&script) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io_of("write to stdout", &error))
        }
        _ => Ok(()),
    }
}
