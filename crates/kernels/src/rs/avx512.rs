//! Transforms on AVX-512 and GFNI.
//!
//! Multiplying a label by a constant is linear over GF(2): a 16×16 bit matrix, that is four 8×8
//! ones, one for each pair of input and output byte. A vector holds one [`Block`], low bytes in one
//! half and high bytes in the other, so two `GF2P8AFFINEQB` do it: one on the block for the diagonal
//! (low to low, high to high), one on the block with its halves swapped for the rest, which is zero for
//! constants of the subfield.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]

use std::arch::x86_64::*;

use super::{
    engine::{Block, Engine, Rows, Span},
    tables::{Factor, Matrix, Tower},
    transform::{Twiddles, define_butterflies, define_transforms, impl_engine},
};
use crate::dispatch::Avx512;

/// Engine for codes of a bounded size.
#[derive(Debug)]
pub(super) struct Gfni {
    _proof: Avx512,
    /// Multiplication of bytes, and of labels.
    twiddles: Twiddles<u64, Matrix>,
    shear: u64,
}

impl Gfni {
    /// An engine for spans of which point and size add up to `points` at most.
    pub(super) fn new(proof: Avx512, points: usize) -> Self {
        let tower = Tower::new();
        let bytes = |tower: &Tower, label| tower.matrix(label)[0];
        Self {
            _proof: proof,
            twiddles: Twiddles::new(points, &tower, bytes, Tower::matrix),
            shear: tower.shear_matrix(),
        }
    }
}

impl_engine! {
    Gfni,
    |this, from, to, count| {
        // SAFETY: the caller's pointers are good for so many blocks; the engine proves the features.
        unsafe { shear(from, to, count, this.shear) }
    },
    |_this, row, factor| {
        // SAFETY: the engine proves the features.
        unsafe { scale(row, &factor.matrix) }
    }
}

define_transforms! {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
    Twiddles<u64, Matrix> { bytes labels }
}

/// Multiplication of bytes.
mod bytes {
    use super::*;

    define_butterflies! {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
        Block, 1, u64 { load store sum spread multiply_add }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
    fn spread(matrix: &u64) -> __m512i {
        _mm512_set1_epi64(matrix.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
    fn multiply_add(x: __m512i, y: __m512i, matrix: __m512i) -> __m512i {
        sum(x, _mm512_gf2p8affine_epi64_epi8::<0>(y, matrix))
    }
}

/// Multiplication of labels.
mod labels {
    use super::*;

    define_butterflies! {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
        Block, 1, Matrix { load store sum multiplier multiply_add }
    }
}

/// A matrix, spread over the lanes it is applied to.
#[derive(Clone, Copy)]
struct Multiplier {
    straight: __m512i,
    swapped: __m512i,
}

/// # Safety
/// A block must be at `block`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
unsafe fn load(block: *const Block) -> __m512i {
    // SAFETY: a block is 64 bytes long.
    unsafe { _mm512_loadu_si512(block.cast()) }
}

/// # Safety
/// A block must be at `block`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
unsafe fn store(block: *mut Block, labels: __m512i) {
    // SAFETY: a block is 64 bytes long.
    unsafe { _mm512_storeu_si512(block.cast(), labels) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn sum(x: __m512i, y: __m512i) -> __m512i {
    _mm512_xor_si512(x, y)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn multiplier(matrix: &Matrix) -> Multiplier {
    // SAFETY: a matrix is 32 bytes long.
    let quarters = unsafe { _mm256_loadu_si256(matrix.as_ptr().cast()) };
    let quarters = _mm512_castsi256_si512(quarters);
    let straight = _mm512_set_epi64(1, 1, 1, 1, 0, 0, 0, 0);
    let swapped = _mm512_set_epi64(3, 3, 3, 3, 2, 2, 2, 2);
    Multiplier {
        straight: _mm512_permutexvar_epi64(straight, quarters),
        swapped: _mm512_permutexvar_epi64(swapped, quarters),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn multiply_add(x: __m512i, y: __m512i, m: Multiplier) -> __m512i {
    let straight = _mm512_gf2p8affine_epi64_epi8::<0>(y, m.straight);
    let swapped = _mm512_gf2p8affine_epi64_epi8::<0>(swap_halves(y), m.swapped);
    _mm512_ternarylogic_epi64::<0x96>(x, straight, swapped)
}

/// Low bytes in place of high ones.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn swap_halves(labels: __m512i) -> __m512i {
    _mm512_shuffle_i64x2::<0b01_00_11_10>(labels, labels)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn add(target: &mut [Block], source: &[Block]) {
    for (x, y) in target.iter_mut().zip(source) {
        // SAFETY: there are blocks behind the references.
        unsafe { store(x, sum(load(x), load(y))) };
    }
}

/// Adds to the low bytes of every block what the matrix makes of the high ones.
///
/// # Safety
/// `count` blocks must be at `from` and at `to`, the same or none in common.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
unsafe fn shear(from: *const Block, to: *mut Block, count: usize, matrix: u64) {
    let matrix = _mm512_maskz_set1_epi64(0x0F, matrix.cast_signed());
    for at in 0..count {
        // SAFETY: there are so many blocks at both pointers.
        unsafe {
            let labels = load(from.add(at));
            let added = _mm512_gf2p8affine_epi64_epi8::<0>(swap_halves(labels), matrix);
            store(to.add(at), sum(labels, added));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn scale(row: &mut [Block], matrix: &Matrix) {
    let m = multiplier(matrix);
    for block in row {
        // SAFETY: there is a block behind the reference.
        unsafe { store(block, multiply_add(_mm512_setzero_si512(), load(block), m)) };
    }
}
