//! `floe node run`.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use floe_contracts::{Contracts, RpcOptions, Wallet, WalletOptions};
use floe_env::{Env, Listener, tcp_listener};
use floe_node::{BuildError, Node, NodeConfig, OpenError, SuiChain};

use crate::{
    commands::service::{log_to_stderr, runtime, stop_on_signals},
    error::{Failure, Reason},
    output::Output,
    world::World,
};

/// Arguments of `floe node run`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What happens is logged to stderr; the environment variable RUST_LOG says from which \
                        level on: warn, info (the default), debug, or floe_node=debug for a part."
)]
pub struct Args {
    /// The configuration, as `floe node setup` makes it
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Stop when standard input ends, as it does with the process that holds its other end
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

/// Runs a storage node until a signal ends it.
///
/// # Errors
/// [`Failure`] if it can't start, or something it depends on fails.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    log_to_stderr("info");
    let config = super::config(&args.config, world)?;
    let keys = [&config.protocol_key_path, &config.network_key_path];
    for key in keys.into_iter().chain(&config.wallet_key_path) {
        super::warn_if_readable(key);
    }
    runtime()?.block_on(serve(args, config, world, output))
}

async fn serve(
    args: &Args,
    config: NodeConfig,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    let env = super::env(world)?;
    let shutdown = stop_on_signals()?;
    if args.until_stdin_ends {
        let stop = shutdown.clone();
        // Not a task: nothing would wait for it to end.
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            stop.cancel();
        });
    }
    let keys = super::keys(&config, world)?;
    let chain = connect(&env, &config, world).await?;
    let listener = listen(config.listen).await?;
    let metrics = match config.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let dir = config.storage_path.clone();
    tracing::info!(dir = %dir.display(), "opening the database");
    let built = Node::build(env, config.node, keys, &dir, Arc::new(chain), listener).await;
    let (mut service, handle) = built.map_err(|error| not_built(&error))?;
    if let Some(metrics) = metrics {
        service = service.with_metrics(metrics);
    }
    eprintln!("storage node ready: {}", handle.address());
    if output.is_json() {
        output.print(&super::status::Report::of(handle.health()))?;
    }
    service.run(shutdown).await.map_err(|error| {
        Failure::new(Reason::Io, "the storage node stopped")
            .caused_by(error)
            .help("what was confirmed is kept; start it again when the cause is gone")
    })
}

async fn connect(env: &Env, config: &NodeConfig, world: &World) -> Result<SuiChain, Failure> {
    let (network, trust) = super::network_config(&config.network_config_path, world)?;
    let contracts = Contracts::connect(env, network, RpcOptions::default()).await;
    let contracts = contracts.map_err(|error| {
        Failure::new(Reason::Unreachable, "cannot read the contracts").caused_by(error)
    })?;
    let wallet = match &config.wallet_key_path {
        None => None,
        Some(path) => Some(wallet(&contracts, path, world)?),
    };
    Ok(SuiChain::new(contracts, trust, wallet))
}

fn wallet(contracts: &Contracts, path: &Path, world: &World) -> Result<Wallet, Failure> {
    let key = super::wallet_key(path, world)?;
    Ok(Wallet::new(
        contracts.clone(),
        Arc::new(key),
        WalletOptions::default(),
    ))
}

async fn listen(address: SocketAddr) -> Result<Listener, Failure> {
    tcp_listener(address).await.map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            Failure::new(Reason::InUse, format!("cannot listen on {address}")).caused_by(error)
        } else {
            Failure::io_of(format_args!("listen on {address}"), &error)
        }
    })
}

/// Why a node does not start, and what its operator does about it.
fn not_built(error: &BuildError) -> Failure {
    let (reason, help) = match error {
        BuildError::Options { .. } | BuildError::PlainOffLoopback { .. } => {
            (Reason::InvalidInput, None)
        }
        BuildError::Open(error) => not_opened(error),
        BuildError::Chain(_) => (Reason::Unreachable, None),
        BuildError::Behind { .. } => (
            Reason::Unreachable,
            Some("wait until the full node has caught up, or use another one"),
        ),
        BuildError::OtherNetwork { .. } => (
            Reason::InvalidInput,
            Some(
                "nothing was changed: name the node's own network in network_config_path, or give a \
                 node of the other network a database of its own",
            ),
        ),
        _ => (Reason::Io, None),
    };
    let failure = Failure::new(reason, "the storage node can't start").caused_by(error.to_string());
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The same for its database.
fn not_opened(error: &OpenError) -> (Reason, Option<&'static str>) {
    const NEW_STORE: &str = "if it is lost: `floe node new-store` makes an empty database, which is \
                             filled from the other nodes, and keeps what is left of this one";
    match error {
        OpenError::NotAStore { .. } => (Reason::NotFound, Some(NEW_STORE)),
        OpenError::ForeignStore { .. } => (
            Reason::InvalidInput,
            Some("protocol_key_path and storage_path have to be those of one node"),
        ),
        OpenError::TooNew { .. } => (Reason::InvalidInput, None),
        OpenError::Damaged { .. } | OpenError::Index(_) => (Reason::Corrupt, Some(NEW_STORE)),
        OpenError::Disk(error) if error.kind() == io::ErrorKind::WouldBlock => (
            Reason::InUse,
            Some("another `floe node run` has this database: a node runs once"),
        ),
        _ => (Reason::Io, None),
    }
}
