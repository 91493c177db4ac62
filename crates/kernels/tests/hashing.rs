//! Every path hashes like the `blake2` crate.

use blake2::{Blake2b, Digest as _, digest::consts::U32};
use floe_kernels::{
    Digest, HashError, HashScratch, Hasher, Kernels, Layout, LeafStates, Symbols, SymbolsMut,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::SmallRng};

fn hashers() -> impl Iterator<Item = Hasher> {
    Kernels::supported().map(Kernels::hasher)
}

fn prefixed(prefix: u8, bytes: &[u8]) -> Digest {
    Blake2b::<U32>::new()
        .chain_update([prefix])
        .chain_update(bytes)
        .finalize()
        .into()
}

fn random_bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill(&mut bytes[..]);
    bytes
}

fn root(mut level: Vec<Digest>) -> Digest {
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.push([0; 32]);
        }
        level = level
            .chunks(2)
            .map(|pair| prefixed(1, pair.as_flattened()))
            .collect();
    }
    level.first().copied().unwrap_or_default()
}

#[test]
fn leaves_of_every_length_around_the_blocks() {
    let data = random_bytes(13 * 700, 1);
    for hasher in hashers() {
        for symbol_bytes in (0..300).chain([383, 384, 385, 511, 512, 513, 700]) {
            let symbols = Symbols::new(&data, Layout::contiguous(symbol_bytes, 13, 1)).unwrap();
            let mut digests = [[0; 32]; 13];
            let out = SymbolsMut::digests(&mut digests, 13).unwrap();
            hasher.leaves(symbols, out).unwrap();
            for (index, digest) in digests.iter().enumerate() {
                assert_eq!(
                    *digest,
                    prefixed(0, symbols.get(0, index)),
                    "{hasher:?} {symbol_bytes}"
                );
            }
        }
    }
}

#[test]
fn leaves_at_the_very_end_of_their_memory() {
    // Vector loads must not reach past the last symbol, nor before the first.
    for hasher in hashers() {
        for symbol_bytes in 0..260 {
            let data = random_bytes(symbol_bytes, 2).into_boxed_slice();
            let symbols = Symbols::new(&data, Layout::contiguous(symbol_bytes, 1, 1)).unwrap();
            let mut digest = [[0; 32]];
            hasher
                .leaves(symbols, SymbolsMut::digests(&mut digest, 1).unwrap())
                .unwrap();
            assert_eq!(digest[0], prefixed(0, &data));
        }
    }
}

#[test]
fn parents_pad_an_odd_level() {
    for hasher in hashers() {
        for count in 0..40 {
            let level: Vec<Digest> = random_bytes(count * 32, 3).as_chunks().0.to_vec();
            let mut parents = vec![[0; 32]; count.div_ceil(2)];
            hasher.parents(&level, &mut parents).unwrap();
            for (pair, parent) in level.chunks(2).zip(&parents) {
                let right = pair.get(1).copied().unwrap_or_default();
                assert_eq!(*parent, prefixed(1, [pair[0], right].as_flattened()));
            }
        }
    }
}

#[test]
fn roots_of_many_trees() {
    for hasher in hashers() {
        for count in [0, 1, 2, 3, 5, 8, 10, 13, 31, 100] {
            for trees in [0, 1, 3, 9] {
                // Column-major, so that the leaves of a tree are strided.
                let data = random_bytes(count * trees * 32, 4);
                let layout = Layout::columns(32, count, trees * 32, trees);
                let leaves = Symbols::new(&data, layout).unwrap();
                let mut roots = vec![[7; 32]; trees];
                hasher
                    .roots(leaves, &mut roots, &mut HashScratch::default())
                    .unwrap();
                for (tree, got) in roots.iter().enumerate() {
                    let digests = (0..count).map(|leaf| leaves.get(tree, leaf).try_into().unwrap());
                    assert_eq!(
                        *got,
                        root(digests.collect()),
                        "{count} leaves, {trees} trees"
                    );
                }
            }
        }
    }
}

#[test]
fn wrong_shapes_are_refused() {
    let hasher = Kernels::fastest().hasher();
    let data = [0; 256];
    let symbols = Symbols::new(&data, Layout::contiguous(64, 4, 1)).unwrap();
    let mut digests = [[0; 32]; 4];
    let out = SymbolsMut::digests(&mut digests, 2).unwrap();
    assert!(matches!(
        hasher.leaves(symbols, out),
        Err(HashError::DigestLayout { count: 4, .. })
    ));
    assert_eq!(
        hasher.parents(&digests, &mut [[0; 32]; 3]),
        Err(HashError::DigestCount {
            expected: 2,
            got: 3
        })
    );
    assert_eq!(
        hasher.roots(symbols, &mut [[0; 32]], &mut HashScratch::default()),
        Err(HashError::NodeLength { got: 64 })
    );
    let mut states = LeafStates::default();
    hasher.start(&mut states, 3);
    assert_eq!(
        hasher.absorb(&mut states, symbols),
        Err(HashError::MessageCount {
            expected: 3,
            got: 4
        })
    );
    hasher.start(&mut states, 4);
    assert_eq!(
        hasher.absorb(&mut states, symbols),
        Err(HashError::PieceLength { got: 64 })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn leaves_of_any_layout(
        symbol_bytes in 0_usize..600,
        count in 1_usize..30,
        words in 1_usize..5,
        gap in 0_usize..70,
        start in 0_usize..64,
        columns: bool,
        seed: u64,
    ) {
        let layout = if columns {
            Layout::columns(symbol_bytes, count, symbol_bytes * words + gap, words)
        } else {
            Layout { word_stride: symbol_bytes * count + gap, ..Layout::contiguous(symbol_bytes, count, words) }
        };
        let data = random_bytes(start + (symbol_bytes * count + gap) * words + gap * count, seed);
        let symbols = Symbols::new(&data[start..], layout).unwrap();
        for hasher in hashers() {
            let mut digests = vec![[0; 32]; count * words];
            hasher.leaves(symbols, SymbolsMut::digests(&mut digests, count).unwrap()).unwrap();
            for word in 0..words {
                for index in 0..count {
                    prop_assert_eq!(digests[word * count + index], prefixed(0, symbols.get(word, index)));
                }
            }
        }
    }

    #[test]
    fn leaves_in_pieces(
        pieces in prop::collection::vec(1_usize..4, 0..4),
        last in 0_usize..300,
        count in 1_usize..20,
        seed: u64,
    ) {
        let symbol_bytes = pieces.iter().sum::<usize>() * 128 + last;
        let data = random_bytes(symbol_bytes * count, seed);
        let symbols = Symbols::new(&data, Layout::contiguous(symbol_bytes, count, 1)).unwrap();
        let mut states = LeafStates::default();
        for hasher in hashers() {
            hasher.start(&mut states, count);
            let mut position = 0;
            for blocks in &pieces {
                let end = position + blocks * 128;
                hasher.absorb(&mut states, symbols.positions(position..end).unwrap()).unwrap();
                position = end;
            }
            let rest = symbols.positions(position..symbol_bytes).unwrap();
            let mut digests = vec![[0; 32]; count];
            hasher.finish(&mut states, rest, SymbolsMut::digests(&mut digests, count).unwrap()).unwrap();
            for (index, digest) in digests.iter().enumerate() {
                prop_assert_eq!(*digest, prefixed(0, symbols.get(0, index)));
            }
        }
    }
}
