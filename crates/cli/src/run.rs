//! From the command line to an exit code.

use std::{io::Write as _, num::NonZeroUsize, path::Path, process::ExitCode, sync::Arc};

use clap::Parser as _;
use floe_env::{Compute, Inline, OsDisk, PoolSize, ThreadPool};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{
    args::{Cli, Command, Global},
    commands,
    error::{Failure, Reason},
    interrupt::Interrupt,
    output::Output,
    world::World,
};

/// More open files than this are of no use.
const OPEN_FILES_MAX: u64 = 65_536;

/// Runs the program and prints what went wrong, if anything.
pub fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let mut json = words.iter().any(|word| word == "--json");
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        // Asking for help is no error, and errors for people have colours.
        Err(error) if !json || !error.use_stderr() => error.exit(),
        Err(error) => return fail(Failure::usage(&error), json),
    };
    json = cli.global.json || matches!(cli.command, Command::Json(_));
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(failure, json),
    }
}

fn fail(failure: Failure, json: bool) -> ExitCode {
    let code = failure.reason().exit_code();
    let message = if json {
        failure.to_json().to_string()
    } else {
        format!("{:?}", miette::Report::new(failure))
    };
    // Nobody is left to be told if this fails.
    let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
    ExitCode::from(code)
}

/// Runs a command in the world of this machine.
///
/// # Errors
/// [`Failure`] of the command.
pub fn run(cli: Cli) -> Result<(), Failure> {
    if let Command::Json(args) = &cli.command {
        return run(commands::json::parse(args)?);
    }
    let output = Output::new(cli.global.json);
    match cli.command {
        Command::ConvertBlobId(args) => return commands::convert::run(&args, output),
        Command::Completions(args) => return commands::completions::run(&args),
        _ => {}
    }
    if matches!(cli.command, Command::Network(_) | Command::Staking(_)) {
        log(cli.global.trace_cli.as_deref())?;
    }
    let world = world(&cli.global)?;
    let outcome = match cli.command {
        Command::BlobId(args) => commands::blob_id::run(&args, &world, output),
        Command::Encode(args) => commands::encode::run(&args, &world, output),
        Command::Decode(args) => commands::decode::run(&args, &world, output),
        Command::Verify(args) => commands::verify::run(&args, &world, output),
        Command::Recover(args) => commands::recover::run(&args, &world, output),
        Command::Quilt(command) => commands::quilt::run(command, &world, output),
        Command::Network(command) => {
            commands::network::run(command, &cli.global.network, &world, output)
        }
        Command::Staking(command) => {
            commands::staking::run(&command, &cli.global.network, &world, output)
        }
        Command::GenerateSuiWallet(args) => commands::wallet::run(&args, &world, output),
        Command::Devnet(args) => commands::devnet::run(args, &world, output),
        Command::Fullnode(command) => commands::fullnode::run(&command, &world, output),
        Command::Node(command) => {
            commands::node::run(&command, &cli.global.network, &world, output)
        }
        Command::ConvertBlobId(_) | Command::Completions(_) | Command::Json(_) => Ok(()),
    };
    match outcome {
        // Whatever it looked like where it surfaced.
        Err(_) if world.interrupt.raised() => Err(Failure::interrupted()),
        outcome => outcome,
    }
}

/// Logs to a file, or to stderr if `RUST_LOG` says so.
fn log(file: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = file else {
        if std::env::var_os("RUST_LOG").is_some() {
            commands::service::log_to_stderr();
        }
        return Ok(());
    };
    let file = std::fs::File::create(path)
        .map_err(|error| Failure::io_of(format_args!("write {}", path.display()), &error))?;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("debug"));
    // Somebody may have set up logging before.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(Arc::new(file))
        .try_init();
    Ok(())
}

fn world(global: &Global) -> Result<World, Failure> {
    let memory_bytes = usize::try_from(global.memory.as_u64()).unwrap_or(usize::MAX);
    let tmp_dir = global.tmp_dir.clone().unwrap_or_else(std::env::temp_dir);
    Ok(World {
        disk: Arc::new(OsDisk),
        compute: threads(global)?,
        memory_bytes,
        tmp_dir,
        open_files_max: raise_open_files(),
        progress: !global.quiet,
        interrupt: Interrupt::default(),
    })
}

fn threads(global: &Global) -> Result<Arc<dyn Compute>, Failure> {
    let default = PoolSize::default();
    let cpu = global.threads.map_or(default.cpu, NonZeroUsize::from);
    if cpu.get() == 1 {
        return Ok(Arc::new(Inline));
    }
    let io = NonZeroUsize::MIN;
    let pool = ThreadPool::new(PoolSize { cpu, io }).map_err(|error| {
        Failure::new(Reason::Io, "cannot start threads")
            .caused_by(error)
            .help("ask for fewer with --threads")
    })?;
    Ok(Arc::new(pool))
}

/// Threads for a service, which has waiting and computing at the same time.
///
/// # Errors
/// [`Failure`] if the system refuses.
pub(crate) fn pool() -> Result<Arc<dyn Compute>, Failure> {
    let pool = ThreadPool::new(PoolSize::default())
        .map_err(|error| Failure::new(Reason::Io, "cannot start threads").caused_by(error))?;
    Ok(Arc::new(pool))
}

/// Raises the limit of open files as far as allowed, and returns how many slivers may be open.
fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(OPEN_FILES_MAX);
    let current = limit.current.unwrap_or(u64::MAX);
    let raised = wanted > current
        && setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum: limit.maximum,
            },
        )
        .is_ok();
    let allowed = if raised { wanted } else { current };
    // The rest is for everything else that is open.
    usize::try_from(allowed.min(OPEN_FILES_MAX) / 2).unwrap_or(usize::MAX)
}
