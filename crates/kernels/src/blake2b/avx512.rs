//! Eight lanes in 512-bit vectors, one 64-bit word of each message per vector.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]

use std::arch::x86_64::*;

use super::{
    BLOCK_BYTES, DIGEST_BYTES, Digest, Group, LANES, LaneKernel, compress::define_compress,
};
use crate::dispatch::Avx512;

type Words = [__m512i; 16];

macro_rules! avx512 {
    ($($(#[$doc:meta])* fn $name:ident $arguments:tt $(-> $result:ty)? $body:block)+) => {
        $($(#[$doc])*
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
        fn $name $arguments $(-> $result)? $body)+
    };
}

impl LaneKernel for Avx512 {
    fn absorb(&self, group: &mut Group, blocks: &[&[u8]; LANES], compressed: u64) {
        // SAFETY: `self` exists only on processors with these features.
        unsafe { absorb(group, blocks, compressed) }
    }

    fn finish(&self, group: &Group, tails: &[&[u8]; LANES], length: u64) -> [Digest; LANES] {
        // SAFETY: `self` exists only on processors with these features.
        unsafe { finish(group, tails, length) }
    }
}

define_compress! {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
    __m512i { splat add xor ror32 ror24 ror16 ror63 }
}

avx512! {
    fn splat(word: u64) -> __m512i {
        _mm512_set1_epi64(word.cast_signed())
    }
    fn add(a: __m512i, b: __m512i) -> __m512i {
        _mm512_add_epi64(a, b)
    }
    fn xor(a: __m512i, b: __m512i) -> __m512i {
        _mm512_xor_si512(a, b)
    }
    fn ror32(a: __m512i) -> __m512i {
        _mm512_ror_epi64::<32>(a)
    }
    fn ror24(a: __m512i) -> __m512i {
        _mm512_ror_epi64::<24>(a)
    }
    fn ror16(a: __m512i) -> __m512i {
        _mm512_ror_epi64::<16>(a)
    }
    fn ror63(a: __m512i) -> __m512i {
        _mm512_ror_epi64::<63>(a)
    }

    fn absorb(group: &mut Group, blocks: &[&[u8]; LANES], mut compressed: u64) {
        let count = blocks[0].len() / BLOCK_BYTES;
        let blocks = blocks.map(|lane| lane.as_chunks::<BLOCK_BYTES>().0);
        assert!(blocks.iter().all(|lane| lane.len() == count), "messages are equally long");
        let mut h = load_state(group);
        let mut carry = load(&group.carry);
        for index in 0..count {
            compressed += BLOCK_BYTES as u64;
            let mut m = load_blocks(&blocks.map(|lane| &lane[index]));
            let next_carry = m[15];
            shift_in(&mut m, carry);
            compress(&mut h, &m, compressed, false);
            carry = next_carry;
        }
        store(&mut group.carry, carry);
        for (row, words) in group.h.iter_mut().zip(h) {
            store(row, words);
        }
    }

    fn finish(group: &Group, tails: &[&[u8]; LANES], length: u64) -> [Digest; LANES] {
        let mut h = load_state(group);
        let mut m = load_tails(tails);
        shift_in(&mut m, load(&group.carry));
        compress(&mut h, &m, length, true);
        store_digests(&h)
    }

    fn load(words: &[u64; LANES]) -> __m512i {
        // SAFETY: the array is 64 bytes long.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    fn store(words: &mut [u64; LANES], vector: __m512i) {
        // SAFETY: the array is 64 bytes long.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) }
    }

    fn load_state(group: &Group) -> [__m512i; 8] {
        let h = &group.h;
        [
            load(&h[0]), load(&h[1]), load(&h[2]), load(&h[3]),
            load(&h[4]), load(&h[5]), load(&h[6]), load(&h[7]),
        ]
    }

    /// The words of one block of each message.
    fn load_blocks(blocks: &[&[u8; BLOCK_BYTES]; LANES]) -> Words {
        let mut m = [_mm512_setzero_si512(); 16];
        for half in 0..2 {
            let mut rows = [_mm512_setzero_si512(); LANES];
            for (row, block) in rows.iter_mut().zip(blocks) {
                // SAFETY: both halves of the block are 64 bytes long.
                *row = unsafe { _mm512_loadu_si512(block.as_ptr().add(64 * half).cast()) };
            }
            m[8 * half..][..8].copy_from_slice(&transpose(rows));
        }
        m
    }

    /// The words of one block of each message that begins with these bytes and ends in zeros.
    fn load_tails(tails: &[&[u8]; LANES]) -> Words {
        let length = tails[0].len();
        assert!(length < BLOCK_BYTES, "a tail is shorter than a block");
        assert!(tails.iter().all(|tail| tail.len() == length), "messages are equally long");
        let mask = |length: usize| if length < 64 { (1 << length) - 1 } else { !0_u64 };
        let mut m = [_mm512_setzero_si512(); 16];
        let mut rows = [_mm512_setzero_si512(); LANES];
        for (row, tail) in rows.iter_mut().zip(tails) {
            // SAFETY: the mask selects bytes of the tail; bytes not selected are not accessed.
            *row = unsafe { _mm512_maskz_loadu_epi8(mask(length), tail.as_ptr().cast()) };
        }
        m[..8].copy_from_slice(&transpose(rows));
        if length > 64 {
            for (row, tail) in rows.iter_mut().zip(tails) {
                // SAFETY: the tail is longer than 64 bytes; bytes not selected are not accessed.
                *row = unsafe {
                    _mm512_maskz_loadu_epi8(mask(length - 64), tail.as_ptr().add(64).cast())
                };
            }
            m[8..].copy_from_slice(&transpose(rows));
        }
        m
    }

    /// Moves the messages on by one byte and the last byte of `carry` in front.
    fn shift_in(m: &mut Words, carry: __m512i) {
        let mut previous = carry;
        for word in m {
            let current = *word;
            *word = _mm512_shldi_epi64::<8>(current, previous);
            previous = current;
        }
    }

    /// Word `j` of row `i` to word `i` of row `j`.
    fn transpose(rows: [__m512i; 8]) -> [__m512i; 8] {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        // Pairs of rows: words 0 2 4 6, then 1 3 5 7 of both.
        let (a0, a1) = (_mm512_unpacklo_epi64(r0, r1), _mm512_unpackhi_epi64(r0, r1));
        let (a2, a3) = (_mm512_unpacklo_epi64(r2, r3), _mm512_unpackhi_epi64(r2, r3));
        let (a4, a5) = (_mm512_unpacklo_epi64(r4, r5), _mm512_unpackhi_epi64(r4, r5));
        let (a6, a7) = (_mm512_unpacklo_epi64(r6, r7), _mm512_unpackhi_epi64(r6, r7));
        // Words 0 4 or 2 6 of four rows.
        let (b0, b2) = quarters(a0, a2);
        let (b1, b3) = quarters(a1, a3);
        let (b4, b6) = quarters(a4, a6);
        let (b5, b7) = quarters(a5, a7);
        let (w0, w4) = quarters(b0, b4);
        let (w1, w5) = quarters(b1, b5);
        let (w2, w6) = quarters(b2, b6);
        let (w3, w7) = quarters(b3, b7);
        [w0, w1, w2, w3, w4, w5, w6, w7]
    }

    /// The even and the odd 128-bit quarters of two vectors.
    fn quarters(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
        (_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xDD>(a, b))
    }

    /// The first four words of every message.
    fn store_digests(h: &[__m512i; 8]) -> [Digest; LANES] {
        let even = (_mm512_unpacklo_epi64(h[0], h[1]), _mm512_unpacklo_epi64(h[2], h[3]));
        let odd = (_mm512_unpackhi_epi64(h[0], h[1]), _mm512_unpackhi_epi64(h[2], h[3]));
        let first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
        let second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
        let mut digests = [[0; DIGEST_BYTES]; LANES];
        for (pair, lanes, order) in
            [(even, [0, 2], first), (odd, [1, 3], first), (even, [4, 6], second), (odd, [5, 7], second)]
        {
            let both = _mm512_permutex2var_epi64(pair.0, order, pair.1);
            // SAFETY: a digest is 32 bytes long.
            unsafe {
                let [low, high] = lanes.map(|lane: usize| digests[lane].as_mut_ptr().cast());
                _mm256_storeu_si256(low, _mm512_castsi512_si256(both));
                _mm256_storeu_si256(high, _mm512_extracti64x4_epi64::<1>(both));
            }
        }
        digests
    }
}
