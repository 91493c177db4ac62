//! How far a simulation is, and what it has shown.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How far a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Misfortunes, and recovery from them.
    #[default]
    Running,
    /// Nothing is missing any more: as many nodes as may go are to go.
    Healed,
    /// They are gone.
    Gone,
}

/// What a simulation has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Blobs that were stored.
    pub stored: usize,
    /// Reads that gave the right bytes.
    pub reads: usize,
    /// Stores and reads that failed when they might.
    pub refused: usize,
    /// Virtual time from the last misfortune until nothing was missing, in ms.
    pub healed_ms: u128,
    /// Virtual time it took in all, in ms.
    pub millis: u128,
    /// Number and digest of the chain's last checkpoint.
    pub checkpoint: Option<(u64, String)>,
    /// Operations of all disks.
    pub disk_operations: u64,
}

/// How far a simulation is, and what it has shown so far.
#[derive(Debug, Default)]
pub struct Progressed {
    stage: Mutex<Stage>,
    report: Mutex<Report>,
}

impl Progressed {
    /// How far it is.
    pub fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has come so far.
    pub fn reach(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// What it has shown so far.
    pub fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
