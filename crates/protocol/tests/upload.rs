//! Uploads on virtual time, to nodes of all kinds.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use floe_core::{
    Axis, BlobId, Committee, MemberIndex, RequiredWeight, SliverPairIndex, SymbolSize,
    certificate::Certificate,
    messages::{BlobPersistence, Message, SignedMessage, StorageConfirmation},
};
use floe_protocol::{
    Failure, Fault, Ticket, Timestamp, Upload, UploadAction, UploadError, UploadOptions,
    UploadPhase, Uploaded,
};
use proptest::prelude::*;
use support::{Agenda, EPOCH, committee, millis, secret};

const BLOB: BlobId = BlobId([7; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Answers after so many milliseconds.
    Good(u64),
    /// Takes so many bytes a second, and 300 ms to answer.
    Slow(u64),
    Silent,
    Down,
    /// Its registration comes after so many milliseconds.
    Late(u64),
    Refuses,
    /// Answers that it has no room.
    Full,
    /// Has no room before so many milliseconds have gone by.
    FullUntil(u64),
    /// Signs with a key that is not its own.
    Forges,
    OtherEpoch,
}

#[derive(Debug)]
enum Event {
    Alive(Ticket),
    Done(Ticket, MemberIndex, UploadAction),
    Failed(Ticket, Failure),
}

#[derive(Debug, Default, Clone)]
struct NodeStore {
    metadata: bool,
    slivers: BTreeSet<(u16, Axis)>,
}

struct World {
    committee: Arc<Committee>,
    kinds: Vec<Kind>,
    stores: Vec<NodeStore>,
    symbol_size: SymbolSize,
    options: UploadOptions,
    /// Bytes of slivers under way, the most ever.
    bytes_peak: u64,
    slivers_sent: usize,
}

#[derive(Debug)]
struct Outcome {
    certified: Option<(Duration, Certificate)>,
    ended: Duration,
    error: Option<UploadError>,
}

impl World {
    fn new(n_shards: u16, kinds: &[Kind]) -> Self {
        let nodes = u16::try_from(kinds.len()).unwrap();
        Self {
            committee: committee(n_shards, nodes),
            kinds: kinds.to_vec(),
            stores: vec![NodeStore::default(); kinds.len()],
            symbol_size: SymbolSize::new(100).unwrap(),
            options: UploadOptions::default(),
            bytes_peak: 0,
            slivers_sent: 0,
        }
    }

    fn bytes(&self, action: UploadAction) -> u64 {
        match action {
            UploadAction::PutSliver(_, _, axis) => {
                self.committee.params().sliver_bytes(axis, self.symbol_size) as u64
            }
            _ => 0,
        }
    }

    fn run(&mut self) -> Outcome {
        let mut now = Timestamp::default();
        let mut upload = Upload::new(
            Arc::clone(&self.committee),
            BLOB,
            self.symbol_size,
            BlobPersistence::Permanent,
            self.options.clone(),
            now,
        );
        let mut agenda = Agenda::new();
        let mut open = std::collections::BTreeMap::new();
        let mut certified = None;
        loop {
            while let Some((ticket, action)) = upload.poll(now) {
                if action == UploadAction::Cancel {
                    open.remove(&ticket).unwrap();
                    continue;
                }
                open.insert(ticket, action);
                self.schedule(&mut agenda, now, ticket, action);
                let bytes = open.values().map(|action| self.bytes(*action)).sum();
                self.bytes_peak = self.bytes_peak.max(bytes);
                if matches!(action, UploadAction::PutSliver(..)) {
                    self.slivers_sent += 1;
                }
            }
            if certified.is_none()
                && let Some(certificate) = upload.certificate()
            {
                certified = Some((now.since_origin(), certificate));
            }
            match upload.phase(now) {
                UploadPhase::Done => {
                    let (ended, error) = (now.since_origin(), None);
                    return Outcome {
                        certified,
                        ended,
                        error,
                    };
                }
                UploadPhase::Failed => {
                    let (ended, error) = (now.since_origin(), Some(upload.error()));
                    return Outcome {
                        certified,
                        ended,
                        error,
                    };
                }
                _ => {}
            }
            let deadline = upload.next_deadline(now);
            assert!(
                deadline > now,
                "the machine asks to be polled at once, and has nothing to do"
            );
            now = agenda.next_at().map_or(deadline, |at| at.min(deadline));
            while let Some(event) = agenda.pop(now) {
                self.deliver(&mut upload, now, event, &mut open);
            }
        }
    }

    fn schedule(
        &self,
        agenda: &mut Agenda<Event>,
        now: Timestamp,
        ticket: Ticket,
        action: UploadAction,
    ) {
        let node = node_of(action);
        let done = Event::Done(ticket, node, action);
        match self.kinds[node.as_usize()] {
            Kind::Silent => {}
            Kind::Good(latency) => agenda.add(now.after(millis(latency)), done),
            Kind::Slow(rate) => {
                let took = millis(300 + self.bytes(action) * 1000 / rate);
                for step in 1..took.as_millis() / 100 {
                    let at = now.after(millis(100) * u32::try_from(step).unwrap());
                    agenda.add(at, Event::Alive(ticket));
                }
                agenda.add(now.after(took), done);
            }
            Kind::Late(registered) if now < Timestamp::new(millis(registered)) => {
                let failure = Failure::new(Fault::Transient, "not registered");
                agenda.add(now.after(millis(1)), Event::Failed(ticket, failure));
            }
            Kind::FullUntil(end) if now >= Timestamp::new(millis(end)) => {
                agenda.add(now.after(millis(5)), done)
            }
            Kind::Full | Kind::FullUntil(_) => {
                let failure = Failure::new(Fault::Unavailable, "no room");
                agenda.add(now.after(millis(1)), Event::Failed(ticket, failure));
            }
            Kind::Late(_) | Kind::Forges | Kind::OtherEpoch => {
                agenda.add(now.after(millis(5)), done)
            }
            Kind::Down => {
                let failure = Failure::new(Fault::Transient, "connection refused");
                agenda.add(now.after(millis(1)), Event::Failed(ticket, failure));
            }
            Kind::Refuses => {
                let failure = Failure::new(Fault::Refused, "no");
                agenda.add(now.after(millis(1)), Event::Failed(ticket, failure));
            }
        }
    }

    fn deliver(
        &mut self,
        upload: &mut Upload,
        now: Timestamp,
        event: Event,
        open: &mut std::collections::BTreeMap<Ticket, UploadAction>,
    ) {
        let (ticket, node, action) = match event {
            Event::Alive(ticket) => return upload.on_alive(now, ticket),
            Event::Failed(ticket, failure) => {
                open.remove(&ticket);
                return upload.on_failure(now, ticket, failure);
            }
            Event::Done(ticket, node, action) => (ticket, node, action),
        };
        if open.remove(&ticket).is_none() {
            // Broken off.
            return;
        }
        let store = &mut self.stores[node.as_usize()];
        match action {
            UploadAction::PutMetadata(_) => {
                let before = std::mem::replace(&mut store.metadata, true);
                let uploaded = if before {
                    Uploaded::Before
                } else {
                    Uploaded::New
                };
                upload.on_metadata(now, ticket, uploaded);
            }
            UploadAction::PutSliver(_, pair, axis) => {
                assert!(store.metadata, "metadata comes first");
                self.check_holder(node, pair);
                self.stores[node.as_usize()]
                    .slivers
                    .insert((pair.get(), axis));
                upload.on_sliver(now, ticket);
            }
            UploadAction::CheckSliver(_, pair, axis) => {
                let stored = store.slivers.contains(&(pair.get(), axis));
                upload.on_sliver_status(now, ticket, stored);
            }
            UploadAction::Confirm(_) => {
                let shards = self.committee.member(node).unwrap().weight();
                if store.slivers.len() < 2 * usize::from(shards) {
                    return upload.on_missing_slivers(now, ticket);
                }
                upload.on_confirmation(now, ticket, &self.confirmation(node));
            }
            UploadAction::Cancel => unreachable!(),
        }
    }

    fn check_holder(&self, node: MemberIndex, pair: SliverPairIndex) {
        let shard = self.committee.params().shard_of_pair(&BLOB, pair).unwrap();
        assert_eq!(self.committee.holder(shard), Some(node));
    }

    fn confirmation(&self, node: MemberIndex) -> SignedMessage {
        let kind = self.kinds[node.as_usize()];
        let body = StorageConfirmation {
            blob_id: BLOB,
            persistence: BlobPersistence::Permanent,
        };
        let epoch = if kind == Kind::OtherEpoch {
            EPOCH.next()
        } else {
            EPOCH
        };
        let key = secret(if kind == Kind::Forges {
            MemberIndex(39)
        } else {
            node
        });
        SignedMessage::sign(&key, &Message::new(epoch, body))
    }

    fn verify(&self, certificate: &Certificate) {
        let message = certificate
            .verify::<StorageConfirmation>(&self.committee, RequiredWeight::Quorum)
            .unwrap();
        assert_eq!(message.body.blob_id, BLOB);
    }
}

fn node_of(action: UploadAction) -> MemberIndex {
    match action {
        UploadAction::PutMetadata(node)
        | UploadAction::CheckSliver(node, ..)
        | UploadAction::PutSliver(node, ..)
        | UploadAction::Confirm(node) => node,
        UploadAction::Cancel => unreachable!(),
    }
}

/// 13 nodes, the last `others.len()` of which are of other kinds.
fn thirteen(others: &[Kind]) -> Vec<Kind> {
    let good = vec![Kind::Good(5); 13 - others.len()];
    [&good[..], others].concat()
}

#[test]
fn all_nodes_are_served_and_the_certificate_holds() {
    let mut world = World::new(100, &thirteen(&[]));
    let outcome = world.run();
    let (took, certificate) = outcome.certified.unwrap();
    world.verify(&certificate);
    assert!(took < millis(100), "{took:?}");
    assert!(world.stores.iter().all(|store| store.metadata));
    let stored: usize = world.stores.iter().map(|store| store.slivers.len()).sum();
    assert_eq!((stored, world.slivers_sent), (200, 200));
}

#[test]
fn a_third_of_the_nodes_may_be_silent_at_no_cost() {
    let healthy = World::new(100, &thirteen(&[])).run();
    let mut world = World::new(100, &thirteen(&[Kind::Silent; 4]));
    let outcome = world.run();
    let (took, certificate) = outcome.certified.unwrap();
    world.verify(&certificate);
    assert!(
        took <= healthy.certified.unwrap().0 + millis(50),
        "{took:?}"
    );
    // The others are served for a bounded time.
    assert!(
        outcome.ended <= took + took / 2 + millis(501),
        "{:?}",
        outcome.ended
    );
}

#[test]
fn a_slow_node_succeeds_when_it_is_needed() {
    let mut world = World::new(
        100,
        &thirteen(&[
            Kind::Slow(50_000),
            Kind::Silent,
            Kind::Down,
            Kind::Forges,
            Kind::Refuses,
        ]),
    );
    // 25 MB blob: 670 KB and 340 KB per sliver, 8 MB for the slow node, eight at a time.
    world.symbol_size = SymbolSize::new(10_000).unwrap();
    let (took, certificate) = world.run().certified.unwrap();
    world.verify(&certificate);
    assert!(took > Duration::from_secs(20), "{took:?}");
}

#[test]
fn nodes_that_do_not_know_the_registration_yet_are_asked_again_soon() {
    let mut world = World::new(100, &[Kind::Late(200); 13]);
    let (took, certificate) = world.run().certified.unwrap();
    world.verify(&certificate);
    assert!(took < millis(450), "{took:?}");
}

#[test]
fn too_many_refusals_end_the_upload_with_the_reasons() {
    for (kind, fault) in [
        (Kind::Refuses, Fault::Refused),
        (Kind::Forges, Fault::Lied),
        (Kind::OtherEpoch, Fault::OtherEpoch),
    ] {
        let mut world = World::new(100, &thirteen(&[kind; 5]));
        let outcome = world.run();
        assert!(outcome.certified.is_none());
        let error = outcome.error.unwrap();
        assert_eq!((error.needed, error.n_shards), (67, 100));
        assert!(error.weight < 67);
        let failed = error.failures.iter().filter(|f| f.fault == fault);
        assert_eq!(failed.count(), 5, "{error:?}");
        assert_eq!(error.is_epoch_change(), kind == Kind::OtherEpoch);
        assert!(outcome.ended < millis(500));
    }
}

#[test]
fn an_upload_to_nodes_without_room_ends_soon_with_the_reasons() {
    let outcome = World::new(100, &thirteen(&[Kind::Full; 5])).run();
    let error = outcome.error.unwrap();
    assert_eq!(error.failures.len(), 5);
    assert!(
        error.failures.iter().all(|f| f.reason == "no room"),
        "{error:?}"
    );
    assert!(
        outcome.ended < Duration::from_secs(6),
        "{:?}",
        outcome.ended
    );
    // As long as the others are enough, and if it passes soon, nothing is given up.
    let mut world = World::new(
        100,
        &thirteen(&[
            Kind::Full,
            Kind::Full,
            Kind::FullUntil(2000),
            Kind::FullUntil(3000),
            Kind::Full,
            Kind::FullUntil(1000),
        ]),
    );
    let (took, certificate) = world.run().certified.unwrap();
    world.verify(&certificate);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn an_upload_to_silence_ends_after_a_minute() {
    let outcome = World::new(100, &thirteen(&[Kind::Silent; 5])).run();
    let error = outcome.error.unwrap();
    assert!(error.to_string().ends_with("missing"), "{error}");
    assert_eq!(error.failures.len(), 5);
    assert!(
        error
            .failures
            .iter()
            .all(|failure| failure.reason == "no answer")
    );
    assert!(
        outcome.ended < Duration::from_secs(62),
        "{:?}",
        outcome.ended
    );
}

#[test]
fn what_is_there_is_not_sent_again() {
    let mut world = World::new(100, &thirteen(&[Kind::Silent; 4]));
    world.symbol_size = SymbolSize::new(1000).unwrap();
    world.run();
    let sent = std::mem::take(&mut world.slivers_sent);
    assert!(sent >= 134);
    // Everything is there but for two slivers of one node.
    world.stores[0].slivers.pop_first();
    world.stores[0].slivers.pop_first();
    let (_, certificate) = world.run().certified.unwrap();
    world.verify(&certificate);
    assert_eq!(world.slivers_sent, 2);
}

#[test]
fn silent_nodes_do_not_use_up_the_room_for_others() {
    let mut world = World::new(100, &thirteen(&[Kind::Silent; 4]));
    world.symbol_size = SymbolSize::new(10_000).unwrap();
    // Room for two large slivers, which silent nodes may take first.
    world.options.in_flight_bytes_max = 1_400_000;
    let outcome = world.run();
    let (took, certificate) = outcome.certified.unwrap();
    world.verify(&certificate);
    assert!(world.bytes_peak <= 1_400_000, "{}", world.bytes_peak);
    assert!(took < Duration::from_secs(30), "{took:?}");
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Silent),
        Just(Kind::Down),
        Just(Kind::Refuses),
        Just(Kind::Forges),
        Just(Kind::OtherEpoch),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn up_to_f_faulty_shards_never_prevent_a_certificate(
        nodes in 4_u16..20,
        shards_per_node in 1_u16..6,
        bad in proptest::collection::vec(kind(), 0..7),
        latency in 1_u64..2000,
        seed: u64,
    ) {
        let n_shards = nodes * shards_per_node;
        let f = (n_shards - 1) / 3;
        let bad = &bad[..bad.len().min(usize::from(f / shards_per_node))];
        let mut kinds = vec![Kind::Good(latency); usize::from(nodes)];
        for (i, kind) in bad.iter().enumerate() {
            let first = usize::try_from(seed % 1000).unwrap();
            let place = (first + i * 3) % usize::from(nodes);
            kinds[place] = *kind;
        }
        let mut world = World::new(n_shards, &kinds);
        world.options.seed = seed;
        world.options.in_flight_bytes_max = 1000 + seed % 100_000;
        let outcome = world.run();
        let (_, certificate) = outcome.certified.expect("enough good nodes");
        world.verify(&certificate);
        prop_assert!(outcome.ended < Duration::from_secs(3600));
    }
}
