//! Twice four lanes in 256-bit vectors, one 64-bit word of each message per vector.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]

use std::arch::x86_64::*;

use super::{
    BLOCK_BYTES, DIGEST_BYTES, Digest, Group, LANES, LaneKernel, compress::define_compress,
};
use crate::dispatch::Avx2;

/// Lanes of a vector.
const HALF: usize = 4;
type Words = [__m256i; 16];

macro_rules! avx2 {
    ($($(#[$doc:meta])* fn $name:ident $arguments:tt $(-> $result:ty)? $body:block)+) => {
        $($(#[$doc])*
        #[inline]
        #[target_feature(enable = "avx2")]
        fn $name $arguments $(-> $result)? $body)+
    };
}

impl LaneKernel for Avx2 {
    fn absorb(&self, group: &mut Group, blocks: &[&[u8]; LANES], compressed: u64) {
        for (half, blocks) in blocks.as_chunks().0.iter().enumerate() {
            // SAFETY: `self` exists only on processors with AVX2.
            unsafe { absorb(group, half, blocks, compressed) }
        }
    }

    fn finish(&self, group: &Group, tails: &[&[u8]; LANES], length: u64) -> [Digest; LANES] {
        let mut digests = [[0; DIGEST_BYTES]; LANES];
        let halves = tails.as_chunks().0.iter().zip(digests.as_chunks_mut().0);
        for (half, (tails, digests)) in halves.enumerate() {
            // SAFETY: `self` exists only on processors with AVX2.
            unsafe { finish(group, half, tails, length, digests) }
        }
        digests
    }
}

define_compress! {
    #[target_feature(enable = "avx2")]
    __m256i { splat add xor ror32 ror24 ror16 ror63 }
}

avx2! {
    fn splat(word: u64) -> __m256i {
        _mm256_set1_epi64x(word.cast_signed())
    }
    fn add(a: __m256i, b: __m256i) -> __m256i {
        _mm256_add_epi64(a, b)
    }
    fn xor(a: __m256i, b: __m256i) -> __m256i {
        _mm256_xor_si256(a, b)
    }
    fn ror32(a: __m256i) -> __m256i {
        _mm256_shuffle_epi32::<0b10_11_00_01>(a)
    }
    fn ror24(a: __m256i) -> __m256i {
        let low = _mm_set_epi8(10, 9, 8, 15, 14, 13, 12, 11, 2, 1, 0, 7, 6, 5, 4, 3);
        _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(low))
    }
    fn ror16(a: __m256i) -> __m256i {
        let low = _mm_set_epi8(9, 8, 15, 14, 13, 12, 11, 10, 1, 0, 7, 6, 5, 4, 3, 2);
        _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(low))
    }
    fn ror63(a: __m256i) -> __m256i {
        _mm256_xor_si256(_mm256_srli_epi64::<63>(a), _mm256_add_epi64(a, a))
    }

    fn absorb(group: &mut Group, half: usize, blocks: &[&[u8]; HALF], mut compressed: u64) {
        let count = blocks[0].len() / BLOCK_BYTES;
        let blocks = blocks.map(|lane| lane.as_chunks::<BLOCK_BYTES>().0);
        assert!(blocks.iter().all(|lane| lane.len() == count), "messages are equally long");
        let mut h = load_state(group, half);
        let mut carry = load(&group.carry, half);
        for index in 0..count {
            compressed += BLOCK_BYTES as u64;
            let mut m = load_blocks(&blocks.map(|lane| &lane[index]));
            let next_carry = m[15];
            shift_in(&mut m, carry);
            compress(&mut h, &m, compressed, false);
            carry = next_carry;
        }
        store(&mut group.carry, half, carry);
        for (row, words) in group.h.iter_mut().zip(h) {
            store(row, half, words);
        }
    }

    fn finish(
        group: &Group,
        half: usize,
        tails: &[&[u8]; HALF],
        length: u64,
        digests: &mut [Digest; HALF],
    ) {
        let mut blocks = [[0; BLOCK_BYTES]; HALF];
        for (block, tail) in blocks.iter_mut().zip(tails) {
            block[..tail.len()].copy_from_slice(tail);
        }
        let mut h = load_state(group, half);
        let mut m = load_blocks(&blocks.each_ref());
        shift_in(&mut m, load(&group.carry, half));
        compress(&mut h, &m, length, true);
        for (digest, words) in digests.iter_mut().zip(transpose([h[0], h[1], h[2], h[3]])) {
            // SAFETY: a digest is 32 bytes long.
            unsafe { _mm256_storeu_si256(digest.as_mut_ptr().cast(), words) }
        }
    }

    fn load(words: &[u64; LANES], half: usize) -> __m256i {
        let words = &words.as_chunks::<HALF>().0[half];
        // SAFETY: the array is 32 bytes long.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    fn store(words: &mut [u64; LANES], half: usize, vector: __m256i) {
        let words = &mut words.as_chunks_mut::<HALF>().0[half];
        // SAFETY: the array is 32 bytes long.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) }
    }

    fn load_state(group: &Group, half: usize) -> [__m256i; 8] {
        let mut h = [_mm256_setzero_si256(); 8];
        for (words, row) in h.iter_mut().zip(&group.h) {
            *words = load(row, half);
        }
        h
    }

    /// The words of one block of each message.
    fn load_blocks(blocks: &[&[u8; BLOCK_BYTES]; HALF]) -> Words {
        let mut m = [_mm256_setzero_si256(); 16];
        for quarter in 0..4 {
            let mut rows = [_mm256_setzero_si256(); HALF];
            for (row, block) in rows.iter_mut().zip(blocks) {
                // SAFETY: all four quarters of the block are 32 bytes long.
                *row = unsafe { _mm256_loadu_si256(block.as_ptr().add(32 * quarter).cast()) };
            }
            m[HALF * quarter..][..HALF].copy_from_slice(&transpose(rows));
        }
        m
    }

    /// Moves the messages on by one byte and the last byte of `carry` in front.
    fn shift_in(m: &mut Words, carry: __m256i) {
        let mut previous = carry;
        for word in m {
            let current = *word;
            *word = _mm256_or_si256(_mm256_slli_epi64::<8>(current), _mm256_srli_epi64::<56>(previous));
            previous = current;
        }
    }

    /// Word `j` of row `i` to word `i` of row `j`.
    fn transpose(rows: [__m256i; 4]) -> [__m256i; 4] {
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
}
