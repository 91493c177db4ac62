//! Package `wal`: the token.

#[expect(
    clippy::module_inception,
    reason = "the package's only module has its name"
)]
pub mod wal;

use super::ModuleBodies;

pub(super) const BODIES: &[ModuleBodies] = &[wal::BODIES];
