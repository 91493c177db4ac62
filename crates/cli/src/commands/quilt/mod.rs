//! `floe quilt`: many small files in one blob.

mod list;
mod open;
pub(crate) mod pack;
pub(crate) mod unpack;

use clap::Subcommand;

use crate::{error::Failure, output::Output, world::World};

/// The commands on quilts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pack files into a quilt, a blob to be encoded or stored as any other
    Pack(pack::Args),
    /// List the patches in a quilt
    List(list::Args),
    /// Unpack the patches of a quilt, or some of them
    Unpack(unpack::Args),
}

/// Runs a command on quilts.
///
/// # Errors
/// [`Failure`] of the command.
pub fn run(command: Command, world: &World, output: Output) -> Result<(), Failure> {
    match command {
        Command::Pack(args) => pack::run(&args, world, output),
        Command::List(args) => list::run(&args, world, output),
        Command::Unpack(args) => unpack::run(&args, world, output),
    }
}
