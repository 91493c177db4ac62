//! What a seed has in store for a network.

use std::ops::Range;
use std::time::Duration;

use floe_env::Rng as _;
use floe_env::testing::SeededRng;

use crate::cluster::{CHAIN_HOST, node_host};
use crate::template::{SHAPES, Shape};

/// The longest blob, in bytes.
const BLOB_BYTES_MAX: u64 = 30_000;
/// Most blobs.
const BLOBS_MAX: u64 = 3;
/// When misfortunes begin, and how long they last.
const BEGIN_MS: Range<u64> = 0..8_000;
const LAST_MS: Range<u64> = 100..8_000;
/// Disk operations that still succeed when the power goes.
const LAST_OPERATIONS: u64 = 40;
/// How long services go on with a disk that fails.
const FAILING: Duration = Duration::from_millis(100);

/// What happens to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfortune {
    /// Its power is cut, and comes back.
    PowerCut(PowerCut),
    /// Its power is cut, and comes back with an empty disk.
    DiskLoss(PowerCut),
    /// Nothing reaches it for a while, nor is lost: connections stay open, and silent.
    Silence {
        /// When it begins.
        from: Duration,
        /// When it ends.
        until: Duration,
    },
    /// Its connections break: what is sent from or to it is lost for a while, by chance.
    Loss {
        /// When it begins.
        from: Duration,
        /// When it ends.
        until: Duration,
        /// The chance of each message to begin such a while, per mille.
        permille: u32,
    },
    /// It lies, all the time.
    Lies,
}

/// A power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerCut {
    /// When the services are gone.
    pub at: Duration,
    /// When they start again.
    pub back: Duration,
    /// The disk fails some time before, after so many more operations.
    pub operations: Option<u64>,
}

/// What happens to all of a network: more than it is made to bear, but nothing that it must not
/// recover from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storm {
    /// When it begins.
    pub from: Duration,
    /// When it ends.
    pub until: Duration,
    /// Messages are lost everywhere; see [`Misfortune::Loss`].
    pub loss_permille: u32,
    /// The hosts with a one bit are cut off from the others: nodes from bit 2 on, the user is bit 0,
    /// the full node bit 1.
    pub partition: Option<u64>,
    /// All power goes at once.
    pub blackout: Option<PowerCut>,
}

/// What a seed has in store.
#[derive(Clone)]
pub struct Plan {
    /// The network.
    pub shape: Shape,
    /// Messages take up to that long.
    pub latency_max: Duration,
    /// What happens to nodes that have at most f shards.
    pub nodes: Vec<(usize, Misfortune)>,
    /// What happens to the full node.
    pub chain: Option<PowerCut>,
    /// What happens to all.
    pub storm: Option<Storm>,
    /// The blobs that are stored, and how long the user waits before each.
    pub blobs: Vec<(Duration, Vec<u8>)>,
    /// Nodes that are gone in the end, and whether they are silent rather than dead.
    pub gone: Vec<(usize, bool)>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lengths = self.blobs.iter().map(|(wait, bytes)| (wait, bytes.len()));
        f.debug_struct("Plan")
            .field("shape", &self.shape)
            .field("latency_max", &self.latency_max)
            .field("nodes", &self.nodes)
            .field("chain", &self.chain)
            .field("storm", &self.storm)
            .field("blobs", &lengths.collect::<Vec<_>>())
            .field("gone", &self.gone)
            .finish()
    }
}

/// Something that happens to a host, or to the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The disk fails after some more operations: the power is going.
    DiskFails(Victim, u64),
    /// The power is gone.
    PowerCut(Victim),
    /// The power is gone, and the disk with it.
    DiskLost(usize),
    /// The power is back.
    PowerBack(Victim),
    /// Messages from and to a host are held back.
    Silent(String),
    /// They are not any more.
    Heard(String),
    /// Messages from and to a host are lost by chance, per mille; with 0 no more.
    Loss(String, u32),
    /// Messages between any hosts are.
    LossEverywhere(u32),
    /// No messages between these hosts and the others.
    Partition(u64),
    /// The network is whole.
    Whole,
}

/// Whose power it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The full node's.
    Chain,
    /// A storage node's.
    Node(usize),
}

impl Victim {
    /// The name of the host.
    #[must_use]
    pub fn host(self) -> String {
        match self {
            Self::Chain => CHAIN_HOST.to_owned(),
            Self::Node(index) => node_host(index),
        }
    }
}

/// Chance, in the words of plans.
struct Dice<'r>(&'r SeededRng);

impl Dice<'_> {
    fn below(&self, limit: u64) -> u64 {
        self.0.u64().checked_rem(limit).unwrap_or(0)
    }

    fn index(&self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// One in so many times.
    fn once_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn millis(&self, range: Range<u64>) -> Duration {
        let span = range.end.saturating_sub(range.start);
        Duration::from_millis(range.start + self.below(span))
    }

    fn permille(&self, range: Range<u64>) -> u32 {
        let value = range.start + self.below(range.end.saturating_sub(range.start));
        u32::try_from(value).unwrap_or(0)
    }

    fn power_cut(&self) -> PowerCut {
        let at = FAILING + self.millis(BEGIN_MS);
        PowerCut {
            at,
            back: at + self.millis(LAST_MS),
            operations: (!self.once_in(3)).then(|| self.below(LAST_OPERATIONS)),
        }
    }

    fn misfortune(&self) -> Misfortune {
        let from = self.millis(BEGIN_MS);
        let until = from + self.millis(LAST_MS);
        match self.below(8) {
            0..=2 => Misfortune::PowerCut(self.power_cut()),
            3 => Misfortune::DiskLoss(self.power_cut()),
            4 => Misfortune::Silence { from, until },
            5 => Misfortune::Loss {
                from,
                until,
                permille: self.permille(1..100),
            },
            _ => Misfortune::Lies,
        }
    }

    fn storm(&self) -> Storm {
        let from = self.millis(BEGIN_MS);
        let until = from + self.millis(LAST_MS);
        let mut storm = Storm {
            from,
            until,
            loss_permille: 0,
            partition: None,
            blackout: None,
        };
        match self.below(3) {
            0 => storm.loss_permille = self.permille(1..30),
            1 => storm.partition = Some(self.0.u64()),
            _ => storm.blackout = Some(self.power_cut()),
        }
        storm
    }

    fn blob(&self) -> (Duration, Vec<u8>) {
        // Short ones often: they have the edge cases.
        let limit = if self.once_in(3) { 20 } else { BLOB_BYTES_MAX };
        let mut bytes = vec![0; self.index(usize::try_from(limit).unwrap_or(0))];
        self.0.fill(&mut bytes);
        (self.millis(0..4_000), bytes)
    }
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(rng: &SeededRng) -> Self {
        let dice = Dice(rng);
        let shape = SHAPES.get(dice.index(SHAPES.len())).copied();
        let shape = shape.unwrap_or(SHAPES[0]);
        let first = dice.index(shape.nodes);
        let node = |nth: usize| (first + nth) % shape.nodes;
        let faulty_max = shape.nodes_within(shape.faulty_shards());
        let faulty = dice.index(faulty_max + 1);
        let mut nodes: Vec<_> = (0..faulty)
            .map(|nth| (node(nth), dice.misfortune()))
            .collect();
        let storm = dice.once_in(4).then(|| dice.storm());
        let mut chain = dice.once_in(4).then(|| dice.power_cut());
        if storm.is_some_and(|storm| storm.blackout.is_some()) {
            nodes.retain(|(_, what)| *what == Misfortune::Lies);
            chain = None;
        }
        let lying = nodes.iter().filter(|(_, what)| *what == Misfortune::Lies);
        // f lie and f more are gone, or 2f are.
        let gone_max = match lying.count() {
            0 => shape.nodes_within(2 * shape.faulty_shards()),
            _ => faulty_max,
        };
        let gone = (0..gone_max).map(|nth| (node(faulty + nth), dice.once_in(2)));
        Self {
            latency_max: dice.millis(2..120),
            gone: gone.collect(),
            nodes,
            chain,
            storm,
            blobs: (0..=dice.below(BLOBS_MAX)).map(|_| dice.blob()).collect(),
            shape,
        }
    }

    /// Whether a node lies.
    #[must_use]
    pub fn lies(&self, node: usize) -> bool {
        self.nodes
            .iter()
            .any(|(index, what)| *index == node && *what == Misfortune::Lies)
    }

    /// When all misfortunes are over that a network need not bear: until then, it may refuse.
    #[must_use]
    pub fn excused_until(&self) -> Option<Duration> {
        let storm = self.storm.map(|storm| {
            let back = storm.blackout.map_or(storm.until, |cut| cut.back);
            storm.until.max(back)
        });
        storm.max(self.chain.map(|cut| cut.back))
    }

    /// When all misfortunes are over.
    #[must_use]
    pub fn over(&self) -> Duration {
        let ends = self.events().into_iter().map(|(at, _)| at);
        ends.max().unwrap_or_default()
    }

    /// What happens when, the last first.
    #[must_use]
    pub fn events(&self) -> Vec<(Duration, Happening)> {
        let mut events = Vec::new();
        for (node, misfortune) in &self.nodes {
            let host = node_host(*node);
            match *misfortune {
                Misfortune::PowerCut(cut) => cut_power(&mut events, Victim::Node(*node), cut),
                Misfortune::DiskLoss(cut) => {
                    events.push((cut.at, Happening::DiskLost(*node)));
                    events.push((cut.back, Happening::PowerBack(Victim::Node(*node))));
                }
                Misfortune::Silence { from, until } => {
                    events.push((from, Happening::Silent(host.clone())));
                    events.push((until, Happening::Heard(host)));
                }
                Misfortune::Loss {
                    from,
                    until,
                    permille,
                } => {
                    events.push((from, Happening::Loss(host.clone(), permille)));
                    events.push((until, Happening::Loss(host, 0)));
                }
                Misfortune::Lies => {}
            }
        }
        if let Some(cut) = self.chain {
            cut_power(&mut events, Victim::Chain, cut);
        }
        if let Some(storm) = self.storm {
            if storm.loss_permille > 0 {
                let loss = Happening::LossEverywhere(storm.loss_permille);
                events.push((storm.from, loss));
            }
            if let Some(hosts) = storm.partition {
                events.push((storm.from, Happening::Partition(hosts)));
            }
            if storm.blackout.is_none() {
                events.push((storm.until, Happening::LossEverywhere(0)));
                events.push((storm.until, Happening::Whole));
            }
            if let Some(cut) = storm.blackout {
                cut_power(&mut events, Victim::Chain, cut);
                for node in 0..self.shape.nodes {
                    cut_power(&mut events, Victim::Node(node), cut);
                }
            }
        }
        events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        events
    }
}

fn cut_power(events: &mut Vec<(Duration, Happening)>, victim: Victim, cut: PowerCut) {
    if let Some(operations) = cut.operations {
        let at = cut.at.saturating_sub(FAILING);
        events.push((at, Happening::DiskFails(victim, operations)));
    }
    events.push((cut.at, Happening::PowerCut(victim)));
    events.push((cut.back, Happening::PowerBack(victim)));
}
