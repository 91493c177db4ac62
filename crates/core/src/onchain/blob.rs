//! Storage, blobs and pools of blobs (`docs/spec/contracts.md` §3.4).

use super::framework::{Balance, ObjectTable, Uid, VecMap, Wal};
use crate::{BlobId, Epoch, ObjectId};

move_types! {
    walrus::storage_resource;

    /// A right to store an amount of encoded bytes for some epochs.
    struct Storage {
        /// The object's id.
        id: Uid,
        /// The first epoch.
        start_epoch: Epoch,
        /// The epoch after the last.
        end_epoch: Epoch,
        /// Encoded bytes.
        storage_size: u64,
    }
}

move_types! {
    walrus::blob;

    /// A blob and the storage it occupies.
    struct Blob {
        /// The object's id.
        id: Uid,
        /// When it was registered.
        registered_epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// Unencoded bytes.
        size: u64,
        /// The number of its [`EncodingType`](crate::EncodingType).
        encoding_type: u8,
        /// When it was first certified.
        certified_epoch: Option<Epoch>,
        /// Its storage.
        storage: Storage,
        /// Whether its owner can delete it.
        deletable: bool,
    }
}

move_types! {
    walrus::metadata;

    /// A blob's attributes, in a dynamic field under the bytes `metadata`.
    struct Metadata {
        /// Values by name.
        metadata: VecMap<String, String>,
    }
}

impl Metadata {
    /// The name of the dynamic field of a blob that holds its attributes, a `vector<u8>`.
    pub const FIELD_NAME: &'static [u8] = b"metadata";
}

move_types! {
    walrus::shared_blob;

    /// A shared object whose blob anyone can extend.
    struct SharedBlob {
        /// The object's id.
        id: Uid,
        /// The blob.
        blob: Blob,
        /// What is left to pay for extensions.
        funds: Balance<Wal>,
    }
}

move_types! {
    walrus::storage_pool;

    /// Storage shared by many blobs. Its content is a dynamic field under `version`, a `u64`.
    struct StoragePool {
        /// The object's id.
        id: Uid,
        /// The version of the content, 1.
        version: u64,
    }

    /// The content of a [`StoragePool`].
    struct StoragePoolInnerV1 {
        /// The storage.
        storage: Storage,
        /// Encoded bytes of all blobs.
        used_encoded_bytes: u64,
        /// The number of blobs.
        blob_count: u64,
        /// The blobs.
        blobs: ObjectTable<BlobId, PooledBlob>,
    }

    /// A blob in a [`StoragePool`].
    struct PooledBlob {
        /// The object's id.
        id: Uid,
        /// When it was registered.
        registered_epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// Unencoded bytes.
        unencoded_size: u64,
        /// The number of its [`EncodingType`](crate::EncodingType).
        encoding_type: u8,
        /// When it was certified.
        certified_epoch: Option<Epoch>,
        /// The pool's id.
        storage_pool_id: ObjectId,
        /// Whether it can be deleted.
        deletable: bool,
    }
}
