//! Encoding and hashing in one go is encoding, then hashing.
#![expect(clippy::unwrap_used, reason = "a test")]

use floe_kernels::{
    CodeScratch, CodewordStates, FusedEncoder, FusedScratch, Kernels, Layout, Symbols, SymbolsMut,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::SmallRng};

fn check(kernels: Kernels, k: usize, r: usize, symbol_bytes: usize, words: usize, seed: u64) {
    let mut data = vec![0; k * symbol_bytes * words];
    SmallRng::seed_from_u64(seed).fill(&mut data[..]);
    let originals = Symbols::new(
        &data,
        Layout::columns(symbol_bytes, k, symbol_bytes * words, words),
    )
    .unwrap();
    let layout = Layout::columns(symbol_bytes, r, symbol_bytes * words, words);
    let code = kernels.reed_solomon(k, r).unwrap();
    let hasher = kernels.hasher();

    let mut expected = vec![0; r * symbol_bytes * words];
    let out = SymbolsMut::new(&mut expected, layout).unwrap();
    code.encode(originals, out, &mut CodeScratch::default())
        .unwrap();
    let digest_layout = Layout::columns(32, k + r, 32 * words, words);
    let mut expected_leaves = vec![0; (k + r) * words * 32];
    let mut digests = SymbolsMut::new(&mut expected_leaves, digest_layout).unwrap();
    hasher
        .leaves(originals, digests.reborrow().indices(0..k).unwrap())
        .unwrap();
    let recovery = Symbols::new(&expected, layout).unwrap();
    hasher
        .leaves(recovery, digests.indices(k..k + r).unwrap())
        .unwrap();

    let fused = FusedEncoder::new(code, hasher);
    let mut scratch = FusedScratch::default();
    for keep in [true, false] {
        let mut recovery = vec![0; expected.len()];
        let mut leaves = vec![0; expected_leaves.len()];
        let out = SymbolsMut::new(&mut recovery, layout).unwrap();
        let digests = SymbolsMut::new(&mut leaves, digest_layout).unwrap();
        fused
            .encode_and_hash(originals, keep.then_some(out), digests, &mut scratch)
            .unwrap();
        assert!(!keep || recovery == expected);
        assert!(leaves == expected_leaves);
    }
    let cut = symbol_bytes / 2 / 128 * 128;
    let mut states = CodewordStates::default();
    let mut leaves = vec![0; expected_leaves.len()];
    let digests = SymbolsMut::new(&mut leaves, digest_layout).unwrap();
    fused.start(&mut states, words);
    let first = originals.positions(0..cut).unwrap();
    fused.absorb(&mut states, first, &mut scratch).unwrap();
    let rest = originals.positions(cut..symbol_bytes).unwrap();
    fused
        .finish(&mut states, rest, digests, &mut scratch)
        .unwrap();
    assert!(leaves == expected_leaves);
}

fn kernels() -> impl Iterator<Item = Kernels> {
    Kernels::supported()
}

#[test]
fn columns_of_a_large_committee() {
    for kernels in kernels() {
        check(kernels, 334, 666, 6, 100, 1);
        check(kernels, 334, 666, 604, 2, 2);
        check(kernels, 334, 666, 512, 1, 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_shape(k in 1_usize..40, r in 1_usize..40, labels in 1_usize..400, words in 1_usize..30, seed: u64) {
        for kernels in kernels() {
            check(kernels, k, r, 2 * labels, words, seed);
        }
    }
}
