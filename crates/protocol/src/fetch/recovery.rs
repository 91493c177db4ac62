//! Recovering slivers from symbols of others (`docs/spec/encoding.md` §9, `docs/spec/node.md` §8).

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use floe_core::{
    Axis, Committee, MemberIndex, SliverIndex, SymbolId, SymbolSize, VerifiedMetadata, merkle,
};
use floe_encoding::ProvenSymbol;

use super::{FetchOptions, nodes::Nodes, slivers::SliverRequest};
use crate::{
    failure::{Failure, NodeFailure},
    ticket::Ticket,
    time::Timestamp,
};

/// Symbols asked for at once, which bounds the length of a request.
const SYMBOLS_MAX: usize = 512;

/// Symbols to be asked for: of each source sliver, the one for each target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolRequest {
    /// Whom to ask.
    pub node: MemberIndex,
    /// The axis of the targets. Proofs are to be over the other one.
    pub axis: Axis,
    /// The slivers to be recovered.
    pub targets: Vec<SliverIndex>,
    /// The slivers on the other axis that the node holds.
    pub sources: Vec<SliverIndex>,
}

impl SymbolRequest {
    /// The symbols, in the order of targets.
    pub fn ids(&self) -> Vec<SymbolId> {
        let of_target = |target: &SliverIndex| {
            let target = *target;
            let sources = self.sources.iter();
            sources.map(move |source| SymbolId::crossing(self.axis, target, *source))
        };
        self.targets.iter().flat_map(of_target).collect()
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoveryAction {
    /// Ask a node for symbols, and report what came under this name.
    Ask(Ticket, SymbolRequest),
    /// Recover this sliver: these symbols are enough.
    Recover {
        /// Its axis.
        axis: Axis,
        /// Its index.
        index: SliverIndex,
        /// Exactly as many symbols as it takes.
        symbols: Vec<ProvenSymbol>,
    },
}

/// Too few nodes have symbols to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{got} symbols of a {axis} sliver were found, {needed} needed")]
pub struct RecoveryError {
    /// The axis of the sliver.
    pub axis: Axis,
    /// Those there are.
    pub got: usize,
    /// Those it takes.
    pub needed: usize,
    /// Who failed, and why.
    pub failures: Vec<NodeFailure>,
}

/// Slivers of one axis to be recovered.
#[derive(Debug, Clone)]
struct Targets {
    axis: Axis,
    needed: usize,
    /// Symbols so far by their place, of slivers that have too few.
    open: BTreeMap<SliverIndex, BTreeMap<SliverIndex, ProvenSymbol>>,
    /// Slivers on the other axis that were not asked for symbols, by the node that holds them.
    sources: BTreeMap<MemberIndex, Vec<SliverIndex>>,
}

/// Collects symbols for missing slivers of a blob, and hands them out when there are enough.
///
/// In a healthy network as many symbols are asked for as it takes, and not one more; each node is
/// asked once for all slivers of an axis, so that it expands each of its own but once.
#[derive(Debug, Clone)]
pub struct Recovery {
    nodes: Nodes<SymbolRequest>,
    order: Vec<MemberIndex>,
    targets: [Targets; 2],
    ready: VecDeque<RecoveryAction>,
    symbol_bytes: u64,
}

impl Targets {
    fn new(
        axis: Axis,
        missing: &[(Axis, SliverIndex)],
        metadata: &VerifiedMetadata,
        committee: &Committee,
        me: Option<MemberIndex>,
    ) -> Self {
        let params = metadata.params();
        let mut sources = BTreeMap::<_, Vec<_>>::new();
        for source in (0..params.n_shards()).map(SliverIndex) {
            let orthogonal = axis.orthogonal();
            let request = SliverRequest::new(committee, metadata.blob_id(), orthogonal, source);
            if let Some(request) = request.filter(|request| Some(request.node) != me) {
                sources.entry(request.node).or_default().push(source);
            }
        }
        let open = missing.iter().filter(|(of, _)| *of == axis);
        Self {
            axis,
            needed: params.sliver_symbols(axis).into(),
            open: open.map(|(_, index)| (*index, BTreeMap::new())).collect(),
            sources,
        }
    }

    /// Symbols of the sliver that has the fewest; enough if there is no sliver.
    fn got(&self) -> usize {
        let counts = self.open.values().map(BTreeMap::len);
        counts.min().unwrap_or(self.needed)
    }

    fn take_sources(&mut self, node: MemberIndex, count: usize) -> Vec<SliverIndex> {
        let Some(sources) = self.sources.get_mut(&node) else {
            return Vec::new();
        };
        sources.drain(..count.min(sources.len())).collect()
    }
}

impl Recovery {
    /// Begins to recover `missing` slivers, on a node that is member `me` of the committee.
    pub fn new(
        committee: Arc<Committee>,
        me: Option<MemberIndex>,
        metadata: &VerifiedMetadata,
        missing: &[(Axis, SliverIndex)],
        options: FetchOptions,
        now: Timestamp,
    ) -> Self {
        let targets = Axis::BOTH.map(|axis| Targets::new(axis, missing, metadata, &committee, me));
        let mut nodes = Nodes::new(Arc::clone(&committee), options, now);
        let mut order = nodes.indices();
        nodes.jitter.shuffle(&mut order);
        Self {
            symbol_bytes: symbol_bytes(metadata.symbol_size(), committee.n_shards()),
            nodes,
            order,
            targets,
            ready: VecDeque::new(),
        }
    }

    /// What to do next.
    pub fn poll(&mut self, now: Timestamp) -> Option<RecoveryAction> {
        if let Some(action) = self.ready.pop_front() {
            return Some(action);
        }
        self.nodes.mark_overdue(now);
        let room = self.room();
        for targets in &mut self.targets {
            let (axis, open) = (targets.axis, targets.open.len());
            let under_way = self.nodes.iter().filter(|(_, open)| !open.overdue);
            let under_way = under_way.filter(|(_, open)| open.what.axis == axis);
            let under_way: usize = under_way.map(|(_, open)| open.what.sources.len()).sum();
            let lacking = targets.needed.saturating_sub(targets.got() + under_way);
            if open == 0 || lacking == 0 || room == 0 {
                continue;
            }
            let affordable = room.min(SYMBOLS_MAX) / open;
            let has_sources = |node: &&MemberIndex| {
                let sources = targets.sources.get(node);
                sources.is_some_and(|sources| !sources.is_empty())
            };
            let ready = |node: &&MemberIndex| self.nodes.is_ready(**node, now);
            let Some(node) = self.order.iter().filter(has_sources).find(ready).copied() else {
                continue;
            };
            let request = SymbolRequest {
                node,
                axis,
                targets: targets.open.keys().copied().collect(),
                sources: targets.take_sources(node, lacking.min(affordable.max(1))),
            };
            let ticket = self.nodes.open(now, node, request.clone());
            return Some(RecoveryAction::Ask(ticket, request));
        }
        None
    }

    /// Symbols that may still be asked for with what is under way; some at least if nothing is. What is
    /// overdue does not count: it may never come.
    fn room(&self) -> usize {
        let awaited = self.nodes.iter().filter(|(_, open)| !open.overdue);
        let symbols = awaited.map(|(_, open)| {
            let SymbolRequest {
                targets, sources, ..
            } = &open.what;
            targets.len() * sources.len()
        });
        let bytes = self
            .symbol_bytes
            .saturating_mul(symbols.sum::<usize>() as u64);
        let left = self.nodes.options.in_flight_bytes_max.saturating_sub(bytes);
        let left = usize::try_from(left / self.symbol_bytes).unwrap_or(usize::MAX);
        left.max(usize::from(self.nodes.is_idle()))
    }

    /// When to poll again if nothing happens before. There is nothing to be polled now.
    pub fn next_deadline(&self, now: Timestamp) -> Timestamp {
        self.nodes.next_deadline(now)
    }

    /// Bytes of symbols have come.
    pub fn on_alive(&mut self, now: Timestamp, ticket: Ticket) {
        self.nodes.on_alive(now, ticket);
    }

    /// Symbols have come; those that did not prove are left out.
    pub fn on_symbols(&mut self, now: Timestamp, ticket: Ticket, symbols: Vec<ProvenSymbol>) {
        if self.nodes.on_success(now, ticket).is_none() {
            return;
        }
        for symbol in symbols {
            let (axis, index) = symbol.target();
            let targets = self.targets.iter_mut().find(|targets| targets.axis == axis);
            let Some(targets) = targets else { continue };
            let Some(collected) = targets.open.get_mut(&index) else {
                continue;
            };
            collected.entry(symbol.place()).or_insert(symbol);
            if collected.len() == targets.needed
                && let Some(symbols) = targets.open.remove(&index)
            {
                let symbols = symbols.into_values().collect();
                self.ready.push_back(RecoveryAction::Recover {
                    axis,
                    index,
                    symbols,
                });
            }
        }
    }

    /// No symbols have come, or lies.
    pub fn on_failure(&mut self, now: Timestamp, ticket: Ticket, failure: Failure) {
        let Some((open, again)) = self.nodes.on_failure(now, ticket, failure) else {
            return;
        };
        let request = open.what;
        let targets = self.targets.iter_mut().find(|t| t.axis == request.axis);
        if let Some(targets) = targets.filter(|_| again) {
            let sources = targets.sources.entry(request.node).or_default();
            sources.extend(request.sources);
        }
    }

    /// Whether all slivers have been handed out.
    pub fn is_done(&self) -> bool {
        self.ready.is_empty() && self.targets.iter().all(|targets| targets.open.is_empty())
    }

    /// Why the rest can't be recovered now; `None` as long as it may be.
    pub fn error(&self, now: Timestamp) -> Option<RecoveryError> {
        if !self.ready.is_empty() {
            return None;
        }
        let unfinished = |targets: &&Targets| !targets.open.is_empty();
        let is_stuck = |targets: &&Targets| {
            let askable = targets.sources.iter().any(|(node, sources)| {
                !sources.is_empty() && !self.nodes.is_banned(*node) && !self.is_silent(*node)
            });
            self.nodes.is_stalled(now) || (self.nodes.is_idle() && !askable)
        };
        let targets = self.targets.iter().filter(unfinished).find(is_stuck)?;
        Some(RecoveryError {
            axis: targets.axis,
            got: targets.got(),
            needed: targets.needed,
            failures: self.nodes.failures(),
        })
    }

    fn is_silent(&self, node: MemberIndex) -> bool {
        self.nodes.get(node).is_some_and(|state| state.silent)
    }
}

/// Bytes of a symbol with its proof on the wire.
fn symbol_bytes(size: SymbolSize, n_shards: u16) -> u64 {
    const PROOF_NODE_BYTES: usize = 33;
    let path = merkle::max_path_len(n_shards.into());
    (size.as_usize() + PROOF_NODE_BYTES * path) as u64
}
