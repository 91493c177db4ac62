//! Package `walrus_subsidies`: supplements to the nodes' rewards.

pub mod epoch_balance;
#[expect(
    clippy::module_inception,
    reason = "the package's main module has its name"
)]
pub mod walrus_subsidies;
pub mod walrus_subsidies_inner;

use super::ModuleBodies;

pub(super) const BODIES: &[ModuleBodies] = &[walrus_subsidies::BODIES];
