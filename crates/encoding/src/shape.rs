//! The matrix of one blob, in lengths.

use floe_core::{Axis, CodeParams, SymbolSize};

/// The dimensions of an expanded matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Rows and columns of the expanded matrix, `n`.
    pub(crate) n: usize,
    /// Rows of source symbols, `k1`.
    pub(crate) rows: usize,
    /// Columns of source symbols, `k2`.
    pub(crate) columns: usize,
    /// Bytes of a symbol, `s`.
    pub(crate) symbol: usize,
}

impl Shape {
    pub(crate) fn new(params: CodeParams, symbol_size: SymbolSize) -> Self {
        Self {
            n: params.n_shards().into(),
            rows: params.source_symbols(Axis::Primary).into(),
            columns: params.source_symbols(Axis::Secondary).into(),
            symbol: symbol_size.as_usize(),
        }
    }

    /// Symbols in a sliver of `axis`.
    pub(crate) const fn sliver_symbols(&self, axis: Axis) -> usize {
        match axis {
            Axis::Primary => self.columns,
            Axis::Secondary => self.rows,
        }
    }

    /// Slivers of `axis` that hold the source symbols.
    pub(crate) const fn systematic(&self, axis: Axis) -> usize {
        self.sliver_symbols(axis.orthogonal())
    }

    /// Bytes of a row of source symbols, a primary sliver.
    pub(crate) const fn row_bytes(&self) -> usize {
        self.columns * self.symbol
    }

    /// Bytes of the padded blob. Below 2^48, as all its factors are below 2^16.
    pub(crate) const fn blob_bytes(&self) -> u64 {
        self.rows as u64 * self.row_bytes() as u64
    }
}
