//! Strided views of symbols.
//!
//! One view describes every way in which the matrix of a blob is cut into codewords
//! (`docs/spec/encoding.md` §3.1): symbol `index` of codeword `word` is the `symbol_bytes` bytes at
//! `index * index_stride + word * word_stride`. For a row-major matrix whose rows are `row_bytes`
//! long, the row code walks `index_stride = symbol_bytes`, `word_stride = row_bytes`, and the column
//! code `index_stride = row_bytes`, `word_stride = symbol_bytes`.

use std::ops::Range;

/// Where the symbols of several codewords lie in a byte slice; all figures in bytes but the two
/// counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Length of one symbol.
    pub symbol_bytes: usize,
    /// Symbols in each codeword.
    pub count: usize,
    /// Distance between neighbouring symbols of one codeword.
    pub index_stride: usize,
    /// Number of codewords.
    pub words: usize,
    /// Distance between equal symbols of neighbouring codewords.
    pub word_stride: usize,
}

impl Layout {
    /// `words` codewords one after the other, each of `count` symbols one after the other.
    #[must_use]
    pub const fn contiguous(symbol_bytes: usize, count: usize, words: usize) -> Self {
        let word_stride = symbol_bytes.saturating_mul(count);
        Self {
            symbol_bytes,
            count,
            index_stride: symbol_bytes,
            words,
            word_stride,
        }
    }

    /// `words` neighbouring columns of a row-major matrix of `count` rows of `row_bytes` bytes.
    #[must_use]
    pub const fn columns(
        symbol_bytes: usize,
        count: usize,
        row_bytes: usize,
        words: usize,
    ) -> Self {
        Self {
            symbol_bytes,
            count,
            index_stride: row_bytes,
            words,
            word_stride: symbol_bytes,
        }
    }

    /// Number of symbols in all codewords.
    #[must_use]
    pub const fn symbols(&self) -> usize {
        self.count.saturating_mul(self.words)
    }

    const fn is_empty(&self) -> bool {
        self.count == 0 || self.words == 0
    }

    /// Bytes from the start of the first symbol to the end of the last, `None` past `usize`.
    fn span(&self) -> Option<usize> {
        if self.is_empty() {
            return Some(0);
        }
        let last_index = (self.count - 1).checked_mul(self.index_stride)?;
        let last_word = (self.words - 1).checked_mul(self.word_stride)?;
        last_index
            .checked_add(last_word)?
            .checked_add(self.symbol_bytes)
    }

    /// Whether no byte belongs to two symbols, as far as nested strides go: codewords inside
    /// symbols' strides or symbols inside codewords' strides.
    fn is_disjoint(&self) -> bool {
        let nests = |inner: (usize, usize), outer: (usize, usize)| {
            let inner_fits = inner.0 <= 1 || inner.1 >= self.symbol_bytes;
            let span = (inner.0.max(1) - 1)
                .checked_mul(inner.1)
                .and_then(|bytes| bytes.checked_add(self.symbol_bytes));
            inner_fits && (outer.0 <= 1 || span.is_some_and(|span| outer.1 >= span))
        };
        let (indices, words) = (
            (self.count, self.index_stride),
            (self.words, self.word_stride),
        );
        nests(indices, words) || nests(words, indices)
    }

    fn check(&self, available: usize) -> Result<(), LayoutError> {
        let needed = self.span().ok_or(LayoutError::TooLarge { layout: *self })?;
        if needed > available {
            return Err(LayoutError::DataTooShort {
                layout: *self,
                needed,
                available,
            });
        }
        Ok(())
    }

    /// Start of a symbol. Cannot overflow for an index and word inside a checked layout.
    #[inline]
    pub(crate) const fn offset(&self, word: usize, index: usize) -> usize {
        index * self.index_stride + word * self.word_stride
    }

    fn narrowed(&self, positions: &Range<usize>) -> Result<Self, LayoutError> {
        if positions.start > positions.end || positions.end > self.symbol_bytes {
            return Err(LayoutError::PositionsOutOfRange {
                start: positions.start,
                end: positions.end,
                symbol_bytes: self.symbol_bytes,
            });
        }
        Ok(Self {
            symbol_bytes: positions.end - positions.start,
            ..*self
        })
    }

    fn with_indices(&self, indices: &Range<usize>) -> Result<Self, LayoutError> {
        if indices.start > indices.end || indices.end > self.count {
            return Err(LayoutError::IndicesOutOfRange {
                start: indices.start,
                end: indices.end,
                count: self.count,
            });
        }
        Ok(Self {
            count: indices.end - indices.start,
            ..*self
        })
    }

    /// Starts of all symbols, codeword by codeword.
    pub(crate) const fn offsets(self) -> Offsets {
        Offsets {
            layout: self,
            word: 0,
            index: 0,
            next: 0,
        }
    }

    fn with_words(&self, words: &Range<usize>) -> Result<Self, LayoutError> {
        if words.start > words.end || words.end > self.words {
            return Err(LayoutError::WordsOutOfRange {
                start: words.start,
                end: words.end,
                words: self.words,
            });
        }
        Ok(Self {
            words: words.end - words.start,
            ..*self
        })
    }
}

/// See [`Layout::offsets`]. By hand, because a flattened iterator costs several times as much, which
/// is a tenth of the time to hash a short symbol.
#[derive(Debug)]
pub(crate) struct Offsets {
    layout: Layout,
    word: usize,
    index: usize,
    next: usize,
}

impl Iterator for Offsets {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.index == self.layout.count {
            self.word += 1;
            self.index = 0;
            self.next = self.word.wrapping_mul(self.layout.word_stride);
        }
        if self.word >= self.layout.words || self.layout.count == 0 {
            return None;
        }
        let offset = self.next;
        self.index += 1;
        // Past the end this is never used.
        self.next = offset.wrapping_add(self.layout.index_stride);
        Some(offset)
    }
}

/// Why a view could not be made. The caller is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The last symbol ends behind the data.
    #[error("{layout:?} needs {needed} bytes, got {available}")]
    DataTooShort {
        /// The layout asked for.
        layout: Layout,
        /// Bytes it spans.
        needed: usize,
        /// Bytes given.
        available: usize,
    },
    /// The layout spans more bytes than there are addresses.
    #[error("{layout:?} spans more bytes than can be addressed")]
    TooLarge {
        /// The layout asked for.
        layout: Layout,
    },
    /// Two symbols of a mutable view share bytes.
    #[error("symbols of {layout:?} overlap")]
    Overlap {
        /// The layout asked for.
        layout: Layout,
    },
    /// A range of positions does not lie within the symbols.
    #[error("positions {start}..{end} are not within symbols of {symbol_bytes} bytes")]
    PositionsOutOfRange {
        /// First byte position.
        start: usize,
        /// Byte position behind the last.
        end: usize,
        /// Length of the symbols.
        symbol_bytes: usize,
    },
    /// A range of symbols does not lie within the codewords.
    #[error("symbols {start}..{end} are not within codewords of {count}")]
    IndicesOutOfRange {
        /// First symbol.
        start: usize,
        /// Symbol behind the last.
        end: usize,
        /// Symbols in a codeword.
        count: usize,
    },
    /// A range of codewords does not lie within the view.
    #[error("codewords {start}..{end} are not within the {words} of the view")]
    WordsOutOfRange {
        /// First codeword.
        start: usize,
        /// Codeword behind the last.
        end: usize,
        /// Codewords in the view.
        words: usize,
    },
}

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
