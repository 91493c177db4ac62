//! BLAKE2b-256 of many equally long messages at once: Merkle leaves and inner nodes
//! (`docs/spec/encoding.md` §4).
//!
//! Eight messages make a [`Group`] and go through a [`LaneKernel`] side by side. Every message is one
//! prefix byte and a body, so bodies lie one byte off BLAKE2b's 128-byte blocks. Kernels therefore
//! load bodies as they are and shift each vector of words by one byte, moving in the last byte of the
//! block before (the *carry*). The prefix is simply the first carry, and a body can be fed in pieces
//! of 128 bytes: all but the last block are known to be followed by at least the carried byte.

use compress::IV;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod compress;
mod hasher;
mod portable;

pub use hasher::{HashError, HashScratch, Hasher, LeafStates};

/// A BLAKE2b-256 digest.
pub type Digest = [u8; 32];

const LANES: usize = 8;
const BLOCK_BYTES: usize = 128;
/// Inner nodes and short leaves end in half a block: the rest of the words, behind those that half a
/// block and the carry take up, need not be added in.
const HALF_BLOCK_BYTES: usize = 64;
const HALF_BLOCK_WORDS: usize = 9;
const DIGEST_BYTES: usize = size_of::<Digest>();
const LEAF_PREFIX: u8 = 0;
const NODE_PREFIX: u8 = 1;

/// Chaining values of eight messages, word by word, and the last eight bytes absorbed from each.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Group {
    h: [[u64; LANES]; 8],
    carry: [u64; LANES],
}

impl Group {
    /// RFC 7693 §2.5: digest length 32, no key, sequential mode.
    fn new(prefix: u8) -> Self {
        let mut h = IV.map(|word| [word; LANES]);
        let [first, ..] = &mut h;
        *first = first.map(|word| word ^ 0x0101_0020);
        Self {
            h,
            carry: [u64::from(prefix) << 56; LANES],
        }
    }
}

/// How messages go on after the bytes given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// At least one byte follows.
    Continues,
    /// Nothing follows.
    Ends,
}

impl Progress {
    /// Blocks to compress for `length` bytes: if messages end, a last one for what is left and the
    /// carry.
    const fn blocks(self, length: usize) -> usize {
        length / BLOCK_BYTES + matches!(self, Self::Ends) as usize
    }
}

/// Hashes the eight messages of a group side by side.
trait LaneKernel {
    /// Takes in the next bytes of all messages, equally many and a multiple of 128 unless messages
    /// end, when `compressed` bytes, the prefix counted, went through the compression function
    /// before.
    fn update(
        &self,
        group: &mut Group,
        messages: &[&[u8]; LANES],
        compressed: u64,
        progress: Progress,
    );

    /// The digests of messages that have ended.
    fn digests(&self, group: &Group) -> [Digest; LANES];
}
