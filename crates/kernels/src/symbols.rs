//! Strided views of symbols, checked once against their data.

use std::ops::Range;

use crate::layout::{Layout, LayoutError};

/// Symbols of several codewords in a shared slice.
#[derive(Clone, Copy, Debug)]
pub struct Symbols<'a> {
    data: &'a [u8],
    layout: Layout,
}

impl<'a> Symbols<'a> {
    /// A view of `data`, whose first byte is the first byte of symbol 0 of codeword 0.
    ///
    /// # Errors
    /// [`LayoutError::DataTooShort`] or [`LayoutError::TooLarge`] if `layout` leaves `data`.
    pub fn new(data: &'a [u8], layout: Layout) -> Result<Self, LayoutError> {
        layout.check(data.len())?;
        Ok(Self { data, layout })
    }

    /// The layout this view was made with.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The bytes `positions` of every symbol. Positions that are multiples of 64 cut symbols into
    /// independent codewords (`docs/spec/encoding.md` §3.2).
    ///
    /// # Errors
    /// [`LayoutError::PositionsOutOfRange`].
    pub fn positions(&self, positions: Range<usize>) -> Result<Self, LayoutError> {
        let layout = self.layout.narrowed(&positions)?;
        Ok(Self {
            data: self.data.get(positions.start..).unwrap_or_default(),
            layout,
        })
    }

    /// The symbols `indices` of every codeword.
    ///
    /// # Errors
    /// [`LayoutError::IndicesOutOfRange`].
    pub fn indices(&self, indices: Range<usize>) -> Result<Self, LayoutError> {
        let layout = self.layout.with_indices(&indices)?;
        let start = indices.start.saturating_mul(self.layout.index_stride);
        Ok(Self {
            data: self.data.get(start..).unwrap_or_default(),
            layout,
        })
    }

    /// The codewords `words`.
    ///
    /// # Errors
    /// [`LayoutError::WordsOutOfRange`].
    pub fn words(&self, words: Range<usize>) -> Result<Self, LayoutError> {
        let layout = self.layout.with_words(&words)?;
        let start = words.start.saturating_mul(self.layout.word_stride);
        Ok(Self {
            data: self.data.get(start..).unwrap_or_default(),
            layout,
        })
    }

    /// Symbol `index` of codeword `word`.
    ///
    /// # Panics
    /// If there is no such symbol.
    #[must_use]
    #[inline]
    pub fn get(&self, word: usize, index: usize) -> &'a [u8] {
        assert!(
            word < self.layout.words && index < self.layout.count,
            "no such symbol"
        );
        self.bytes(self.layout.offset(word, index), self.layout.symbol_bytes)
    }

    /// All symbols, codeword by codeword.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        self.layout
            .offsets()
            .map(move |offset| self.bytes(offset, self.layout.symbol_bytes))
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "a checked layout keeps symbols inside the data"
    )]
    pub(crate) fn bytes(&self, offset: usize, length: usize) -> &'a [u8] {
        &self.data[offset..offset + length]
    }
}

/// Symbols of several codewords in an exclusive slice; no two share a byte.
#[derive(Debug)]
pub struct SymbolsMut<'a> {
    data: &'a mut [u8],
    layout: Layout,
}

impl<'a> SymbolsMut<'a> {
    /// A view of `data`, whose first byte is the first byte of symbol 0 of codeword 0.
    ///
    /// # Errors
    /// [`LayoutError::DataTooShort`] or [`LayoutError::TooLarge`] if `layout` leaves `data`,
    /// [`LayoutError::Overlap`] if symbols share bytes.
    pub fn new(data: &'a mut [u8], layout: Layout) -> Result<Self, LayoutError> {
        layout.check(data.len())?;
        if !layout.is_empty() && !layout.is_disjoint() {
            return Err(LayoutError::Overlap { layout });
        }
        Ok(Self { data, layout })
    }

    /// Room for one digest per symbol, `count` per codeword, one after the other.
    ///
    /// # Errors
    /// [`LayoutError::DataTooShort`] if that is not a whole number of codewords.
    pub fn digests(digests: &'a mut [[u8; 32]], count: usize) -> Result<Self, LayoutError> {
        let words = digests.len().div_ceil(count.max(1));
        Self::new(
            digests.as_flattened_mut(),
            Layout::contiguous(32, count, words),
        )
    }

    /// The layout this view was made with.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The same view, borrowed for a shorter while.
    #[must_use]
    pub const fn reborrow(&mut self) -> SymbolsMut<'_> {
        SymbolsMut {
            data: self.data,
            layout: self.layout,
        }
    }

    /// The same symbols for reading.
    #[must_use]
    pub const fn as_symbols(&self) -> Symbols<'_> {
        Symbols {
            data: self.data,
            layout: self.layout,
        }
    }

    /// The same symbols for reading, as long as they were borrowed.
    #[must_use]
    pub const fn into_symbols(self) -> Symbols<'a> {
        Symbols {
            data: self.data,
            layout: self.layout,
        }
    }

    /// The bytes `positions` of every symbol, as [`Symbols::positions`].
    ///
    /// # Errors
    /// [`LayoutError::PositionsOutOfRange`].
    pub fn positions(self, positions: Range<usize>) -> Result<Self, LayoutError> {
        let layout = self.layout.narrowed(&positions)?;
        Ok(Self {
            data: self.data.get_mut(positions.start..).unwrap_or_default(),
            layout,
        })
    }

    /// The symbols `indices` of every codeword.
    ///
    /// # Errors
    /// [`LayoutError::IndicesOutOfRange`].
    pub fn indices(self, indices: Range<usize>) -> Result<Self, LayoutError> {
        let layout = self.layout.with_indices(&indices)?;
        let start = indices.start.saturating_mul(self.layout.index_stride);
        Ok(Self {
            data: self.data.get_mut(start..).unwrap_or_default(),
            layout,
        })
    }

    /// The codewords `words`.
    ///
    /// # Errors
    /// [`LayoutError::WordsOutOfRange`].
    pub fn words(self, words: Range<usize>) -> Result<Self, LayoutError> {
        let layout = self.layout.with_words(&words)?;
        let start = words.start.saturating_mul(self.layout.word_stride);
        Ok(Self {
            data: self.data.get_mut(start..).unwrap_or_default(),
            layout,
        })
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "a checked layout keeps symbols inside the data"
    )]
    pub(crate) fn bytes_mut(&mut self, offset: usize, length: usize) -> &mut [u8] {
        &mut self.data[offset..offset + length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_must_stay_inside_the_data() {
        let layout = Layout::columns(4, 3, 10, 2);
        assert!(Symbols::new(&[0; 28], layout).is_ok());
        assert_eq!(
            Symbols::new(&[0; 27], layout).unwrap_err(),
            LayoutError::DataTooShort {
                layout,
                needed: 28,
                available: 27
            }
        );
        let huge = Layout::columns(4, usize::MAX, 10, 2);
        assert!(matches!(
            Symbols::new(&[], huge),
            Err(LayoutError::TooLarge { .. })
        ));
        assert!(Symbols::new(&[], Layout::contiguous(4, 0, 9)).is_ok());
    }

    #[test]
    fn mutable_symbols_may_not_overlap() {
        let mut data = [0; 100];
        let overlapping = [
            Layout {
                symbol_bytes: 4,
                count: 3,
                index_stride: 3,
                words: 1,
                word_stride: 0,
            },
            Layout {
                symbol_bytes: 4,
                count: 3,
                index_stride: 4,
                words: 2,
                word_stride: 11,
            },
            Layout {
                symbol_bytes: 4,
                count: 3,
                index_stride: 7,
                words: 2,
                word_stride: 4,
            },
        ];
        for layout in overlapping {
            assert!(matches!(
                SymbolsMut::new(&mut data, layout),
                Err(LayoutError::Overlap { .. })
            ));
        }
        assert!(SymbolsMut::new(&mut data, Layout::columns(4, 3, 8, 2)).is_ok());
        assert!(SymbolsMut::new(&mut data, Layout::contiguous(4, 3, 2)).is_ok());
    }

    #[test]
    fn narrowing_selects_positions_and_words() {
        let data: Vec<u8> = (0..40).collect();
        let symbols = Symbols::new(&data, Layout::columns(4, 2, 20, 5)).unwrap();
        let part = symbols.words(1..3).unwrap().positions(2..4).unwrap();
        assert_eq!(part.get(1, 1), [30, 31]);
        assert!(symbols.positions(3..5).is_err());
        assert!(symbols.words(4..6).is_err());
        assert!(symbols.words(5..5).is_ok());
    }
}
