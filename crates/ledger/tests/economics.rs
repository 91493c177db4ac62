//! Whole networks, number by number: traces that `crates/testkit/vectors/economics` makes from
//! `docs/spec/economics.md` without knowing this ledger.
//!
//! Every call gives, costs or aborts with what the trace says; after every turn of an epoch all
//! pools, rates, committees, accounts, prices and supplies are what it says.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

#[path = "economics/calls.rs"]
mod calls;
mod network;
#[path = "economics/state.rs"]
mod state;
mod support;

use std::collections::BTreeMap;

use floe_core::{ObjectId, SuiAddress};
use floe_ledger::{Failure, Outcome};
use network::{Network, Node, Options, Tx, abort_of, storage::Spec};
use serde::Deserialize;
use serde_json::Value;
use support::balance;

const TRACES: &str = include_str!("../../testkit/vectors/economics/traces.jsonl");
/// The number of the founder, who alone makes up the first committee.
const FOUNDER: i64 = -1;

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Begin {
        trace: String,
        n_shards: u16,
        epochs_max: u32,
        nodes: usize,
    },
    State {
        state: Value,
    },
    Step(Step),
}

#[derive(Debug, Deserialize)]
struct Step {
    r#do: Vec<Value>,
    #[serde(default)]
    gets: Value,
    abort: Option<String>,
}

/// A network whose nodes are numbered in the order of their ids.
struct Replay {
    net: Network,
    user: SuiAddress,
    nodes: BTreeMap<i64, Node>,
    start_ms: u64,
    stakes: BTreeMap<String, (SuiAddress, ObjectId)>,
    storage: BTreeMap<String, ObjectId>,
    blobs: BTreeMap<String, (ObjectId, Spec)>,
    pools: BTreeMap<String, ObjectId>,
    subsidies: Option<ObjectId>,
    credits: Option<ObjectId>,
    /// Makes roots of blobs and sequences of deny lists that were not there yet.
    fresh: u8,
}

impl Replay {
    fn begin(n_shards: u16, epochs_max: u32, nodes: usize) -> Self {
        let mut stakes = vec![0; nodes + 1];
        stakes[0] = 1000;
        let net = Network::new(&Options {
            stakes,
            n_shards,
            max_epochs_ahead: epochs_max,
            users: 1,
            ..Options::default()
        });
        let (founder, others) = net.nodes.split_first().unwrap();
        let mut others = others.to_vec();
        others.sort_by_key(|node| node.node_id);
        let numbered = (0..).zip(others).chain([(FOUNDER, founder.clone())]);
        let stake = net.ids.nodes[0].staked_wal.unwrap();
        Self {
            user: net.users[0],
            nodes: numbered.collect(),
            start_ms: net.now_ms,
            stakes: [("founder".to_owned(), (founder.owner, stake))].into(),
            storage: BTreeMap::new(),
            blobs: BTreeMap::new(),
            pools: BTreeMap::new(),
            subsidies: None,
            credits: None,
            fresh: 0,
            net,
        }
    }

    fn step(&mut self, step: &Step) {
        let (function, arguments) = step.r#do.split_first().unwrap();
        let result = self.call(function.as_str().unwrap(), &calls::Args(arguments));
        match (result, &step.abort) {
            (Ok(got), None) => assert_eq!(got, step.gets, "result"),
            (Err(got), Some(expected)) => assert_eq!(&got, expected, "abort"),
            (got, _) => panic!("{got:?}"),
        }
    }

    /// The outcome of a transaction, or what refused it.
    fn run(
        &mut self,
        sender: SuiAddress,
        write: impl FnOnce(&mut Tx<'_>),
    ) -> Result<Outcome, String> {
        let outcome = self.net.run(sender, write);
        if let Some(abort) = abort_of(&outcome) {
            return Err(format!("{} {}", abort.module, abort.code));
        }
        match &outcome.failure {
            None => Ok(outcome),
            Some(Failure::Fault { .. }) => Err("vm arithmetic".to_owned()),
            Some(other) => panic!("{other}"),
        }
    }

    /// What the user pays for a purchase.
    fn cost(&mut self, write: impl FnOnce(&mut Tx<'_>)) -> Result<(Value, Outcome), String> {
        let coin = self.net.wal_coin(self.user);
        let before = balance(&self.net.object(&coin));
        let outcome = self.run(self.user, write)?;
        let paid = before - balance(&self.net.object(&coin));
        Ok((paid.into(), outcome))
    }

    fn fresh(&mut self) -> u8 {
        self.fresh += 1;
        self.fresh
    }

    fn number_of(&self, node: &ObjectId) -> i64 {
        let mut nodes = self.nodes.iter();
        let found = nodes.find(|(_, own)| own.node_id == *node);
        *found.unwrap().0
    }
}

#[test]
fn networks_live_as_the_specification_calculates() {
    let mut replay = None;
    let mut name = String::new();
    let mut turns = 0;
    for (number, line) in (1..).zip(TRACES.lines()) {
        let place = format!("line {number}, {name}: {line:.120}");
        let explained =
            std::panic::AssertUnwindSafe(|| match serde_json::from_str(line).unwrap() {
                Line::Begin {
                    trace,
                    n_shards,
                    epochs_max,
                    nodes,
                } => {
                    name = trace;
                    replay = Some(Replay::begin(n_shards, epochs_max, nodes));
                }
                Line::State { state } => {
                    replay.as_ref().unwrap().compare(&state);
                    turns += 1;
                }
                Line::Step(step) => replay.as_mut().unwrap().step(&step),
            });
        if let Err(cause) = std::panic::catch_unwind(explained) {
            eprintln!("{place}");
            std::panic::resume_unwind(cause);
        }
    }
    assert!(turns > 50, "only {turns} states compared");
    replay.unwrap().net.check_supply();
}
