//! Twice four lanes in 256-bit vectors, one 64-bit word of each message per vector.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "lanes, words and blocks are addressed within fixed arrays"
)]

use std::arch::x86_64::*;

use super::{
    BLOCK_BYTES, DIGEST_BYTES, Digest, Group, HALF_BLOCK_BYTES, HALF_BLOCK_WORDS, LANES,
    LaneKernel, Progress, compress::define_compress,
};
use crate::dispatch::Avx2;

/// Lanes of a vector.
const HALF: usize = 4;
type Words = [__m256i; 16];

impl LaneKernel for Avx2 {
    fn update(
        &self,
        group: &mut Group,
        messages: &[&[u8]; LANES],
        compressed: u64,
        progress: Progress,
    ) {
        for (half, messages) in messages.as_chunks().0.iter().enumerate() {
            // SAFETY: `self` exists only on processors with AVX2.
            unsafe { update(group, half, messages, compressed, progress) }
        }
    }

    fn digests(&self, group: &Group) -> [Digest; LANES] {
        let mut all = [[0; DIGEST_BYTES]; LANES];
        for (half, four) in all.as_chunks_mut().0.iter_mut().enumerate() {
            // SAFETY: `self` exists only on processors with AVX2.
            unsafe { digests(group, half, four) }
        }
        all
    }
}

/// Byte orders that rotate every word to the right.
///
/// On the stack and not among the constants of the program: if those happen to have the same place in
/// their page as some of the many spilled registers, processors take loads of one for loads of the
/// other, and lose a fifth of the time.
struct Rotations {
    by_24: __m256i,
    by_16: __m256i,
}

impl Rotations {
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let by_24 = _mm_set_epi8(10, 9, 8, 15, 14, 13, 12, 11, 2, 1, 0, 7, 6, 5, 4, 3);
        let by_16 = _mm_set_epi8(9, 8, 15, 14, 13, 12, 11, 10, 1, 0, 7, 6, 5, 4, 3, 2);
        Self {
            by_24: _mm256_broadcastsi128_si256(by_24),
            by_16: _mm256_broadcastsi128_si256(by_16),
        }
    }
}

// Not inlined: 16 registers cannot hold the message anyway, and trying costs a fifth.
define_compress! {
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    __m256i, Rotations { splat add xor ror32 ror24 ror16 ror63 }
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u64) -> __m256i {
    _mm256_set1_epi64x(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn ror32(a: __m256i, _: &Rotations) -> __m256i {
    _mm256_shuffle_epi32::<0b10_11_00_01>(a)
}

#[inline]
#[target_feature(enable = "avx2")]
fn ror24(a: __m256i, rotations: &Rotations) -> __m256i {
    _mm256_shuffle_epi8(a, rotations.by_24)
}

#[inline]
#[target_feature(enable = "avx2")]
fn ror16(a: __m256i, rotations: &Rotations) -> __m256i {
    _mm256_shuffle_epi8(a, rotations.by_16)
}

#[inline]
#[target_feature(enable = "avx2")]
fn ror63(a: __m256i, _: &Rotations) -> __m256i {
    _mm256_xor_si256(_mm256_srli_epi64::<63>(a), _mm256_add_epi64(a, a))
}

#[inline]
#[target_feature(enable = "avx2")]
fn update(
    group: &mut Group,
    half: usize,
    messages: &[&[u8]; HALF],
    mut compressed: u64,
    progress: Progress,
) {
    let length = messages[0].len();
    assert!(
        messages.iter().all(|message| message.len() == length),
        "messages of equal length"
    );
    let rotations = Rotations::new();
    let mut h = load_all(&group.h, half);
    let mut carry = load(&group.carry, half);
    for index in 0..progress.blocks(length) {
        let rest = length - index * BLOCK_BYTES;
        let is_last = rest < BLOCK_BYTES;
        let mut m = if is_last {
            let mut blocks = [[0; BLOCK_BYTES]; HALF];
            for (block, message) in blocks.iter_mut().zip(messages) {
                block[..rest].copy_from_slice(&message[length - rest..]);
            }
            load_blocks(&blocks.each_ref())
        } else {
            load_blocks(&messages.map(|message| &message.as_chunks().0[index]))
        };
        compressed += if is_last {
            rest as u64 + 1
        } else {
            BLOCK_BYTES as u64
        };
        let next_carry = m[15];
        shift_in(&mut m, carry);
        match rest {
            ..=HALF_BLOCK_BYTES => {
                compress::<HALF_BLOCK_WORDS>(&mut h, &m, compressed, is_last, &rotations)
            }
            _ => compress::<16>(&mut h, &m, compressed, is_last, &rotations),
        }
        carry = next_carry;
    }
    store(&mut group.carry, half, carry);
    for (row, words) in group.h.iter_mut().zip(h) {
        store(row, half, words);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u64; LANES], half: usize) -> __m256i {
    let words = &words.as_chunks::<HALF>().0[half];
    // SAFETY: the array is 32 bytes long.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: &mut [u64; LANES], half: usize, vector: __m256i) {
    let words = &mut words.as_chunks_mut::<HALF>().0[half];
    // SAFETY: the array is 32 bytes long.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_all(rows: &[[u64; LANES]; 8], half: usize) -> [__m256i; 8] {
    let mut vectors = [_mm256_setzero_si256(); 8];
    for (vector, row) in vectors.iter_mut().zip(rows) {
        *vector = load(row, half);
    }
    vectors
}

/// The words of one block of each message.
#[inline]
#[target_feature(enable = "avx2")]
fn load_blocks(blocks: &[&[u8; BLOCK_BYTES]; HALF]) -> Words {
    let mut m = [_mm256_setzero_si256(); 16];
    for (quarter, words) in m.as_chunks_mut().0.iter_mut().enumerate() {
        let at = 32 * quarter;
        // SAFETY: all four quarters of a block are 32 bytes long.
        let rows = blocks.map(|b| unsafe { _mm256_loadu_si256(b.as_ptr().add(at).cast()) });
        *words = transpose(rows);
    }
    m
}

/// Moves the messages on by one byte and the last byte of `carry` in front.
#[inline]
#[target_feature(enable = "avx2")]
fn shift_in(m: &mut Words, carry: __m256i) {
    let mut previous = carry;
    for word in m {
        let current = *word;
        let (high, low) = (
            _mm256_slli_epi64::<8>(current),
            _mm256_srli_epi64::<56>(previous),
        );
        *word = _mm256_or_si256(high, low);
        previous = current;
    }
}

/// Word `j` of row `i` to word `i` of row `j`.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(rows: [__m256i; HALF]) -> [__m256i; HALF] {
    let [r0, r1, r2, r3] = rows;
    let (a0, a1) = (_mm256_unpacklo_epi64(r0, r1), _mm256_unpackhi_epi64(r0, r1));
    let (a2, a3) = (_mm256_unpacklo_epi64(r2, r3), _mm256_unpackhi_epi64(r2, r3));
    [
        _mm256_permute2x128_si256::<0x20>(a0, a2),
        _mm256_permute2x128_si256::<0x20>(a1, a3),
        _mm256_permute2x128_si256::<0x31>(a0, a2),
        _mm256_permute2x128_si256::<0x31>(a1, a3),
    ]
}

/// The first four words of every message.
#[inline]
#[target_feature(enable = "avx2")]
fn digests(group: &Group, half: usize, digests: &mut [Digest; HALF]) {
    let [h0, h1, h2, h3, ..] = load_all(&group.h, half);
    for (digest, words) in digests.iter_mut().zip(transpose([h0, h1, h2, h3])) {
        // SAFETY: a digest is 32 bytes long.
        unsafe { _mm256_storeu_si256(digest.as_mut_ptr().cast(), words) }
    }
}
