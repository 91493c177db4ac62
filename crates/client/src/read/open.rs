//! A blob whose metadata is known.

use std::{ops::Range, sync::Arc};

use floe_api::BlobStatus;
use floe_contracts::{NetworkState, ShardMap};
use floe_core::{BlobId, Epoch, VerifiedMetadata};
use floe_encoding::{BlobOutput, Check, RedStuff};
use floe_env::BoxFuture;
use floe_node_client::Moved;
use floe_protocol::MetadataFetch;

use super::stream::BlobStream;
use crate::{
    client::Client,
    compute::MemoryBlob,
    drive::{Next, Requests},
    error::ClientError,
    nodes::failure,
    progress::{NoProgress, Progress},
};

/// A blob that is known to exist: its metadata has been read and verified.
#[derive(Debug, Clone)]
pub struct OpenBlob {
    pub(crate) client: Client,
    pub(crate) codec: RedStuff,
    pub(crate) metadata: Arc<VerifiedMetadata>,
    /// When it was certified, as far as it matters for whom to ask.
    pub(crate) certified: Epoch,
}

impl Client {
    /// Finds a blob.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], [`ClientError::Blocked`], [`ClientError::Invalid`],
    /// [`ClientError::Unavailable`], or others if the chain can't be read.
    pub fn open(&self, blob_id: BlobId) -> BoxFuture<'_, Result<OpenBlob, ClientError>> {
        Box::pin(async move {
            let opened = self
                .across_epochs(|state| self.open_now(state, blob_id))
                .await;
            match opened {
                // It may be more than that: nodes forget what was found invalid.
                Err(ClientError::NotFound { blob_id }) => Err(self.why_not_found(blob_id).await),
                opened => opened,
            }
        })
    }

    async fn why_not_found(&self, blob_id: BlobId) -> ClientError {
        let limit = self.0.config.survey_deadline;
        match self
            .blob_status(blob_id, limit)
            .await
            .map(|report| report.status)
        {
            Ok(BlobStatus::Invalid { event }) => ClientError::Invalid {
                blob_id,
                event: Some(event),
            },
            _ => ClientError::NotFound { blob_id },
        }
    }

    async fn open_now(
        &self,
        state: Arc<NetworkState>,
        blob_id: BlobId,
    ) -> Result<OpenBlob, ClientError> {
        let certified = self.certified_epoch(&state, blob_id).await?;
        let shards = state.committees.for_reads(certified)?;
        let codec = self.codec(&state)?;
        let metadata = self.fetch_metadata(shards, blob_id, &codec).await?;
        Ok(OpenBlob {
            client: self.clone(),
            codec,
            metadata: Arc::new(metadata),
            certified,
        })
    }

    /// The epoch of a blob's certification, if that decides about who has it.
    async fn certified_epoch(
        &self,
        state: &NetworkState,
        blob_id: BlobId,
    ) -> Result<Epoch, ClientError> {
        if !state.committees.is_transitioning() {
            return Ok(state.epoch);
        }
        let limit = self.0.config.survey_deadline;
        let report = self.blob_status(blob_id, limit).await;
        Ok(match report.map(|report| report.status) {
            Ok(BlobStatus::Nonexistent) => return Err(ClientError::NotFound { blob_id }),
            Ok(BlobStatus::Invalid { event }) => {
                let event = Some(event);
                return Err(ClientError::Invalid { blob_id, event });
            }
            Ok(status) => status.initial_certified_epoch().unwrap_or(state.epoch),
            Err(_) => state.epoch,
        })
    }

    pub(super) async fn fetch_metadata(
        &self,
        shards: &ShardMap,
        blob_id: BlobId,
        codec: &RedStuff,
    ) -> Result<VerifiedMetadata, ClientError> {
        let mut requests = Requests::new(Arc::clone(&self.0.env.clock));
        let options = self.fetch_options();
        let committee = Arc::clone(&shards.committee);
        let mut fetch = MetadataFetch::new(committee, options, requests.now());
        let members = self.members(shards);
        let params = codec.params();
        loop {
            while let Some((ticket, node)) = fetch.poll(requests.now()) {
                match members.get(node) {
                    Err(failure) => fetch.on_failure(requests.now(), ticket, failure),
                    Ok(client) => requests.start(ticket, Moved::default(), async move {
                        client.metadata(&blob_id, params).await
                    }),
                }
            }
            if let Some(error) = fetch.error(requests.now()) {
                return Err(ClientError::fetch(blob_id, shards, error));
            }
            match requests.next(fetch.next_deadline(requests.now())).await {
                Next::Done(_, Ok(metadata)) => return Ok(metadata),
                Next::Done(ticket, Err(error)) => {
                    fetch.on_failure(requests.now(), ticket, failure(&error));
                }
                Next::Deadline(_) => {}
            }
        }
    }

    pub(crate) fn fetch_options(&self) -> floe_protocol::FetchOptions {
        floe_protocol::FetchOptions {
            in_flight_bytes_max: self.0.config.in_flight_bytes_max(),
            seed: self.0.env.rng.u64(),
            ..self.0.config.fetch.clone()
        }
    }

    /// Reads a whole blob into memory.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`OpenBlob::read_to`]; [`ClientError::TooLargeForMemory`].
    pub async fn read(&self, blob_id: BlobId, check: Check) -> Result<Vec<u8>, ClientError> {
        self.open(blob_id).await?.read(check).await
    }
}

impl OpenBlob {
    /// The blob's id.
    pub fn blob_id(&self) -> BlobId {
        *self.metadata.blob_id()
    }

    /// The blob's length in bytes.
    pub fn length(&self) -> u64 {
        self.metadata.unencoded_length()
    }

    /// The blob's metadata.
    pub fn metadata(&self) -> &VerifiedMetadata {
        &self.metadata
    }

    /// Who has the blob.
    pub(super) async fn shards(&self) -> Result<ShardMap, ClientError> {
        let state = self.client.0.contracts.state().await?;
        Ok(state.committees.for_reads(self.certified)?.clone())
    }

    /// Reads the whole blob into memory.
    ///
    /// # Errors
    /// As [`read_to`](Self::read_to); [`ClientError::TooLargeForMemory`].
    pub fn read(&self, check: Check) -> BoxFuture<'_, Result<Vec<u8>, ClientError>> {
        Box::pin(async move {
            let (blob_id, length) = (self.blob_id(), self.length());
            let max = self.client.0.config.read_bytes_max;
            let bytes = usize::try_from(length).ok().filter(|_| length <= max);
            let bytes = bytes.ok_or(ClientError::TooLargeForMemory {
                blob_id,
                length,
                max,
            })?;
            let output = Arc::new(MemoryBlob::new(bytes));
            self.read_to(Arc::clone(&output) as _, check, &NoProgress)
                .await?;
            Ok(output.take())
        })
    }

    /// Reads the whole blob to `output`, which has the blob's length. After an error it holds any part
    /// of the blob.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] if too few slivers are to be had, [`ClientError::Inconsistent`] if
    /// the check fails, others if `output` or a temporary file fail.
    pub fn read_to<'a>(
        &'a self,
        output: Arc<dyn BlobOutput + Send + Sync>,
        check: Check,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<(), ClientError>> {
        Box::pin(async move {
            let read = |state: Arc<NetworkState>| {
                let output = Arc::clone(&output);
                async move {
                    let shards = state.committees.for_reads(self.certified)?;
                    self.read_whole(shards, output, check, progress).await
                }
            };
            self.client.across_epochs(read).await
        })
    }

    /// Reads some bytes of the blob. Only those slivers are read that hold them, and each of them is
    /// verified; whether all other bytes are what the writer meant is not.
    ///
    /// # Errors
    /// [`ClientError::Range`], or as [`read_to`](Self::read_to).
    pub fn read_range(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, ClientError>> {
        Box::pin(async move {
            let max = self.client.0.config.read_bytes_max;
            let length = range.end.saturating_sub(range.start);
            let blob_id = self.blob_id();
            if length > max {
                return Err(ClientError::TooLargeForMemory {
                    blob_id,
                    length,
                    max,
                });
            }
            let mut stream = self.stream(range).await?;
            let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
            while let Some(piece) = stream.next().await? {
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        })
    }

    /// Reads some bytes of the blob in order, piece by piece, with memory bounded by the configuration.
    /// Verifies as [`read_range`](Self::read_range) does; for the whole blob that is the default check.
    ///
    /// # Errors
    /// [`ClientError::Range`] if the range is empty (but for an empty blob) or not inside the blob.
    pub fn stream(&self, range: Range<u64>) -> BoxFuture<'_, Result<BlobStream, ClientError>> {
        Box::pin(async move {
            let length = self.length();
            let (start, end) = (range.start, range.end);
            let empty = start == end && length > 0;
            if start > end || end > length || empty {
                return Err(ClientError::Range { start, end, length });
            }
            Ok(BlobStream::new(self, self.shards().await?, range))
        })
    }
}
