//! Transforms on AVX2.
//!
//! Multiplication by a constant looks up the products of nibbles: two lookups in tables that stay in
//! registers for every 32 bytes if the constant is of the subfield, eight lookups for every 32 labels
//! otherwise.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, calls that need detected features"
)]

use std::{arch::x86_64::*, sync::LazyLock};

use reed_solomon_simd::engine::Avx2 as LibraryAvx2;

use super::{
    engine::{Block, Engine, Library, Rows, Span},
    tables::{Factor, Nibbles, Tower},
    transform::{Twiddles, define_butterflies, define_transforms, impl_engine},
};
use crate::dispatch::Avx2;

/// Engine for codes of a bounded size.
#[derive(Debug)]
pub(super) struct Lookups {
    _proof: Avx2,
    twiddles: Twiddles<Bytes, Nibbles>,
    shear: Bytes,
    /// Made when something is to be decoded: its tables take 8 MiB.
    library: LazyLock<Library<LibraryAvx2>>,
}

/// Products of the low and of the high nibble of a byte.
type Bytes = [u128; 2];

impl Lookups {
    /// An engine for spans of which point and size add up to `points` at most.
    pub(super) fn new(proof: Avx2, points: usize) -> Self {
        let tower = Tower::new();
        let bytes = |tower: &Tower, label| {
            let [low, high, ..] = tower.nibbles(label).low;
            [low, high]
        };
        Self {
            _proof: proof,
            twiddles: Twiddles::new(points, &tower, bytes, Tower::nibbles),
            shear: tower.shear_nibbles(),
            library: LazyLock::new(|| Library(LibraryAvx2::new())),
        }
    }
}

impl_engine! {
    Lookups,
    |this, from, to, count| {
        // SAFETY: the caller's pointers are good for so many blocks; the engine proves the feature.
        unsafe { shear(from, to, count, &this.shear) }
    },
    |this, row, factor| this.library.scale(row, factor)
}

define_transforms! {
    #[target_feature(enable = "avx2")]
    Twiddles<Bytes, Nibbles> { bytes labels }
}

/// Multiplication of bytes.
mod bytes {
    use super::*;

    define_butterflies! {
        #[target_feature(enable = "avx2")]
        Part, 2, Bytes { load store sum tables multiply_add }
    }

    /// Half of a block, low bytes or high bytes.
    pub(super) type Part = [u8; 32];

    /// Both tables, for both halves of a vector.
    #[derive(Clone, Copy)]
    pub(super) struct Tables {
        low: __m256i,
        high: __m256i,
    }

    /// # Safety
    /// A part must be at `part`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn load(part: *const Part) -> __m256i {
        // SAFETY: a part is 32 bytes long.
        unsafe { _mm256_loadu_si256(part.cast()) }
    }

    /// # Safety
    /// A part must be at `part`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn store(part: *mut Part, bytes: __m256i) {
        // SAFETY: a part is 32 bytes long.
        unsafe { _mm256_storeu_si256(part.cast(), bytes) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn sum(x: __m256i, y: __m256i) -> __m256i {
        _mm256_xor_si256(x, y)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn tables(products: &Bytes) -> Tables {
        let [low, high] = products;
        Tables {
            low: table(low),
            high: table(high),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn multiply_add(x: __m256i, y: __m256i, tables: Tables) -> __m256i {
        let [low, high] = nibbles(y);
        let low = _mm256_shuffle_epi8(tables.low, low);
        let high = _mm256_shuffle_epi8(tables.high, high);
        sum(x, sum(low, high))
    }
}

/// Multiplication of labels.
mod labels {
    use super::*;

    define_butterflies! {
        #[target_feature(enable = "avx2")]
        Block, 1, Nibbles { load store sum in_place multiply_add }
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
                low: bytes::load(block.cast()),
                high: bytes::load(block.cast::<bytes::Part>().add(1)),
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
            bytes::store(block.cast(), labels.low);
            bytes::store(block.cast::<bytes::Part>().add(1), labels.high);
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum(x: Labels, y: Labels) -> Labels {
        Labels {
            low: bytes::sum(x.low, y.low),
            high: bytes::sum(x.high, y.high),
        }
    }

    /// Tables are looked up where they are: there are not enough registers to prepare them.
    const fn in_place(products: &Nibbles) -> &Nibbles {
        products
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn multiply_add(x: Labels, y: Labels, products: &Nibbles) -> Labels {
        let ([n0, n1], [n2, n3]) = (nibbles(y.low), nibbles(y.high));
        let lookup = |tables: &[u128; 4]| {
            let mut product = _mm256_setzero_si256();
            for (nibble, products) in [n0, n1, n2, n3].into_iter().zip(tables) {
                let found = _mm256_shuffle_epi8(table(products), nibble);
                product = _mm256_xor_si256(product, found);
            }
            product
        };
        sum(
            x,
            Labels {
                low: lookup(&products.low),
                high: lookup(&products.high),
            },
        )
    }
}

/// A table for both halves of a vector.
#[inline]
#[target_feature(enable = "avx2")]
fn table(products: &u128) -> __m256i {
    // SAFETY: a table is 16 bytes long.
    let table = unsafe { _mm_loadu_si128(std::ptr::from_ref(products).cast()) };
    _mm256_broadcastsi128_si256(table)
}

/// The low and the high nibbles of bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(bytes: __m256i) -> [__m256i; 2] {
    let mask = _mm256_set1_epi8(0x0F);
    [
        _mm256_and_si256(bytes, mask),
        _mm256_and_si256(_mm256_srli_epi64::<4>(bytes), mask),
    ]
}

#[target_feature(enable = "avx2")]
fn add(target: &mut [Block], source: &[Block]) {
    let parts = target.as_flattened_mut().as_chunks_mut().0;
    for (x, y) in parts.iter_mut().zip(source.as_flattened().as_chunks().0) {
        // SAFETY: there are parts behind the references.
        unsafe { bytes::store(x, bytes::sum(bytes::load(x), bytes::load(y))) };
    }
}

/// Adds to the low bytes of every block what the tables make of the high ones.
///
/// # Safety
/// `count` blocks must be at `from` and at `to`, the same or none in common.
#[target_feature(enable = "avx2")]
unsafe fn shear(from: *const Block, to: *mut Block, count: usize, tables: &Bytes) {
    let tables = bytes::tables(tables);
    for at in 0..count {
        // SAFETY: each of these blocks is two parts, low bytes and high bytes.
        unsafe {
            let from = from.add(at).cast::<bytes::Part>();
            let to = to.add(at).cast::<bytes::Part>();
            let (low, high) = (bytes::load(from), bytes::load(from.add(1)));
            bytes::store(to, bytes::multiply_add(low, high, tables));
            bytes::store(to.add(1), high);
        }
    }
}
