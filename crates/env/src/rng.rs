//! Entropy.

use std::fmt;

/// A source of random bytes. Whatever must replay under a seed (jitter, choice of peers, nonces)
/// draws from the one it was given.
pub trait Rng: fmt::Debug + Send + Sync {
    /// Overwrites `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);

    /// A random number of 64 bits, also fit to seed a generator of the caller's own.
    fn u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// The operating system's generator; fit for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRng;

impl Rng for OsRng {
    /// # Panics
    /// If the operating system has no entropy to give, which after boot it always has: going on
    /// without would mean guessable keys.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system's random generator answers");
    }
}
