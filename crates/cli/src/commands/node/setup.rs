//! `floe node setup`.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use floe_contracts::SecretKey;
use floe_core::{Epoch, SuiAddress};
use floe_env::{Access, OsRng};
use floe_node::{Keys, Node, NodeConfig, Options, Transport};
use serde::Serialize;

use super::registration::{Registration, TermsArgs};
use crate::{
    commands::wallet,
    error::{Failure, Reason},
    output::Output,
    world::World,
};

const CONFIG_FILE: &str = "node.toml";
const PROTOCOL_KEY_FILE: &str = "protocol.key";
const NETWORK_KEY_FILE: &str = "network.key";
const WALLET_KEY_FILE: &str = "wallet.key";
const STORE_FOLDER: &str = "db";
const REGISTRATION_FILE: &str = "registration.yaml";
/// How long a faucet may take.
const FAUCET_TIMEOUT: Duration = Duration::from_secs(60);

/// Arguments of `floe node setup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the keys and the configuration; made if it does not exist
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Folder of the database [default: `db` in the folder of the configuration]
    #[arg(long, value_name = "DIR")]
    storage_path: Option<PathBuf>,
    /// File that describes the network, as clients have it (YAML)
    #[arg(long, value_name = "FILE")]
    network_config: PathBuf,
    /// Name of the node in logs
    #[arg(long, default_value = "floe")]
    name: String,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9185")]
    listen: SocketAddr,
    /// Address on loopback to serve metrics on, for Prometheus [default: none]
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// Host under which the node is registered; without it, plain HTTP on loopback
    #[arg(long, value_name = "HOST")]
    public_host: Option<String>,
    /// The Sui key that pays for the node's transactions [default: a new one in the folder]
    #[arg(long, value_name = "FILE")]
    wallet_key: Option<PathBuf>,
    /// Ask the faucet of a network on this machine, at $SUI_FAUCET_URL, for SUI for that key
    #[arg(long)]
    use_faucet: bool,
    /// Make a registration of the node for another wallet, too
    #[arg(long, value_name = "ADDRESS", requires_all = ["registration_epoch", "node_capacity", "storage_price", "write_price"])]
    registering_third_party: Option<SuiAddress>,
    /// The epoch in which that wallet will register it
    #[arg(long, value_name = "EPOCH", requires = "registering_third_party")]
    registration_epoch: Option<u32>,
    #[command(flatten)]
    terms: TermsArgs,
}

/// What was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    config: PathBuf,
    protocol_public_key: String,
    network_public_key: String,
    wallet_address: String,
    #[serde(skip)]
    is_funded: bool,
    #[serde(skip)]
    has_capacity: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<PathBuf>,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "configuration        {}", self.config.display())?;
        writeln!(f, "protocol public key  {}", self.protocol_public_key)?;
        writeln!(f, "network public key   {}", self.network_public_key)?;
        writeln!(f, "wallet               {}", self.wallet_address)?;
        if !self.is_funded {
            writeln!(
                f,
                "send SUI to the wallet: it pays for what the node tells the chain"
            )?;
        }
        let config = self.config.display();
        let register = match &self.registration {
            Some(registration) => {
                writeln!(f, "registration         {}", registration.display())?;
                format!(
                    "`floe node register --registration {}` with the other wallet",
                    registration.display()
                )
            }
            None if self.has_capacity => format!("`floe node register --config {config}`"),
            None => format!("`floe node register --config {config} --node-capacity SIZE`"),
        };
        write!(
            f,
            "next: {register}, then `floe node run --config {config}`"
        )
    }
}

/// Makes a node. What is there already is never overwritten.
///
/// # Errors
/// [`Failure`] if something is there already, or the disk fails.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    super::network_config(&args.network_config, world)?;
    // Paths in the configuration count from its folder.
    let storage_path = match &args.storage_path {
        None => PathBuf::from(STORE_FOLDER),
        Some(path) => absolute(path)?,
    };
    let network_config_path = absolute(&args.network_config)?;
    let faucet = args.use_faucet.then(wallet::faucet).transpose()?;
    let (wallet_key_path, known_wallet) = match &args.wallet_key {
        Some(path) => (absolute(path)?, Some(super::wallet_key(path, world)?)),
        None => (PathBuf::from(WALLET_KEY_FILE), None),
    };
    world.disk.create_dir_all(&args.dir)?;
    let keys = generate()?;
    let path = |name: &str| args.dir.join(name);
    let transport = match &args.public_host {
        None => Transport::PlainOnLoopback,
        Some(host) => Transport::SelfSigned {
            public_host: host.clone(),
        },
    };
    let config = NodeConfig {
        storage_path,
        protocol_key_path: PROTOCOL_KEY_FILE.into(),
        network_key_path: NETWORK_KEY_FILE.into(),
        network_config_path,
        listen: args.listen,
        metrics_listen: args.metrics_listen,
        wallet_key_path: Some(wallet_key_path),
        registration: args.terms.to_config(),
        node: Options {
            name: args.name.clone(),
            transport,
            ..Options::default()
        },
    };
    config.validate().map_err(|error| {
        Failure::new(Reason::InvalidArgument, "the node would not start")
            .caused_by(error.to_string())
            .help("a node that others reach has a --public-host; metrics are for this machine")
    })?;
    let registration = registration(args, &config, &keys)?;
    let private = Access::Private;
    write_new(
        world,
        &path(PROTOCOL_KEY_FILE),
        keys.protocol.to_key_file().as_bytes(),
        private,
    )?;
    write_new(
        world,
        &path(NETWORK_KEY_FILE),
        keys.network.to_key_file().as_bytes(),
        private,
    )?;
    let wallet = match known_wallet {
        Some(key) => key,
        None => new_wallet(world, &path(WALLET_KEY_FILE))?,
    };
    create_store(world, &args.dir.join(&config.storage_path), &keys)?;
    let config_path = path(CONFIG_FILE);
    write_new(
        world,
        &config_path,
        config.to_toml().as_bytes(),
        Access::Shared,
    )?;
    let registration = match registration {
        Some(registration) => {
            let file = path(REGISTRATION_FILE);
            let text = registration.to_yaml()?;
            write_new(world, &file, text.as_bytes(), Access::Shared)?;
            Some(file)
        }
        None => None,
    };
    if let Some(faucet) = &faucet {
        wallet::ask(faucet, wallet.address(), FAUCET_TIMEOUT)?;
    }
    output.print(&Made {
        config: config_path,
        registration,
        wallet_address: wallet.address().to_string(),
        is_funded: faucet.is_some(),
        has_capacity: args.terms.node_capacity.is_some(),
        protocol_public_key: keys.protocol.public_key().to_string(),
        network_public_key: keys.network.public_key().to_string(),
    })
}

/// A path as the configuration can hold it, whatever folder it is read in.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let what = || format!("find {}", path.display());
    let absolute = std::path::absolute(path).map_err(|error| Failure::io_of(what(), &error))?;
    if absolute.to_str().is_none() {
        let message = format!("{} can't stand in a configuration", absolute.display());
        return Err(
            Failure::new(Reason::InvalidArgument, message).help("use a path of Unicode characters")
        );
    }
    Ok(absolute)
}

/// Makes a registration for another wallet, if one is wanted.
fn registration(
    args: &Args,
    config: &NodeConfig,
    keys: &Keys,
) -> Result<Option<Registration>, Failure> {
    let (Some(account), Some(epoch)) = (args.registering_third_party, args.registration_epoch)
    else {
        return Ok(None);
    };
    Registration::sign(config, keys, &args.terms, account, Epoch(epoch)).map(Some)
}

/// Makes a key that pays, and is nobody's yet.
fn new_wallet(world: &World, path: &Path) -> Result<SecretKey, Failure> {
    let key = SecretKey::generate(&OsRng);
    let text = key.to_suiprivkey().map_err(|error| {
        Failure::new(Reason::Internal, "cannot write a key").caused_by(error.to_string())
    })?;
    write_new(world, path, text.as_bytes(), Access::Private)?;
    Ok(key)
}

fn generate() -> Result<Keys, Failure> {
    Keys::generate(&OsRng).map_err(|error| {
        Failure::new(Reason::Internal, "cannot make a key").caused_by(error.to_string())
    })
}

fn write_new(world: &World, path: &Path, bytes: &[u8], access: Access) -> Result<(), Failure> {
    let file = world
        .disk
        .open(path, floe_env::Open::CreateNew(access))
        .map_err(|error| Failure::from(error).help("a node is set up there already"))?;
    file.write_at(bytes, 0)?;
    file.sync_all()?;
    world
        .disk
        .sync_dir(path.parent().unwrap_or_else(|| Path::new(".")))?;
    Ok(())
}

fn create_store(world: &World, dir: &Path, keys: &Keys) -> Result<(), Failure> {
    Node::create_store(&world.disk, &OsRng, dir, keys).map_err(|error| {
        let reason = match &error {
            floe_node::CreateError::Disk(error) => return Failure::disk(error),
            floe_node::CreateError::Index(_) => Reason::Io,
            _ => Reason::AlreadyExists,
        };
        Failure::new(reason, "cannot make the database").caused_by(error.to_string())
    })
}
