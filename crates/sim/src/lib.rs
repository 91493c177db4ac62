//! Whole networks in one thread on virtual time: the shipped services, a network that delays and
//! holds back, hosts that lose power, nodes that lie. A seed decides everything, so that a failure
//! can be seen again.
//!
//! `cargo run --release -p floe-sim --example seeds -- FROM COUNT` runs many seeds.

pub mod cluster;
pub mod host;
pub mod liar;
pub mod net;
pub mod scenario;

/// Whatever went wrong.
pub type Error = Box<dyn std::error::Error>;
