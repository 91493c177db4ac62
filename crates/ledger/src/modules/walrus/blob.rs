//! `walrus::blob`: registered blobs and what becomes of them (`docs/spec/contracts.md` §4.1, §4.3).

mod natives;

use floe_core::{
    BlobId, Epoch, hash,
    messages::{BlobPersistence, StorageConfirmation},
    onchain::{
        U256,
        blob::{Blob, Storage},
        events::{BlobCertified, BlobDeleted, BlobRegistered},
    },
};

use super::{
    encoding,
    metadata::{self, Attributes},
    storage_resource,
};
use crate::{
    call::Args,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "blob");
const E_NOT_CERTIFIED: u64 = 0;
const E_BLOB_NOT_DELETABLE: u64 = 1;
const E_RESOURCE_BOUNDS: u64 = 2;
const E_RESOURCE_SIZE: u64 = 3;
const E_ALREADY_CERTIFIED: u64 = 5;
const E_INVALID_BLOB_ID: u64 = 6;
const E_DUPLICATE_METADATA: u64 = 7;
const E_MISSING_METADATA: u64 = 8;
const E_INVALID_BLOB_PERSISTENCE_TYPE: u64 = 9;
const E_INVALID_BLOB_OBJECT: u64 = 10;

pub(super) const BODIES: ModuleBodies = (MODULE.package, MODULE.name, natives::BODIES);

/// A blob's attributes.
const ATTRIBUTES: Attributes = Attributes {
    module: MODULE,
    duplicate: E_DUPLICATE_METADATA,
    missing: E_MISSING_METADATA,
};

/// What a registration says of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The blob's id.
    pub blob_id: BlobId,
    /// The root over its sliver pairs' hashes.
    pub root_hash: U256,
    /// Unencoded bytes.
    pub size: u64,
    /// How it is encoded.
    pub encoding_type: u8,
    /// Whether its owner can delete it.
    pub deletable: bool,
}

impl Registration {
    /// Takes it from the five arguments from the `first` on, in which all functions pass it.
    pub(in crate::modules) fn from_args(args: &Args, first: usize) -> Result<Self, Failure> {
        Ok(Self {
            blob_id: args.take(first)?,
            root_hash: args.take(first + 1)?,
            size: args.take(first + 2)?,
            encoding_type: args.take(first + 3)?,
            deletable: args.take(first + 4)?,
        })
    }

    /// Whether the id is that of a blob with this root, size and encoding.
    pub fn has_derived_id(&self) -> bool {
        derive_blob_id(&self.root_hash, self.encoding_type, self.size) == self.blob_id
    }
}

/// The id of a blob with this root, encoding and size in bytes.
pub fn derive_blob_id(root_hash: &U256, encoding_type: u8, size: u64) -> BlobId {
    BlobId(hash::blake2b256(&[
        &[encoding_type],
        &size.to_le_bytes(),
        &root_hash.0,
    ]))
}

/// Registers a blob in the current epoch `epoch`.
///
/// # Errors
/// Aborts, in this order: `blob` 2 if the storage is not for now, `encoding` 0 for an unknown
/// encoding, `blob` 3 if the storage is too small, 6 if the id is another blob's.
pub fn new(
    rt: &mut Runtime<'_>,
    storage: Storage,
    registration: &Registration,
    epoch: Epoch,
    n_shards: u16,
) -> Result<Blob, Failure> {
    let function = "new";
    let id = rt.fresh_id()?;
    let is_current = storage.start_epoch <= epoch && epoch < storage.end_epoch;
    MODULE.ensure(is_current, function, E_RESOURCE_BOUNDS)?;
    let Registration {
        blob_id,
        size,
        encoding_type,
        deletable,
        ..
    } = *registration;
    let encoded_size = encoding::encoded_blob_length(size, encoding_type, n_shards)?;
    MODULE.ensure(
        encoded_size <= storage.storage_size,
        function,
        E_RESOURCE_SIZE,
    )?;
    MODULE.ensure(registration.has_derived_id(), function, E_INVALID_BLOB_ID)?;
    rt.emit(&BlobRegistered {
        epoch,
        blob_id,
        size,
        encoding_type,
        end_epoch: storage.end_epoch,
        deletable,
        object_id: id,
    })?;
    Ok(Blob {
        id: id.into(),
        registered_epoch: epoch,
        blob_id,
        size,
        encoding_type,
        certified_epoch: None,
        storage,
        deletable,
    })
}

/// Bytes of storage the blob takes up.
///
/// # Errors
/// As [`encoding::encoded_blob_length`].
pub fn encoded_size(blob: &Blob, n_shards: u16) -> Result<u64, Failure> {
    encoding::encoded_blob_length(blob.size, blob.encoding_type, n_shards)
}

/// Checks that a blob is certified and has not expired.
///
/// # Errors
/// Aborts with `blob` 0 if it is not certified, 2 if it has expired.
pub fn assert_certified_not_expired(blob: &Blob, epoch: Epoch) -> Result<(), Failure> {
    let function = "assert_certified_not_expired";
    MODULE.ensure(blob.certified_epoch.is_some(), function, E_NOT_CERTIFIED)?;
    MODULE.ensure(epoch < blob.storage.end_epoch, function, E_RESOURCE_BOUNDS)
}

/// Marks a blob as certified in the current epoch.
///
/// # Errors
/// Aborts, in this order, with `blob` 6 for a message about another blob, 5 if the blob was
/// certified before, 2 if it has expired, 9 for a message about another persistence, 10 about
/// another object.
pub fn certify_with_certified_msg(
    rt: &mut Runtime<'_>,
    blob: &mut Blob,
    epoch: Epoch,
    message: &StorageConfirmation,
) -> Result<(), Failure> {
    let ensure = |condition, code| MODULE.ensure(condition, "certify_with_certified_msg", code);
    ensure(blob.blob_id == message.blob_id, E_INVALID_BLOB_ID)?;
    ensure(blob.certified_epoch.is_none(), E_ALREADY_CERTIFIED)?;
    ensure(epoch < blob.storage.end_epoch, E_RESOURCE_BOUNDS)?;
    match message.persistence {
        BlobPersistence::Permanent => ensure(!blob.deletable, E_INVALID_BLOB_PERSISTENCE_TYPE)?,
        BlobPersistence::Deletable { object_id } => {
            ensure(blob.deletable, E_INVALID_BLOB_PERSISTENCE_TYPE)?;
            ensure(blob.id.0 == object_id, E_INVALID_BLOB_OBJECT)?;
        }
    }
    blob.certified_epoch = Some(epoch);
    emit_certified(rt, blob, epoch, false)
}

/// Tells of a certification, or of an extension. The epoch is always that of the certification.
///
/// # Errors
/// Beyond the limits of events.
pub(super) fn emit_certified(
    rt: &mut Runtime<'_>,
    blob: &Blob,
    epoch: Epoch,
    is_extension: bool,
) -> Result<(), Failure> {
    rt.emit(&BlobCertified {
        epoch: blob.certified_epoch.unwrap_or(epoch),
        blob_id: blob.blob_id,
        end_epoch: blob.storage.end_epoch,
        deletable: blob.deletable,
        object_id: blob.id.0,
        is_extension,
    })
}

/// Deletes a blob for its storage.
///
/// # Errors
/// Aborts with `blob` 1 if it is permanent, 2 if it has expired.
pub fn delete(rt: &mut Runtime<'_>, blob: Blob, epoch: Epoch) -> Result<Storage, Failure> {
    let function = "delete";
    MODULE.ensure(blob.deletable, function, E_BLOB_NOT_DELETABLE)?;
    MODULE.ensure(blob.storage.end_epoch > epoch, function, E_RESOURCE_BOUNDS)?;
    metadata::take_if_exists(rt, blob.id.0)?;
    rt.delete_id(blob.id.0);
    rt.emit(&BlobDeleted {
        epoch,
        blob_id: blob.blob_id,
        end_epoch: blob.storage.end_epoch,
        object_id: blob.id.0,
        was_certified: blob.certified_epoch.is_some(),
    })?;
    Ok(blob.storage)
}

/// Extends a blob by adjacent storage of the same size.
///
/// # Errors
/// As [`assert_certified_not_expired`]; aborts with `blob` 2 if nothing is gained; as
/// [`storage_resource::fuse_periods`].
pub fn extend_with_resource(
    rt: &mut Runtime<'_>,
    blob: &mut Blob,
    extension: Storage,
    epoch: Epoch,
) -> Result<(), Failure> {
    assert_certified_not_expired(blob, epoch)?;
    MODULE.ensure(
        extension.end_epoch > blob.storage.end_epoch,
        "extend_with_resource",
        E_RESOURCE_BOUNDS,
    )?;
    storage_resource::fuse_periods(rt, &mut blob.storage, extension)?;
    emit_certified(rt, blob, epoch, true)
}

/// Destroys a blob with its storage and attributes, whatever its state.
///
/// # Errors
/// [`Failure::Store`].
pub fn burn(rt: &mut Runtime<'_>, blob: Blob) -> Result<(), Failure> {
    metadata::take_if_exists(rt, blob.id.0)?;
    rt.delete_id(blob.id.0);
    storage_resource::destroy(rt, blob.storage);
    Ok(())
}
