//! Metadata and slivers, coming and going (`docs/spec/node-api.md` §4, §5).

use std::sync::Arc;

use bytes::Bytes;
use floe_api::{ApiError, Reason, Stored, UploadOutcome};
use floe_core::{
    Axis, BlobId, BlobMetadata, SliverData, SliverPairIndex, UnverifiedMetadata, wire,
};
use floe_encoding::SliverVerifier;
use floe_storage::{Put, Record, RecordKey};

use super::{OrAnswer as _, needs_metadata, no_sliver, not_assigned, not_registered};
use crate::room::Parcel;
use crate::shared::{Answer, Shared};

/// What becomes of an upload before its content is looked at.
enum Before<T> {
    Done(UploadOutcome),
    Verify(T),
}

const fn accepted(pending: bool) -> UploadOutcome {
    if pending {
        UploadOutcome::Buffered
    } else {
        UploadOutcome::Stored
    }
}

fn undecodable(error: &wire::DecodeError) -> ApiError {
    ApiError::new(Reason::InvalidContentType, error)
}

impl Shared {
    /// The metadata of a blob with its id, in BCS.
    pub(crate) async fn get_metadata(self: &Arc<Self>, blob_id: BlobId) -> Answer<Parcel> {
        let not_found = move || {
            let message = format!("no metadata of blob {blob_id} is stored here");
            ApiError::new(Reason::MetadataNotFound, message)
        };
        let mut parcel = self
            .record(RecordKey::metadata(blob_id), not_found, |_| Ok(()))
            .await?;
        // The id stands in front of what was uploaded.
        parcel.bytes = [blob_id.as_bytes(), &parcel.bytes[..]].concat().into();
        Ok(parcel)
    }

    /// A record of a blob that is registered, read when there is room for it.
    async fn record(
        self: &Arc<Self>,
        key: RecordKey,
        not_found: impl Fn() -> ApiError + Clone + Send + 'static,
        check: impl FnOnce(&Self) -> Answer<()> + Send + 'static,
    ) -> Answer<Parcel> {
        let missing = not_found.clone();
        let len = self.io(move |shared| {
            if !shared.is_registered(&key.blob_id).or_answer()? {
                return Err(missing());
            }
            check(shared)?;
            shared.store.payload_len(&key).or_answer()
        });
        let len = len.await?.ok_or_else(&not_found)?;
        let room = self
            .room(usize::try_from(len).unwrap_or(usize::MAX))
            .await?;
        let bytes = self.io(move |shared| shared.get(&key)).await;
        let bytes = bytes.or_answer()?.ok_or_else(not_found)?;
        Ok(Parcel::new(bytes, room))
    }

    /// Whether the metadata of a blob is stored.
    pub(crate) async fn metadata_status(self: &Arc<Self>, blob_id: BlobId) -> Answer<Stored> {
        let key = RecordKey::metadata(blob_id);
        let is_stored = self.io(move |shared| shared.contains(&key)).await;
        Ok(stored(is_stored.or_answer()?))
    }

    /// Takes the metadata of a blob.
    pub(crate) async fn put_metadata(
        self: &Arc<Self>,
        blob_id: BlobId,
        pending: bool,
        body: Bytes,
    ) -> Answer<UploadOutcome> {
        let metadata: BlobMetadata = wire::from_bcs(&body).map_err(|error| undecodable(&error))?;
        let key = RecordKey::metadata(blob_id);
        let before = self.io(move |shared| {
            let info = shared.store.blob_info(&blob_id).or_answer()?;
            if info.is_some_and(|info| info.is_invalid()) {
                let message = format!("blob {blob_id} was found to be inconsistent");
                return Err(ApiError::new(Reason::InvalidBlob, message));
            }
            let is_stored = shared.contains(&key).or_answer()?;
            Ok(if is_stored {
                Before::Done(UploadOutcome::AlreadyStored)
            } else {
                Before::Verify(metadata)
            })
        });
        let metadata = match before.await? {
            Before::Done(outcome) => return Ok(outcome),
            Before::Verify(metadata) => metadata,
        };
        let verify = move |shared: &Self| {
            let unverified = UnverifiedMetadata { blob_id, metadata };
            unverified.verify(shared.params())
        };
        let verified = self.cpu(verify).await;
        let verified = verified.map_err(|error| ApiError::new(Reason::InvalidMetadata, error))?;
        if !self.await_registration(blob_id, pending).await? {
            return Err(if pending {
                let message = "this node keeps nothing of blobs that are not registered";
                ApiError::new(Reason::CacheSaturated, message)
            } else {
                not_registered(&blob_id)
            });
        }
        match self.put_one(key, body).await? {
            Put::Stored => {
                self.keep_metadata(&Arc::new(verified));
                self.metrics.metadata_stored.inc();
                Ok(accepted(pending))
            }
            Put::AlreadyStored => Ok(UploadOutcome::AlreadyStored),
            Put::NotRegistered => Err(not_registered(&blob_id)),
        }
    }

    /// A sliver, in BCS.
    pub(crate) async fn get_sliver(
        self: &Arc<Self>,
        blob_id: BlobId,
        pair: SliverPairIndex,
        axis: Axis,
    ) -> Answer<Parcel> {
        let (shard, _) = self.place(&blob_id, pair, axis)?;
        let is_held = move |shared: &Self| match shared.holds(shard) {
            true => Ok(()),
            false => Err(not_assigned(shard)),
        };
        let key = RecordKey::sliver(shard, axis, blob_id);
        self.record(key, move || no_sliver(&blob_id), is_held).await
    }

    /// Whether a sliver is stored.
    pub(crate) async fn sliver_status(
        self: &Arc<Self>,
        blob_id: BlobId,
        pair: SliverPairIndex,
        axis: Axis,
    ) -> Answer<Stored> {
        let (shard, _) = self.place(&blob_id, pair, axis)?;
        if !self.holds(shard) {
            return Err(not_assigned(shard));
        }
        let key = RecordKey::sliver(shard, axis, blob_id);
        let is_stored = self.io(move |shared| shared.contains(&key)).await;
        Ok(stored(is_stored.or_answer()?))
    }

    /// Takes a sliver.
    pub(crate) async fn put_sliver(
        self: &Arc<Self>,
        blob_id: BlobId,
        pair: SliverPairIndex,
        axis: Axis,
        pending: bool,
        body: Bytes,
    ) -> Answer<UploadOutcome> {
        let sliver: SliverData = wire::from_bcs(&body).map_err(|error| undecodable(&error))?;
        let (shard, expected) = self.place(&blob_id, pair, axis)?;
        if sliver.index != expected {
            let got = sliver.index;
            let message = format!("pair {pair} has {axis} sliver {expected}, got sliver {got}");
            return Err(ApiError::new(Reason::SliverIndexMismatch, message));
        }
        let key = RecordKey::sliver(shard, axis, blob_id);
        let before = self.io(move |shared| {
            let Some(metadata) = shared.stored_metadata(&blob_id).or_answer()? else {
                let registered = pending || shared.is_registered(&blob_id).or_answer()?;
                return Err(if registered {
                    needs_metadata(&blob_id)
                } else {
                    not_registered(&blob_id)
                });
            };
            if !shared.owns(shard) {
                return Err(not_assigned(shard));
            }
            let is_stored = shared.contains(&key).or_answer()?;
            Ok(if is_stored {
                Before::Done(UploadOutcome::AlreadyStored)
            } else {
                Before::Verify(metadata)
            })
        });
        let metadata = match before.await? {
            Before::Done(outcome) => return Ok(outcome),
            Before::Verify(metadata) => metadata,
        };
        let verified = self
            .cpu(move |shared| SliverVerifier::new(&shared.codec).verify(&metadata, axis, &sliver));
        let verified = verified.await;
        verified.map_err(|error| ApiError::new(Reason::InvalidSliver, error))?;
        match self.put_one(key, body).await? {
            Put::Stored => {
                self.metrics.slivers_stored.inc();
                Ok(accepted(pending))
            }
            Put::AlreadyStored => Ok(UploadOutcome::AlreadyStored),
            Put::NotRegistered => Err(not_registered(&blob_id)),
        }
    }

    async fn put_one(&self, key: RecordKey, payload: Bytes) -> Answer<Put> {
        let puts = self.store.put(vec![Record { key, payload }]).await;
        let put = puts.or_answer()?.first().copied();
        Ok(put.unwrap_or(Put::NotRegistered))
    }
}

const fn stored(is_stored: bool) -> Stored {
    if is_stored {
        Stored::Stored
    } else {
        Stored::Nonexistent
    }
}
