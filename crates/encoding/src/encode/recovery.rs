//! The recovery columns, which are not in the blob: the row code makes their systematic part, the
//! column code the rest, in passes over positions.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use floe_core::Axis;
use floe_kernels::{CodeScratch, CodewordStates, FusedScratch, Layout, Symbols, SymbolsMut};

use super::{
    EncodeError, FITS, Job,
    columns::{Expanded, sliver_index, write},
    hashed::{HashedColumns, TreeScratch},
};
use crate::{
    executor::{lock, try_run},
    shape::Shape,
};

/// Expands the recovery columns.
#[derive(Debug)]
pub(super) struct RecoveryColumns<'a> {
    job: Job<'a>,
    hashed: Mutex<Vec<HashedColumns>>,
    checksum: AtomicU64,
}

/// Neighbouring columns on their way through the passes.
#[derive(Debug)]
struct Tile {
    columns: Range<usize>,
    /// Leaf hashes per column, if there is more than one pass.
    states: Vec<CodewordStates>,
}

#[derive(Debug, Default)]
struct RowScratch {
    rows: Vec<u8>,
    code: CodeScratch,
}

#[derive(Debug, Default)]
struct ColumnScratch {
    columns: Vec<u8>,
    kernels: KernelScratch,
}

#[derive(Debug, Default)]
struct KernelScratch {
    fused: FusedScratch,
    trees: TreeScratch,
}

impl<'a> RecoveryColumns<'a> {
    pub(super) const fn new(job: Job<'a>) -> Self {
        Self {
            job,
            hashed: Mutex::new(Vec::new()),
            checksum: AtomicU64::new(0),
        }
    }

    pub(super) fn expand(self) -> Result<Expanded, EncodeError> {
        let Job { shape, plan, .. } = self.job;
        let tiles: Vec<_> = plan
            .recovery_tiles(&shape)
            .map(|tile| self.tile(tile))
            .collect();
        let tiles: Vec<_> = tiles.into_iter().map(Mutex::new).collect();
        let pieces = shape.rows * (shape.n - shape.columns);
        let mut symbols = floe_kernels::zeroed(pieces * plan.pass_positions);
        for start in (0..shape.symbol).step_by(plan.pass_positions) {
            let positions = start..shape.symbol.min(start + plan.pass_positions);
            self.encode_rows(&positions, &mut symbols)?;
            try_run(self.job.options.executor, tiles.len(), |tile, scratch| {
                let tile = tiles.get(tile).expect(FITS);
                self.encode_columns(&mut lock(tile), &positions, &symbols, scratch)
            })?;
        }
        Ok(Expanded {
            tiles: self
                .hashed
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
            checksum: self.checksum.into_inner(),
        })
    }

    fn tile(&self, columns: Range<usize>) -> Tile {
        let several = self.job.plan.passes(&self.job.shape) > 1;
        let states = (0..if several { columns.len() } else { 0 }).map(|_| {
            let mut states = CodewordStates::default();
            self.job.codec.fused(Axis::Primary).start(&mut states, 1);
            states
        });
        Tile {
            states: states.collect(),
            columns,
        }
    }

    /// Fills `symbols` with pieces of the recovery symbols of all systematic rows, row by row.
    fn encode_rows(&self, positions: &Range<usize>, symbols: &mut [u8]) -> Result<(), EncodeError> {
        let Job {
            codec,
            shape,
            plan,
            matrix,
            options,
            ..
        } = self.job;
        let (step, recovery) = (plan.tile_rows, shape.n - shape.columns);
        let tiles: Vec<_> = symbols
            .chunks_mut(step * recovery * positions.len())
            .take(shape.rows.div_ceil(step))
            .map(Mutex::new)
            .collect();
        try_run(
            options.executor,
            tiles.len(),
            |tile, scratch: &mut RowScratch| {
                let rows = tile * step..shape.rows.min((tile + 1) * step);
                let layout = Layout::contiguous(positions.len(), recovery, rows.len());
                let (originals, checksum) =
                    matrix.rows(rows, positions.clone(), &mut scratch.rows)?;
                self.checksum.fetch_add(checksum, Ordering::Relaxed);
                let mut symbols = lock(tiles.get(tile).expect(FITS));
                let symbols = SymbolsMut::new(&mut symbols, layout).expect(FITS);
                let code = codec.code(Axis::Secondary);
                code.encode(originals, symbols, &mut scratch.code)
                    .expect(FITS);
                Ok(())
            },
        )
    }

    /// Expands and hashes pieces of a tile's columns.
    fn encode_columns(
        &self,
        tile: &mut Tile,
        positions: &Range<usize>,
        symbols: &[u8],
        scratch: &mut ColumnScratch,
    ) -> Result<(), EncodeError> {
        let Job { codec, shape, .. } = self.job;
        let ColumnScratch { columns, kernels } = scratch;
        let originals = if self.job.sink.is_some() {
            self.gather(tile, positions, symbols, columns);
            self.write(&tile.columns, positions, columns)?;
            let layout = Layout::contiguous(positions.len(), shape.rows, tile.columns.len());
            Symbols::new(columns, layout).expect(FITS)
        } else {
            self.in_place(tile, positions, symbols)
        };
        let last = positions.end == shape.symbol;
        if tile.states.is_empty() {
            let leaves = kernels.trees.leaves(&shape, tile.columns.len());
            let fused = codec.fused(Axis::Primary);
            fused
                .encode_and_hash(originals, None, leaves, &mut kernels.fused)
                .expect(FITS);
        } else {
            self.resume(&mut tile.states, originals, last, kernels);
        }
        if last {
            let columns = tile.columns.clone();
            let hashed = HashedColumns::new(&self.job, columns, &mut kernels.trees);
            lock(&self.hashed).push(hashed);
        }
        self.job.advance(tile.columns.len());
        Ok(())
    }

    /// The pieces of a tile's columns where they are. Good enough if nobody wants them as slivers.
    fn in_place<'b>(
        &self,
        tile: &Tile,
        positions: &Range<usize>,
        symbols: &'b [u8],
    ) -> Symbols<'b> {
        let Shape {
            n, columns, rows, ..
        } = self.job.shape;
        let width = positions.len();
        let start = (tile.columns.start - columns) * width;
        let layout = Layout::columns(width, rows, (n - columns) * width, tile.columns.len());
        Symbols::new(symbols.get(start..).expect(FITS), layout).expect(FITS)
    }

    /// Copies the pieces of a tile's columns together, column by column.
    fn gather(&self, tile: &Tile, positions: &Range<usize>, symbols: &[u8], columns: &mut Vec<u8>) {
        let Shape {
            n,
            columns: systematic,
            rows,
            ..
        } = self.job.shape;
        let width = positions.len();
        columns.clear();
        for column in tile.columns.clone() {
            let start = (column - systematic) * width;
            for row in symbols.chunks_exact((n - systematic) * width).take(rows) {
                columns.extend_from_slice(row.get(start..start + width).expect(FITS));
            }
        }
    }

    fn write(
        &self,
        columns: &Range<usize>,
        positions: &Range<usize>,
        bytes: &[u8],
    ) -> Result<(), EncodeError> {
        let Job {
            shape,
            sink: Some(sink),
            ..
        } = self.job
        else {
            return Ok(());
        };
        let width = positions.len();
        for (column, bytes) in columns.clone().zip(bytes.chunks_exact(shape.rows * width)) {
            let index = sliver_index(column);
            if width == shape.symbol {
                write(sink, Axis::Secondary, index, 0, bytes)?;
                continue;
            }
            for (row, piece) in bytes.chunks_exact(width).enumerate() {
                let offset = row * shape.symbol + positions.start;
                write(sink, Axis::Secondary, index, offset, piece)?;
            }
        }
        Ok(())
    }

    /// Expands pieces of columns and feeds them to the columns' leaf hashes; ends these after the
    /// last piece.
    fn resume(
        &self,
        states: &mut [CodewordStates],
        columns: Symbols<'_>,
        last: bool,
        scratch: &mut KernelScratch,
    ) {
        let fused = self.job.codec.fused(Axis::Primary);
        let KernelScratch {
            fused: scratch,
            trees,
        } = scratch;
        let mut leaves = trees.leaves(&self.job.shape, columns.layout().words);
        for (number, states) in states.iter_mut().enumerate() {
            let column = columns.words(number..number + 1).expect(FITS);
            if last {
                let leaves = leaves.reborrow().words(number..number + 1).expect(FITS);
                fused.finish(states, column, leaves, scratch).expect(FITS);
            } else {
                fused.absorb(states, column, scratch).expect(FITS);
            }
        }
    }
}
