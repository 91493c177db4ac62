//! Nodes over loopback, on a chain that is a list of events.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test, though in a module of its own"
)]
#![expect(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use floe_core::certificate::Certificate;
use floe_core::keys::{BlsSecretKey, NetworkSecretKey};
use floe_core::onchain::events::{
    BlobCertified, BlobDeleted, BlobRegistered, ContractEvent, EpochChangeDone, EpochChangeStart,
    InvalidBlobID,
};
use floe_core::{
    BlobId, CodeParams, Committee, CommitteeMember, Epoch, EventId, ObjectId, ShardIndex,
    SliverData, SliverPairIndex, TxDigest, VerifiedMetadata,
};
use floe_encoding::{MemorySlivers, Options as EncodeOptions, RedStuff};
use floe_env::testing::CrashDisk;
use floe_env::{BoxFuture, Disk, Env, PoolSize, UnixMillis, tcp_listener};
use floe_node::{
    Block, BuildError, Chain, ChainError, EpochCall, EpochStep, EventSource, Handle, Keys, Members,
    NetworkView, Node, Options, Peer, Service, ServiceError,
};
use floe_node_client::{NodeClient, Security};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const SHARDS: u16 = 10;
pub(crate) const EPOCH: Epoch = Epoch(3);

/// A chain in memory: one event per checkpoint.
#[derive(Debug)]
pub(crate) struct FakeChain {
    events: watch::Sender<Vec<ContractEvent>>,
    pub(crate) view: Mutex<NetworkView>,
    pub(crate) name: Mutex<String>,
    pub(crate) certificates: Mutex<Vec<Certificate>>,
    /// Who reported in which epoch that it has its shards.
    reports: Mutex<BTreeSet<(Epoch, ObjectId)>>,
}

impl FakeChain {
    fn new(view: NetworkView) -> Self {
        Self {
            events: watch::Sender::new(Vec::new()),
            view: Mutex::new(view),
            name: Mutex::new("the network".into()),
            certificates: Mutex::default(),
            reports: Mutex::default(),
        }
    }

    pub(crate) fn emit(&self, event: impl Into<ContractEvent>) {
        self.events.send_modify(|events| events.push(event.into()));
    }

    /// Has a node reported that it has its shards of an epoch?
    pub(crate) fn has_reported(&self, node: usize, epoch: Epoch) -> bool {
        self.reports
            .lock()
            .unwrap()
            .contains(&(epoch, node_id(node)))
    }

    fn report(&self, epoch: Epoch, node_id: ObjectId) {
        let mut reports = self.reports.lock().unwrap();
        reports.insert((epoch, node_id));
        let mut view = self.view.lock().unwrap();
        let committee = Arc::clone(&view.current.as_ref().unwrap().committee);
        let members = committee.members().iter();
        let weight: usize = members
            .filter(|member| reports.contains(&(epoch, member.node_id)))
            .map(|member| member.shards.len())
            .sum();
        if view.is_transitioning && view.epoch == epoch && 3 * weight > 2 * usize::from(SHARDS) {
            view.is_transitioning = false;
            drop(view);
            self.emit(EpochChangeDone { epoch });
        }
    }

    /// The index behind all events so far: an event and the end of its checkpoint take one each.
    pub(crate) fn next_index(&self) -> u64 {
        2 * self.events.borrow().len() as u64
    }
}

/// The chain as nodes see it.
#[derive(Debug, Clone)]
pub(crate) struct ChainOf(pub(crate) Arc<FakeChain>);

impl Chain for ChainOf {
    fn network(&self) -> String {
        self.0.name.lock().unwrap().clone()
    }

    fn view(&self) -> BoxFuture<'_, Result<NetworkView, ChainError>> {
        let view = self.0.view.lock().unwrap().clone();
        Box::pin(async move { Ok(view) })
    }

    fn follow(&self, position: Option<&[u8]>) -> Result<Box<dyn EventSource>, ChainError> {
        let next = position.map_or(0, |bytes| usize::from(bytes[0]));
        Ok(Box::new(Events {
            events: self.0.events.subscribe(),
            next,
        }))
    }

    fn invalidate(
        &self,
        certificate: &Certificate,
        _n_members: usize,
    ) -> Option<BoxFuture<'_, Result<(), ChainError>>> {
        let certificate = certificate.clone();
        Some(Box::pin(async move {
            let message: floe_core::messages::Message<floe_core::messages::InvalidBlobId> =
                floe_core::messages::Message::from_bytes(&certificate.serialized_message).unwrap();
            let blob_id = message.body.blob_id;
            self.0.certificates.lock().unwrap().push(certificate);
            self.0.emit(InvalidBlobID {
                epoch: EPOCH,
                blob_id,
            });
            Ok(())
        }))
    }

    fn epoch_step(&self) -> BoxFuture<'_, Result<EpochStep, ChainError>> {
        Box::pin(async {
            Ok(EpochStep {
                epoch: EPOCH,
                call: None,
                from: UnixMillis(0),
                spread: Duration::ZERO,
            })
        })
    }

    fn turn_epoch(&self, _call: EpochCall) -> Option<BoxFuture<'_, Result<(), ChainError>>> {
        None
    }

    fn report_shards(
        &self,
        node_id: ObjectId,
        epoch: Epoch,
    ) -> Option<BoxFuture<'_, Result<(), ChainError>>> {
        Some(Box::pin(async move {
            self.0.report(epoch, node_id);
            Ok(())
        }))
    }
}

#[derive(Debug)]
struct Events {
    events: watch::Receiver<Vec<ContractEvent>>,
    next: usize,
}

impl EventSource for Events {
    fn next(&mut self) -> BoxFuture<'_, Result<Block, ChainError>> {
        Box::pin(async {
            let next = self.next;
            let events = self.events.wait_for(|events| events.len() > next).await;
            let event = events.unwrap()[next].clone();
            self.next += 1;
            let number = u8::try_from(self.next).unwrap();
            let id = EventId {
                tx_digest: TxDigest([number; 32]),
                event_seq: 0,
            };
            Ok(Block {
                checkpoint: number.into(),
                time: UnixMillis(u64::from(number) * 1000),
                tip: None,
                events: vec![(id, event)],
                position: vec![number],
            })
        })
    }
}

/// A node that runs.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) client: NodeClient,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServiceError>>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.handle.address())
    }
}

/// A network of nodes, of which some run.
pub(crate) struct Network {
    pub(crate) chain: Arc<FakeChain>,
    pub(crate) committee: Arc<Committee>,
    pub(crate) codec: RedStuff,
    pub(crate) nodes: Vec<Option<Running>>,
    env: Env,
    disks: Vec<CrashDisk>,
    addresses: Vec<SocketAddr>,
    options: Options,
    /// Epochs that blobs last.
    pub(crate) lasts: u32,
}

fn node_id(node: usize) -> ObjectId {
    ObjectId::from_suffix(u8::try_from(node).unwrap() + 1)
}

/// The committee in which each node holds these shards.
fn committee(epoch: Epoch, shards: &[Vec<u16>]) -> Committee {
    let members = shards
        .iter()
        .enumerate()
        .map(|(node, shards)| CommitteeMember {
            node_id: node_id(node),
            public_key: protocol_key(node).public_key(),
            shards: shards.iter().copied().map(ShardIndex).collect(),
        });
    Committee::new(epoch, SHARDS, members.collect()).unwrap()
}

fn protocol_key(node: usize) -> BlsSecretKey {
    BlsSecretKey::from_entropy(&[u8::try_from(node).unwrap() + 1; 32])
}

fn network_key(node: usize) -> NetworkSecretKey {
    NetworkSecretKey::from_bytes(&[u8::try_from(node).unwrap() + 1; 32]).unwrap()
}

fn options() -> Options {
    let mut options = Options::devnet("test".into());
    options.storage.reserve_bytes = 0;
    options.recovery.deferral_ms = 0;
    options.recovery.retry_min_ms = 50;
    options.limits.registration_wait_ms = 300;
    options
}

impl Network {
    /// `nodes` nodes that run, and hold the shards in turn.
    pub(crate) async fn start(nodes: usize) -> Self {
        Self::with(nodes, options()).await
    }

    pub(crate) async fn with(nodes: usize, options: Options) -> Self {
        let in_turn = |node: usize| -> Vec<u16> {
            (u16::try_from(node).unwrap()..SHARDS)
                .step_by(nodes)
                .collect()
        };
        let shards: Vec<Vec<u16>> = (0..nodes).map(in_turn).collect();
        let committee = Arc::new(committee(EPOCH, &shards));
        let mut listeners = Vec::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        for _ in 0..nodes {
            listeners.push(tcp_listener(any).await.unwrap());
        }
        let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
        let peers = addresses.iter().enumerate().map(|(node, address)| Peer {
            address: address.to_string(),
            key: Some(network_key(node).public_key()),
        });
        let chain = Arc::new(FakeChain::new(NetworkView {
            epoch: EPOCH,
            params: CodeParams::for_encoding(SHARDS).unwrap(),
            current: Some(Members {
                committee: Arc::clone(&committee),
                peers: peers.collect(),
            }),
            previous: None,
            is_transitioning: false,
        }));
        let mut network = Self {
            chain,
            committee,
            codec: RedStuff::new(SHARDS).unwrap(),
            nodes: (0..nodes).map(|_| None).collect(),
            env: Env::production(PoolSize::default()).unwrap(),
            disks: (0..nodes).map(|_| CrashDisk::new()).collect(),
            addresses,
            options,
            lasts: 2,
        };
        network.chain.emit(EpochChangeStart { epoch: EPOCH });
        for (node, listener) in listeners.into_iter().enumerate() {
            let env = network.env_of(node);
            Node::create_store(&env.disk, &*env.rng, &Self::dir(), &Self::keys(node)).unwrap();
            network.run(node, listener).await;
        }
        network
    }

    fn dir() -> PathBuf {
        "/node".into()
    }

    fn keys(node: usize) -> Keys {
        Keys {
            protocol: protocol_key(node),
            network: network_key(node),
        }
    }

    pub(crate) fn env_of(&self, node: usize) -> Env {
        let disk: Arc<dyn Disk> = Arc::new(self.disks[node].clone());
        Env {
            disk,
            ..self.env.clone()
        }
    }

    async fn build(
        &self,
        node: usize,
        listener: floe_env::Listener,
    ) -> Result<(Service, Handle), BuildError> {
        let env = self.env_of(node);
        let chain = Arc::new(ChainOf(Arc::clone(&self.chain)));
        let options = self.options.clone();
        let (keys, dir) = (Self::keys(node), Self::dir());
        Node::build(env, options, keys, &dir, chain, listener).await
    }

    /// Why a node does not start.
    pub(crate) async fn refusal(&self, node: usize) -> BuildError {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = tcp_listener(any).await.unwrap();
        self.build(node, listener).await.unwrap_err()
    }

    async fn run(&mut self, node: usize, listener: floe_env::Listener) {
        let (service, handle) = self.build(node, listener).await.unwrap();
        let tls = self.options.transport != floe_node::Transport::PlainOnLoopback;
        let security = if tls {
            Security::Pinned(network_key(node).public_key())
        } else {
            Security::PlainOnLoopback
        };
        let address = handle.address().to_string().parse().unwrap();
        let client = NodeClient::new(&self.env, address, security, Default::default()).unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(service.run(shutdown.clone()));
        self.nodes[node] = Some(Running {
            handle,
            client,
            shutdown,
            task,
        });
    }

    pub(crate) fn disk(&self, node: usize) -> &CrashDisk {
        &self.disks[node]
    }

    pub(crate) fn node(&self, node: usize) -> &Running {
        self.nodes[node].as_ref().unwrap()
    }

    pub(crate) async fn stop(&mut self, node: usize) {
        self.nodes[node].take().unwrap().stop().await;
    }

    /// Starts a node again, at its old address.
    pub(crate) async fn restart(&mut self, node: usize) {
        // The listener of one that was cut off goes with its task, a moment later.
        let listener = loop {
            match tcp_listener(self.addresses[node]).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        self.run(node, listener).await;
    }

    /// Cuts a node's power: what it had not made durable is lost, in parts.
    pub(crate) async fn cut_power(&mut self, node: usize, seed: u64) {
        let image = self.disks[node].after_power_cut(seed);
        let running = self.nodes[node].take().unwrap();
        running.task.abort();
        let _ = running.task.await;
        self.disks[node] = image;
    }

    /// Makes the first bytes of a node's first segment unreadable.
    pub(crate) fn spoil_segment(&self, node: usize, len: u64) {
        let path = Self::dir().join("segments/00000001.seg");
        self.disks[node].make_unreadable(&path, 0..len);
    }

    /// Shortens the first segment of a node that doesn't run to `len` bytes.
    pub(crate) fn cut_segment(&self, node: usize, len: u64) {
        let path = Self::dir().join("segments/00000001.seg");
        let file = self.disks[node].open(&path, floe_env::Open::Update);
        file.unwrap().set_len(len).unwrap();
    }

    /// Waits until the nodes that run have handled all events.
    pub(crate) async fn caught_up(&self) {
        for node in self.nodes.iter().flatten() {
            node.handle.caught_up(self.chain.next_index()).await;
        }
    }

    pub(crate) fn register(&self, blob: &Blob, object: u8, deletable: bool) {
        self.chain.emit(BlobRegistered {
            epoch: EPOCH,
            blob_id: blob.id(),
            size: blob.metadata.unencoded_length(),
            encoding_type: 1,
            end_epoch: Epoch(EPOCH.0 + self.lasts),
            deletable,
            object_id: ObjectId::from_suffix(object),
        });
    }

    pub(crate) fn certify(&self, blob: &Blob, object: u8, deletable: bool) {
        self.chain.emit(BlobCertified {
            epoch: EPOCH,
            blob_id: blob.id(),
            end_epoch: Epoch(EPOCH.0 + self.lasts),
            deletable,
            object_id: ObjectId::from_suffix(object),
            is_extension: false,
        });
    }

    pub(crate) fn delete(&self, blob: &Blob, object: u8) {
        self.chain.emit(BlobDeleted {
            epoch: EPOCH,
            blob_id: blob.id(),
            end_epoch: Epoch(EPOCH.0 + self.lasts),
            object_id: ObjectId::from_suffix(object),
            was_certified: true,
        });
    }

    pub(crate) fn next_epoch(&self, epoch: Epoch) {
        let mut view = self.chain.view.lock().unwrap();
        view.epoch = epoch;
        drop(view);
        self.chain.emit(EpochChangeStart { epoch });
    }

    /// Begins an epoch in which each node holds these shards.
    pub(crate) fn move_shards(&mut self, shards: &[Vec<u16>]) -> Epoch {
        let mut view = self.chain.view.lock().unwrap();
        let epoch = Epoch(view.epoch.0 + 1);
        self.committee = Arc::new(committee(epoch, shards));
        let current = view.current.clone().unwrap();
        view.epoch = epoch;
        view.current = Some(Members {
            committee: Arc::clone(&self.committee),
            peers: Arc::clone(&current.peers),
        });
        view.previous = Some(current);
        view.is_transitioning = true;
        drop(view);
        self.chain.emit(EpochChangeStart { epoch });
        epoch
    }

    pub(crate) fn blob(&self, len: u32, salt: u32) -> Blob {
        Blob::new(&self.codec, len, salt)
    }

    /// The pairs that a node stores of a blob.
    pub(crate) fn pairs(&self, node: usize, blob: &Blob) -> Vec<SliverPairIndex> {
        let params = self.codec.params();
        let shards = &self.committee.members()[node].shards;
        let pairs = shards
            .iter()
            .map(|shard| params.pair_of_shard(&blob.id(), *shard).unwrap());
        pairs.collect()
    }

    /// Brings a node all it should store of a blob.
    pub(crate) async fn upload(&self, node: usize, blob: &Blob) {
        let client = &self.node(node).client;
        let id = blob.id();
        client
            .put_metadata(&id, blob.metadata_body(), Default::default())
            .await
            .unwrap();
        for pair in self.pairs(node, blob) {
            for axis in floe_core::Axis::BOTH {
                let body = blob.sliver_body(pair, axis);
                let put = client.put_sliver(&id, pair, axis, body, Default::default());
                put.await.unwrap();
            }
        }
    }

    /// Has a node all it should have of a blob?
    pub(crate) fn is_complete(&self, node: usize, blob: &Blob) -> bool {
        let shards = &self.committee.members()[node].shards;
        let keys = shards.iter().flat_map(|shard| {
            floe_core::Axis::BOTH
                .map(|axis| floe_storage::RecordKey::sliver(*shard, axis, blob.id()))
        });
        let store = self.node(node).handle.store();
        store.missing(keys).unwrap().is_empty()
    }

    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let clock = &self.env.clock;
        let deadline = clock.monotonic().after(Duration::from_secs(20));
        while !condition(self) {
            assert!(clock.monotonic() < deadline, "waiting for {what}");
            clock.sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn end(mut self) {
        for node in self.nodes.iter_mut().filter_map(Option::take) {
            node.stop().await;
        }
    }
}

/// A blob with all its slivers.
pub(crate) struct Blob {
    pub(crate) metadata: VerifiedMetadata,
    pub(crate) slivers: [Vec<SliverData>; 2],
}

impl Blob {
    pub(crate) fn new(codec: &RedStuff, len: u32, salt: u32) -> Self {
        let bytes: Vec<u8> = (0..len)
            .map(|i| ((i * 31 + salt * 17) % 251) as u8)
            .collect();
        let symbol_size = codec.params().symbol_size(len.into()).unwrap();
        let sink = MemorySlivers::new(codec.params(), symbol_size);
        let metadata = codec
            .encode(&bytes, &sink, &EncodeOptions::default())
            .unwrap();
        Self {
            metadata,
            slivers: sink.into_slivers(),
        }
    }

    pub(crate) fn id(&self) -> BlobId {
        *self.metadata.blob_id()
    }

    pub(crate) fn metadata_body(&self) -> bytes::Bytes {
        floe_core::wire::to_bcs(self.metadata.metadata()).into()
    }

    pub(crate) fn sliver(&self, pair: SliverPairIndex, axis: floe_core::Axis) -> &SliverData {
        let index = self.metadata.params().sliver_of_pair(axis, pair).unwrap();
        let [primary, secondary] = &self.slivers;
        let slivers = match axis {
            floe_core::Axis::Primary => primary,
            floe_core::Axis::Secondary => secondary,
        };
        &slivers[index.as_usize()]
    }

    pub(crate) fn sliver_body(&self, pair: SliverPairIndex, axis: floe_core::Axis) -> bytes::Bytes {
        floe_core::wire::to_bcs(self.sliver(pair, axis)).into()
    }
}
