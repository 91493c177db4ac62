//! `walrus::event_blob`: which event blobs nodes agree on (`docs/spec/contracts.md` §4.10).

use floe_core::onchain::{
    framework::VecMap,
    system::{EventBlob, EventBlobCertificationState},
};

use crate::{error::Failure, modules::ModuleRef};

const MODULE: ModuleRef = ModuleRef::new("walrus", "event_blob");
const E_INVALID_SEQUENCE_NUMBER: u64 = 0;

/// No event blobs yet.
pub fn create_with_empty_state() -> EventBlobCertificationState {
    EventBlobCertificationState {
        latest_certified_blob: None,
        aggregate_weight_per_blob: VecMap::default(),
    }
}

/// The last checkpoint in the latest certified event blob.
pub fn latest_certified_checkpoint(state: &EventBlobCertificationState) -> Option<u64> {
    state
        .latest_certified_blob
        .as_ref()
        .map(|blob| blob.ending_checkpoint_sequence_number)
}

/// Adds a node's weight behind an event blob; all the weight behind it.
///
/// # Errors
/// Arithmetic fault on overflow.
pub fn update_aggregate_weight(
    state: &mut EventBlobCertificationState,
    blob: EventBlob,
    weight: u16,
) -> Result<u16, Failure> {
    let weights = &mut state.aggregate_weight_per_blob;
    let Some(sum) = weights.get_mut(&blob) else {
        weights.contents.push((blob, weight));
        return Ok(weight);
    };
    *sum = sum
        .checked_add(weight)
        .ok_or_else(|| MODULE.arithmetic("update_aggregate_weight"))?;
    Ok(*sum)
}

/// Makes an event blob the latest certified one.
///
/// # Errors
/// Aborts with `event_blob` 0 unless it ends after the one before.
pub fn update_latest_certified_event_blob(
    state: &mut EventBlobCertificationState,
    blob: EventBlob,
) -> Result<(), Failure> {
    let is_later = latest_certified_checkpoint(state)
        .is_none_or(|latest| blob.ending_checkpoint_sequence_number > latest);
    MODULE.ensure(
        is_later,
        "update_latest_certified_event_blob",
        E_INVALID_SEQUENCE_NUMBER,
    )?;
    state.latest_certified_blob = Some(blob);
    Ok(())
}

/// Forgets all event blobs that wait for a quorum.
pub fn reset(state: &mut EventBlobCertificationState) {
    state.aggregate_weight_per_blob = VecMap::default();
}
