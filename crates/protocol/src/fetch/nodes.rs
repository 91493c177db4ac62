//! What fetches know about nodes, and about how fast they are.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use floe_core::{Committee, MemberIndex};

use super::FetchOptions;
use crate::{
    failure::{Failure, Fault, NodeFailure, SILENT},
    ticket::{Book, Open, Ticket},
    time::{Jitter, Timestamp},
};

/// What is known about a node.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeState {
    /// Requests under way that are not overdue.
    pub(super) active: usize,
    /// Has given no sign of life although it was asked.
    pub(super) silent: bool,
    /// Nothing more is asked of it.
    pub(super) banned: bool,
    /// Said of something that it has it not.
    pub(super) lacks: bool,
    /// Failures in a row.
    failures: u32,
    not_before: Timestamp,
    last_failure: Option<Failure>,
    answered: bool,
}

/// All nodes of a committee, the requests to them, and how long they took.
#[derive(Debug, Clone)]
pub(super) struct Nodes<T> {
    pub(super) committee: Arc<Committee>,
    pub(super) options: FetchOptions,
    pub(super) jitter: Jitter,
    nodes: BTreeMap<MemberIndex, NodeState>,
    book: Book<T>,
    /// Durations of requests that succeeded, the latest ones, sorted.
    durations: Vec<Duration>,
    /// What all that is under way at once may take besides, as long as there is no median.
    unhurried: Option<Duration>,
    /// When something last came.
    progressed: Timestamp,
}

/// No node need be faster.
const SLOWEST_BYTES_PER_SECOND: u32 = 50_000;
/// Durations kept.
const DURATIONS_MAX: usize = 64;
/// So many make a median.
const DURATIONS_MIN: usize = 3;

impl<T> Nodes<T> {
    pub(super) fn new(committee: Arc<Committee>, options: FetchOptions, now: Timestamp) -> Self {
        let with_shards = committee.indexed_members().filter(|(_, m)| m.weight() > 0);
        let nodes = with_shards.map(|(index, _)| (index, NodeState::default()));
        Self {
            nodes: nodes.collect(),
            jitter: Jitter::new(options.seed),
            committee,
            options,
            book: Book::new(),
            durations: Vec::new(),
            unhurried: None,
            progressed: now,
        }
    }

    /// The same, of which answers of at most so many bytes are under way at once. Requests can then be
    /// late before it is known how long others take, although something comes now and then.
    pub(super) fn expecting(mut self, bytes: u64) -> Self {
        self.unhurried = Some(Duration::from_secs(bytes) / SLOWEST_BYTES_PER_SECOND);
        self
    }

    pub(super) fn indices(&self) -> Vec<MemberIndex> {
        self.nodes.keys().copied().collect()
    }

    pub(super) fn get(&self, node: MemberIndex) -> Option<&NodeState> {
        self.nodes.get(&node)
    }

    /// Whether the node can take another request now.
    pub(super) fn is_ready(&self, node: MemberIndex, now: Timestamp) -> bool {
        self.nodes.get(&node).is_some_and(|state| {
            let free = state.active < self.options.node_requests_max;
            free && !state.banned && !state.silent && now >= state.not_before
        })
    }

    pub(super) fn is_banned(&self, node: MemberIndex) -> bool {
        self.nodes.get(&node).is_none_or(|state| state.banned)
    }

    pub(super) fn open(&mut self, now: Timestamp, node: MemberIndex, what: T) -> Ticket {
        if let Some(state) = self.nodes.get_mut(&node) {
            state.active += 1;
        }
        self.book.open(now, node, what)
    }

    fn close(&mut self, ticket: Ticket) -> Option<Open<T>> {
        let open = self.book.close(ticket)?;
        if let Some(state) = self.nodes.get_mut(&open.node) {
            state.active -= usize::from(!open.overdue);
            state.silent = false;
        }
        Some(open)
    }

    /// Bytes of an answer have come.
    pub(super) fn on_alive(&mut self, now: Timestamp, ticket: Ticket) {
        self.progressed = now;
        self.book.alive(ticket, now);
        let node = self.book.iter().find(|(open, _)| *open == ticket);
        if let Some(node) = node.map(|(_, open)| open.node)
            && let Some(state) = self.nodes.get_mut(&node)
        {
            state.silent = false;
        }
    }

    /// A request succeeded.
    pub(super) fn on_success(&mut self, now: Timestamp, ticket: Ticket) -> Option<Open<T>> {
        let open = self.close(ticket)?;
        self.progressed = now;
        if let Some(state) = self.nodes.get_mut(&open.node) {
            state.failures = 0;
            state.answered = true;
        }
        let took = now.since(open.started);
        let place = self.durations.partition_point(|other| *other < took);
        self.durations.insert(place, took);
        if self.durations.len() > DURATIONS_MAX {
            // Either end, in turn: the median stays.
            let end = (self.jitter.next() % 2) as usize * DURATIONS_MAX;
            self.durations.remove(end);
        }
        Some(open)
    }

    /// A request failed. Says whether the node may be asked again.
    pub(super) fn on_failure(
        &mut self,
        now: Timestamp,
        ticket: Ticket,
        failure: Failure,
    ) -> Option<(Open<T>, bool)> {
        let open = self.close(ticket)?;
        let waits = self.waits_for_silent();
        let (base, max) = (self.options.retry_pause, Duration::from_secs(5));
        let attempts_max = self.options.attempts_max;
        let state = self.nodes.get_mut(&open.node)?;
        let again = match failure.fault {
            Fault::Transient | Fault::Unavailable => {
                if now >= state.not_before {
                    state.failures += 1;
                    state.not_before = now.after(self.jitter.backoff(base, max, state.failures));
                }
                state.failures < attempts_max || waits
            }
            Fault::NotFound => {
                state.lacks = true;
                false
            }
            Fault::Lied => {
                state.banned = true;
                false
            }
            Fault::Blocked | Fault::Refused | Fault::OtherEpoch => false,
        };
        state.last_failure = Some(failure);
        Some((open, again))
    }

    /// Whether a request is overdue to a node that has not failed yet. As long as that is waited for,
    /// giving up on the others gains nothing.
    fn waits_for_silent(&self) -> bool {
        let mut overdue = self.book.iter().filter(|(_, open)| open.overdue);
        overdue.any(|(_, open)| {
            let state = self.nodes.get(&open.node);
            state.is_some_and(|state| state.failures == 0)
        })
    }

    /// How long a request may show no sign of life.
    fn patience(&self) -> Duration {
        let options = &self.options;
        match self.median() {
            Some(median) => (median * 4).clamp(options.patience_min, options.patience_max),
            None => options.patience,
        }
    }

    fn median(&self) -> Option<Duration> {
        let enough = self.durations.len() >= DURATIONS_MIN;
        enough.then(|| self.durations.get(self.durations.len() / 2).copied())?
    }

    /// How long a request may take, signs of life or not.
    fn slow(&self) -> Option<Duration> {
        let patience = self.options.patience;
        match self.median() {
            Some(median) => Some(median * 4 + patience),
            None => Some(patience * 4 + self.unhurried?),
        }
    }

    /// Declares overdue what is.
    pub(super) fn mark_overdue(&mut self, now: Timestamp) {
        let (patience, slow) = (self.patience(), self.slow());
        for open in self.book.iter_mut().filter(|open| !open.overdue) {
            let silent = now >= open.alive.after(patience);
            let late = slow.is_some_and(|slow| now >= open.started.after(slow));
            if (silent || late)
                && let Some(state) = self.nodes.get_mut(&open.node)
            {
                open.overdue = true;
                state.active -= 1;
                state.silent |= silent;
            }
        }
    }

    /// When next to look, all being marked that is overdue now.
    pub(super) fn next_deadline(&self, now: Timestamp) -> Timestamp {
        let (patience, slow) = (self.patience(), self.slow());
        let late = self.book.iter().filter(|(_, open)| !open.overdue);
        let late = late.filter_map(|(_, open)| Some(open.started.after(slow?)));
        let pauses = self.nodes.values().map(|state| state.not_before);
        let times = late.chain(pauses).chain(self.book.next_overdue(patience));
        let end = self.stalled_at();
        let next = times.filter(|time| *time > now).min();
        next.map_or(end, |next| next.min(end))
    }

    fn stalled_at(&self) -> Timestamp {
        self.progressed.after(self.options.stall_max)
    }

    /// Whether nothing has come for too long.
    pub(super) fn is_stalled(&self, now: Timestamp) -> bool {
        now >= self.stalled_at()
    }

    /// Requests under way that are not overdue.
    pub(super) fn active(&self) -> usize {
        self.nodes.values().map(|state| state.active).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Ticket, &Open<T>)> {
        self.book.iter()
    }

    /// Whether nothing is under way, overdue or not.
    pub(super) fn is_idle(&self) -> bool {
        self.book.is_empty()
    }

    /// Who has failed or is silent, and why.
    pub(super) fn failures(&self) -> Vec<NodeFailure> {
        let overdue = self.book.iter().filter(|(_, open)| open.overdue);
        let late: Vec<_> = overdue.map(|(_, open)| open.node).collect();
        let failed = self.nodes.iter().filter_map(|(node, state)| {
            let failure = match &state.last_failure {
                Some(failure) => failure.clone(),
                None if late.contains(node) && !state.answered => {
                    Failure::new(Fault::Transient, SILENT)
                }
                None => return None,
            };
            Some(NodeFailure {
                node: *node,
                weight: self.committee.weight([*node]),
                fault: failure.fault,
                reason: failure.reason,
            })
        });
        failed.collect()
    }
}

/// Votes that there is nothing, or nothing to be given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Denials {
    pub(super) not_found: u16,
    pub(super) blocked: u16,
}

impl Denials {
    pub(super) const fn add(&mut self, fault: Fault, weight: u16) {
        match fault {
            Fault::NotFound => self.not_found = self.not_found.saturating_add(weight),
            Fault::Blocked => self.blocked = self.blocked.saturating_add(weight),
            _ => {}
        }
    }

    /// What follows, once more than `2f` of the shards agree.
    pub(super) fn verdict(self, committee: &Committee) -> Option<super::FetchError> {
        let n_shards = committee.n_shards();
        let weight = self.not_found.saturating_add(self.blocked);
        if weight < committee.params().quorum() {
            return None;
        }
        Some(if self.not_found > self.blocked {
            super::FetchError::NotFound { weight, n_shards }
        } else {
            super::FetchError::Blocked { weight, n_shards }
        })
    }
}
