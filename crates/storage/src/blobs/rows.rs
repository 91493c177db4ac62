//! What is known of single objects.

use floe_core::{BlobId, Epoch, EventId, ObjectId};
use serde::{Deserialize, Serialize};

/// A blob object that has not been deleted, and has not been collected since it expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectInfo {
    /// The blob.
    pub blob_id: BlobId,
    /// When it was registered.
    pub registered_epoch: Epoch,
    /// When it was certified.
    pub certified_epoch: Option<Epoch>,
    /// The first epoch it is not paid for.
    pub end_epoch: Epoch,
    /// Can it be deleted?
    pub deletable: bool,
    /// The last event about it.
    pub event: EventId,
}

impl ObjectInfo {
    /// Is it paid for in `epoch`?
    #[must_use]
    pub const fn is_registered(&self, epoch: Epoch) -> bool {
        self.end_epoch.0 > epoch.0
    }
}

/// A blob object in a storage pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PooledObject {
    /// The blob.
    pub blob_id: BlobId,
    /// When it was registered.
    pub registered_epoch: Epoch,
    /// When it was certified.
    pub certified_epoch: Option<Epoch>,
    /// The pool.
    pub pool_id: ObjectId,
    /// The last event about it.
    pub event: EventId,
}

/// How long a storage pool is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolLifetime {
    /// The first epoch.
    pub start_epoch: Epoch,
    /// The first epoch it is not paid for.
    pub end_epoch: Epoch,
}
