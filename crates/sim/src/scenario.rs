//! One simulation: a network, its misfortunes, and what must hold all the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use floe_core::BlobId;
use floe_env::Rng as _;
use floe_env::testing::SeededRng;

use crate::Error;
use crate::cluster::{CHAIN_HOST, Cluster, node_host};
use crate::plan::{Happening, Misfortune, Plan, PowerCut, Victim};
use crate::sample::Sample;
use crate::stage::{Progressed, Report, Stage};
use crate::user::User;

const USER_HOST: &str = "user";
/// Virtual time in which all must be over.
const TIME_MAX: Duration = Duration::from_mins(10);
const TICK: Duration = Duration::from_millis(10);
/// The chance of each message that its link, which loses messages, stops to do so.
const REPAIR_RATE: f64 = 0.05;
/// Syncs of a disk that are left out where all are.
const SYNCS: u64 = 100_000;

/// What is done to a network, behind its back, so that what must hold does not: to see that it is
/// noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// In the end so many nodes are gone that the shards left can't give a blob back.
    TooManyGone,
    /// More nodes lie than may.
    TooManyLie,
    /// A node's disk makes nothing durable.
    NoSync,
    /// A node's data is deleted without a trace.
    LostRecords,
}

/// Runs the simulation of a seed.
///
/// # Errors
/// What did not hold, with the plan of the seed.
pub fn run(seed: u64) -> Result<Report, Error> {
    let rng = SeededRng::new(seed);
    let plan = Plan::new(&rng);
    attempt(seed, &rng, plan, None)
}

/// Runs the simulation of a seed without other misfortunes than sabotage.
///
/// # Errors
/// What did not hold, as [`run`].
pub fn run_sabotaged(seed: u64, sabotage: Sabotage) -> Result<Report, Error> {
    let rng = SeededRng::new(seed);
    let mut plan = Plan::new(&rng);
    (plan.chain, plan.storm) = (None, None);
    let nodes = plan.shape.nodes;
    let beyond = |shards| 0..=plan.shape.nodes_within(shards);
    let (at, back) = (Duration::from_secs(9), Duration::from_secs(11));
    let operations = None;
    let cut = PowerCut {
        at,
        back,
        operations,
    };
    plan.nodes = match sabotage {
        Sabotage::NoSync => vec![(0, Misfortune::PowerCut(cut))],
        Sabotage::TooManyLie => (0..nodes).map(|node| (node, Misfortune::Lies)).collect(),
        _ => Vec::new(),
    };
    plan.gone = match sabotage {
        Sabotage::TooManyGone => beyond(2 * plan.shape.faulty_shards())
            .map(|node| (node, true))
            .collect(),
        _ => Vec::new(),
    };
    attempt(seed, &rng, plan, Some(sabotage))
}

fn attempt(
    seed: u64,
    rng: &SeededRng,
    plan: Plan,
    sabotage: Option<Sabotage>,
) -> Result<Report, Error> {
    let plan = Arc::new(plan);
    Simulation::new(rng, &plan, sabotage)
        .and_then(|simulation| simulation.run(rng))
        .map_err(|error| format!("seed {seed}: {error}\n{plan:?}").into())
}

/// A simulation under way.
struct Simulation {
    sim: turmoil::Sim<'static>,
    cluster: Cluster,
    plan: Arc<Plan>,
    progress: Arc<Progressed>,
    sabotage: Option<Sabotage>,
}

impl Simulation {
    fn new(rng: &SeededRng, plan: &Arc<Plan>, sabotage: Option<Sabotage>) -> Result<Self, Error> {
        let samples = plan.blobs.iter();
        let samples = samples.map(|(_, bytes)| Sample::new(bytes.clone(), plan.shape.n_shards));
        let samples = samples.collect::<Result<Arc<[_]>, _>>()?;
        let cluster = Cluster::new(plan.shape, samples, rng.u64())?;
        let mut sim = turmoil::Builder::new()
            .simulation_duration(TIME_MAX)
            .tick_duration(TICK)
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(plan.latency_max)
            .repair_rate(REPAIR_RATE)
            .tcp_capacity(4096)
            .rng_seed(rng.u64())
            .build();
        let chain = cluster.clone();
        sim.host(CHAIN_HOST, move || chain.clone().run_chain());
        for index in 0..plan.shape.nodes {
            let (node, lies) = (cluster.clone(), plan.lies(index));
            let run = move || node.clone().run_node(index, lies);
            sim.host(node_host(index), run);
        }
        let progress = Arc::new(Progressed::default());
        let user = User {
            cluster: cluster.clone(),
            seed: rng.u64(),
            plan: Arc::clone(plan),
            progress: Arc::clone(&progress),
        };
        sim.client(USER_HOST, user.run());
        Ok(Self {
            sim,
            cluster,
            plan: Arc::clone(plan),
            progress,
            sabotage,
        })
    }

    fn run(mut self, rng: &SeededRng) -> Result<Report, Error> {
        let mut events = self.plan.events();
        if self.sabotage == Some(Sabotage::NoSync) {
            let node = self.cluster.nodes().first().ok_or("no node")?;
            let disk = node.host.disk();
            (disk.syncs()..SYNCS).for_each(|sync| disk.elide_sync(sync));
        }
        loop {
            let over = self.sim.step()?;
            let now = self.sim.elapsed();
            while let Some((_, event)) = events.pop_if(|(at, _)| *at <= now) {
                self.happen(&event, rng.u64())?;
            }
            if self.progress.stage() == Stage::Healed {
                self.leave();
                self.progress.reach(Stage::Gone);
            }
            if self.sabotage == Some(Sabotage::LostRecords) && self.progress.report().stored > 0 {
                self.lose_records()?;
            }
            if over {
                return self.report();
            }
        }
    }

    fn report(&self) -> Result<Report, Error> {
        let mut report = self.progress.report().clone();
        report.millis = self.sim.elapsed().as_millis();
        if let Some(chain) = self.cluster.chain().witness.handle() {
            let last = chain.reader()?.latest_checkpoint()?;
            report.checkpoint = Some((last.sequence_number(), last.digest.to_string()));
        }
        let nodes = self.cluster.nodes().iter().map(|node| &node.host);
        let hosts = nodes.chain([&self.cluster.chain().host]);
        report.disk_operations = hosts.map(|host| host.disk().operations()).sum();
        Ok(report)
    }

    /// So many nodes go as may.
    fn leave(&mut self) {
        let plan = Arc::clone(&self.plan);
        for (node, is_silent) in &plan.gone {
            let host = node_host(*node);
            if *is_silent {
                self.others(&host, |sim, host, other| sim.hold(host, other));
            } else {
                self.sim.crash(host);
            }
        }
    }

    /// Removes what the first node has of all blobs.
    fn lose_records(&self) -> Result<(), Error> {
        let node = self.cluster.nodes().first().ok_or("no node")?;
        let ids: BTreeSet<BlobId> = self.cluster.samples().iter().map(|s| s.id).collect();
        node.witness.delete(&ids)
    }

    /// Does something with all pairs of a host and another one.
    fn others(&mut self, host: &str, mut act: impl FnMut(&mut turmoil::Sim<'_>, &str, &str)) {
        for other in self.hosts() {
            if other != host {
                act(&mut self.sim, host, &other);
            }
        }
    }

    /// The names of all hosts: the user, the full node, the storage nodes.
    fn hosts(&self) -> Vec<String> {
        let nodes = (0..self.plan.shape.nodes).map(node_host);
        let first = [USER_HOST.to_owned(), CHAIN_HOST.to_owned()];
        first.into_iter().chain(nodes).collect()
    }

    fn happen(&mut self, event: &Happening, seed: u64) -> Result<(), Error> {
        tracing::debug!(?event, now = ?self.sim.elapsed(), "it happens");
        match event {
            Happening::DiskFails(victim, operations) => {
                self.note(*victim);
                self.host(*victim)?.fail_after(*operations);
            }
            Happening::PowerCut(victim) => {
                self.note(*victim);
                self.host(*victim)?.cut_power(seed);
                self.stop(*victim);
            }
            Happening::DiskLost(index) => {
                self.stop(Victim::Node(*index));
                self.cluster.replace_disk(*index, seed)?;
            }
            Happening::PowerBack(victim) => {
                let host = victim.host();
                self.others(&host, |sim, host, other| sim.repair(host, other));
                self.sim.bounce(host);
            }
            Happening::Silent(host) => {
                self.others(host, |sim, host, other| sim.hold(host, other));
            }
            Happening::Heard(host) => {
                self.others(host, |sim, host, other| sim.release(host, other));
            }
            Happening::Loss(host, permille) => {
                let rate = f64::from(*permille) / 1000.0;
                self.others(host, |sim, host, other| {
                    sim.set_link_fail_rate(host, other, rate);
                    if *permille == 0 {
                        sim.repair(host, other);
                    }
                });
            }
            Happening::LossEverywhere(permille) => {
                self.sim.set_fail_rate(f64::from(*permille) / 1000.0);
            }
            Happening::Partition(chosen) => {
                self.across(*chosen, |sim, one, other| sim.partition(one, other));
            }
            Happening::Whole => {
                for host in self.hosts() {
                    self.others(&host, |sim, host, other| sim.repair(host, other));
                }
            }
        }
        Ok(())
    }

    /// Does something with all pairs of a host that was chosen and one that was not.
    fn across(&mut self, chosen: u64, act: impl Fn(&mut turmoil::Sim<'_>, &str, &str)) {
        let hosts = self.hosts().into_iter().enumerate();
        let (ones, others): (Vec<_>, Vec<_>) = hosts.partition(|(bit, _)| (chosen >> bit) & 1 == 1);
        for (_, one) in &ones {
            for (_, other) in &others {
                act(&mut self.sim, one, other);
            }
        }
    }

    fn host(&self, victim: Victim) -> Result<&crate::host::Host, Error> {
        Ok(match victim {
            Victim::Chain => &self.cluster.chain().host,
            Victim::Node(index) => &self.cluster.nodes().get(index).ok_or("no such node")?.host,
        })
    }

    fn note(&self, victim: Victim) {
        match victim {
            Victim::Chain => self.cluster.chain().witness.note(),
            Victim::Node(index) => {
                if let Some(node) = self.cluster.nodes().get(index) {
                    node.witness.note(self.cluster.samples());
                }
            }
        }
    }

    /// Stops a host without a word: its peers hear nothing of it.
    fn stop(&mut self, victim: Victim) {
        let host = victim.host();
        self.others(&host, |sim, host, other| sim.partition(host, other));
        self.sim.crash(host);
        match victim {
            Victim::Chain => self.cluster.chain().witness.stopped(),
            Victim::Node(index) => {
                if let Some(node) = self.cluster.nodes().get(index) {
                    node.witness.stopped();
                }
            }
        }
    }
}
