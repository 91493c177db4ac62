//! Random bytes from a seed.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Rng;

/// Step of the SplitMix64 sequence: the golden ratio in 64 bits.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The SplitMix64 generator: the same seed yields the same bytes, in every version of this crate.
/// Guessable, so not fit for keys.
#[derive(Debug)]
pub struct SeededRng(AtomicU64);

impl SeededRng {
    /// The generator with the given seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// An index into `len` things; zero when there are none.
    pub(crate) fn index(&self, len: usize) -> usize {
        let random = self.u64().checked_rem(len as u64).unwrap_or(0);
        usize::try_from(random).expect("less than a usize")
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(size_of::<u64>()) {
            for (byte, random) in chunk.iter_mut().zip(self.u64().to_le_bytes()) {
                *byte = random;
            }
        }
    }

    fn u64(&self) -> u64 {
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_published_sequence() {
        let rng = SeededRng::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
        ];
        assert_eq!(expected.map(|_| rng.u64()), expected);
    }

    #[test]
    fn fills_lengths_that_are_no_multiple_of_a_word() {
        let (mut short, mut long) = ([0; 11], [0; 16]);
        SeededRng::new(7).fill(&mut short);
        SeededRng::new(7).fill(&mut long);
        assert_eq!(short[..], long[..11]);
    }
}
