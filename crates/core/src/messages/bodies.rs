//! The bodies of messages, by type.

use super::{MessageBody, MessageError, Reader, sealed};
use crate::{
    Axis, BlobId, Epoch, ObjectId, ShardIndex, SuiAddress,
    keys::{BlsPublicKey, BlsSecretKey, BlsSignature, KeyError},
    merkle::Digest,
    messages::Message,
};

/// Type 0: the owner of an address has the secret key of a public key.
///
/// Signed with that key at registration and key change. Only the signature is sent; the chain
/// rebuilds the message from the current epoch of the staking object and the transaction's sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofOfPossession {
    /// The sender of the transaction.
    pub sui_address: SuiAddress,
    /// The key to be registered.
    pub public_key: BlsPublicKey,
}

impl ProofOfPossession {
    /// Proves possession of a key towards the chain.
    pub fn sign(secret: &BlsSecretKey, epoch: Epoch, sui_address: SuiAddress) -> BlsSignature {
        let body = Self {
            sui_address,
            public_key: secret.public_key(),
        };
        secret.sign(&Message::new(epoch, body).to_bytes())
    }

    /// Checks a proof.
    ///
    /// # Errors
    /// [`KeyError::Verification`] unless the key's owner signed this in this epoch.
    pub fn verify(self, epoch: Epoch, proof: &BlsSignature) -> Result<(), KeyError> {
        let public_key = self.public_key;
        public_key.verify(&Message::new(epoch, self).to_bytes(), proof)
    }
}

/// Type 1: a node stores all slivers of a blob that belong to its shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageConfirmation {
    /// The blob.
    pub blob_id: BlobId,
    /// Whether it can be deleted.
    pub persistence: BlobPersistence,
}

/// Whether a registered blob can be deleted, and if so, through which object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobPersistence {
    /// It stays until it expires.
    Permanent,
    /// The owner of an object can delete it.
    Deletable {
        /// The Sui `Blob` object, or pooled blob object.
        object_id: ObjectId,
    },
}

/// Type 2: a blob's slivers are no codeword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidBlobId {
    /// The blob.
    pub blob_id: BlobId,
}

/// Type 3: a node asks another one for the slivers of a shard. Never sent to the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncShardRequest {
    /// The shard.
    pub shard: ShardIndex,
    /// The axis of the slivers.
    pub axis: Axis,
    /// Only blobs with this id or a greater one.
    pub starting_blob_id: BlobId,
    /// At most this many slivers.
    pub sliver_count: u64,
    /// The epoch the requester is moving into; the message's own epoch is the same.
    pub epoch: Epoch,
}

/// Type 4: a node has a new deny list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyListUpdate {
    /// The node.
    pub node_id: ObjectId,
    /// Greater than that of the node's last list.
    pub sequence_number: u64,
    /// Bytes of the denied blobs.
    pub size: u64,
    /// The root of the list.
    pub root: Digest,
}

/// Type 5: a blob on a node's deny list has been deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyListBlobDeleted {
    /// The blob.
    pub blob_id: BlobId,
}

/// Type 6: nodes will speak another protocol version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolVersion {
    /// The first epoch with that version.
    pub start_epoch: Epoch,
    /// The version.
    pub protocol_version: u64,
}

macro_rules! body {
    ($body:ty, $number:literal, $name:literal) => {
        impl MessageBody for $body {
            const TYPE: u8 = $number;
            const NAME: &'static str = $name;
        }
    };
}

body!(ProofOfPossession, 0, "proof of possession");
body!(StorageConfirmation, 1, "storage confirmation");
body!(InvalidBlobId, 2, "invalid blob id");
body!(SyncShardRequest, 3, "sync shard");
body!(DenyListUpdate, 4, "deny list update");
body!(DenyListBlobDeleted, 5, "deny list blob deleted");
body!(ProtocolVersion, 6, "protocol version");

impl sealed::Body for ProofOfPossession {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.sui_address.0);
        out.extend_from_slice(&self.public_key.to_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        let sui_address = SuiAddress(reader.array("address")?);
        let public_key = reader.array::<{ BlsPublicKey::LEN }>("public key")?;
        let public_key = BlsPublicKey::from_bytes(&public_key).map_err(MessageError::PublicKey)?;
        Ok(Self {
            sui_address,
            public_key,
        })
    }
}

impl sealed::Body for StorageConfirmation {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.blob_id.0);
        match self.persistence {
            BlobPersistence::Permanent => out.push(0),
            BlobPersistence::Deletable { object_id } => {
                out.push(1);
                out.extend_from_slice(&object_id.0);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        let blob_id = BlobId(reader.array("blob id")?);
        let persistence = match reader.u8("persistence")? {
            0 => BlobPersistence::Permanent,
            1 => BlobPersistence::Deletable {
                object_id: ObjectId(reader.array("object id")?),
            },
            got => return Err(MessageError::Persistence { got }),
        };
        Ok(Self {
            blob_id,
            persistence,
        })
    }
}

impl sealed::Body for InvalidBlobId {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.blob_id.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self {
            blob_id: BlobId(reader.array("blob id")?),
        })
    }
}

impl sealed::Body for SyncShardRequest {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(0);
        out.extend_from_slice(&self.shard.0.to_le_bytes());
        out.push(match self.axis {
            Axis::Primary => 0,
            Axis::Secondary => 1,
        });
        out.extend_from_slice(&self.starting_blob_id.0);
        out.extend_from_slice(&self.sliver_count.to_le_bytes());
        out.extend_from_slice(&self.epoch.0.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        match reader.u8("request version")? {
            0 => {}
            got => return Err(MessageError::RequestVersion { got }),
        }
        let shard = ShardIndex(reader.u16("shard index")?);
        let axis = match reader.u8("axis")? {
            0 => Axis::Primary,
            1 => Axis::Secondary,
            got => return Err(MessageError::Axis { got }),
        };
        Ok(Self {
            shard,
            axis,
            starting_blob_id: BlobId(reader.array("starting blob id")?),
            sliver_count: reader.u64("sliver count")?,
            epoch: Epoch(reader.u32("epoch")?),
        })
    }
}

impl sealed::Body for DenyListUpdate {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.node_id.0);
        out.extend_from_slice(&self.sequence_number.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
        out.extend_from_slice(&self.root);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self {
            node_id: ObjectId(reader.array("node id")?),
            sequence_number: reader.u64("sequence number")?,
            size: reader.u64("size")?,
            root: reader.array("root")?,
        })
    }
}

impl sealed::Body for DenyListBlobDeleted {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.blob_id.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self {
            blob_id: BlobId(reader.array("blob id")?),
        })
    }
}

impl sealed::Body for ProtocolVersion {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.start_epoch.0.to_le_bytes());
        out.extend_from_slice(&self.protocol_version.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self {
            start_epoch: Epoch(reader.u32("start epoch")?),
            protocol_version: reader.u64("protocol version")?,
        })
    }
}
