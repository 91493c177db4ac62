//! Fetches on virtual time, from nodes of all kinds.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use floe_core::{Axis, BlobId, DecodingSymbol, MemberIndex, SliverIndex, SymbolSize};
use floe_protocol::{
    Failure, Fault, FetchError, FetchOptions, MetadataFetch, RangeAction, RangeError, RangeFetch,
    SliverFetch, SliverRequest, Ticket, Timestamp,
};
use support::{Agenda, committee, millis};

const BLOB: BlobId = BlobId([9; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Answers after so many milliseconds.
    Good(u64),
    /// Shows signs of life, and answers after so many milliseconds.
    Slow(u64),
    Silent,
    Down,
    /// Down for so many milliseconds, then good.
    DownFor(u64),
    Lies,
    Lacks,
}

fn thirteen(others: &[Kind]) -> Vec<Kind> {
    [&vec![Kind::Good(5); 13 - others.len()][..], others].concat()
}

fn failure(kind: Kind, now: Timestamp) -> Option<Failure> {
    match kind {
        Kind::DownFor(until) if now.since_origin() >= millis(until) => None,
        Kind::Down | Kind::DownFor(_) => Some(Failure::new(Fault::Transient, "refused")),
        Kind::Lies => Some(Failure::new(Fault::Lied, "not the blob's")),
        Kind::Lacks => Some(Failure::new(Fault::NotFound, "404")),
        _ => None,
    }
}

#[derive(Debug)]
enum Event<T> {
    Alive(Ticket),
    Over(Ticket, MemberIndex, T),
}

/// Plans what a node does about a request.
fn plan<T>(
    agenda: &mut Agenda<Event<T>>,
    now: Timestamp,
    kind: Kind,
    ticket: Ticket,
    node: MemberIndex,
    what: T,
) {
    let latency = match kind {
        Kind::Silent => return,
        Kind::Good(latency) => latency,
        Kind::Slow(latency) => {
            for at in (100..latency).step_by(100) {
                agenda.add(now.after(millis(at)), Event::Alive(ticket));
            }
            latency
        }
        _ => 1,
    };
    agenda.add(now.after(millis(latency)), Event::Over(ticket, node, what));
}

fn metadata(kinds: &[Kind]) -> (Result<(), FetchError>, Duration) {
    let committee = committee(100, u16::try_from(kinds.len()).unwrap());
    let mut now = Timestamp::default();
    let mut fetch = MetadataFetch::new(committee, FetchOptions::default(), now);
    let mut agenda = Agenda::new();
    loop {
        while let Some((ticket, node)) = fetch.poll(now) {
            plan(&mut agenda, now, kinds[node.as_usize()], ticket, node, ());
        }
        if let Some(error) = fetch.error(now) {
            return (Err(error), now.since_origin());
        }
        let deadline = fetch.next_deadline(now);
        assert!(deadline > now);
        now = agenda.next_at().map_or(deadline, |at| at.min(deadline));
        while let Some(event) = agenda.pop(now) {
            if let Event::Over(ticket, node, ()) = event {
                match failure(kinds[node.as_usize()], now) {
                    None => return (Ok(()), now.since_origin()),
                    Some(failure) => fetch.on_failure(now, ticket, failure),
                }
            }
        }
    }
}

#[test]
fn metadata_comes_from_whoever_has_it() {
    for kind in [Kind::Silent, Kind::Down, Kind::Lies, Kind::Lacks] {
        let (outcome, took) = metadata(&thirteen(&[kind; 4]));
        outcome.unwrap();
        assert!(took < Duration::from_secs(1), "{kind:?} {took:?}");
        let (outcome, took) = metadata(&thirteen(&[kind; 8]));
        outcome.unwrap();
        assert!(took < Duration::from_secs(3), "{kind:?} {took:?}");
    }
}

#[test]
fn two_thirds_that_lack_it_mean_that_there_is_none() {
    let (outcome, took) = metadata(&thirteen(&[Kind::Lacks; 13]));
    assert!(matches!(outcome, Err(FetchError::NotFound { .. })));
    assert!(took < millis(50), "{took:?}");
    let kinds = [[Kind::Lacks; 9].as_slice(), &[Kind::Silent; 4]].concat();
    let (outcome, took) = metadata(&kinds);
    assert!(matches!(outcome, Err(FetchError::NotFound { .. })));
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (outcome, _) = metadata(&[Kind::Down; 13]);
    assert!(matches!(outcome, Err(FetchError::NoMetadata { failures }) if failures.len() == 13));
}

/// A connection that died without a word looks like a silent node, until its timeout: that must not
/// keep a read from nodes that are back.
#[test]
fn nodes_that_come_back_are_found_while_a_silent_one_is_waited_for() {
    let kinds = [[Kind::Silent; 4].as_slice(), &[Kind::DownFor(10_000); 9]].concat();
    let (outcome, took) = metadata(&kinds);
    outcome.unwrap();
    assert!(took < Duration::from_secs(17), "{took:?}");
    let fetched = slivers(&kinds, 100, FetchOptions::default());
    assert_eq!(fetched.outcome.unwrap().len(), 34);
    assert!(fetched.took < Duration::from_secs(17), "{:?}", fetched.took);
    // Where nobody is silent, failing is quick.
    let (outcome, took) = metadata(&[Kind::DownFor(10_000); 13]);
    assert!(
        outcome.is_err() && took < Duration::from_secs(5),
        "{took:?}"
    );
}

struct Fetched {
    outcome: Result<BTreeSet<SliverIndex>, FetchError>,
    took: Duration,
    asked: Vec<SliverRequest>,
}

fn slivers(kinds: &[Kind], symbol_bytes: u16, options: FetchOptions) -> Fetched {
    fetch_slivers(kinds, 100, symbol_bytes, options)
}

fn fetch_slivers(
    kinds: &[Kind],
    n_shards: u16,
    symbol_bytes: u16,
    options: FetchOptions,
) -> Fetched {
    let committee = committee(n_shards, u16::try_from(kinds.len()).unwrap());
    let mut now = Timestamp::default();
    let size = SymbolSize::new(symbol_bytes).unwrap();
    let mut fetch = SliverFetch::new(
        Arc::clone(&committee),
        &BLOB,
        Axis::Primary,
        size,
        [],
        options,
        now,
    );
    let mut agenda = Agenda::new();
    let mut asked = Vec::new();
    loop {
        while let Some((ticket, request)) = fetch.poll(now) {
            asked.push(request);
            plan(
                &mut agenda,
                now,
                kinds[request.node.as_usize()],
                ticket,
                request.node,
                (),
            );
        }
        let outcome = if fetch.is_done() {
            Some(Ok(fetch.have().clone()))
        } else {
            fetch.error(now).map(Err)
        };
        if let Some(outcome) = outcome {
            let took = now.since_origin();
            return Fetched {
                outcome,
                took,
                asked,
            };
        }
        let deadline = fetch.next_deadline(now);
        assert!(deadline > now);
        now = agenda.next_at().map_or(deadline, |at| at.min(deadline));
        while let Some(event) = agenda.pop(now) {
            match event {
                Event::Alive(ticket) => fetch.on_alive(now, ticket),
                Event::Over(ticket, node, ()) => match failure(kinds[node.as_usize()], now) {
                    None => fetch.on_sliver(now, ticket),
                    Some(failure) => fetch.on_failure(now, ticket, failure),
                },
            }
        }
    }
}

#[test]
fn healthy_nodes_are_asked_for_the_blob_itself_and_nothing_else() {
    let fetched = slivers(&thirteen(&[]), 100, FetchOptions::default());
    assert_eq!(fetched.outcome.unwrap(), (0..34).map(SliverIndex).collect());
    assert_eq!(fetched.asked.len(), 34);
}

#[test]
fn a_third_of_the_nodes_may_fail_at_little_cost() {
    for kind in [Kind::Silent, Kind::Down, Kind::Lies, Kind::Lacks] {
        for in_flight_bytes_max in [1 << 26, 60_000] {
            let options = FetchOptions {
                in_flight_bytes_max,
                ..FetchOptions::default()
            };
            let fetched = slivers(&thirteen(&[kind; 4]), 100, options);
            assert_eq!(fetched.outcome.unwrap().len(), 34);
            assert!(
                fetched.took < Duration::from_secs(1),
                "{kind:?} {:?}",
                fetched.took
            );
        }
    }
}

#[test]
fn slow_nodes_count_when_they_are_needed() {
    // A sliver of 15 KB at 50 KB/s and 300 ms.
    let kinds = [
        [Kind::Slow(600); 5].as_slice(),
        &[Kind::Silent; 4],
        &[Kind::Down; 4],
    ]
    .concat();
    let fetched = slivers(&kinds, 224, FetchOptions::default());
    assert_eq!(fetched.outcome.unwrap().len(), 34);
    assert!(fetched.took < Duration::from_secs(5), "{:?}", fetched.took);
    // Those that show signs of life are not asked to hurry.
    let all_slow = slivers(&[Kind::Slow(600); 13], 224, FetchOptions::default());
    assert_eq!(all_slow.asked.len(), 34);
}

/// One byte now and then looked like a sign of life for as long as too few others had answered to tell
/// how long that takes: minutes, until the request was given up, and that several times over.
#[test]
fn a_node_that_trickles_holds_nobody_up() {
    const TRICKLES: Kind = Kind::Slow(300_000);
    for node in 0..13 {
        let mut kinds = thirteen(&[]);
        kinds[node] = TRICKLES;
        let ranged = rows(&kinds, 5..6);
        assert_eq!(ranged.outcome.unwrap(), [SliverIndex(5)].into());
        assert!(ranged.took < Duration::from_secs(2), "{:?}", ranged.took);
    }
    // n = 7, f = 2: three slivers, of which the node may hold the first.
    for node in 0..7 {
        let mut kinds = vec![Kind::Good(5); 7];
        kinds[node] = TRICKLES;
        let fetched = fetch_slivers(&kinds, 7, 100, FetchOptions::default());
        assert_eq!(fetched.outcome.unwrap().len(), 3);
        assert!(fetched.took < Duration::from_secs(2), "{:?}", fetched.took);
    }
}

#[test]
fn too_few_slivers_are_an_error_that_counts_them() {
    let fetched = slivers(&thirteen(&[Kind::Lies; 10]), 100, FetchOptions::default());
    let Err(FetchError::NotEnoughSlivers {
        got,
        needed,
        failures,
    }) = fetched.outcome
    else {
        panic!("{:?}", fetched.outcome);
    };
    assert_eq!((needed, failures.len()), (34, 10));
    assert!(got < 34);
    let fetched = slivers(&[Kind::Lacks; 13], 100, FetchOptions::default());
    assert!(matches!(fetched.outcome, Err(FetchError::NotFound { .. })));
}

struct Ranged {
    outcome: Result<BTreeSet<SliverIndex>, RangeError>,
    took: Duration,
    polls: usize,
}

/// Fetches 20 rows; nodes that lie give symbols that don't fit.
fn range(kinds: &[Kind]) -> Ranged {
    rows(kinds, 3..23)
}

fn rows(kinds: &[Kind], wanted: std::ops::Range<u16>) -> Ranged {
    let committee = committee(100, u16::try_from(kinds.len()).unwrap());
    let params = committee.params();
    let mut now = Timestamp::default();
    let size = SymbolSize::new(2).unwrap();
    let wanted = wanted.map(SliverIndex);
    let options = FetchOptions::default();
    let mut fetch = RangeFetch::new(
        Arc::clone(&committee),
        BLOB,
        Axis::Primary,
        size,
        wanted,
        options,
        now,
    );
    let mut agenda = Agenda::new();
    let mut done = BTreeSet::new();
    let mut polls = 0;
    loop {
        while let Some((ticket, action)) = fetch.poll(now) {
            polls += 1;
            match action {
                RangeAction::Sliver(SliverRequest { node, .. })
                | RangeAction::Symbols { node, .. } => {
                    let kind = kinds[node.as_usize()];
                    plan(&mut agenda, now, kind, ticket.unwrap(), node, action);
                }
                RangeAction::Recover { target, symbols } => {
                    assert!(symbols.len() >= 67);
                    let right = symbols.iter().all(|symbol| symbol.data == [0, 0]);
                    if fetch.on_recovered(target, right) {
                        done.insert(target);
                    }
                }
            }
        }
        let outcome = if fetch.is_done() {
            Some(Ok(done.clone()))
        } else {
            fetch.error(now).map(Err)
        };
        if let Some(outcome) = outcome {
            let took = now.since_origin();
            return Ranged {
                outcome,
                took,
                polls,
            };
        }
        let deadline = fetch.next_deadline(now);
        assert!(deadline > now);
        now = agenda.next_at().map_or(deadline, |at| at.min(deadline));
        while let Some(event) = agenda.pop(now) {
            let (ticket, node, action) = match event {
                Event::Alive(ticket) => {
                    fetch.on_alive(now, ticket);
                    continue;
                }
                Event::Over(ticket, node, action) => (ticket, node, action),
            };
            let kind = kinds[node.as_usize()];
            match (action, failure(kind, now)) {
                (RangeAction::Sliver(request), None) => {
                    if fetch.on_sliver(now, ticket) {
                        done.insert(request.index);
                    }
                }
                (RangeAction::Symbols { targets, .. }, None)
                | (
                    RangeAction::Symbols { targets, .. },
                    Some(Failure {
                        fault: Fault::Lied, ..
                    }),
                ) => {
                    let data = if kind == Kind::Lies {
                        vec![1, 1]
                    } else {
                        vec![0, 0]
                    };
                    let member = committee.member(node).unwrap();
                    let sources = member.shards.iter().map(|shard| {
                        let pair = params.pair_of_shard(&BLOB, *shard).unwrap();
                        params.sliver_of_pair(Axis::Secondary, pair).unwrap()
                    });
                    let symbols: Vec<_> = sources
                        .map(|index| DecodingSymbol {
                            index,
                            data: data.clone(),
                        })
                        .collect();
                    fetch.on_symbols(
                        now,
                        ticket,
                        targets.into_iter().map(|t| (t, symbols.clone())),
                    );
                }
                (_, Some(failure)) => fetch.on_failure(now, ticket, failure),
                (RangeAction::Recover { .. }, None) => unreachable!(),
            }
        }
    }
}

#[test]
fn rows_of_lost_nodes_are_decoded_from_symbols() {
    for kind in [Kind::Silent, Kind::Down, Kind::Lacks] {
        let ranged = range(&thirteen(&[kind; 4]));
        assert_eq!(
            ranged.outcome.unwrap(),
            (3..23).map(SliverIndex).collect(),
            "{kind:?}"
        );
        assert!(
            ranged.took < Duration::from_secs(1),
            "{kind:?} {:?}",
            ranged.took
        );
        assert!(ranged.polls < 500, "{kind:?} {}", ranged.polls);
    }
}

#[test]
fn symbols_that_do_not_fit_leave_it_to_the_whole_blob() {
    let ranged = range(&thirteen(&[Kind::Lies; 4]));
    match ranged.outcome {
        Ok(rows) => assert_eq!(rows.len(), 20),
        Err(error) => assert!(!error.missing.is_empty() && error.missing.len() < 20),
    }
    let ranged = range(&thirteen(&[Kind::Down; 6]));
    let error = ranged.outcome.unwrap_err();
    assert!(!error.missing.is_empty());
    assert!(ranged.took < Duration::from_secs(5), "{:?}", ranged.took);
}
