//! The columns of a quilt, and how large they must be.

use std::ops::Range;

use floe_core::{Axis, CodeParams, SymbolSize};

use super::BuildError;

/// Version byte, then the length of the index as `u32`.
pub(super) const INDEX_PREFIX_BYTES: usize = 5;
/// The most columns an index may take.
pub(super) const INDEX_COLUMNS_MAX: u64 = 10;

/// The source matrix of a quilt (`docs/spec/encoding.md` §12.1): `k2` columns of `k1` symbols.
///
/// *Column space* numbers the bytes of all columns one after the other: byte `b` of column `c` is
/// byte `c · column_bytes + b` of it, and byte `⌊b/s⌋ · row_bytes + c·s + (b mod s)` of the quilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    params: CodeParams,
    symbol_size: SymbolSize,
}

/// A blob has a length that no quilt has. Whoever takes it for one is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a blob of {got} bytes is no quilt for {n_shards} shards: expected an even multiple of \
     {symbols} bytes, at most {max}"
)]
pub struct NotQuiltSized {
    /// The blob's length in bytes.
    pub got: u64,
    /// Source symbols of a blob.
    pub symbols: u32,
    /// Length in bytes of the largest quilt.
    pub max: u64,
    /// The number of shards.
    pub n_shards: u16,
}

impl Geometry {
    /// The matrix with symbols of this size.
    pub const fn new(params: CodeParams, symbol_size: SymbolSize) -> Self {
        Self {
            params,
            symbol_size,
        }
    }

    /// The matrix of a quilt of `length` bytes.
    ///
    /// # Errors
    /// [`NotQuiltSized`] unless it is filled with symbols of a possible size.
    pub fn of_quilt(params: CodeParams, length: u64) -> Result<Self, NotQuiltSized> {
        let symbols = u64::from(params.blob_symbols());
        let symbol_size = u16::try_from(length / symbols)
            .ok()
            .filter(|_| length.is_multiple_of(symbols))
            .and_then(|bytes| SymbolSize::new(bytes).ok());
        let symbol_size = symbol_size.ok_or_else(|| NotQuiltSized {
            got: length,
            symbols: params.blob_symbols(),
            max: params.max_blob_size(),
            n_shards: params.n_shards(),
        })?;
        Ok(Self::new(params, symbol_size))
    }

    /// The parameters of the code.
    pub const fn params(self) -> CodeParams {
        self.params
    }

    /// Bytes of a symbol.
    pub const fn symbol_size(self) -> SymbolSize {
        self.symbol_size
    }

    /// The number of columns, `k2`.
    pub const fn columns(self) -> u16 {
        self.params.secondary_source_symbols()
    }

    /// Bytes of a column, which is a secondary sliver.
    pub fn column_bytes(self) -> usize {
        self.params.sliver_bytes(Axis::Secondary, self.symbol_size)
    }

    /// Bytes of the quilt, padding included.
    pub const fn quilt_bytes(self) -> u64 {
        self.params.blob_symbols() as u64 * self.symbol_size.get() as u64
    }

    /// The largest index, without its prefix, in bytes.
    pub(super) fn index_bytes_max(self) -> u64 {
        (self.column_bytes() as u64 * INDEX_COLUMNS_MAX).saturating_sub(INDEX_PREFIX_BYTES as u64)
    }

    /// Columns that hold `bytes`.
    pub(super) fn columns_of(self, bytes: u64) -> u64 {
        bytes.div_ceil(self.column_bytes() as u64)
    }

    /// Cuts a range of the quilt at the edges of symbols: calls `piece` with the column, the place in
    /// the column and the part of the range that is found there.
    pub(super) fn scatter<E>(
        self,
        offset: u64,
        range: Range<usize>,
        mut piece: impl FnMut(u16, usize, Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let symbol_bytes = u64::from(self.symbol_size.get());
        let mut offset = offset;
        let mut rest = range;
        while !rest.is_empty() {
            let symbol = offset / symbol_bytes;
            let within = to_usize(offset % symbol_bytes);
            let columns = u64::from(self.columns());
            let column = u16::try_from(symbol % columns).expect("a remainder is below its modulus");
            let row = to_usize(symbol / columns);
            let take = (self.symbol_size.as_usize() - within).min(rest.len());
            let end = rest.start + take;
            piece(
                column,
                row * self.symbol_size.as_usize() + within,
                rest.start..end,
            )?;
            offset += take as u64;
            rest.start = end;
        }
        Ok(())
    }

    /// Where in the quilt byte `offset` of a column is, and how many bytes follow it in one piece.
    pub(super) fn locate(self, column: u16, offset: usize) -> (u64, usize) {
        let symbol_bytes = self.symbol_size.as_usize();
        let (row, within) = (offset / symbol_bytes, offset % symbol_bytes);
        let symbol = row as u64 * u64::from(self.columns()) + u64::from(column);
        let start = symbol * symbol_bytes as u64 + within as u64;
        (start, symbol_bytes - within)
    }
}

fn to_usize(offset: u64) -> usize {
    usize::try_from(offset).expect("places in a column are in memory range")
}

/// What a quilt is made of, for the choice of its symbol size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) columns: u64,
    pub(super) rows: u64,
    pub(super) index_columns_max: u64,
}

impl Grid {
    pub(super) fn new(params: CodeParams) -> Self {
        Self {
            columns: params.source_symbols(Axis::Secondary).into(),
            rows: params.source_symbols(Axis::Primary).into(),
            index_columns_max: INDEX_COLUMNS_MAX,
        }
    }

    /// The least symbol size with which `items`, the index first, fit, each in columns of its own
    /// (`docs/spec/encoding.md` §12.5).
    pub(super) fn symbol_size(self, items: &[u64]) -> Result<SymbolSize, BuildError> {
        if items.len() as u64 > self.columns {
            return Err(BuildError::TooManyPatches {
                got: items.len().saturating_sub(1),
                max: self.columns.saturating_sub(1),
            });
        }
        let most = u64::from(SymbolSize::MAX.get());
        let total = items
            .iter()
            .fold(0, |sum: u64, item| sum.saturating_add(*item));
        let index = items.first().copied().unwrap_or_default();
        let least = total
            .div_ceil(self.rows * self.columns)
            .max(index.div_ceil(self.rows * self.index_columns_max))
            .max((INDEX_PREFIX_BYTES as u64).div_ceil(self.rows));
        let fits = |symbol: u64| {
            let columns = items.iter().map(|item| item.div_ceil(symbol * self.rows));
            columns.sum::<u64>() <= self.columns
        };
        if least > most || !fits(most) {
            return Err(BuildError::TooLarge {
                total,
                max: self.rows * self.columns * most,
            });
        }
        // `low` is untried or too small, `high` fits.
        let (mut low, mut high) = (least, most);
        while low < high {
            let middle = low.midpoint(high);
            if fits(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let size = u16::try_from(high.next_multiple_of(2)).ok();
        let size = size.and_then(|size| SymbolSize::new(size).ok());
        Ok(size.expect("an even number from 2 to 65534, because `most` is even"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(items: &[u64], columns: u64, rows: u64, index_columns_max: u64) -> Option<u16> {
        let grid = Grid {
            columns,
            rows,
            index_columns_max,
        };
        grid.symbol_size(items).ok().map(SymbolSize::get)
    }

    #[test]
    fn symbol_sizes_are_those_of_the_specification() {
        assert_eq!(choose(&[1000, 1, 1], 4, 7, 2), Some(72));
        assert_eq!(choose(&[1], 3, 2, 1), Some(4));
        assert_eq!(choose(&[115, 80, 4], 17, 9, 3), Some(6));
        assert_eq!(choose(&[20, 20, 20], 3, 5, 2), Some(4));
        assert_eq!(choose(&[5, 5, 5], 5, 1, 1), Some(6));
        assert_eq!(choose(&[25, 35, 45], 200, 1, 3), Some(10));
        assert_eq!(choose(&[10, 0, 0, 0], 17, 9, 2), Some(2));
        assert_eq!(choose(&[2, 1, 2, 1], 3, 3, 1), None);
    }

    #[test]
    fn the_largest_patch_fits_and_one_more_byte_does_not() {
        // One column for the index, the other two for the patch.
        assert_eq!(choose(&[5, 2 * 2 * 65_534], 3, 2, 10), Some(65_534));
        assert_eq!(choose(&[5, 2 * 2 * 65_534 + 1], 3, 2, 10), None);
        assert_eq!(choose(&[5, u64::MAX], 3, 2, 10), None);
    }

    #[test]
    fn lengths_that_no_quilt_has_are_refused() {
        let params = CodeParams::for_encoding(4).unwrap();
        let symbols = |length| {
            let geometry = Geometry::of_quilt(params, length);
            geometry.map(|geometry| geometry.symbol_size().get())
        };
        assert_eq!(symbols(12), Ok(2));
        assert_eq!(symbols(6 * 65_534), Ok(65_534));
        for length in [0, 6, 13, 18, 6 * 65_536, u64::MAX] {
            assert!(symbols(length).is_err(), "{length}");
        }
        assert_eq!(
            symbols(13).unwrap_err().to_string(),
            "a blob of 13 bytes is no quilt for 4 shards: expected an even multiple of 6 bytes, at \
             most 393204"
        );
    }
}
