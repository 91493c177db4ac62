//! Every path agrees with the others on shapes that are small enough for an interpreter, and reach every
//! kind of load, store and butterfly there is. `cargo xtask soak miri` runs this under Miri, with the
//! features of each path, but for what needs tables of the library that take Miri half an hour to fill.

use floe_kernels::{
    CodeScratch, CodewordStates, FusedEncoder, FusedScratch, HashScratch, KernelPath, Kernels,
    Layout, Symbols, SymbolsMut,
};

/// What each path makes of the same input is the same.
fn agree(paths: impl Iterator<Item = Kernels>, of: impl Fn(Kernels) -> Vec<u8>) {
    let mut expected = None;
    for kernels in paths {
        let got = of(kernels);
        let expected = expected.get_or_insert_with(|| got.clone());
        assert!(got == *expected, "{}", kernels.path());
    }
}

/// The paths whose codes have no large tables, if they are interpreted: the portable ones are the
/// library's, without `unsafe` code of ours.
fn code_paths() -> impl Iterator<Item = Kernels> {
    Kernels::supported().filter(|kernels| !cfg!(miri) || kernels.path() != KernelPath::Portable)
}

/// Whether a path decodes without large tables, if it is interpreted.
fn decodes(kernels: Kernels) -> bool {
    !cfg!(miri) || kernels.path() == KernelPath::Avx512
}

/// Bytes that differ from their neighbours, in an allocation of just their length.
fn bytes(length: usize) -> Vec<u8> {
    let byte = |i: usize| (i.wrapping_mul(0x9E37_79B9) >> 13).to_le_bytes()[0];
    (0..length).map(byte).collect()
}

#[test]
fn leaves_nodes_and_roots() {
    for symbol_bytes in [0, 1, 63, 64, 65, 127, 128, 129, 300] {
        let data = bytes(symbol_bytes * 9);
        let symbols = Symbols::new(&data, Layout::contiguous(symbol_bytes, 9, 1)).unwrap();
        agree(Kernels::supported(), |kernels| {
            let mut digests = vec![[0; 32]; 9];
            let out = SymbolsMut::digests(&mut digests, 9).unwrap();
            kernels.hasher().leaves(symbols, out).unwrap();
            let mut roots = [[0; 32]; 3];
            let leaves = Layout::contiguous(32, 3, 3);
            let leaves = Symbols::new(digests.as_flattened(), leaves).unwrap();
            let mut scratch = HashScratch::default();
            kernels
                .hasher()
                .roots(leaves, &mut roots, &mut scratch)
                .unwrap();
            [digests.as_flattened(), roots.as_flattened()].concat()
        });
    }
}

#[test]
fn codewords_there_and_back() {
    // The last two reach points whose constants are not of the subfield.
    for (k, r) in [(1, 1), (3, 2), (5, 8), (17, 9), (3, 300), (300, 3)] {
        let symbol_bytes = 70;
        let data = bytes(k * symbol_bytes);
        let layout = |count| Layout::contiguous(symbol_bytes, count, 1);
        let originals = Symbols::new(&data, layout(k)).unwrap();
        agree(code_paths(), |kernels| {
            let code = kernels.reed_solomon(k, r).unwrap();
            let mut scratch = CodeScratch::default();
            let mut recovery = vec![0; r * symbol_bytes];
            let out = SymbolsMut::new(&mut recovery, layout(r)).unwrap();
            code.encode(originals, out, &mut scratch).unwrap();

            if !decodes(kernels) {
                return recovery;
            }
            let codeword = [data.as_slice(), &recovery].concat();
            let last: Vec<_> = (r..k + r).collect();
            let given = codeword.get(r * symbol_bytes..).unwrap();
            let given = Symbols::new(given, layout(k)).unwrap();
            let mut decoded = vec![0; data.len()];
            let out = SymbolsMut::new(&mut decoded, layout(k)).unwrap();
            let decoder = code.decoder(&last).unwrap();
            decoder.decode(given, out, &mut scratch).unwrap();
            assert!(decoded == data);
            recovery
        });
    }
}

#[test]
fn codewords_hashed_on_the_way() {
    let (k, r, symbol_bytes, words) = (3, 5, 340, 2);
    let data = bytes(k * symbol_bytes * words);
    let columns = Layout::columns(symbol_bytes, k, symbol_bytes * words, words);
    let originals = Symbols::new(&data, columns).unwrap();
    let leaf_layout = Layout::contiguous(32, k + r, words);
    agree(code_paths(), |kernels| {
        let fused = FusedEncoder::new(kernels.reed_solomon(k, r).unwrap(), kernels.hasher());
        let mut scratch = FusedScratch::default();
        let mut recovery = vec![0; r * symbol_bytes * words];
        let out = Layout::columns(symbol_bytes, r, symbol_bytes * words, words);
        let out = SymbolsMut::new(&mut recovery, out).unwrap();
        let mut leaves = vec![0; (k + r) * words * 32];
        let digests = SymbolsMut::new(&mut leaves, leaf_layout).unwrap();
        fused
            .encode_and_hash(originals, Some(out), digests, &mut scratch)
            .unwrap();

        let mut again = vec![0; leaves.len()];
        let digests = SymbolsMut::new(&mut again, leaf_layout).unwrap();
        let mut states = CodewordStates::default();
        fused.start(&mut states, words);
        let first = originals.positions(0..128).unwrap();
        fused.absorb(&mut states, first, &mut scratch).unwrap();
        let rest = originals.positions(128..symbol_bytes).unwrap();
        fused
            .finish(&mut states, rest, digests, &mut scratch)
            .unwrap();
        assert!(again == leaves);
        [recovery, leaves].concat()
    });
}
