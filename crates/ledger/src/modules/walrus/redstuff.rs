//! `walrus::redstuff`: how large a blob is when encoded (`docs/spec/contracts.md` §6).

use std::num::NonZeroU16;

use floe_core::CodeParams;

use crate::{error::Failure, modules::ModuleRef};

const MODULE: ModuleRef = ModuleRef::new("walrus", "redstuff");

/// Bytes of storage a blob of `unencoded_length` bytes takes up.
///
/// # Errors
/// Arithmetic fault if there are no shards, or the blob is larger than can be encoded.
pub fn encoded_blob_length(unencoded_length: u64, n_shards: u16) -> Result<u64, Failure> {
    NonZeroU16::new(n_shards)
        .and_then(|n_shards| {
            CodeParams::new(n_shards)
                .encoded_length(unencoded_length)
                .ok()
        })
        .ok_or_else(|| MODULE.arithmetic("encoded_blob_length"))
}
