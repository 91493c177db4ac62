//! Encoding, once, into memory or a nameless file (`docs/design.md`, D6).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use floe_contracts::NetworkState;
use floe_core::VerifiedMetadata;
use floe_encoding::Options;
use floe_env::Lane;
use floe_node_client::metadata_body;

use super::BlobInput;
use crate::{
    client::Client,
    compute::{SliverPlace, Slivers, slivers},
    error::ClientError,
    progress::{Phase, Progress},
};

/// A blob with all its slivers. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Encoded {
    pub(super) metadata: Arc<VerifiedMetadata>,
    pub(super) metadata_body: Bytes,
    pub(super) slivers: Arc<dyn Slivers>,
}

/// Passes on how far the encoder is.
#[derive(Debug)]
struct Telling {
    progress: Arc<dyn Progress>,
    number: usize,
    length: u64,
    units: AtomicU64,
}

impl floe_encoding::Progress for Telling {
    fn advance(&self, units: u64, total: u64) {
        let units = self.units.fetch_add(units, Ordering::Relaxed) + units;
        let done = u128::from(self.length) * u128::from(units) / u128::from(total.max(1));
        let done = u64::try_from(done).unwrap_or(u64::MAX);
        self.progress.done(self.number, Phase::Encode, done);
    }
}

impl Client {
    pub(super) async fn encode(
        &self,
        state: &NetworkState,
        input: &BlobInput,
        place: SliverPlace,
        number: usize,
        progress: &Arc<dyn Progress>,
    ) -> Result<Encoded, ClientError> {
        let (params, length) = (state.params(), input.source.length());
        let symbol_size = params.symbol_size(length)?;
        let inner = &self.0;
        let slivers = slivers(&inner.env, &inner.config, params, symbol_size, place)?;
        let sink = Arc::clone(&slivers);
        let metadata = self
            .run_encoder(state, input, number, progress, Some(sink))
            .await?;
        Ok(Encoded {
            metadata_body: metadata_body(&metadata),
            metadata: Arc::new(metadata),
            slivers,
        })
    }

    /// The metadata of a blob, without its slivers.
    pub(super) async fn metadata_of(
        &self,
        state: &NetworkState,
        input: &BlobInput,
        number: usize,
        progress: &Arc<dyn Progress>,
    ) -> Result<VerifiedMetadata, ClientError> {
        self.run_encoder(state, input, number, progress, None).await
    }

    async fn run_encoder(
        &self,
        state: &NetworkState,
        input: &BlobInput,
        number: usize,
        progress: &Arc<dyn Progress>,
        sink: Option<Arc<dyn Slivers>>,
    ) -> Result<VerifiedMetadata, ClientError> {
        let codec = self.codec(state)?;
        let source = Arc::clone(&input.source);
        let length = source.length();
        progress.begin(number, Phase::Encode, length);
        let telling = Telling {
            progress: Arc::clone(progress),
            number,
            length,
            units: AtomicU64::new(0),
        };
        let threads = self.0.threads.clone();
        let memory_bytes = self.0.config.memory_bytes / 2;
        let encode = move || {
            let options = Options {
                executor: &threads,
                memory_bytes,
                progress: &telling,
            };
            match sink {
                Some(sink) => codec.encode(&*source, &*sink, &options),
                None => codec.metadata(&*source, &options),
            }
        };
        let metadata = self.0.env.compute.offload(Lane::Cpu, encode).await?;
        progress.done(number, Phase::Encode, length);
        Ok(metadata)
    }
}
