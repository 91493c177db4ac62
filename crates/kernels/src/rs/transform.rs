//! The additive FFTs, written once for any vectors of labels.
//!
//! Four rows at a time go through two layers of butterflies in registers, and parts are transformed
//! one after the other, depth first: blocks are loaded and stored half as often as layer by layer, and
//! mostly from the first-level cache. Eight rows at a time were no faster, and waste more on parts
//! that do not matter.
//!
//! Labels are in coordinates of the [`Tower`], where most twiddles are of the subfield and cost half as
//! much as others. Those of the first points are zero.

use super::tables::{SUBFIELD, Tower};

/// The constants of all butterflies of transforms over the first points, made ready for two ways to
/// multiply: by elements of the subfield, `S`, and by any, `G`.
///
/// The butterfly of rows at a distance of `d`, in the group of `2d` rows that starts at the point `p`,
/// has the element of label `p / d`, an even number.
#[derive(Debug)]
pub(super) struct Twiddles<S, G> {
    points: usize,
    subfield: Vec<S>,
    general: Vec<G>,
}

impl<S, G> Twiddles<S, G> {
    /// For spans of which point and size add up to `points` at most.
    pub(super) fn new(
        points: usize,
        tower: &Tower,
        subfield: impl Fn(&Tower, u16) -> S,
        general: impl Fn(&Tower, u16) -> G,
    ) -> Self {
        let labels = |end: usize| {
            (0..end)
                .step_by(2)
                .filter_map(|label| label.try_into().ok())
        };
        Self {
            points,
            subfield: labels(SUBFIELD)
                .map(|label| subfield(tower, label))
                .collect(),
            general: labels(points).map(|label| general(tower, label)).collect(),
        }
    }

    /// Spans end before this point.
    pub(super) const fn points(&self) -> usize {
        self.points
    }

    /// The element of an even label, if it is of the subfield.
    #[inline]
    pub(super) fn subfield(&self, label: usize) -> Option<&S> {
        self.subfield.get(label / 2)
    }

    /// The element of an even label.
    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "spans are checked to end before `points`"
    )]
    pub(super) fn general(&self, label: usize) -> &G {
        &self.general[label / 2]
    }
}

/// Defines the butterflies of two and of four rows from operations on parts of blocks, `$parts` to a
/// block, under the given attributes. `$prepare` makes what `$multiply_add(x, y, _)`, which is
/// `x + twiddle * y`, needs of a twiddle. A macro for the reasons of `blake2b::compress`.
///
/// With `FIRST`, rows start at the point zero, where all twiddles but that of the last two rows of
/// four, `m23`, are zero.
macro_rules! define_butterflies {
    (
        $(#[$attribute:meta])*
        $part:ty, $parts:literal, $twiddle:ty { $load:ident $store:ident $sum:ident $prepare:ident $multiply_add:ident }
    ) => {
        macro_rules! inverse_butterfly {
            ($x:ident $y:ident $m:ident, $is_zero:expr) => {
                $y = $sum($y, $x);
                if !$is_zero { $x = $multiply_add($x, $y, $m); }
            };
        }
        macro_rules! forward_butterfly {
            ($x:ident $y:ident $m:ident, $is_zero:expr) => {
                if !$is_zero { $x = $multiply_add($x, $y, $m); }
                $y = $sum($y, $x);
            };
        }

        /// # Safety
        /// Two rows of `stride` blocks must be at `blocks`.
        $(#[$attribute])*
        pub(super) unsafe fn inverse_two<const FIRST: bool>(blocks: *mut Block, stride: usize, m: &$twiddle) {
            let (blocks, stride) = (blocks.cast::<$part>(), $parts * stride);
            let m = $prepare(m);
            for at in 0..stride {
                // SAFETY: all parts lie within the rows.
                unsafe {
                    let (b0, b1) = (blocks.add(at), blocks.add(stride + at));
                    let (mut x0, mut x1) = ($load(b0), $load(b1));
                    inverse_butterfly!(x0 x1 m, FIRST);
                    $store(b0, x0);
                    $store(b1, x1);
                }
            }
        }

        /// # Safety
        /// Four rows of `stride` blocks must be at `blocks`.
        $(#[$attribute])*
        pub(super) unsafe fn inverse_four<const FIRST: bool>(
            blocks: *mut Block,
            stride: usize,
            [m01, m23, m02]: [&$twiddle; 3],
        ) {
            let (blocks, stride) = (blocks.cast::<$part>(), $parts * stride);
            let (m01, m23, m02) = ($prepare(m01), $prepare(m23), $prepare(m02));
            for at in 0..stride {
                // SAFETY: all parts lie within the rows.
                unsafe {
                    let (b0, b1) = (blocks.add(at), blocks.add(stride + at));
                    let (b2, b3) = (blocks.add(2 * stride + at), blocks.add(3 * stride + at));
                    let (mut x0, mut x1) = ($load(b0), $load(b1));
                    let (mut x2, mut x3) = ($load(b2), $load(b3));
                    inverse_butterfly!(x0 x1 m01, FIRST);
                    inverse_butterfly!(x2 x3 m23, false);
                    inverse_butterfly!(x0 x2 m02, FIRST);
                    inverse_butterfly!(x1 x3 m02, FIRST);
                    $store(b0, x0);
                    $store(b1, x1);
                    $store(b2, x2);
                    $store(b3, x3);
                }
            }
        }

        /// # Safety
        /// Two rows of `stride` blocks must be at `from` and at `blocks`, the same or others.
        $(#[$attribute])*
        pub(super) unsafe fn forward_two<const FIRST: bool>(
            from: *const Block,
            blocks: *mut Block,
            stride: usize,
            m: &$twiddle,
        ) {
            let (from, blocks, stride) = (from.cast::<$part>(), blocks.cast::<$part>(), $parts * stride);
            let m = $prepare(m);
            for at in 0..stride {
                // SAFETY: all parts lie within the rows.
                unsafe {
                    let (mut x0, mut x1) = ($load(from.add(at)), $load(from.add(stride + at)));
                    forward_butterfly!(x0 x1 m, FIRST);
                    $store(blocks.add(at), x0);
                    $store(blocks.add(stride + at), x1);
                }
            }
        }

        /// # Safety
        /// Four rows of `stride` blocks must be at `from` and at `blocks`, the same or others.
        $(#[$attribute])*
        pub(super) unsafe fn forward_four<const FIRST: bool>(
            from: *const Block,
            blocks: *mut Block,
            stride: usize,
            [m01, m23, m02]: [&$twiddle; 3],
        ) {
            let (from, blocks, stride) = (from.cast::<$part>(), blocks.cast::<$part>(), $parts * stride);
            let (m01, m23, m02) = ($prepare(m01), $prepare(m23), $prepare(m02));
            for at in 0..stride {
                // SAFETY: all parts lie within the rows.
                unsafe {
                    let (mut x0, mut x1) = ($load(from.add(at)), $load(from.add(stride + at)));
                    let mut x2 = $load(from.add(2 * stride + at));
                    let mut x3 = $load(from.add(3 * stride + at));
                    forward_butterfly!(x0 x2 m02, FIRST);
                    forward_butterfly!(x1 x3 m02, FIRST);
                    forward_butterfly!(x0 x1 m01, FIRST);
                    forward_butterfly!(x2 x3 m23, false);
                    $store(blocks.add(at), x0);
                    $store(blocks.add(stride + at), x1);
                    $store(blocks.add(2 * stride + at), x2);
                    $store(blocks.add(3 * stride + at), x3);
                }
            }
        }
    };
}
pub(super) use define_butterflies;

/// Defines `inverse` and `forward` from the butterflies of two modules, `$sub` for twiddles of the
/// subfield and `$any` for others, under the given attributes.
macro_rules! define_transforms {
    ($(#[$attribute:meta])* $twiddles:ty { $sub:ident $any:ident }) => {
        /// Values at the points from `point` on to coefficients, of rows of which those from `used`
        /// on are zero.
        ///
        /// # Safety
        /// `size` rows, a power of two, of `width` blocks must follow `blocks`.
        $(#[$attribute])*
        unsafe fn inverse(
            twiddles: &$twiddles,
            blocks: *mut Block,
            width: usize,
            size: usize,
            used: usize,
            point: usize,
        ) {
            let (parts, part) = $crate::rs::transform::split(size);
            let stride = part * width;
            // SAFETY: every part lies within the whole.
            unsafe {
                if part > 1 {
                    for start in (0..used).step_by(part) {
                        let used = part.min(used - start);
                        inverse(twiddles, blocks.add(start * width), width, part, used, point + start);
                    }
                }
                let labels @ [m01, m23, m02] = [point / part, point / part + 2, point / part / 2];
                if parts == 2 {
                    match twiddles.subfield(m01) {
                        Some(m) if point == 0 => $sub::inverse_two::<true>(blocks, stride, m),
                        Some(m) => $sub::inverse_two::<false>(blocks, stride, m),
                        None => $any::inverse_two::<false>(blocks, stride, twiddles.general(m01)),
                    }
                } else if parts == 4 {
                    match [m01, m23, m02].map(|label| twiddles.subfield(label)) {
                        [Some(m01), Some(m23), Some(m02)] if point == 0 => {
                            $sub::inverse_four::<true>(blocks, stride, [m01, m23, m02]);
                        }
                        [Some(m01), Some(m23), Some(m02)] => {
                            $sub::inverse_four::<false>(blocks, stride, [m01, m23, m02]);
                        }
                        _ => {
                            let m = labels.map(|label| twiddles.general(label));
                            $any::inverse_four::<false>(blocks, stride, m);
                        }
                    }
                }
            }
        }

        /// Coefficients at `from` to values at `blocks`, of which those from `used` on do not matter,
        /// at the points from `point` on.
        ///
        /// # Safety
        /// `size` rows, a power of two, of `width` blocks must follow `from` and `blocks`, the same
        /// or none in common.
        $(#[$attribute])*
        unsafe fn forward(
            twiddles: &$twiddles,
            from: *const Block,
            blocks: *mut Block,
            width: usize,
            size: usize,
            used: usize,
            point: usize,
        ) {
            let (parts, part) = $crate::rs::transform::split(size);
            let stride = part * width;
            // SAFETY: every part lies within the whole.
            unsafe {
                let labels @ [m01, m23, m02] = [point / part, point / part + 2, point / part / 2];
                if parts == 1 {
                    from.copy_to(blocks, width);
                } else if parts == 2 {
                    match twiddles.subfield(m01) {
                        Some(m) if point == 0 => $sub::forward_two::<true>(from, blocks, stride, m),
                        Some(m) => $sub::forward_two::<false>(from, blocks, stride, m),
                        None => $any::forward_two::<false>(from, blocks, stride, twiddles.general(m01)),
                    }
                } else {
                    match [m01, m23, m02].map(|label| twiddles.subfield(label)) {
                        [Some(m01), Some(m23), Some(m02)] if point == 0 => {
                            $sub::forward_four::<true>(from, blocks, stride, [m01, m23, m02]);
                        }
                        [Some(m01), Some(m23), Some(m02)] => {
                            $sub::forward_four::<false>(from, blocks, stride, [m01, m23, m02]);
                        }
                        _ => {
                            let m = labels.map(|label| twiddles.general(label));
                            $any::forward_four::<false>(from, blocks, stride, m);
                        }
                    }
                }
                if part > 1 {
                    for start in (0..used).step_by(part) {
                        let used = part.min(used - start);
                        let rows = blocks.add(start * width);
                        forward(twiddles, rows, rows, width, part, used, point + start);
                    }
                }
            }
        }
    };
}
pub(super) use define_transforms;

/// Implements `Engine` for a type with `twiddles`, whose existence proves that `inverse`, `forward`,
/// `add`, `shear` and `scale` may be called. `$shear` changes the basis of so many blocks from a pointer to
/// another, or the same.
macro_rules! impl_engine {
    ($engine:ty, $shear:expr, $scale:expr) => {
        impl Engine for $engine {
            fn inverse(&self, rows: &mut Rows<'_>, span: Span) {
                span.check(rows, self.twiddles.points());
                let Span {
                    start,
                    size,
                    used,
                    point,
                } = span;
                let blocks = rows.blocks.as_mut_ptr();
                // SAFETY: `check` made sure that `size` rows follow `start`; `self` proves the features.
                unsafe {
                    let blocks = blocks.add(start * rows.width);
                    inverse(&self.twiddles, blocks, rows.width, size, used, point);
                }
            }

            fn forward(&self, rows: &mut Rows<'_>, span: Span) {
                self.forward_from(rows, span.start, span);
            }

            fn forward_from(&self, rows: &mut Rows<'_>, from: usize, span: Span) {
                span.check(rows, self.twiddles.points());
                let Span {
                    start,
                    size,
                    used,
                    point,
                } = span;
                assert!(from == start || from + size <= start, "rows do not overlap");
                let blocks = rows.blocks.as_mut_ptr();
                // SAFETY: as in `inverse`; the rows at `from` lie before those at `start` or are
                // the same.
                unsafe {
                    let (from, to) = (
                        blocks.add(from * rows.width),
                        blocks.add(start * rows.width),
                    );
                    forward(&self.twiddles, from, to, rows.width, size, used, point);
                }
            }

            fn change_basis(&self, row: &mut [Block]) {
                let blocks = row.as_mut_ptr();
                let shear: unsafe fn(&Self, *const Block, *mut Block, usize) = $shear;
                // SAFETY: these are the blocks of the row; `self` proves the features.
                unsafe { shear(self, blocks, blocks, row.len()) }
            }

            fn copy_changed(&self, from: &[Block], to: &mut [Block]) {
                let count = from.len().min(to.len());
                let shear: unsafe fn(&Self, *const Block, *mut Block, usize) = $shear;
                // SAFETY: both slices have so many blocks; `self` proves the features.
                unsafe { shear(self, from.as_ptr(), to.as_mut_ptr(), count) }
            }

            fn scale(&self, row: &mut [Block], factor: &Factor) {
                let scale: fn(&Self, &mut [Block], &Factor) = $scale;
                scale(self, row, factor);
            }

            fn add(&self, target: &mut [Block], source: &[Block]) {
                // SAFETY: `self` proves the features.
                unsafe { add(target, source) }
            }
        }
    };
}
pub(super) use impl_engine;

/// How many parts of what size rows are cut into.
pub(super) const fn split(size: usize) -> (usize, usize) {
    match size.trailing_zeros() {
        0 => (1, 1),
        layers if layers % 2 == 1 => (2, size / 2),
        _ => (4, size / 4),
    }
}
