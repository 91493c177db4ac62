//! Recovering one blob.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use floe_core::{Axis, BlobId, ShardIndex, SliverIndex, VerifiedMetadata, wire};
use floe_protocol::{FetchError, FetchOptions, MetadataFetch, RecoveryError, Timestamp};
use floe_storage::{Record, RecordKey, RecordKind, StoreError};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::inconsistency;
use super::peers::{Peers, failure};
use super::slivers;
use crate::chain::Members;
use crate::shared::Shared;

/// Why a blob is not complete yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRecovered {
    /// Our store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The store takes or gives nothing now.
    #[error("{0}")]
    NotNow(StoreError),
    /// The disk is full.
    #[error("the disk is full")]
    NoRoom,
    /// Nobody gave the metadata.
    #[error(transparent)]
    Metadata(#[from] FetchError),
    /// Too few gave symbols.
    #[error(transparent)]
    Symbols(#[from] RecoveryError),
    /// The blob turned out to be inconsistent, and is to be marked so.
    #[error("the blob is inconsistent: {0}")]
    Inconsistent(String),
    /// There is no committee.
    #[error("there is no committee to ask")]
    NoCommittee,
}

impl From<StoreError> for NotRecovered {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { .. }
            | StoreError::NearlyFull { .. }
            | StoreError::Unreadable { .. } => Self::NotNow(error),
            _ => Self::Store(error),
        }
    }
}

/// A sliver that is missing.
pub(crate) type Missing = (ShardIndex, Axis, SliverIndex);

/// The options of fetches: nobody waits for this, so that patience is cheaper than bytes.
pub(crate) fn fetch_options(shared: &Shared) -> FetchOptions {
    FetchOptions {
        in_flight_bytes_max: shared.options.recovery.in_flight_bytes,
        patience: Duration::from_secs(2),
        patience_min: Duration::from_secs(1),
        patience_max: Duration::from_secs(10),
        seed: shared.env.rng.u64(),
        ..FetchOptions::default()
    }
}

pub(crate) fn now(shared: &Shared) -> Timestamp {
    Timestamp::new(shared.env.clock.monotonic().since_origin())
}

/// Stores all that is missing of a blob; whether that was anything. Does nothing if it is not certified
/// any more.
pub(crate) async fn recover(peers: Arc<Peers>, blob_id: BlobId) -> Result<bool, NotRecovered> {
    let shared = &peers.shared;
    let info = shared
        .io(move |shared| shared.store.blob_info(&blob_id))
        .await?;
    let Some(info) = info.filter(|info| info.is_certified(shared.epoch())) else {
        return Ok(false);
    };
    let (_, shards) = shared.owned();
    let missing = missing(shared, blob_id, shards).await?;
    if missing.is_empty() {
        return Ok(false);
    }
    if shared.io(|shared| shared.store.is_full()).await {
        // Asking for symbols would be in vain.
        return Err(NotRecovered::NoRoom);
    }
    let since = info.initial_certified_epoch().unwrap_or_default();
    let view = shared.view();
    let members = view
        .members_for_reads(since)
        .ok_or(NotRecovered::NoCommittee)?;
    let metadata = metadata(&peers, members, blob_id).await?;
    let slivers: Vec<Missing> = missing
        .into_iter()
        .filter_map(|key| match key.kind {
            RecordKind::Metadata => None,
            RecordKind::Sliver(shard, axis) => {
                let params = metadata.params();
                let pair = params.pair_of_shard(&blob_id, shard).ok()?;
                Some((shard, axis, params.sliver_of_pair(axis, pair).ok()?))
            }
        })
        .collect();
    for batch in batches(shared, &metadata, slivers) {
        let recovered = slivers::recover(&peers, members, &metadata, batch).await;
        if let Err(slivers::SliversError::Inconsistent(proof)) = recovered {
            let outcome = inconsistency::report(&peers, &metadata, proof).await;
            return Err(NotRecovered::Inconsistent(outcome));
        }
        recovered.map_err(|error| match error {
            slivers::SliversError::Store(error) => error.into(),
            slivers::SliversError::Symbols(error) => NotRecovered::Symbols(error),
            slivers::SliversError::Inconsistent(_) => unreachable!("handled above"),
        })?;
    }
    tracing::debug!(%blob_id, "recovered what was missing of a blob");
    Ok(true)
}

async fn missing(
    shared: &Arc<Shared>,
    blob_id: BlobId,
    shards: Vec<ShardIndex>,
) -> Result<Vec<RecordKey>, StoreError> {
    shared
        .io(move |shared| {
            let keys = Shared::record_keys(&blob_id, &shards);
            shared.missing(keys)
        })
        .await
}

/// Slivers that fit into memory together, at least one.
fn batches(
    shared: &Shared,
    metadata: &VerifiedMetadata,
    slivers: Vec<Missing>,
) -> Vec<Vec<Missing>> {
    let mut batches: Vec<Vec<Missing>> = Vec::new();
    let mut bytes = 0;
    for sliver in slivers {
        let len = metadata
            .params()
            .sliver_bytes(sliver.1, metadata.symbol_size());
        bytes += len;
        match batches.last_mut() {
            Some(batch) if bytes <= shared.options.recovery.batch_bytes => batch.push(sliver),
            _ => {
                batches.push(vec![sliver]);
                bytes = len;
            }
        }
    }
    batches
}

/// The blob's metadata, from the store or from others.
async fn metadata(
    peers: &Arc<Peers>,
    members: &Members,
    blob_id: BlobId,
) -> Result<Arc<VerifiedMetadata>, NotRecovered> {
    let shared = &peers.shared;
    let stored = shared
        .io(move |shared| shared.stored_metadata(&blob_id))
        .await?;
    if let Some(metadata) = stored {
        return Ok(metadata);
    }
    let committee = Arc::clone(&members.committee);
    let (me, _) = shared.owned();
    let mut fetch = MetadataFetch::new(committee, fetch_options(shared), now(shared));
    let mut asked = FuturesUnordered::new();
    let params = shared.params();
    let metadata = loop {
        while let Some((ticket, node)) = fetch.poll(now(shared)) {
            let client = peers.client(members, node);
            let is_me = Some(node) == me;
            asked.push(async move {
                let client = match client {
                    _ if is_me => {
                        let fault = floe_protocol::Fault::Refused;
                        return (ticket, Err(floe_protocol::Failure::new(fault, "this node")));
                    }
                    client => client,
                };
                let answer = match client {
                    Ok(client) => client.metadata(&blob_id, params).await,
                    Err(failure) => return (ticket, Err(failure)),
                };
                (ticket, answer.map_err(|error| failure(&error)))
            });
        }
        if let Some(error) = fetch.error(now(shared)) {
            return Err(error.into());
        }
        let deadline = fetch.next_deadline(now(shared));
        let deadline = floe_env::Moment::new(deadline.since_origin());
        let mut wake = pin!(shared.env.clock.sleep_until(deadline));
        tokio::select! {
            biased;
            Some((ticket, answer)) = asked.next() => match answer {
                Ok(metadata) => break Arc::new(metadata),
                Err(failure) => fetch.on_failure(now(shared), ticket, failure),
            },
            () = &mut wake => {}
        }
    };
    let record = Record {
        key: RecordKey::metadata(blob_id),
        payload: wire::to_bcs(metadata.metadata()).into(),
    };
    shared.store.put(vec![record]).await?;
    shared.metrics.metadata_stored.inc();
    shared.keep_metadata(&metadata);
    Ok(metadata)
}
