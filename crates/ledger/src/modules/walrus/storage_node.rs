//! `walrus::storage_node`: what a node says of itself, and the right to act for it
//! (`docs/spec/contracts.md` §3.5).

use floe_core::{
    ObjectId,
    onchain::{
        U256,
        framework::{Element, UncompressedG1},
        node::{NodeMetadata, StorageNodeCap, StorageNodeInfo},
    },
};

use super::extended_field;
use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    runtime::Runtime,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "storage_node");
const E_INVALID_NETWORK_PUBLIC_KEY: u64 = 0;
const NETWORK_PUBLIC_KEY_LEN: usize = 33;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("id", id),
        ("node_id", node_id),
        ("last_epoch_sync_done", last_epoch_sync_done),
        ("last_event_blob_attestation", last_event_blob_attestation),
        ("deny_list_root", deny_list_root),
        ("deny_list_sequence", deny_list_sequence),
    ],
);

/// What a node says of itself when it registers.
#[derive(Clone, Debug)]
pub(crate) struct NewNode {
    pub(crate) name: String,
    pub(crate) network_address: String,
    pub(crate) metadata: NodeMetadata,
    pub(crate) network_public_key: Vec<u8>,
}

/// The record of a node; takes a fresh id for its metadata.
///
/// # Errors
/// Aborts with `storage_node` 0 on a network key that has not 33 bytes.
pub(crate) fn new(
    rt: &mut Runtime<'_>,
    node_id: ObjectId,
    node: NewNode,
    public_key: impl FnOnce() -> Result<Element<UncompressedG1>, Failure>,
) -> Result<StorageNodeInfo, Failure> {
    check_network_public_key(&node.network_public_key, "new")?;
    Ok(StorageNodeInfo {
        name: node.name,
        node_id,
        network_address: node.network_address,
        public_key: public_key()?,
        next_epoch_public_key: None,
        network_public_key: node.network_public_key,
        metadata: extended_field::new(rt, node.metadata)?,
    })
}

/// The right to act for a new node; takes a fresh id.
///
/// # Errors
/// Beyond the limit of new objects.
pub(crate) fn new_cap(rt: &mut Runtime<'_>, node_id: ObjectId) -> Result<StorageNodeCap, Failure> {
    Ok(StorageNodeCap {
        id: rt.fresh_id()?.into(),
        node_id,
        last_epoch_sync_done: floe_core::Epoch(0),
        last_event_blob_attestation: None,
        deny_list_root: U256([0; 32]),
        deny_list_sequence: 0,
        deny_list_size: 0,
    })
}

/// Replaces the key of a node's TLS server.
///
/// # Errors
/// As [`new`].
pub(crate) fn set_network_public_key(
    info: &mut StorageNodeInfo,
    key: Vec<u8>,
) -> Result<(), Failure> {
    check_network_public_key(&key, "set_network_public_key")?;
    info.network_public_key = key;
    Ok(())
}

/// The key that a node signs with from the next epoch on.
pub(crate) fn next_epoch_public_key(info: &StorageNodeInfo) -> &Element<UncompressedG1> {
    info.next_epoch_public_key
        .as_ref()
        .unwrap_or(&info.public_key)
}

/// Makes the key of the next epoch that of the current one.
pub(crate) fn rotate_public_key(info: &mut StorageNodeInfo) {
    if let Some(key) = info.next_epoch_public_key.take() {
        info.public_key = key;
    }
}

fn check_network_public_key(key: &[u8], function: &'static str) -> Result<(), Failure> {
    let valid = key.len() == NETWORK_PUBLIC_KEY_LEN;
    MODULE.ensure(valid, function, E_INVALID_NETWORK_PUBLIC_KEY)
}

fn id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<StorageNodeInfo>(0)?.node_id;
    call.ret(id);
    Ok(())
}

fn node_id(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let id = call.args.read::<StorageNodeCap>(0)?.node_id;
    call.ret(id);
    Ok(())
}

fn last_epoch_sync_done(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let epoch = call.args.read::<StorageNodeCap>(0)?.last_epoch_sync_done;
    call.ret(epoch);
    Ok(())
}

fn last_event_blob_attestation(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let cap = call.args.read::<StorageNodeCap>(0)?;
    call.ret(cap.last_event_blob_attestation.clone());
    Ok(())
}

fn deny_list_root(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let cap = call.args.read::<StorageNodeCap>(0)?;
    call.ret(cap.deny_list_root);
    Ok(())
}

fn deny_list_sequence(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let sequence = call.args.read::<StorageNodeCap>(0)?.deny_list_sequence;
    call.ret(sequence);
    Ok(())
}
