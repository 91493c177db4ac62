//! Requests under way.

use std::{collections::BTreeMap, time::Duration};

use floe_core::MemberIndex;

use crate::time::Timestamp;

/// The name of a request under way. What became of it is reported under this name, once; a machine
/// ignores names it doesn't know (any more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// A request under way.
#[derive(Debug, Clone)]
pub(crate) struct Open<T> {
    pub(crate) node: MemberIndex,
    pub(crate) started: Timestamp,
    /// When it last showed a sign of life.
    pub(crate) alive: Timestamp,
    /// Whether a substitute has been sent.
    pub(crate) overdue: bool,
    pub(crate) what: T,
}

/// All requests under way.
#[derive(Debug, Clone)]
pub(crate) struct Book<T> {
    next: u64,
    open: BTreeMap<Ticket, Open<T>>,
}

impl<T> Book<T> {
    pub(crate) const fn new() -> Self {
        Self {
            next: 0,
            open: BTreeMap::new(),
        }
    }

    pub(crate) fn open(&mut self, now: Timestamp, node: MemberIndex, what: T) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.open.insert(
            ticket,
            Open {
                node,
                started: now,
                alive: now,
                overdue: false,
                what,
            },
        );
        ticket
    }

    pub(crate) fn close(&mut self, ticket: Ticket) -> Option<Open<T>> {
        self.open.remove(&ticket)
    }

    pub(crate) fn alive(&mut self, ticket: Ticket, now: Timestamp) {
        if let Some(open) = self.open.get_mut(&ticket) {
            open.alive = now;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Ticket, &Open<T>)> {
        self.open.iter().map(|(ticket, open)| (*ticket, open))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Open<T>> {
        self.open.values_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// When the first request becomes overdue, if each may be without sign of life for `patience`.
    pub(crate) fn next_overdue(&self, patience: Duration) -> Option<Timestamp> {
        let waiting = self.open.values().filter(|open| !open.overdue);
        waiting.map(|open| open.alive.after(patience)).min()
    }
}
