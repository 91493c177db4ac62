//! A checksum that does not depend on the order in which pieces of a matrix are read.
//!
//! A blob too large for memory is read twice, once in runs of columns and once in pieces of rows. If
//! it changed in between, the slivers would mix two blobs although length and modification time may
//! be the same. Both readings therefore sum up the same function of every eight bytes and their
//! place: NH (as in UMAC, RFC 4418 §5.2) within a symbol, times an odd factor of the symbol. A
//! change goes unnoticed with a probability of about 2^-32. The keys are fixed: this guards
//! against accidents and not against someone who constructs a file to be swapped in the middle, and
//! who could as well have stored either version.

/// Keys of the checksum.
#[derive(Debug)]
pub(super) struct Keys {
    /// One per eight bytes of a symbol: a key for the low and one for the high half.
    words: Vec<[u32; 2]>,
}

const WORD_BYTES: usize = 8;

impl Keys {
    /// The keys for symbols of so many bytes. Those for none make all sums zero.
    pub(super) fn new(symbol_bytes: usize) -> Self {
        let words = (0..symbol_bytes.div_ceil(WORD_BYTES)).map(|word| halves(mix(word as u64)));
        Self {
            words: words.collect(),
        }
    }

    /// The sum over the bytes of the symbol in a cell from `position`, a multiple of eight, on. If a
    /// symbol is cut at multiples of eight, the sums of its pieces add up to its own.
    pub(super) fn sum(&self, row: usize, column: usize, position: usize, bytes: &[u8]) -> u64 {
        if self.words.is_empty() {
            return 0;
        }
        let keys = self.words.get(position / WORD_BYTES..).unwrap_or_default();
        let (words, tail) = bytes.as_chunks();
        let mut sum = 0_u64;
        for (word, key) in words.iter().zip(keys) {
            sum = sum.wrapping_add(product(*word, *key));
        }
        if let (false, Some(key)) = (tail.is_empty(), keys.get(words.len())) {
            let mut word = [0; WORD_BYTES];
            word.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
            sum = sum.wrapping_add(product(word, *key));
        }
        sum.wrapping_mul(mix((row as u64) << 32 | column as u64) | 1)
    }
}

#[inline]
fn product(word: [u8; WORD_BYTES], [low_key, high_key]: [u32; 2]) -> u64 {
    let [low, high] = halves(u64::from_le_bytes(word));
    u64::from(low.wrapping_add(low_key)) * u64::from(high.wrapping_add(high_key))
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
#[inline]
const fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// The output function of `SplitMix64`.
const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_and_changes_show() {
        let symbol: Vec<u8> = (0..150).collect();
        let keys = Keys::new(symbol.len());
        let whole = keys.sum(3, 5, 0, &symbol);
        let pieces = [0..64, 64..128, 128..150]
            .map(|range: std::ops::Range<usize>| keys.sum(3, 5, range.start, &symbol[range]));
        assert_eq!(whole, pieces.into_iter().fold(0, u64::wrapping_add));
        assert_ne!(whole, keys.sum(5, 3, 0, &symbol));
        for position in 0..symbol.len() {
            let mut changed = symbol.clone();
            changed[position] ^= 0x10;
            assert_ne!(whole, keys.sum(3, 5, 0, &changed), "{position}");
        }
    }
}
