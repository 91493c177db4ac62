//! `floe generate-sui-wallet`: a key of one's own, as Sui's tools keep it.

use std::{
    env, fmt,
    io::{self, Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    path::{Path, PathBuf},
    time::Duration,
};

use floe_contracts::SecretKey;
use floe_core::SuiAddress;
use floe_env::{Access, Open, OsRng};
use serde::Serialize;

use crate::{
    error::{Failure, Reason},
    output::Output,
    world::{World, parent},
};

/// Networks with names: the name, a full node, a faucet.
const NETWORKS: [(&str, &str, Option<&str>); 4] = [
    ("mainnet", "https://fullnode.mainnet.sui.io:443", None),
    ("testnet", "https://fullnode.testnet.sui.io:443", None),
    ("devnet", "https://fullnode.devnet.sui.io:443", None),
    (
        "localnet",
        "http://127.0.0.1:9000",
        Some("http://127.0.0.1:9123"),
    ),
];
const KEYSTORE_FILE: &str = "sui.keystore";
/// Longest answer of a faucet that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Arguments of `floe generate-sui-wallet`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The wallet's configuration file [default: ~/.sui/sui_config/client.yaml]
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
    /// mainnet, testnet, devnet, localnet, or a full node's URL [default: $SUI_GRPC_URL, or testnet]
    #[arg(long, value_name = "NETWORK")]
    sui_network: Option<String>,
    /// Ask the faucet of a network on this machine for SUI, and WAL if it gives some
    #[arg(long)]
    use_faucet: bool,
    /// Seconds to wait for the faucet
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    faucet_timeout: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    wallet_address: String,
    #[serde(skip)]
    path: PathBuf,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "address  {}", self.wallet_address)?;
        write!(f, "wallet   {}, readable by you alone", self.path.display())
    }
}

/// Where a wallet's network is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    name: String,
    url: String,
    faucet: Option<String>,
}

/// Makes a wallet. What is there already is never overwritten.
///
/// # Errors
/// [`Failure`]: there is one already, the disk or the faucet refuses.
pub fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let path = match &args.path {
        Some(path) => path.clone(),
        None => usual_path()?,
    };
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let place = place(
        args.sui_network.as_deref(),
        set("SUI_GRPC_URL"),
        set("SUI_FAUCET_URL"),
    );
    let faucet = match (args.use_faucet, &place.faucet) {
        (true, None) => {
            let message = format!("the faucet of {} can't be asked from here", place.name);
            return Err(Failure::new(Reason::InvalidArgument, message)
                .help("leave --use-faucet out, and ask for SUI at https://faucet.sui.io"));
        }
        (true, Some(faucet)) => Some(faucet),
        (false, _) => None,
    };
    let key = SecretKey::generate(&OsRng);
    write(&path, &place, &key, world)?;
    if let Some(faucet) = faucet {
        ask(
            faucet,
            key.address(),
            Duration::from_secs(args.faucet_timeout),
        )?;
    }
    output.print(&Report {
        wallet_address: key.address().to_string(),
        path,
    })
}

fn usual_path() -> Result<PathBuf, Failure> {
    let home = env::var_os("HOME").ok_or_else(|| {
        Failure::new(
            Reason::InvalidArgument,
            "there is no home folder for the wallet",
        )
        .help("name a file with --path")
    })?;
    Ok(PathBuf::from(home).join(".sui/sui_config/client.yaml"))
}

fn place(network: Option<&str>, url: Option<String>, faucet: Option<String>) -> Place {
    let named = |wanted: &str| NETWORKS.iter().find(|(name, ..)| *name == wanted);
    match (network, url) {
        (None, Some(url)) => Place {
            name: "custom".to_owned(),
            url,
            faucet,
        },
        (network, _) => match named(network.unwrap_or("testnet")) {
            Some((name, url, faucet)) => Place {
                name: (*name).to_owned(),
                url: (*url).to_owned(),
                faucet: faucet.map(str::to_owned),
            },
            None => Place {
                name: "custom".to_owned(),
                url: network.unwrap_or_default().to_owned(),
                faucet,
            },
        },
    }
}

/// Writes the key, and the configuration that names it.
fn write(path: &Path, place: &Place, key: &SecretKey, world: &World) -> Result<(), Failure> {
    let folder = parent(path);
    world.disk.create_dir_all(folder)?;
    let keystore = folder.join(KEYSTORE_FILE);
    let absolute = std::path::absolute(&keystore).unwrap_or_else(|_| keystore.clone());
    let quoted = |text: &str| serde_json::Value::from(text);
    let config = format!(
        "keystore:\n  File: {}\nenvs:\n  - alias: {}\n    rpc: {}\nactive_env: {}\nactive_address: \"{}\"\n",
        quoted(&absolute.display().to_string()),
        quoted(&place.name),
        quoted(&place.url),
        quoted(&place.name),
        key.address()
    );
    let entries = serde_json::json!([key.to_keystore_entry().as_str()]).to_string();
    if world.disk.metadata(path).is_ok() {
        let message = format!("{} exists already", path.display());
        return Err(Failure::new(Reason::AlreadyExists, message)
            .help("name another file with --path; wallets are never overwritten"));
    }
    for (path, text) in [(keystore.as_path(), &entries), (path, &config)] {
        let file = world.disk.open(path, Open::CreateNew(Access::Private));
        let file = file.map_err(|error| {
            Failure::from(error).help("name a file in another folder with --path")
        })?;
        file.write_at(text.as_bytes(), 0)?;
        file.sync_all()?;
    }
    world.disk.sync_dir(folder)?;
    Ok(())
}

/// Where the faucet of a network on this machine is.
///
/// # Errors
/// [`Failure`] if the environment does not say so.
pub(super) fn faucet() -> Result<String, Failure> {
    let url = env::var("SUI_FAUCET_URL")
        .ok()
        .filter(|url| !url.is_empty());
    url.ok_or_else(|| {
        Failure::new(Reason::InvalidArgument, "SUI_FAUCET_URL names no faucet").help(
            "load what `floe devnet` prints, or `floe fullnode run --faucet --env-file FILE` writes",
        )
    })
}

/// Asks a faucet for coins.
///
/// # Errors
/// [`Failure`] if it gives none.
pub(super) fn ask(faucet: &str, address: SuiAddress, patience: Duration) -> Result<(), Failure> {
    let failed = |cause: String| {
        Failure::new(
            Reason::Unreachable,
            format!("the faucet {faucet} gives nothing"),
        )
        .caused_by(cause)
        .help(format!(
            "the wallet is there; ask the faucet again, or send SUI to {address}"
        ))
    };
    let host = faucet
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'));
    let host = host.ok_or_else(|| failed("only faucets at http:// can be asked".to_owned()))?;
    let body = format!("{{\"FixedAmountRequest\":{{\"recipient\":\"{address}\"}}}}");
    let request = format!(
        "POST /v2/gas HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(host, &request, patience).map_err(|error| failed(error.to_string()))?;
    match answer.split_whitespace().nth(1) {
        Some("200" | "201" | "202") => Ok(()),
        _ => Err(failed(
            answer.lines().last().unwrap_or("no answer").to_owned(),
        )),
    }
}

fn exchange(host: &str, request: &str, patience: Duration) -> io::Result<String> {
    let addresses = host.to_socket_addrs()?.collect::<Vec<_>>();
    let address = addresses.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_names_or_are_where_the_environment_says() {
        let devnet = Some("http://127.0.0.1:5".to_owned());
        let place_of = |network| place(network, devnet.clone(), devnet.clone());
        assert_eq!(place_of(None).url, "http://127.0.0.1:5");
        assert_eq!(place_of(None).faucet, devnet);
        let testnet = place_of(Some("testnet"));
        assert_eq!(
            (testnet.url.as_str(), testnet.faucet),
            (NETWORKS[1].1, None)
        );
        assert_eq!(place(None, None, None).name, "testnet");
        assert_eq!(place_of(Some("http://here:1")).url, "http://here:1");
    }
}
