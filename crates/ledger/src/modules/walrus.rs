//! Package `walrus`, version 4: storage, its price, its nodes and their stake.
//!
//! `events` has no functions: modules emit the types of [`floe_core::onchain::events`].

pub mod blob;
pub mod bls_aggregate;
pub mod encoding;
pub mod event_blob;
pub mod messages;
pub mod metadata;
pub mod redstuff;
pub mod shared_blob;
pub mod storage_accounting;
pub mod storage_pool;
pub mod storage_resource;
pub mod system;
pub mod system_state_inner;

use super::ModuleBodies;

/// The version of the package that the shared objects carry (`docs/spec/contracts.md` §0).
pub const VERSION: u64 = 4;

pub(super) const BODIES: &[ModuleBodies] = &[
    blob::BODIES,
    encoding::BODIES,
    metadata::BODIES,
    shared_blob::BODIES,
    storage_accounting::BODIES,
    storage_pool::BODIES,
    storage_resource::BODIES,
    system::BODIES,
];
