//! The client of the contracts against a full node with Walrus on it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod a_network_lives;
mod follows_events;
mod lives_through_epochs;
mod outlives_connections;
mod pays_concurrently;
mod serves_indexers;
mod stores_blobs;
mod support;
