//! Objects on chain as the official programs print them (`docs/spec/http-gateway.md` §4.1).

use floe_core::{
    BlobId, Epoch, ObjectId,
    onchain::blob::{Blob, Storage},
};
use serde::{Deserialize, Serialize};

/// A `Blob` object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobObject {
    /// The object's id.
    pub id: ObjectId,
    /// When it was registered.
    pub registered_epoch: Epoch,
    /// The blob's id.
    pub blob_id: BlobId,
    /// Unencoded bytes.
    pub size: u64,
    /// `RS2`.
    pub encoding_type: String,
    /// When it was certified, if it is.
    pub certified_epoch: Option<Epoch>,
    /// Its storage.
    pub storage: StorageObject,
    /// Whether its owner can delete it.
    pub deletable: bool,
}

/// A `Storage` object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageObject {
    /// The object's id.
    pub id: ObjectId,
    /// The first epoch.
    pub start_epoch: Epoch,
    /// The epoch after the last.
    pub end_epoch: Epoch,
    /// Encoded bytes.
    pub storage_size: u64,
}

impl From<&Blob> for BlobObject {
    fn from(blob: &Blob) -> Self {
        let encoding_type = match blob.encoding_type {
            1 => "RS2".to_owned(),
            other => other.to_string(),
        };
        Self {
            id: blob.id.0,
            registered_epoch: blob.registered_epoch,
            blob_id: blob.blob_id,
            size: blob.size,
            encoding_type,
            certified_epoch: blob.certified_epoch,
            storage: StorageObject::from(&blob.storage),
            deletable: blob.deletable,
        }
    }
}

impl From<&Storage> for StorageObject {
    fn from(storage: &Storage) -> Self {
        Self {
            id: storage.id.0,
            start_epoch: storage.start_epoch,
            end_epoch: storage.end_epoch,
            storage_size: storage.storage_size,
        }
    }
}
