//! Reading a whole blob from enough primary slivers.

use std::sync::Arc;

use floe_contracts::ShardMap;
use floe_core::{Axis, SliverData};
use floe_encoding::{BlobOutput, Check, Options};
use floe_env::Lane;
use floe_node_client::{Moved, NodeClient, NodeError};
use floe_protocol::{Failure, Fault, SliverFetch, SliverRequest};

use super::OpenBlob;
use crate::{
    compute::RowsAndSpares,
    drive::{Next, Requests},
    error::ClientError,
    nodes::failure,
    progress::{Phase, Progress},
};

/// What became of a sliver.
pub(super) enum Got {
    /// It is the blob's.
    Sliver(SliverData),
    Failed(Failure),
}

impl OpenBlob {
    /// Asks a node for a sliver, and verifies it.
    pub(super) fn get_sliver(
        &self,
        client: NodeClient,
        request: SliverRequest,
    ) -> impl Future<Output = Got> + Send + use<> {
        let this = self.clone();
        async move {
            match client
                .sliver(&this.metadata, request.pair, request.axis)
                .await
            {
                Ok(sliver) => this.verify(request.axis, sliver).await,
                Err(error) => Got::Failed(sliver_failure(&error)),
            }
        }
    }

    async fn verify(self, axis: Axis, sliver: SliverData) -> Got {
        let compute = Arc::clone(&self.client.0.env.compute);
        let verify = move || {
            let verified = self.client.with_verifier(&self.codec, |verifier| {
                verifier.verify(&self.metadata, axis, &sliver)
            });
            match verified {
                Ok(()) => Got::Sliver(sliver),
                Err(error) => Got::Failed(Failure::new(Fault::Lied, error.to_string())),
            }
        };
        compute.offload(Lane::Cpu, verify).await
    }

    pub(super) async fn read_whole(
        &self,
        shards: &ShardMap,
        output: Arc<dyn BlobOutput + Send + Sync>,
        check: Check,
        progress: &dyn Progress,
    ) -> Result<(), ClientError> {
        let inner = &self.client.0;
        let axis = Axis::Primary;
        let row_bytes = self
            .codec
            .params()
            .sliver_bytes(axis, self.metadata.symbol_size());
        let slivers =
            RowsAndSpares::new(&inner.env, &inner.config, Arc::clone(&output), row_bytes)?;
        let slivers = Arc::new(slivers);
        let fetch = self.fetch_slivers(shards, &slivers, progress).await?;
        let rows = fetch.needed();
        let all_rows = fetch
            .have()
            .iter()
            .filter(|index| index.as_usize() < rows)
            .count()
            == rows;
        if all_rows && check != Check::Strict {
            // Every row was verified by itself: that is the default check.
            return Ok(());
        }
        progress.begin(0, Phase::Decode, self.length());
        let this = self.clone();
        let memory_bytes = inner.config.memory_bytes / 2;
        let decode = move || {
            let threads = this.client.0.threads.clone();
            let options = Options {
                executor: &threads,
                memory_bytes,
                ..Options::default()
            };
            if all_rows {
                return this.check_strictly(&*output, &options);
            }
            let have: Vec<_> = fetch.have().iter().copied().collect();
            let (metadata, slivers) = (&this.metadata, &*slivers);
            let decoded = this
                .codec
                .decode_to(metadata, axis, &have, slivers, &*output, check, &options);
            decoded.map_err(|error| ClientError::decode(this.blob_id(), error))
        };
        inner.env.compute.offload(Lane::Cpu, decode).await?;
        progress.done(0, Phase::Decode, self.length());
        Ok(())
    }

    fn check_strictly(
        &self,
        output: &(dyn BlobOutput + Send + Sync),
        options: &Options<'_>,
    ) -> Result<(), ClientError> {
        let again = self.codec.metadata(output, options)?;
        if again.blob_id() == self.metadata.blob_id() {
            return Ok(());
        }
        let (expected, got) = (self.blob_id(), *again.blob_id());
        let error = floe_encoding::DecodeError::InconsistentBlob { expected, got };
        Err(ClientError::decode(expected, error))
    }

    /// Fetches enough slivers, and keeps them.
    async fn fetch_slivers(
        &self,
        shards: &ShardMap,
        slivers: &Arc<RowsAndSpares>,
        progress: &dyn Progress,
    ) -> Result<SliverFetch, ClientError> {
        let env = &self.client.0.env;
        let mut requests = Requests::new(Arc::clone(&env.clock));
        let mut fetch = SliverFetch::new(
            Arc::clone(&shards.committee),
            self.metadata.blob_id(),
            Axis::Primary,
            self.metadata.symbol_size(),
            [],
            self.client.fetch_options(),
            requests.now(),
        );
        let members = self.client.members(shards);
        let rows = fetch.needed();
        progress.begin(0, Phase::Fetch, rows as u64);
        while !fetch.is_done() {
            while let Some((ticket, request)) = fetch.poll(requests.now()) {
                match members.get(request.node) {
                    Err(failure) => fetch.on_failure(requests.now(), ticket, failure),
                    Ok(client) => {
                        let moved = Moved::default();
                        let request = self.get_sliver(client.watched(&moved), request);
                        // Kept as part of the request: meanwhile others go on.
                        let (this, slivers) = (self.clone(), Arc::clone(slivers));
                        let kept = async move {
                            match request.await {
                                Got::Sliver(sliver) => this.keep(slivers, rows, sliver).await,
                                Got::Failed(failure) => Ok(Err(failure)),
                            }
                        };
                        requests.start(ticket, moved, kept);
                    }
                }
            }
            if let Some(error) = fetch.error(requests.now()) {
                return Err(ClientError::fetch(self.blob_id(), shards, error));
            }
            match requests.next(fetch.next_deadline(requests.now())).await {
                Next::Done(ticket, kept) => match kept? {
                    Err(failure) => fetch.on_failure(requests.now(), ticket, failure),
                    Ok(()) => {
                        fetch.on_sliver(requests.now(), ticket);
                        progress.done(0, Phase::Fetch, fetch.have().len() as u64);
                    }
                },
                Next::Deadline(alive) => {
                    alive
                        .into_iter()
                        .for_each(|ticket| fetch.on_alive(requests.now(), ticket));
                }
            }
        }
        Ok(fetch)
    }

    /// Puts a sliver where it belongs. Twice the same one does no harm.
    async fn keep(
        self,
        slivers: Arc<RowsAndSpares>,
        rows: usize,
        sliver: SliverData,
    ) -> Result<Result<(), Failure>, ClientError> {
        let index = sliver.index;
        let keep = move || {
            if index.as_usize() < rows {
                slivers.put_row(index, &sliver.data)
            } else {
                slivers.put_spare(index, sliver.data)
            }
        };
        let kept = self.client.0.env.compute.offload(Lane::Io, keep).await;
        kept.map(Ok).map_err(|source| match source.kind() {
            std::io::ErrorKind::InvalidData => {
                let error = floe_encoding::DecodeError::InconsistentSliver { index };
                ClientError::decode(self.blob_id(), error)
            }
            _ => ClientError::Io {
                what: "keep what was read of the blob",
                source,
            },
        })
    }
}

/// What an error means when a sliver was asked for.
pub(super) fn sliver_failure(error: &NodeError) -> Failure {
    let mut failure = failure(error);
    if failure.fault == Fault::OtherEpoch {
        failure.fault = Fault::Refused;
    }
    failure
}
