//! Package `subsidies`: storage at a discount. Deprecated, but deployed.

#[expect(
    clippy::module_inception,
    reason = "the package's only module has its name"
)]
pub mod subsidies;

use super::ModuleBodies;

pub(super) const BODIES: &[ModuleBodies] = &[subsidies::BODIES];
