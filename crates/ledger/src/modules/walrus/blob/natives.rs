//! Bodies of `walrus::blob`.

use floe_core::onchain::blob::Blob;

use super::ATTRIBUTES;
use crate::{
    call::{Call, NativeFn},
    error::Failure,
};

pub(super) const BODIES: &[(&str, NativeFn)] = &[
    ("object_id", object_id),
    ("registered_epoch", registered_epoch),
    ("blob_id", blob_id),
    ("size", size),
    ("encoding_type", encoding_type),
    ("is_deletable", is_deletable),
    ("encoded_size", encoded_size),
    ("end_epoch", end_epoch),
    ("derive_blob_id", derive_blob_id),
    ("burn", burn),
    ("add_metadata", add_metadata),
    ("add_or_replace_metadata", add_or_replace_metadata),
    ("take_metadata", take_metadata),
    (
        "insert_or_update_metadata_pair",
        insert_or_update_metadata_pair,
    ),
    ("remove_metadata_pair", remove_metadata_pair),
    (
        "remove_metadata_pair_if_exists",
        remove_metadata_pair_if_exists,
    ),
];

fn object_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<Blob>(0)?.id;
    call.ret(id);
    Ok(())
}

fn registered_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = call.args.read::<Blob>(0)?.registered_epoch;
    call.ret(epoch);
    Ok(())
}

fn blob_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<Blob>(0)?.blob_id;
    call.ret(id);
    Ok(())
}

fn size(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let size = call.args.read::<Blob>(0)?.size;
    call.ret(size);
    Ok(())
}

fn encoding_type(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let encoding_type = call.args.read::<Blob>(0)?.encoding_type;
    call.ret(encoding_type);
    Ok(())
}

fn is_deletable(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let deletable = call.args.read::<Blob>(0)?.deletable;
    call.ret(deletable);
    Ok(())
}

fn encoded_size(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let size = super::encoded_size(&*call.args.read(0)?, call.args.take(1)?)?;
    call.ret(size);
    Ok(())
}

fn end_epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = call.args.read::<Blob>(0)?.storage.end_epoch;
    call.ret(epoch);
    Ok(())
}

fn derive_blob_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let id = super::derive_blob_id(&args.take(0)?, args.take(1)?, args.take(2)?);
    call.ret(id);
    Ok(())
}

fn burn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let blob = call.args.take(0)?;
    super::burn(call.rt, blob)
}

fn add_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let metadata = call.args.take(1)?;
    ATTRIBUTES.add(call.rt, call.args.object_id(0)?, metadata)
}

fn add_or_replace_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let metadata = call.args.take(1)?;
    let old = ATTRIBUTES.add_or_replace(call.rt, call.args.object_id(0)?, metadata)?;
    call.ret(old);
    Ok(())
}

fn take_metadata(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let metadata = ATTRIBUTES.take(call.rt, call.args.object_id(0)?)?;
    call.ret(metadata);
    Ok(())
}

fn insert_or_update_metadata_pair(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let pair = (call.args.take(1)?, call.args.take(2)?);
    ATTRIBUTES.insert_or_update(call.rt, call.args.object_id(0)?, pair)
}

fn remove_metadata_pair(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let key = call.args.read(1)?;
    let (key, value) = ATTRIBUTES.remove(call.rt, call.args.object_id(0)?, &key)?;
    call.ret(key);
    call.ret(value);
    Ok(())
}

fn remove_metadata_pair_if_exists(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let key = call.args.read(1)?;
    let value = ATTRIBUTES.remove_if_exists(call.rt, call.args.object_id(0)?, &key)?;
    call.ret(value);
    Ok(())
}
