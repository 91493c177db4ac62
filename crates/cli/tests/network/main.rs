//! The commands on a network as users run them, each group on a devnet of its own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod blobs;
mod devnet;
mod facts;
mod json;
mod mistakes;
mod node;
mod outages;
mod quilts;
mod refusals;
mod round_trips;
mod signals;
mod staking;
mod support;
