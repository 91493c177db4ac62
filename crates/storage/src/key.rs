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

/// What a record is known by. Ordered by kind, shard and axis, then by blob id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// What it is.
    pub kind: RecordKind,
    /// Of which blob.
    pub blob_id: BlobId,
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
        Self { kind, blob_id }
    }

    /// The key of a sliver.
    #[must_use]
    pub const fn sliver(shard: ShardIndex, axis: Axis, blob_id: BlobId) -> Self {
        let kind = RecordKind::Sliver(shard, axis);
        Self { kind, blob_id }
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

    /// The key in the index: kind, shard (big-endian), blob id.
    pub(crate) fn to_bytes(self) -> KeyBytes {
        let (number, shard) = self.kind_number();
        let [high, low] = shard.to_be_bytes();
        let mut bytes = [0; Self::LEN];
        let (head, id) = bytes.split_at_mut(3);
        head.copy_from_slice(&[number, high, low]);
        id.copy_from_slice(self.blob_id.as_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &KeyBytes) -> Option<Self> {
        let (&[number, high, low], id) = bytes.split_first_chunk::<3>()?;
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
            RecordKey::metadata(id(2)),
            RecordKey::sliver(ShardIndex(1), Axis::Primary, id(9)),
            RecordKey::sliver(ShardIndex(256), Axis::Primary, id(3)),
            RecordKey::sliver(ShardIndex(0), Axis::Secondary, id(1)),
        ];
        for key in keys {
            assert_eq!(RecordKey::from_bytes(&key.to_bytes()), Some(key));
        }
        assert!(keys.map(RecordKey::to_bytes).is_sorted());
        assert_eq!(RecordKey::from_parts(3, 0, id(0)), None);
    }
}
