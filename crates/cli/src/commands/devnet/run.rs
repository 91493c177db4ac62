//! Starting a network and keeping it up until a signal comes.

use std::{fmt, fs, io, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use floe_devnet::{
    DevnetError, Network, NodeFailure, Options, control,
    layout::{self, LayoutError},
    logs::Logs,
};
use floe_env::{Clock, Env, PoolSize, SystemClock};
use floe_fullnode::genesis;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{Layer as _, filter::LevelFilter, layer::SubscriberExt as _};

use super::{
    RunArgs,
    find::{self, VARIABLE},
};
use crate::{
    error::{Failure, Reason},
    output::Output,
    world::World,
};

/// Threads that wait for disks.
const IO_THREADS: usize = 8;

pub(super) fn run(args: &RunArgs, world: &World, output: Output) -> Result<(), Failure> {
    let temporary = match &args.dir {
        Some(_) => None,
        None => Some(temporary(&world.tmp_dir)?),
    };
    let dir = match (&args.dir, &temporary) {
        (Some(dir), _) => dir.as_path(),
        (None, Some(temporary)) => temporary.path(),
        (None, None) => Path::new("."),
    };
    check(args)?;
    layout::claim(&*world.disk, dir).map_err(not_claimed)?;
    if let Some(file) = &args.env_file {
        check_folder_of(file)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io_of("start threads", &error))?;
    let outcome = runtime.block_on(keep_up(args, dir, world, output));
    runtime.shutdown_timeout(Duration::from_secs(5));
    outcome
}

/// Refuses what would fail later.
fn check(args: &RunArgs) -> Result<(), Failure> {
    if args.epoch_duration.0.is_zero() {
        let message = "an epoch can't last no time at all";
        return Err(Failure::new(Reason::InvalidArgument, message)
            .help("give --epoch-duration a time like 1d, 12h or 90s"));
    }
    Ok(())
}

fn check_folder_of(file: &Path) -> Result<(), Failure> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::metadata(folder)
        .map(drop)
        .map_err(|error| Failure::io_of(format_args!("write {}", file.display()), &error))
}

fn not_claimed(error: LayoutError) -> Failure {
    match &error {
        LayoutError::Disk(error) => Failure::disk(error),
        LayoutError::NotEmpty { .. } => Failure::new(Reason::AlreadyExists, error.to_string())
            .help("a new devnet needs an empty folder: name another one with --dir"),
        _ => Failure::new(Reason::InvalidInput, error.to_string()),
    }
}

fn temporary(parent: &Path) -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("floe-devnet-")
        .tempdir_in(parent)
        .map_err(|error| Failure::io_of("make a temporary folder", &error))
}

async fn keep_up(args: &RunArgs, dir: &Path, world: &World, output: Output) -> Result<(), Failure> {
    // Caught from here on, so that the temporary folder is removed whatever happens.
    let mut stop = Stop::catch().map_err(|error| Failure::io_of("catch signals", &error))?;
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    log_to(dir)?;
    let env = env(world)?;
    let options = Options {
        dir: dir.to_owned(),
        nodes: usize::from(args.nodes),
        n_shards: args.shards,
        epoch_duration: args.epoch_duration,
        port: args.port,
        program: if args.processes {
            Some(program()?)
        } else {
            None
        },
    };
    let socket = control::listen(dir).map_err(|error| listen_failure(dir, &error))?;
    let network = tokio::select! {
        network = Network::start(env.clone(), &options) => network.map_err(start_failure)?,
        () = stop.signalled() => return Err(Failure::interrupted()),
    };
    let network = Arc::new(network);
    let _note = find::note(dir).map_err(|error| Failure::io_of("note the devnet", &error))?;
    let controller = Arc::clone(&network) as Arc<dyn control::Controller>;
    let serving = tokio::spawn(control::serve(socket, controller));
    let ready = Ready::new(&network, dir, clock.monotonic().since(begun)).await;
    let files = [Some(layout::env_file(dir)), args.env_file.clone()];
    for file in files.into_iter().flatten() {
        genesis::write_env_file(&env.disk, &file, &ready.lines).map_err(|error| {
            Failure::new(Reason::Io, format!("cannot write {}", file.display())).caused_by(error)
        })?;
    }
    output.print(&ready)?;
    ready.warn();
    let outcome = tokio::select! {
        () = stop.signalled() => Ok(()),
        reason = network.failed() => Err(Failure::new(Reason::Io, "the devnet has stopped")
            .caused_by(reason)
            .help("what was confirmed is kept; start it again when the cause is gone")),
    };
    serving.abort();
    let _ = serving.await;
    network.stop().await;
    let _ = fs::remove_file(control::socket(dir));
    outcome
}

fn env(world: &World) -> Result<Env, Failure> {
    let pool = PoolSize {
        cpu: PoolSize::default().cpu,
        io: NonZeroUsize::new(IO_THREADS).unwrap_or(NonZeroUsize::MIN),
    };
    let env = Env::production(pool)
        .map_err(|error| Failure::new(Reason::Io, "cannot start threads").caused_by(error))?;
    Ok(Env {
        disk: Arc::clone(&world.disk),
        ..env
    })
}

fn program() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::io_of("find this program", &error))
}

fn log_to(dir: &Path) -> Result<(), Failure> {
    let logs = Logs::new(dir, Arc::new(SystemClock::new())).map_err(|error| {
        Failure::io_of(format_args!("make {}", dir.join("logs").display()), &error)
    })?;
    let subscriber = tracing_subscriber::registry().with(logs.with_filter(LevelFilter::INFO));
    tracing::subscriber::set_global_default(subscriber).map_err(|error| {
        Failure::new(Reason::Internal, "logging was set up twice").caused_by(error)
    })
}

fn listen_failure(dir: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::AddrInUse {
        return Failure::new(
            Reason::AlreadyExists,
            format!("a devnet runs in {} already", dir.display()),
        )
        .help("stop it, or choose another folder with --dir");
    }
    Failure::io_of(format_args!("listen in {}", dir.display()), error)
}

fn start_failure(error: DevnetError) -> Failure {
    match error {
        DevnetError::Listen { .. } => Failure::new(Reason::AlreadyExists, error.to_string())
            .help("the devnet keeps its ports: stop what uses this one"),
        DevnetError::Layout(error) => not_claimed(error),
        DevnetError::FullNode(error) => Failure::from(error),
        error => Failure::new(Reason::Io, "the devnet cannot start").caused_by(error.to_string()),
    }
}

/// Signals that end the program.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Stop {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn signalled(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// What is printed when all is ready.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    dir: String,
    nodes: usize,
    shards: u16,
    epoch: String,
    ready_after_seconds: f64,
    #[serde(serialize_with = "as_map")]
    lines: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<NodeFailure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// How a node that has failed is started again.
pub(super) fn start_again(node: usize) -> String {
    format!(
        "`floe devnet start-node {node}` starts it again; with --new-store on an empty database, \
         which it fills from the other nodes"
    )
}

fn as_map<S: serde::Serializer>(
    lines: &[(&'static str, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(lines.iter().map(|(name, value)| (name, value)))
}

impl Ready {
    async fn new(network: &Network, dir: &Path, took: Duration) -> Self {
        let mut lines = network.env_lines.clone();
        let dir = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
        lines.push((
            "FLOE_CONFIG",
            layout::client_config(&dir).display().to_string(),
        ));
        lines.push((VARIABLE, dir.display().to_string()));
        let epoch = genesis::Span(Duration::from_millis(network.record.epoch_duration_ms));
        Self {
            dir: dir.display().to_string(),
            nodes: network.record.node_ports.len(),
            shards: network.record.n_shards,
            epoch: epoch.to_string(),
            ready_after_seconds: took.as_secs_f64(),
            lines,
            failed: network.failed_nodes().await,
            warnings: network.warnings(),
        }
    }

    /// Says on stderr what is wrong.
    fn warn(&self) {
        for failure in &self.failed {
            eprintln!("warning: {failure}\n  {}", start_again(failure.node));
        }
        for warning in &self.warnings {
            eprintln!("warning: {warning}");
        }
    }

    fn line(&self, name: &str) -> &str {
        let found = self.lines.iter().find(|(found, _)| *found == name);
        found.map_or("", |(_, value)| value)
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "A Walrus network is up after {:.1} s: {} storage nodes, {} shards, epochs of {}.",
            self.ready_after_seconds, self.nodes, self.shards, self.epoch
        )?;
        writeln!(
            f,
            "\n  full node  {}  (gRPC, gRPC-web, faucet)",
            self.line("SUI_GRPC_URL")
        )?;
        writeln!(f, "  folder     {}", self.dir)?;
        writeln!(
            f,
            "\nFor a shell (a wallet with SUI and WAL is among it):\n"
        )?;
        for (name, value) in &self.lines {
            writeln!(f, "  export {name}='{value}'")?;
        }
        writeln!(f, "\nFor the official SDK (it wants the label testnet):\n")?;
        writeln!(
            f,
            "  new SuiGrpcClient({{ network: 'testnet', baseUrl: '{}' }}).$extend(walrus({{",
            self.line("SUI_GRPC_URL")
        )?;
        writeln!(
            f,
            "    packageConfig: {{\n      systemObjectId: '{}',\n      stakingPoolId: '{}',\n    }},",
            self.line("SYSTEM_OBJECT_ID"),
            self.line("STAKING_OBJECT_ID")
        )?;
        writeln!(f, "    storageNodeUrlScheme: 'http',\n  }}))")?;
        writeln!(f, "\nTry, in another shell with the lines above:\n")?;
        writeln!(f, "  floe store README.md --epochs 2")?;
        writeln!(
            f,
            "  floe devnet status | stop-node 3 | start-node 3 | advance 2d | logs 3"
        )?;
        write!(f, "\nCtrl-C stops it.")
    }
}
