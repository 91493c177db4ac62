//! The additive FFTs, written once for any vectors of labels.
//!
//! Four rows at a time go through two layers of butterflies in registers, and parts are transformed
//! one after the other, depth first: blocks are loaded and stored half as often as layer by layer, and
//! mostly from the first-level cache. Eight rows at a time were no faster, and waste more on parts
//! that do not matter.

/// Defines `inverse` and `forward` from operations on the labels of a block, under the given
/// attributes. `$prepare` makes what `$multiply_add(x, y, _)`, which is `x + twiddle * y`, needs of a
/// twiddle. A macro for the reasons of `blake2b::compress`.
macro_rules! define_transforms {
    (
        $(#[$attribute:meta])*
        $twiddle:ty { $load:ident $store:ident $sum:ident $prepare:ident $multiply_add:ident }
    ) => {
        macro_rules! inverse_butterfly {
            ($x:ident $y:ident $m:ident) => {
                $y = $sum($y, $x);
                $x = $multiply_add($x, $y, $m);
            };
        }
        macro_rules! forward_butterfly {
            ($x:ident $y:ident $m:ident) => {
                $x = $multiply_add($x, $y, $m);
                $y = $sum($y, $x);
            };
        }

        /// Values to coefficients, of rows of which those from `used` on are zero.
        ///
        /// # Safety
        /// `size` rows, a power of two, of `width` blocks must follow `blocks`, and `size - 1`
        /// twiddles `twiddles`.
        $(#[$attribute])*
        unsafe fn inverse(
            blocks: *mut Block,
            width: usize,
            size: usize,
            used: usize,
            twiddles: *const $twiddle,
        ) {
            let (parts, part) = $crate::rs::transform::split(size);
            let stride = part * width;
            // SAFETY: every part and its twiddles lie within those of the whole.
            unsafe {
                if part > 1 {
                    for start in (0..used).step_by(part) {
                        let used = part.min(used - start);
                        inverse(blocks.add(start * width), width, part, used, twiddles.add(start));
                    }
                }
                let twiddle = |index: usize| $prepare(&*twiddles.add(index * part - 1));
                if parts == 2 {
                    let m = twiddle(1);
                    for at in 0..stride {
                        let (b0, b1) = (blocks.add(at), blocks.add(stride + at));
                        let (mut x0, mut x1) = ($load(b0), $load(b1));
                        inverse_butterfly!(x0 x1 m);
                        $store(b0, x0);
                        $store(b1, x1);
                    }
                } else if parts == 4 {
                    let (m01, m23, m02) = (twiddle(1), twiddle(3), twiddle(2));
                    for at in 0..stride {
                        let (b0, b1) = (blocks.add(at), blocks.add(stride + at));
                        let (b2, b3) = (blocks.add(2 * stride + at), blocks.add(3 * stride + at));
                        let (mut x0, mut x1) = ($load(b0), $load(b1));
                        let (mut x2, mut x3) = ($load(b2), $load(b3));
                        inverse_butterfly!(x0 x1 m01);
                        inverse_butterfly!(x2 x3 m23);
                        inverse_butterfly!(x0 x2 m02);
                        inverse_butterfly!(x1 x3 m02);
                        $store(b0, x0);
                        $store(b1, x1);
                        $store(b2, x2);
                        $store(b3, x3);
                    }
                }
            }
        }

        /// Coefficients at `from` to values at `blocks`, of which those from `used` on do not matter.
        ///
        /// # Safety
        /// `size` rows, a power of two, of `width` blocks must follow `from` and `blocks`, the same
        /// or none in common, and `size - 1` twiddles `twiddles`.
        $(#[$attribute])*
        unsafe fn forward(
            from: *const Block,
            blocks: *mut Block,
            width: usize,
            size: usize,
            used: usize,
            twiddles: *const $twiddle,
        ) {
            let (parts, part) = $crate::rs::transform::split(size);
            let stride = part * width;
            // SAFETY: every part and its twiddles lie within those of the whole.
            unsafe {
                let twiddle = |index: usize| $prepare(&*twiddles.add(index * part - 1));
                if parts == 1 {
                    from.copy_to(blocks, width);
                } else if parts == 2 {
                    let m = twiddle(1);
                    for at in 0..stride {
                        let mut x0 = $load(from.add(at));
                        let mut x1 = $load(from.add(stride + at));
                        forward_butterfly!(x0 x1 m);
                        $store(blocks.add(at), x0);
                        $store(blocks.add(stride + at), x1);
                    }
                } else {
                    let (m01, m23, m02) = (twiddle(1), twiddle(3), twiddle(2));
                    for at in 0..stride {
                        let mut x0 = $load(from.add(at));
                        let mut x1 = $load(from.add(stride + at));
                        let mut x2 = $load(from.add(2 * stride + at));
                        let mut x3 = $load(from.add(3 * stride + at));
                        forward_butterfly!(x0 x2 m02);
                        forward_butterfly!(x1 x3 m02);
                        forward_butterfly!(x0 x1 m01);
                        forward_butterfly!(x2 x3 m23);
                        $store(blocks.add(at), x0);
                        $store(blocks.add(stride + at), x1);
                        $store(blocks.add(2 * stride + at), x2);
                        $store(blocks.add(3 * stride + at), x3);
                    }
                }
                if part > 1 {
                    for start in (0..used).step_by(part) {
                        let used = part.min(used - start);
                        let rows = blocks.add(start * width);
                        forward(rows, rows, width, part, used, twiddles.add(start));
                    }
                }
            }
        }

        $(#[$attribute])*
        fn add(target: &mut [Block], source: &[Block]) {
            for (x, y) in target.iter_mut().zip(source) {
                // SAFETY: there are blocks behind the references.
                unsafe { $store(x, $sum($load(x), $load(y))) };
            }
        }
    };
}
pub(super) use define_transforms;

/// Implements `Engine` for a type with `twiddles`, whose existence proves that `inverse`, `forward`,
/// `add` and `scale` of the module may be called.
macro_rules! impl_engine {
    ($engine:ty, |$this:ident, $row:ident, $factor:ident| $scale:block) => {
        impl Engine for $engine {
            fn inverse(&self, rows: &mut Rows<'_>, span: Span) {
                span.check(rows, self.twiddles.len());
                let Span {
                    start,
                    size,
                    used,
                    point,
                } = span;
                let twiddles = self.twiddles.as_ptr();
                let blocks = rows.blocks.as_mut_ptr();
                // SAFETY: `check` made sure that `size` rows follow `start` and `size - 1` twiddles
                // `point`; `self` proves the features.
                unsafe {
                    let blocks = blocks.add(start * rows.width);
                    inverse(blocks, rows.width, size, used, twiddles.add(point));
                }
            }

            fn forward(&self, rows: &mut Rows<'_>, span: Span) {
                self.forward_from(rows, span.start, span);
            }

            fn forward_from(&self, rows: &mut Rows<'_>, from: usize, span: Span) {
                span.check(rows, self.twiddles.len());
                let Span {
                    start,
                    size,
                    used,
                    point,
                } = span;
                assert!(from == start || from + size <= start, "rows do not overlap");
                let twiddles = self.twiddles.as_ptr();
                let blocks = rows.blocks.as_mut_ptr();
                // SAFETY: as in `inverse`; the rows at `from` lie before those at `start` or are
                // the same.
                unsafe {
                    let (from, to) = (
                        blocks.add(from * rows.width),
                        blocks.add(start * rows.width),
                    );
                    forward(from, to, rows.width, size, used, twiddles.add(point));
                }
            }

            fn scale(&self, $row: &mut [Block], $factor: &Factor) {
                let $this = self;
                $scale
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
