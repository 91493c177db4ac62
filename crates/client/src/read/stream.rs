//! Reading parts of a blob in order.
//!
//! A task fetches the slivers that hold the bytes and hands them over one by one; it works ahead as far
//! as the budget of memory goes. If single slivers can't be had, the whole blob is read into a temporary
//! file (or memory, if it is small), strictly checked if slivers of the other axis are what is wanted.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use bytes::Bytes;
use floe_api::query::DecodingSymbolsQuery;
use floe_contracts::ShardMap;
use floe_core::{Axis, DecodingSymbol, SliverData, SliverIndex, TaggedDecodingSymbol};
use floe_encoding::{BlobOutput, Check};
use floe_env::{Lane, Task};
use floe_node_client::Moved;
use floe_protocol::{Failure, RangeAction, RangeError, RangeFetch, Ticket};
use tokio::sync::mpsc;

use super::{
    OpenBlob,
    whole::{Got, sliver_failure},
};
use crate::{
    compute::{FileBlob, MemoryBlob},
    drive::{Next, Requests},
    error::ClientError,
    nodes::Members,
    progress::NoProgress,
};

/// Bytes of a blob in order. Dropped, the reading ends.
#[derive(Debug)]
pub struct BlobStream {
    pieces: mpsc::Receiver<Result<Bytes, ClientError>>,
    _task: Task,
}

/// Pieces that wait to be taken, besides the slivers being fetched.
const PIECES_MAX: usize = 1;
/// Bytes of a piece when the whole blob had to be read first.
const COPY_BYTES: u64 = 1 << 20;

impl BlobStream {
    pub(super) fn new(blob: &OpenBlob, shards: ShardMap, range: Range<u64>) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        let reader = Reader {
            blob: blob.clone(),
            shards,
            range,
            sender,
        };
        let spawn = &blob.client.0.env.spawn;
        let task = spawn.spawn("client.stream".into(), Box::pin(reader.run()));
        Self {
            pieces,
            _task: task,
        }
    }

    /// The next piece; `None` at the end. Cancellation-safe.
    ///
    /// # Errors
    /// As [`OpenBlob::read_to`]; nothing more comes after an error.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.pieces.recv().await.transpose()
    }
}

struct Reader {
    blob: OpenBlob,
    shards: ShardMap,
    range: Range<u64>,
    sender: mpsc::Sender<Result<Bytes, ClientError>>,
}

impl Reader {
    async fn run(mut self) {
        if let Err(error) = self.read().await {
            let _ = self.sender.send(Err(error)).await;
        }
    }

    async fn read(&mut self) -> Result<(), ClientError> {
        let row_bytes = self.row_bytes();
        if self.range.is_empty() {
            return Ok(());
        }
        let first = self.range.start / row_bytes;
        let last = (self.range.end - 1) / row_bytes;
        let rows = (first..=last).filter_map(|row| u16::try_from(row).ok().map(SliverIndex));
        let mut fetch = Fetch::new(&self.blob, &self.shards, Axis::Primary, rows);
        loop {
            match fetch.next().await {
                Ok(None) => return Ok(()),
                Ok(Some(sliver)) => {
                    if !self.deliver(sliver).await {
                        return Ok(());
                    }
                }
                Err(error) => {
                    tracing::info!(%error, "reading the whole blob instead");
                    break;
                }
            }
        }
        drop(fetch);
        self.read_whole_first().await
    }

    fn row_bytes(&self) -> u64 {
        let params = self.blob.codec.params();
        params.sliver_bytes(Axis::Primary, self.blob.metadata.symbol_size()) as u64
    }

    /// Hands over what is wanted of a row. Says whether somebody still wants more.
    async fn deliver(&mut self, sliver: SliverData) -> bool {
        let row_start = u64::from(sliver.index.get()) * self.row_bytes();
        let row = Bytes::from(sliver.data);
        let from = self.range.start.saturating_sub(row_start);
        let to = (self.range.end - row_start).min(row.len() as u64);
        let [from, to] = [from, to].map(|place| usize::try_from(place).unwrap_or(usize::MAX));
        self.range.start = row_start + row.len() as u64;
        self.sender
            .send(Ok(row.slice(from.min(to)..to)))
            .await
            .is_ok()
    }

    async fn read_whole_first(&mut self) -> Result<(), ClientError> {
        let output = self.blob.read_aside(&self.shards, Check::Default).await?;
        while self.range.start < self.range.end {
            let length = COPY_BYTES.min(self.range.end - self.range.start);
            let (source, offset) = (Arc::clone(&output), self.range.start);
            let read = move || {
                let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
                source
                    .read_at(offset, &mut piece)
                    .map(|()| Bytes::from(piece))
            };
            let piece = self.blob.client.0.env.compute.offload(Lane::Io, read).await;
            let piece = piece.map_err(ClientError::io("read a temporary file"))?;
            self.range.start += length;
            if self.sender.send(Ok(piece)).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl OpenBlob {
    /// Reads the whole blob into a place of its own.
    async fn read_aside(
        &self,
        shards: &ShardMap,
        check: Check,
    ) -> Result<Arc<dyn BlobOutput + Send + Sync>, ClientError> {
        let inner = &self.client.0;
        let length = self.length();
        let small = length <= inner.config.memory_slivers_max();
        let output: Arc<dyn BlobOutput + Send + Sync> = match usize::try_from(length) {
            Ok(length) if small => Arc::new(MemoryBlob::new(length)),
            _ => Arc::new(FileBlob::new(&inner.env, &inner.config, length)?),
        };
        self.read_whole(shards, Arc::clone(&output), check, &NoProgress)
            .await?;
        Ok(output)
    }

    /// Reads the whole blob into a place of its own, and checks that both axes say the same.
    pub(crate) async fn read_strictly_aside(
        &self,
    ) -> Result<Arc<dyn BlobOutput + Send + Sync>, ClientError> {
        let shards = self.shards().await?;
        self.read_aside(&shards, Check::Strict).await
    }

    /// Fetches certain slivers that hold source symbols; nothing if they can't be had one by one.
    pub(crate) async fn read_slivers(
        &self,
        axis: Axis,
        wanted: &[SliverIndex],
    ) -> Result<Option<Vec<SliverData>>, ClientError> {
        let shards = self.shards().await?;
        let slivers = self.read_slivers_of(&shards, axis, wanted).await;
        if let Err(error) = &slivers {
            tracing::info!(%error, "reading the whole blob instead");
        }
        Ok(slivers.ok())
    }

    pub(super) async fn read_slivers_of(
        &self,
        shards: &ShardMap,
        axis: Axis,
        wanted: &[SliverIndex],
    ) -> Result<Vec<SliverData>, RangeError> {
        let mut fetch = Fetch::new(self, shards, axis, wanted.iter().copied());
        let mut slivers = Vec::with_capacity(wanted.len());
        while let Some(sliver) = fetch.next().await? {
            slivers.push(sliver);
        }
        Ok(slivers)
    }
}

enum Outcome {
    Sliver(Got),
    Symbols(Result<Vec<(SliverIndex, Vec<DecodingSymbol>)>, Failure>),
    /// A sliver decoded from symbols, if it is the blob's.
    Recovered(SliverIndex, Option<SliverData>),
}

/// Runs a [`RangeFetch`], and hands over slivers in ascending order.
struct Fetch {
    blob: OpenBlob,
    axis: Axis,
    members: Members,
    machine: RangeFetch,
    requests: Requests<Outcome>,
    recoveries: futures::stream::FuturesUnordered<floe_env::BoxFuture<'static, Outcome>>,
    ready: BTreeMap<SliverIndex, SliverData>,
}

impl Fetch {
    fn new(
        blob: &OpenBlob,
        shards: &ShardMap,
        axis: Axis,
        wanted: impl IntoIterator<Item = SliverIndex>,
    ) -> Self {
        let requests = Requests::new(Arc::clone(&blob.client.0.env.clock));
        let machine = RangeFetch::new(
            Arc::clone(&shards.committee),
            blob.blob_id(),
            axis,
            blob.metadata.symbol_size(),
            wanted,
            blob.client.fetch_options(),
            requests.now(),
        );
        Self {
            blob: blob.clone(),
            axis,
            members: blob.client.members(shards),
            machine,
            requests,
            recoveries: futures::stream::FuturesUnordered::new(),
            ready: BTreeMap::new(),
        }
    }

    /// The next sliver in order; `None` after the last one.
    async fn next(&mut self) -> Result<Option<SliverData>, RangeError> {
        loop {
            let Some((index, is_there)) = self.machine.first() else {
                return Ok(None);
            };
            if is_there && let Some(sliver) = self.ready.remove(&index) {
                self.machine.release();
                return Ok(Some(sliver));
            }
            while let Some((ticket, action)) = self.machine.poll(self.requests.now()) {
                self.start(ticket, action);
            }
            if let Some(error) = self.machine.error(self.requests.now()) {
                return Err(error);
            }
            self.wait().await;
        }
    }

    fn start(&mut self, ticket: Option<Ticket>, action: RangeAction) {
        match (ticket, action) {
            (Some(ticket), RangeAction::Sliver(request)) => match self.members.get(request.node) {
                Err(failure) => {
                    self.machine
                        .on_failure(self.requests.now(), ticket, failure);
                }
                Ok(client) => {
                    let moved = Moved::default();
                    let got = self.blob.get_sliver(client.watched(&moved), request);
                    let request = async move { Outcome::Sliver(got.await) };
                    self.requests.start(ticket, moved, request);
                }
            },
            (Some(ticket), RangeAction::Symbols { node, targets }) => {
                match self.members.get(node) {
                    Err(failure) => {
                        self.machine
                            .on_failure(self.requests.now(), ticket, failure);
                    }
                    Ok(client) => {
                        let query = DecodingSymbolsQuery {
                            target_axis: self.axis,
                            targets,
                        };
                        let metadata = Arc::clone(&self.blob.metadata);
                        let moved = Moved::default();
                        let client = client.watched(&moved);
                        self.requests.start(ticket, moved, async move {
                            let symbols = client.decoding_symbols(&metadata, &query).await;
                            Outcome::Symbols(match symbols {
                                Ok(symbols) => Ok(symbols.into_iter().map(untagged).collect()),
                                Err(error) => Err(sliver_failure(&error)),
                            })
                        });
                    }
                }
            }
            (_, RangeAction::Recover { target, symbols }) => {
                let (blob, axis) = (self.blob.clone(), self.axis);
                let compute = Arc::clone(&blob.client.0.env.compute);
                let recover = move || {
                    let (codec, metadata) = (&blob.codec, &blob.metadata);
                    codec
                        .recover_sliver_unproven(metadata, axis, target, symbols)
                        .ok()
                };
                self.recoveries.push(Box::pin(async move {
                    Outcome::Recovered(target, compute.offload(Lane::Cpu, recover).await)
                }));
            }
            (None, _) => {}
        }
    }

    async fn wait(&mut self) {
        let now = self.requests.now();
        let deadline = self.machine.next_deadline(now);
        let (recoveries, requests) = (&mut self.recoveries, &mut self.requests);
        let next = tokio::select! {
            biased;
            Some(recovered) = futures::StreamExt::next(recoveries) => Err(recovered),
            next = requests.next(deadline) => Ok(next),
        };
        let now = self.requests.now();
        match next {
            Err(Outcome::Recovered(target, sliver)) => {
                if self.machine.on_recovered(target, sliver.is_some())
                    && let Some(sliver) = sliver
                {
                    self.ready.insert(target, sliver);
                }
            }
            Ok(Next::Done(ticket, Outcome::Sliver(Got::Sliver(sliver)))) => {
                if self.machine.on_sliver(now, ticket) {
                    self.ready.insert(sliver.index, sliver);
                }
            }
            Ok(Next::Done(
                ticket,
                Outcome::Sliver(Got::Failed(failure)) | Outcome::Symbols(Err(failure)),
            )) => self.machine.on_failure(now, ticket, failure),
            Ok(Next::Done(ticket, Outcome::Symbols(Ok(symbols)))) => {
                self.machine.on_symbols(now, ticket, symbols);
            }
            Ok(Next::Deadline(alive)) => {
                alive
                    .into_iter()
                    .for_each(|ticket| self.machine.on_alive(now, ticket));
            }
            Err(_) | Ok(Next::Done(_, Outcome::Recovered(..))) => {}
        }
    }
}

fn untagged(
    (target, symbols): (SliverIndex, Vec<TaggedDecodingSymbol>),
) -> (SliverIndex, Vec<DecodingSymbol>) {
    let symbols = symbols.into_iter().map(TaggedDecodingSymbol::into_symbol);
    (target, symbols.collect())
}
