//! Package `wal_exchange`: SUI for WAL at a fixed rate, for networks without a market.

#[expect(
    clippy::module_inception,
    reason = "the package's only module has its name"
)]
pub mod wal_exchange;

use super::ModuleBodies;

pub(super) const BODIES: &[ModuleBodies] = &[wal_exchange::BODIES];
