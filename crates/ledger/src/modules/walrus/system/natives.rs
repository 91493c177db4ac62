//! Bodies of `walrus::system`.

use floe_core::onchain::{
    node::StorageNodeCap,
    system::{System, SystemStateInnerV1},
};

use super::{E_ZERO_EXTRACT_SIZE, MODULE, Registration};
use crate::{
    call::{Call, NativeFn},
    error::Failure,
    modules::walrus::{
        bls_aggregate::Certificate,
        system_state_inner::{self as state, EventBlobReport},
    },
    value::Lease,
};

mod pools;

pub(super) const BODIES: &[(&str, NativeFn)] = &[
    ("invalidate_blob_id", invalidate_blob_id),
    ("certify_event_blob", certify_event_blob),
    ("reserve_space", reserve_space),
    ("reserve_space_for_epochs", reserve_space_for_epochs),
    ("register_blob", register_blob),
    ("certify_blob", certify_blob),
    ("delete_blob", delete_blob),
    ("extend_blob_with_resource", extend_blob_with_resource),
    ("extend_blob", extend_blob),
    ("create_storage_pool", pools::create),
    (
        "create_storage_pool_with_storage",
        pools::create_with_storage,
    ),
    ("register_pooled_blob", pools::register_blob),
    ("delete_pooled_blob", pools::delete_blob),
    ("burn_expired_pooled_blob", pools::burn_expired_blob),
    ("extend_storage_pool", pools::extend),
    ("increase_storage_pool_capacity", pools::increase_capacity),
    (
        "increase_storage_pool_capacity_with_storage",
        pools::increase_capacity_with_storage,
    ),
    (
        "decrease_storage_pool_capacity_by_size",
        pools::decrease_capacity_by_size,
    ),
    (
        "decrease_storage_pool_unused_capacity_by_percent",
        pools::decrease_unused_capacity_by_percent,
    ),
    ("certify_pooled_blob", pools::certify_blob),
    ("add_subsidy", add_subsidy),
    ("add_per_epoch_subsidies", add_per_epoch_subsidies),
    ("update_protocol_version", update_protocol_version),
    ("register_deny_list_update", register_deny_list_update),
    ("update_deny_list", update_deny_list),
    ("delete_deny_listed_blob", delete_deny_listed_blob),
    ("epoch", epoch),
    ("total_capacity_size", total_capacity_size),
    ("used_capacity_size", used_capacity_size),
    ("n_shards", n_shards),
    ("version", version),
];

/// The content of the system object in the first argument.
fn inner(call: &mut Call<'_, '_>) -> Result<std::sync::Arc<SystemStateInnerV1>, Failure> {
    super::inner(call.rt, &*call.args.read(0)?)
}

/// As [`inner`], for changing.
fn inner_mut(call: &mut Call<'_, '_>) -> Result<Lease<SystemStateInnerV1>, Failure> {
    super::inner_mut(call.rt, &*call.args.read(0)?)
}

/// The three arguments from the `first` on in which every function takes a certificate.
struct CertificateArgs {
    signature: Vec<u8>,
    bitmap: Vec<u8>,
    message: Vec<u8>,
}

impl CertificateArgs {
    fn take(call: &Call<'_, '_>, first: usize) -> Result<Self, Failure> {
        Ok(Self {
            signature: call.args.take(first)?,
            bitmap: call.args.take(first + 1)?,
            message: call.args.take(first + 2)?,
        })
    }

    fn get(&self) -> Certificate<'_> {
        Certificate {
            signature: &self.signature,
            signers_bitmap: &self.bitmap,
            message: &self.message,
        }
    }
}

fn invalidate_blob_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let certificate = CertificateArgs::take(call, 1)?;
    let inner = inner(call)?;
    let blob_id = state::invalidate_blob_id(call.rt, &inner, &certificate.get())?;
    call.ret(blob_id);
    Ok(())
}

fn certify_event_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let report = EventBlobReport {
        registration: Registration {
            blob_id: args.take(2)?,
            root_hash: args.take(3)?,
            size: args.take(4)?,
            encoding_type: args.take(5)?,
            deletable: false,
        },
        ending_checkpoint: args.take(6)?,
        epoch: args.take(7)?,
    };
    let mut cap = args.update::<StorageNodeCap>(1)?;
    let mut state = inner_mut(call)?;
    state::certify_event_blob(call.rt, &mut state, &mut cap, &report)
}

fn reserve_space(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (bytes, epochs) = (call.args.take(1)?, call.args.take(2)?);
    let (system, mut payment) = (call.args.read(0)?, call.args.update(3)?);
    let storage = super::reserve_space(call.rt, &system, bytes, epochs, &mut payment)?;
    call.ret(storage);
    Ok(())
}

fn reserve_space_for_epochs(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let args = &call.args;
    let (bytes, start, end) = (args.take(1)?, args.take(2)?, args.take(3)?);
    let mut payment = args.update(4)?;
    let mut state = inner_mut(call)?;
    let storage =
        state::reserve_space_for_epochs(call.rt, &mut state, bytes, start, end, &mut payment)?;
    call.ret(storage);
    Ok(())
}

fn register_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (storage, registration) = (call.args.take(1)?, Registration::from_args(&call.args, 2)?);
    let (system, mut payment) = (call.args.read(0)?, call.args.update(7)?);
    let blob = super::register_blob(call.rt, &system, storage, &registration, &mut payment)?;
    call.ret(blob);
    Ok(())
}

fn certify_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let certificate = CertificateArgs::take(call, 2)?;
    let mut blob = call.args.update(1)?;
    let inner = inner(call)?;
    state::certify_blob(call.rt, &inner, &mut blob, &certificate.get())
}

fn delete_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let blob = call.args.take(1)?;
    let inner = inner(call)?;
    let storage = state::delete_blob(call.rt, &inner, blob)?;
    call.ret(storage);
    Ok(())
}

fn extend_blob_with_resource(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (mut blob, extension) = (call.args.update(1)?, call.args.take(2)?);
    let inner = inner(call)?;
    state::extend_blob_with_resource(call.rt, &inner, &mut blob, extension)
}

fn extend_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (mut blob, epochs) = (call.args.update(1)?, call.args.take(2)?);
    let (system, mut payment) = (call.args.read(0)?, call.args.update(3)?);
    super::extend_blob(call.rt, &system, &mut blob, epochs, &mut payment)
}

fn add_subsidy(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (subsidy, epochs) = (call.args.take(1)?, call.args.take(2)?);
    super::add_subsidy(call.rt, &*call.args.read(0)?, subsidy, epochs)
}

fn add_per_epoch_subsidies(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let subsidies = call.args.take(1)?;
    super::add_per_epoch_subsidies(call.rt, &*call.args.read(0)?, subsidies)
}

fn update_protocol_version(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let certificate = CertificateArgs::take(call, 2)?;
    let cap = call.args.read(1)?;
    let inner = inner(call)?;
    state::update_protocol_version(call.rt, &inner, &cap, &certificate.get())
}

fn register_deny_list_update(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let (root, sequence_number) = (call.args.take(2)?, call.args.take(3)?);
    let cap = call.args.read(1)?;
    let inner = inner(call)?;
    state::register_deny_list_update(call.rt, &inner, &cap, root, sequence_number)
}

fn update_deny_list(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let certificate = CertificateArgs::take(call, 2)?;
    let mut cap = call.args.update(1)?;
    let inner = inner(call)?;
    state::update_deny_list(call.rt, &inner, &mut cap, &certificate.get())
}

fn delete_deny_listed_blob(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let certificate = CertificateArgs::take(call, 1)?;
    let inner = inner(call)?;
    state::delete_deny_listed_blob(call.rt, &inner, &certificate.get())
}

fn epoch(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = inner(call)?.committee.epoch;
    call.ret(epoch);
    Ok(())
}

fn total_capacity_size(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = inner(call)?.total_capacity_size;
    call.ret(bytes);
    Ok(())
}

fn used_capacity_size(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let bytes = inner(call)?.used_capacity_size;
    call.ret(bytes);
    Ok(())
}

fn n_shards(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let n_shards = inner(call)?.committee.n_shards;
    call.ret(n_shards);
    Ok(())
}

fn version(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let version = call.args.read::<System>(0)?.version;
    call.ret(version);
    Ok(())
}

/// Storage that must not be empty.
fn extracted<T>(storage: Option<T>, function: &'static str) -> Result<T, Failure> {
    storage.ok_or_else(|| MODULE.abort(function, E_ZERO_EXTRACT_SIZE))
}
