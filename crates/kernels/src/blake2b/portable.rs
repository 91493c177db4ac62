//! One lane after the other, on any machine.
#![expect(
    clippy::indexing_slicing,
    reason = "words, lanes and blocks are addressed within fixed arrays"
)]

use super::{
    BLOCK_BYTES, DIGEST_BYTES, Digest, Group, LANES, LaneKernel, Progress,
    compress::define_compress,
};

/// Hashes the messages of a group one by one.
#[derive(Debug)]
pub(super) struct Portable;

const fn splat(word: u64) -> u64 {
    word
}
const fn add(a: u64, b: u64) -> u64 {
    a.wrapping_add(b)
}
const fn xor(a: u64, b: u64) -> u64 {
    a ^ b
}
const fn ror32(a: u64, _: &()) -> u64 {
    a.rotate_right(32)
}
const fn ror24(a: u64, _: &()) -> u64 {
    a.rotate_right(24)
}
const fn ror16(a: u64, _: &()) -> u64 {
    a.rotate_right(16)
}
const fn ror63(a: u64, _: &()) -> u64 {
    a.rotate_right(63)
}
define_compress! { #[inline] u64, () { splat add xor ror32 ror24 ror16 ror63 } }

/// The next block of a message, without the carry that goes in front.
struct Block {
    bytes: [u8; BLOCK_BYTES],
    /// Message bytes it adds to the counter: the last block counts the carry, too.
    counted: u64,
    is_last: bool,
}

impl Block {
    /// The first block of what is left of a message; the last one is filled up with zeros.
    #[inline]
    fn first_of(rest: &[u8]) -> Self {
        if let Some(bytes) = rest.first_chunk() {
            return Self {
                bytes: *bytes,
                counted: BLOCK_BYTES as u64,
                is_last: false,
            };
        }
        let mut bytes = [0; BLOCK_BYTES];
        if let Some(start) = bytes.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        Self {
            bytes,
            counted: rest.len() as u64 + 1,
            is_last: true,
        }
    }
}

/// The block that starts one byte before `bytes`, with `carry` in front; returns the new carry.
fn shifted_words(bytes: &[u8; BLOCK_BYTES], carry: u64) -> ([u64; 16], u64) {
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut words = [0; 16];
    let mut previous = carry;
    for (word, chunk) in words.iter_mut().zip(chunks) {
        let current = u64::from_le_bytes(*chunk);
        *word = (current << 8) | (previous >> 56);
        previous = current;
    }
    (words, previous)
}

impl LaneKernel for Portable {
    fn update(
        &self,
        group: &mut Group,
        messages: &[&[u8]; LANES],
        compressed: u64,
        progress: Progress,
    ) {
        for (lane, message) in messages.iter().enumerate() {
            let mut h = group.h.map(|row| row[lane]);
            let mut counter = compressed;
            for index in 0..progress.blocks(message.len()) {
                let rest = &message[index * BLOCK_BYTES..];
                let block = Block::first_of(rest);
                counter += block.counted;
                let (m, carry) = shifted_words(&block.bytes, group.carry[lane]);
                compress::<16>(&mut h, &m, counter, block.is_last, &());
                group.carry[lane] = carry;
            }
            group
                .h
                .iter_mut()
                .zip(h)
                .for_each(|(row, word)| row[lane] = word);
        }
    }

    fn digests(&self, group: &Group) -> [Digest; LANES] {
        std::array::from_fn(|lane| {
            let mut digest = [0; DIGEST_BYTES];
            for (chunk, row) in digest.as_chunks_mut().0.iter_mut().zip(&group.h) {
                *chunk = row[lane].to_le_bytes();
            }
            digest
        })
    }
}
