//! Symbols for recovery, with their proofs, and proofs of inconsistent blobs.
#![no_main]

use floe_core::merkle::{MerkleProof, MerkleTree, Node};
use floe_core::{
    DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, RecoverySymbol,
    TaggedDecodingSymbol, TaggedInconsistencyProof, TaggedRecoverySymbol,
};
use floe_fuzz::{bcs, json};
use libfuzzer_sys::fuzz_target;

/// Sizes of trees around powers of two, and the greatest there is.
const N_LEAVES: [usize; 6] = [1, 2, 3, 4, 5, u16::MAX as usize];

fuzz_target!(|bytes: &[u8]| {
    json::<TaggedRecoverySymbol>(bytes);
    json::<GeneralRecoverySymbol>(bytes);
    bcs::<DecodingSymbol>(bytes);
    bcs::<TaggedDecodingSymbol>(bytes);
    bcs::<InconsistencyProof>(bytes);
    bcs::<TaggedInconsistencyProof>(bytes);
    bcs::<TaggedRecoverySymbol>(bytes);
    if let Some(symbol) = bcs::<RecoverySymbol>(bytes) {
        let index = symbol.symbol.index.as_usize();
        foreign(&symbol.proof, &symbol.symbol.data, index);
    }
    if let Some(symbol) = bcs::<GeneralRecoverySymbol>(bytes) {
        let data = &symbol.symbol.symbol().data;
        foreign(&symbol.proof, data, symbol.target_index.as_usize());
        let id = symbol.id();
        assert_eq!(id.sliver_index(symbol.target_axis()), symbol.target_index);
        assert_eq!(id.sliver_index(symbol.proof_axis()), symbol.source_index());
    }
    if let Some(proof) = bcs::<MerkleProof>(bytes) {
        foreign(
            &proof,
            bytes,
            usize::from(bytes.first().copied().unwrap_or(0)),
        );
    }
});

/// No input proves that it is part of a tree it has nothing to do with.
fn foreign(proof: &MerkleProof, data: &[u8], index: usize) {
    let root = MerkleTree::from_leaves([b"not the fuzzer's"]).root();
    for n_leaves in N_LEAVES {
        assert!(proof.verify(&root, data, index, n_leaves).is_err());
        assert!(proof.verify(&Node::Empty, data, index, n_leaves).is_err());
    }
}
