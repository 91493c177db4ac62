//! Recovering slivers: no more is asked for than it takes, and the silent and the lying are made up for.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use floe_core::{Axis, MemberIndex, RecoverySymbol, SliverData, SliverIndex, VerifiedMetadata};
use floe_encoding::{MemorySlivers, Options, ProvenSymbol, RecoverySource, RedStuff};
use floe_protocol::{
    Failure, Fault, FetchOptions, Recovery, RecoveryAction, SymbolRequest, Ticket, Timestamp,
};
use support::{Agenda, committee, millis};

const SHARDS: u16 = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Silent,
    Down,
    Lying,
}

struct Blob {
    codec: RedStuff,
    metadata: Arc<VerifiedMetadata>,
    slivers: [Vec<SliverData>; 2],
}

impl Blob {
    fn new() -> Self {
        let codec = RedStuff::new(SHARDS).unwrap();
        let bytes: Vec<u8> = (0..5_000_u32).map(|i| (i % 251) as u8).collect();
        let symbol_size = codec.params().symbol_size(5_000).unwrap();
        let sink = MemorySlivers::new(codec.params(), symbol_size);
        let metadata = codec.encode(&bytes, &sink, &Options::default()).unwrap();
        Self {
            codec,
            metadata: Arc::new(metadata),
            slivers: sink.into_slivers(),
        }
    }

    fn sliver(&self, axis: Axis, index: SliverIndex) -> &SliverData {
        let [primary, secondary] = &self.slivers;
        let slivers = if axis == Axis::Primary {
            primary
        } else {
            secondary
        };
        &slivers[index.as_usize()]
    }

    /// What a node answers, and what of it holds.
    fn answer(&self, request: &SymbolRequest, lies: bool) -> Vec<ProvenSymbol> {
        let mut proven = Vec::new();
        for target in &request.targets {
            let symbols = request.sources.iter().map(|source| {
                let axis = request.axis.orthogonal();
                let sliver = self.sliver(axis, *source);
                let source =
                    RecoverySource::new(&self.codec, &self.metadata, axis, sliver).unwrap();
                let mut symbol = source.recovery_symbol(*target).unwrap();
                symbol.symbol.data[0] ^= u8::from(lies);
                symbol
            });
            let symbols: Vec<RecoverySymbol> = symbols.collect();
            let checked =
                self.codec
                    .check_recovery_symbols(&self.metadata, request.axis, *target, symbols);
            proven.extend(checked.into_iter().flatten());
        }
        proven
    }
}

#[derive(Debug, Default)]
struct Outcome {
    recovered: BTreeMap<(Axis, SliverIndex), SliverData>,
    asked: BTreeMap<Axis, usize>,
    took: Duration,
    error: Option<String>,
}

enum Event {
    Answer(Ticket, SymbolRequest),
    Lie(Ticket),
    Down(Ticket),
}

fn run(blob: &Blob, kinds: &[Kind], me: MemberIndex, missing: &[(Axis, SliverIndex)]) -> Outcome {
    run_with(FetchOptions::default(), blob, kinds, me, missing)
}

fn run_with(
    options: FetchOptions,
    blob: &Blob,
    kinds: &[Kind],
    me: MemberIndex,
    missing: &[(Axis, SliverIndex)],
) -> Outcome {
    let committee = committee(SHARDS, u16::try_from(kinds.len()).unwrap());
    let mut now = Timestamp::default();
    let mut recovery = Recovery::new(committee, Some(me), &blob.metadata, missing, options, now);
    let mut agenda = Agenda::new();
    let mut outcome = Outcome::default();
    loop {
        while let Some(action) = recovery.poll(now) {
            match action {
                RecoveryAction::Ask(ticket, request) => {
                    assert_ne!(request.node, me, "never from itself");
                    *outcome.asked.entry(request.axis).or_default() += request.ids().len();
                    match kinds[request.node.as_usize()] {
                        Kind::Good => {
                            agenda.add(now.after(millis(20)), Event::Answer(ticket, request))
                        }
                        Kind::Lying => agenda.add(now.after(millis(20)), Event::Lie(ticket)),
                        Kind::Down => agenda.add(now.after(millis(1)), Event::Down(ticket)),
                        Kind::Silent => {}
                    }
                }
                RecoveryAction::Recover {
                    axis,
                    index,
                    symbols,
                } => {
                    let sliver = blob
                        .codec
                        .recover_sliver(&blob.metadata, axis, index, symbols);
                    outcome.recovered.insert((axis, index), sliver.unwrap());
                }
            }
        }
        if recovery.is_done() {
            break;
        }
        if let Some(error) = recovery.error(now) {
            outcome.error = Some(error.to_string());
            break;
        }
        let deadline = recovery.next_deadline(now);
        now = agenda.next_at().map_or(deadline, |at| at.min(deadline));
        match agenda.pop(now) {
            None => {}
            Some(Event::Answer(ticket, request)) => {
                recovery.on_symbols(now, ticket, blob.answer(&request, false));
            }
            Some(Event::Lie(ticket)) => {
                recovery.on_failure(now, ticket, Failure::new(Fault::Lied, "no proof"));
            }
            Some(Event::Down(ticket)) => {
                recovery.on_failure(now, ticket, Failure::new(Fault::Transient, "down"));
            }
        }
    }
    outcome.took = now.since(Timestamp::default());
    outcome
}

fn missing() -> Vec<(Axis, SliverIndex)> {
    let pair = |index: u16| {
        [
            (Axis::Primary, SliverIndex(index)),
            (Axis::Secondary, SliverIndex(SHARDS - 1 - index)),
        ]
    };
    [3, 17, 29].into_iter().flat_map(pair).collect()
}

fn check(blob: &Blob, outcome: &Outcome) {
    assert_eq!(outcome.error, None);
    for (axis, index) in missing() {
        assert_eq!(&outcome.recovered[&(axis, index)], blob.sliver(axis, index));
    }
}

#[test]
fn exactly_the_symbols_it_takes_are_asked_for() {
    let blob = Blob::new();
    let outcome = run(&blob, &[Kind::Good; 10], MemberIndex(0), &missing());
    check(&blob, &outcome);
    let params = blob.codec.params();
    // Three pairs: k2 symbols for each primary sliver, k1 for each secondary one.
    assert_eq!(
        outcome.asked[&Axis::Primary],
        3 * usize::from(params.secondary_source_symbols())
    );
    assert_eq!(
        outcome.asked[&Axis::Secondary],
        3 * usize::from(params.primary_source_symbols())
    );
    assert_eq!(outcome.took, millis(20), "all at once");
}

#[test]
fn silent_lying_and_missing_nodes_are_made_up_for() {
    let blob = Blob::new();
    // Nine shards in other hands than those of the good ones: the most that can be.
    for bad in [Kind::Silent, Kind::Lying, Kind::Down] {
        let mut kinds = [Kind::Good; 10];
        kinds[1] = bad;
        kinds[4] = bad;
        kinds[5] = bad;
        // With itself out as well k2 = 21 symbols come from six nodes with eighteen: too few.
        let outcome = run(&blob, &kinds, MemberIndex(0), &missing());
        assert!(outcome.error.is_some());
        // Itself being one of the bad, that is.
        kinds[5] = Kind::Good;
        let outcome = run(&blob, &kinds, MemberIndex(0), &missing());
        check(&blob, &outcome);
        assert!(
            outcome.took < Duration::from_secs(2),
            "{bad:?} {:?}",
            outcome.took
        );
    }
}

/// One that was asked for as many symbols as may be under way, and said nothing, kept all others from
/// being asked until the recovery was given up.
#[test]
fn silent_nodes_do_not_take_up_the_room() {
    let blob = Blob::new();
    for seed in 0..10 {
        let mut kinds = [Kind::Good; 10];
        kinds[1] = Kind::Silent;
        kinds[4] = Kind::Silent;
        // What three slivers of a node have for three others.
        let options = FetchOptions {
            in_flight_bytes_max: 1_700,
            seed,
            ..FetchOptions::default()
        };
        let outcome = run_with(options, &blob, &kinds, MemberIndex(0), &missing());
        check(&blob, &outcome);
        assert!(outcome.took < Duration::from_secs(3), "{:?}", outcome.took);
    }
}
