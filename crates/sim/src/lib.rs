//! Whole networks in one thread on virtual time: the shipped services; a network that delays, holds
//! back, loses and cuts off; hosts that lose power, or their disk; nodes that lie. A seed decides
//! everything, so that a failure can be seen again.
//!
//! What must hold is checked all the time: certified blobs are read, byte for byte, while at most f
//! shards are faulty; what a host acted on is asked for again after its power was cut; in the end
//! every node must have all it should, each blob must have been paid for once, and as many nodes
//! are taken away as may be.
//!
//! `cargo test --package floe-sim --test seeds` runs many seeds; `FLOE_SIM_FROM` is the first one and
//! `FLOE_SIM_SEEDS` how many.

pub mod cluster;
pub mod host;
pub mod liar;
pub mod net;
pub mod plan;
pub mod sample;
pub mod scenario;
pub mod stage;
pub mod template;
mod user;
pub mod witness;

/// Whatever went wrong.
pub type Error = Box<dyn std::error::Error>;
