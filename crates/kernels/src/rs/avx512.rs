//! Transforms on AVX-512 and GFNI.
//!
//! Multiplying a label by a constant is linear over GF(2): a 16×16 bit matrix, that is four 8×8
//! ones, one for each pair of input and output byte. A vector holds one [`Block`], low bytes in one
//! half and high bytes in the other, so two `GF2P8AFFINEQB` do it: one on the block for the diagonal
//! (low to low, high to high), one on the block with its halves swapped for the rest.
//!
//! Transforms recurse depth first and take three layers at a time (eight rows in registers), so that
//! a row of blocks moves between the caches about once per transform.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "vectors are addressed within fixed arrays, spans are checked"
)]

use std::arch::x86_64::*;

use super::{
    engine::{Block, Engine, Rows, Span},
    tables::{Factor, Matrix, twiddles},
};
use crate::dispatch::Avx512;

/// Engine for codes of a bounded size.
#[derive(Debug)]
pub(super) struct Gfni {
    _proof: Avx512,
    /// By the index that the butterflies' distance and points make up, see [`twiddles`].
    twiddles: Vec<Matrix>,
}

impl Gfni {
    /// An engine for spans of which point and size add up to `points` at most.
    pub(super) fn new(proof: Avx512, points: usize) -> Self {
        Self {
            _proof: proof,
            twiddles: twiddles(points),
        }
    }

    /// Panics unless the span lies within rows and tables.
    fn check(&self, rows: &Rows<'_>, span: Span) {
        let Span {
            start,
            size,
            used,
            point,
        } = span;
        assert!(
            size.is_power_of_two() && used <= size,
            "spans are powers of two"
        );
        assert!(
            (start + size) * rows.width <= rows.blocks.len(),
            "spans lie within the rows"
        );
        assert!(
            point + size <= self.twiddles.len() + 1,
            "points lie within the tables"
        );
    }
}

impl Engine for Gfni {
    fn inverse(&self, rows: &mut Rows<'_>, span: Span) {
        self.check(rows, span);
        let blocks = rows.blocks[span.start * rows.width..].as_mut_ptr();
        let twiddles = self.twiddles[span.point..].as_ptr();
        // SAFETY: `check` made sure that `size` rows and twiddles follow; `self` exists only on
        // processors with these features.
        unsafe { inverse(blocks, rows.width, span.size, span.used, twiddles) }
    }

    fn forward(&self, rows: &mut Rows<'_>, span: Span) {
        self.forward_from(rows, span.start, span);
    }

    fn forward_from(&self, rows: &mut Rows<'_>, from: usize, span: Span) {
        self.check(rows, span);
        assert!(
            from == span.start || from + span.size <= span.start,
            "rows do not overlap"
        );
        let blocks = rows.blocks.as_mut_ptr();
        let twiddles = self.twiddles[span.point..].as_ptr();
        // SAFETY: `check` made sure that `size` rows and twiddles follow, the rows at `from` lie
        // before them or are the same; `self` exists only on processors with these features.
        unsafe {
            let (from, to) = (
                blocks.add(from * rows.width),
                blocks.add(span.start * rows.width),
            );
            forward(from, to, rows.width, span.size, span.used, twiddles);
        }
    }

    fn scale(&self, row: &mut [Block], factor: &Factor) {
        // SAFETY: `self` exists only on processors with these features.
        unsafe { scale(row, &factor.matrix) }
    }

    fn add(&self, target: &mut [Block], source: &[Block]) {
        // SAFETY: `self` exists only on processors with these features.
        unsafe { add(target, source) }
    }
}

/// A matrix, spread over the lanes it is applied to.
#[derive(Clone, Copy)]
struct Multiplier {
    straight: __m512i,
    swapped: __m512i,
}

/// Rows that are transformed together: as many layers as possible, such that three layers at a time
/// remain.
const fn radix(size: usize) -> usize {
    match size.trailing_zeros() {
        1 => 2,
        layers if layers % 3 == 0 => 8,
        _ => 4,
    }
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

/// `x + m * y`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn multiply_add(x: __m512i, y: __m512i, m: Multiplier) -> __m512i {
    let straight = _mm512_gf2p8affine_epi64_epi8::<0>(y, m.straight);
    let halves = _mm512_shuffle_i64x2::<0b01_00_11_10>(y, y);
    let swapped = _mm512_gf2p8affine_epi64_epi8::<0>(halves, m.swapped);
    _mm512_ternarylogic_epi64::<0x96>(x, straight, swapped)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn inverse_butterfly(rows: &mut [__m512i], x: usize, y: usize, m: Multiplier) {
    rows[y] = _mm512_xor_si512(rows[y], rows[x]);
    rows[x] = multiply_add(rows[x], rows[y], m);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn forward_butterfly(rows: &mut [__m512i], x: usize, y: usize, m: Multiplier) {
    rows[x] = multiply_add(rows[x], rows[y], m);
    rows[y] = _mm512_xor_si512(rows[y], rows[x]);
}

/// Applies `$layers` to `$radix` rows of `$stride` blocks each that follow each other at `$from`, and
/// writes them to `$blocks`.
macro_rules! pass {
    ($from:expr => $blocks:expr, $stride:expr, $radix:literal, |$rows:ident| $layers:block) => {
        for at in 0..$stride {
            let mut $rows = [_mm512_setzero_si512(); $radix];
            for (row, vector) in $rows.iter_mut().enumerate() {
                *vector = _mm512_loadu_si512($from.add(row * $stride + at).cast());
            }
            $layers
            for (row, vector) in $rows.iter().enumerate() {
                _mm512_storeu_si512($blocks.add(row * $stride + at).cast(), *vector);
            }
        }
    };
}

/// Values to coefficients.
///
/// # Safety
/// `size` rows of `width` blocks must follow `blocks`, `size - 1` matrices `twiddles`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
unsafe fn inverse(
    blocks: *mut Block,
    width: usize,
    size: usize,
    used: usize,
    twiddles: *const Matrix,
) {
    if size == 1 {
        return;
    }
    let radix = radix(size);
    let part = size / radix;
    // SAFETY: every part and its twiddles lie within those of the whole.
    unsafe {
        if part > 1 {
            for start in (0..used).step_by(part) {
                let used = part.min(used - start);
                inverse(
                    blocks.add(start * width),
                    width,
                    part,
                    used,
                    twiddles.add(start),
                );
            }
        }
        let twiddle = |index: usize| multiplier(&*twiddles.add(index * part - 1));
        let stride = part * width;
        match radix {
            8 => {
                let (a, b, c, d) = (twiddle(1), twiddle(3), twiddle(5), twiddle(7));
                let (e, f, g) = (twiddle(2), twiddle(6), twiddle(4));
                pass!(blocks => blocks, stride, 8, |rows| {
                    inverse_butterfly(&mut rows, 0, 1, a);
                    inverse_butterfly(&mut rows, 2, 3, b);
                    inverse_butterfly(&mut rows, 4, 5, c);
                    inverse_butterfly(&mut rows, 6, 7, d);
                    inverse_butterfly(&mut rows, 0, 2, e);
                    inverse_butterfly(&mut rows, 1, 3, e);
                    inverse_butterfly(&mut rows, 4, 6, f);
                    inverse_butterfly(&mut rows, 5, 7, f);
                    inverse_butterfly(&mut rows, 0, 4, g);
                    inverse_butterfly(&mut rows, 1, 5, g);
                    inverse_butterfly(&mut rows, 2, 6, g);
                    inverse_butterfly(&mut rows, 3, 7, g);
                });
            }
            4 => {
                let (a, b, c) = (twiddle(1), twiddle(3), twiddle(2));
                pass!(blocks => blocks, stride, 4, |rows| {
                    inverse_butterfly(&mut rows, 0, 1, a);
                    inverse_butterfly(&mut rows, 2, 3, b);
                    inverse_butterfly(&mut rows, 0, 2, c);
                    inverse_butterfly(&mut rows, 1, 3, c);
                });
            }
            _ => {
                let a = twiddle(1);
                pass!(blocks => blocks, stride, 2, |rows| {
                    inverse_butterfly(&mut rows, 0, 1, a)
                });
            }
        }
    }
}

/// Coefficients at `from` to values at `blocks`.
///
/// # Safety
/// `size` rows of `width` blocks must follow `from` and `blocks`, the same or none of them in common,
/// and `size - 1` matrices `twiddles`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
unsafe fn forward(
    from: *const Block,
    blocks: *mut Block,
    width: usize,
    size: usize,
    used: usize,
    twiddles: *const Matrix,
) {
    if size == 1 {
        // SAFETY: a row follows both pointers.
        unsafe { from.copy_to(blocks, width) };
        return;
    }
    let radix = radix(size);
    let part = size / radix;
    // SAFETY: every part and its twiddles lie within those of the whole.
    unsafe {
        let twiddle = |index: usize| multiplier(&*twiddles.add(index * part - 1));
        let stride = part * width;
        match radix {
            8 => {
                let (a, b, c, d) = (twiddle(1), twiddle(3), twiddle(5), twiddle(7));
                let (e, f, g) = (twiddle(2), twiddle(6), twiddle(4));
                pass!(from => blocks, stride, 8, |rows| {
                    forward_butterfly(&mut rows, 0, 4, g);
                    forward_butterfly(&mut rows, 1, 5, g);
                    forward_butterfly(&mut rows, 2, 6, g);
                    forward_butterfly(&mut rows, 3, 7, g);
                    forward_butterfly(&mut rows, 0, 2, e);
                    forward_butterfly(&mut rows, 1, 3, e);
                    forward_butterfly(&mut rows, 4, 6, f);
                    forward_butterfly(&mut rows, 5, 7, f);
                    forward_butterfly(&mut rows, 0, 1, a);
                    forward_butterfly(&mut rows, 2, 3, b);
                    forward_butterfly(&mut rows, 4, 5, c);
                    forward_butterfly(&mut rows, 6, 7, d);
                });
            }
            4 => {
                let (a, b, c) = (twiddle(1), twiddle(3), twiddle(2));
                pass!(from => blocks, stride, 4, |rows| {
                    forward_butterfly(&mut rows, 0, 2, c);
                    forward_butterfly(&mut rows, 1, 3, c);
                    forward_butterfly(&mut rows, 0, 1, a);
                    forward_butterfly(&mut rows, 2, 3, b);
                });
            }
            _ => {
                let a = twiddle(1);
                pass!(from => blocks, stride, 2, |rows| {
                    forward_butterfly(&mut rows, 0, 1, a)
                });
            }
        }
        if part > 1 {
            for start in (0..used).step_by(part) {
                let used = part.min(used - start);
                let rows = blocks.add(start * width);
                forward(rows, rows, width, part, used, twiddles.add(start));
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn scale(row: &mut [Block], matrix: &Matrix) {
    let m = multiplier(matrix);
    for block in row {
        // SAFETY: a block is 64 bytes long.
        unsafe {
            let y = _mm512_loadu_si512(block.as_ptr().cast());
            let product = multiply_add(_mm512_setzero_si512(), y, m);
            _mm512_storeu_si512(block.as_mut_ptr().cast(), product);
        }
    }
}

#[target_feature(enable = "avx512f")]
fn add(target: &mut [Block], source: &[Block]) {
    for (x, y) in target.iter_mut().zip(source) {
        // SAFETY: a block is 64 bytes long.
        unsafe {
            let sum = _mm512_xor_si512(
                _mm512_loadu_si512(x.as_ptr().cast()),
                _mm512_loadu_si512(y.as_ptr().cast()),
            );
            _mm512_storeu_si512(x.as_mut_ptr().cast(), sum);
        }
    }
}
