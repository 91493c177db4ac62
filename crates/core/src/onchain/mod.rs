//! Objects and events of the contracts, as they are on chain (`docs/spec/contracts.md` §3, §5).
//!
//! Each type serializes to the BCS of the Move type of the same name; a test compares every field
//! with `docs/spec/contracts_abi.json`. The ledger keeps its state in these types, and clients read
//! it through them, so nothing here is checked beyond its layout: `Epoch`s and sizes are as the
//! chain has them.
//!
//! Modules are grouped as the contracts' packages are; within `walrus`, by topic.

#[macro_use]
mod layout;
pub mod blob;
pub mod blob_bucket;
pub mod events;
pub mod framework;
pub mod governance;
pub mod node;
pub mod staking;
pub mod subsidies;
pub mod system;
pub mod wal;
pub mod wal_exchange;
pub mod walrus_subsidies;

pub use self::layout::{FieldLayout, Layout, MoveDatatype, MoveType, U256, VariantLayout};

#[cfg(test)]
mod tests;
