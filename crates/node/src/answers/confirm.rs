//! Confirmations (`docs/spec/node-api.md` §6), and waiting for registrations.

use std::sync::Arc;

use floe_api::{ApiError, Reason};
use floe_core::messages::{BlobPersistence, Message, SignedMessage, StorageConfirmation};
use floe_core::{BlobId, Epoch, ObjectId};

use super::{OrAnswer as _, not_registered};
use crate::shared::{Answer, Shared};

impl Shared {
    /// Signs that the node stores all of a blob that it should.
    ///
    /// Only what is durable is found in the store, so that the signature holds whatever happens.
    pub(crate) async fn confirm(
        self: &Arc<Self>,
        blob_id: BlobId,
        persistence: BlobPersistence,
    ) -> Answer<SignedMessage> {
        let object_id = match &persistence {
            BlobPersistence::Permanent => None,
            BlobPersistence::Deletable { object_id } => Some(*object_id),
        };
        let known = move |shared: &Self| shared.is_confirmable(&blob_id, object_id.as_ref());
        if !self.await_event(known, false).await? {
            return Err(not_registered(&blob_id));
        }
        let view = self.view();
        // Those of the epoch that is signed for, whatever begins meanwhile.
        let (member, shards) = view.owned(&self.keys.protocol.public_key());
        let shards = shards.to_vec();
        if member.is_none() {
            let message = format!(
                "this node is no member of the committee of epoch {}",
                view.epoch
            );
            return Err(ApiError::new(Reason::ShardNotAssigned, message));
        }
        let missing = self.io(move |shared| shared.missing(Self::record_keys(&blob_id, &shards)));
        let missing = missing.await.or_answer()?;
        if let Some(first) = missing.first() {
            let message = format!(
                "{} parts are missing, among them the {first}",
                missing.len()
            );
            return Err(ApiError::new(Reason::MissingSlivers, message));
        }
        let body = StorageConfirmation {
            blob_id,
            persistence,
        };
        let signed = self.sign_confirmation(view.epoch, body).await;
        self.metrics.confirmations.inc();
        Ok(signed)
    }

    async fn sign_confirmation(
        self: &Arc<Self>,
        epoch: Epoch,
        body: StorageConfirmation,
    ) -> SignedMessage {
        self.cpu(move |shared| {
            SignedMessage::sign(&shared.keys.protocol, &Message::new(epoch, body))
        })
        .await
    }

    /// Is the blob registered, and if an object is named, with that one?
    fn is_confirmable(&self, blob_id: &BlobId, object_id: Option<&ObjectId>) -> Answer<bool> {
        if !self.is_registered(blob_id).or_answer()? {
            return Ok(false);
        }
        let Some(object_id) = object_id else {
            return Ok(true);
        };
        let epoch = self.epoch();
        let object = self.store.object(object_id).or_answer()?;
        if let Some(object) = object {
            return Ok(object.blob_id == *blob_id && object.is_registered(epoch));
        }
        let pooled = self.store.pooled_object(object_id).or_answer()?;
        Ok(pooled.is_some_and(|object| object.blob_id == *blob_id))
    }

    /// Waits, if it is to, until the chain has told of a blob's registration. A client that uploads
    /// right after its transaction is ahead of the events by a moment.
    pub(crate) async fn await_registration(
        self: &Arc<Self>,
        blob_id: BlobId,
        at_once: bool,
    ) -> Answer<bool> {
        let known = move |shared: &Self| shared.is_registered(&blob_id).or_answer();
        self.await_event(known, at_once).await
    }

    /// Waits for an event that makes `known` true, for as long as the limits say.
    async fn await_event(
        self: &Arc<Self>,
        known: impl Fn(&Self) -> Answer<bool> + Clone + Send + 'static,
        at_once: bool,
    ) -> Answer<bool> {
        let mut events = self.next_event.subscribe();
        let is_known = self.io(known.clone()).await?;
        if is_known || at_once {
            return Ok(is_known);
        }
        let Ok(_waiting) = self.registration_waiters.try_acquire() else {
            return Ok(false);
        };
        let clock = &*self.env.clock;
        let deadline = clock
            .monotonic()
            .after(self.options.limits.registration_wait());
        let mut expiry = clock.sleep_until(deadline);
        loop {
            tokio::select! {
                biased;
                changed = events.changed() => {
                    if changed.is_err() || self.io(known.clone()).await? {
                        return Ok(changed.is_ok());
                    }
                }
                () = &mut expiry => return Ok(false),
            }
        }
    }
}
