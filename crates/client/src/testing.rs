//! A network of nodes of all kinds in memory, on virtual time.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use floe_api::{
    ApiError, ConfirmationAnswer, DecodingSymbols, MEDIA_BCS, MEDIA_JSON, Reason, Route, Success,
    query::DecodingSymbolsQuery,
};
use floe_contracts::{Chain, Contracts, NetworkConfig, NodeInfo, RpcOptions, ShardMap};
use floe_core::{
    Axis, BlobId, Committee, CommitteeMember, Epoch, ObjectId, ShardIndex, SliverData,
    SliverPairIndex, TaggedDecodingSymbol, VerifiedMetadata,
    keys::BlsSecretKey,
    messages::{BlobPersistence, Message, SignedMessage, StorageConfirmation},
    wire,
};
use floe_encoding::{MemorySlivers, Options, RedStuff, SliverReader as _};
use floe_env::{BoxFuture, Env, Inline, Net, OsDisk, OsRng, Stream, SystemClock, TokioSpawn};
use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc,
};

use crate::{Client, ClientConfig, OpenBlob};

pub(crate) const EPOCH: Epoch = Epoch(3);
const FIRST_PORT: u16 = 1000;

/// How a node behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    /// Takes connections, and says nothing.
    Silent,
    /// Takes no connections.
    Down,
    /// Gives slivers and symbols that look right and are wrong.
    Lying,
    /// Has nothing.
    Empty,
    /// Takes nothing: it has no room.
    Full,
}

/// What a node has: metadata, and slivers by pair and axis.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) metadata: Option<Bytes>,
    pub(crate) slivers: BTreeMap<(u16, Axis), Vec<u8>>,
}

#[derive(Clone)]
struct Node {
    kind: Kind,
    key: BlsSecretKey,
    shards: usize,
    codec: RedStuff,
    stored: Arc<Mutex<Stored>>,
    full: Option<Arc<VerifiedMetadata>>,
}

/// Nodes, and a client of them.
pub(crate) struct Network {
    pub(crate) client: Client,
    pub(crate) codec: RedStuff,
    pub(crate) shards: ShardMap,
    pub(crate) stored: Vec<Arc<Mutex<Stored>>>,
}

#[derive(Debug)]
struct MemoryNet(Vec<Option<mpsc::Sender<DuplexStream>>>);

impl Net for MemoryNet {
    fn connect(&self, _host: &str, port: u16) -> BoxFuture<'static, io::Result<Stream>> {
        let node = self
            .0
            .get(usize::from(port.saturating_sub(FIRST_PORT)))
            .cloned()
            .flatten();
        Box::pin(async move {
            let node = node.ok_or(io::ErrorKind::ConnectionRefused)?;
            let (ours, theirs) = duplex(256 << 10);
            let refused = |_| io::Error::from(io::ErrorKind::ConnectionRefused);
            node.send(theirs).await.map_err(refused)?;
            Ok(Stream::new(ours))
        })
    }
}

/// A blob and its slivers.
pub(crate) fn encoded(codec: &RedStuff, blob: &[u8]) -> (VerifiedMetadata, MemorySlivers) {
    let size = codec.params().symbol_size(blob.len() as u64).unwrap();
    let slivers = MemorySlivers::new(codec.params(), size);
    let metadata = codec
        .encode(&blob.to_vec(), &slivers, &Options::default())
        .unwrap();
    (metadata, slivers)
}

impl Network {
    /// A network of these nodes, with two shards each, whose nodes have `blob` if there is one.
    pub(crate) fn new(kinds: &[Kind], blob: Option<&[u8]>) -> (Self, Option<VerifiedMetadata>) {
        Self::with(kinds, blob, ClientConfig::default())
    }

    pub(crate) fn with(
        kinds: &[Kind],
        blob: Option<&[u8]>,
        config: ClientConfig,
    ) -> (Self, Option<VerifiedMetadata>) {
        let n_shards = u16::try_from(kinds.len() * 2).unwrap();
        let codec = RedStuff::new(n_shards).unwrap();
        let encoded = blob.map(|blob| encoded(&codec, blob));
        let (mut doors, mut members, mut nodes, mut stored) = (vec![], vec![], vec![], vec![]);
        for (i, kind) in (0_u16..).zip(kinds) {
            let key = BlsSecretKey::from_entropy(&[u8::try_from(i + 1).unwrap(); 32]);
            let id = ObjectId::from_suffix(u8::try_from(i + 1).unwrap());
            let shards: Vec<_> = [i, i + n_shards / 2].map(ShardIndex).into();
            let node = Node {
                kind: *kind,
                key: key.clone(),
                shards: shards.len(),
                codec: codec.clone(),
                stored: Arc::default(),
                full: encoded
                    .as_ref()
                    .map(|(metadata, _)| Arc::new(metadata.clone())),
            };
            if let Some((metadata, slivers)) = &encoded {
                node.fill(metadata, slivers, &shards);
            }
            stored.push(Arc::clone(&node.stored));
            doors.push(node.open());
            nodes.push(info(id, FIRST_PORT + i));
            members.push(CommitteeMember {
                node_id: id,
                public_key: key.public_key(),
                shards,
            });
        }
        let env = Env {
            clock: Arc::new(SystemClock::new()),
            rng: Arc::new(OsRng),
            spawn: Arc::new(TokioSpawn::current()),
            compute: Arc::new(Inline),
            net: Arc::new(MemoryNet(doors)),
            disk: Arc::new(OsDisk),
        };
        let chain = Chain::new(&env, ["http://127.0.0.1:1"], RpcOptions::default()).unwrap();
        let none = NetworkConfig::new(ObjectId::ZERO, ObjectId::ZERO, ["http://127.0.0.1:1"]);
        let network = Self {
            client: Client::new(env, Contracts::new(chain, none), config),
            codec,
            shards: ShardMap {
                committee: Arc::new(Committee::new(EPOCH, n_shards, members).unwrap()),
                nodes: nodes.into(),
            },
            stored,
        };
        (network, encoded.map(|(metadata, _)| metadata))
    }

    /// The blob of this metadata, opened.
    pub(crate) fn opened(&self, metadata: VerifiedMetadata) -> OpenBlob {
        OpenBlob {
            client: self.client.clone(),
            codec: self.codec.clone(),
            metadata: Arc::new(metadata),
            certified: EPOCH,
        }
    }
}

/// What the chain would say of a node; all that does not matter is zero.
fn info(id: ObjectId, port: u16) -> NodeInfo {
    let pool = (0..2000).find_map(|length| wire::from_bcs(&vec![0; length]).ok());
    NodeInfo {
        id,
        name: format!("node-{port}"),
        network_address: format!("127.0.0.1:{port}"),
        network_public_key: None,
        pool: Arc::new(pool.unwrap()),
    }
}

impl Node {
    fn fill(&self, metadata: &VerifiedMetadata, slivers: &MemorySlivers, shards: &[ShardIndex]) {
        let params = self.codec.params();
        let mut stored = self.stored.lock().unwrap();
        stored.metadata = Some(wire::to_bcs(metadata).into());
        for shard in shards {
            let pair = params.pair_of_shard(metadata.blob_id(), *shard).unwrap();
            for axis in Axis::BOTH {
                let index = params.sliver_of_pair(axis, pair).unwrap();
                let mut data = vec![0; params.sliver_bytes(axis, metadata.symbol_size())];
                slivers.read(axis, index, 0, &mut data).unwrap();
                stored.slivers.insert((pair.get(), axis), data);
            }
        }
    }

    /// Takes connections.
    fn open(&self) -> Option<mpsc::Sender<DuplexStream>> {
        let (sender, mut connections) = mpsc::channel(16);
        let routes = routes().with_state(self.clone());
        let kind = self.kind;
        if kind == Kind::Down {
            return None;
        }
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Some(stream) = connections.recv().await {
                if kind == Kind::Silent {
                    held.push(stream);
                    continue;
                }
                let service = hyper_util::service::TowerToHyperService::new(routes.clone());
                let io = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(io, service),
                );
            }
        });
        Some(sender)
    }

    fn sliver(&self, pair: u16, axis: Axis) -> Option<SliverData> {
        let metadata = self.full.as_ref()?;
        let stored = self.stored.lock().unwrap();
        let mut data = stored.slivers.get(&(pair, axis))?.clone();
        if self.kind == Kind::Lying {
            data[0] ^= 1;
        }
        let index = self
            .codec
            .params()
            .sliver_of_pair(axis, SliverPairIndex(pair))
            .unwrap();
        let symbol_size = metadata.symbol_size();
        Some(SliverData {
            data,
            symbol_size,
            index,
        })
    }
}

fn routes() -> Router<Node> {
    Router::new()
        .route(
            Route::GetMetadata.template(),
            get(get_metadata).put(put_metadata),
        )
        .route(Route::GetSliver.template(), get(get_sliver).put(put_sliver))
        .route(Route::DecodingSymbols.template(), get(symbols))
        .route(Route::ConfirmPermanent.template(), get(confirm))
}

fn json(code: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(code).unwrap();
    (status, [(header::CONTENT_TYPE, MEDIA_JSON)], body).into_response()
}

fn bcs(body: Option<Vec<u8>>, reason: Reason) -> Response {
    match body {
        Some(body) => ([(header::CONTENT_TYPE, MEDIA_BCS)], body).into_response(),
        None => json(reason.status().http(), ApiError::new(reason, "").to_json()),
    }
}

async fn get_metadata(State(node): State<Node>) -> Response {
    let stored = node.stored.lock().unwrap().metadata.clone();
    let metadata = stored
        .filter(|_| node.kind != Kind::Empty)
        .map(|bytes| bytes.to_vec());
    bcs(metadata, Reason::MetadataNotFound)
}

async fn put_metadata(State(node): State<Node>, body: Bytes) -> Response {
    if node.kind == Kind::Full {
        let error = ApiError::new(Reason::Unavailable, "the node can't store more now");
        return json(error.http_status(), error.to_json());
    }
    let before = node.stored.lock().unwrap().metadata.replace(body).is_some();
    let code = if before { 200 } else { 201 };
    json(code, Success { code, data: "" }.to_json())
}

async fn get_sliver(
    State(node): State<Node>,
    Path((_, pair, axis)): Path<(BlobId, u16, Axis)>,
) -> Response {
    let sliver = node.sliver(pair, axis).filter(|_| node.kind != Kind::Empty);
    bcs(
        sliver.map(|sliver| wire::to_bcs(&sliver)),
        Reason::SliverNotFound,
    )
}

async fn put_sliver(
    State(node): State<Node>,
    Path((_, pair, axis)): Path<(BlobId, u16, Axis)>,
    body: Bytes,
) -> Response {
    let sliver: SliverData = wire::from_bcs(&body).unwrap();
    node.stored
        .lock()
        .unwrap()
        .slivers
        .insert((pair, axis), sliver.data);
    json(
        201,
        Success {
            code: 201,
            data: "",
        }
        .to_json(),
    )
}

async fn symbols(State(node): State<Node>, RawQuery(query): RawQuery) -> Response {
    let query = DecodingSymbolsQuery::parse(&query.unwrap()).unwrap();
    let source_axis = query.target_axis.orthogonal();
    let pairs: Vec<_> = node
        .stored
        .lock()
        .unwrap()
        .slivers
        .keys()
        .copied()
        .collect();
    let mut answer = DecodingSymbols::new();
    for (pair, axis) in pairs {
        let Some(sliver) = node.sliver(pair, axis).filter(|_| axis == source_axis) else {
            continue;
        };
        for target in &query.targets {
            let metadata = node.full.as_ref().unwrap();
            let mut symbol = node
                .codec
                .decoding_symbol(metadata, axis, &sliver, *target)
                .unwrap();
            if node.kind == Kind::Lying {
                symbol.data[0] ^= 1;
            }
            let symbol = TaggedDecodingSymbol::new(query.target_axis, symbol);
            answer.entry(*target).or_default().push(symbol);
        }
    }
    bcs(Some(wire::to_bcs(&answer)), Reason::SliverNotFound)
}

async fn confirm(State(node): State<Node>, Path(blob_id): Path<BlobId>) -> Response {
    if node.stored.lock().unwrap().slivers.len() < 2 * node.shards {
        let error = ApiError::new(Reason::MissingSlivers, "");
        return json(error.http_status(), error.to_json());
    }
    let body = StorageConfirmation {
        blob_id,
        persistence: BlobPersistence::Permanent,
    };
    let epoch = if node.kind == Kind::Lying {
        EPOCH.next()
    } else {
        EPOCH
    };
    let signed = SignedMessage::sign(&node.key, &Message::new(epoch, body));
    json(
        200,
        Success::ok(ConfirmationAnswer::Signed(signed)).to_json(),
    )
}
