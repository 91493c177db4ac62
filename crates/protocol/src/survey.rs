//! Asking all nodes the same, until enough have answered (`docs/spec/client.md` §4.1).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use floe_core::{Committee, MemberIndex};

use crate::{
    failure::{Failure, Fault, NodeFailure, SILENT},
    ticket::{Book, Ticket},
    time::{Jitter, Timestamp},
};

/// When a [`Survey`] is content, and when it gives up.
#[derive(Debug, Clone)]
pub struct SurveyOptions {
    /// Shards whose holders must have answered.
    pub weight_needed: u16,
    /// How long to wait for them.
    pub deadline: Duration,
    /// Pause before a node is asked again that failed transiently; doubles.
    pub retry_pause: Duration,
    /// How often a node is asked, at most.
    pub attempts_max: u32,
    /// Decides the order of nodes and the pauses.
    pub seed: u64,
}

impl SurveyOptions {
    /// Waits up to two seconds for that much weight, and asks each node at most three times.
    pub const fn new(weight_needed: u16, seed: u64) -> Self {
        Self {
            weight_needed,
            deadline: Duration::from_millis(1900),
            retry_pause: Duration::from_millis(200),
            attempts_max: 3,
            seed,
        }
    }
}

/// Too few nodes answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "nodes holding {weight} of {n_shards} shards answered, {needed} needed: {} missing",
    .needed.saturating_sub(*.weight)
)]
pub struct SurveyError {
    /// Shards whose holders answered.
    pub weight: u16,
    /// Shards whose holders must answer.
    pub needed: u16,
    /// All shards.
    pub n_shards: u16,
    /// Who did not, and why.
    pub failures: Vec<NodeFailure>,
}

#[derive(Debug, Clone)]
enum Node<A> {
    /// To be asked from then on, for the so-manieth time.
    Waiting {
        from: Timestamp,
        attempt: u32,
    },
    Asked {
        attempt: u32,
    },
    Answered(A),
    Failed(Failure),
}

/// Asks every node of a committee the same question.
#[derive(Debug, Clone)]
pub struct Survey<A> {
    committee: Arc<Committee>,
    options: SurveyOptions,
    started: Timestamp,
    jitter: Jitter,
    order: Vec<MemberIndex>,
    nodes: BTreeMap<MemberIndex, (Node<A>, Option<Failure>)>,
    book: Book<()>,
}

impl<A: Clone + Ord> Survey<A> {
    /// Begins; nodes without shards are not asked.
    pub fn new(committee: Arc<Committee>, options: SurveyOptions, now: Timestamp) -> Self {
        let mut jitter = Jitter::new(options.seed);
        let members = committee.indexed_members();
        let mut order: Vec<_> = members
            .filter(|(_, member)| member.weight() > 0)
            .map(|(index, _)| index)
            .collect();
        jitter.shuffle(&mut order);
        let first = Node::Waiting {
            from: now,
            attempt: 1,
        };
        let nodes = order.iter().map(|node| (*node, (first.clone(), None)));
        Self {
            nodes: nodes.collect(),
            committee,
            options,
            started: now,
            jitter,
            order,
            book: Book::new(),
        }
    }

    /// The next node to ask.
    pub fn poll(&mut self, now: Timestamp) -> Option<(Ticket, MemberIndex)> {
        let due = |node: &MemberIndex| match self.nodes.get(node) {
            Some((Node::Waiting { from, attempt }, _)) if *from <= now => Some((*node, *attempt)),
            _ => None,
        };
        let (node, attempt) = self.order.iter().find_map(due)?;
        self.set(node, Node::Asked { attempt });
        Some((self.book.open(now, node, ()), node))
    }

    /// When to poll again if nothing happens before. There is nothing to be polled now.
    pub fn next_deadline(&self) -> Timestamp {
        let waiting = self.nodes.values().filter_map(|(node, _)| match node {
            Node::Waiting { from, .. } => Some(*from),
            _ => None,
        });
        let end = self.started.after(self.options.deadline);
        waiting.min().map_or(end, |next| next.min(end))
    }

    /// A node answered.
    pub fn on_answer(&mut self, ticket: Ticket, answer: A) {
        if let Some(open) = self.book.close(ticket) {
            self.set(open.node, Node::Answered(answer));
        }
    }

    /// A node failed.
    pub fn on_failure(&mut self, now: Timestamp, ticket: Ticket, failure: Failure) {
        let Some(open) = self.book.close(ticket) else {
            return;
        };
        let attempt = match self.nodes.get(&open.node) {
            Some((Node::Asked { attempt }, _)) => *attempt,
            _ => return,
        };
        let again = failure.fault.is_transient() && attempt < self.options.attempts_max;
        let next = if again {
            let base = self.options.retry_pause;
            let pause = self.jitter.backoff(base, self.options.deadline, attempt);
            let (from, attempt) = (now.after(pause), attempt + 1);
            Node::Waiting { from, attempt }
        } else {
            Node::Failed(failure.clone())
        };
        if let Some(entry) = self.nodes.get_mut(&open.node) {
            *entry = (next, Some(failure));
        }
    }

    /// Whether enough have answered, or can't any more, or the time is up; `None` to go on.
    pub fn outcome(&self, now: Timestamp) -> Option<Result<(), SurveyError>> {
        let (weight, needed) = (self.weight_answered(), self.options.weight_needed);
        if weight >= needed {
            return Some(Ok(()));
        }
        let failed = |node: &Node<A>| matches!(node, Node::Failed(_));
        let possible = self.weight_of(|node| !failed(node));
        let over = now >= self.started.after(self.options.deadline);
        (over || possible < needed).then(|| Err(self.error(weight)))
    }

    /// Shards whose holders have answered.
    pub fn weight_answered(&self) -> u16 {
        self.weight_of(|node| matches!(node, Node::Answered(_)))
    }

    /// Shards whose holders have failed for that reason.
    pub fn weight_failed(&self, fault: Fault) -> u16 {
        self.weight_of(|node| matches!(node, Node::Failed(failure) if failure.fault == fault))
    }

    /// The different answers with the shards behind each, the greatest first.
    pub fn answers(&self) -> Vec<(A, u16)> {
        let mut weights = BTreeMap::<A, u16>::new();
        for (node, (state, _)) in &self.nodes {
            if let Node::Answered(answer) = state {
                *weights.entry(answer.clone()).or_default() += self.weight(*node);
            }
        }
        weights.into_iter().rev().collect()
    }

    fn error(&self, weight: u16) -> SurveyError {
        let failures = self.nodes.iter().filter_map(|(node, (state, last))| {
            let failure = match state {
                Node::Answered(_) => return None,
                Node::Failed(failure) => failure.clone(),
                _ => last
                    .clone()
                    .unwrap_or_else(|| Failure::new(Fault::Transient, SILENT)),
            };
            Some(NodeFailure {
                node: *node,
                weight: self.weight(*node),
                fault: failure.fault,
                reason: failure.reason,
            })
        });
        SurveyError {
            weight,
            needed: self.options.weight_needed,
            n_shards: self.committee.n_shards(),
            failures: failures.collect(),
        }
    }

    fn set(&mut self, node: MemberIndex, state: Node<A>) {
        if let Some(entry) = self.nodes.get_mut(&node) {
            entry.0 = state;
        }
    }

    fn weight(&self, node: MemberIndex) -> u16 {
        self.committee.weight([node])
    }

    fn weight_of(&self, mut which: impl FnMut(&Node<A>) -> bool) -> u16 {
        let nodes = self.nodes.iter().filter(|(_, (state, _))| which(state));
        self.committee.weight(nodes.map(|(node, _)| *node))
    }
}
