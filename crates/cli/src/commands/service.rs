//! What commands that run until they are told to stop have in common.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::{Failure, Reason};

/// An async runtime on this machine's threads.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io_of("start threads", &error))
}

/// The first signal stops the service in order, the second ends the process.
pub(super) fn stop_on_signals() -> Result<CancellationToken, Failure> {
    let failed = |error: io::Error| Failure::io_of("catch signals", &error);
    let mut interrupts = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminations = signal(SignalKind::terminate()).map_err(failed)?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        for ends in [false, true] {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            if ends {
                std::process::exit(i32::from(Reason::Interrupted.exit_code()));
            }
            stop.cancel();
        }
    });
    Ok(shutdown)
}

/// Logs to stderr, at the level that `RUST_LOG` says.
pub(crate) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    // Somebody may have set up logging before.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .try_init();
}
