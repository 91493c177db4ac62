//! A simulated host: what of it outlives a crash, and the world its services see.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use floe_env::testing::{CrashDisk, Fault, RuntimeClock, SeededRng};
use floe_env::{Env, Inline, TokioSpawn, UnixMillis};

use crate::net::SimNet;

/// What the calendar says when a simulation begins.
pub const EPOCH: UnixMillis = UnixMillis(1_767_225_600_000);

/// The parts of a host that outlive a crash.
#[derive(Debug, Clone)]
pub struct Host(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    power: Mutex<Power>,
    seed: u64,
    starts: AtomicU64,
}

#[derive(Debug)]
struct Power {
    disk: CrashDisk,
    /// The disk is about to fail, or has failed: the power is going.
    is_failing: bool,
}

impl Host {
    /// A host with this disk whose random choices follow from `seed`.
    #[must_use]
    pub fn new(disk: CrashDisk, seed: u64) -> Self {
        let is_failing = false;
        Self(Arc::new(Parts {
            power: Mutex::new(Power { disk, is_failing }),
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

    /// From the disk operation after so many others on, all of them fail: the power goes in the middle
    /// of whatever is done then.
    pub fn fail_after(&self, operations: u64) {
        let mut power = self.power();
        let at = power.disk.operations().saturating_add(operations);
        power.disk.fail_at(at, Fault::PowerCut);
        power.is_failing = true;
    }

    /// Whether the services may fail for lack of power.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.power().is_failing
    }

    /// Cuts the power: what was not made durable survives in parts, as `seed` has it. To be called
    /// before the services are stopped, which get no chance to clean up.
    pub fn cut_power(&self, seed: u64) {
        let disk = self.disk().after_power_cut(seed);
        self.replace_disk(disk);
    }

    /// The host gets another disk; what still runs keeps the old one.
    pub fn replace_disk(&self, disk: CrashDisk) {
        let is_failing = false;
        *self.power() = Power { disk, is_failing };
    }

    /// The disk as it is now.
    #[must_use]
    pub fn disk(&self) -> CrashDisk {
        self.power().disk.clone()
    }

    fn power(&self) -> MutexGuard<'_, Power> {
        self.0.power.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
