//! Ids of symbols: cells of the expanded matrix.

use std::{fmt, str::FromStr};

use super::{ParseIdError, SliverIndex, serde_as_text_or};
use crate::Axis;

/// The cell of the expanded matrix where two slivers cross (`docs/spec/encoding.md` §9.1).
///
/// Text is `i-j` in decimal; BCS is both indices as `u16`. Ordered by row, then column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolId {
    /// The row: index of the primary sliver.
    pub primary: SliverIndex,
    /// The column: index of the secondary sliver.
    pub secondary: SliverIndex,
}

impl SymbolId {
    /// The symbol where sliver `index` on `axis` crosses sliver `other` on the other axis.
    pub const fn crossing(axis: Axis, index: SliverIndex, other: SliverIndex) -> Self {
        match axis {
            Axis::Primary => Self {
                primary: index,
                secondary: other,
            },
            Axis::Secondary => Self {
                primary: other,
                secondary: index,
            },
        }
    }

    /// The index of the symbol's sliver on `axis`.
    pub const fn sliver_index(self, axis: Axis) -> SliverIndex {
        match axis {
            Axis::Primary => self.primary,
            Axis::Secondary => self.secondary,
        }
    }
}

impl fmt::Display for SymbolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.primary, self.secondary)
    }
}

impl FromStr for SymbolId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (primary, secondary) = text.split_once('-').ok_or(ParseIdError::SymbolId)?;
        Ok(Self {
            primary: primary.parse().map_err(|_| ParseIdError::SymbolId)?,
            secondary: secondary.parse().map_err(|_| ParseIdError::SymbolId)?,
        })
    }
}

impl From<(SliverIndex, SliverIndex)> for SymbolId {
    fn from((primary, secondary): (SliverIndex, SliverIndex)) -> Self {
        Self { primary, secondary }
    }
}

impl From<SymbolId> for (SliverIndex, SliverIndex) {
    fn from(id: SymbolId) -> Self {
        (id.primary, id.secondary)
    }
}

serde_as_text_or!(SymbolId, (SliverIndex, SliverIndex));
