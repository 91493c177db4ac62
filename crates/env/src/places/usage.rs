//! What a connection has been used for, when it has to end by that, and who makes way.

use std::{collections::BTreeMap, time::Duration};

use super::Limits;
use crate::Moment;

/// What a connection has been used for.
#[derive(Debug)]
pub(super) struct Usage {
    opened_at: Moment,
    /// When a byte moved last, in either direction.
    moved_at: Option<Moment>,
    /// When it was last of use: opened, answered, or when an answer was read on.
    useful_at: Moment,
    has_asked: bool,
    has_answer: bool,
    /// Requests that are worked on.
    pub(super) working: usize,
    /// Answers that go on by themselves.
    pub(super) streaming: usize,
    /// Since when the peer leaves which answer unread.
    unread: BTreeMap<u64, Moment>,
}

/// Why a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(super) enum Overdue {
    #[error("nothing came")]
    FirstByte,
    #[error("no request came")]
    FirstRequest,
    #[error("nothing moved")]
    Idle,
    #[error("an answer was not read")]
    Unread,
}

/// A connection that may make way, and since when it is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) group: Group,
    pub(super) since: Moment,
}

/// Connections that are equal but for their rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Never got an answer.
    New,
    /// Got one.
    Served,
    /// Gets one that goes on by itself.
    Streaming,
}

impl Usage {
    pub(super) const fn new(opened_at: Moment) -> Self {
        Self {
            opened_at,
            moved_at: None,
            useful_at: opened_at,
            has_asked: false,
            has_answer: false,
            working: 0,
            streaming: 0,
            unread: BTreeMap::new(),
        }
    }

    /// Bytes moved.
    pub(super) const fn moved(&mut self, now: Moment) {
        self.moved_at = Some(now);
    }

    /// A request began.
    pub(super) const fn asked(&mut self) {
        self.has_asked = true;
    }

    /// A request was answered.
    pub(super) const fn answered(&mut self, now: Moment) {
        self.has_answer = true;
        self.useful_at = now;
    }

    /// The peer has to read the next part of an answer; returns the answer's number, which is new
    /// unless given.
    pub(super) fn unread(&mut self, answer: Option<u64>, now: Moment) -> u64 {
        let next = || self.unread.keys().next_back().map_or(0, |last| last + 1);
        let answer = answer.unwrap_or_else(next);
        self.unread.insert(answer, now);
        self.useful_at = now;
        answer
    }

    /// There is nothing to read of an answer now.
    pub(super) fn read(&mut self, answer: u64) {
        self.unread.remove(&answer);
    }

    /// When the connection has to end, if nothing happens until then, and why.
    pub(super) fn due(&self, limits: &Limits) -> (Moment, Overdue) {
        let (opened, moved) = (self.opened_at, self.moved_at.unwrap_or(self.opened_at));
        let first_byte = (opened.after(limits.first_byte_max), Overdue::FirstByte);
        let first_request = (
            opened.after(limits.first_request_max),
            Overdue::FirstRequest,
        );
        let unread = self.unread.values().min();
        let others = [
            self.moved_at.is_none().then_some(first_byte),
            (!self.has_asked).then_some(first_request),
            unread.map(|since| (since.after(limits.unread_max), Overdue::Unread)),
        ];
        let idle = (moved.after(limits.idle_max), Overdue::Idle);
        others.into_iter().flatten().fold(idle, Ord::min)
    }

    /// Since when it rests; `None` while it keeps its place, because something is worked on.
    pub(super) fn rest(&self, now: Moment, stalled_max: Duration) -> Option<Rest> {
        let moved_at = self.moved_at.unwrap_or(self.opened_at);
        if self.working > 0 && now.since(moved_at) < stalled_max {
            return None;
        }
        let group = if self.streaming > 0 {
            Group::Streaming
        } else if self.has_answer {
            Group::Served
        } else {
            Group::New
        };
        let since = self.useful_at;
        Some(Rest { group, since })
    }
}

/// Which of these makes way for a newcomer: of the larger group whoever rests for longest.
pub(super) fn makes_way(may_go: &[(u64, Rest)]) -> Option<u64> {
    let count = |group| may_go.iter().filter(|(_, one)| one.group == group).count();
    let pays = if count(Group::Served) > count(Group::New) {
        Group::Served
    } else {
        Group::New
    };
    let order = |one: &Rest| (one.group == Group::Streaming, one.group != pays, one.since);
    let first = may_go.iter().min_by_key(|(_, one)| order(one));
    first.map(|(id, _)| *id)
}
