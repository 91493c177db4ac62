//! One simulation: a network, its misfortunes, and what must hold all the same
//! (the invariants of `ARCHITECTURE.md`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use floe_client::{BlobInput, BlobStoreResult, Check, NoProgress, Progress, StoreOptions};
use floe_core::BlobId;
use floe_env::Rng as _;
use floe_env::testing::SeededRng;

use crate::Error;
use crate::cluster::{CHAIN_HOST, Cluster, Shape, node_host};
use crate::host::Host;

const SHAPE: Shape = Shape {
    nodes: 7,
    n_shards: 21,
};
/// Nodes that may misbehave: six of the 21 shards may be faulty, each node holds three.
const FAULTY_MAX: u64 = 2;
const BLOBS: u64 = 3;
const BLOB_BYTES_MAX: u64 = 60_000;
/// Virtual time in which all must be over.
const TIME_MAX: Duration = Duration::from_mins(10);
/// Virtual time in which a network without faults heals.
const HEAL_TIME: Duration = Duration::from_secs(90);
const TICK: Duration = Duration::from_millis(2);

/// What happens to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misfortune {
    /// Its power is cut, and comes back.
    Crash { at: Duration, back: Duration },
    /// Nothing reaches it for a while: connections stay open, and silent.
    Silence { from: Duration, until: Duration },
    /// It lies.
    Lies,
}

/// What a seed has in store.
#[derive(Debug, Clone)]
struct Plan {
    latency_max: Duration,
    nodes: Vec<(usize, Misfortune)>,
    chain_crash: Option<(Duration, Duration)>,
    blobs: Vec<Vec<u8>>,
}

impl Plan {
    fn new(rng: &SeededRng) -> Self {
        let millis = |range: std::ops::Range<u64>| {
            Duration::from_millis(range.start + rng.u64() % (range.end - range.start))
        };
        let latency_max = millis(2..150);
        let faulty = rng.u64() % (FAULTY_MAX + 1);
        let first = rng.u64();
        let nodes = (0..faulty)
            .map(|nth| {
                let count = SHAPE.nodes as u64;
                let node = usize::try_from((first + nth * 3) % count).unwrap_or(0);
                let begin = millis(0..20_000);
                let misfortune = match rng.u64() % 4 {
                    0 | 1 => Misfortune::Crash {
                        at: begin,
                        back: begin + millis(100..20_000),
                    },
                    2 => Misfortune::Silence {
                        from: begin,
                        until: begin + millis(100..20_000),
                    },
                    _ => Misfortune::Lies,
                };
                (node, misfortune)
            })
            .collect();
        let chain_crash = (rng.u64() % 4 == 0).then(|| {
            let at = millis(500..15_000);
            (at, at + millis(100..3_000))
        });
        let blobs = (0..BLOBS)
            .map(|_| {
                let length = usize::try_from(rng.u64() % BLOB_BYTES_MAX).unwrap_or(0);
                let mut bytes = vec![0; length];
                rng.fill(&mut bytes);
                bytes
            })
            .collect();
        Self {
            latency_max,
            nodes,
            chain_crash,
            blobs,
        }
    }

    fn lies(&self, node: usize) -> bool {
        self.nodes
            .iter()
            .any(|(index, what)| *index == node && *what == Misfortune::Lies)
    }
}

/// What a simulation has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Blobs that were stored.
    pub stored: usize,
    /// Reads that gave the right bytes.
    pub reads: usize,
    /// Virtual time it took, in ms.
    pub millis: u128,
}

/// Runs the simulation of a seed.
///
/// # Errors
/// What did not hold, with the plan of the seed.
pub fn run(seed: u64) -> Result<Report, Error> {
    let rng = SeededRng::new(seed);
    let plan = Plan::new(&rng);
    let context = format!("{plan:?}");
    run_plan(seed, &rng, plan).map_err(|error| {
        let short: String = context.chars().take(600).collect();
        format!("seed {seed}: {error}\nplan: {short}").into()
    })
}

fn run_plan(seed: u64, rng: &SeededRng, plan: Plan) -> Result<Report, Error> {
    let cluster = Cluster::new(SHAPE, seed)?;
    let mut sim = turmoil::Builder::new()
        .simulation_duration(TIME_MAX)
        .tick_duration(TICK)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(plan.latency_max)
        .tcp_capacity(4096)
        .rng_seed(rng.u64())
        .build();
    let chain = cluster.clone();
    sim.host(CHAIN_HOST, move || chain.clone().run_chain());
    for index in 0..cluster.node_count() {
        let (node, lies) = (cluster.clone(), plan.lies(index));
        sim.host(node_host(index).as_str(), move || {
            node.clone().run_node(index, lies)
        });
    }
    let report = Arc::new(Mutex::new(Report::default()));
    let user = User {
        cluster: cluster.clone(),
        seed: rng.u64(),
        blobs: plan.blobs.clone(),
        calm: plan.over(),
        report: Arc::clone(&report),
    };
    sim.client("user", user.run());
    let mut events = plan.events();
    loop {
        let over = sim.step()?;
        let now = sim.elapsed();
        while let Some(event) = events.pop_if(|event| event.at <= now) {
            event.happen(&mut sim, &cluster, rng.u64());
        }
        if over {
            break;
        }
    }
    let mut report = report
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    report.millis = sim.elapsed().as_millis();
    Ok(report)
}

/// Something that happens to a host.
#[derive(Debug, Clone)]
struct Event {
    at: Duration,
    host: String,
    /// The node, or none for the full node.
    node: Option<usize>,
    what: Happening,
}

#[derive(Debug, Clone, Copy)]
enum Happening {
    PowerCut,
    PowerBack,
    Silent,
    Heard,
}

impl Plan {
    /// When all misfortunes are over.
    fn over(&self) -> Duration {
        self.events()
            .iter()
            .map(|event| event.at)
            .max()
            .unwrap_or_default()
    }

    /// What happens, the last first.
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut add = |at, node: Option<usize>, what| {
            let host = node.map_or_else(|| CHAIN_HOST.to_owned(), node_host);
            events.push(Event {
                at,
                host,
                node,
                what,
            });
        };
        for (node, misfortune) in &self.nodes {
            match *misfortune {
                Misfortune::Crash { at, back } => {
                    add(at, Some(*node), Happening::PowerCut);
                    add(back, Some(*node), Happening::PowerBack);
                }
                Misfortune::Silence { from, until } => {
                    add(from, Some(*node), Happening::Silent);
                    add(until, Some(*node), Happening::Heard);
                }
                Misfortune::Lies => {}
            }
        }
        if let Some((at, back)) = self.chain_crash {
            add(at, None, Happening::PowerCut);
            add(back, None, Happening::PowerBack);
        }
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events
    }
}

impl Event {
    fn happen(&self, sim: &mut turmoil::Sim<'_>, cluster: &Cluster, seed: u64) {
        let host: Option<&Host> = match self.node {
            None => Some(cluster.chain()),
            Some(index) => cluster.node(index),
        };
        let name = self.host.as_str();
        let others = (0..cluster.node_count()).map(node_host);
        let others = others.chain([CHAIN_HOST.to_owned(), "user".to_owned()]);
        match self.what {
            Happening::PowerCut => {
                sim.crash(name);
                if let Some(host) = host {
                    host.cut_power(seed);
                }
            }
            Happening::PowerBack => sim.bounce(name),
            Happening::Silent => {
                for other in others.filter(|other| other != name) {
                    sim.hold(name, other.as_str());
                }
            }
            Happening::Heard => {
                for other in others.filter(|other| other != name) {
                    sim.release(name, other.as_str());
                }
            }
        }
    }
}

/// Whoever uses the network, and checks what it promises.
struct User {
    cluster: Cluster,
    seed: u64,
    blobs: Vec<Vec<u8>>,
    /// When all misfortunes are over.
    calm: Duration,
    report: Arc<Mutex<Report>>,
}

impl User {
    async fn run(self) -> Result<(), Error> {
        let env = Host::new(self.seed).start();
        let (client, wallet) = self.cluster.client(&env)?;
        let progress: Arc<dyn Progress> = Arc::new(NoProgress);
        let options = StoreOptions::for_epochs(5);
        let mut certified: Vec<(BlobId, &[u8])> = Vec::new();
        for bytes in &self.blobs {
            let input = BlobInput::bytes(bytes.clone());
            // The full node may be down for seconds: users try again, and the blob is not paid twice.
            let mut tries = 0;
            let result = loop {
                let inputs = vec![input.clone()];
                match client.store(&wallet, inputs, &options, &progress).await {
                    Ok(mut results) => match results.pop() {
                        Some(BlobStoreResult::Error { error_msg, .. }) if tries >= 8 => {
                            return Err(format!("store: {error_msg}").into());
                        }
                        Some(result) if result.is_stored() => break result,
                        _ => {}
                    },
                    Err(error) if tries >= 8 => return Err(format!("store: {error}").into()),
                    Err(_) => {}
                }
                tries += 1;
                env.clock.sleep(Duration::from_secs(2)).await;
            };
            let id = result.blob_id().ok_or("a stored blob has an id")?;
            certified.push((id, bytes));
            self.report().stored += 1;
            self.read_all(&client, &certified).await?;
        }
        // Afterwards the network heals by itself.
        let calm = self
            .calm
            .saturating_sub(turmoil::sim_elapsed().unwrap_or_default());
        env.clock.sleep(calm + HEAL_TIME).await;
        self.read_all(&client, &certified).await
    }

    /// Invariant 1: a certified blob is readable, byte for byte, whatever has happened.
    async fn read_all(
        &self,
        client: &floe_client::Client,
        certified: &[(BlobId, &[u8])],
    ) -> Result<(), Error> {
        for (id, bytes) in certified {
            let mut tries = 0;
            let read = loop {
                match client.read(*id, Check::Strict).await {
                    Ok(read) => break read,
                    // A state that is a minute old at most may have to be read from a dead full node.
                    Err(error) if tries >= 5 => {
                        return Err(format!("certified blob {id} can't be read: {error}").into());
                    }
                    Err(_) => tokio::time::sleep(Duration::from_secs(2)).await,
                }
                tries += 1;
            };
            if read != *bytes {
                return Err(format!("blob {id} was read with wrong bytes").into());
            }
            self.report().reads += 1;
        }
        Ok(())
    }

    fn report(&self) -> std::sync::MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
