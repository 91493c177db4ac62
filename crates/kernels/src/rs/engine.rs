//! What the code needs from a processor: transforms over rows of blocks.

use reed_solomon_simd::engine::{Engine as LibraryEngine, ShardsRefMut};

use super::tables::Factor;

/// A 64-byte block as on the wire: the low bytes of 32 labels, then their high bytes
/// (`docs/spec/encoding.md` §3.2).
pub(super) type Block = [u8; BLOCK_BYTES];

pub(super) const BLOCK_BYTES: usize = 64;

/// Rows of equally many blocks. Blocks in the same column make up one codeword per label.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) blocks: &'a mut [Block],
    pub(super) width: usize,
}

#[expect(
    clippy::indexing_slicing,
    reason = "rows are addressed within the code's own geometry"
)]
impl Rows<'_> {
    pub(super) fn row(&self, index: usize) -> &[Block] {
        &self.blocks[index * self.width..(index + 1) * self.width]
    }

    pub(super) fn row_mut(&mut self, index: usize) -> &mut [Block] {
        &mut self.blocks[index * self.width..(index + 1) * self.width]
    }

    pub(super) fn zero(&mut self, rows: std::ops::Range<usize>) {
        self.blocks[rows.start * self.width..rows.end * self.width].fill([0; 64]);
    }

    pub(super) fn copy(&mut self, from: usize, to: usize, count: usize) {
        let from = from * self.width..(from + count) * self.width;
        self.blocks.copy_within(from, to * self.width);
    }

    /// The rows `to ..` for writing and `from ..` for reading, `count` of each; `from >= to + count`.
    pub(super) fn pair(
        &mut self,
        to: usize,
        from: usize,
        count: usize,
    ) -> (&mut [Block], &[Block]) {
        let (head, tail) = self.blocks.split_at_mut(from * self.width);
        let length = count * self.width;
        (&mut head[to * self.width..][..length], &tail[..length])
    }
}

/// A run of rows that is transformed as one polynomial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// First row.
    pub(super) start: usize,
    /// Number of rows, a power of two.
    pub(super) size: usize,
    /// Rows that matter: rows behind are zero before an inverse transform, and may hold anything
    /// after a transform.
    pub(super) used: usize,
    /// Label of the first evaluation point.
    pub(super) point: usize,
}

impl Span {
    /// Panics unless the span lies within the rows and its points below `points`: an engine's
    /// pointers and twiddles are good after that.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn check(&self, rows: &Rows<'_>, points: usize) {
        let Self {
            start,
            size,
            used,
            point,
        } = *self;
        assert!(
            size.is_power_of_two() && used <= size,
            "spans are powers of two"
        );
        assert!(
            (start + size) * rows.width <= rows.blocks.len(),
            "spans lie within the rows"
        );
        assert!(
            point.is_multiple_of(size) && point + size <= points,
            "points lie within the tables"
        );
    }
}

/// Additive FFTs over GF(2^16) in the basis of `docs/spec/encoding.md` §3.2, and scaling.
pub(super) trait Engine: std::fmt::Debug + Send + Sync {
    /// Turns labels into the coordinates that transforms work on, and back. Everything but
    /// [`scale`](Self::scale) works on coordinates.
    fn change_basis(&self, row: &mut [Block]);

    /// The same, from blocks into the first of others.
    fn copy_changed(&self, from: &[Block], to: &mut [Block]);

    /// Values at the points of `span` to coefficients.
    fn inverse(&self, rows: &mut Rows<'_>, span: Span);

    /// Coefficients to values at the points of `span`.
    fn forward(&self, rows: &mut Rows<'_>, span: Span);

    /// [`forward`](Self::forward) of the coefficients in the rows `from ..`, which lie before the span
    /// or are its own.
    fn forward_from(&self, rows: &mut Rows<'_>, from: usize, span: Span) {
        rows.copy(from, span.start, span.size);
        self.forward(rows, span);
    }

    /// Multiplies all labels of a row; not for coordinates.
    fn scale(&self, row: &mut [Block], factor: &Factor);

    /// `target[i] ^= source[i]`.
    fn add(&self, target: &mut [Block], source: &[Block]) {
        let target = target.as_flattened_mut().iter_mut();
        target.zip(source.as_flattened()).for_each(|(x, y)| *x ^= y);
    }
}

/// An engine of the library.
pub(super) struct Library<E>(pub(super) E);

impl<E> std::fmt::Debug for Library<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::any::type_name::<E>())
    }
}

impl<E: LibraryEngine + Send + Sync> Engine for Library<E> {
    /// The library works on labels.
    fn change_basis(&self, _row: &mut [Block]) {}

    fn copy_changed(&self, from: &[Block], to: &mut [Block]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }

    fn inverse(&self, rows: &mut Rows<'_>, span: Span) {
        let Span {
            start,
            size,
            used,
            point,
        } = span;
        self.0.ifft(&mut shards(rows), start, size, used, point);
    }

    fn forward(&self, rows: &mut Rows<'_>, span: Span) {
        let Span {
            start,
            size,
            used,
            point,
        } = span;
        self.0.fft(&mut shards(rows), start, size, used, point);
    }

    fn scale(&self, row: &mut [Block], factor: &Factor) {
        self.0.mul(row, factor.log);
    }
}

fn shards<'a>(rows: &'a mut Rows<'_>) -> ShardsRefMut<'a> {
    ShardsRefMut::new(rows.blocks.len() / rows.width, rows.width, rows.blocks)
}
