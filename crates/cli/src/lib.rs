//! The `floe` program: commands on files, output, errors.
//!
//! Every command is a module of [`commands`] with its arguments and a `run`; it is given the
//! [`World`] it may touch and the [`Output`] to report to, and fails with a [`Failure`] from the one
//! table of [`error`]. Output takes its name only when it is whole ([`staging`]).

mod args;
pub mod commands;
pub mod error;
mod input;
mod interrupt;
mod network;
mod output;
mod progress;
mod run;
mod sieve;
pub mod sliver_dir;
pub mod staging;
mod world;

pub use self::{
    args::{Cli, Command, Global, Shards},
    error::{Failure, Fault, Reason},
    input::Input,
    interrupt::{Interrupt, Left},
    network::NetworkArgs,
    output::Output,
    progress::Bar,
    run::{main, run},
    world::{Threads, World},
};
