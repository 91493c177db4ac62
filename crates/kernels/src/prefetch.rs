//! Hints to fetch memory ahead of its use.
//!
//! A column's symbols lie a row apart, so no hardware prefetcher finds the next piece of each. Hashing
//! leaves the memory idle, which is the time to fetch them.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the prefetch instruction takes a pointer, but never accesses it"
    )
)]

/// What will be done with the bytes behind a slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// Nothing that is worth a hint.
    #[default]
    Nothing,
    /// This many bytes will be read.
    Read(usize),
    /// This many bytes will be written.
    Write(usize),
}

impl Ahead {
    /// Hints at the bytes behind `slice`, which need not belong to anyone.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn fetch_behind(self, slice: &[u8]) {
        use std::arch::x86_64::{_MM_HINT_ET0, _MM_HINT_T1, _mm_prefetch};
        let behind = slice.as_ptr_range().end.cast::<i8>();
        match self {
            Self::Nothing => {}
            Self::Read(length) => {
                for line in (0..length + LINE_BYTES).step_by(LINE_BYTES) {
                    // SAFETY: prefetching does not access memory, so any address will do.
                    unsafe { _mm_prefetch::<_MM_HINT_T1>(behind.wrapping_add(line)) }
                }
            }
            Self::Write(length) => {
                for line in (0..length + LINE_BYTES).step_by(LINE_BYTES) {
                    // SAFETY: prefetching does not access memory, so any address will do.
                    unsafe { _mm_prefetch::<_MM_HINT_ET0>(behind.wrapping_add(line)) }
                }
            }
        }
    }

    /// No hints on this processor.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    pub(crate) const fn fetch_behind(self, _slice: &[u8]) {}
}

#[cfg(target_arch = "x86_64")]
const LINE_BYTES: usize = 64;
