//! What requests are answered with (`docs/spec/node-api.md`), whatever they come over.

mod confirm;
mod parts;
mod proofs;
mod status;
mod symbols;

use std::sync::Arc;

use floe_api::{ApiError, Reason, Status};
use floe_core::{
    Axis, BlobId, IndexOutOfRange, ShardIndex, SliverIndex, SliverPairIndex, VerifiedMetadata,
};
use floe_storage::{ShardState, StoreError};

use crate::shared::{Answer, Shared, store_error};

/// An answer of work on the store.
pub(crate) trait OrAnswer<T> {
    fn or_answer(self) -> Answer<T>;
}

impl<T> OrAnswer<T> for Result<T, StoreError> {
    fn or_answer(self) -> Answer<T> {
        self.map_err(|error| store_error(&error))
    }
}

fn out_of_range(error: &IndexOutOfRange) -> ApiError {
    ApiError::new(Reason::IndexOutOfRange, error)
}

fn not_registered(blob_id: &BlobId) -> ApiError {
    let message = format!("blob {blob_id} is not registered, as far as this node knows");
    ApiError::new(Reason::NotRegistered, message)
}

fn no_sliver(blob_id: &BlobId) -> ApiError {
    let message = format!("the sliver of blob {blob_id} is not stored here");
    ApiError::new(Reason::SliverNotFound, message)
}

/// Metadata that something else needs, and is not there.
fn needs_metadata(blob_id: &BlobId) -> ApiError {
    let message = format!("the metadata of blob {blob_id} is not stored here");
    ApiError::new(Reason::MetadataNotFound, message).with_status(Status::FailedPrecondition)
}

fn not_assigned(shard: ShardIndex) -> ApiError {
    let message = format!("shard {shard} is not held by this node");
    ApiError::new(Reason::ShardNotAssigned, message)
}

impl Shared {
    /// The shard and the sliver index of a pair.
    fn place(
        &self,
        blob_id: &BlobId,
        pair: SliverPairIndex,
        axis: Axis,
    ) -> Answer<(ShardIndex, SliverIndex)> {
        let params = self.params();
        let shard = params.shard_of_pair(blob_id, pair);
        let index = params.sliver_of_pair(axis, pair);
        match (shard, index) {
            (Ok(shard), Ok(index)) => Ok((shard, index)),
            (Err(error), _) | (_, Err(error)) => Err(out_of_range(&error)),
        }
    }

    /// The shard that holds a sliver.
    fn shard_of(&self, blob_id: &BlobId, axis: Axis, index: SliverIndex) -> Answer<ShardIndex> {
        let params = self.params();
        let pair = params.pair_of_sliver(axis, index);
        let shard = pair.and_then(|pair| params.shard_of_pair(blob_id, pair));
        shard.map_err(|error| out_of_range(&error))
    }

    /// Does this node take slivers of the shard?
    fn owns(&self, shard: ShardIndex) -> bool {
        let view = self.view();
        let (_, owned) = view.owned(&self.keys.protocol.public_key());
        owned.contains(&shard)
    }

    /// Does this node serve slivers of the shard? Those of the epoch before are served as well.
    fn holds(&self, shard: ShardIndex) -> bool {
        self.owns(shard) || self.shards.borrow().has(shard)
    }

    /// The shards whose slivers this node serves: those it owns, and those it has just lost.
    fn served(&self) -> Vec<ShardIndex> {
        let (_, mut shards) = self.owned();
        let locked = self.shards.borrow().in_state(ShardState::Locked);
        shards.extend(locked);
        shards.sort_unstable();
        shards.dedup();
        shards
    }

    /// The metadata of a blob that is registered. Blocks.
    fn registered_metadata(&self, blob_id: &BlobId) -> Answer<Option<Arc<VerifiedMetadata>>> {
        if !self.is_registered(blob_id).or_answer()? {
            return Ok(None);
        }
        self.stored_metadata(blob_id).or_answer()
    }
}
