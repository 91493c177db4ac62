//! `floe fullnode run`.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use floe_env::{
    Access, Env, Lane, Listener, OsRng, SystemClock, TcpNet, TokioSpawn, replace, tcp_listener,
};
use floe_fullnode::{
    Faucet, FaucetOptions, Options, Server, ServerLimits,
    genesis::{Chain, GenesisFile, env_lines, start_chain, write_env_file},
    router,
};
use serde::Serialize;

use crate::{
    commands::service::{log_to_stderr, runtime, stop_on_signals},
    error::{Failure, Reason},
    output::Output,
    world::World,
};

/// Longest genesis file.
const GENESIS_BYTES_MAX: usize = 4 << 20;
/// The network, as clients and storage nodes have it in their configuration.
const CLIENT_CONFIG_FILE: &str = "client_config.yaml";
/// Where a node listens that keeps its folder.
const PORT: u16 = 9000;

/// Arguments of `floe fullnode run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the chain, its keys and its database; made if it does not exist
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "ephemeral",
        conflicts_with = "ephemeral"
    )]
    dir: Option<PathBuf>,
    /// What a new chain starts from (TOML); not looked at when there is a chain
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// A new chain in a temporary folder that is removed at the end; has a faucet
    #[arg(long)]
    ephemeral: bool,
    /// Address to listen on [default: 127.0.0.1:9000, with --ephemeral any free port]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Write addresses, ids and a funded key to this file when ready, for a shell to read
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Give coins to whoever on this machine asks
    #[arg(long)]
    faucet: bool,
}

/// What is printed when the node is ready.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    url: String,
    faucet: bool,
    chain_id: String,
    #[serde(serialize_with = "crate::output::lossy")]
    dir: PathBuf,
    #[serde(serialize_with = "crate::output::lossy_option")]
    env_file: Option<PathBuf>,
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "full node ready: {} (chain {}", self.url, self.chain_id)?;
        if self.faucet {
            f.write_str(", with faucet")?;
        }
        f.write_str(")")
    }
}

/// Runs a full node until a signal ends it.
///
/// # Errors
/// [`Failure`] if it cannot start, or its store fails.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    log_to_stderr("warn");
    // Removed when this function ends.
    let temporary = if args.ephemeral {
        let dir = tempfile::Builder::new()
            .prefix("floe-fullnode-")
            .tempdir_in(&world.tmp_dir)
            .map_err(|error| Failure::io_of("create a temporary folder", &error))?;
        Some(dir)
    } else {
        None
    };
    let dir = match (&temporary, &args.dir) {
        (Some(temporary), _) => temporary.path().to_owned(),
        (None, Some(dir)) => dir.clone(),
        (None, None) => return Err(Failure::new(Reason::InvalidArgument, "no folder")),
    };
    let genesis = genesis(args, world)?;
    let runtime = runtime()?;
    runtime.block_on(serve(args, world, &dir, genesis, output))
}

fn genesis(args: &Args, world: &World) -> Result<Option<GenesisFile>, Failure> {
    let Some(path) = &args.genesis else {
        return Ok(args.ephemeral.then(GenesisFile::default));
    };
    let bytes = world.disk.read(path, GENESIS_BYTES_MAX)?;
    let refused = |reason: String| {
        Failure::new(
            Reason::InvalidInput,
            format!("{} is not a genesis file", path.display()),
        )
        .caused_by(reason)
    };
    let text = String::from_utf8(bytes).map_err(|error| refused(error.to_string()))?;
    let file = GenesisFile::parse(&text).map_err(|error| refused(error.to_string()))?;
    Ok(Some(file))
}

async fn serve(
    args: &Args,
    world: &World,
    dir: &Path,
    genesis: Option<GenesisFile>,
    output: Output,
) -> Result<(), Failure> {
    let env = Env {
        clock: Arc::new(SystemClock::new()),
        rng: Arc::new(OsRng),
        spawn: Arc::new(TokioSpawn::current()),
        compute: crate::run::pool()?,
        net: Arc::new(TcpNet::new()),
        disk: Arc::clone(&world.disk),
    };
    let shutdown = stop_on_signals()?;
    if let Some(path) = &args.env_file {
        forget(world, path)?;
    }
    let (listener, url) = listen(args).await?;
    let options = Options::new(dir);
    let (start_env, start_options) = (env.clone(), options.clone());
    let start = move || start_chain(&start_env, &start_options, genesis.as_ref());
    let chain = env.compute.offload(Lane::Io, start).await?;

    write_client_config(world, dir, &chain, &url)?;
    let faucet = (args.faucet || args.ephemeral).then(|| faucet(&chain));
    let has_faucet = faucet.is_some();
    let Chain {
        service,
        network,
        keys,
    } = chain;
    let handle = service.handle();
    let server = Server {
        env: env.clone(),
        router: router(&handle, faucet),
        limits: ServerLimits::default(),
        metrics: Arc::clone(handle.metrics()),
    };
    let node = tokio::spawn(service.run(shutdown.clone()));
    let server = tokio::spawn(server.serve(listener, shutdown.clone()));

    if let Some(path) = &args.env_file {
        let faucet_url = has_faucet.then_some(url.as_str());
        let lines = env_lines(&network, &keys.account, &url, faucet_url)?;
        write_env_file(&world.disk, path, &lines)?;
    }
    announce(
        &Ready {
            url,
            faucet: has_faucet,
            chain_id: network.chain_id.to_string(),
            dir: dir.to_owned(),
            env_file: args.env_file.clone(),
        },
        output,
    )?;
    let node = ended(node.await)?;
    shutdown.cancel();
    ended(server.await)?.map_err(|error| Failure::io_of("serve", &error))?;
    node.map_err(|error| {
        Failure::new(Reason::Io, "the full node stopped: its store failed")
            .caused_by(error)
            .help("what was acknowledged is kept; start it again when the disk works")
    })
}

/// Writes what clients and storage nodes are configured with, for the folder of the chain.
fn write_client_config(world: &World, dir: &Path, chain: &Chain, url: &str) -> Result<(), Failure> {
    let config = floe_devnet::network_config(chain, url).to_yaml();
    let config = config.map_err(|error| {
        Failure::new(Reason::Internal, "cannot write the network's description").caused_by(error)
    })?;
    let path = dir.join(CLIENT_CONFIG_FILE);
    Ok(replace(
        &world.disk,
        &path,
        config.as_bytes(),
        Access::Shared,
    )?)
}

/// Removes what an earlier run has written: whoever waits for the file shall wait for this one's.
fn forget(world: &World, path: &Path) -> Result<(), Failure> {
    match world.disk.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn ended<T>(joined: Result<T, tokio::task::JoinError>) -> Result<T, Failure> {
    joined.map_err(|error| {
        Failure::new(Reason::Internal, "a part of the full node crashed").caused_by(error)
    })
}

fn faucet(chain: &Chain) -> Faucet {
    let wal = chain.network.walrus.wal_type.clone();
    let key = chain.keys.faucet.key().clone();
    Faucet::new(chain.service.handle(), key, FaucetOptions::new(Some(wal)))
}

async fn listen(args: &Args) -> Result<(Listener, String), Failure> {
    let port = if args.ephemeral { 0 } else { PORT };
    let address = args
        .listen
        .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let failed = |error: io::Error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            Failure::new(Reason::InUse, format!("cannot listen on {address}"))
                .caused_by(error)
                .help("name another address with --listen")
        } else {
            Failure::io_of(format_args!("listen on {address}"), &error)
        }
    };
    let listener = tcp_listener(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    // What listens everywhere is also there for those on this machine.
    let host = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    Ok((
        listener,
        format!("http://{}", SocketAddr::new(host, bound.port())),
    ))
}

fn announce(ready: &Ready, output: Output) -> Result<(), Failure> {
    eprintln!("{ready}");
    if output.is_json() {
        output.print(ready)?;
    }
    Ok(())
}
