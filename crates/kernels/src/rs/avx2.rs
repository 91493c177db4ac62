//! Transforms on AVX2.
//!
//! Multiplication by a constant looks up the products of a label's four nibbles, as the library's own
//! engine does.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]

use std::arch::x86_64::*;

use reed_solomon_simd::engine::{Avx2 as LibraryAvx2, tables::Multiply128lutT};

use super::{
    engine::{Block, Engine, Library, Rows, Span},
    tables::{Factor, nibble_twiddles},
    transform::{define_transforms, impl_engine},
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
}

impl_engine! { Nibbles, |this, row, factor| { this.library.scale(row, factor) } }

define_transforms! {
    #[target_feature(enable = "avx2")]
    Twiddle { load store sum in_place multiply_add }
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

/// Tables are looked up where they are: there are not enough registers to prepare them.
const fn in_place(twiddle: &Twiddle) -> &Twiddle {
    twiddle
}

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
