//! Restoring original symbols from any `k` symbols of a codeword.
//!
//! The code's erasure-locator values depend only on which symbols are there, not on their content.
//! They come out of a transform over the whole field that costs more than decoding a short codeword,
//! so a [`Decoder`] computes them once and serves all codewords of a blob.

use reed_solomon_simd::engine::GF_MODULUS;

use crate::symbols::{Symbols, SymbolsMut};

use super::{
    CodeScratch, Geometry, Rate, ReedSolomon, ShapeError, batch_blocks, check_count, check_shapes,
    engine::{Rows, Span},
    packing::{Packing, Plan},
    tables::{Factor, logarithms},
};

/// Why a decoder could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecoderError {
    /// There must be exactly as many symbols as originals.
    #[error("expected the indices of {expected} symbols, got {got}")]
    IndexCount {
        /// Original symbols of the code.
        expected: usize,
        /// Indices given.
        got: usize,
    },
    /// An index is none of the code's.
    #[error("symbol index {index} is not below {symbols}")]
    IndexOutOfRange {
        /// The index.
        index: usize,
        /// Symbols of a codeword, originals and recovery.
        symbols: usize,
    },
    /// An index occurs twice.
    #[error("symbol index {index} occurs twice")]
    DuplicateIndex {
        /// The index.
        index: usize,
    },
}

/// What becomes of an original symbol.
#[derive(Clone, Copy, Debug)]
enum Original {
    /// It is the given symbol of this number.
    Given(usize),
    /// It is restored in this row and scaled.
    Restored { row: usize, factor: Factor },
}

/// Restores the originals of codewords of which the same symbols are there.
#[derive(Clone, Debug)]
pub struct Decoder {
    code: ReedSolomon,
    /// Row and locator value of each given symbol.
    given: Vec<(usize, Factor)>,
    originals: Vec<Original>,
    /// Rows that hold no given symbol.
    empty: Vec<usize>,
    rows: usize,
    /// Row behind the last given symbol.
    given_end: usize,
    /// Row behind the last symbol to restore.
    restored_end: usize,
}

impl ReedSolomon {
    /// A decoder for codewords of which the symbols `indices` are there, in this order; indices
    /// below `k` are originals, `k + j` is recovery symbol `j`.
    ///
    /// # Errors
    /// [`DecoderError`] unless `indices` are `k` different symbols of the code.
    pub fn decoder(&self, indices: &[usize]) -> Result<Decoder, DecoderError> {
        let geometry = self.geometry;
        let given_at = self.check_indices(indices)?;
        let rows = geometry.decode_rows();
        let locator = geometry.locator(&given_at);
        let log = |row: usize| locator.get(row).copied().unwrap_or_default();
        let row_of = |index: usize| geometry.decode_row(index);
        let given: Vec<_> = indices
            .iter()
            .map(|&index| (row_of(index), Factor::new(log(row_of(index)))))
            .collect();
        let original = |(index, given): (usize, &Option<usize>)| match *given {
            Some(number) => Original::Given(number),
            None => {
                let row = row_of(index);
                Original::Restored {
                    row,
                    factor: Factor::new(GF_MODULUS - log(row)),
                }
            }
        };
        let originals = given_at
            .iter()
            .take(geometry.originals)
            .enumerate()
            .map(original);
        let originals: Vec<_> = originals.collect();
        let restored_rows = originals.iter().filter_map(|original| match original {
            Original::Given(_) => None,
            Original::Restored { row, .. } => Some(*row + 1),
        });
        let mut is_empty = vec![true; rows];
        for &(row, _) in &given {
            if let Some(empty) = is_empty.get_mut(row) {
                *empty = false;
            }
        }
        let empty = is_empty
            .iter()
            .enumerate()
            .filter_map(|(row, &empty)| empty.then_some(row));
        Ok(Decoder {
            code: self.clone(),
            rows,
            given_end: given
                .iter()
                .map(|(row, _)| row + 1)
                .max()
                .unwrap_or_default(),
            restored_end: restored_rows.max().unwrap_or_default(),
            empty: empty.collect(),
            given,
            originals,
        })
    }

    /// For every symbol of the code, its number among `indices`.
    fn check_indices(&self, indices: &[usize]) -> Result<Vec<Option<usize>>, DecoderError> {
        let Geometry {
            originals,
            recovery,
            ..
        } = self.geometry;
        if indices.len() != originals {
            return Err(DecoderError::IndexCount {
                expected: originals,
                got: indices.len(),
            });
        }
        let symbols = originals + recovery;
        let mut given_at = vec![None; symbols];
        for (number, &index) in indices.iter().enumerate() {
            let given = given_at
                .get_mut(index)
                .ok_or(DecoderError::IndexOutOfRange { index, symbols })?;
            if given.replace(number).is_some() {
                return Err(DecoderError::DuplicateIndex { index });
            }
        }
        Ok(given_at)
    }
}

impl Geometry {
    /// The evaluation point of a symbol: the polynomials of §3.2 put the side that the chunk size
    /// comes from first.
    const fn decode_row(&self, index: usize) -> usize {
        match (self.rate, index < self.originals) {
            (Rate::High, true) => self.chunk + index,
            (Rate::High, false) => index - self.originals,
            (Rate::Low, true) => index,
            (Rate::Low, false) => self.chunk + index - self.originals,
        }
    }

    /// Logarithms of the values of the erasure locator at the points of all rows.
    ///
    /// The locator is the product of the distances to all erased points, so its logarithm at `p` is
    /// the sum of `log(p ^ e)` over the erased `e`: a convolution, which a Walsh–Hadamard transform
    /// makes a product. At high rate, points of the first chunk that have no symbol count as erased,
    /// and other points without one do not. At low rate it is the other way round, and the erased
    /// points reach up to the end of the field. As the logarithms of all of the field's elements sum
    /// up to 0, the sum over them is minus the sum over the points that are *not* erased.
    fn locator(&self, given_at: &[Option<usize>]) -> Vec<u16> {
        let rows = self.decode_rows();
        let (sign, filled_up_from) = match self.rate {
            Rate::High => (1, self.recovery),
            Rate::Low => (-1, self.originals),
        };
        let mut sums = vec![0_i64; rows];
        let mut mark = |row: usize| {
            if let Some(sum) = sums.get_mut(row) {
                *sum = sign;
            }
        };
        (filled_up_from..self.chunk).for_each(&mut mark);
        for (index, given) in given_at.iter().enumerate() {
            if given.is_some() == (self.rate == Rate::Low) {
                mark(self.decode_row(index));
            }
        }
        let mut logs: Vec<i64> = logarithms(rows).map(i64::from).collect();
        walsh_hadamard(&mut logs);
        walsh_hadamard(&mut sums);
        // Intermediate values may wrap around; the sums, `rows` times too large, do not.
        sums.iter_mut()
            .zip(&logs)
            .for_each(|(sum, log)| *sum = sum.wrapping_mul(*log));
        walsh_hadamard(&mut sums);
        let shift = rows.trailing_zeros();
        let reduce = |sum: i64| u16::try_from((sum >> shift).rem_euclid(GF_MODULUS.into()));
        sums.into_iter()
            .map(|sum| reduce(sum).unwrap_or_default())
            .collect()
    }
}

/// In place and unscaled: twice is `len` times the identity.
fn walsh_hadamard(values: &mut [i64]) {
    let mut half = 1;
    while half < values.len() {
        for pair in values.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (x, y) in low.iter_mut().zip(high) {
                (*x, *y) = (x.wrapping_add(*y), x.wrapping_sub(*y));
            }
        }
        half *= 2;
    }
}

impl Decoder {
    /// Restores all original symbols of every codeword.
    ///
    /// `given` has the symbols the decoder was made for, in the same order; `originals` has `k` per
    /// codeword, and gets those that were given as copies. Lengths (even) and numbers of codewords
    /// agree, strides need not. Nothing is authenticated: wrong symbols give wrong originals.
    ///
    /// # Errors
    /// [`ShapeError`] if the views do not fit.
    pub fn decode(
        &self,
        given: Symbols<'_>,
        mut originals: SymbolsMut<'_>,
        scratch: &mut CodeScratch,
    ) -> Result<(), ShapeError> {
        check_count("given", self.given.len(), given.layout().count)?;
        check_count("original", self.originals.len(), originals.layout().count)?;
        check_shapes(given.layout(), originals.layout())?;
        self.copy_given(&given, &mut originals);
        if self
            .originals
            .iter()
            .all(|original| matches!(original, Original::Given(_)))
        {
            return Ok(());
        }
        let packing = Packing::new(*given.layout(), *originals.layout());
        let total = packing.blocks();
        let width_max = batch_blocks(self.rows);
        let mut first = 0;
        while first < total {
            let width = width_max.min(total - first);
            let (mut rows, plan) = scratch.rows(self.rows, width);
            packing.plan(first, width, plan);
            self.transform(&given, &mut rows, plan);
            self.reveal(&mut rows, plan, &mut originals);
            first += width;
        }
        Ok(())
    }

    fn copy_given(&self, given: &Symbols<'_>, originals: &mut SymbolsMut<'_>) {
        let (from, to) = (*given.layout(), *originals.layout());
        for word in 0..from.words {
            for (index, original) in self.originals.iter().enumerate() {
                if let Original::Given(number) = *original {
                    let symbol = given.bytes(from.offset(word, number), from.symbol_bytes);
                    let target = originals.bytes_mut(to.offset(word, index), to.symbol_bytes);
                    target.copy_from_slice(symbol);
                }
            }
        }
    }

    /// The derivative of the product of polynomial and erasure locator, at all points.
    fn transform(&self, given: &Symbols<'_>, rows: &mut Rows<'_>, plan: &Plan) {
        let engine = &self.code.engine;
        for &row in &self.empty {
            rows.zero(row..row + 1);
        }
        for (number, (row, factor)) in self.given.iter().enumerate() {
            plan.gather(given, number, rows, *row);
            engine.scale(rows.row_mut(*row), factor);
            engine.change_basis(rows.row_mut(*row));
        }
        let span = |used| Span {
            start: 0,
            size: self.rows,
            used,
            point: 0,
        };
        engine.inverse(rows, span(self.given_end));
        self.derive(rows);
        engine.forward(rows, span(self.restored_end));
    }

    /// The derivative of a polynomial in this basis: row `j` gains every row `j | b` with a bit `b`
    /// that `j` lacks.
    fn derive(&self, rows: &mut Rows<'_>) {
        for row in 1..self.rows {
            let width = 1 << row.trailing_zeros();
            let (target, source) = rows.pair(row - width, row, width);
            self.code.engine.add(target, source);
        }
    }

    fn reveal(&self, rows: &mut Rows<'_>, plan: &Plan, originals: &mut SymbolsMut<'_>) {
        for (index, original) in self.originals.iter().enumerate() {
            if let Original::Restored { row, factor } = original {
                self.code.engine.change_basis(rows.row_mut(*row));
                self.code.engine.scale(rows.row_mut(*row), factor);
                plan.scatter(rows, *row, originals, index);
            }
        }
    }
}
