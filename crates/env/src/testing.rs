//! A world for tests: time that only moves when told to, random bytes from a seed, and a disk whose
//! power can be cut. Nothing in here belongs into production.

mod audit;
mod clock;
pub mod conformance;
mod crash;
mod rng;

pub use audit::{AuditReport, Lost, audit_syncs};
pub use clock::{ManualClock, RuntimeClock};
pub use crash::{CrashDisk, Fault, SECTOR_BYTES, Traced};
pub use rng::SeededRng;
