//! Slivers as they travel (`docs/spec/encoding.md` §3.5).
//!
//! These are data; whether a sliver belongs to a blob is decided in `floe-encoding`.

use serde::{Deserialize, Serialize};

use crate::{Axis, SliverIndex, SymbolSize};

/// A sliver whose axis is known from elsewhere.
///
/// BCS is the symbol data as a byte string, the symbol size as `u16`, the index as `u16`. That the
/// data is a whole number of symbols, or the right number, is *not* implied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliverData {
    /// The symbols, one after the other.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
    /// Bytes of one symbol.
    pub symbol_size: SymbolSize,
    /// The index on the sliver's own axis (not that of its pair).
    pub index: SliverIndex,
}

impl SliverData {
    /// The complete symbols; a tail shorter than a symbol is left out.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator {
        self.data.chunks_exact(self.symbol_size.as_usize())
    }

    /// Symbol `index`, or `None` if the sliver is shorter.
    pub fn symbol(&self, index: usize) -> Option<&[u8]> {
        let size = self.symbol_size.as_usize();
        let start = index.checked_mul(size)?;
        self.data.get(start..start.checked_add(size)?)
    }
}

/// A sliver that says which axis it lies on. BCS is the axis, then the [`SliverData`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sliver {
    /// A row.
    Primary(SliverData),
    /// A column.
    Secondary(SliverData),
}

impl Sliver {
    /// Puts a sliver on its axis.
    pub const fn new(axis: Axis, data: SliverData) -> Self {
        match axis {
            Axis::Primary => Self::Primary(data),
            Axis::Secondary => Self::Secondary(data),
        }
    }

    /// The sliver's axis.
    pub const fn axis(&self) -> Axis {
        match self {
            Self::Primary(_) => Axis::Primary,
            Self::Secondary(_) => Axis::Secondary,
        }
    }

    /// The sliver without its axis.
    pub const fn data(&self) -> &SliverData {
        match self {
            Self::Primary(data) | Self::Secondary(data) => data,
        }
    }

    /// The sliver without its axis.
    pub fn into_data(self) -> SliverData {
        match self {
            Self::Primary(data) | Self::Secondary(data) => data,
        }
    }
}

/// The two slivers of one pair: primary sliver `p` and secondary sliver `n − 1 − p`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliverPair {
    /// The row.
    pub primary: SliverData,
    /// The column.
    pub secondary: SliverData,
}

impl SliverPair {
    /// The pair's sliver on `axis`.
    pub const fn get(&self, axis: Axis) -> &SliverData {
        match axis {
            Axis::Primary => &self.primary,
            Axis::Secondary => &self.secondary,
        }
    }
}
