//! The systematic columns: each is expanded, hashed, and handed out in both directions.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use floe_core::{Axis, SliverIndex};
use floe_kernels::{FusedScratch, Layout, Symbols, SymbolsMut};

use super::{
    EncodeError, FITS, Job,
    hashed::{HashedColumns, TreeScratch},
    matrix::Runs,
};
use crate::{
    executor::{lock, try_run},
    shape::Shape,
    sink::SliverSink,
};

/// All columns of one kind.
#[derive(Debug)]
pub(super) struct Expanded {
    /// Tiles in any order.
    pub(super) tiles: Vec<HashedColumns>,
    /// What was read, as `consistency` sums it up.
    pub(super) checksum: u64,
}

#[derive(Debug, Default)]
struct Scratch {
    systematic: Vec<u8>,
    recovery: Vec<u8>,
    column: Vec<u8>,
    fused: FusedScratch,
    trees: TreeScratch,
}

/// Expands the systematic columns.
#[derive(Debug)]
pub(super) struct SystematicColumns<'a> {
    job: Job<'a>,
    tiles: Mutex<Vec<HashedColumns>>,
    checksum: AtomicU64,
}

impl<'a> SystematicColumns<'a> {
    pub(super) const fn new(job: Job<'a>) -> Self {
        Self {
            job,
            tiles: Mutex::new(Vec::new()),
            checksum: AtomicU64::new(0),
        }
    }

    pub(super) fn expand(self) -> Result<Expanded, EncodeError> {
        let groups: Vec<_> = self.job.plan.systematic_tiles(&self.job.shape).collect();
        try_run(self.job.options.executor, groups.len(), |group, scratch| {
            let columns = groups.get(group).expect(FITS).clone();
            self.group(columns, scratch)
        })?;
        let tiles = self
            .tiles
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let checksum = self.checksum.into_inner();
        Ok(Expanded { tiles, checksum })
    }

    fn group(&self, columns: Range<usize>, scratch: &mut Scratch) -> Result<(), EncodeError> {
        let Job {
            codec,
            shape,
            matrix,
            sink,
            ..
        } = self.job;
        let runs = matrix.columns(columns.clone(), &mut scratch.systematic)?;
        self.checksum.fetch_add(runs.checksum, Ordering::Relaxed);

        let layout = |count, stride| Layout::columns(shape.symbol, count, stride, columns.len());
        let originals = Symbols::new(runs.bytes, layout(shape.rows, runs.stride)).expect(FITS);
        let run_bytes = columns.len() * shape.symbol;
        let recovery = sink.map(|_| {
            let count = shape.n - shape.rows;
            scratch.recovery.resize(count * run_bytes, 0);
            SymbolsMut::new(&mut scratch.recovery, layout(count, run_bytes)).expect(FITS)
        });
        let leaves = scratch.trees.leaves(&shape, columns.len());
        codec
            .fused(Axis::Primary)
            .encode_and_hash(originals, recovery, leaves, &mut scratch.fused)
            .expect(FITS);
        let hashed = HashedColumns::new(&self.job, columns.clone(), &mut scratch.trees);
        lock(&self.tiles).push(hashed);

        if let Some(sink) = sink {
            let recovery = scratch.recovery.chunks_exact(run_bytes);
            let systematic = runs.bytes.chunks(runs.stride).take(shape.rows);
            let systematic = systematic.map(|run| run.get(..run_bytes).expect(FITS));
            write_rows(
                sink,
                systematic.chain(recovery),
                columns.start * shape.symbol,
            )?;
            write_columns(sink, &shape, columns.clone(), &runs, &mut scratch.column)?;
        }
        self.job
            .advance(columns.len() * self.job.plan.passes(&shape));
        Ok(())
    }
}

/// Writes a run of every primary sliver.
fn write_rows<'a>(
    sink: &dyn SliverSink,
    runs: impl Iterator<Item = &'a [u8]>,
    offset: usize,
) -> Result<(), EncodeError> {
    for (index, run) in (0..).map(SliverIndex).zip(runs) {
        write(sink, Axis::Primary, index, offset, run)?;
    }
    Ok(())
}

/// Writes the columns as secondary slivers.
fn write_columns(
    sink: &dyn SliverSink,
    shape: &Shape,
    columns: Range<usize>,
    runs: &Runs<'_>,
    buffer: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let Shape { rows, symbol, .. } = *shape;
    for (number, column) in columns.enumerate() {
        buffer.clear();
        for run in runs.bytes.chunks(runs.stride).take(rows) {
            buffer.extend_from_slice(run.get(number * symbol..(number + 1) * symbol).expect(FITS));
        }
        write(sink, Axis::Secondary, sliver_index(column), 0, buffer)?;
    }
    Ok(())
}

pub(super) fn write(
    sink: &dyn SliverSink,
    axis: Axis,
    index: SliverIndex,
    offset: usize,
    bytes: &[u8],
) -> Result<(), EncodeError> {
    sink.write(axis, index, offset, bytes)
        .map_err(|source| EncodeError::Sink {
            axis,
            index,
            source,
        })
}

/// A row or column of the matrix as the index of its sliver.
pub(super) fn sliver_index(line: usize) -> SliverIndex {
    SliverIndex(u16::try_from(line).expect("there are fewer than 2^16 rows and columns"))
}
