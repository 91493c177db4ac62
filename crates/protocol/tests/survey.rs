//! Surveys on virtual time.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod support;

use std::{sync::Arc, time::Duration};

use floe_core::MemberIndex;
use floe_protocol::{Failure, Fault, Survey, SurveyError, SurveyOptions, Ticket, Timestamp};
use support::{Agenda, committee, millis};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Says(u32, u64),
    Silent,
    Down,
    /// Down at first, and then not.
    Starting(u64),
    Lacks,
}

fn survey(kinds: &[Kind], needed: u16) -> (Result<(), SurveyError>, Duration, Survey<u32>) {
    let committee = committee(100, u16::try_from(kinds.len()).unwrap());
    let mut now = Timestamp::default();
    let mut survey = Survey::new(Arc::clone(&committee), SurveyOptions::new(needed, 3), now);
    let mut agenda: Agenda<(Ticket, MemberIndex)> = Agenda::new();
    loop {
        while let Some((ticket, node)) = survey.poll(now) {
            let latency = match kinds[node.as_usize()] {
                Kind::Says(_, latency) => latency,
                Kind::Silent => continue,
                _ => 1,
            };
            agenda.add(now.after(millis(latency)), (ticket, node));
        }
        if let Some(outcome) = survey.outcome(now) {
            return (outcome, now.since_origin(), survey);
        }
        let deadline = survey.next_deadline();
        assert!(deadline > now);
        now = agenda.next_at().map_or(deadline, |at| at.min(deadline));
        while let Some((ticket, node)) = agenda.pop(now) {
            match kinds[node.as_usize()] {
                Kind::Says(answer, _) => survey.on_answer(ticket, answer),
                Kind::Starting(at) if now >= Timestamp::new(millis(at)) => {
                    survey.on_answer(ticket, 0);
                }
                Kind::Lacks => {
                    survey.on_failure(now, ticket, Failure::new(Fault::NotFound, "404"));
                }
                _ => survey.on_failure(now, ticket, Failure::new(Fault::Transient, "refused")),
            }
        }
    }
}

#[test]
fn answers_are_weighed_by_shards_and_the_greatest_comes_first() {
    let kinds = [
        [Kind::Says(1, 5); 3],
        [Kind::Says(2, 5); 3],
        [Kind::Silent; 3],
    ]
    .concat();
    let (outcome, took, survey) = survey(&kinds, 66);
    outcome.unwrap();
    assert_eq!(took, millis(5));
    let answers = survey.answers();
    assert_eq!(
        answers
            .iter()
            .map(|(answer, _)| *answer)
            .collect::<Vec<_>>(),
        [2, 1]
    );
    assert_eq!(
        answers.iter().map(|(_, weight)| *weight).sum::<u16>(),
        survey.weight_answered()
    );
}

#[test]
fn more_than_f_shards_gone_are_found_within_two_seconds() {
    for gone in [Kind::Silent, Kind::Down] {
        let kinds = [[Kind::Says(0, 5); 8].as_slice(), &[gone; 5]].concat();
        let (outcome, took, _) = survey(&kinds, 67);
        let error = outcome.unwrap_err();
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert_eq!(error.failures.len(), 5);
        assert!(error.to_string().contains("67 needed: "), "{error}");
    }
}

#[test]
fn a_third_of_the_nodes_may_be_gone_at_no_cost() {
    for gone in [Kind::Silent, Kind::Down] {
        let kinds = [[Kind::Says(0, 5); 9].as_slice(), &[gone; 4]].concat();
        let (outcome, took, _) = survey(&kinds, 67);
        outcome.unwrap();
        assert_eq!(took, millis(5));
    }
}

#[test]
fn a_node_that_is_just_starting_is_asked_again() {
    let kinds = [[Kind::Says(0, 5); 8].as_slice(), &[Kind::Starting(150); 5]].concat();
    let (outcome, took, _) = survey(&kinds, 67);
    outcome.unwrap();
    assert!(took < millis(400), "{took:?}");
}

#[test]
fn refusals_end_it_at_once() {
    let (outcome, took, survey) = survey(&[Kind::Lacks; 13], 67);
    assert_eq!(outcome.unwrap_err().weight, 0);
    assert_eq!(took, millis(1));
    assert_eq!(survey.weight_failed(Fault::NotFound), 100);
}
