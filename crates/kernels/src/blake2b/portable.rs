//! One lane after the other, on any machine.

use super::{Group, LANES, LaneKernel, compress::define_compress};

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
const fn ror32(a: u64) -> u64 {
    a.rotate_right(32)
}
const fn ror24(a: u64) -> u64 {
    a.rotate_right(24)
}
const fn ror16(a: u64) -> u64 {
    a.rotate_right(16)
}
const fn ror63(a: u64) -> u64 {
    a.rotate_right(63)
}
define_compress! { u64 { splat add xor ror32 ror24 ror16 ror63 } }

/// The block that starts one byte before `bytes`, with `carry` in front; returns the new carry.
fn shifted_words(bytes: &[u8; 128], carry: u64) -> ([u64; 16], u64) {
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

#[expect(
    clippy::indexing_slicing,
    reason = "lanes are below LANES, digests 4 of 8 words"
)]
impl LaneKernel for Portable {
    fn absorb(&self, group: &mut Group, blocks: &[&[u8]; LANES], mut compressed: u64) {
        let count = blocks[0].len() / 128;
        for block in 0..count {
            compressed += 128;
            for (lane, bytes) in blocks.iter().enumerate() {
                let mut h = group.h.map(|row| row[lane]);
                let (chunks, _) = bytes.as_chunks::<128>();
                let (m, carry) = shifted_words(&chunks[block], group.carry[lane]);
                compress(&mut h, &m, compressed, false);
                group.carry[lane] = carry;
                group
                    .h
                    .iter_mut()
                    .zip(h)
                    .for_each(|(row, word)| row[lane] = word);
            }
        }
    }

    fn finish(&self, group: &Group, tails: &[&[u8]; LANES], length: u64) -> [[u8; 32]; LANES] {
        let mut digests = [[0; 32]; LANES];
        for (lane, (tail, digest)) in tails.iter().zip(&mut digests).enumerate() {
            let mut bytes = [0; 128];
            bytes[..tail.len()].copy_from_slice(tail);
            let mut h = group.h.map(|row| row[lane]);
            let (m, _) = shifted_words(&bytes, group.carry[lane]);
            compress(&mut h, &m, length, true);
            for (chunk, word) in digest.as_chunks_mut::<8>().0.iter_mut().zip(h) {
                *chunk = word.to_le_bytes();
            }
        }
        digests
    }
}
