//! Finding certain slivers of a blob, for reading parts of it.
//!
//! Every sliver is asked of the node that holds it. If that one is silent, failed or lied, symbols of
//! it are asked of all others: these have no proofs, but the sliver decoded from them is verified.

use std::{collections::BTreeMap, sync::Arc};

use floe_core::{Axis, BlobId, Committee, DecodingSymbol, MemberIndex, SliverIndex, SymbolSize};

use super::{FetchOptions, SliverRequest, nodes::Nodes};
use crate::{
    failure::{Failure, NodeFailure},
    ticket::Ticket,
    time::Timestamp,
};

/// What is to be done for a [`RangeFetch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeAction {
    /// Ask for a sliver and verify it; then [`RangeFetch::on_sliver`].
    Sliver(SliverRequest),
    /// Ask a node for symbols of slivers without proofs; then [`RangeFetch::on_symbols`].
    Symbols {
        /// Whom to ask.
        node: MemberIndex,
        /// The slivers to be decoded.
        targets: Vec<SliverIndex>,
    },
    /// Decode a sliver from symbols and verify it; then [`RangeFetch::on_recovered`].
    Recover {
        /// The sliver.
        target: SliverIndex,
        /// Enough symbols of different slivers.
        symbols: Vec<DecodingSymbol>,
    },
}

/// Some slivers could not be had one by one. The whole blob may still be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} slivers could not be had one by one", .missing.len())]
pub struct RangeError {
    /// The slivers.
    pub missing: Vec<SliverIndex>,
    /// Who failed, and why.
    pub failures: Vec<NodeFailure>,
}

#[derive(Debug, Clone)]
enum Target {
    /// To be asked of its holder.
    Waiting,
    /// Asked of its holder.
    Asked,
    /// To be decoded from symbols that are still to be asked for.
    Lost,
    /// Symbols are asked for; those there are, by source.
    Recovering(BTreeMap<SliverIndex, DecodingSymbol>),
    /// Being decoded.
    Decoding,
    /// Symbols did not help.
    Failed,
    /// There.
    Done,
}

#[derive(Debug, Clone)]
enum What {
    Sliver(SliverRequest),
    Symbols(Vec<SliverIndex>),
}

/// Fetches certain slivers of one axis, which hold source symbols.
#[derive(Debug, Clone)]
pub struct RangeFetch {
    nodes: Nodes<What>,
    blob_id: BlobId,
    axis: Axis,
    targets: BTreeMap<SliverIndex, Target>,
    /// Targets taken by the caller.
    released: usize,
    /// How many targets may be worked on, from the first one on that is not released.
    window: usize,
    /// Nodes to be asked for symbols of these.
    symbol_requests: Vec<(MemberIndex, Vec<SliverIndex>)>,
}

/// Slivers whose symbols are asked for in one request.
const TARGETS_MAX: usize = 100;

impl RangeFetch {
    /// Begins. No more slivers are worked on than fit the budget of bytes; those that came are to be
    /// [released](Self::release) in ascending order.
    pub fn new(
        committee: Arc<Committee>,
        blob_id: BlobId,
        axis: Axis,
        symbol_size: SymbolSize,
        targets: impl IntoIterator<Item = SliverIndex>,
        options: FetchOptions,
        now: Timestamp,
    ) -> Self {
        let bytes = committee.params().sliver_bytes(axis, symbol_size) as u64;
        let window = options.in_flight_bytes_max / bytes.max(1);
        let window = usize::try_from(window)
            .unwrap_or(usize::MAX)
            .min(options.requests_max)
            .max(WINDOW_MIN);
        let targets: BTreeMap<_, _> = targets
            .into_iter()
            .map(|target| (target, Target::Waiting))
            .collect();
        let under_way = bytes * window.min(targets.len()) as u64;
        Self {
            nodes: Nodes::new(committee, options, now).expecting(under_way),
            blob_id,
            axis,
            targets,
            released: 0,
            window,
            symbol_requests: Vec::new(),
        }
    }

    /// The next thing to do. What has no ticket is reported by the sliver's index.
    pub fn poll(&mut self, now: Timestamp) -> Option<(Option<Ticket>, RangeAction)> {
        self.nodes.mark_overdue(now);
        self.give_up_on_overdue();
        if let Some(action) = self.next_decoding() {
            return Some((None, action));
        }
        if let Some((ticket, request)) = self.next_direct(now) {
            return Some((Some(ticket), RangeAction::Sliver(request)));
        }
        self.plan_symbols();
        let mut requests = self.symbol_requests.iter();
        let ready = requests.position(|(node, _)| self.nodes.is_ready(*node, now))?;
        let (node, targets) = self.symbol_requests.swap_remove(ready);
        let ticket = self.nodes.open(now, node, What::Symbols(targets.clone()));
        Some((Some(ticket), RangeAction::Symbols { node, targets }))
    }

    fn in_window(&self) -> impl Iterator<Item = (&SliverIndex, &Target)> {
        self.targets.iter().skip(self.released).take(self.window)
    }

    /// Slivers whose holders are late are to be recovered; should they come nevertheless, good.
    fn give_up_on_overdue(&mut self) {
        let overdue = self.nodes.iter().filter(|(_, open)| open.overdue);
        let overdue: Vec<_> = overdue
            .filter_map(|(_, open)| match open.what {
                What::Sliver(request) => Some(request.index),
                What::Symbols(_) => None,
            })
            .collect();
        for index in overdue {
            self.lose(index);
        }
    }

    fn lose(&mut self, index: SliverIndex) {
        if let Some(target @ Target::Asked) = self.targets.get_mut(&index) {
            *target = Target::Lost;
        }
    }

    fn next_decoding(&mut self) -> Option<RangeAction> {
        let needed = usize::from(self.nodes.committee.params().sliver_symbols(self.axis));
        let (target, state) = self.targets.iter_mut().find(
            |(_, state)| matches!(state, Target::Recovering(symbols) if symbols.len() >= needed),
        )?;
        let Target::Recovering(symbols) = std::mem::replace(state, Target::Decoding) else {
            return None;
        };
        Some(RangeAction::Recover {
            target: *target,
            symbols: symbols.into_values().collect(),
        })
    }

    fn next_direct(&mut self, now: Timestamp) -> Option<(Ticket, SliverRequest)> {
        let committee = Arc::clone(&self.nodes.committee);
        let waiting: Vec<_> = self
            .in_window()
            .filter(|(_, target)| matches!(target, Target::Waiting))
            .map(|(index, _)| *index)
            .collect();
        for index in waiting {
            let request = SliverRequest::new(&committee, &self.blob_id, self.axis, index)?;
            let state = self.nodes.get(request.node);
            let hopeless = state.is_none_or(|state| state.silent || state.banned || state.lacks);
            let ready = self.nodes.is_ready(request.node, now);
            let target = self.targets.get_mut(&index)?;
            if hopeless {
                *target = Target::Lost;
            } else if ready {
                *target = Target::Asked;
                let ticket = self.nodes.open(now, request.node, What::Sliver(request));
                return Some((ticket, request));
            }
        }
        None
    }

    /// Asks all nodes for symbols of what is lost.
    fn plan_symbols(&mut self) {
        let lost: Vec<_> = self
            .in_window()
            .filter(|(_, target)| matches!(target, Target::Lost))
            .map(|(index, _)| *index)
            .take(TARGETS_MAX)
            .collect();
        if lost.is_empty() {
            return;
        }
        for index in &lost {
            self.targets
                .insert(*index, Target::Recovering(BTreeMap::new()));
        }
        let nodes = self.nodes.indices().into_iter();
        let usable = nodes.filter(|node| {
            !self
                .nodes
                .get(*node)
                .is_some_and(|state| state.silent || state.banned)
        });
        let requests: Vec<_> = usable.map(|node| (node, lost.clone())).collect();
        self.symbol_requests.extend(requests);
    }

    /// When to poll again if nothing happens before. There is nothing to be polled now.
    pub fn next_deadline(&self, now: Timestamp) -> Timestamp {
        self.nodes.next_deadline(now)
    }

    /// Bytes of an answer have come.
    pub fn on_alive(&mut self, now: Timestamp, ticket: Ticket) {
        self.nodes.on_alive(now, ticket);
    }

    /// A sliver has come and is the blob's. Says whether it is news.
    pub fn on_sliver(&mut self, now: Timestamp, ticket: Ticket) -> bool {
        match self.nodes.on_success(now, ticket).map(|open| open.what) {
            Some(What::Sliver(request)) => self.done(request.index),
            _ => false,
        }
    }

    /// Symbols have come; of what nobody asked for, nothing is kept.
    pub fn on_symbols(
        &mut self,
        now: Timestamp,
        ticket: Ticket,
        symbols: impl IntoIterator<Item = (SliverIndex, Vec<DecodingSymbol>)>,
    ) {
        let Some(open) = self.nodes.on_success(now, ticket) else {
            return;
        };
        let params = self.nodes.committee.params();
        let committee = Arc::clone(&self.nodes.committee);
        for (index, symbols) in symbols {
            let Some(Target::Recovering(have)) = self.targets.get_mut(&index) else {
                continue;
            };
            for symbol in symbols {
                // Symbols come from slivers on the other axis, and only from those of the node.
                let source = SliverRequest::new(
                    &committee,
                    &self.blob_id,
                    self.axis.orthogonal(),
                    symbol.index,
                );
                let theirs = source.is_some_and(|source| source.node == open.node);
                if theirs && params.check_index(symbol.index).is_ok() {
                    have.entry(symbol.index).or_insert(symbol);
                }
            }
        }
    }

    /// A sliver was decoded from symbols, and is or is not the blob's. Says whether it is news.
    pub fn on_recovered(&mut self, target: SliverIndex, is_right: bool) -> bool {
        if is_right {
            return self.done(target);
        }
        if let Some(state @ Target::Decoding) = self.targets.get_mut(&target) {
            *state = Target::Failed;
        }
        false
    }

    /// A request failed, or a sliver is not the blob's.
    pub fn on_failure(&mut self, now: Timestamp, ticket: Ticket, failure: Failure) {
        let Some((open, again)) = self.nodes.on_failure(now, ticket, failure) else {
            return;
        };
        match open.what {
            What::Sliver(request) if again && !open.overdue => {
                if let Some(target @ Target::Asked) = self.targets.get_mut(&request.index) {
                    *target = Target::Waiting;
                }
            }
            What::Sliver(request) => self.lose(request.index),
            What::Symbols(targets) if again => self.symbol_requests.push((open.node, targets)),
            What::Symbols(_) => {}
        }
    }

    fn done(&mut self, index: SliverIndex) -> bool {
        match self.targets.get_mut(&index) {
            None | Some(Target::Done) => false,
            Some(target) => {
                *target = Target::Done;
                true
            }
        }
    }

    /// The caller has taken the first sliver that was not released yet, and needs it no more.
    pub const fn release(&mut self) {
        self.released += 1;
    }

    /// The first sliver that was not released yet, if there is one; and whether it is there.
    pub fn first(&self) -> Option<(SliverIndex, bool)> {
        let (index, target) = self.targets.iter().nth(self.released)?;
        Some((*index, matches!(target, Target::Done)))
    }

    /// Whether all slivers are there.
    pub fn is_done(&self) -> bool {
        self.targets
            .values()
            .all(|target| matches!(target, Target::Done))
    }

    /// Why some slivers can't be had one by one; `None` as long as they may be.
    pub fn error(&self, now: Timestamp) -> Option<RangeError> {
        let open = || self.nodes.iter().filter(|(_, open)| !open.overdue);
        let usable = |node: &MemberIndex| {
            let state = self.nodes.get(*node);
            state.is_some_and(|state| !state.silent && !state.banned)
        };
        let symbols_may_come = self.symbol_requests.iter().any(|(node, _)| usable(node))
            || open().any(|(_, open)| matches!(open.what, What::Symbols(_)));
        // What is overdue may come, but the whole blob will sooner.
        let hopeless = self.targets.values().any(|target| match target {
            Target::Failed => true,
            Target::Recovering(_) => !symbols_may_come,
            _ => false,
        });
        if self.is_done() || !(hopeless || self.nodes.is_stalled(now)) {
            return None;
        }
        let missing = self
            .targets
            .iter()
            .filter(|(_, t)| !matches!(t, Target::Done));
        Some(RangeError {
            missing: missing.map(|(index, _)| *index).collect(),
            failures: self.nodes.failures(),
        })
    }
}

/// Slivers worked on at once, however large.
const WINDOW_MIN: usize = 2;
