//! Texts of identifiers, indices and names.
#![no_main]

use floe_core::{
    Axis, BlobId, EncodingType, Epoch, ObjectId, QuiltPatchId, QuiltPatchInternalId, ShardIndex,
    SliverIndex, SliverPairIndex, SuiAddress, SymbolId,
};
use floe_fuzz::{bcs, json, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(input) = std::str::from_utf8(bytes) {
        text::<Axis>(input);
        text::<BlobId>(input);
        text::<EncodingType>(input);
        text::<Epoch>(input);
        text::<ObjectId>(input);
        text::<QuiltPatchId>(input);
        text::<ShardIndex>(input);
        text::<SliverIndex>(input);
        text::<SliverPairIndex>(input);
        text::<SuiAddress>(input);
        text::<SymbolId>(input);
        if let Ok(id) = BlobId::from_u256_decimal(input) {
            assert_eq!(BlobId::from_u256_decimal(&id.to_u256_decimal()), Ok(id));
        }
    }
    if let Some(bytes) = bytes.first_chunk()
        && let Ok(id) = QuiltPatchInternalId::from_bytes(*bytes)
    {
        assert_eq!(id.to_bytes(), *bytes);
    }
    bcs::<SymbolId>(bytes);
    json::<BlobId>(bytes);
    json::<QuiltPatchId>(bytes);
    json::<SymbolId>(bytes);
});
