//! The decoding itself, some lines across the slivers at a time: columns across primary slivers, rows
//! across secondary ones.

use std::ops::Range;

use floe_core::Axis;
use floe_kernels::{CodeScratch, Decoder, Layout, Symbols, SymbolsMut};

use super::{DecodeError, Job};
use crate::{executor::try_run, sliver::FITS};

/// Working memory of kernels per thread, with room to spare.
const SCRATCH_BYTES: u64 = 2 << 20;
/// What a tile of lines, read and restored, should fit in.
const TILE_BYTES: u64 = 4 << 20;
/// Pieces read from slivers should have this length if the budget allows it.
const RUN_BYTES: u64 = 16 << 10;
/// Pieces in which slivers are copied.
const COPY_BYTES: usize = 256 << 10;

/// All lines across the slivers.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    job: Job<'a>,
    decoder: Decoder,
    /// Lines decoded together.
    step: usize,
}

#[derive(Debug, Default)]
struct Scratch {
    given: Vec<u8>,
    originals: Vec<u8>,
    code: CodeScratch,
}

impl<'a> Lines<'a> {
    pub(super) fn new(job: Job<'a>) -> Result<Self, DecodeError> {
        let Job {
            codec,
            shape,
            axis,
            options,
            ..
        } = job;
        let threads = options.executor.threads().get() as u64;
        let per_line = 2 * (shape.systematic(axis) * shape.symbol) as u64;
        let needed = threads * (SCRATCH_BYTES + per_line);
        let budget = options.memory_bytes;
        let spare = (budget as u64)
            .checked_sub(needed)
            .ok_or(DecodeError::BudgetTooSmall { needed, budget })?;
        let affordable = 1 + spare / (threads * per_line);
        let wanted = (TILE_BYTES / per_line).max(RUN_BYTES.div_ceil(shape.symbol as u64));
        let lines = shape.sliver_symbols(axis);
        let fair = if threads == 1 {
            lines
        } else {
            lines.div_ceil(4 * options.executor.threads().get())
        };
        let step = usize::try_from(wanted.min(affordable))
            .unwrap_or(usize::MAX)
            .clamp(1, fair);

        let indices: Vec<_> = job.given.iter().map(|index| index.as_usize()).collect();
        let decoder = codec.code(axis).decoder(&indices);
        let decoder = decoder.expect("the indices are enough, different and below n");
        Ok(Self { job, decoder, step })
    }

    pub(super) fn decode(&self) -> Result<(), DecodeError> {
        let Job {
            shape,
            axis,
            given,
            options,
            ..
        } = self.job;
        if axis == Axis::Primary && given.iter().all(|index| index.as_usize() < shape.rows) {
            return self.copy_rows();
        }
        let lines = shape.sliver_symbols(axis);
        try_run(
            options.executor,
            lines.div_ceil(self.step),
            |tile, scratch| {
                let start = tile * self.step;
                let tile = start..lines.min(start + self.step);
                self.tile(tile.clone(), scratch)?;
                options.progress.advance(tile.len() as u64, lines as u64);
                Ok(())
            },
        )
    }

    /// Primary slivers that are the rows of the blob.
    fn copy_rows(&self) -> Result<(), DecodeError> {
        let Job {
            shape,
            given,
            options,
            ..
        } = self.job;
        let rows = given.len();
        try_run(options.executor, rows, |number, buffer: &mut Vec<u8>| {
            let index = *given.get(number).expect("there is a task per sliver");
            let row_start = self.job.row_start(index.as_usize());
            for offset in (0..shape.row_bytes()).step_by(COPY_BYTES) {
                buffer.resize(COPY_BYTES.min(shape.row_bytes() - offset), 0);
                self.job.read(index, offset, buffer)?;
                self.job.write(row_start + offset as u64, buffer)?;
            }
            options.progress.advance(1, rows as u64);
            Ok(())
        })
    }

    fn tile(&self, lines: Range<usize>, scratch: &mut Scratch) -> Result<(), DecodeError> {
        let Job {
            shape, axis, given, ..
        } = self.job;
        let Scratch {
            given: read,
            originals,
            code,
        } = scratch;
        let count = given.len();
        let run_bytes = lines.len() * shape.symbol;
        read.resize(count * run_bytes, 0);
        for (index, run) in given.iter().zip(read.chunks_exact_mut(run_bytes)) {
            self.job.read(*index, lines.start * shape.symbol, run)?;
        }
        let across = Layout::columns(shape.symbol, count, run_bytes, lines.len());
        let symbols = Symbols::new(read, across).expect(FITS);
        originals.resize(count * run_bytes, 0);
        match axis {
            Axis::Primary => {
                let restored = SymbolsMut::new(originals, across).expect(FITS);
                self.decoder.decode(symbols, restored, code).expect(FITS);
                for (row, run) in originals.chunks_exact(run_bytes).enumerate() {
                    let within = (lines.start * shape.symbol) as u64;
                    self.job.write(self.job.row_start(row) + within, run)?;
                }
            }
            Axis::Secondary => {
                let layout = Layout::contiguous(shape.symbol, count, lines.len());
                let restored = SymbolsMut::new(originals, layout).expect(FITS);
                self.decoder.decode(symbols, restored, code).expect(FITS);
                self.job.write(self.job.row_start(lines.start), originals)?;
            }
        }
        Ok(())
    }
}

impl Job<'_> {
    /// Where a row begins in the blob.
    pub(super) const fn row_start(&self, row: usize) -> u64 {
        row as u64 * self.shape.row_bytes() as u64
    }
}
