//! Attesting that a blob is inconsistent (`docs/spec/node-api.md` §8).

use std::sync::Arc;

use bytes::Bytes;
use floe_api::{ApiError, Reason};
use floe_core::messages::{InvalidBlobId, Message, SignedMessage};
use floe_core::{Axis, BlobId, InconsistencyProof, TaggedInconsistencyProof, wire};

use super::needs_metadata;
use crate::shared::{Answer, Shared};

impl Shared {
    /// Checks a proof that a blob is inconsistent, and signs that it is.
    pub(crate) async fn attest(
        self: &Arc<Self>,
        blob_id: BlobId,
        axis: Axis,
        body: Bytes,
    ) -> Answer<SignedMessage> {
        let proof: InconsistencyProof = wire::from_bcs(&body)
            .map_err(|error| ApiError::new(Reason::InvalidContentType, error))?;
        let proof = match axis {
            Axis::Primary => TaggedInconsistencyProof::Primary(proof),
            Axis::Secondary => TaggedInconsistencyProof::Secondary(proof),
        };
        let metadata = self.io(move |shared| shared.registered_metadata(&blob_id));
        let metadata = metadata.await?.ok_or_else(|| needs_metadata(&blob_id))?;
        self.cpu(move |shared| {
            let verified = shared.codec.verify_inconsistency(&metadata, &proof);
            verified.map_err(|error| ApiError::new(Reason::InvalidProof, error))?;
            Ok(shared.sign_invalid(blob_id))
        })
        .await
    }

    /// Signs that a blob is inconsistent, which has to be known.
    pub(crate) fn sign_invalid(&self, blob_id: BlobId) -> SignedMessage {
        let message = Message::new(self.epoch(), InvalidBlobId { blob_id });
        SignedMessage::sign(&self.keys.protocol, &message)
    }
}
