//! Bodies of `walrus::storage_pool`.

use std::sync::Arc;

use floe_core::{
    ObjectId,
    onchain::blob::{StoragePool, StoragePoolInnerV1},
};

use super::ATTRIBUTES;
use crate::{
    call::{Call, NativeFn},
    error::Failure,
    modules::sui::object_table,
};

pub(super) const BODIES: &[(&str, NativeFn)] = &[
    ("start_epoch", start_epoch),
    ("end_epoch", end_epoch),
    (
        "reserved_encoded_capacity_bytes",
        reserved_encoded_capacity_bytes,
    ),
    ("used_encoded_bytes", used_encoded_bytes),
    ("available_encoded_bytes", available_encoded_bytes),
    ("blob_count", blob_count),
    ("contains_blob", contains_blob),
    ("blob_object_id", blob_object_id),
    ("object_id", object_id),
    ("destroy", destroy),
    ("add_blob_metadata", add_blob_metadata),
    ("add_or_replace_blob_metadata", add_or_replace_blob_metadata),
    ("take_blob_metadata", take_blob_metadata),
    (
        "insert_or_update_blob_metadata_pair",
        insert_or_update_blob_metadata_pair,
    ),
    ("remove_blob_metadata_pair", remove_blob_metadata_pair),
    (
        "remove_blob_metadata_pair_if_exists",
        remove_blob_metadata_pair_if_exists,
    ),
];

/// The content of the pool in the first argument.
fn inner(call: &mut Call<'_, '_>) -> Result<Arc<StoragePoolInnerV1>, Failure> {
    super::inner(call.rt, &*call.args.read(0)?)
}

/// The object of the blob in the second argument.
fn blob(call: &mut Call<'_, '_>) -> Result<ObjectId, Failure> {
    super::blob_object_id(call.rt, &*call.args.read(0)?, &call.args.take(1)?)
}

fn start_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = inner(call)?.storage.start_epoch;
    call.ret(epoch);
    Ok(())
}

fn end_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = inner(call)?.storage.end_epoch;
    call.ret(epoch);
    Ok(())
}

fn reserved_encoded_capacity_bytes(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = inner(call)?.storage.storage_size;
    call.ret(bytes);
    Ok(())
}

fn used_encoded_bytes(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = inner(call)?.used_encoded_bytes;
    call.ret(bytes);
    Ok(())
}

fn available_encoded_bytes(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = super::available(&*inner(call)?);
    call.ret(bytes);
    Ok(())
}

fn blob_count(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let count = inner(call)?.blob_count;
    call.ret(count);
    Ok(())
}

fn contains_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let inner = inner(call)?;
    let found = object_table::contains(call.rt, &inner.blobs, &call.args.take(1)?)?;
    call.ret(found);
    Ok(())
}

fn blob_object_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = blob(call)?;
    call.ret(id);
    Ok(())
}

fn object_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<StoragePool>(0)?.id;
    call.ret(id);
    Ok(())
}

fn destroy(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let storage = super::destroy(call.rt, call.args.take(0)?)?;
    call.ret(storage);
    Ok(())
}

fn add_blob_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (blob, metadata) = (blob(call)?, call.args.take(2)?);
    ATTRIBUTES.add(call.rt, blob, metadata)
}

fn add_or_replace_blob_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (blob, metadata) = (blob(call)?, call.args.take(2)?);
    let old = ATTRIBUTES.add_or_replace(call.rt, blob, metadata)?;
    call.ret(old);
    Ok(())
}

fn take_blob_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let blob = blob(call)?;
    let metadata = ATTRIBUTES.take(call.rt, blob)?;
    call.ret(metadata);
    Ok(())
}

fn insert_or_update_blob_metadata_pair(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let blob = blob(call)?;
    let pair = (call.args.take(2)?, call.args.take(3)?);
    ATTRIBUTES.insert_or_update(call.rt, blob, pair)
}

fn remove_blob_metadata_pair(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (blob, key) = (blob(call)?, call.args.read(2)?);
    let (key, value) = ATTRIBUTES.remove(call.rt, blob, &key)?;
    call.ret(key);
    call.ret(value);
    Ok(())
}

fn remove_blob_metadata_pair_if_exists(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (blob, key) = (blob(call)?, call.args.read(2)?);
    let value = ATTRIBUTES.remove_if_exists(call.rt, blob, &key)?;
    call.ret(value);
    Ok(())
}
