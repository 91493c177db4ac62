//! The requests, one method each.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use floe_api::{
    BlobStatus, ConfirmationAnswer, DecodingSymbols, Health, MEDIA_BCS, MEDIA_JSON, Route, Stored,
    Success, UploadOutcome, limits,
    query::{
        ConfirmationQuery, DecodingSymbolsQuery, HealthQuery, RecoverySymbolsQuery,
        SymbolSelection, UploadQuery,
    },
    route,
};
use floe_core::{
    Axis, BlobId, CodeParams, GeneralRecoverySymbol, InconsistencyProof, Sliver, SliverData,
    SliverPairIndex, UnverifiedMetadata, VerifiedMetadata,
    keys::BlsPublicKey,
    messages::{BlobPersistence, SignedMessage, SyncShardResponse},
    wire,
};
use serde::de::DeserializeOwned;

use crate::{
    client::{Answer, Call, NodeClient},
    error::{InvalidAnswer, NodeError},
    sliver::read_sliver,
};

impl NodeClient {
    /// The metadata of a blob, verified against its id.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn metadata(
        &self,
        blob_id: &BlobId,
        params: CodeParams,
    ) -> Result<VerifiedMetadata, NodeError> {
        let max = limits::metadata_bytes_max(params);
        let path = route::metadata(blob_id);
        let answer = self.get_bcs(Route::GetMetadata, path, max).await?;
        let metadata: UnverifiedMetadata = self.bcs(&answer)?;
        if metadata.blob_id != *blob_id {
            return Err(self.invalid(InvalidAnswer::Other("metadata of another blob")));
        }
        metadata.verify(params).map_err(|error| self.invalid(error))
    }

    /// Uploads metadata, as [`metadata_body`](crate::metadata_body) makes it.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn put_metadata(
        &self,
        blob_id: &BlobId,
        body: Bytes,
        query: UploadQuery,
    ) -> Result<UploadOutcome, NodeError> {
        let path = route::metadata(blob_id) + query.to_suffix();
        self.put(Route::PutMetadata, path, body).await
    }

    /// Whether the node has a blob's metadata.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn metadata_status(&self, blob_id: &BlobId) -> Result<Stored, NodeError> {
        let path = route::metadata_status(blob_id);
        self.get_json(Route::MetadataStatus, path).await
    }

    /// A sliver of the blob's shape. Its content is *not* verified yet.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn sliver(
        &self,
        metadata: &VerifiedMetadata,
        pair: SliverPairIndex,
        axis: Axis,
    ) -> Result<SliverData, NodeError> {
        let params = metadata.params();
        let index = params.sliver_of_pair(axis, pair);
        let index = index.map_err(|_| self.invalid(InvalidAnswer::Other("no such pair")))?;
        let max = limits::sliver_bytes(params, axis, metadata.symbol_size());
        let path = route::sliver(metadata.blob_id(), pair, axis);
        let answer = self.get_bcs(Route::GetSliver, path, max).await?;
        read_sliver(answer.body, metadata, axis, index).map_err(|error| self.invalid(error))
    }

    /// Uploads a sliver, as [`sliver_body`](crate::sliver_body) makes it.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn put_sliver(
        &self,
        blob_id: &BlobId,
        pair: SliverPairIndex,
        axis: Axis,
        body: Bytes,
        query: UploadQuery,
    ) -> Result<UploadOutcome, NodeError> {
        let path = route::sliver(blob_id, pair, axis) + query.to_suffix();
        self.put(Route::PutSliver, path, body).await
    }

    /// Whether the node has a sliver.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn sliver_status(
        &self,
        blob_id: &BlobId,
        pair: SliverPairIndex,
        axis: Axis,
    ) -> Result<Stored, NodeError> {
        let path = route::sliver_status(blob_id, pair, axis);
        self.get_json(Route::SliverStatus, path).await
    }

    /// The node's signature that it stores its part of a blob. It is *not* verified yet.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn confirmation(
        &self,
        blob_id: &BlobId,
        persistence: &BlobPersistence,
        query: ConfirmationQuery,
    ) -> Result<SignedMessage, NodeError> {
        let (route, path) = match persistence {
            BlobPersistence::Permanent => {
                (Route::ConfirmPermanent, route::confirm_permanent(blob_id))
            }
            BlobPersistence::Deletable { object_id } => (
                Route::ConfirmDeletable,
                route::confirm_deletable(blob_id, object_id),
            ),
        };
        let answer = self.get_json(route, path + &query.to_suffix()).await?;
        let ConfirmationAnswer::Signed(signed) = answer;
        Ok(signed)
    }

    /// What the node knows about a blob.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn blob_status(&self, blob_id: &BlobId) -> Result<BlobStatus, NodeError> {
        let path = route::blob_status(blob_id);
        self.get_json(Route::BlobStatus, path).await
    }

    /// Symbols with proofs, in no order to be relied upon, no more than were asked for. They are *not*
    /// verified yet.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn recovery_symbols(
        &self,
        metadata: &VerifiedMetadata,
        query: &RecoverySymbolsQuery,
    ) -> Result<Vec<GeneralRecoverySymbol>, NodeError> {
        let params = metadata.params();
        let wanted = match &query.selection {
            SymbolSelection::Ids(ids) => ids.len(),
            SymbolSelection::Target { .. } => params.n_shards().into(),
        };
        let max = limits::recovery_symbols_bytes(params, metadata.symbol_size(), wanted);
        let path = route::recovery_symbols(metadata.blob_id()) + &query.to_suffix();
        let answer = self.get_bcs(Route::RecoverySymbols, path, max).await?;
        let symbols: Vec<GeneralRecoverySymbol> = self.bcs(&answer)?;
        if symbols.len() > wanted {
            return Err(self.invalid(InvalidAnswer::Other("more symbols than asked for")));
        }
        Ok(symbols)
    }

    /// Symbols without proofs for the slivers asked for and no others, all of the right axis. Only the
    /// sliver decoded from them can be verified.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn decoding_symbols(
        &self,
        metadata: &VerifiedMetadata,
        query: &DecodingSymbolsQuery,
    ) -> Result<DecodingSymbols, NodeError> {
        let n_shards = usize::from(metadata.params().n_shards());
        let targets = query.targets.len();
        let max = limits::decoding_symbols_bytes(metadata.symbol_size(), targets, n_shards);
        let path = route::decoding_symbols(metadata.blob_id()) + &query.to_suffix();
        let answer = self.get_bcs(Route::DecodingSymbols, path, max).await?;
        let symbols: DecodingSymbols = self.bcs(&answer)?;
        let right = symbols.iter().all(|(target, symbols)| {
            let axis = query.target_axis;
            query.targets.contains(target)
                && symbols.len() <= n_shards
                && symbols.iter().all(|symbol| symbol.target_axis() == axis)
        });
        if !right {
            return Err(self.invalid(InvalidAnswer::Other("symbols nobody asked for")));
        }
        Ok(symbols)
    }

    /// The node's signature that a blob is inconsistent, given the proof. It is *not* verified yet.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn attest_inconsistency(
        &self,
        blob_id: &BlobId,
        axis: Axis,
        proof: &InconsistencyProof,
    ) -> Result<SignedMessage, NodeError> {
        let path = route::inconsistency_proof(blob_id, axis);
        let call = Call {
            body: wire::to_bcs(proof).into(),
            ..call(
                Route::InconsistencyProof,
                path,
                MEDIA_JSON,
                limits::JSON_BYTES_MAX,
            )
        };
        let answer = self.call(call).await?;
        self.json(&answer)
    }

    /// Slivers of a shard, at most `bytes_max` bytes of them, by ascending blob id. The request is a
    /// signed [`SyncShardRequest`](floe_core::messages::SyncShardRequest); `key` the signer's.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn sync_shard(
        &self,
        request: &SignedMessage,
        key: &BlsPublicKey,
        bytes_max: usize,
    ) -> Result<Vec<(BlobId, Sliver)>, NodeError> {
        let path = route::SYNC_SHARD.to_owned();
        let call = Call {
            body: wire::to_bcs(request).into(),
            authorization: Some(BASE64_STANDARD.encode(key.to_bytes())),
            ..call(Route::SyncShard, path, MEDIA_BCS, bytes_max)
        };
        let answer = self.call(call).await?;
        let SyncShardResponse::V1(slivers) = self.bcs(&answer)?;
        Ok(slivers)
    }

    /// How the node is.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn health(&self, query: HealthQuery) -> Result<Health, NodeError> {
        let path = route::HEALTH.to_owned() + query.to_suffix();
        self.get_json(Route::Health, path).await
    }

    async fn put(
        &self,
        route: Route,
        path: String,
        body: Bytes,
    ) -> Result<UploadOutcome, NodeError> {
        let call = Call {
            body,
            ..call(route, path, MEDIA_JSON, limits::JSON_BYTES_MAX)
        };
        let Answer { status, .. } = self.call(call).await?;
        let outcome = UploadOutcome::from_http_status(status);
        outcome.ok_or_else(|| self.invalid(InvalidAnswer::Status(status)))
    }

    async fn get_bcs(&self, route: Route, path: String, max: usize) -> Result<Answer, NodeError> {
        self.call(call(route, path, MEDIA_BCS, max)).await
    }

    async fn get_json<T: DeserializeOwned>(
        &self,
        route: Route,
        path: String,
    ) -> Result<T, NodeError> {
        let call = call(route, path, MEDIA_JSON, limits::JSON_BYTES_MAX);
        let answer = self.call(call).await?;
        self.json(&answer)
    }

    fn json<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, NodeError> {
        let read = Success::from_json(&answer.body);
        Ok(read.map_err(|error| self.invalid(error))?.data)
    }

    fn bcs<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, NodeError> {
        wire::from_bcs(&answer.body).map_err(|error| self.invalid(error))
    }
}

const fn call(route: Route, path: String, accept: &'static str, answer_bytes_max: usize) -> Call {
    Call {
        route,
        path,
        accept,
        authorization: None,
        body: Bytes::new(),
        answer_bytes_max,
    }
}
