//! Blob metadata, and its verification for the number of shards it claims to have.
#![no_main]

use floe_core::{BlobMetadata, CodeParams, UnverifiedMetadata};
use floe_fuzz::{bcs, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    json::<UnverifiedMetadata>(bytes);
    if let Some(metadata) = bcs::<BlobMetadata>(bytes) {
        check(
            UnverifiedMetadata {
                blob_id: metadata.blob_id(),
                metadata,
            },
            true,
        );
    }
    if let Some(metadata) = bcs::<UnverifiedMetadata>(bytes) {
        check(metadata, false);
    }
});

/// With the right id, only the numbers can be wrong; verified metadata answers for every pair.
fn check(unverified: UnverifiedMetadata, id_is_right: bool) {
    let pairs = unverified.metadata.hashes().len();
    let Ok(params) = u16::try_from(pairs)
        .map_err(drop)
        .and_then(|n_shards| CodeParams::for_encoding(n_shards).map_err(drop))
    else {
        return;
    };
    let length = unverified.metadata.unencoded_length();
    let verified = unverified.clone().verify(params);
    assert!(verified.is_ok() || !id_is_right || length > params.max_blob_size());
    let Ok(verified) = verified else { return };
    for pair in params.pairs() {
        for axis in [floe_core::Axis::Primary, floe_core::Axis::Secondary] {
            verified.pair_hash(axis, pair).expect("a pair of the blob");
        }
    }
    assert_eq!(verified.into_unverified(), unverified);
}
