//! Ending a command early without leaving half of its output behind.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

/// Whether the command is to end.
///
/// Signals are caught only from [`catch`](Self::catch) on, which is called when there is something
/// to be removed; before that they end the process at once.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the first signal makes [`check`](Self::check) fail, and the second ends the
    /// process at once.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn catch(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order: the first signal finds the flag unset.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&self.0))?;
            flag::register(signal, Arc::clone(&self.0))?;
        }
        Ok(())
    }

    /// Whether a signal came.
    pub fn raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Called by whatever reads or writes.
    ///
    /// # Errors
    /// After a signal.
    pub fn check(&self) -> io::Result<()> {
        if self.raised() {
            return Err(io::Error::other("interrupted"));
        }
        Ok(())
    }
}
