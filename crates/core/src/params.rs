//! The parameters of the code, all of them functions of the number of shards.
//!
//! A blob becomes a matrix of `k1 × k2` symbols, expanded to `n × n`. Rows are primary slivers
//! (`k2` symbols are kept), columns secondary ones (`k1` are kept); any `k1` primary or `k2`
//! secondary slivers give the blob back (`docs/spec/encoding.md` §1–§3, §7).

use std::{fmt, num::NonZeroU16};

use serde::{Deserialize, Serialize};

use crate::{Axis, BlobId, ShardIndex, SliverIndex, SliverPairIndex};

/// Bytes of one storage unit, in which storage is sold: 1 MiB.
pub const STORAGE_UNIT_BYTES: u64 = 1 << 20;

/// The storage units that hold `bytes`, rounded up.
pub const fn storage_units(bytes: u64) -> u64 {
    bytes.div_ceil(STORAGE_UNIT_BYTES)
}

/// The parameters of the code for `n` shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeParams {
    n_shards: NonZeroU16,
}

/// The number of shards is unusable. The configuration (or the chain) is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected at least {min} shards, got {got}")]
pub struct TooFewShards {
    /// The least number that would do.
    pub min: u16,
    /// The number given.
    pub got: u16,
}

/// A blob is larger than its number of shards can encode. The caller is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("blob of {length} bytes is too large: {n_shards} shards take at most {max} bytes")]
pub struct BlobTooLarge {
    /// The blob's length in bytes.
    pub length: u64,
    /// The greatest length in bytes.
    pub max: u64,
    /// The number of shards.
    pub n_shards: u16,
}

/// An index is not below the number of shards. Whoever supplied it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an index below {n_shards}, got {index}")]
pub struct IndexOutOfRange {
    /// The index.
    pub index: u16,
    /// The number of shards.
    pub n_shards: u16,
}

impl CodeParams {
    /// The least number of shards for which an encoder exists.
    pub const MIN_ENCODER_SHARDS: u16 = 4;

    /// The parameters for a number of shards, whether or not an encoder exists for it.
    pub const fn new(n_shards: NonZeroU16) -> Self {
        Self { n_shards }
    }

    /// The parameters for a number of shards with which blobs can be encoded.
    ///
    /// # Errors
    /// [`TooFewShards`] below four: the code would have no recovery symbols.
    pub const fn for_encoding(n_shards: u16) -> Result<Self, TooFewShards> {
        match NonZeroU16::new(n_shards) {
            Some(n_shards) if n_shards.get() >= Self::MIN_ENCODER_SHARDS => Ok(Self { n_shards }),
            _ => Err(TooFewShards {
                min: Self::MIN_ENCODER_SHARDS,
                got: n_shards,
            }),
        }
    }

    /// The number of shards `n`.
    pub const fn n_shards(self) -> u16 {
        self.n_shards.get()
    }

    /// The greatest number of Byzantine shards, `f = ⌊(n − 1) / 3⌋`.
    pub const fn max_faulty(self) -> u16 {
        (self.n_shards() - 1) / 3
    }

    /// `k1 = n − 2f`: rows of source symbols, and the primary slivers that rebuild a blob.
    pub const fn primary_source_symbols(self) -> u16 {
        self.n_shards() - 2 * self.max_faulty()
    }

    /// `k2 = n − f`: columns of source symbols, and the secondary slivers that rebuild a blob.
    pub const fn secondary_source_symbols(self) -> u16 {
        self.n_shards() - self.max_faulty()
    }

    /// Slivers of `axis` that rebuild a blob, and symbols of `axis`'s code that fix a codeword:
    /// `k1` for primary, `k2` for secondary.
    pub const fn source_symbols(self, axis: Axis) -> u16 {
        match axis {
            Axis::Primary => self.primary_source_symbols(),
            Axis::Secondary => self.secondary_source_symbols(),
        }
    }

    /// Symbols in a sliver of `axis`, and symbols needed to recover one: `k2` for primary, `k1` for
    /// secondary.
    pub const fn sliver_symbols(self, axis: Axis) -> u16 {
        self.source_symbols(axis.orthogonal())
    }

    /// Source symbols of a blob, `k1 · k2`.
    pub const fn blob_symbols(self) -> u32 {
        self.primary_source_symbols() as u32 * self.secondary_source_symbols() as u32
    }

    /// Shards that certainly respond, `n − f`: what an upload and a certificate need.
    pub const fn min_correct(self) -> u16 {
        self.n_shards() - self.max_faulty()
    }

    /// `2f + 1`: shards whose agreement includes a majority of the correct ones, if `n = 3f + 1`.
    pub const fn quorum(self) -> u16 {
        2 * self.max_faulty() + 1
    }

    /// `f + 1`: shards that include a correct one.
    pub const fn validity(self) -> u16 {
        self.max_faulty() + 1
    }

    /// The symbol size of a blob of `length` bytes (`docs/spec/encoding.md` §2).
    ///
    /// # Errors
    /// [`BlobTooLarge`] beyond [`max_blob_size`](Self::max_blob_size).
    pub fn symbol_size(self, length: u64) -> Result<SymbolSize, BlobTooLarge> {
        let bytes = length.max(1).div_ceil(u64::from(self.blob_symbols()));
        u16::try_from(bytes)
            .ok()
            .and_then(|bytes| bytes.checked_next_multiple_of(2))
            .and_then(|bytes| SymbolSize::new(bytes).ok())
            .ok_or_else(|| BlobTooLarge {
                length,
                max: self.max_blob_size(),
                n_shards: self.n_shards(),
            })
    }

    /// The length in bytes of the largest blob.
    pub const fn max_blob_size(self) -> u64 {
        self.blob_symbols() as u64 * SymbolSize::MAX.get() as u64
    }

    /// Bytes of a sliver of `axis`.
    pub fn sliver_bytes(self, axis: Axis, symbol_size: SymbolSize) -> usize {
        usize::from(self.sliver_symbols(axis)) * symbol_size.as_usize()
    }

    /// Bytes of metadata charged per shard, `64n + 32`. Not its serialized size.
    pub const fn metadata_len(self) -> u64 {
        64 * self.n_shards() as u64 + 32
    }

    /// Bytes of all slivers of a blob, `n · (k1 + k2) · s`.
    ///
    /// # Errors
    /// [`BlobTooLarge`].
    pub fn slivers_len(self, length: u64) -> Result<u64, BlobTooLarge> {
        let symbols =
            u64::from(self.primary_source_symbols()) + u64::from(self.secondary_source_symbols());
        let symbol_bytes = u64::from(self.symbol_size(length)?.get());
        Ok(u64::from(self.n_shards()) * symbols * symbol_bytes)
    }

    /// Bytes of storage a blob takes up: its slivers, and the metadata once per shard.
    ///
    /// # Errors
    /// [`BlobTooLarge`].
    pub fn encoded_length(self, length: u64) -> Result<u64, BlobTooLarge> {
        Ok(self.slivers_len(length)? + u64::from(self.n_shards()) * self.metadata_len())
    }

    /// All pairs in order.
    pub fn pairs(self) -> impl ExactSizeIterator<Item = SliverPairIndex> + DoubleEndedIterator {
        (0..self.n_shards()).map(SliverPairIndex)
    }

    /// All shards in order.
    pub fn shards(self) -> impl ExactSizeIterator<Item = ShardIndex> + DoubleEndedIterator {
        (0..self.n_shards()).map(ShardIndex)
    }

    /// The index of `pair`'s sliver on `axis` (`docs/spec/encoding.md` §3.3).
    ///
    /// # Errors
    /// [`IndexOutOfRange`] unless `pair < n`.
    pub fn sliver_of_pair(
        self,
        axis: Axis,
        pair: SliverPairIndex,
    ) -> Result<SliverIndex, IndexOutOfRange> {
        self.reflect(axis, pair.0).map(SliverIndex)
    }

    /// The pair that holds sliver `sliver` of `axis`, the inverse of
    /// [`sliver_of_pair`](Self::sliver_of_pair).
    ///
    /// # Errors
    /// [`IndexOutOfRange`] unless `sliver < n`.
    pub fn pair_of_sliver(
        self,
        axis: Axis,
        sliver: SliverIndex,
    ) -> Result<SliverPairIndex, IndexOutOfRange> {
        self.reflect(axis, sliver.0).map(SliverPairIndex)
    }

    /// The shard that stores `pair` of blob `blob_id` (`docs/spec/encoding.md` §3.4).
    ///
    /// # Errors
    /// [`IndexOutOfRange`] unless `pair < n`.
    pub fn shard_of_pair(
        self,
        blob_id: &BlobId,
        pair: SliverPairIndex,
    ) -> Result<ShardIndex, IndexOutOfRange> {
        self.check_index(pair.0)?;
        let rotation = blob_id.rotation(self.n_shards);
        Ok(ShardIndex(self.add_modulo(pair.0, rotation)))
    }

    /// The pair of blob `blob_id` that `shard` stores, the inverse of
    /// [`shard_of_pair`](Self::shard_of_pair).
    ///
    /// # Errors
    /// [`IndexOutOfRange`] unless `shard < n`.
    pub fn pair_of_shard(
        self,
        blob_id: &BlobId,
        shard: ShardIndex,
    ) -> Result<SliverPairIndex, IndexOutOfRange> {
        self.check_index(shard.0)?;
        let rotation = blob_id.rotation(self.n_shards);
        Ok(SliverPairIndex(
            self.add_modulo(shard.0, self.n_shards() - rotation),
        ))
    }

    /// Checks that an index of a shard, pair or sliver is below `n`.
    ///
    /// # Errors
    /// [`IndexOutOfRange`].
    pub fn check_index(self, index: impl Into<u16>) -> Result<(), IndexOutOfRange> {
        let index = index.into();
        if index < self.n_shards() {
            Ok(())
        } else {
            Err(IndexOutOfRange {
                index,
                n_shards: self.n_shards(),
            })
        }
    }

    fn reflect(self, axis: Axis, index: u16) -> Result<u16, IndexOutOfRange> {
        self.check_index(index)?;
        Ok(match axis {
            Axis::Primary => index,
            Axis::Secondary => self.n_shards() - 1 - index,
        })
    }

    /// `(a + b) mod n` for `a < n`, `b ≤ n`, without overflow.
    fn add_modulo(self, a: u16, b: u16) -> u16 {
        let room = self.n_shards() - b;
        if a < room { a + b } else { a - room }
    }
}

/// The size of a symbol in bytes: even, 2 to 65 534 (`docs/spec/encoding.md` §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct SymbolSize(NonZeroU16);

/// A symbol size is zero or odd. The peer that sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an even symbol size from 2 to 65534, got {got}")]
pub struct InvalidSymbolSize {
    /// The size in bytes.
    pub got: u16,
}

impl SymbolSize {
    /// The greatest size.
    pub const MAX: Self = match Self::new(65_534) {
        Ok(size) => size,
        Err(_) => panic!("65534 is even"),
    };

    /// The size of `bytes` bytes.
    ///
    /// # Errors
    /// [`InvalidSymbolSize`] if it is zero or odd.
    pub const fn new(bytes: u16) -> Result<Self, InvalidSymbolSize> {
        match NonZeroU16::new(bytes) {
            Some(size) if bytes.is_multiple_of(2) => Ok(Self(size)),
            _ => Err(InvalidSymbolSize { got: bytes }),
        }
    }

    /// The size in bytes.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The size in bytes, as a length.
    pub const fn as_usize(self) -> usize {
        self.0.get() as usize
    }
}

impl TryFrom<u16> for SymbolSize {
    type Error = InvalidSymbolSize;

    fn try_from(bytes: u16) -> Result<Self, Self::Error> {
        Self::new(bytes)
    }
}

impl From<SymbolSize> for u16 {
    fn from(size: SymbolSize) -> Self {
        size.get()
    }
}

impl fmt::Display for SymbolSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
