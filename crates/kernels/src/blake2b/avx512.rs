//! Eight lanes in 512-bit vectors, one 64-bit word of each message per vector.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "words of the schedule and lanes are addressed within fixed arrays"
)]

use std::arch::x86_64::*;

use super::{
    BLOCK_BYTES, DIGEST_BYTES, Digest, Group, HALF_BLOCK_BYTES, HALF_BLOCK_WORDS, LANES,
    LaneKernel, Progress, compress::define_compress,
};
use crate::dispatch::Avx512;

type Words = [__m512i; 16];

impl LaneKernel for Avx512 {
    fn update(
        &self,
        group: &mut Group,
        messages: &[&[u8]; LANES],
        compressed: u64,
        progress: Progress,
    ) {
        // SAFETY: `self` exists only on processors with these features.
        unsafe { update(group, messages, compressed, progress) }
    }

    fn digests(&self, group: &Group) -> [Digest; LANES] {
        // SAFETY: `self` exists only on processors with these features.
        unsafe { digests(group) }
    }
}

define_compress! {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
    __m512i, () { splat add xor ror32 ror24 ror16 ror63 }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn ror32(a: __m512i, _: &()) -> __m512i {
    _mm512_ror_epi64::<32>(a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn ror24(a: __m512i, _: &()) -> __m512i {
    _mm512_ror_epi64::<24>(a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn ror16(a: __m512i, _: &()) -> __m512i {
    _mm512_ror_epi64::<16>(a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn ror63(a: __m512i, _: &()) -> __m512i {
    _mm512_ror_epi64::<63>(a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn update(group: &mut Group, messages: &[&[u8]; LANES], mut compressed: u64, progress: Progress) {
    let length = messages[0].len();
    assert!(
        messages.iter().all(|message| message.len() == length),
        "messages of equal length"
    );
    let mut h = load_all(&group.h);
    let mut carry = load(&group.carry);
    for index in 0..progress.blocks(length) {
        let done = index * BLOCK_BYTES;
        let rest = length - done;
        let is_last = rest < BLOCK_BYTES;
        // SAFETY: `rest` bytes of every message are left after the first `done`.
        let mut m = unsafe { load_blocks(&messages.map(|m| m.as_ptr().add(done)), rest) };
        compressed += if is_last {
            rest as u64 + 1
        } else {
            BLOCK_BYTES as u64
        };
        let next_carry = m[15];
        shift_in(&mut m, carry);
        match rest {
            ..=HALF_BLOCK_BYTES => {
                compress::<HALF_BLOCK_WORDS>(&mut h, &m, compressed, is_last, &())
            }
            _ => compress::<16>(&mut h, &m, compressed, is_last, &()),
        }
        carry = next_carry;
    }
    store(&mut group.carry, carry);
    for (row, words) in group.h.iter_mut().zip(h) {
        store(row, words);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn load(words: &[u64; LANES]) -> __m512i {
    // SAFETY: the array is 64 bytes long.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn store(words: &mut [u64; LANES], vector: __m512i) {
    // SAFETY: the array is 64 bytes long.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn load_all(rows: &[[u64; LANES]; 8]) -> [__m512i; 8] {
    let mut vectors = [_mm512_setzero_si512(); 8];
    for (vector, row) in vectors.iter_mut().zip(rows) {
        *vector = load(row);
    }
    vectors
}

/// The words of the next block of each message, filled up with zeros if fewer than 128 bytes are left.
///
/// # Safety
/// `rest` bytes must follow each pointer.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
unsafe fn load_blocks(messages: &[*const u8; LANES], rest: usize) -> Words {
    let mask = |bytes: usize| if bytes < 64 { (1 << bytes) - 1 } else { !0_u64 };
    let mut m = [_mm512_setzero_si512(); 16];
    // SAFETY: the mask selects at most `rest` bytes; others are not accessed.
    let rows = messages.map(|bytes| unsafe { _mm512_maskz_loadu_epi8(mask(rest), bytes.cast()) });
    m[..8].copy_from_slice(&transpose(rows));
    if rest > HALF_BLOCK_BYTES {
        let rows = messages.map(|bytes| {
            // SAFETY: more than 64 bytes follow; the mask selects at most the rest of them.
            unsafe { _mm512_maskz_loadu_epi8(mask(rest - 64), bytes.add(64).cast()) }
        });
        m[8..].copy_from_slice(&transpose(rows));
    }
    m
}

/// Moves the messages on by one byte and the last byte of `carry` in front.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn shift_in(m: &mut Words, carry: __m512i) {
    let mut previous = carry;
    for word in m {
        let current = *word;
        *word = _mm512_shldi_epi64::<8>(current, previous);
        previous = current;
    }
}

/// Word `j` of row `i` to word `i` of row `j`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn transpose(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    // Pairs of rows: words 0 2 4 6, then 1 3 5 7 of both.
    let (a0, a1) = (_mm512_unpacklo_epi64(r0, r1), _mm512_unpackhi_epi64(r0, r1));
    let (a2, a3) = (_mm512_unpacklo_epi64(r2, r3), _mm512_unpackhi_epi64(r2, r3));
    let (a4, a5) = (_mm512_unpacklo_epi64(r4, r5), _mm512_unpackhi_epi64(r4, r5));
    let (a6, a7) = (_mm512_unpacklo_epi64(r6, r7), _mm512_unpackhi_epi64(r6, r7));
    // Four rows: words 0 4, 1 5, 2 6 and 3 7.
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
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn quarters(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
    (
        _mm512_shuffle_i64x2::<0x88>(a, b),
        _mm512_shuffle_i64x2::<0xDD>(a, b),
    )
}

/// The first four words of every message.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn digests(group: &Group) -> [Digest; LANES] {
    let [h0, h1, h2, h3, ..] = load_all(&group.h);
    let even = (_mm512_unpacklo_epi64(h0, h1), _mm512_unpacklo_epi64(h2, h3));
    let odd = (_mm512_unpackhi_epi64(h0, h1), _mm512_unpackhi_epi64(h2, h3));
    let first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    let second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    let mut digests = [[0; DIGEST_BYTES]; LANES];
    for (words, order, lanes) in [
        (even, first, [0, 2]),
        (odd, first, [1, 3]),
        (even, second, [4, 6]),
        (odd, second, [5, 7]),
    ] {
        let pair = _mm512_permutex2var_epi64(words.0, order, words.1);
        // SAFETY: a digest is 32 bytes long.
        unsafe {
            let [low, high] = lanes.map(|lane: usize| digests[lane].as_mut_ptr().cast());
            _mm256_storeu_si256(low, _mm512_castsi512_si256(pair));
            _mm256_storeu_si256(high, _mm512_extracti64x4_epi64::<1>(pair));
        }
    }
    digests
}
