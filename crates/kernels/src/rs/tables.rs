//! Constants of GF(2^16) (`docs/spec/encoding.md` §3.2), from the library's tables.

use reed_solomon_simd::engine::GF_MODULUS;

/// A constant to multiply labels with, as its discrete logarithm; 65535 stands for one, as 0 does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    pub(super) log: u16,
}

impl Factor {
    pub(super) const fn new(log: u16) -> Self {
        Self { log }
    }

    pub(super) const fn inverse(self) -> Self {
        Self::new(GF_MODULUS - self.log)
    }
}
