//! `floe node`: a storage node.

mod new_store;
mod register;
mod registration;
mod run;
mod setup;
mod status;

use std::path::Path;

use clap::Subcommand;
use floe_contracts::{NetworkConfig, SecretKey, Trust};

use crate::{
    error::{Failure, Reason},
    network::NetworkArgs,
    output::Output,
    world::World,
};

/// Longest configuration file.
const CONFIG_BYTES_MAX: usize = 1 << 20;
/// Longest file of a wallet's key.
const KEY_BYTES_MAX: usize = 4096;

/// The commands on storage nodes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make keys, a configuration and an empty database
    Setup(Box<setup::Args>),
    /// Register a storage node on chain
    Register(Box<register::Args>),
    /// Make an empty database for a node that has lost its own; it is filled from the other nodes
    NewStore(new_store::Args),
    /// Run a storage node
    Run(run::Args),
    /// Ask a storage node how it is
    Status(status::Args),
}

/// Runs a command on storage nodes.
///
/// # Errors
/// [`Failure`] of the command.
pub fn run(
    command: &Command,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    match command {
        Command::Register(args) => register::run(args, network, world, output),
        Command::Setup(args) => setup::run(args, world, output),
        Command::NewStore(args) => new_store::run(args, world, output),
        Command::Run(args) => run::run(args, world, output),
        Command::Status(args) => status::run(args, world, output),
    }
}

/// Reads and checks a configuration, whose paths count from its folder.
fn config(path: &Path, world: &World) -> Result<floe_node::NodeConfig, Failure> {
    let bytes = world.disk.read(path, CONFIG_BYTES_MAX)?;
    let refused = |reason: String| {
        let message = format!("{} is no configuration of a node", path.display());
        Failure::new(Reason::InvalidInput, message)
            .caused_by(reason)
            .help("`floe node setup` makes one with every setting in it")
    };
    let text = String::from_utf8(bytes).map_err(|error| refused(error.to_string()))?;
    let config = floe_node::NodeConfig::from_toml(&text);
    let config = config.map_err(|error| refused(error.to_string()))?;
    Ok(config.in_folder(path.parent().unwrap_or_else(|| Path::new(""))))
}

/// Reads the description of a network, which has to say what events are verified by.
fn network_config(path: &Path, world: &World) -> Result<(NetworkConfig, Trust), Failure> {
    let bytes = world.disk.read(path, CONFIG_BYTES_MAX)?;
    let refused = |reason: String| {
        let message = format!("{} does not describe a network", path.display());
        Failure::new(Reason::InvalidInput, message).caused_by(reason)
    };
    let text = String::from_utf8(bytes).map_err(|error| refused(error.to_string()))?;
    let network = NetworkConfig::from_yaml(&text, None);
    let network = network.map_err(|error| refused(error.to_string()))?;
    let trust = network.trust.clone();
    let trust = trust.ok_or_else(|| refused("it has no `trust`, which events need".into()))?;
    Ok((network, trust))
}

/// Warns about a key that others on this machine can read.
fn warn_if_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        let path = path.display();
        eprintln!("warning: others can read the key {path}: `chmod 600 {path}`");
    }
}

/// The protocol and network keys that a configuration names.
fn keys(config: &floe_node::NodeConfig, world: &World) -> Result<floe_node::Keys, Failure> {
    let keys = floe_node::Keys::read(
        &*world.disk,
        &config.protocol_key_path,
        &config.network_key_path,
    );
    keys.map_err(|error| {
        Failure::new(Reason::InvalidInput, "cannot read the keys of the node")
            .caused_by(error.to_string())
    })
}

/// The Sui key that pays for transactions of a node.
fn wallet_key(path: &Path, world: &World) -> Result<SecretKey, Failure> {
    let bytes = world.disk.read(path, KEY_BYTES_MAX)?;
    SecretKey::parse(String::from_utf8_lossy(&bytes).trim()).map_err(|error| {
        let message = format!("{} is no key", path.display());
        Failure::new(Reason::InvalidInput, message).caused_by(error.to_string())
    })
}

/// The world that services run in.
fn env(world: &World) -> Result<floe_env::Env, Failure> {
    use std::sync::Arc;

    use floe_env::{Env, OsRng, SystemClock, TcpNet, TokioSpawn};
    Ok(Env {
        clock: Arc::new(SystemClock::new()),
        rng: Arc::new(OsRng),
        spawn: Arc::new(TokioSpawn::current()),
        compute: crate::run::pool()?,
        net: Arc::new(TcpNet::new()),
        disk: Arc::clone(&world.disk),
    })
}
