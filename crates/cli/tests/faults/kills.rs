//! `kill -9` of nodes under load: what they have signed for is there when they are back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use floe_client::Check;
use floe_core::Axis;
use floe_encoding::{RedStuff, SliverVerifier};
use tokio::sync::Mutex;

use crate::world::{Stored, World, count, store};

const NODES: usize = 10;
const SHARDS: u16 = 40;
/// Nodes down at a time: 12 of the 13 shards that may be.
const DOWN_MAX: u64 = 3;
/// How long a node may take to have followed the chain again.
const BACK_TIME_MAX: Duration = Duration::from_secs(30);

/// A node has signed that it holds a blob.
struct Signed {
    node: usize,
    blob: Arc<Stored>,
    /// How long its log was then: it must not recover the blob after that.
    log_len: usize,
}

struct Load {
    world: World,
    is_over: AtomicBool,
    failures: AtomicUsize,
    blobs: Mutex<Vec<Arc<Stored>>>,
    signed: Mutex<Vec<Signed>>,
}

impl Load {
    /// Stores blobs of all sizes until it is over, and notes which nodes sign for them.
    async fn write(&self) {
        let client = self.world.client().await;
        while !self.is_over.load(Ordering::SeqCst) {
            let len = usize::try_from(self.world.env.rng.u64() % 100_000).unwrap();
            let bytes = self.world.random_bytes(len);
            let blob = match store(&client, &self.world.wallet, bytes).await {
                Ok(blob) => Arc::new(blob),
                Err(error) => {
                    eprintln!("a store failed: {error}");
                    self.failures.fetch_add(1, Ordering::SeqCst);
                    continue;
                }
            };
            self.blobs.lock().await.push(Arc::clone(&blob));
            for node in 0..NODES {
                if self.world.confirms(node, &blob).await {
                    let log_len = self.world.log(node).len();
                    let blob = Arc::clone(&blob);
                    let signed = Signed {
                        node,
                        blob,
                        log_len,
                    };
                    self.signed.lock().await.push(signed);
                }
            }
        }
    }

    /// Kills some nodes, one a moment after the other, and starts them again.
    async fn kill(&self) {
        let rng = &self.world.env.rng;
        let (first, many) = (rng.u64(), 1 + rng.u64() % DOWN_MAX);
        let victims: BTreeSet<_> = (0..many)
            .map(|nth| usize::try_from((first % 1000 + nth * 3) % NODES as u64).unwrap())
            .collect();
        for node in &victims {
            let pause = Duration::from_millis(rng.u64() % 100);
            self.world.env.clock.sleep(pause).await;
            self.world.stop_node(*node).await;
        }
        for node in &victims {
            self.world.start_node(*node).await;
        }
        for node in victims {
            self.check(node).await;
        }
    }

    /// Insists that a node still holds what it signed for, and did not have to recover it.
    async fn check(&self, node: usize) {
        let signed = self.signed.lock().await;
        let log = self.world.log(node);
        for signed in signed.iter().filter(|signed| signed.node == node) {
            self.confirm_again(signed).await;
            let since = log.get(signed.log_len..).unwrap_or_default();
            let id = signed.blob.blob_id.to_string();
            let recovered = |line: &str| line.contains("recovered what was") && line.contains(&id);
            assert!(
                !since.lines().any(recovered),
                "node {node} had lost a part of {id}, for which it had signed"
            );
        }
    }

    async fn confirm_again(&self, signed: &Signed) {
        let clock = &self.world.env.clock;
        let give_up = clock.monotonic().after(BACK_TIME_MAX);
        while !self.world.confirms(signed.node, &signed.blob).await {
            let id = signed.blob.blob_id;
            assert!(
                clock.monotonic() < give_up,
                "node {} does not confirm {id} any more",
                signed.node
            );
            clock.sleep(Duration::from_millis(20)).await;
        }
    }

    /// Insists that every sliver is there as the metadata says, and every blob what was stored.
    async fn check_all(&self) {
        for node in 0..NODES {
            self.check(node).await;
        }
        let client = self.world.client().await;
        let state = client.contracts().state().await.unwrap();
        let params = state.params();
        let mut verifier = SliverVerifier::new(&RedStuff::new(SHARDS).unwrap());
        let current = state.committees.current.as_ref().unwrap();
        for blob in self.blobs.lock().await.iter() {
            let read = client.read(blob.blob_id, Check::Strict).await.unwrap();
            assert!(read == blob.bytes, "{} came back changed", blob.blob_id);
        }
        for signed in self.signed.lock().await.iter() {
            let port = format!(":{}", self.world.network.record.node_ports[signed.node]);
            let mut members = current.committee.members().iter().zip(&*current.nodes);
            let (member, _) = members
                .find(|(_, node)| node.network_address.ends_with(&port))
                .unwrap();
            let node = self.world.node(signed.node);
            let id = signed.blob.blob_id;
            let metadata = node.metadata(&id, params).await.unwrap();
            for shard in &member.shards {
                let pair = params.pair_of_shard(&id, *shard).unwrap();
                for axis in Axis::BOTH {
                    let sliver = node.sliver(&metadata, pair, axis).await.unwrap();
                    verifier.verify(&metadata, axis, &sliver).unwrap();
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_confirmed_is_missing_after_kill_9() {
    let rounds = count("FLOE_KILL_ROUNDS", 4);
    let load = Arc::new(Load {
        world: World::start(NODES, SHARDS).await,
        is_over: AtomicBool::new(false),
        failures: AtomicUsize::new(0),
        blobs: Mutex::default(),
        signed: Mutex::default(),
    });
    let writers: Vec<_> = (0..2)
        .map(|_| {
            let load = Arc::clone(&load);
            tokio::spawn(async move { load.write().await })
        })
        .collect();
    for round in 1..=rounds {
        load.kill().await;
        if rounds > 10 && round % 10 == 0 {
            let (blobs, signed) = (
                load.blobs.lock().await.len(),
                load.signed.lock().await.len(),
            );
            println!("{round} rounds, {blobs} blobs, {signed} confirmations");
        }
    }
    load.is_over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    load.check_all().await;
    let blobs = load.blobs.lock().await.len();
    let failures = load.failures.load(Ordering::SeqCst);
    let signed = load.signed.lock().await.len();
    println!(
        "{rounds} rounds: {blobs} blobs stored, {failures} stores failed, {signed} confirmations held"
    );
    assert!(
        blobs > 0 && failures == 0,
        "{blobs} stored, {failures} failed"
    );
    load.world.network.stop().await;
}
