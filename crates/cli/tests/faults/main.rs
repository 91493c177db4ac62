//! Devnets whose nodes are processes, and what real signals do to them.
//!
//! Longer campaigns run the same tests: `cargo xtask soak kills`, `cargo xtask soak silent`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test, also outside of its entry points"
)]

mod kills;
mod missed;
mod silent;
mod world;
