//! All nodes together.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use floe_core::{
    Axis, BlobId, Committee, MemberIndex, RequiredWeight, ShardIndex, SliverPairIndex, SymbolSize,
    certificate::{Certificate, CertificateBuilder, CertificateBuilderError},
    messages::{BlobPersistence, SignedMessage, SignedMessageError, StorageConfirmation},
};

use super::{
    node::{Node, Part, Step, Uploaded},
    options::{UploadError, UploadOptions},
};
use crate::{
    failure::{Failure, Fault, NodeFailure, SILENT},
    ticket::{Book, Open, Ticket},
    time::{Jitter, Timestamp},
};

/// What is to be done for an [`Upload`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadAction {
    /// Send the metadata to a node; then [`Upload::on_metadata`].
    PutMetadata(MemberIndex),
    /// Ask a node whether it has a sliver; then [`Upload::on_sliver_status`].
    CheckSliver(MemberIndex, SliverPairIndex, Axis),
    /// Send a sliver to a node; then [`Upload::on_sliver`].
    PutSliver(MemberIndex, SliverPairIndex, Axis),
    /// Ask a node for its confirmation; then [`Upload::on_confirmation`].
    Confirm(MemberIndex),
    /// Break off a request, whose name comes with this: nothing is to be reported about it.
    Cancel,
}

/// How far an [`Upload`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadPhase {
    /// Too few confirmations yet.
    Uploading,
    /// The certificate is there, and other nodes are still being served.
    Tail,
    /// Over, with the certificate.
    Done,
    /// Over, without it.
    Failed,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Metadata,
    Check(Part),
    Sliver(Part, u64),
    Confirm,
}

/// After so many answers in a row that it can't, a node is not counted on.
const UNAVAILABLE_MIN: u32 = 3;

/// Brings one blob to a committee and collects its certificate.
#[derive(Debug)]
pub struct Upload {
    options: UploadOptions,
    symbol_size: SymbolSize,
    committee: Arc<Committee>,
    certificate: CertificateBuilder<StorageConfirmation>,
    nodes: Vec<Node>,
    /// In which order nodes get their turn; rotates.
    order: VecDeque<MemberIndex>,
    book: Book<What>,
    bytes: u64,
    jitter: Jitter,
    started: Timestamp,
    progressed: Timestamp,
    /// When the certificate was there.
    certified: Option<Timestamp>,
    acknowledged_bytes: u64,
}

impl Upload {
    /// Begins the upload of a blob to the committee that is to certify it.
    pub fn new(
        committee: Arc<Committee>,
        blob_id: BlobId,
        symbol_size: SymbolSize,
        persistence: BlobPersistence,
        options: UploadOptions,
        now: Timestamp,
    ) -> Self {
        let body = StorageConfirmation {
            blob_id,
            persistence,
        };
        let mut jitter = Jitter::new(options.seed);
        let nodes: Vec<_> = committee
            .members()
            .iter()
            .map(|member| {
                let parts = parts(&committee, &blob_id, &member.shards);
                Node::new(parts, member.weight(), now, options.patience)
            })
            .collect();
        let with_shards = committee.indexed_members().filter(|(_, m)| m.weight() > 0);
        let mut order: Vec<_> = with_shards.map(|(index, _)| index).collect();
        jitter.shuffle(&mut order);
        let required = RequiredWeight::Quorum;
        Self {
            certificate: CertificateBuilder::new(Arc::clone(&committee), required, body),
            committee,
            symbol_size,
            options,
            nodes,
            order: order.into(),
            book: Book::new(),
            bytes: 0,
            jitter,
            started: now,
            progressed: now,
            certified: None,
            acknowledged_bytes: 0,
        }
    }

    /// The next thing to do, under the name by which its outcome is to be reported.
    pub fn poll(&mut self, now: Timestamp) -> Option<(Ticket, UploadAction)> {
        if !matches!(self.phase(now), UploadPhase::Uploading | UploadPhase::Tail) {
            return None;
        }
        for turn in 0..self.order.len() {
            let node = *self.order.get(turn)?;
            if let Some(action) = self.next_of(now, node) {
                // Whoever got something goes to the end of the line.
                self.order.remove(turn);
                self.order.push_back(node);
                return Some(action);
            }
        }
        self.preempt(now)
    }

    fn next_of(&mut self, now: Timestamp, index: MemberIndex) -> Option<(Ticket, UploadAction)> {
        let share = self.share();
        let node = self.nodes.get_mut(index.as_usize())?;
        if now < node.not_before {
            return None;
        }
        let (what, action) = match node.step {
            Step::Metadata if node.requests == 0 => {
                (What::Metadata, UploadAction::PutMetadata(index))
            }
            Step::ConfirmFirst | Step::Confirm if node.requests == 0 => {
                (What::Confirm, UploadAction::Confirm(index))
            }
            Step::Slivers if node.requests < self.options.node_requests_max => {
                let part = *node.queue.front()?;
                if part.check {
                    node.queue.pop_front();
                    let action = UploadAction::CheckSliver(index, part.pair, part.axis);
                    (What::Check(part), action)
                } else {
                    let params = self.committee.params();
                    let bytes = params.sliver_bytes(part.axis, self.symbol_size) as u64;
                    let fits_all = self.bytes + bytes <= self.options.in_flight_bytes_max
                        && self.book.len() < self.options.requests_max;
                    let fits_node = node.bytes + bytes <= share || node.bytes == 0;
                    if !(fits_node && (fits_all || self.bytes == 0)) {
                        return None;
                    }
                    node.queue.pop_front();
                    node.bytes += bytes;
                    self.bytes += bytes;
                    let action = UploadAction::PutSliver(index, part.pair, part.axis);
                    (What::Sliver(part, bytes), action)
                }
            }
            _ => return None,
        };
        node.requests += 1;
        Some((self.book.open(now, index, what), action))
    }

    /// A node's share of the bytes in flight.
    fn share(&self) -> u64 {
        self.options.in_flight_bytes_max / self.order.len().max(1) as u64
    }

    /// Breaks off a transfer that has shown no sign of life, if somebody waits for room.
    fn preempt(&mut self, now: Timestamp) -> Option<(Ticket, UploadAction)> {
        let waits = |node: &Node| {
            let ready = node.step == Step::Slivers && node.bytes == 0 && now >= node.not_before;
            ready && node.queue.front().is_some_and(|part| !part.check)
        };
        if !self.nodes.iter().any(waits) {
            return None;
        }
        let silent = self.book.iter().find(|(_, open)| {
            let patience = self
                .nodes
                .get(open.node.as_usize())
                .map(|node| node.patience);
            matches!(open.what, What::Sliver(..))
                && patience.is_some_and(|patience| now >= open.alive.after(patience))
        });
        let (ticket, _) = silent?;
        let open = self.close(ticket)?;
        if let (What::Sliver(part, _), Some(node)) =
            (open.what, self.nodes.get_mut(open.node.as_usize()))
        {
            node.queue.push_back(part);
            node.patience = node.patience.saturating_mul(2);
            // Those who wait go first.
            node.not_before = now.after(Duration::from_millis(1));
        }
        Some((ticket, UploadAction::Cancel))
    }

    /// When to poll again if nothing happens before. There is nothing to be polled now.
    pub fn next_deadline(&self, now: Timestamp) -> Timestamp {
        let end = match self.certified {
            Some(_) => self.tail_end(),
            None => self.progressed.after(self.stall_limit()),
        };
        let nodes = self.nodes.iter().filter(|node| !node.is_over());
        let pauses = nodes.map(|node| node.not_before);
        let silent = self.book.iter().filter_map(|(_, open)| {
            let node = self.nodes.get(open.node.as_usize())?;
            matches!(open.what, What::Sliver(..)).then(|| open.alive.after(node.patience))
        });
        let future = pauses.chain(silent).filter(|time| *time > now);
        future.min().map_or(end, |next| next.min(end))
    }

    /// A request showed a sign of life: bytes moved.
    pub fn on_alive(&mut self, now: Timestamp, ticket: Ticket) {
        self.book.alive(ticket, now);
    }

    /// A node has got the metadata.
    pub fn on_metadata(&mut self, now: Timestamp, ticket: Ticket, uploaded: Uploaded) {
        let Some(open) = self.close(ticket) else {
            return;
        };
        self.progressed = now;
        if let Some(node) = self.nodes.get_mut(open.node.as_usize()) {
            node.succeeded();
            node.step = match uploaded {
                Uploaded::New => Step::Slivers,
                Uploaded::Before => Step::ConfirmFirst,
            };
        }
    }

    /// A node says whether it has a sliver.
    pub fn on_sliver_status(&mut self, now: Timestamp, ticket: Ticket, is_stored: bool) {
        let Some(open) = self.close(ticket) else {
            return;
        };
        if let (What::Check(part), Some(node)) =
            (open.what, self.nodes.get_mut(open.node.as_usize()))
        {
            node.succeeded();
            if !is_stored {
                node.queue.push_front(Part {
                    check: false,
                    ..part
                });
            }
            self.sliver_done(now, open.node);
        }
    }

    /// A node has got a sliver.
    pub fn on_sliver(&mut self, now: Timestamp, ticket: Ticket) {
        let Some(open) = self.close(ticket) else {
            return;
        };
        if let What::Sliver(_, bytes) = open.what {
            self.acknowledged_bytes += bytes;
            if let Some(node) = self.nodes.get_mut(open.node.as_usize()) {
                node.succeeded();
            }
            self.sliver_done(now, open.node);
        }
    }

    fn sliver_done(&mut self, now: Timestamp, index: MemberIndex) {
        self.progressed = now;
        if let Some(node) = self.nodes.get_mut(index.as_usize())
            && node.step == Step::Slivers
            && node.queue.is_empty()
            && node.requests == 0
        {
            node.step = Step::Confirm;
        }
    }

    /// A node has sent a confirmation, which is verified here.
    pub fn on_confirmation(&mut self, now: Timestamp, ticket: Ticket, signed: &SignedMessage) {
        let Some(open) = self.close(ticket) else {
            return;
        };
        match self.certificate.add(open.node, signed) {
            Ok(_) => {
                self.progressed = now;
                if let Some(node) = self.nodes.get_mut(open.node.as_usize()) {
                    node.step = Step::Confirmed;
                }
                if self.certified.is_none() && self.certificate.is_complete() {
                    self.certified = Some(now);
                }
            }
            Err(error) => self.fail(open.node, refusal(&error)),
        }
    }

    /// A node says that slivers are missing, asked for its confirmation.
    pub fn on_missing_slivers(&mut self, now: Timestamp, ticket: Ticket) {
        let Some(open) = self.close(ticket) else {
            return;
        };
        let params = self.committee.params();
        let check_from = self.options.status_check_bytes;
        let check = |axis| params.sliver_bytes(axis, self.symbol_size) as u64 >= check_from;
        let checks = Axis::BOTH.map(|axis| (axis, check(axis)));
        let blob_id = self.certificate.message().body.blob_id;
        let Some(member) = self.committee.member(open.node) else {
            return;
        };
        let mut parts = parts(&self.committee, &blob_id, &member.shards);
        for part in &mut parts {
            part.check = checks.contains(&(part.axis, true));
        }
        let first = self.nodes.get(open.node.as_usize()).map(|node| node.step);
        if let Some(node) = self.nodes.get_mut(open.node.as_usize()) {
            node.queue = parts;
            node.step = Step::Slivers;
        }
        if first == Some(Step::Confirm) {
            // It had confirmed every single one.
            let reason = "slivers are missing that the node has taken";
            self.retry(now, open.node, Failure::new(Fault::Transient, reason));
        }
    }

    /// A request failed.
    pub fn on_failure(&mut self, now: Timestamp, ticket: Ticket, failure: Failure) {
        let Some(open) = self.close(ticket) else {
            return;
        };
        if let (What::Check(part) | What::Sliver(part, _), Some(node)) =
            (open.what, self.nodes.get_mut(open.node.as_usize()))
        {
            node.queue.push_back(part);
        }
        match failure.fault {
            Fault::Transient | Fault::Unavailable | Fault::NotFound => {
                self.retry(now, open.node, failure);
            }
            _ => self.fail(open.node, failure),
        }
    }

    fn retry(&mut self, now: Timestamp, index: MemberIndex, failure: Failure) {
        let (base, max) = (self.options.retry_pause, self.options.retry_pause_max);
        if let Some(node) = self.nodes.get_mut(index.as_usize()) {
            let is_unavailable = failure.fault == Fault::Unavailable;
            node.last_failure = Some(failure);
            // Requests that fail together count once.
            if now >= node.not_before {
                node.unavailable = if is_unavailable {
                    node.unavailable + 1
                } else {
                    0
                };
                node.failures += 1;
                node.not_before = now.after(self.jitter.backoff(base, max, node.failures));
            }
        }
    }

    fn fail(&mut self, index: MemberIndex, failure: Failure) {
        if let Some(node) = self.nodes.get_mut(index.as_usize()) {
            node.step = Step::Failed;
            node.last_failure = Some(failure);
        }
    }

    fn close(&mut self, ticket: Ticket) -> Option<Open<What>> {
        let open = self.book.close(ticket)?;
        let bytes = match open.what {
            What::Sliver(_, bytes) => bytes,
            _ => 0,
        };
        self.bytes -= bytes;
        if let Some(node) = self.nodes.get_mut(open.node.as_usize()) {
            node.requests -= 1;
            node.bytes -= bytes;
        }
        Some(open)
    }

    /// How far it is.
    pub fn phase(&self, now: Timestamp) -> UploadPhase {
        if self.certified.is_some() {
            let all_over = self
                .nodes
                .iter()
                .all(|node| node.is_over() || node.weight == 0);
            return if all_over || now >= self.tail_end() {
                UploadPhase::Done
            } else {
                UploadPhase::Tail
            };
        }
        let lost = self.weight_of(|node| node.step == Step::Failed);
        let stalled = now >= self.progressed.after(self.stall_limit());
        if self.are_too_many(lost) || stalled {
            UploadPhase::Failed
        } else {
            UploadPhase::Uploading
        }
    }

    /// How long nothing may happen before it is given up.
    fn stall_limit(&self) -> Duration {
        let unable = |node: &Node| match node.step {
            Step::Confirmed => false,
            Step::Failed => true,
            _ => node.unavailable >= UNAVAILABLE_MIN,
        };
        if self.are_too_many(self.weight_of(unable)) {
            self.options.unavailable_max.min(self.options.stall_max)
        } else {
            self.options.stall_max
        }
    }

    fn weight_of(&self, mut which: impl FnMut(&Node) -> bool) -> u16 {
        let nodes = self.nodes.iter().filter(|node| which(node));
        nodes.map(|node| node.weight).sum()
    }

    /// Whether the others can't certify the blob without the holders of so many shards.
    fn are_too_many(&self, lost: u16) -> bool {
        self.committee.n_shards() - lost < self.needed()
    }

    fn tail_end(&self) -> Timestamp {
        let certified = self.certified.unwrap_or(self.started);
        let took = certified.since(self.started);
        let part = took.saturating_mul(self.options.tail_percent) / 100;
        certified.after((self.options.tail + part).min(self.options.tail_max))
    }

    fn needed(&self) -> u16 {
        RequiredWeight::Quorum.least(self.committee.n_shards())
    }

    /// The certificate over all confirmations so far, once they weigh enough.
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate.build()
    }

    /// Shards whose holders have confirmed.
    pub const fn weight(&self) -> u16 {
        self.certificate.weight()
    }

    /// Bytes of slivers that nodes have taken.
    pub const fn acknowledged_bytes(&self) -> u64 {
        self.acknowledged_bytes
    }

    /// Who has not confirmed, and why.
    pub fn error(&self) -> UploadError {
        let members = self.committee.indexed_members().zip(&self.nodes);
        let missing = members.filter(|(_, node)| node.step != Step::Confirmed && node.weight > 0);
        let failures = missing.map(|((index, _), node)| {
            let failure = node.last_failure.clone();
            let failure = failure.unwrap_or_else(|| Failure::new(Fault::Transient, SILENT));
            NodeFailure {
                node: index,
                weight: node.weight,
                fault: failure.fault,
                reason: failure.reason,
            }
        });
        UploadError {
            weight: self.weight(),
            needed: self.needed(),
            n_shards: self.committee.n_shards(),
            failures: failures.collect(),
        }
    }
}

/// The slivers of shards, none of them to be checked.
fn parts(committee: &Committee, blob_id: &BlobId, shards: &[ShardIndex]) -> VecDeque<Part> {
    let pairs = shards
        .iter()
        .filter_map(|shard| committee.params().pair_of_shard(blob_id, *shard).ok());
    let both = pairs.flat_map(|pair| Axis::BOTH.map(|axis| (pair, axis)));
    both.map(|(pair, axis)| Part {
        pair,
        axis,
        check: false,
    })
    .collect()
}

fn refusal(error: &CertificateBuilderError) -> Failure {
    let fault = match error {
        CertificateBuilderError::Rejected {
            source: SignedMessageError::Epoch { .. },
            ..
        } => Fault::OtherEpoch,
        _ => Fault::Lied,
    };
    Failure::new(fault, error.to_string())
}
