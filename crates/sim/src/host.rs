//! A simulated host: what of it outlives a crash, and the world its services see.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use floe_env::testing::{CrashDisk, RuntimeClock, SeededRng};
use floe_env::{Env, Inline, TokioSpawn, UnixMillis};

use crate::net::SimNet;

/// What the calendar says when a simulation begins.
pub const EPOCH: UnixMillis = UnixMillis(1_767_225_600_000);

/// The parts of a host that outlive a crash.
#[derive(Debug, Clone)]
pub struct Host(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    disk: Mutex<CrashDisk>,
    seed: u64,
    starts: AtomicU64,
}

impl Host {
    /// A host with an empty disk whose random choices follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Parts {
            disk: Mutex::new(CrashDisk::new()),
            seed,
            starts: AtomicU64::new(0),
        }))
    }

    /// The world of the host's services from now on; to be called on the simulated host, each time it
    /// starts.
    #[must_use]
    pub fn start(&self) -> Env {
        let starts = self.0.starts.fetch_add(1, Ordering::Relaxed);
        let passed = turmoil::sim_elapsed().unwrap_or_default();
        let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        Env {
            clock: Arc::new(RuntimeClock::new(UnixMillis(
                EPOCH.0.saturating_add(passed),
            ))),
            rng: Arc::new(SeededRng::new(self.0.seed.wrapping_add(starts << 32))),
            spawn: Arc::new(TokioSpawn::current()),
            compute: Arc::new(Inline),
            net: Arc::new(SimNet),
            disk: Arc::new(self.disk()),
        }
    }

    /// Cuts the power: what was not made durable survives in parts, as `seed` has it. The simulator
    /// must have stopped the host's services.
    pub fn cut_power(&self, seed: u64) {
        let mut disk = self.0.disk.lock().unwrap_or_else(PoisonError::into_inner);
        *disk = disk.after_power_cut(seed);
    }

    /// The disk as it is now.
    #[must_use]
    pub fn disk(&self) -> CrashDisk {
        let disk = self.0.disk.lock().unwrap_or_else(PoisonError::into_inner);
        disk.clone()
    }
}
