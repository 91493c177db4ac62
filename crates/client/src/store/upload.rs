//! Bringing a blob to the nodes.

use std::sync::Arc;

use bytes::Bytes;
use floe_api::{
    Reason, Stored, UploadOutcome,
    query::{ConfirmationQuery, UploadQuery},
};
use floe_contracts::ShardMap;
use floe_core::{
    Axis, BlobId, SliverPairIndex,
    certificate::Certificate,
    messages::{BlobPersistence, SignedMessage},
};
use floe_env::Lane;
use floe_node_client::{Moved, NodeClient, NodeError, SliverBodyError, sliver_body};
use floe_protocol::{
    Failure, Fault, Ticket, Upload, UploadAction, UploadError, UploadOptions, UploadPhase, Uploaded,
};
use tokio::sync::oneshot;

use super::encode::Encoded;
use crate::{
    client::Client,
    drive::{Next, Requests, now},
    error::{ClientError, named},
    nodes::{Members, failure},
    progress::{Phase, Progress},
};

/// Slivers smaller than this are copied where the caller runs.
const INLINE_BYTES_MAX: usize = 32 << 10;

enum Outcome {
    Metadata(Result<UploadOutcome, NodeError>),
    Status(Result<Stored, NodeError>),
    Sliver(Result<UploadOutcome, Failure>),
    Confirmation(Result<SignedMessage, NodeError>),
}

/// The upload of one blob.
struct Driver {
    client: Client,
    encoded: Encoded,
    members: Members,
    persistence: BlobPersistence,
    machine: Upload,
    requests: Requests<Outcome>,
    progress: Arc<dyn Progress>,
    number: usize,
}

impl Client {
    /// Brings a blob to a committee. Returns as soon as there is a certificate; slower nodes are served
    /// for a while in the background.
    pub(super) async fn upload(
        &self,
        encoded: &Encoded,
        shards: &ShardMap,
        persistence: BlobPersistence,
        number: usize,
        progress: &Arc<dyn Progress>,
    ) -> Result<Certificate, ClientError> {
        let permit = Arc::clone(&self.0.uploads).acquire_owned().await;
        let driver = self.driver(encoded, shards, persistence, number, progress);
        let slivers = shards
            .committee
            .params()
            .slivers_len(encoded.metadata.unencoded_length())?;
        progress.begin(number, Phase::Upload, slivers);
        let (sender, receiver) = oneshot::channel();
        self.spawn_tail(async move {
            driver.run(sender).await;
            drop(permit);
        });
        match receiver.await.map(|outcome| *outcome) {
            Ok(Ok(certificate)) => Ok(certificate),
            Ok(Err(source)) => Err(ClientError::NotConfirmed {
                nodes: named(shards, &source.failures),
                source,
            }),
            Err(_) => Err(ClientError::Argument(
                "the client is being shut down".to_owned(),
            )),
        }
    }

    fn driver(
        &self,
        encoded: &Encoded,
        shards: &ShardMap,
        persistence: BlobPersistence,
        number: usize,
        progress: &Arc<dyn Progress>,
    ) -> Driver {
        let inner = &self.0;
        let options = UploadOptions {
            in_flight_bytes_max: inner.config.in_flight_bytes_max(),
            seed: inner.env.rng.u64(),
            ..inner.config.upload.clone()
        };
        let machine = Upload::new(
            Arc::clone(&shards.committee),
            *encoded.metadata.blob_id(),
            encoded.metadata.symbol_size(),
            persistence,
            options,
            now(&*inner.env.clock),
        );
        Driver {
            client: self.clone(),
            encoded: encoded.clone(),
            members: self.members(shards),
            persistence,
            machine,
            requests: Requests::new(Arc::clone(&inner.env.clock)),
            progress: Arc::clone(progress),
            number,
        }
    }
}

impl Driver {
    async fn run(mut self, sender: oneshot::Sender<Box<Result<Certificate, UploadError>>>) {
        let mut sender = Some(sender);
        loop {
            while let Some((ticket, action)) = self.machine.poll(self.requests.now()) {
                self.start(ticket, action);
            }
            if sender.is_some()
                && let Some(certificate) = self.machine.certificate()
            {
                let sent = sender
                    .take()
                    .map(|sender| sender.send(Box::new(Ok(certificate))));
                if let Some(Err(_)) = sent {
                    return;
                }
                self.progress.begin(self.number, Phase::Tail, 0);
            }
            match self.machine.phase(self.requests.now()) {
                UploadPhase::Uploading | UploadPhase::Tail => {}
                UploadPhase::Done => return,
                UploadPhase::Failed => {
                    let error = Box::new(Err(self.machine.error()));
                    let _ = sender.take().map(|sender| sender.send(error));
                    return;
                }
            }
            let deadline = self.machine.next_deadline(self.requests.now());
            let next = match &mut sender {
                None => self.requests.next(deadline).await,
                // Nobody waits for the certificate any more: there is nothing to do.
                Some(sender) => tokio::select! {
                    biased;
                    next = self.requests.next(deadline) => next,
                    () = sender.closed() => return,
                },
            };
            self.handle(next);
        }
    }

    fn handle(&mut self, next: Next<Outcome>) {
        let now = self.requests.now();
        let machine = &mut self.machine;
        let (ticket, outcome) = match next {
            Next::Deadline(alive) => {
                alive
                    .into_iter()
                    .for_each(|ticket| machine.on_alive(now, ticket));
                return;
            }
            Next::Done(ticket, outcome) => (ticket, outcome),
        };
        match outcome {
            Outcome::Metadata(Ok(UploadOutcome::AlreadyStored)) => {
                machine.on_metadata(now, ticket, Uploaded::Before);
            }
            Outcome::Metadata(Ok(_)) => machine.on_metadata(now, ticket, Uploaded::New),
            Outcome::Status(Ok(stored)) => {
                machine.on_sliver_status(now, ticket, stored == Stored::Stored);
            }
            Outcome::Sliver(Ok(_)) => {
                machine.on_sliver(now, ticket);
                let done = machine.acknowledged_bytes();
                self.progress.done(self.number, Phase::Upload, done);
            }
            Outcome::Confirmation(Ok(signed)) => machine.on_confirmation(now, ticket, &signed),
            Outcome::Confirmation(Err(error)) if error.reason() == Some(Reason::MissingSlivers) => {
                machine.on_missing_slivers(now, ticket);
            }
            Outcome::Sliver(Err(failure)) => machine.on_failure(now, ticket, failure),
            Outcome::Metadata(Err(error))
            | Outcome::Status(Err(error))
            | Outcome::Confirmation(Err(error)) => machine.on_failure(now, ticket, failure(&error)),
        }
    }

    fn start(&mut self, ticket: Ticket, action: UploadAction) {
        let node = match action {
            UploadAction::Cancel => return self.requests.cancel(ticket),
            UploadAction::PutMetadata(node)
            | UploadAction::CheckSliver(node, ..)
            | UploadAction::PutSliver(node, ..)
            | UploadAction::Confirm(node) => node,
        };
        let client = match self.members.get(node) {
            Ok(client) => client,
            Err(failure) => {
                return self
                    .machine
                    .on_failure(self.requests.now(), ticket, failure);
            }
        };
        let blob_id = *self.encoded.metadata.blob_id();
        let query = UploadQuery::default();
        let moved = Moved::default();
        let client = client.watched(&moved);
        match action {
            UploadAction::PutMetadata(_) => {
                let body = self.encoded.metadata_body.clone();
                self.requests.start(ticket, moved, async move {
                    Outcome::Metadata(client.put_metadata(&blob_id, body, query).await)
                });
            }
            UploadAction::CheckSliver(_, pair, axis) => {
                self.requests.start(ticket, moved, async move {
                    Outcome::Status(client.sliver_status(&blob_id, pair, axis).await)
                });
            }
            UploadAction::PutSliver(_, pair, axis) => {
                let put = put_sliver(&self.client, &self.encoded, client, blob_id, pair, axis);
                self.requests.start(ticket, moved, put);
            }
            UploadAction::Confirm(_) => {
                let persistence = self.persistence;
                self.requests.start(ticket, moved, async move {
                    let query = ConfirmationQuery::default();
                    let signed = client.confirmation(&blob_id, &persistence, query).await;
                    Outcome::Confirmation(signed)
                });
            }
            UploadAction::Cancel => {}
        }
    }
}

/// Reads a sliver and sends it.
fn put_sliver(
    client: &Client,
    encoded: &Encoded,
    node: NodeClient,
    blob_id: BlobId,
    pair: SliverPairIndex,
    axis: Axis,
) -> impl Future<Output = Outcome> + Send + use<> {
    let compute = Arc::clone(&client.0.env.compute);
    let encoded = encoded.clone();
    async move {
        let metadata = &encoded.metadata;
        let small =
            metadata.params().sliver_bytes(axis, metadata.symbol_size()) <= INLINE_BYTES_MAX;
        let body = if small {
            body(&encoded, pair, axis)
        } else {
            let encoded = encoded.clone();
            compute
                .offload(Lane::Io, move || body(&encoded, pair, axis))
                .await
        };
        Outcome::Sliver(match body {
            Ok(body) => {
                let query = UploadQuery::default();
                let put = node.put_sliver(&blob_id, pair, axis, body, query).await;
                put.map_err(|error| failure(&error))
            }
            // Our own disk: it may get better.
            Err(error) => Err(Failure::new(
                Fault::Transient,
                crate::nodes::describe(&error),
            )),
        })
    }
}

fn body(encoded: &Encoded, pair: SliverPairIndex, axis: Axis) -> Result<Bytes, SliverBodyError> {
    let metadata = &encoded.metadata;
    let params = metadata.params();
    let index = params.sliver_of_pair(axis, pair)?;
    let read = |buffer: &mut [u8]| encoded.slivers.read(axis, index, 0, buffer);
    sliver_body(params, metadata.symbol_size(), axis, index, read)
}
