//! From the command line to an exit code.

use std::{
    io::Write as _,
    num::NonZeroUsize,
    path::Path,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use clap::Parser as _;
use floe_env::{Compute, Inline, Job, Lane, OsDisk, PoolSize, ThreadPool};
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
    unwrapped_errors();
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

/// Lines of errors stay whole, whatever the width of a terminal: they have ids and commands in them.
fn unwrapped_errors() {
    let whole = |_: &_| -> Box<dyn miette::ReportHandler> {
        let options = miette::MietteHandlerOpts::new();
        Box::new(options.wrap_lines(false).break_words(false).build())
    };
    // Whoever has set up something else before means it.
    let _ = miette::set_hook(Box::new(whole));
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
    let world = world(&cli.global);
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
        Err(failure) if world.interrupt.raised() && failure.reason() != Reason::Interrupted => {
            Err(Failure::interrupted_leaving(world.interrupt.left()))
        }
        outcome => outcome,
    }
}

/// Logs to a file, or to stderr if `RUST_LOG` says so.
fn log(file: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = file else {
        if std::env::var_os("RUST_LOG").is_some() {
            commands::service::log_to_stderr("warn");
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

fn world(global: &Global) -> World {
    let memory_bytes = usize::try_from(global.memory.as_u64()).unwrap_or(usize::MAX);
    let tmp_dir = global.tmp_dir.clone().unwrap_or_else(std::env::temp_dir);
    World {
        disk: Arc::new(OsDisk),
        compute: threads(global),
        memory_bytes,
        tmp_dir,
        open_files_max: raise_open_files(),
        progress: !global.quiet,
        interrupt: Interrupt::default(),
    }
}

fn threads(global: &Global) -> Arc<dyn Compute> {
    let default = PoolSize::default();
    let cpu = global.threads.map_or(default.cpu, NonZeroUsize::from);
    if cpu.get() == 1 {
        return Arc::new(Inline);
    }
    let io = NonZeroUsize::MIN;
    let size = PoolSize { cpu, io };
    let pool = OnceLock::new();
    Arc::new(LazyPool { size, pool })
}

/// Threads that are started when there is something to do, which may never be the case.
#[derive(Debug)]
struct LazyPool {
    size: PoolSize,
    pool: OnceLock<Box<dyn Compute>>,
}

impl LazyPool {
    fn pool(&self) -> &dyn Compute {
        let start = || -> Box<dyn Compute> {
            match ThreadPool::new(self.size) {
                Ok(pool) => Box::new(pool),
                Err(error) => {
                    eprintln!("note: cannot start threads, going on with one: {error}");
                    Box::new(Inline)
                }
            }
        };
        &**self.pool.get_or_init(start)
    }
}

impl Compute for LazyPool {
    fn threads(&self) -> NonZeroUsize {
        self.size.cpu
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        self.pool().run(tasks, body);
    }

    fn submit(&self, lane: Lane, job: Job) {
        self.pool().submit(lane, job);
    }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A thousand of them took seconds to start, for a command that was refused.
    #[test]
    fn threads_are_started_when_there_is_something_to_do() {
        let two = NonZeroUsize::new(2).unwrap();
        let size = PoolSize { cpu: two, io: two };
        let pool = OnceLock::new();
        let lazy = LazyPool { size, pool };
        assert_eq!(lazy.threads(), two);
        assert!(lazy.pool.get().is_none());
        let ran = AtomicUsize::new(0);
        lazy.run(5, &|_| {
            ran.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(ran.into_inner(), 5);
        assert!(lazy.pool.get().is_some());
    }
}
