//! Package `walrus`, version 4: storage, its price, its nodes and their stake.
//!
//! `events` has no functions: modules emit the types of [`floe_core::onchain::events`].

pub mod active_set;
pub mod apportionment_queue;
pub mod auth;
pub mod blob;
pub mod bls_aggregate;
pub mod committee;
pub mod display;
pub mod encoding;
pub mod event_blob;
pub mod extended_field;
pub mod init;
pub mod messages;
pub mod metadata;
pub mod node_metadata;
pub mod pending_values;
pub mod pool_exchange_rate;
pub mod redstuff;
pub mod shared_blob;
pub mod slashing;
pub mod staked_wal;
pub mod staking;
pub mod staking_inner;
pub mod staking_pool;
pub mod storage_accounting;
pub mod storage_node;
pub mod storage_pool;
pub mod storage_resource;
pub mod system;
pub mod system_state_inner;
#[cfg(test)]
mod test_runtime;
pub mod upgrade;
pub mod walrus_context;

use super::ModuleBodies;

/// The version of the package that the shared objects carry (`docs/spec/contracts.md` §0).
pub const VERSION: u64 = 4;

pub(super) const BODIES: &[ModuleBodies] = &[
    apportionment_queue::BODIES,
    auth::BODIES,
    blob::BODIES,
    committee::BODIES,
    encoding::BODIES,
    extended_field::BODIES,
    init::BODIES,
    metadata::BODIES,
    node_metadata::BODIES,
    shared_blob::BODIES,
    slashing::BODIES,
    staked_wal::BODIES,
    staking::BODIES,
    storage_accounting::BODIES,
    storage_node::BODIES,
    storage_pool::BODIES,
    storage_resource::BODIES,
    system::BODIES,
    upgrade::BODIES,
];
