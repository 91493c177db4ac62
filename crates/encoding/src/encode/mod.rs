//! Encoding: from a blob to slivers and metadata (`docs/spec/encoding.md` §3, §5, §6).
//!
//! The matrix is expanded column by column, because a column is the larger part of what there is to
//! hash and column hashes are then ready at once:
//!
//! 1. *Systematic columns* (`columns`), in groups of neighbours: `k1` contiguous runs of the blob are
//!    read, every column is expanded to `n` symbols, and all symbols are hashed while in cache. A
//!    group yields whole secondary slivers and a run of every primary sliver.
//! 2. *Recovery columns* (`recovery`), in passes over positions of the symbols: the row code needs
//!    all `k2` symbols of a row, and the column code after it all rows, but only at equal positions.
//!    A pass keeps `k1 · f` pieces in memory and the states of the leaf hashes.
//! 3. *Row trees* (`roots`) over the leaf digests of both.
//!
//! A blob that fits the budget is read once, into memory, and takes one pass; any other is read
//! twice. Every symbol is hashed once. Memory is bounded by the budget, not by the blob.

mod columns;
mod consistency;
mod error;
mod hashed;
mod matrix;
mod plan;
mod recovery;
mod roots;

use floe_core::VerifiedMetadata;

pub use error::EncodeError;

use crate::{
    executor::{Executor, Inline},
    redstuff::RedStuff,
    shape::Shape,
    sink::SliverSink,
    source::Source,
};
use columns::SystematicColumns;
use matrix::Matrix;
use plan::Plan;
use recovery::RecoveryColumns;

/// How an operation over a whole blob runs.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Who runs the parallel parts.
    pub executor: &'a dyn Executor,
    /// Bytes of memory the operation may use, what it returns not counted.
    pub memory_bytes: usize,
    /// Is told how far the operation is.
    pub progress: &'a dyn Progress,
}

impl Options<'_> {
    /// A budget that leaves room for a process of less than 512 MiB.
    pub const DEFAULT_MEMORY_BYTES: usize = 384 << 20;
}

impl Default for Options<'_> {
    /// One thread, [`DEFAULT_MEMORY_BYTES`](Self::DEFAULT_MEMORY_BYTES), nobody told.
    fn default() -> Self {
        Self {
            executor: &Inline,
            memory_bytes: Self::DEFAULT_MEMORY_BYTES,
            progress: &Silent,
        }
    }
}

/// Is told how far an operation is.
pub trait Progress: std::fmt::Debug + Sync {
    /// Another `units` of `total` are done. Called from any thread of the executor.
    fn advance(&self, units: u64, total: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn advance(&self, _units: u64, _total: u64) {}
}

impl RedStuff {
    /// Encodes a blob: writes all its slivers to `sink` and returns its metadata.
    ///
    /// A blob that fits the memory budget is read once, any other twice. After an error the sink may
    /// have got any part of the slivers.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn encode(
        &self,
        source: &dyn Source,
        sink: &dyn SliverSink,
        options: &Options<'_>,
    ) -> Result<VerifiedMetadata, EncodeError> {
        self.expand(source, Some(sink), options)
    }

    /// Computes the metadata of a blob, and with it its id, without making slivers.
    ///
    /// # Errors
    /// [`EncodeError`], but none of a sink.
    pub fn metadata(
        &self,
        source: &dyn Source,
        options: &Options<'_>,
    ) -> Result<VerifiedMetadata, EncodeError> {
        self.expand(source, None, options)
    }

    fn expand(
        &self,
        source: &dyn Source,
        sink: Option<&dyn SliverSink>,
        options: &Options<'_>,
    ) -> Result<VerifiedMetadata, EncodeError> {
        let length = source.length();
        let symbol_size = self.params().symbol_size(length)?;
        let shape = Shape::new(self.params(), symbol_size);
        let version = source.version().map_err(EncodeError::version)?;
        let plan = Plan::new(shape, options)?;
        let matrix = Matrix::new(shape, source, version.is_some(), &plan)?;
        let job = Job {
            codec: self,
            shape,
            plan,
            matrix: &matrix,
            sink,
            options,
        };
        let systematic = SystematicColumns::new(job).expand()?;
        let recovery = RecoveryColumns::new(job).expand()?;
        if systematic.checksum != recovery.checksum
            || version != source.version().map_err(EncodeError::version)?
        {
            return Err(EncodeError::SourceChanged);
        }
        let tiles = systematic.tiles.into_iter().chain(recovery.tiles).collect();
        let hashes = roots::pair_hashes(&job, tiles)?;
        Ok(roots::metadata(self.params(), length, hashes))
    }
}

/// What all parts of one encoding share.
#[derive(Debug, Clone, Copy)]
struct Job<'a> {
    codec: &'a RedStuff,
    shape: Shape,
    plan: Plan,
    matrix: &'a Matrix<'a>,
    sink: Option<&'a dyn SliverSink>,
    options: &'a Options<'a>,
}

impl Job<'_> {
    /// Reports that the column code went over `columns` of `of` equal parts of all `n` columns.
    fn advance(&self, columns: usize) {
        let total = self.shape.n as u64 * self.plan.passes(&self.shape) as u64;
        self.options.progress.advance(columns as u64, total);
    }
}

/// Why views of symbols and digests can't be refused.
const FITS: &str = "buffers are made to measure";
