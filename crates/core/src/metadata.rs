//! Blob metadata: what a blob id commits to (`docs/spec/encoding.md` §6).

use serde::{Deserialize, Serialize};

use crate::{
    Axis, BlobId, BlobTooLarge, CodeParams, EncodingType, IndexOutOfRange, SliverIndex,
    SliverPairIndex, SymbolSize,
    merkle::{self, Digest, Node},
    wire,
};

/// The hashes of the two slivers of a pair: Merkle roots over their expanded symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SliverPairHashes {
    /// Hash of primary sliver `p`, for pair `p`.
    pub primary_hash: Node,
    /// Hash of secondary sliver `n − 1 − p`.
    pub secondary_hash: Node,
}

impl SliverPairHashes {
    /// The hash of the pair's sliver on `axis`.
    pub const fn get(&self, axis: Axis) -> Node {
        match axis {
            Axis::Primary => self.primary_hash,
            Axis::Secondary => self.secondary_hash,
        }
    }

    /// The pair's leaf in the tree of the root hash.
    fn leaf_hash(&self) -> Digest {
        let mut leaf = [0; 64];
        let (primary, secondary) = leaf.split_at_mut(32);
        primary.copy_from_slice(&self.primary_hash.bytes());
        secondary.copy_from_slice(&self.secondary_hash.bytes());
        merkle::leaf_hash(&leaf)
    }
}

/// Metadata of a blob, not tied to a blob id or a number of shards yet.
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 1 | `00`, version 1 |
/// | 1 | 1 | encoding type, `01` |
/// | 2 | 8 | unencoded length, `u64` little-endian |
/// | 10 | 1–3 | number of pairs `n`, ULEB128 |
/// | … | 66 each | per pair the primary and secondary hash, each `01 ‖ 32 bytes` |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlobMetadata {
    /// Version 1.
    V1(BlobMetadataV1),
}

/// Version 1 of [`BlobMetadata`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobMetadataV1 {
    /// How the blob is encoded.
    pub encoding_type: EncodingType,
    /// Length of the blob in bytes.
    pub unencoded_length: u64,
    /// The sliver hashes, by pair.
    #[serde(deserialize_with = "wire::vec_at_most::<_, _, { u16::MAX as usize }>")]
    pub hashes: Vec<SliverPairHashes>,
}

impl BlobMetadata {
    /// Metadata of a blob of this length with these sliver hashes, by pair.
    pub const fn new(unencoded_length: u64, hashes: Vec<SliverPairHashes>) -> Self {
        let encoding_type = EncodingType::Rs2;
        Self::V1(BlobMetadataV1 {
            encoding_type,
            unencoded_length,
            hashes,
        })
    }

    /// How the blob is encoded.
    pub const fn encoding_type(&self) -> EncodingType {
        let Self::V1(v1) = self;
        v1.encoding_type
    }

    /// Length of the blob in bytes.
    pub const fn unencoded_length(&self) -> u64 {
        let Self::V1(v1) = self;
        v1.unencoded_length
    }

    /// The sliver hashes, by pair.
    pub fn hashes(&self) -> &[SliverPairHashes] {
        let Self::V1(v1) = self;
        &v1.hashes
    }

    /// The Merkle root over the pairs' hashes (`docs/spec/encoding.md` §6.2).
    pub fn root_hash(&self) -> Node {
        let leaves: Vec<_> = self
            .hashes()
            .iter()
            .map(SliverPairHashes::leaf_hash)
            .collect();
        merkle::root(&leaves)
    }

    /// The blob id this metadata hashes to.
    pub fn blob_id(&self) -> BlobId {
        let root = self.root_hash().bytes();
        BlobId::derive(self.encoding_type(), self.unencoded_length(), &root)
    }
}

/// Metadata with the blob id its sender claims. BCS is the id, then the metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnverifiedMetadata {
    /// The claimed id.
    pub blob_id: BlobId,
    /// The metadata.
    pub metadata: BlobMetadata,
}

/// Why metadata is refused. The peer that sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The number of pairs is not the number of shards.
    #[error("expected sliver hashes of {expected} pairs, got {got}")]
    PairCount {
        /// The number of shards.
        expected: u16,
        /// The number of pairs in the metadata.
        got: usize,
    },
    /// The blob's length is beyond what the shards take.
    #[error(transparent)]
    TooLarge(#[from] BlobTooLarge),
    /// The metadata belongs to another blob.
    #[error("expected metadata of blob {expected}, got that of {got}")]
    BlobIdMismatch {
        /// The claimed or requested id.
        expected: BlobId,
        /// The id the metadata hashes to.
        got: BlobId,
    },
}

impl UnverifiedMetadata {
    /// Checks the metadata against the number of shards and the blob id, in the order of
    /// `docs/spec/encoding.md` §6.4.
    ///
    /// # Errors
    /// [`MetadataError`].
    pub fn verify(self, params: CodeParams) -> Result<VerifiedMetadata, MetadataError> {
        let verified = VerifiedMetadata::compute(self.metadata, params)?;
        if verified.blob_id != self.blob_id {
            let (expected, got) = (self.blob_id, verified.blob_id);
            return Err(MetadataError::BlobIdMismatch { expected, got });
        }
        Ok(verified)
    }
}

/// Metadata that has as many pairs as there are shards, a possible length, and the id it hashes to.
///
/// Serializes as its unverified form does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedMetadata {
    blob_id: BlobId,
    metadata: BlobMetadata,
    params: CodeParams,
    symbol_size: SymbolSize,
}

impl VerifiedMetadata {
    /// Metadata with the blob id it hashes to.
    ///
    /// # Errors
    /// [`MetadataError`] if it doesn't fit the number of shards.
    pub fn compute(metadata: BlobMetadata, params: CodeParams) -> Result<Self, MetadataError> {
        let (expected, got) = (params.n_shards(), metadata.hashes().len());
        if got != usize::from(expected) {
            return Err(MetadataError::PairCount { expected, got });
        }
        let symbol_size = params.symbol_size(metadata.unencoded_length())?;
        Ok(Self {
            blob_id: metadata.blob_id(),
            metadata,
            params,
            symbol_size,
        })
    }

    /// The blob's id.
    pub const fn blob_id(&self) -> &BlobId {
        &self.blob_id
    }

    /// The metadata itself.
    pub const fn metadata(&self) -> &BlobMetadata {
        &self.metadata
    }

    /// The parameters of the code it was verified for.
    pub const fn params(&self) -> CodeParams {
        self.params
    }

    /// The size of the blob's symbols.
    pub const fn symbol_size(&self) -> SymbolSize {
        self.symbol_size
    }

    /// Length of the blob in bytes.
    pub const fn unencoded_length(&self) -> u64 {
        self.metadata.unencoded_length()
    }

    /// The hash of the sliver of `pair` on `axis`.
    ///
    /// # Errors
    /// [`IndexOutOfRange`] unless `pair < n`.
    pub fn pair_hash(&self, axis: Axis, pair: SliverPairIndex) -> Result<Node, IndexOutOfRange> {
        let n_shards = self.params.n_shards();
        let hashes = self.metadata.hashes().get(pair.as_usize());
        hashes
            .map(|hashes| hashes.get(axis))
            .ok_or(IndexOutOfRange {
                index: pair.0,
                n_shards,
            })
    }

    /// The hash of sliver `sliver` on `axis`.
    ///
    /// # Errors
    /// [`IndexOutOfRange`] unless `sliver < n`.
    pub fn sliver_hash(&self, axis: Axis, sliver: SliverIndex) -> Result<Node, IndexOutOfRange> {
        self.pair_hash(axis, self.params.pair_of_sliver(axis, sliver)?)
    }

    /// Forgets the verification.
    pub fn into_unverified(self) -> UnverifiedMetadata {
        UnverifiedMetadata {
            blob_id: self.blob_id,
            metadata: self.metadata,
        }
    }
}

impl Serialize for VerifiedMetadata {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "UnverifiedMetadata")]
        struct Borrowed<'a> {
            blob_id: &'a BlobId,
            metadata: &'a BlobMetadata,
        }
        Borrowed {
            blob_id: &self.blob_id,
            metadata: &self.metadata,
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
