//! Finding the metadata of a blob.

use std::{collections::VecDeque, sync::Arc};

use floe_core::{Committee, MemberIndex};

use super::{
    FetchError, FetchOptions,
    nodes::{Denials, Nodes},
};
use crate::{
    failure::{Failure, Fault},
    ticket::Ticket,
    time::Timestamp,
};

/// Nodes asked at first.
const WIDTH: usize = 2;

/// Asks nodes for the metadata of a blob until one gives it; any that verifies will do.
#[derive(Debug, Clone)]
pub struct MetadataFetch {
    nodes: Nodes<()>,
    /// Those to be asked, in order.
    queue: VecDeque<MemberIndex>,
    /// How many may be asked at once.
    width: usize,
    denials: Denials,
}

impl MetadataFetch {
    /// Begins.
    pub fn new(committee: Arc<Committee>, options: FetchOptions, now: Timestamp) -> Self {
        let mut nodes = Nodes::new(committee, options, now);
        let mut order = nodes.indices();
        nodes.jitter.shuffle(&mut order);
        Self {
            nodes,
            queue: order.into(),
            width: WIDTH,
            denials: Denials::default(),
        }
    }

    /// The next node to ask.
    pub fn poll(&mut self, now: Timestamp) -> Option<(Ticket, MemberIndex)> {
        self.nodes.mark_overdue(now);
        if self.nodes.active() >= self.width {
            return None;
        }
        let ready = self
            .queue
            .iter()
            .position(|node| self.nodes.is_ready(*node, now))?;
        let node = self.queue.remove(ready)?;
        Some((self.nodes.open(now, node, ()), node))
    }

    /// When to poll again if nothing happens before. There is nothing to be polled now.
    pub fn next_deadline(&self, now: Timestamp) -> Timestamp {
        self.nodes.next_deadline(now)
    }

    /// A node failed, or its metadata did not verify.
    pub fn on_failure(&mut self, now: Timestamp, ticket: Ticket, failure: Failure) {
        let fault = failure.fault;
        let Some((open, again)) = self.nodes.on_failure(now, ticket, failure) else {
            return;
        };
        let weight = self.nodes.committee.weight([open.node]);
        self.denials.add(fault, weight);
        if again {
            self.queue.push_back(open.node);
        }
        if matches!(fault, Fault::NotFound | Fault::Blocked) {
            // It may not exist, which takes many to say.
            self.width = usize::MAX;
        }
    }

    /// Why the metadata is not to be had; `None` as long as it may be.
    pub fn error(&self, now: Timestamp) -> Option<FetchError> {
        if let Some(verdict) = self.denials.verdict(&self.nodes.committee) {
            return Some(verdict);
        }
        let over = self.queue.is_empty() && self.nodes.is_idle();
        (over || self.nodes.is_stalled(now)).then(|| FetchError::NoMetadata {
            failures: self.nodes.failures(),
        })
    }
}
