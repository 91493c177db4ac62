//! What happens on a devnet as a whole.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test, also outside of its entry points"
)]

mod failing;
mod inconsistent;
mod shards_move;
mod world;
