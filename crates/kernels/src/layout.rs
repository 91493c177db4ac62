//! Where symbols lie.
//!
//! One layout describes every way in which the matrix of a blob is cut into codewords
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

    pub(crate) const fn is_empty(&self) -> bool {
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
    pub(crate) fn is_disjoint(&self) -> bool {
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

    pub(crate) fn check(&self, available: usize) -> Result<(), LayoutError> {
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

    pub(crate) fn narrowed(&self, positions: &Range<usize>) -> Result<Self, LayoutError> {
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

    pub(crate) fn with_indices(&self, indices: &Range<usize>) -> Result<Self, LayoutError> {
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

    pub(crate) fn with_words(&self, words: &Range<usize>) -> Result<Self, LayoutError> {
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
