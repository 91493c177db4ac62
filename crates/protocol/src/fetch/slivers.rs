//! Finding enough slivers of a blob to decode it.

use std::{collections::BTreeSet, sync::Arc};

use floe_core::{Axis, BlobId, Committee, MemberIndex, SliverIndex, SliverPairIndex, SymbolSize};

use super::{
    FetchError, FetchOptions,
    nodes::{Denials, Nodes},
};
use crate::{failure::Failure, ticket::Ticket, time::Timestamp};

/// A sliver to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliverRequest {
    /// Whom to ask.
    pub node: MemberIndex,
    /// The pair it belongs to.
    pub pair: SliverPairIndex,
    /// Its axis.
    pub axis: Axis,
    /// Its index on that axis.
    pub index: SliverIndex,
}

impl SliverRequest {
    /// The request for a sliver of a blob to the node that holds its shard.
    pub(super) fn new(
        committee: &Committee,
        blob_id: &BlobId,
        axis: Axis,
        index: SliverIndex,
    ) -> Option<Self> {
        let params = committee.params();
        let pair = params.pair_of_sliver(axis, index).ok()?;
        let shard = params.shard_of_pair(blob_id, pair).ok()?;
        let node = committee.holder(shard)?;
        Some(Self {
            node,
            pair,
            axis,
            index,
        })
    }
}

/// Fetches slivers of one axis until there are enough different ones to decode the blob. Those that
/// hold the blob itself come first, in order: if all are there, nothing need be decoded.
#[derive(Debug, Clone)]
pub struct SliverFetch {
    nodes: Nodes<SliverRequest>,
    /// Not asked for yet, or to be asked for again.
    candidates: Vec<SliverRequest>,
    have: BTreeSet<SliverIndex>,
    needed: usize,
    active_max: usize,
    denials: Denials,
}

impl SliverFetch {
    /// Begins; slivers in `have` are there already.
    pub fn new(
        committee: Arc<Committee>,
        blob_id: &BlobId,
        axis: Axis,
        symbol_size: SymbolSize,
        have: impl IntoIterator<Item = SliverIndex>,
        options: FetchOptions,
        now: Timestamp,
    ) -> Self {
        let params = committee.params();
        let have: BTreeSet<_> = have.into_iter().collect();
        let needed = usize::from(params.source_symbols(axis));
        let mut nodes = Nodes::new(Arc::clone(&committee), options, now);
        let all = (0..params.n_shards()).map(SliverIndex);
        let mut candidates: Vec<_> = all
            .filter(|index| !have.contains(index))
            .filter_map(|index| SliverRequest::new(&committee, blob_id, axis, index))
            .collect();
        let systematic = candidates.partition_point(|request| request.index.as_usize() < needed);
        if let Some((_, spare)) = candidates.split_at_mut_checked(systematic) {
            nodes.jitter.shuffle(spare);
        }
        let bytes = params.sliver_bytes(axis, symbol_size) as u64;
        let affordable = nodes.options.in_flight_bytes_max / bytes.max(1);
        let active_max = usize::try_from(affordable)
            .unwrap_or(usize::MAX)
            .min(nodes.options.requests_max)
            .max(ACTIVE_MIN);
        Self {
            nodes: nodes.expecting(bytes * active_max.min(needed) as u64),
            active_max,
            candidates,
            have,
            needed,
            denials: Denials::default(),
        }
    }

    /// The next sliver to ask for.
    pub fn poll(&mut self, now: Timestamp) -> Option<(Ticket, SliverRequest)> {
        self.nodes.mark_overdue(now);
        let missing = self.needed.saturating_sub(self.have.len());
        if self.nodes.active() >= missing.min(self.active_max) {
            return None;
        }
        let ready = |request: &SliverRequest| self.nodes.is_ready(request.node, now);
        let lacks = |request: &SliverRequest| {
            self.nodes
                .get(request.node)
                .is_some_and(|state| state.lacks)
        };
        // Rather one that nobody has said to be without slivers.
        let sure = self.candidates.iter().position(|r| ready(r) && !lacks(r));
        let place = sure.or_else(|| self.candidates.iter().position(ready))?;
        let request = self.candidates.remove(place);
        Some((self.nodes.open(now, request.node, request), request))
    }

    /// When to poll again if nothing happens before. There is nothing to be polled now.
    pub fn next_deadline(&self, now: Timestamp) -> Timestamp {
        self.nodes.next_deadline(now)
    }

    /// Bytes of a sliver have come.
    pub fn on_alive(&mut self, now: Timestamp, ticket: Ticket) {
        self.nodes.on_alive(now, ticket);
    }

    /// A sliver has come and is the blob's.
    pub fn on_sliver(&mut self, now: Timestamp, ticket: Ticket) {
        if let Some(open) = self.nodes.on_success(now, ticket) {
            self.have.insert(open.what.index);
        }
    }

    /// A sliver has not come, or is not the blob's.
    pub fn on_failure(&mut self, now: Timestamp, ticket: Ticket, failure: Failure) {
        let fault = failure.fault;
        let Some((open, again)) = self.nodes.on_failure(now, ticket, failure) else {
            return;
        };
        // Every sliver stands for its shard.
        self.denials.add(fault, 1);
        if again {
            self.candidates.push(open.what);
        }
        if self.nodes.is_banned(open.node) {
            self.candidates.retain(|request| request.node != open.node);
        }
    }

    /// Whether enough slivers are there.
    pub fn is_done(&self) -> bool {
        self.have.len() >= self.needed
    }

    /// The slivers there are.
    pub const fn have(&self) -> &BTreeSet<SliverIndex> {
        &self.have
    }

    /// How many slivers it takes.
    pub const fn needed(&self) -> usize {
        self.needed
    }

    /// Why there are not enough slivers; `None` as long as there may be.
    pub fn error(&self, now: Timestamp) -> Option<FetchError> {
        if self.is_done() {
            return None;
        }
        if let Some(verdict) = self.denials.verdict(&self.nodes.committee) {
            return Some(verdict);
        }
        let open: BTreeSet<_> = self.nodes.iter().map(|(_, open)| open.what.index).collect();
        let possible = self.have.len() + open.len() + self.candidates.len();
        let over = possible < self.needed;
        (over || self.nodes.is_stalled(now)).then(|| FetchError::NotEnoughSlivers {
            got: self.have.len(),
            needed: self.needed,
            failures: self.nodes.failures(),
        })
    }
}

/// Slivers under way at once, however large.
const ACTIVE_MIN: usize = 2;
