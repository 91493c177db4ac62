//! `floe devnet`: a whole network on this machine, and ways to steer it.

mod find;
mod run;
mod steer;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use floe_fullnode::genesis::Span;

use crate::{error::Failure, output::Output, world::World};

/// Starts a network, or steers one that runs.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(flatten)]
    run: RunArgs,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, ClapArgs)]
struct RunArgs {
    /// Keep the network in this folder, and start it again from there; a new one needs an empty folder
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    dir: Option<PathBuf>,
    /// Keep nothing: a temporary folder, removed at the end [default without --dir]
    #[arg(long)]
    ephemeral: bool,
    /// Storage nodes; the official client misbehaves with ten or fewer when one is down
    #[arg(long, value_name = "N", default_value_t = 13, value_parser = clap::value_parser!(u16).range(1..=1000))]
    nodes: u16,
    /// Shards; the largest blob takes 149 MB with 100, 14.6 GB with 1000
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(4..))]
    shards: u16,
    /// How long an epoch lasts, like 1d, 12h or 90s
    #[arg(long, value_name = "TIME", default_value = "1d")]
    epoch_duration: Span,
    /// Port of the full node [default: one that is free]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    port: u16,
    /// Run each storage node in a process of its own, for real kill -9 and SIGSTOP
    #[arg(long)]
    processes: bool,
    /// Write the network's variables to this file, for a shell, when all is ready
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print how a running network is
    Status(Which),
    /// Stop a storage node at once, as a power cut would
    StopNode(NodeArgs),
    /// Start a storage node that is stopped or has failed again
    StartNode(StartArgs),
    /// Let time pass on the chain, and every epoch change that falls into it
    Advance(AdvanceArgs),
    /// Print the log of a storage node
    Logs(LogsArgs),
}

#[derive(Debug, ClapArgs)]
struct Which {
    /// The folder of the network [default: that of $FLOE_DEVNET_DIR, or of the only one that runs]
    #[arg(long, value_name = "DIR", global = true)]
    dir: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
struct NodeArgs {
    /// Which, counted from 0
    node: usize,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, ClapArgs)]
struct StartArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Put its database aside, and start it on an empty one that it fills from the other nodes
    #[arg(long)]
    new_store: bool,
}

#[derive(Debug, ClapArgs)]
struct AdvanceArgs {
    /// How much, like 12h or 2d
    duration: Span,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, ClapArgs)]
struct LogsArgs {
    /// Which, counted from 0; the full node's if absent
    node: Option<usize>,
    /// The last so many lines
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    lines: usize,
    #[command(flatten)]
    which: Which,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub fn run(args: Args, world: &World, output: Output) -> Result<(), Failure> {
    match args.action {
        None => run::run(&args.run, world, output),
        Some(Action::Status(which)) => steer::status(&which, output),
        Some(Action::StopNode(args)) => steer::stop_node(&args, output),
        Some(Action::StartNode(args)) => steer::start_node(&args, output),
        Some(Action::Advance(args)) => steer::advance(&args, output),
        Some(Action::Logs(args)) => steer::logs(&args),
    }
}
