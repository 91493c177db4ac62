//! How symbols are packed into rows of blocks, and back.
//!
//! Labels at equal positions of a codeword's symbols are independent codewords
//! (`docs/spec/encoding.md` §3.2), so a row of blocks may hold any labels of symbol `i`, as long as
//! row `i'` holds the labels of symbol `i'` at the same places. All whole 64-byte blocks of all
//! codewords come first, then all tails, label by label without gaps: symbols of 6 bytes fill blocks
//! as well as symbols of 6000.

use crate::symbols::{Layout, Symbols, SymbolsMut};

use super::engine::Rows;

const BLOCK_BYTES: usize = 64;
const BLOCK_LABELS: usize = 32;

/// Labels that are contiguous both in their symbol and in their row.
#[derive(Clone, Copy, Debug)]
struct Piece {
    word: usize,
    /// Position of the low bytes in the symbol.
    position: usize,
    /// Distance from the low to the high bytes in the symbol.
    high: usize,
    /// Position of the low bytes in the row; the high bytes are 32 bytes on.
    place: usize,
    labels: usize,
}

/// Cuts the symbols of a shape (their length, the number of codewords) into batches of blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    words: usize,
    whole_blocks: usize,
    tail_labels: usize,
}

impl Packing {
    pub(super) const fn new(layout: &Layout) -> Self {
        Self {
            words: layout.words,
            whole_blocks: layout.symbol_bytes / BLOCK_BYTES,
            tail_labels: layout.symbol_bytes % BLOCK_BYTES / 2,
        }
    }

    /// Blocks per row that hold all symbols.
    pub(super) const fn blocks(&self) -> usize {
        self.words * self.whole_blocks + (self.words * self.tail_labels).div_ceil(BLOCK_LABELS)
    }

    /// Fills `plan` with the pieces in the blocks `first .. first + width`.
    pub(super) fn plan(&self, first: usize, width: usize, plan: &mut Plan) {
        plan.pieces.clear();
        let whole = self.words * self.whole_blocks;
        let end = first + width;
        for block in first..end.min(whole) {
            plan.pieces.push(Piece {
                word: block / self.whole_blocks,
                position: block % self.whole_blocks * BLOCK_BYTES,
                high: BLOCK_LABELS,
                place: (block - first) * BLOCK_BYTES,
                labels: BLOCK_LABELS,
            });
        }
        if end > whole && self.tail_labels > 0 {
            let start = first.max(whole);
            let labels = (start - whole) * BLOCK_LABELS
                ..((end - whole) * BLOCK_LABELS).min(self.words * self.tail_labels);
            self.plan_tails(labels, (start - first) * BLOCK_LABELS, plan);
        }
    }

    /// Adds the tails' `labels`, counted through all codewords, from label `place` of the row on.
    fn plan_tails(&self, labels: std::ops::Range<usize>, place: usize, plan: &mut Plan) {
        let start = labels.start;
        let mut label = start;
        while label < labels.end {
            let to = place + label - start;
            let (word, within) = (label / self.tail_labels, label % self.tail_labels);
            let count = (self.tail_labels - within)
                .min(BLOCK_LABELS - to % BLOCK_LABELS)
                .min(labels.end - label);
            plan.pieces.push(Piece {
                word,
                position: self.whole_blocks * BLOCK_BYTES + within,
                high: self.tail_labels,
                place: to / BLOCK_LABELS * BLOCK_BYTES + to % BLOCK_LABELS,
                labels: count,
            });
            label += count;
        }
    }
}

/// The pieces of one batch of blocks; the same for every row.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pieces: Vec<Piece>,
}

#[expect(
    clippy::indexing_slicing,
    reason = "pieces lie within rows and symbols by construction"
)]
impl Plan {
    /// Copies symbol `index` of the planned codewords into row `row`.
    pub(super) fn gather(
        &self,
        symbols: &Symbols<'_>,
        index: usize,
        rows: &mut Rows<'_>,
        row: usize,
    ) {
        let layout = *symbols.layout();
        let row = rows.row(row).as_flattened_mut();
        for piece in &self.pieces {
            let low = layout.offset(piece.word, index) + piece.position;
            let mut copy = |place: usize, from: usize, length: usize| {
                row[place..place + length].copy_from_slice(symbols.bytes(from, length));
            };
            if piece.labels == BLOCK_LABELS && piece.high == BLOCK_LABELS {
                copy(piece.place, low, BLOCK_BYTES);
            } else {
                copy(piece.place, low, piece.labels);
                copy(piece.place + BLOCK_LABELS, low + piece.high, piece.labels);
            }
        }
    }

    /// Copies row `row` back into symbol `index` of the planned codewords.
    pub(super) fn scatter(
        &self,
        rows: &mut Rows<'_>,
        row: usize,
        symbols: &mut SymbolsMut<'_>,
        index: usize,
    ) {
        let layout = *symbols.layout();
        let row = rows.row(row).as_flattened();
        for piece in &self.pieces {
            let low = layout.offset(piece.word, index) + piece.position;
            let mut copy = |place: usize, to: usize, length: usize| {
                symbols
                    .bytes_mut(to, length)
                    .copy_from_slice(&row[place..place + length]);
            };
            if piece.labels == BLOCK_LABELS && piece.high == BLOCK_LABELS {
                copy(piece.place, low, BLOCK_BYTES);
            } else {
                copy(piece.place, low, piece.labels);
                copy(piece.place + BLOCK_LABELS, low + piece.high, piece.labels);
            }
        }
    }
}
