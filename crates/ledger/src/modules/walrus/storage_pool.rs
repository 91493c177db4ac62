//! `walrus::storage_pool`: storage shared by many blobs (`docs/spec/contracts.md` §3.4, §4.5).

mod natives;

use std::sync::Arc;

use floe_core::{
    BlobId, Epoch, ObjectId,
    messages::{BlobPersistence, StorageConfirmation},
    onchain::{
        blob::{PooledBlob, Storage, StoragePool, StoragePoolInnerV1},
        events::{
            PooledBlobCertified, PooledBlobDeleted, PooledBlobRegistered, StoragePoolCreated,
            StoragePoolExtended,
        },
    },
};

use super::{
    blob::Registration,
    encoding,
    metadata::{self, Attributes},
    storage_resource,
};
use crate::{
    error::Failure,
    modules::{ModuleBodies, ModuleRef, sui::object_table},
    runtime::Runtime,
    value::Lease,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "storage_pool");
const E_BLOB_NOT_DELETABLE: u64 = 0;
const E_RESOURCE_BOUNDS: u64 = 1;
const E_ALREADY_CERTIFIED: u64 = 2;
const E_INVALID_BLOB_ID: u64 = 3;
const E_INVALID_BLOB_PERSISTENCE_TYPE: u64 = 4;
const E_INVALID_BLOB_OBJECT: u64 = 5;
const E_INSUFFICIENT_CAPACITY: u64 = 6;
const E_POOL_NOT_EMPTY: u64 = 7;
const E_INVALID_BLOB_SIZE: u64 = 8;
const E_INVALID_BLOB_COUNT: u64 = 9;
const E_WRONG_VERSION: u64 = 10;
const E_INCOMPATIBLE_END_EPOCH: u64 = 11;
const E_DUPLICATE_METADATA: u64 = 12;
const E_MISSING_METADATA: u64 = 13;
const E_INVALID_PERCENT: u64 = 14;
/// The version of the content, and its field's name.
const VERSION: u64 = 1;

pub(super) const BODIES: ModuleBodies = (MODULE.package, MODULE.name, natives::BODIES);

/// The attributes of a blob in a pool.
const ATTRIBUTES: Attributes = Attributes {
    module: MODULE,
    duplicate: E_DUPLICATE_METADATA,
    missing: E_MISSING_METADATA,
};

/// The content of a pool.
///
/// # Errors
/// Aborts with `storage_pool` 10 for a pool of another version.
pub fn inner(rt: &mut Runtime<'_>, pool: &StoragePool) -> Result<Arc<StoragePoolInnerV1>, Failure> {
    MODULE.ensure(pool.version == VERSION, "inner", E_WRONG_VERSION)?;
    rt.field(pool.id.0, &pool.version)
}

fn inner_mut(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
) -> Result<Lease<StoragePoolInnerV1>, Failure> {
    MODULE.ensure(pool.version == VERSION, "inner_mut", E_WRONG_VERSION)?;
    rt.field_mut(pool.id.0, &pool.version)
}

/// The storage of a pool.
///
/// # Errors
/// As [`inner`].
pub fn storage(rt: &mut Runtime<'_>, pool: &StoragePool) -> Result<Storage, Failure> {
    inner(rt, pool).map(|inner| inner.storage.clone())
}

/// Makes a pool in the current epoch `epoch`.
///
/// # Errors
/// Beyond the limits of new objects or events.
pub fn new(rt: &mut Runtime<'_>, storage: Storage, epoch: Epoch) -> Result<StoragePool, Failure> {
    let pool = StoragePool {
        id: rt.fresh_id()?.into(),
        version: VERSION,
    };
    let created = StoragePoolCreated {
        epoch,
        storage_pool_id: pool.id.0,
        reserved_encoded_capacity_bytes: storage.storage_size,
        start_epoch: storage.start_epoch,
        end_epoch: storage.end_epoch,
    };
    let inner = StoragePoolInnerV1 {
        storage,
        used_encoded_bytes: 0,
        blob_count: 0,
        blobs: object_table::new(rt)?,
    };
    rt.add_field(pool.id.0, &pool.version, inner)?;
    rt.emit(&created)?;
    Ok(pool)
}

/// Unmakes an empty pool for its storage.
///
/// # Errors
/// Aborts with `storage_pool` 10 for a pool of another version, 7 if there are blobs.
pub fn destroy(rt: &mut Runtime<'_>, pool: StoragePool) -> Result<Storage, Failure> {
    let blob_count = inner(rt, &pool)?.blob_count;
    MODULE.ensure(blob_count == 0, "destroy", E_POOL_NOT_EMPTY)?;
    let inner = rt.remove_field::<_, StoragePoolInnerV1>(pool.id.0, &pool.version)?;
    object_table::destroy_empty(rt, inner.blobs)?;
    rt.delete_id(pool.id.0);
    Ok(inner.storage)
}

/// Registers a blob; its encoded bytes.
///
/// # Errors
/// Aborts, in this order, with `storage_pool` 3 if the id is another blob's, `encoding` 0 for an
/// unknown encoding, `storage_pool` 6 if too few bytes are unused, `dynamic_field` 0 if the blob is
/// in the pool.
pub fn add_blob(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    registration: &Registration,
    epoch: Epoch,
    n_shards: u16,
) -> Result<u64, Failure> {
    let function = "add_blob";
    let blob = new_pooled_blob(rt, pool.id.0, registration, epoch)?;
    let bytes =
        encoding::encoded_blob_length(registration.size, registration.encoding_type, n_shards)?;
    let mut inner = inner_mut(rt, pool)?;
    inner.used_encoded_bytes = inner
        .used_encoded_bytes
        .checked_add(bytes)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    MODULE.ensure(
        inner.used_encoded_bytes <= inner.storage.storage_size,
        function,
        E_INSUFFICIENT_CAPACITY,
    )?;
    inner.blob_count = inner
        .blob_count
        .checked_add(1)
        .ok_or_else(|| MODULE.arithmetic(function))?;
    object_table::add(rt, &mut inner.blobs, &registration.blob_id, blob)?;
    Ok(bytes)
}

fn new_pooled_blob(
    rt: &mut Runtime<'_>,
    storage_pool_id: ObjectId,
    registration: &Registration,
    epoch: Epoch,
) -> Result<PooledBlob, Failure> {
    MODULE.ensure(
        registration.has_derived_id(),
        "new_pooled_blob",
        E_INVALID_BLOB_ID,
    )?;
    let Registration {
        blob_id,
        size: unencoded_size,
        encoding_type,
        deletable,
        ..
    } = *registration;
    let id = rt.fresh_id()?;
    rt.emit(&PooledBlobRegistered {
        epoch,
        blob_id,
        unencoded_size,
        encoding_type,
        deletable,
        object_id: id,
        storage_pool_id,
    })?;
    Ok(PooledBlob {
        id: id.into(),
        registered_epoch: epoch,
        blob_id,
        unencoded_size,
        encoding_type,
        certified_epoch: None,
        storage_pool_id,
        deletable,
    })
}

/// Marks a blob as certified in the current epoch.
///
/// # Errors
/// Aborts, in this order, with `dynamic_field` 1 if the blob is not in the pool, `storage_pool` 3
/// for a message about another blob, 1 if the pool has expired, 2 if the blob was certified before,
/// 4 for a message about another persistence, 5 about another object.
pub fn certify_blob(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    blob_id: BlobId,
    epoch: Epoch,
    message: &StorageConfirmation,
) -> Result<(), Failure> {
    let ensure = |condition, code| MODULE.ensure(condition, "certify", code);
    let inner = inner(rt, pool)?;
    let mut blob = object_table::borrow_mut(rt, &inner.blobs, &blob_id)?;
    ensure(blob.blob_id == message.blob_id, E_INVALID_BLOB_ID)?;
    ensure(epoch < inner.storage.end_epoch, E_RESOURCE_BOUNDS)?;
    ensure(blob.certified_epoch.is_none(), E_ALREADY_CERTIFIED)?;
    match message.persistence {
        BlobPersistence::Permanent => ensure(!blob.deletable, E_INVALID_BLOB_PERSISTENCE_TYPE)?,
        BlobPersistence::Deletable { object_id } => {
            ensure(blob.deletable, E_INVALID_BLOB_PERSISTENCE_TYPE)?;
            ensure(blob.id.0 == object_id, E_INVALID_BLOB_OBJECT)?;
        }
    }
    blob.certified_epoch = Some(epoch);
    rt.emit(&PooledBlobCertified {
        epoch,
        blob_id: blob.blob_id,
        deletable: blob.deletable,
        object_id: blob.id.0,
        storage_pool_id: blob.storage_pool_id,
    })
}

/// Deletes a blob.
///
/// # Errors
/// Aborts with `dynamic_field` 1 if it is not in the pool, `storage_pool` 0 if it is permanent.
pub fn delete_blob(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    blob_id: BlobId,
    epoch: Epoch,
    n_shards: u16,
) -> Result<(), Failure> {
    let blob = remove_blob(rt, pool, blob_id, n_shards)?;
    MODULE.ensure(blob.deletable, "delete_blob_object", E_BLOB_NOT_DELETABLE)?;
    destroy_blob(rt, &blob)?;
    rt.emit(&PooledBlobDeleted {
        epoch,
        blob_id: blob.blob_id,
        object_id: blob.id.0,
        was_certified: blob.certified_epoch.is_some(),
        storage_pool_id: blob.storage_pool_id,
    })
}

/// Removes a blob, permanent or not, without an event.
///
/// # Errors
/// Aborts with `dynamic_field` 1 if it is not in the pool.
pub fn burn_blob(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    blob_id: BlobId,
    n_shards: u16,
) -> Result<(), Failure> {
    let blob = remove_blob(rt, pool, blob_id, n_shards)?;
    destroy_blob(rt, &blob)
}

fn remove_blob(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    blob_id: BlobId,
    n_shards: u16,
) -> Result<PooledBlob, Failure> {
    let function = "remove_blob";
    let mut inner = inner_mut(rt, pool)?;
    let blob: PooledBlob = object_table::remove(rt, &mut inner.blobs, &blob_id)?;
    let bytes = encoding::encoded_blob_length(blob.unencoded_size, blob.encoding_type, n_shards)?;
    inner.used_encoded_bytes = inner
        .used_encoded_bytes
        .checked_sub(bytes)
        .ok_or_else(|| MODULE.abort(function, E_INVALID_BLOB_SIZE))?;
    inner.blob_count = inner
        .blob_count
        .checked_sub(1)
        .ok_or_else(|| MODULE.abort(function, E_INVALID_BLOB_COUNT))?;
    Ok(blob)
}

fn destroy_blob(rt: &mut Runtime<'_>, blob: &PooledBlob) -> Result<(), Failure> {
    metadata::take_if_exists(rt, blob.id.0)?;
    rt.delete_id(blob.id.0);
    Ok(())
}

/// Adds epochs at the end, which must be paid for.
///
/// # Errors
/// Arithmetic fault beyond the last epoch there is.
pub fn extend_end(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    epochs: u32,
    epoch: Epoch,
) -> Result<(), Failure> {
    let mut inner = inner_mut(rt, pool)?;
    storage_resource::extend_end(&mut inner.storage, epochs)?;
    rt.emit(&StoragePoolExtended {
        epoch,
        storage_pool_id: pool.id.0,
        new_end_epoch: inner.storage.end_epoch,
    })
}

/// Adds bytes, which must be paid for.
///
/// # Errors
/// Arithmetic fault on overflow.
pub fn increase_capacity(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    bytes: u64,
) -> Result<(), Failure> {
    let mut inner = inner_mut(rt, pool)?;
    inner.storage.storage_size = inner
        .storage
        .storage_size
        .checked_add(bytes)
        .ok_or_else(|| MODULE.arithmetic("increase_capacity"))?;
    Ok(())
}

/// Adds the bytes of storage that ends with the pool.
///
/// # Errors
/// Aborts with `storage_pool` 1 if it has not begun, 11 if it ends at another time.
pub fn increase_capacity_with_storage(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    extension: Storage,
    epoch: Epoch,
) -> Result<(), Failure> {
    let function = "increase_capacity_with_storage";
    MODULE.ensure(extension.start_epoch <= epoch, function, E_RESOURCE_BOUNDS)?;
    MODULE.ensure(
        extension.end_epoch == storage(rt, pool)?.end_epoch,
        function,
        E_INCOMPATIBLE_END_EPOCH,
    )?;
    increase_capacity(rt, pool, extension.storage_size)?;
    storage_resource::destroy(rt, extension);
    Ok(())
}

/// Takes unused bytes out; `None` if none are asked for.
///
/// # Errors
/// Aborts with `storage_pool` 6 if there are fewer.
pub fn decrease_capacity_by_size(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    bytes: u64,
) -> Result<Option<Storage>, Failure> {
    if bytes == 0 {
        return Ok(None);
    }
    let mut inner = inner_mut(rt, pool)?;
    MODULE.ensure(
        available(&inner) >= bytes,
        "decrease_capacity_by_size",
        E_INSUFFICIENT_CAPACITY,
    )?;
    let left = inner.storage.storage_size.saturating_sub(bytes);
    inner.storage.storage_size = left;
    let (start, end) = (inner.storage.start_epoch, inner.storage.end_epoch);
    storage_resource::create_storage(rt, start, end, bytes).map(Some)
}

/// Takes a part of the unused bytes out; `None` if that is less than one.
///
/// # Errors
/// Aborts with `storage_pool` 14 beyond 100 percent.
pub fn decrease_unused_capacity_by_percent(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    percent: u8,
) -> Result<Option<Storage>, Failure> {
    let function = "decrease_unused_capacity_by_percent";
    MODULE.ensure(percent <= 100, function, E_INVALID_PERCENT)?;
    let unused = u128::from(available(&*inner(rt, pool)?));
    let bytes = u64::try_from(unused * u128::from(percent) / 100)
        .map_err(|_| MODULE.arithmetic(function))?;
    decrease_capacity_by_size(rt, pool, bytes)
}

/// Unused bytes.
pub const fn available(inner: &StoragePoolInnerV1) -> u64 {
    let (all, used) = (inner.storage.storage_size, inner.used_encoded_bytes);
    all.saturating_sub(used)
}

/// The id of the object of a blob.
///
/// # Errors
/// Aborts with `dynamic_field` 1 if it is not in the pool; as [`inner`].
pub fn blob_object_id(
    rt: &mut Runtime<'_>,
    pool: &StoragePool,
    blob_id: &BlobId,
) -> Result<ObjectId, Failure> {
    let inner = inner(rt, pool)?;
    object_table::borrow(rt, &inner.blobs, blob_id).map(|blob| blob.id.0)
}
