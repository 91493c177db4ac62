//! How symbols are packed into rows of blocks, and back.
//!
//! Labels at equal positions of a codeword's symbols are independent codewords
//! (`docs/spec/encoding.md` §3.2), so a row of blocks may hold any labels of symbol `i`, as long as
//! row `i'` holds the labels of symbol `i'` at the same places. All whole 64-byte blocks of all
//! codewords come first, then all tails, label by label without gaps: symbols of 6 bytes fill blocks
//! as well as symbols of 6000.

use std::ops::Range;

use crate::{
    layout::Layout,
    symbols::{Symbols, SymbolsMut},
};

use super::engine::{BLOCK_BYTES, Engine, Rows};

const BLOCK_LABELS: usize = BLOCK_BYTES / 2;

/// Bytes that are contiguous in symbols and row alike.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Distance from symbol `i` of codeword 0 to the bytes that belong to row `i`, in the input.
    from: usize,
    /// The same in the output.
    to: usize,
    /// Position in the row.
    place: usize,
    length: usize,
}

/// Cuts symbols of a shape into batches of blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    input: Layout,
    output: Layout,
    whole_blocks: usize,
    tail_labels: usize,
}

impl Packing {
    /// For layouts that agree in the length of symbols and the number of codewords.
    pub(super) const fn new(input: Layout, output: Layout) -> Self {
        let whole_blocks = input.symbol_bytes / BLOCK_BYTES;
        let tail_labels = input.symbol_bytes % BLOCK_BYTES / 2;
        Self {
            input,
            output,
            whole_blocks,
            tail_labels,
        }
    }

    /// Blocks per row that hold all symbols.
    pub(super) const fn blocks(&self) -> usize {
        let tails = (self.input.words * self.tail_labels).div_ceil(BLOCK_LABELS);
        self.input.words * self.whole_blocks + tails
    }

    /// Fills `plan` with the blocks `first .. first + width`.
    pub(super) fn plan(&self, first: usize, width: usize, plan: &mut Plan) {
        plan.runs.clear();
        let whole = self.input.words * self.whole_blocks;
        let end = first + width;
        plan.whole_blocks = end.min(whole).saturating_sub(first);
        self.plan_whole(first..end.min(whole), plan);
        if end > whole {
            let start = first.max(whole);
            let labels = (start - whole) * BLOCK_LABELS..(end - whole) * BLOCK_LABELS;
            self.plan_tails(labels, (start - first) * BLOCK_BYTES, plan);
        }
    }

    /// Adds whole blocks, counted through all codewords, from the start of the row on.
    fn plan_whole(&self, blocks: Range<usize>, plan: &mut Plan) {
        let mut block = blocks.start;
        while block < blocks.end {
            let (word, within) = (block / self.whole_blocks, block % self.whole_blocks);
            let count = (self.whole_blocks - within).min(blocks.end - block);
            let place = (block - blocks.start) * BLOCK_BYTES;
            plan.runs
                .push(self.run(word, within * BLOCK_BYTES, place, count * BLOCK_BYTES));
            block += count;
        }
    }

    /// Adds the tails' `labels`, counted through all codewords, from `place` in the row on.
    fn plan_tails(&self, labels: Range<usize>, place: usize, plan: &mut Plan) {
        let end = labels.end.min(self.input.words * self.tail_labels);
        let mut label = labels.start;
        while label < end {
            let (word, within) = (label / self.tail_labels, label % self.tail_labels);
            let (block, offset) = {
                let label = label - labels.start;
                (label / BLOCK_LABELS, label % BLOCK_LABELS)
            };
            let count = (self.tail_labels - within)
                .min(BLOCK_LABELS - offset)
                .min(end - label);
            let position = self.whole_blocks * BLOCK_BYTES + within;
            let place = place + block * BLOCK_BYTES + offset;
            plan.runs.push(self.run(word, position, place, count));
            let high = position + self.tail_labels;
            plan.runs
                .push(self.run(word, high, place + BLOCK_LABELS, count));
            label += count;
        }
    }

    const fn run(&self, word: usize, position: usize, place: usize, length: usize) -> Run {
        let from = word * self.input.word_stride + position;
        let to = word * self.output.word_stride + position;
        Run {
            from,
            to,
            place,
            length,
        }
    }
}

/// How the blocks of one batch are made up; the same for every row.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    runs: Vec<Run>,
    /// Blocks at the start of a row that are contiguous in symbols; the others hold tails.
    whole_blocks: usize,
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs lie within rows by construction"
)]
impl Plan {
    /// Copies symbol `index` of the planned codewords into row `row`.
    pub(super) fn gather(
        &self,
        input: &Symbols<'_>,
        index: usize,
        rows: &mut Rows<'_>,
        row: usize,
    ) {
        let start = input.layout().offset(0, index);
        let row = rows.row_mut(row).as_flattened_mut();
        for run in &self.runs {
            let bytes = input.bytes(start + run.from, run.length);
            copy(&mut row[run.place..run.place + run.length], bytes);
        }
    }

    /// Copies row `row` into symbol `index` of the planned codewords.
    pub(super) fn scatter(
        &self,
        rows: &Rows<'_>,
        row: usize,
        output: &mut SymbolsMut<'_>,
        index: usize,
    ) {
        let start = output.layout().offset(0, index);
        let row = rows.row(row).as_flattened();
        for run in &self.runs {
            let bytes = &row[run.place..run.place + run.length];
            copy(output.bytes_mut(start + run.to, run.length), bytes);
        }
    }

    /// As [`gather`](Self::gather), to the coordinates that transforms work on.
    pub(super) fn gather_changed(
        &self,
        input: &Symbols<'_>,
        index: usize,
        rows: &mut Rows<'_>,
        engine: &dyn Engine,
    ) {
        let start = input.layout().offset(0, index);
        let row = rows.row_mut(index);
        for run in &self.runs {
            let bytes = input.bytes(start + run.from, run.length);
            match bytes.as_chunks().0 {
                [] => copy(
                    &mut row.as_flattened_mut()[run.place..run.place + run.length],
                    bytes,
                ),
                labels => engine.copy_changed(labels, &mut row[run.place / BLOCK_BYTES..]),
            }
        }
        engine.change_basis(&mut row[self.whole_blocks..]);
    }

    /// As [`scatter`](Self::scatter), from the coordinates that transforms work on. The row then holds
    /// nothing of use.
    pub(super) fn scatter_changed(
        &self,
        rows: &mut Rows<'_>,
        output: &mut SymbolsMut<'_>,
        index: usize,
        engine: &dyn Engine,
    ) {
        let start = output.layout().offset(0, index);
        let row = rows.row_mut(index);
        engine.change_basis(&mut row[self.whole_blocks..]);
        for run in &self.runs {
            let bytes = output.bytes_mut(start + run.to, run.length);
            if run.length < BLOCK_BYTES {
                copy(
                    bytes,
                    &row.as_flattened()[run.place..run.place + run.length],
                );
            } else {
                let blocks = &row[run.place / BLOCK_BYTES..][..run.length / BLOCK_BYTES];
                engine.copy_changed(blocks, bytes.as_chunks_mut().0);
            }
        }
    }
}

/// `to.copy_from_slice(from)`, but without a call for short slices.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() {
        BLOCK_BYTES => copy_ends::<BLOCK_BYTES>(to, from),
        2 | 3 => copy_ends::<2>(to, from),
        4..8 => copy_ends::<4>(to, from),
        8..16 => copy_ends::<8>(to, from),
        16..=32 => copy_ends::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Copies the first and the last `N` bytes, which may overlap.
#[inline]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk()) {
        *to = *from;
    }
}
