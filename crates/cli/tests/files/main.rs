//! The commands on files, as users run them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod encode_and_decode;
mod failing_disk;
mod quilts;
mod refusals;
mod support;
