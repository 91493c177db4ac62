//! Blobs that claim to be quilts: index, patch headers, patches.
#![no_main]

use floe_core::{Axis, CodeParams, QuiltPatchInternalId};
use floe_encoding::Source as _;
use floe_encoding::quilt::{PatchReader, QuiltBlob, read_index};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let params = CodeParams::for_encoding(4 + u16::from(*first % 16)).expect("at least four");
    let cells = usize::from(params.source_symbols(Axis::Primary))
        * usize::from(params.source_symbols(Axis::Secondary));
    let mut blob = rest.to_vec();
    blob.resize(rest.len().max(1).next_multiple_of(2 * cells), 0);
    let Ok(quilt) = QuiltBlob::new(params, &blob) else {
        return;
    };
    let columns = params.source_symbols(Axis::Secondary);
    if let Ok(index) = read_index(&quilt) {
        for patch in index.patches() {
            read_patch(&quilt, patch.columns, blob.len());
            assert!(index.by_identifier(&patch.identifier).is_some());
        }
    }
    // Ids of patches come from peers as well, and need not be of the index.
    for start in 0..columns {
        if let Ok(id) = QuiltPatchInternalId::new(start, columns) {
            read_patch(&quilt, id, blob.len());
        }
    }
});

fn read_patch(quilt: &QuiltBlob<'_>, id: QuiltPatchInternalId, blob_bytes: usize) {
    let Ok(patch) = PatchReader::open(quilt, id) else {
        return;
    };
    let length = usize::try_from(patch.length()).expect("it fits the quilt");
    assert!(length <= blob_bytes, "a patch larger than its quilt");
    let mut data = vec![0; length];
    patch
        .read_at(0, &mut data)
        .expect("what a header names is there");
    assert!(patch.read_at(1, &mut data).is_err() || length == 0);
}
