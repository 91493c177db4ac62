//! What a record is known by.

use std::fmt;

use floe_core::{Axis, BlobId, ShardIndex};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A blob's metadata.
    Metadata,
    /// The sliver on `Axis` of the pair that the shard holds.
    Sliver(ShardIndex, Axis),
}

/// What a record is known by. In the index all records of a blob are next to each other, so that
/// storing them changes one page of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Of which blob.
    pub blob_id: BlobId,
    /// What it is.
    pub kind: RecordKind,
}

/// A key in the index.
pub(crate) type KeyBytes = [u8; RecordKey::LEN];

impl RecordKey {
    /// Bytes of a key in the index.
    pub(crate) const LEN: usize = 35;

    /// The key of a blob's metadata.
    #[must_use]
    pub const fn metadata(blob_id: BlobId) -> Self {
        let kind = RecordKind::Metadata;
        Self { blob_id, kind }
    }

    /// The key of a sliver.
    #[must_use]
    pub const fn sliver(shard: ShardIndex, axis: Axis, blob_id: BlobId) -> Self {
        let kind = RecordKind::Sliver(shard, axis);
        Self { blob_id, kind }
    }

    /// The number of the kind on disk, and the shard.
    pub(crate) const fn kind_number(&self) -> (u8, u16) {
        match self.kind {
            RecordKind::Metadata => (0, 0),
            RecordKind::Sliver(shard, Axis::Primary) => (1, shard.0),
            RecordKind::Sliver(shard, Axis::Secondary) => (2, shard.0),
        }
    }

    pub(crate) const fn from_parts(number: u8, shard: u16, blob_id: BlobId) -> Option<Self> {
        let shard = ShardIndex(shard);
        Some(match number {
            0 => Self::metadata(blob_id),
            1 => Self::sliver(shard, Axis::Primary, blob_id),
            2 => Self::sliver(shard, Axis::Secondary, blob_id),
            _ => return None,
        })
    }

    /// The key in the index: blob id, kind, shard (big-endian).
    pub(crate) fn to_bytes(self) -> KeyBytes {
        let (number, shard) = self.kind_number();
        let [high, low] = shard.to_be_bytes();
        Self::join(&self.blob_id, [number, high, low])
    }

    /// The range of keys that all records of a blob lie in.
    pub(crate) fn range_of(blob_id: &BlobId) -> (KeyBytes, KeyBytes) {
        (
            Self::join(blob_id, [0; 3]),
            Self::join(blob_id, [u8::MAX; 3]),
        )
    }

    fn join(blob_id: &BlobId, tail: [u8; 3]) -> KeyBytes {
        let mut bytes = [0; Self::LEN];
        let (id, end) = bytes.split_at_mut(32);
        id.copy_from_slice(blob_id.as_bytes());
        end.copy_from_slice(&tail);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &KeyBytes) -> Option<Self> {
        let (id, &[number, high, low]) = bytes.split_last_chunk::<3>()?;
        let blob_id = BlobId(id.try_into().ok()?);
        Self::from_parts(number, u16::from_be_bytes([high, low]), blob_id)
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            RecordKind::Metadata => write!(f, "metadata of blob {}", self.blob_id),
            RecordKind::Sliver(shard, axis) => {
                write!(f, "{axis} sliver of blob {} in shard {shard}", self.blob_id)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_byte_form_and_keep_their_order() {
        let id = |byte| BlobId([byte; 32]);
        let keys = [
            RecordKey::metadata(id(1)),
            RecordKey::sliver(ShardIndex(1), Axis::Primary, id(1)),
            RecordKey::sliver(ShardIndex(256), Axis::Primary, id(1)),
            RecordKey::sliver(ShardIndex(0), Axis::Secondary, id(1)),
            RecordKey::metadata(id(2)),
        ];
        for key in keys {
            assert_eq!(RecordKey::from_bytes(&key.to_bytes()), Some(key));
        }
        assert!(keys.map(RecordKey::to_bytes).is_sorted());
        let (first, last) = RecordKey::range_of(&id(1));
        let inside = keys.map(|key| (first..=last).contains(&key.to_bytes()));
        assert_eq!(inside, [true, true, true, true, false]);
        assert_eq!(RecordKey::from_parts(3, 0, id(0)), None);
    }
}
