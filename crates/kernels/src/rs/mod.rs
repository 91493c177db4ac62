//! The one-dimensional Reed–Solomon code (`docs/spec/encoding.md` §3.2), many codewords at a time.
//!
//! Symbols are packed into rows of a few 64-byte blocks (see `packing`), so that a whole codeword of
//! such rows stays in the second-level cache while an [`Engine`] transforms it. Everything but the
//! transforms is the same on every processor.

use std::sync::Arc;

use reed_solomon_simd::engine::GF_ORDER;
// Where the paths of this crate cover the vector units, the portable one means it.
#[cfg(not(target_arch = "x86_64"))]
use reed_solomon_simd::engine::DefaultEngine as Portable;
#[cfg(target_arch = "x86_64")]
use reed_solomon_simd::engine::NoSimd as Portable;

use crate::{
    dispatch::Proof,
    layout::Layout,
    symbols::{Symbols, SymbolsMut},
};
use engine::{BLOCK_BYTES, Engine, Library, Rows, Span};
use packing::{Packing, Plan};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod decoder;
mod engine;
mod packing;
mod tables;
#[cfg(target_arch = "x86_64")]
mod transform;

pub use decoder::{Decoder, DecoderError};

/// Rows of a batch fill at most this much of a second-level cache. Half as much leaves too few blocks
/// to a row to pay for its twiddles.
const BATCH_BYTES: usize = 512 << 10;
/// Blocks of a row, at most: more would only make small codes leave the first-level cache.
const BATCH_BLOCKS_MAX: usize = 64;

/// Why a code does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Both counts must be at least one, and the smaller one, rounded up to a power of two, and the
    /// larger one may make 65536 together.
    #[error("no code has {originals} original and {recovery} recovery symbols")]
    UnsupportedCounts {
        /// Original symbols asked for.
        originals: usize,
        /// Recovery symbols asked for.
        recovery: usize,
    },
}

/// Why symbols do not fit a code or each other. The caller is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A view has the wrong number of symbols per codeword.
    #[error("expected {expected} {role} symbols per codeword, got {got}")]
    SymbolCount {
        /// What the symbols are.
        role: &'static str,
        /// Symbols the code has.
        expected: usize,
        /// Symbols in the view.
        got: usize,
    },
    /// Two views have symbols of different lengths.
    #[error("expected symbols of {expected} bytes, got {got}")]
    SymbolBytes {
        /// Length of the symbols read.
        expected: usize,
        /// Length of the symbols to write.
        got: usize,
    },
    /// Two views have different numbers of codewords.
    #[error("expected {expected} codewords, got {got}")]
    Words {
        /// Codewords read.
        expected: usize,
        /// Codewords to write.
        got: usize,
    },
    /// Labels are two bytes long, so symbols must have an even length.
    #[error("symbols of {got} bytes are not a whole number of labels")]
    OddSymbolBytes {
        /// Length of the symbols.
        got: usize,
    },
}

/// Which of the two constructions of `docs/spec/encoding.md` §3.2 a code uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rate {
    High,
    Low,
}

/// Numbers of a code that encoder and decoder share.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    originals: usize,
    recovery: usize,
    rate: Rate,
    /// Points per polynomial: `m` of the specification.
    chunk: usize,
}

impl Geometry {
    fn new(originals: usize, recovery: usize) -> Result<Self, CodeError> {
        let unsupported = CodeError::UnsupportedCounts {
            originals,
            recovery,
        };
        if originals == 0 || recovery == 0 || originals.max(recovery) > GF_ORDER {
            return Err(unsupported);
        }
        let (for_originals, for_recovery) =
            (originals.next_power_of_two(), recovery.next_power_of_two());
        if for_originals.min(for_recovery) + originals.max(recovery) > GF_ORDER {
            return Err(unsupported);
        }
        let high = for_originals > for_recovery
            || (for_originals == for_recovery && originals <= recovery);
        Ok(if high {
            Self {
                originals,
                recovery,
                rate: Rate::High,
                chunk: for_recovery,
            }
        } else {
            Self {
                originals,
                recovery,
                rate: Rate::Low,
                chunk: for_originals,
            }
        })
    }

    /// Rows that encoding works on: all originals, or all recovery symbols, in whole chunks.
    const fn encode_rows(&self) -> usize {
        match self.rate {
            Rate::High => self.originals.next_multiple_of(self.chunk),
            Rate::Low => self.recovery.next_multiple_of(self.chunk),
        }
    }

    /// Rows that decoding transforms.
    const fn decode_rows(&self) -> usize {
        let used = match self.rate {
            Rate::High => self.chunk + self.originals,
            Rate::Low => self.chunk + self.recovery,
        };
        used.next_power_of_two()
    }

    /// Evaluation points of all symbols, and those the last chunk is filled up with.
    fn points(&self) -> usize {
        (self.encode_rows() + self.chunk).max(self.decode_rows())
    }
}

/// Working memory of a code, reused between calls; it grows to a few hundred KiB and stays.
#[derive(Clone, Debug, Default)]
pub struct CodeScratch {
    memory: Vec<u8>,
    plan: Plan,
}

impl CodeScratch {
    /// Memory for `rows` rows of `width` blocks, aligned to a cache line, of any content; and the
    /// plan.
    fn rows(&mut self, rows: usize, width: usize) -> (Rows<'_>, &mut Plan) {
        let bytes = rows * width * BLOCK_BYTES;
        let needed = bytes + BLOCK_BYTES;
        if self.memory.len() < needed {
            self.memory.resize(needed, 0);
        }
        let start = self.memory.as_ptr().align_offset(BLOCK_BYTES);
        let aligned = self.memory.get_mut(start..).unwrap_or_default();
        let (blocks, _) = aligned.as_chunks_mut();
        let blocks = blocks.get_mut(..rows * width).unwrap_or_default();
        (Rows { blocks, width }, &mut self.plan)
    }
}

/// A systematic code of `k` original and `r` recovery symbols, bit-identical to the default encoder
/// of `reed-solomon-simd` (`docs/spec/encoding.md` §3.2). Cheap to clone.
#[derive(Clone, Debug)]
pub struct ReedSolomon {
    geometry: Geometry,
    engine: Arc<dyn Engine>,
}

impl ReedSolomon {
    pub(crate) fn new(proof: Proof, originals: usize, recovery: usize) -> Result<Self, CodeError> {
        let geometry = Geometry::new(originals, recovery)?;
        let engine: Arc<dyn Engine> = match proof {
            Proof::Portable => Arc::new(Library(Portable::new())),
            #[cfg(target_arch = "x86_64")]
            Proof::Avx2(proof) => Arc::new(avx2::Lookups::new(proof, geometry.points())),
            #[cfg(target_arch = "x86_64")]
            Proof::Avx512(proof) => Arc::new(avx512::Gfni::new(proof, geometry.points())),
        };
        Ok(Self { geometry, engine })
    }

    /// Number of original symbols, `k`.
    #[must_use]
    pub const fn originals(&self) -> usize {
        self.geometry.originals
    }

    /// Number of recovery symbols, `r`.
    #[must_use]
    pub const fn recovery(&self) -> usize {
        self.geometry.recovery
    }

    /// Computes the recovery symbols of every codeword.
    ///
    /// `originals` has `k` symbols per codeword and `recovery` `r`; their lengths (even) and numbers
    /// of codewords agree, their strides need not. Several codewords at a time are much faster than
    /// one if symbols are short.
    ///
    /// # Errors
    /// [`ShapeError`] if the views do not fit.
    pub fn encode(
        &self,
        originals: Symbols<'_>,
        mut recovery: SymbolsMut<'_>,
        scratch: &mut CodeScratch,
    ) -> Result<(), ShapeError> {
        self.check(originals.layout(), Some(recovery.layout()))?;
        let packing = Packing::new(*originals.layout(), *recovery.layout());
        let total = packing.blocks();
        let width_max = batch_blocks(self.geometry.encode_rows());
        let mut first = 0;
        while first < total {
            let width = width_max.min(total - first);
            let (mut rows, plan) = scratch.rows(self.geometry.encode_rows(), width);
            packing.plan(first, width, plan);
            self.fill(&originals, plan, &mut rows);
            self.transform(&mut rows);
            for index in 0..self.geometry.recovery {
                plan.scatter_changed(&mut rows, &mut recovery, index, &*self.engine);
            }
            first += width;
        }
        Ok(())
    }

    /// Whether codewords take up whole rows of one batch, so that
    /// [`encode_in_rows`](Self::encode_in_rows) may be used.
    pub(crate) fn fits_rows(&self, originals: &Layout) -> bool {
        let Layout {
            symbol_bytes,
            words,
            ..
        } = *originals;
        let most = batch_blocks(self.geometry.encode_rows());
        symbol_bytes.is_multiple_of(BLOCK_BYTES)
            && (1..=most).contains(&(words * (symbol_bytes / BLOCK_BYTES)))
    }

    /// As [`encode`](Self::encode), but leaves the recovery symbols in the working memory, for codewords
    /// that [fit](Self::fits_rows).
    ///
    /// # Errors
    /// [`ShapeError`] if the view does not fit the code.
    pub(crate) fn encode_in_rows<'a>(
        &self,
        originals: Symbols<'_>,
        scratch: &'a mut CodeScratch,
    ) -> Result<Symbols<'a>, ShapeError> {
        self.check(originals.layout(), None)?;
        let layout = *originals.layout();
        let packing = Packing::new(layout, layout);
        let width = packing.blocks();
        let (mut rows, plan) = scratch.rows(self.geometry.encode_rows(), width);
        packing.plan(0, width, plan);
        self.fill(&originals, plan, &mut rows);
        self.transform(&mut rows);
        for index in 0..self.geometry.recovery {
            self.engine.change_basis(rows.row_mut(index));
        }
        let recovery = Layout {
            count: self.geometry.recovery,
            index_stride: width * BLOCK_BYTES,
            word_stride: layout.symbol_bytes,
            ..layout
        };
        Ok(Symbols::new(rows.blocks.as_flattened(), recovery).expect("rows hold whole symbols"))
    }

    /// Gathers the planned bytes of all originals.
    fn fill(&self, originals: &Symbols<'_>, plan: &Plan, rows: &mut Rows<'_>) {
        for index in 0..self.geometry.originals {
            plan.gather_changed(originals, index, rows, &*self.engine);
        }
    }

    /// Whether the views' layouts fit this code.
    pub(crate) fn check(
        &self,
        originals: &Layout,
        recovery: Option<&Layout>,
    ) -> Result<(), ShapeError> {
        check_count("original", self.geometry.originals, originals.count)?;
        let unseen = Layout {
            count: self.geometry.recovery,
            ..*originals
        };
        let recovery = recovery.unwrap_or(&unseen);
        check_count("recovery", self.geometry.recovery, recovery.count)?;
        check_shapes(originals, recovery)
    }

    /// Rows of originals to rows of recovery symbols, both from row 0 on.
    fn transform(&self, rows: &mut Rows<'_>) {
        match self.geometry.rate {
            Rate::High => self.transform_high_rate(rows),
            Rate::Low => self.transform_low_rate(rows),
        }
    }

    /// Sums the coefficients of all chunks' polynomials and evaluates the sum at the first points.
    fn transform_high_rate(&self, rows: &mut Rows<'_>) {
        let Geometry {
            originals,
            recovery,
            chunk,
            ..
        } = self.geometry;
        for start in (0..originals).step_by(chunk) {
            let used = chunk.min(originals - start);
            rows.zero(start + used..start + chunk);
            self.engine.inverse(
                rows,
                Span {
                    start,
                    size: chunk,
                    used,
                    point: start + chunk,
                },
            );
            if start > 0 {
                let (sum, coefficients) = rows.pair(0, start, chunk);
                self.engine.add(sum, coefficients);
            }
        }
        self.engine.forward(
            rows,
            Span {
                start: 0,
                size: chunk,
                used: recovery,
                point: 0,
            },
        );
    }

    /// Evaluates the polynomial through the originals at as many further points as needed.
    fn transform_low_rate(&self, rows: &mut Rows<'_>) {
        let Geometry {
            originals,
            recovery,
            chunk,
            ..
        } = self.geometry;
        rows.zero(originals..chunk);
        let span = Span {
            start: 0,
            size: chunk,
            used: originals,
            point: 0,
        };
        self.engine.inverse(rows, span);
        // The first rows last: they hold the coefficients.
        for start in (0..recovery).step_by(chunk).rev() {
            let used = chunk.min(recovery - start);
            let span = Span {
                start,
                size: chunk,
                used,
                point: start + chunk,
            };
            self.engine.forward_from(rows, 0, span);
        }
    }
}

/// Blocks per row of a batch of so many rows.
fn batch_blocks(rows: usize) -> usize {
    (BATCH_BYTES / BLOCK_BYTES / rows).clamp(1, BATCH_BLOCKS_MAX)
}

const fn check_count(role: &'static str, expected: usize, got: usize) -> Result<(), ShapeError> {
    if got == expected {
        Ok(())
    } else {
        Err(ShapeError::SymbolCount {
            role,
            expected,
            got,
        })
    }
}

fn check_shapes(from: &Layout, to: &Layout) -> Result<(), ShapeError> {
    if from.symbol_bytes != to.symbol_bytes {
        return Err(ShapeError::SymbolBytes {
            expected: from.symbol_bytes,
            got: to.symbol_bytes,
        });
    }
    if from.words != to.words {
        return Err(ShapeError::Words {
            expected: from.words,
            got: to.words,
        });
    }
    if !from.symbol_bytes.is_multiple_of(2) {
        return Err(ShapeError::OddSymbolBytes {
            got: from.symbol_bytes,
        });
    }
    Ok(())
}
