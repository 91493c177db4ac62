use std::collections::BTreeSet;

use bytes::Bytes;
use floe_core::{Epoch, ObjectId, onchain::events::*, wire};
use sui_crypto::bls12381::{Bls12381PrivateKey, ValidatorCommitteeSignatureAggregator};
use sui_sdk_types::{
    Address, CheckpointContents, CheckpointSummary, CheckpointTransactionInfo, Digest,
    EndOfEpochData, Event, ExecutionStatus, GasCostSummary, TransactionEffects,
    TransactionEffectsV2, TransactionEvents, ValidatorCommittee, ValidatorCommitteeMember,
};

use super::{verify::Verifier, *};
use crate::{
    chain::{RawCheckpoint, RawTransaction},
    deployment::struct_tag,
};

const WALRUS: ObjectId = ObjectId([7; 32]);

/// A chain of our own.
struct TestChain {
    keys: Vec<Bls12381PrivateKey>,
    epoch: u64,
    last: Option<CheckpointSummary>,
}

fn key(seed: u8) -> Bls12381PrivateKey {
    Bls12381PrivateKey::new([seed; 32]).unwrap()
}

fn members(keys: &[Bls12381PrivateKey]) -> Vec<ValidatorCommitteeMember> {
    let member = |key: &Bls12381PrivateKey| ValidatorCommitteeMember {
        public_key: key.public_key(),
        stake: 100,
    };
    keys.iter().map(member).collect()
}

fn event(package: ObjectId, event: &ContractEvent) -> Event {
    Event {
        package_id: Address::new(package.0),
        module: crate::deployment::identifier("events"),
        sender: Address::TWO,
        type_: struct_tag(package, "events", event.name()),
        contents: event.to_bcs(),
    }
}

fn started(epoch: u32) -> ContractEvent {
    EpochChangeStart {
        epoch: Epoch(epoch),
    }
    .into()
}

impl TestChain {
    fn new(validators: u8) -> Self {
        Self {
            keys: (1..=validators).map(key).collect(),
            epoch: 0,
            last: None,
        }
    }

    /// A checkpoint of transactions with these events, signed by the validators of these numbers.
    fn signed(
        &mut self,
        transactions: &[Vec<Event>],
        next: Option<Vec<Bls12381PrivateKey>>,
        signers: &[usize],
    ) -> RawCheckpoint {
        let sequence = self
            .last
            .as_ref()
            .map_or(0, |last| last.sequence_number + 1);
        let (mut infos, mut raws) = (Vec::new(), Vec::new());
        for (index, events) in transactions.iter().enumerate() {
            let digest = Digest::new([u8::try_from(index).unwrap() + 1; 32]);
            let events = (!events.is_empty()).then(|| TransactionEvents(events.clone()));
            let effects = effects(digest, events.as_ref());
            infos.push(CheckpointTransactionInfo::new(
                digest,
                effects.digest(),
                vec![],
            ));
            raws.push(RawTransaction {
                effects: wire::to_bcs(&effects).into(),
                events: events.map(|events| wire::to_bcs(&events).into()),
            });
        }
        let contents = CheckpointContents::new_v1(infos);
        let summary = CheckpointSummary {
            epoch: self.epoch,
            sequence_number: sequence,
            network_total_transactions: 0,
            content_digest: contents.digest(),
            previous_digest: self.last.as_ref().map(CheckpointSummary::digest),
            epoch_rolling_gas_cost_summary: GasCostSummary::default(),
            timestamp_ms: 1000 + sequence,
            checkpoint_commitments: vec![],
            end_of_epoch_data: next.as_ref().map(|next| EndOfEpochData {
                next_epoch_committee: members(next),
                next_epoch_protocol_version: 1,
                epoch_commitments: vec![],
            }),
            version_specific_data: vec![],
        };
        let committee = ValidatorCommittee {
            epoch: self.epoch,
            members: members(&self.keys),
        };
        let signature = (!signers.is_empty()).then(|| {
            let mut aggregator =
                ValidatorCommitteeSignatureAggregator::new_checkpoint_summary(committee, &summary)
                    .unwrap();
            for signer in signers {
                let signature = self.keys[*signer].sign_checkpoint_summary(&summary);
                aggregator.add_signature(signature).unwrap();
            }
            aggregator.finish().unwrap()
        });
        let raw = RawCheckpoint {
            sequence,
            summary: wire::to_bcs(&summary).into(),
            signature,
            contents: wire::to_bcs(&contents).into(),
            transactions: raws,
        };
        if let Some(next) = next {
            self.keys = next;
            self.epoch += 1;
        }
        self.last = Some(summary);
        raw
    }

    fn plain(&mut self, transactions: &[Vec<Event>]) -> RawCheckpoint {
        let all: Vec<_> = (0..self.keys.len()).collect();
        self.signed(transactions, None, &all)
    }
}

fn effects(digest: Digest, events: Option<&TransactionEvents>) -> TransactionEffects {
    TransactionEffects::V2(Box::new(TransactionEffectsV2 {
        status: ExecutionStatus::Success,
        epoch: 0,
        gas_used: GasCostSummary::default(),
        transaction_digest: digest,
        gas_object_index: None,
        events_digest: events.map(TransactionEvents::digest),
        dependencies: vec![],
        lamport_version: 1,
        changed_objects: vec![],
        unchanged_consensus_objects: vec![],
        auxiliary_data_digest: None,
    }))
}

/// The chain, its first checkpoint verified.
fn after_genesis(validators: u8) -> (TestChain, Verifier) {
    let mut chain = TestChain::new(validators);
    let genesis = chain.signed(&[vec![]], None, &[]);
    let position = Position {
        chain_id: chain.last.as_ref().unwrap().digest(),
        next: 0,
        previous: None,
        validators: ValidatorCommittee {
            epoch: 0,
            members: members(&chain.keys),
        },
        packages: BTreeSet::from([WALRUS]),
    };
    let mut verifier = Verifier::new(position).unwrap();
    verifier.verify(&genesis).unwrap();
    (chain, verifier)
}

fn fault(verifier: &mut Verifier, raw: &RawCheckpoint) -> CheckpointFault {
    let before = verifier.position().clone();
    let error = verifier.verify(raw).unwrap_err();
    assert_eq!(*verifier.position(), before, "a fault must change nothing");
    error.fault
}

#[test]
fn events_come_in_order_and_only_those_of_the_contracts() {
    let (mut chain, mut verifier) = after_genesis(1);
    let mut other_module = event(WALRUS, &started(9));
    other_module.type_ = struct_tag(WALRUS, "blob", "Thing");
    let raw = chain.plain(&[
        vec![],
        vec![
            event(ObjectId([8; 32]), &started(1)),
            event(WALRUS, &started(2)),
            other_module,
        ],
        vec![event(WALRUS, &started(3))],
    ]);
    let checkpoint = verifier.verify(&raw).unwrap();
    let got: Vec<_> = checkpoint
        .events
        .iter()
        .map(|event| (event.cursor.to_string(), event.event.clone()))
        .collect();
    let expected = [("1.1.1", started(2)), ("1.2.0", started(3))];
    assert_eq!(got, expected.map(|(at, event)| (at.to_owned(), event)));
    assert_eq!((checkpoint.sequence, checkpoint.timestamp_ms), (1, 1001));
    assert_eq!(verifier.position().next, 2);
}

#[test]
fn an_upgrade_adds_the_package_whose_events_count() {
    let (mut chain, mut verifier) = after_genesis(1);
    let new = ObjectId([9; 32]);
    let upgrade = ContractUpgraded {
        epoch: Epoch(1),
        package_id: new,
        version: 2,
    };
    let raw = chain.plain(&[
        vec![event(new, &started(1))],
        vec![event(WALRUS, &upgrade.into()), event(new, &started(2))],
    ]);
    let events = verifier.verify(&raw).unwrap().events;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].event, started(2));
    assert_eq!(verifier.position().packages, BTreeSet::from([WALRUS, new]));
}

#[test]
fn whatever_a_node_changes_is_found() {
    let (mut chain, mut verifier) = after_genesis(1);
    let raw = chain.plain(&[
        vec![event(WALRUS, &started(2))],
        vec![event(WALRUS, &started(3))],
    ]);

    let mut lie = raw.clone();
    let forged = TransactionEvents(vec![event(WALRUS, &started(4))]);
    lie.transactions[0].events = Some(wire::to_bcs(&forged).into());
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::Digest { what: "events", .. }
    ));

    let mut lie = raw.clone();
    lie.transactions[0].events = None;
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::MissingEvents { .. }
    ));

    let mut lie = raw.clone();
    lie.transactions.pop();
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::Transactions {
            expected: 2,
            got: 1
        }
    ));

    let mut lie = raw.clone();
    lie.transactions.swap(0, 1);
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::Digest {
            what: "effects",
            ..
        }
    ));

    // Effects without events, and the list of transactions made to fit.
    let mut lie = raw.clone();
    let silent = effects(Digest::new([1; 32]), None);
    let info = |digest, effects| CheckpointTransactionInfo::new(digest, effects, vec![]);
    let contents = CheckpointContents::new_v1(vec![info(Digest::new([1; 32]), silent.digest())]);
    lie.contents = wire::to_bcs(&contents).into();
    lie.transactions.truncate(1);
    lie.transactions[0] = RawTransaction {
        effects: wire::to_bcs(&silent).into(),
        events: None,
    };
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::Digest {
            what: "contents",
            ..
        }
    ));

    // And the summary made to fit that.
    let mut summary: CheckpointSummary = wire::from_bcs(&raw.summary).unwrap();
    summary.content_digest = contents.digest();
    lie.summary = wire::to_bcs(&summary).into();
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::Signature { .. }
    ));

    let mut lie = raw.clone();
    lie.signature = None;
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::Unsigned
    ));

    for part in [0, 1] {
        let mut lie = raw.clone();
        let bytes = if part == 0 {
            &mut lie.summary
        } else {
            &mut lie.contents
        };
        *bytes = Bytes::copy_from_slice(&bytes[..bytes.len() - 1]);
        assert!(matches!(
            fault(&mut verifier, &lie),
            CheckpointFault::Malformed { .. }
        ));
    }

    verifier.verify(&raw).unwrap();
}

#[test]
fn gaps_repetitions_and_forks_are_found() {
    let (mut chain, mut verifier) = after_genesis(1);
    let one = chain.plain(&[]);
    let two = chain.plain(&[]);
    assert!(matches!(
        fault(&mut verifier, &two),
        CheckpointFault::Sequence {
            expected: 1,
            got: 2
        }
    ));
    verifier.verify(&one).unwrap();
    assert!(matches!(
        fault(&mut verifier, &one),
        CheckpointFault::Sequence {
            expected: 2,
            got: 1
        }
    ));
    // The validators sign another checkpoint 1 and one that follows it.
    let (mut fork, _) = after_genesis(1);
    fork.plain(&[vec![event(WALRUS, &started(1))]]);
    let other_two = fork.plain(&[]);
    assert!(matches!(
        fault(&mut verifier, &other_two),
        CheckpointFault::Previous { .. }
    ));
    verifier.verify(&two).unwrap();
}

#[test]
fn another_chains_first_checkpoint_is_refused() {
    let (_, verifier) = after_genesis(1);
    let mut position = verifier.position().clone();
    position.next = 0;
    position.previous = None;
    let mut verifier = Verifier::new(position).unwrap();
    let mut other = TestChain::new(1);
    let genesis = other.plain(&[vec![], vec![]]);
    assert!(matches!(
        fault(&mut verifier, &genesis),
        CheckpointFault::Chain { .. }
    ));
}

#[test]
fn a_quorum_must_sign() {
    let (mut chain, mut verifier) = after_genesis(4);
    let raw = chain.signed(&[], None, &[0, 1, 2]);
    let mut lie = raw.clone();
    // The signature of another checkpoint, by the same validators.
    lie.signature = chain.signed(&[], None, &[0, 1, 2]).signature;
    assert!(matches!(
        fault(&mut verifier, &lie),
        CheckpointFault::Signature { .. }
    ));
    // Signed by strangers.
    let mut strangers = TestChain::new(4);
    strangers.keys = (11..15).map(key).collect();
    strangers.last = None;
    strangers.signed(&[vec![]], None, &[]);
    let forged = strangers.signed(&[], None, &[0, 1, 2]);
    assert_eq!(forged.summary, raw.summary);
    assert!(matches!(
        fault(&mut verifier, &forged),
        CheckpointFault::Signature { .. }
    ));
    verifier.verify(&raw).unwrap();
}

#[test]
fn validators_hand_over_at_the_end_of_an_epoch() {
    let (mut chain, mut verifier) = after_genesis(1);
    let old = key(1);
    let end = chain.signed(&[], Some(vec![key(2), key(3), key(4), key(5)]), &[0]);
    verifier.verify(&end).unwrap();
    assert_eq!(verifier.position().validators.epoch, 1);
    let next = chain.plain(&[vec![event(WALRUS, &started(1))]]);
    // The old validator goes on as if nothing had happened.
    let mut stale = TestChain {
        keys: vec![old],
        epoch: 1,
        last: Some(wire::from_bcs(&end.summary).unwrap()),
    };
    let forged = stale.plain(&[vec![event(WALRUS, &started(1))]]);
    assert_eq!(forged.summary, next.summary);
    assert!(matches!(
        fault(&mut verifier, &forged),
        CheckpointFault::Signature { epoch: 1, .. }
    ));
    // And in the old epoch.
    stale.epoch = 0;
    stale.last = Some(wire::from_bcs(&end.summary).unwrap());
    let forged = stale.plain(&[]);
    assert!(matches!(
        fault(&mut verifier, &forged),
        CheckpointFault::Epoch {
            expected: 1,
            got: 0
        }
    ));
    assert_eq!(verifier.verify(&next).unwrap().events.len(), 1);
}

#[test]
fn a_position_survives_its_bytes_and_nothing_else_does() {
    let (_, verifier) = after_genesis(4);
    let position = verifier.position().clone();
    let mut bytes = position.to_bytes();
    assert_eq!(Position::from_bytes(&bytes), Ok(position));
    assert_eq!(Position::from_bytes(&bytes[1..]), Err(PositionError::Magic));
    assert_eq!(Position::from_bytes(b"FLOEpos"), Err(PositionError::Magic));
    assert!(matches!(
        Position::from_bytes(&bytes[..bytes.len() - 1]),
        Err(PositionError::Decode(_))
    ));
    bytes[7] = 2;
    assert_eq!(
        Position::from_bytes(&bytes),
        Err(PositionError::Version { got: 2 })
    );
}

#[test]
fn committees_that_cannot_sign_are_refused() {
    let (_, verifier) = after_genesis(1);
    let position = verifier.position().clone();
    let with = |members: Vec<ValidatorCommitteeMember>| {
        let mut position = position.clone();
        position.validators.members = members;
        Verifier::new(position).map(|_| ()).unwrap_err().fault
    };
    assert!(matches!(with(vec![]), CheckpointFault::Validators { .. }));
    let mut none = members(&[key(1)]);
    none[0].stake = 0;
    assert!(matches!(with(none), CheckpointFault::Validators { .. }));
    let mut much = members(&[key(1), key(2)]);
    much[0].stake = u64::MAX;
    assert!(matches!(with(much), CheckpointFault::Validators { .. }));
}

/// The event of a transaction that did something else before was not found.
#[test]
fn events_of_a_transaction_are_counted_among_those_of_the_contracts() {
    let other = event(ObjectId([9; 32]), &started(1));
    let (first, second) = (event(WALRUS, &started(2)), event(WALRUS, &started(3)));
    let events = [other.clone(), first, other, second];
    let packages = BTreeSet::from([WALRUS]);
    let found = [0, 1, 2, u64::MAX].map(|place| nth_event(&events, &packages, place));
    assert_eq!(found, [Some(started(2)), Some(started(3)), None, None]);
}
