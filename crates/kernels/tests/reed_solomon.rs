//! Every path computes the code of `docs/spec/encoding.md` §3.2, and undoes it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test"
)]

use floe_kernels::{
    CodeError, CodeScratch, DecoderError, Kernels, Layout, ReedSolomon, ShapeError, Symbols,
    SymbolsMut,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::SliceRandom};

fn codes(originals: usize, recovery: usize) -> impl Iterator<Item = ReedSolomon> {
    Kernels::supported().map(move |kernels| kernels.reed_solomon(originals, recovery).unwrap())
}

fn random_bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill(&mut bytes[..]);
    bytes
}

fn encode(code: &ReedSolomon, originals: Symbols<'_>) -> Vec<u8> {
    let Layout {
        symbol_bytes,
        words,
        ..
    } = *originals.layout();
    let layout = Layout::contiguous(symbol_bytes, code.recovery(), words);
    let mut recovery = vec![0xEE; layout.symbols() * symbol_bytes];
    let out = SymbolsMut::new(&mut recovery, layout).unwrap();
    code.encode(originals, out, &mut CodeScratch::default())
        .unwrap();
    recovery
}

/// The definition, in the polynomial basis and in quadratic time.
mod definition {
    const BASIS: [u16; 16] = [
        0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012, 0x6C98, 0x10D8, 0x6A72,
        0xB900, 0xFDB8, 0xFB34, 0xFF38, 0x991E,
    ];

    fn phi(label: usize) -> u16 {
        (0..16)
            .filter(|bit| label >> bit & 1 == 1)
            .fold(0, |sum, bit| sum ^ BASIS[bit])
    }

    fn label(element: u16) -> u16 {
        (0..=u16::MAX)
            .find(|&label| phi(label.into()) == element)
            .unwrap()
    }

    fn multiply(a: u16, b: u16) -> u16 {
        let mut product = 0_u32;
        for bit in 0..16 {
            if b >> bit & 1 == 1 {
                product ^= u32::from(a) << bit;
            }
        }
        for bit in (16..31).rev() {
            if product >> bit & 1 == 1 {
                product ^= 0x1002D << (bit - 16);
            }
        }
        u16::try_from(product).unwrap()
    }

    fn inverse(a: u16) -> u16 {
        let (mut result, mut power) = (1, a);
        for _ in 1..16 {
            power = multiply(power, power);
            result = multiply(result, power);
        }
        result
    }

    /// The value at `at` of the polynomial with these values at the points from `first` on.
    fn interpolate(values: &[u16], first: usize, at: usize) -> u16 {
        let points: Vec<u16> = (first..first + values.len()).map(phi).collect();
        values.iter().enumerate().fold(0, |sum, (i, &value)| {
            let others = points.iter().enumerate().filter(|&(j, _)| j != i);
            let weight = others.fold(1, |product, (_, &other)| {
                let quotient = multiply(phi(at) ^ other, inverse(points[i] ^ other));
                multiply(product, quotient)
            });
            sum ^ multiply(value, weight)
        })
    }

    pub(super) fn recovery(originals: &[u16], recovery: usize) -> Vec<u16> {
        let (pk, pr) = (
            originals.len().next_power_of_two(),
            recovery.next_power_of_two(),
        );
        let elements: Vec<u16> = originals.iter().map(|&label| phi(label.into())).collect();
        let high = pk > pr || (pk == pr && originals.len() <= recovery);
        let m = if high { pr } else { pk };
        let value = |j: usize| {
            if !high {
                let mut values = elements.clone();
                values.resize(m, 0);
                return interpolate(&values, 0, m + j);
            }
            elements.chunks(m).enumerate().fold(0, |sum, (c, chunk)| {
                let mut values = chunk.to_vec();
                values.resize(m, 0);
                sum ^ interpolate(&values, (c + 1) * m, j)
            })
        };
        (0..recovery).map(|j| label(value(j))).collect()
    }
}

/// Label `j` of a symbol (`docs/spec/encoding.md` §3.2, "Bytes to labels").
fn label(symbol: &[u8], j: usize) -> u16 {
    let block = &symbol[j / 32 * 64..symbol.len().min(j / 32 * 64 + 64)];
    u16::from_le_bytes([block[j % 32], block[block.len() / 2 + j % 32]])
}

#[test]
fn the_code_is_the_definition() {
    for (originals, recovery) in [
        (1, 1),
        (1, 3),
        (2, 2),
        (3, 1),
        (3, 2),
        (3, 4),
        (5, 2),
        (4, 6),
        (7, 3),
        (5, 8),
        (17, 9),
        (13, 16),
    ] {
        let symbol_bytes = 70;
        let data = random_bytes(originals * symbol_bytes, originals as u64);
        let symbols = Symbols::new(&data, Layout::contiguous(symbol_bytes, originals, 1)).unwrap();
        for code in codes(originals, recovery) {
            let got = encode(&code, symbols);
            for j in [0, 31, 32, 34] {
                let labels: Vec<u16> = (0..originals)
                    .map(|index| label(symbols.get(0, index), j))
                    .collect();
                let expected = definition::recovery(&labels, recovery);
                let got: Vec<u16> = got
                    .chunks(symbol_bytes)
                    .map(|symbol| label(symbol, j))
                    .collect();
                assert_eq!(got, expected, "{code:?}, label {j}");
            }
        }
    }
}

/// All codes of small committees, and those the networks use.
#[test]
fn every_committee_matches_the_library() {
    for n in (4..80_usize).chain([100, 101, 301, 667, 1000]) {
        let f = (n - 1) / 3;
        for originals in [n - 2 * f, n - f] {
            let symbol_bytes = 66;
            let data = random_bytes(originals * symbol_bytes, n as u64);
            let expected: Vec<u8> =
                reed_solomon_simd::encode(originals, n - originals, data.chunks(symbol_bytes))
                    .unwrap()
                    .concat();
            let symbols =
                Symbols::new(&data, Layout::contiguous(symbol_bytes, originals, 1)).unwrap();
            for code in codes(originals, n - originals) {
                assert_eq!(encode(&code, symbols), expected, "{code:?}");
            }
        }
    }
}

/// The largest codes there are use all points of the field.
#[test]
fn the_largest_codes_match_the_library() {
    for (originals, recovery) in [(32768, 32768), (65535, 1), (1, 65535)] {
        let data = random_bytes(originals * 2, 5);
        let expected = reed_solomon_simd::encode(originals, recovery, data.chunks(2))
            .unwrap()
            .concat();
        let symbols = Symbols::new(&data, Layout::contiguous(2, originals, 1)).unwrap();
        for code in codes(originals, recovery) {
            assert!(
                encode(&code, symbols) == expected,
                "{originals} and {recovery}"
            );
        }
        round_trip(originals, recovery, 2, 1, 6);
    }
}

#[test]
fn impossible_counts_are_refused() {
    for (originals, recovery) in [(0, 1), (1, 0), (65536, 1), (1, 65536), (40000, 40000)] {
        assert_eq!(
            Kernels::fastest()
                .reed_solomon(originals, recovery)
                .unwrap_err(),
            CodeError::UnsupportedCounts {
                originals,
                recovery
            }
        );
    }
    assert!(
        Kernels::fastest()
            .reed_solomon(usize::MAX, usize::MAX)
            .is_err()
    );
    assert!(Kernels::fastest().reed_solomon(32768, 32768).is_ok());
}

#[test]
fn wrong_shapes_are_refused() {
    let code = Kernels::fastest().reed_solomon(3, 2).unwrap();
    let (data, mut out) = ([0; 64], [0; 64]);
    let mut refused = |from: Layout, to: Layout| {
        let from = Symbols::new(&data, from).unwrap();
        let to = SymbolsMut::new(&mut out, to).unwrap();
        code.encode(from, to, &mut CodeScratch::default())
            .unwrap_err()
    };
    let of = Layout::contiguous;
    let role = "original";
    assert_eq!(
        refused(of(4, 2, 1), of(4, 2, 1)),
        ShapeError::SymbolCount {
            role,
            expected: 3,
            got: 2
        }
    );
    let role = "recovery";
    assert_eq!(
        refused(of(4, 3, 1), of(4, 3, 1)),
        ShapeError::SymbolCount {
            role,
            expected: 2,
            got: 3
        }
    );
    assert_eq!(
        refused(of(4, 3, 1), of(6, 2, 1)),
        ShapeError::SymbolBytes {
            expected: 4,
            got: 6
        }
    );
    assert_eq!(
        refused(of(4, 3, 1), of(4, 2, 2)),
        ShapeError::Words {
            expected: 1,
            got: 2
        }
    );
    assert_eq!(
        refused(of(5, 3, 1), of(5, 2, 1)),
        ShapeError::OddSymbolBytes { got: 5 }
    );
}

#[test]
fn decoders_need_k_different_symbols() {
    let code = Kernels::fastest().reed_solomon(3, 2).unwrap();
    let refused = |indices: &[usize]| code.decoder(indices).unwrap_err();
    assert_eq!(
        refused(&[0, 1]),
        DecoderError::IndexCount {
            expected: 3,
            got: 2
        }
    );
    assert_eq!(
        refused(&[0, 1, 5]),
        DecoderError::IndexOutOfRange {
            index: 5,
            symbols: 5
        }
    );
    assert_eq!(
        refused(&[0, 4, 4]),
        DecoderError::DuplicateIndex { index: 4 }
    );
}

/// Decodes a random choice of the symbols of random codewords, in random order.
fn round_trip(originals: usize, recovery: usize, symbol_bytes: usize, words: usize, seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let data = random_bytes(originals * symbol_bytes * words, seed);
    let layout = Layout::columns(symbol_bytes, originals, symbol_bytes * words, words);
    let symbols = Symbols::new(&data, layout).unwrap();
    for code in codes(originals, recovery) {
        let expanded = encode(&code, symbols);
        let expanded =
            Symbols::new(&expanded, Layout::contiguous(symbol_bytes, recovery, words)).unwrap();
        let mut indices: Vec<usize> = (0..originals + recovery).collect();
        indices.shuffle(&mut rng);
        indices.truncate(originals);
        let mut given = Vec::new();
        for &index in &indices {
            for word in 0..words {
                given.extend_from_slice(match index.checked_sub(originals) {
                    None => symbols.get(word, index),
                    Some(index) => expanded.get(word, index),
                });
            }
        }
        let mut decoded = vec![0; data.len()];
        code.decoder(&indices)
            .unwrap()
            .decode(
                Symbols::new(&given, layout).unwrap(),
                SymbolsMut::new(&mut decoded, layout).unwrap(),
                &mut CodeScratch::default(),
            )
            .unwrap();
        assert!(decoded == data, "{code:?} does not decode {indices:?}");
    }
}

#[test]
fn large_codes_decode() {
    for (originals, recovery) in [(334, 666), (667, 333), (34, 66), (67, 33)] {
        round_trip(originals, recovery, 6, 50, 1);
        round_trip(originals, recovery, 604, 1, 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_shape_matches_the_library(
        originals in 1_usize..90,
        recovery in 1_usize..90,
        labels in 1_usize..200,
        words in 1_usize..40,
        gap in 0_usize..3,
        columns: bool,
        seed: u64,
    ) {
        let symbol_bytes = 2 * labels;
        let layout = if columns {
            Layout::columns(symbol_bytes, originals, (symbol_bytes + gap) * words, words)
        } else {
            Layout::contiguous(symbol_bytes, originals, words)
        };
        let data = random_bytes((symbol_bytes + gap) * originals * words + 1, seed);
        let symbols = Symbols::new(&data[1..], layout).unwrap();
        let word = (seed % words as u64) as usize;
        let expected = reed_solomon_simd::encode(
            originals,
            recovery,
            (0..originals).map(|index| symbols.get(word, index)),
        ).unwrap();
        for code in codes(originals, recovery) {
            let got = encode(&code, symbols);
            let got = got.chunks(symbol_bytes).skip(word * recovery).take(recovery);
            prop_assert!(got.eq(expected.iter()), "{:?}", code);
        }
    }

    #[test]
    fn what_is_encoded_decodes(
        originals in 1_usize..90,
        recovery in 1_usize..90,
        labels in 1_usize..120,
        words in 1_usize..20,
        seed: u64,
    ) {
        round_trip(originals, recovery, 2 * labels, words, seed);
    }
}
