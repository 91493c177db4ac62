//! Transforms on AVX2.
//!
//! Multiplication by a constant looks up the products of a label's four nibbles, as the library's own
//! engine does. What this one adds are two layers at a time (four rows in registers) and depth-first
//! recursion, so that blocks are loaded and stored half as often, and mostly from the first-level cache.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "vectors are addressed within fixed arrays, spans are checked"
)]

use std::arch::x86_64::*;

use reed_solomon_simd::engine::{Avx2 as LibraryAvx2, tables::Multiply128lutT};

use super::{
    engine::{BLOCK_BYTES, Block, Engine, Library, Rows, Span},
    tables::{Factor, nibble_twiddles},
};
use crate::dispatch::Avx2;

/// Engine for codes of a bounded size.
#[derive(Debug)]
pub(super) struct Nibbles {
    _proof: Avx2,
    /// By the index that the butterflies' distance and points make up; `None` stands for zero.
    twiddles: Vec<Twiddle>,
    library: Library<LibraryAvx2>,
}

type Twiddle = Option<Multiply128lutT>;

impl Nibbles {
    /// An engine for spans of which point and size add up to `points` at most.
    pub(super) fn new(proof: Avx2, points: usize) -> Self {
        let library = Library(LibraryAvx2::new());
        Self {
            _proof: proof,
            twiddles: nibble_twiddles(points),
            library,
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

impl Engine for Nibbles {
    fn inverse(&self, rows: &mut Rows<'_>, span: Span) {
        self.check(rows, span);
        let blocks = rows.blocks[span.start * rows.width..].as_mut_ptr();
        let twiddles = self.twiddles[span.point..].as_ptr();
        // SAFETY: `check` made sure that `size` rows and twiddles follow; `self` exists only on
        // processors with AVX2.
        unsafe { inverse(blocks, rows.width, span.size, span.used, twiddles) }
    }

    fn forward(&self, rows: &mut Rows<'_>, span: Span) {
        self.check(rows, span);
        let blocks = rows.blocks[span.start * rows.width..].as_mut_ptr();
        let twiddles = self.twiddles[span.point..].as_ptr();
        // SAFETY: as in `inverse`.
        unsafe { forward(blocks, rows.width, span.size, span.used, twiddles) }
    }

    fn scale(&self, row: &mut [Block], factor: &Factor) {
        self.library.scale(row, factor);
    }

    fn add(&self, target: &mut [Block], source: &[Block]) {
        // SAFETY: `self` exists only on processors with AVX2.
        unsafe { add(target, source) }
    }
}

/// The low and the high bytes of a block.
#[derive(Clone, Copy)]
struct Labels {
    low: __m256i,
    high: __m256i,
}

/// # Safety
/// A block must be at `block`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load(block: *const Block) -> Labels {
    // SAFETY: both halves of a block are 32 bytes long.
    unsafe {
        Labels {
            low: _mm256_loadu_si256(block.cast()),
            high: _mm256_loadu_si256(block.cast::<__m256i>().add(1)),
        }
    }
}

/// # Safety
/// A block must be at `block`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store(block: *mut Block, labels: Labels) {
    // SAFETY: both halves of a block are 32 bytes long.
    unsafe {
        _mm256_storeu_si256(block.cast(), labels.low);
        _mm256_storeu_si256(block.cast::<__m256i>().add(1), labels.high);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn sum(x: Labels, y: Labels) -> Labels {
    Labels {
        low: _mm256_xor_si256(x.low, y.low),
        high: _mm256_xor_si256(x.high, y.high),
    }
}

/// `x + twiddle * y`.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply_add(x: Labels, y: Labels, twiddle: &Twiddle) -> Labels {
    let Some(products) = twiddle else { return x };
    let mask = _mm256_set1_epi8(0x0F);
    let nibbles = [
        _mm256_and_si256(y.low, mask),
        _mm256_and_si256(_mm256_srli_epi64::<4>(y.low), mask),
        _mm256_and_si256(y.high, mask),
        _mm256_and_si256(_mm256_srli_epi64::<4>(y.high), mask),
    ];
    let lookup = |tables: &[u128; 4]| {
        let mut product = _mm256_setzero_si256();
        for (nibble, table) in nibbles.iter().zip(tables) {
            // SAFETY: a table is 16 bytes long.
            let table = unsafe { _mm_loadu_si128(std::ptr::from_ref(table).cast()) };
            let found = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), *nibble);
            product = _mm256_xor_si256(product, found);
        }
        product
    };
    sum(
        x,
        Labels {
            low: lookup(&products.lo),
            high: lookup(&products.hi),
        },
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn inverse_butterfly(rows: &mut [Labels], x: usize, y: usize, twiddle: &Twiddle) {
    rows[y] = sum(rows[y], rows[x]);
    rows[x] = multiply_add(rows[x], rows[y], twiddle);
}

#[inline]
#[target_feature(enable = "avx2")]
fn forward_butterfly(rows: &mut [Labels], x: usize, y: usize, twiddle: &Twiddle) {
    rows[x] = multiply_add(rows[x], rows[y], twiddle);
    rows[y] = sum(rows[y], rows[x]);
}

/// Applies `$layers` to `$radix` rows of `$stride` blocks each that follow each other at `$blocks`.
macro_rules! pass {
    ($blocks:expr, $stride:expr, $radix:literal, |$rows:ident| $layers:block) => {
        for at in 0..$stride {
            let zero = _mm256_setzero_si256();
            let mut $rows = [Labels { low: zero, high: zero }; $radix];
            for (row, labels) in $rows.iter_mut().enumerate() {
                *labels = load($blocks.add(row * $stride + at));
            }
            $layers
            for (row, labels) in $rows.iter().enumerate() {
                store($blocks.add(row * $stride + at), *labels);
            }
        }
    };
}

/// Rows that are transformed together.
const fn radix(size: usize) -> usize {
    if size.trailing_zeros() % 2 == 1 { 2 } else { 4 }
}

/// Values to coefficients.
///
/// # Safety
/// `size` rows of `width` blocks must follow `blocks`, `size - 1` tables `twiddles`.
#[target_feature(enable = "avx2")]
unsafe fn inverse(
    blocks: *mut Block,
    width: usize,
    size: usize,
    used: usize,
    twiddles: *const Twiddle,
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
        let twiddle = |index: usize| &*twiddles.add(index * part - 1);
        let stride = part * width;
        if radix == 4 {
            let (a, b, c) = (twiddle(1), twiddle(3), twiddle(2));
            pass!(blocks, stride, 4, |rows| {
                inverse_butterfly(&mut rows, 0, 1, a);
                inverse_butterfly(&mut rows, 2, 3, b);
                inverse_butterfly(&mut rows, 0, 2, c);
                inverse_butterfly(&mut rows, 1, 3, c);
            });
        } else {
            let a = twiddle(1);
            pass!(blocks, stride, 2, |rows| {
                inverse_butterfly(&mut rows, 0, 1, a)
            });
        }
    }
}

/// Coefficients to values.
///
/// # Safety
/// `size` rows of `width` blocks must follow `blocks`, `size - 1` tables `twiddles`.
#[target_feature(enable = "avx2")]
unsafe fn forward(
    blocks: *mut Block,
    width: usize,
    size: usize,
    used: usize,
    twiddles: *const Twiddle,
) {
    if size == 1 {
        return;
    }
    let radix = radix(size);
    let part = size / radix;
    // SAFETY: every part and its twiddles lie within those of the whole.
    unsafe {
        let twiddle = |index: usize| &*twiddles.add(index * part - 1);
        let stride = part * width;
        if radix == 4 {
            let (a, b, c) = (twiddle(1), twiddle(3), twiddle(2));
            pass!(blocks, stride, 4, |rows| {
                forward_butterfly(&mut rows, 0, 2, c);
                forward_butterfly(&mut rows, 1, 3, c);
                forward_butterfly(&mut rows, 0, 1, a);
                forward_butterfly(&mut rows, 2, 3, b);
            });
        } else {
            let a = twiddle(1);
            pass!(blocks, stride, 2, |rows| {
                forward_butterfly(&mut rows, 0, 1, a)
            });
        }
        if part > 1 {
            for start in (0..used).step_by(part) {
                let used = part.min(used - start);
                forward(
                    blocks.add(start * width),
                    width,
                    part,
                    used,
                    twiddles.add(start),
                );
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn add(target: &mut [Block], source: &[Block]) {
    for (x, y) in target.iter_mut().zip(source) {
        // SAFETY: blocks are behind the references.
        unsafe { store(x, sum(load(x), load(y))) };
    }
}

const _: () = assert!(BLOCK_BYTES == 2 * size_of::<__m256i>());
