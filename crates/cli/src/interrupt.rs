//! Ending a command early without leaving half of its output behind.

use std::{
    fs, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

use crate::error::Reason;

/// Whether the command is to end.
///
/// Signals are caught only from [`catch`](Self::catch) on, which is called when there is something
/// to be removed or to be told; before that they end the process at once.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    raised: Arc<AtomicBool>,
    is_caught: AtomicBool,
    may_have_run: AtomicBool,
    may_have_paid: AtomicBool,
}

/// What a command that is ended early may have left on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Left {
    /// Nothing.
    #[default]
    Nothing,
    /// What a transaction has done.
    Transaction,
    /// Registered blobs and storage, paid for, which are used when the same is stored again.
    Registrations,
}

impl Interrupt {
    /// From now on the first signal makes [`check`](Self::check) fail, and the second ends the
    /// process at once. A hangup that is ignored (`nohup`) stays so.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn catch(&self) -> io::Result<()> {
        // Caught twice, the first signal would be the second as well.
        if self.0.is_caught.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            // In this order: the first signal finds the flag unset.
            let code = i32::from(Reason::Interrupted.exit_code());
            flag::register_conditional_shutdown(signal, code, Arc::clone(&self.0.raised))?;
            flag::register(signal, Arc::clone(&self.0.raised))?;
        }
        Ok(())
    }

    /// Whether a signal came.
    pub fn raised(&self) -> bool {
        self.0.raised.load(Ordering::Relaxed)
    }

    /// Called by whoever reads or writes.
    ///
    /// # Errors
    /// After a signal.
    pub fn check(&self) -> io::Result<()> {
        if self.raised() {
            return Err(io::Error::other("interrupted"));
        }
        Ok(())
    }

    /// From now on the command may have left this.
    pub(crate) fn leaves(&self, left: Left) {
        let flag = match left {
            Left::Nothing => return,
            Left::Transaction => &self.0.may_have_run,
            Left::Registrations => &self.0.may_have_paid,
        };
        flag.store(true, Ordering::Relaxed);
    }

    /// What the command may have left.
    pub fn left(&self) -> Left {
        let is_set = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        if is_set(&self.0.may_have_paid) {
            Left::Registrations
        } else if is_set(&self.0.may_have_run) {
            Left::Transaction
        } else {
            Left::Nothing
        }
    }
}

/// Whether whoever started the process has it ignore a signal.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = u32::try_from(signal - 1).unwrap_or(u32::MAX);
    mask.and_then(|mask| mask.checked_shr(bit))
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_paid_for_is_told_before_what_merely_ran() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.left(), Left::Nothing);
        interrupt.leaves(Left::Transaction);
        assert_eq!(interrupt.left(), Left::Transaction);
        interrupt.leaves(Left::Registrations);
        interrupt.leaves(Left::Transaction);
        assert_eq!(interrupt.left(), Left::Registrations);
    }
}
