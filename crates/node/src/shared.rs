//! What the parts of a node share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use floe_api::{ApiError, Reason};
use floe_core::{
    Axis, BlobId, CodeParams, Epoch, MemberIndex, ShardIndex, SliverIndex, UnverifiedMetadata,
    VerifiedMetadata, wire,
};
use floe_encoding::{RecoverySource, RedStuff};
use floe_env::{Env, Lane, Moment, UnixMillis};
use floe_storage::{RecordKey, Store, StoreError};
use tokio::sync::{Notify, Semaphore, watch};

use crate::cache::Cache;
use crate::chain::{Chain, NetworkView};
use crate::config::Options;
use crate::keys::Keys;
use crate::metrics::Metrics;
use crate::room::Rooms;
use crate::seldom::Seldom;
use crate::shards::ShardTable;

/// What the parts of a node share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) options: Options,
    pub(crate) keys: Keys,
    pub(crate) chain: Arc<dyn Chain>,
    pub(crate) store: Store,
    pub(crate) codec: RedStuff,
    pub(crate) metrics: Metrics,
    pub(crate) view: watch::Sender<Arc<NetworkView>>,
    /// Index of the next event: moves when a block has been applied.
    pub(crate) next_event: watch::Sender<u64>,
    /// The latest checkpoint seen.
    pub(crate) checkpoint: AtomicU64,
    /// The chain's time as of the last block, in ms.
    pub(crate) chain_time_ms: AtomicU64,
    /// Something may have to be recovered.
    pub(crate) recovery_wanted: Notify,
    /// Nothing that is known of has to be recovered any more.
    pub(crate) recoveries_done: Notify,
    /// How far the node is with its shards.
    pub(crate) shards: watch::Sender<ShardTable>,
    /// One change of the shards at a time.
    pub(crate) shard_changes: tokio::sync::Mutex<()>,
    /// Room for bodies.
    pub(crate) rooms: Rooms,
    pub(crate) registration_waiters: Semaphore,
    pub(crate) symbol_requests: Semaphore,
    pub(crate) metadata: Cache<BlobId, VerifiedMetadata>,
    pub(crate) sources: Cache<(BlobId, Axis, SliverIndex), RecoverySource>,
    pub(crate) started: Moment,
    /// The full node can't be read: said once in a while.
    pub(crate) chain_trouble: Seldom,
    /// Why the last blob that was tried could not be recovered.
    pub(crate) not_recovered: Mutex<Option<String>>,
}

/// An answer, or an error in the form of the API.
pub(crate) type Answer<T> = Result<T, ApiError>;

impl Shared {
    pub(crate) fn params(&self) -> CodeParams {
        self.codec.params()
    }

    pub(crate) fn view(&self) -> Arc<NetworkView> {
        Arc::clone(&self.view.borrow())
    }

    /// The epoch that everything is judged in: that of the newest committee.
    pub(crate) fn epoch(&self) -> Epoch {
        self.view.borrow().epoch
    }

    pub(crate) fn next_event(&self) -> u64 {
        *self.next_event.borrow()
    }

    /// The chain's time as of the last block.
    pub(crate) fn chain_time(&self) -> UnixMillis {
        UnixMillis(self.chain_time_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn seen_checkpoint(&self, checkpoint: u64) {
        self.checkpoint.fetch_max(checkpoint, Ordering::Relaxed);
    }

    /// This node's place in the committee, and its shards.
    pub(crate) fn owned(&self) -> (Option<MemberIndex>, Vec<ShardIndex>) {
        let view = self.view();
        let (index, shards) = view.owned(&self.keys.protocol.public_key());
        (index, shards.to_vec())
    }

    /// The keys of all slivers of a blob in these shards.
    pub(crate) fn sliver_keys(
        blob_id: &BlobId,
        shards: &[ShardIndex],
    ) -> impl Iterator<Item = RecordKey> {
        let keys = |shard: &ShardIndex| {
            let shard = *shard;
            Axis::BOTH.map(|axis| RecordKey::sliver(shard, axis, *blob_id))
        };
        shards.iter().flat_map(keys)
    }

    /// The keys of all that a node with these shards stores of a blob.
    pub(crate) fn record_keys(
        blob_id: &BlobId,
        shards: &[ShardIndex],
    ) -> impl Iterator<Item = RecordKey> {
        let slivers = Self::sliver_keys(blob_id, shards);
        std::iter::once(RecordKey::metadata(*blob_id)).chain(slivers)
    }

    /// Runs `work` where waiting for the disk is allowed.
    pub(crate) fn io<T, F>(self: &Arc<Self>, work: F) -> impl Future<Output = T> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> T + Send + 'static,
    {
        self.offload(Lane::Io, work)
    }

    /// Runs `work` where computing is allowed.
    pub(crate) fn cpu<T, F>(self: &Arc<Self>, work: F) -> impl Future<Output = T> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> T + Send + 'static,
    {
        self.offload(Lane::Cpu, work)
    }

    fn offload<T, F>(
        self: &Arc<Self>,
        lane: Lane,
        work: F,
    ) -> impl Future<Output = T> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> T + Send + 'static,
    {
        let shared = Arc::clone(self);
        self.env.compute.offload(lane, move || work(&shared))
    }

    /// Is the blob registered now? Blocks.
    pub(crate) fn is_registered(&self, blob_id: &BlobId) -> Result<bool, StoreError> {
        let info = self.store.blob_info(blob_id)?;
        Ok(info.is_some_and(|info| info.is_registered(self.epoch())))
    }

    /// The metadata of a blob, if it is stored. Blocks.
    pub(crate) fn stored_metadata(
        &self,
        blob_id: &BlobId,
    ) -> Result<Option<Arc<VerifiedMetadata>>, StoreError> {
        let key = RecordKey::metadata(*blob_id);
        if !self.contains(&key)? {
            return Ok(None);
        }
        if let Some(metadata) = self.metadata.get(blob_id) {
            return Ok(Some(metadata));
        }
        let Some(bytes) = self.get(&key)? else {
            return Ok(None);
        };
        let parsed = wire::from_bcs(&bytes).ok().and_then(|metadata| {
            let blob_id = *blob_id;
            let unverified = UnverifiedMetadata { blob_id, metadata };
            unverified.verify(self.params()).ok()
        });
        let Some(metadata) = parsed else {
            // It was verified before it was stored; what is there now is of another network.
            tracing::error!(%blob_id, "stored metadata does not fit the network");
            return Ok(None);
        };
        let metadata = Arc::new(metadata);
        self.keep_metadata(&metadata);
        Ok(Some(metadata))
    }

    pub(crate) fn keep_metadata(&self, metadata: &Arc<VerifiedMetadata>) {
        let bytes = floe_api::limits::metadata_bytes_max(self.params());
        self.metadata
            .insert(*metadata.blob_id(), Arc::clone(metadata), bytes);
    }

    /// A record; one that is damaged counts as missing. Blocks.
    pub(crate) fn get(&self, key: &RecordKey) -> Result<Option<bytes::Bytes>, StoreError> {
        self.unless_damaged(self.store.get(key))
    }

    /// Whether a record is there, and where it should be; one that can't be read counts as missing
    /// (`docs/spec/node-api.md` §6). Blocks.
    pub(crate) fn contains(&self, key: &RecordKey) -> Result<bool, StoreError> {
        match self.store.contains(key) {
            Err(StoreError::Unreadable { .. }) => {
                self.recovery_wanted.notify_one();
                Ok(false)
            }
            found => self.unless_damaged(found),
        }
    }

    /// Those of `keys` whose records are not there, or not where they should be. Blocks.
    pub(crate) fn missing(
        &self,
        keys: impl IntoIterator<Item = RecordKey>,
    ) -> Result<Vec<RecordKey>, StoreError> {
        let mut missing = Vec::new();
        for key in keys {
            if !self.contains(&key)? {
                missing.push(key);
            }
        }
        Ok(missing)
    }

    /// Nothing, and a recovery, in place of something damaged: the store has dropped it.
    fn unless_damaged<T: Default>(&self, found: Result<T, StoreError>) -> Result<T, StoreError> {
        match found {
            Err(StoreError::Corrupt { .. }) => {
                self.recovery_wanted.notify_one();
                Ok(T::default())
            }
            Err(error @ StoreError::Unreadable { .. }) => {
                // Nothing is said about whether it is here.
                self.recovery_wanted.notify_one();
                Err(error)
            }
            other => other,
        }
    }
}

/// Failures of the store that were logged, or would have been.
static FAILURES: AtomicU64 = AtomicU64::new(0);

/// What the public is told of a failure of the store; the log has the rest.
///
/// A full disk, records that can't be read and a store that refuses to write are told of where they are
/// noticed, once and not with each request.
pub(crate) fn store_error(error: &StoreError) -> ApiError {
    match error {
        StoreError::Busy { .. } | StoreError::NearlyFull { .. } => {
            tracing::debug!(%error, "refusing to store");
            ApiError::new(Reason::Unavailable, "the node can't store more now")
        }
        StoreError::Poisoned { .. } | StoreError::Closed => {
            tracing::debug!(%error, "refusing to store");
            ApiError::new(Reason::Unavailable, "the node can't store anything now")
        }
        StoreError::Unreadable { .. } => {
            tracing::debug!(%error, "failing to read");
            ApiError::internal(None)
        }
        _ => {
            let failures = FAILURES.fetch_add(1, Ordering::Relaxed) + 1;
            // As many as there may be, the log has a few lines of them.
            if failures.is_power_of_two() {
                tracing::error!(%error, failures, "the store failed");
            }
            ApiError::internal(None)
        }
    }
}
