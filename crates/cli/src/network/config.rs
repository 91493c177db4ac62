//! Which network, and whose wallet (`docs/spec/client.md` §7, §8).
//!
//! A network is found, in this order, in the file of `--config`, in the environment (as `floe devnet`
//! writes it), in `client_config.yaml` or `.yml` in the usual places. A wallet is found in the file of
//! `--wallet`, in `SUI_SECRET_KEY`, in what the configuration names, in Sui's usual places.

use std::{
    env,
    path::{Path, PathBuf},
};

use floe_contracts::{NetworkConfig, SecretKey, SuiWalletFile};
use floe_core::ObjectId;
use floe_env::Disk;

use super::tuning::Tuning;
use crate::error::{Failure, Reason};

/// Which network, and whose wallet.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Network options")]
pub struct NetworkArgs {
    /// The client's configuration file [default: client_config.yaml in the usual places]
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Which of the networks in the configuration file
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The Sui wallet's configuration file [default: what the configuration says, or Sui's own]
    #[arg(long, global = true, value_name = "PATH")]
    pub wallet: Option<PathBuf>,
    /// The Sui full node to use
    #[arg(long, global = true, value_name = "URL")]
    pub rpc_url: Option<String>,
    /// MIST a transaction may use at most [default: what a simulation says, and a margin]
    #[arg(long, global = true, value_name = "MIST")]
    pub gas_budget: Option<u64>,
}

/// A configuration file is not longer than this.
const FILE_BYTES_MAX: usize = 1 << 20;

/// A network, and where its wallet is said to be.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) network: NetworkConfig,
    pub(super) tuning: Tuning,
    wallet: Option<floe_contracts::WalletReference>,
    /// Paths in the file are relative to this.
    dir: PathBuf,
}

/// Finds the network.
pub(super) fn find(args: &NetworkArgs, disk: &dyn Disk) -> Result<Found, Failure> {
    let mut found = match &args.config {
        Some(path) => from_file(path, args, disk)?,
        None => match from_environment()? {
            Some(_) if args.context.is_some() => return Err(context_of_nothing()),
            Some(network) => Found {
                network,
                tuning: Tuning::default(),
                wallet: None,
                dir: PathBuf::from("."),
            },
            None => {
                let path = usual_places()
                    .into_iter()
                    .find(|path| disk.metadata(path).is_ok());
                from_file(&path.ok_or_else(no_network)?, args, disk)?
            }
        },
    };
    if let Some(url) = &args.rpc_url {
        found.network.rpc_urls = vec![url.clone()];
    }
    if found.network.rpc_urls.is_empty() {
        let wallet = wallet_file(args, &found, disk)?;
        found
            .network
            .rpc_urls
            .extend(wallet.and_then(|(wallet, _)| wallet.rpc_url));
    }
    if found.network.rpc_urls.is_empty() {
        return Err(
            Failure::new(Reason::InvalidArgument, "no Sui full node is configured")
                .help("name one with --rpc-url, or with rpc_urls in the configuration file"),
        );
    }
    Ok(found)
}

fn context_of_nothing() -> Failure {
    let message = "--context chooses from a configuration file, and the network is that of the \
                   environment variables SYSTEM_OBJECT_ID and STAKING_OBJECT_ID";
    Failure::new(Reason::InvalidArgument, message)
        .help("name the file with --config, or unset the variables")
}

fn no_network() -> Failure {
    let places: Vec<_> = usual_places()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Failure::new(Reason::InvalidArgument, "no network is configured")
        .caused_by(format!("there is none of {}", places.join(", ")))
        .help(
            "name a configuration file with --config, or start a network of your own with floe \
             devnet and load the environment file it writes",
        )
}

fn from_environment() -> Result<Option<NetworkConfig>, Failure> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let object = |name: &'static str, text: &str| {
        text.parse::<ObjectId>().map_err(|error| {
            let message = format!("the environment variable {name} is no object id");
            Failure::new(Reason::InvalidArgument, message).caused_by(error)
        })
    };
    let (system, staking) = (variable("SYSTEM_OBJECT_ID"), variable("STAKING_OBJECT_ID"));
    let (Some(system), Some(staking)) = (system, staking) else {
        return Ok(None);
    };
    let mut network = NetworkConfig::new(
        object("SYSTEM_OBJECT_ID", &system)?,
        object("STAKING_OBJECT_ID", &staking)?,
        variable("SUI_GRPC_URL"),
    );
    if let Some(exchange) = variable("EXCHANGE_ID") {
        network
            .exchange_objects
            .push(object("EXCHANGE_ID", &exchange)?);
    }
    Ok(Some(network))
}

fn from_file(path: &Path, args: &NetworkArgs, disk: &dyn Disk) -> Result<Found, Failure> {
    let refused = |error: floe_contracts::ConfigError| {
        if let floe_contracts::ConfigError::UnknownContext { .. } = error {
            let message = format!("{} has no such context", path.display());
            return Failure::new(Reason::InvalidArgument, message).caused_by(error.to_string());
        }
        let message = format!("{} is no configuration of a client", path.display());
        Failure::new(Reason::InvalidInput, message).caused_by(error.to_string())
    };
    let text = read_text(path, disk)?;
    let value = NetworkConfig::select_context(&text, args.context.as_deref()).map_err(refused)?;
    let wallet = NetworkConfig::wallet_of(&value).map_err(refused)?;
    let tuning = Tuning::of(&value).map_err(|problem| {
        let message = format!("{} is no configuration of a client", path.display());
        Failure::new(Reason::InvalidInput, message).caused_by(problem)
    })?;
    Ok(Found {
        network: NetworkConfig::from_value(value).map_err(refused)?,
        tuning,
        wallet,
        dir: crate::world::parent(path).to_owned(),
    })
}

/// Where configuration files usually are, in the order of preference.
fn usual_places() -> Vec<PathBuf> {
    let xdg = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = env::var_os("HOME").map(PathBuf::from);
    let folders = [
        Some(PathBuf::from(".")),
        xdg.as_ref().map(|xdg| xdg.join("walrus")),
        xdg,
        home.as_ref().map(|home| home.join(".config/walrus")),
        home.map(|home| home.join(".walrus")),
    ];
    let names = ["client_config.yaml", "client_config.yml"];
    let folders = folders.into_iter().flatten();
    folders
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .collect()
}

/// The wallet's configuration, if there is one, and the folder it lies in.
fn wallet_file(
    args: &NetworkArgs,
    found: &Found,
    disk: &dyn Disk,
) -> Result<Option<(SuiWalletFile, PathBuf)>, Failure> {
    use floe_contracts::WalletReference as R;
    let (path, environment, address) = match (&args.wallet, &found.wallet) {
        (Some(path), _) => (path.clone(), None, None),
        (None, Some(R::Path(path))) => (found.dir.join(expand(path)), None, None),
        (
            None,
            Some(R::Choice {
                path,
                active_env,
                active_address,
            }),
        ) => (
            found.dir.join(expand(path)),
            active_env.as_deref(),
            *active_address,
        ),
        (None, None) => {
            let home = env::var_os("HOME").map(PathBuf::from);
            let usual = [
                Some(PathBuf::from("sui_config.yaml")),
                home.map(|home| home.join(".sui/sui_config/client.yaml")),
            ];
            let mut usual = usual.into_iter().flatten();
            match usual.find(|path| disk.metadata(path).is_ok()) {
                Some(path) => (path, None, None),
                None => return Ok(None),
            }
        }
    };
    let text = read_text(&path, disk)?;
    let wallet = SuiWalletFile::parse(&text, environment, address);
    let wallet = wallet.map_err(|error| bad_wallet(&path, &error))?;
    Ok(Some((wallet, crate::world::parent(&path).to_owned())))
}

/// The key of the wallet.
pub(super) fn key(
    args: &NetworkArgs,
    found: &Found,
    disk: &dyn Disk,
) -> Result<SecretKey, Failure> {
    if args.wallet.is_none()
        && let Ok(text) = env::var("SUI_SECRET_KEY")
    {
        return SecretKey::parse(&text).map_err(|error| {
            let message = "the environment variable SUI_SECRET_KEY is no secret key";
            Failure::new(Reason::InvalidArgument, message).caused_by(error.to_string())
        });
    }
    let Some((wallet, dir)) = wallet_file(args, found, disk)? else {
        return Err(
            Failure::new(Reason::InvalidArgument, "no wallet is configured")
                .help("name a Sui wallet's configuration with --wallet, or set SUI_SECRET_KEY"),
        );
    };
    let path = dir.join(expand(&wallet.keystore));
    let keystore = read_text(&path, disk)?;
    wallet
        .key(&keystore)
        .map_err(|error| bad_wallet(&path, &error))
}

fn bad_wallet(path: &Path, error: &floe_contracts::KeyError) -> Failure {
    let message = format!("{} is of no use as a wallet", path.display());
    Failure::new(Reason::InvalidInput, message).caused_by(error.to_string())
}

/// A path that may begin with `~`.
fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

fn read_text(path: &Path, disk: &dyn Disk) -> Result<String, Failure> {
    let bytes = disk.read(path, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            Reason::InvalidInput,
            format!("{} is no text", path.display()),
        )
    })
}

#[cfg(test)]
mod tests {
    use floe_env::{OsDisk, OsRng};

    use super::*;

    fn id(number: u8) -> ObjectId {
        ObjectId::from_suffix(number)
    }

    fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_file_names_the_network_and_the_wallet_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let key_of_wallet = SecretKey::generate(&OsRng);
        let entry = key_of_wallet.to_keystore_entry();
        write(dir.path(), "keys", &format!("[\"{}\"]", *entry));
        let address = key_of_wallet.address();
        write(
            dir.path(),
            "wallet.yaml",
            &format!(
                "keystore:\n  File: keys\nenvs:\n  - alias: here\n    rpc: http://127.0.0.1:9000\n\
                 active_env: here\nactive_address: \"{address}\"\n"
            ),
        );
        let text = format!(
            "system_object: \"{}\"\nstaking_object: \"{}\"\nwallet_config: wallet.yaml\n\
             communication_config:\n  max_concurrent_writes: 5\n",
            id(1),
            id(2)
        );
        let args = NetworkArgs {
            config: Some(write(dir.path(), "client_config.yaml", &text)),
            wallet: Some(dir.path().join("wallet.yaml")),
            ..NetworkArgs::default()
        };
        let found = find(&args, &OsDisk).unwrap();
        assert_eq!(found.network.system_object, id(1));
        // The wallet's own full node, as the configuration names none.
        assert_eq!(found.network.rpc_urls, ["http://127.0.0.1:9000"]);
        assert_eq!(key(&args, &found, &OsDisk).unwrap().address(), address);
        let other = NetworkArgs {
            rpc_url: Some("http://127.0.0.1:1".into()),
            ..args
        };
        let found = find(&other, &OsDisk).unwrap();
        assert_eq!(found.network.rpc_urls, ["http://127.0.0.1:1"]);
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let args = |text: &str| NetworkArgs {
            config: Some(write(dir.path(), "config", text)),
            ..NetworkArgs::default()
        };
        let refused = |text: &str| find(&args(text), &OsDisk).unwrap_err().reason();
        assert_eq!(refused("system_object: 0x1\n"), Reason::InvalidInput);
        assert_eq!(refused("[1, 2"), Reason::InvalidInput);
        let missing = NetworkArgs {
            config: Some(dir.path().join("nowhere")),
            ..NetworkArgs::default()
        };
        assert_eq!(
            find(&missing, &OsDisk).unwrap_err().reason(),
            Reason::NotFound
        );
    }
}
