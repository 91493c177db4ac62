//! `floe fullnode`: a Sui full node with the Walrus contracts, for development and tests.

mod failure;
mod inspect;
mod report;
mod run;
mod source;

use clap::Subcommand;

use crate::{error::Failure, output::Output, world::World};

/// The commands on full nodes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a full node with a chain of its own
    Run(run::Args),
    /// Print an object, a transaction or what an address owns
    Inspect(inspect::Args),
}

/// Runs a command on full nodes.
///
/// # Errors
/// [`Failure`] of the command.
pub fn run(command: &Command, world: &World, output: Output) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run::run(args, world, output),
        Command::Inspect(args) => inspect::run(args, world, output),
    }
}
