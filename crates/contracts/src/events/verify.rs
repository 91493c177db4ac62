//! Verifying one checkpoint after the other.

use std::collections::BTreeSet;

use bytes::Bytes;
use floe_core::{
    ObjectId,
    onchain::events::{ContractEvent, EventError},
};
use sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier;
use sui_sdk_types::{
    CheckpointContents, CheckpointSummary, CheckpointTransactionInfo, Digest, Event,
    TransactionEffects, TransactionEvents, ValidatorCommittee, hash::Hasher,
};

use super::{EventCursor, Position};
use crate::{
    address::object_id,
    chain::{RawCheckpoint, RawTransaction},
};

/// The most validators of a chain, and the greatest sum of their voting power.
const VALIDATORS_MAX: usize = 10_000;

/// A checkpoint does not hold. The node that gave it is at fault, or the configuration names
/// another chain.
#[derive(Debug, thiserror::Error)]
#[error("checkpoint {sequence}: {fault}")]
pub struct CheckpointError {
    /// The checkpoint.
    pub sequence: u64,
    /// What is wrong.
    #[source]
    pub fault: CheckpointFault,
}

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointFault {
    /// It is another one than asked for: some are missing, or repeated.
    #[error("expected checkpoint {expected}, got {got}")]
    Sequence {
        /// The one that is next.
        expected: u64,
        /// The one given.
        got: u64,
    },
    /// A part does not parse.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// The part.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// It is of another epoch than follows.
    #[error("expected one of epoch {expected}, got epoch {got}")]
    Epoch {
        /// The epoch.
        expected: u64,
        /// The one given.
        got: u64,
    },
    /// It does not follow the one before.
    #[error("expected to follow {expected:?}, follows {got:?}")]
    Previous {
        /// The digest of the one before.
        expected: Option<Digest>,
        /// What it says.
        got: Option<Digest>,
    },
    /// Checkpoint 0 is that of another chain.
    #[error("expected chain {expected}, got chain {got}")]
    Chain {
        /// The chain.
        expected: Digest,
        /// The digest of checkpoint 0.
        got: Digest,
    },
    /// It is not signed.
    #[error("not signed")]
    Unsigned,
    /// It is not signed by a quorum of the validators.
    #[error("not signed by a quorum of the validators of epoch {epoch}: {reason}")]
    Signature {
        /// The epoch.
        epoch: u64,
        /// What is wrong.
        reason: String,
    },
    /// The validators themselves make no committee.
    #[error("the validators of epoch {epoch} make no committee: {reason}")]
    Validators {
        /// The epoch.
        epoch: u64,
        /// What is wrong.
        reason: String,
    },
    /// A part is not the one that was signed.
    #[error("{what} have digest {got}, expected {expected}")]
    Digest {
        /// The part.
        what: &'static str,
        /// The digest signed.
        expected: Digest,
        /// Its digest.
        got: Digest,
    },
    /// Transactions are missing, or there are too many.
    #[error("expected {expected} transactions, got {got}")]
    Transactions {
        /// As many were signed.
        expected: usize,
        /// As many were given.
        got: usize,
    },
    /// The events of a transaction are missing.
    #[error("the events of transaction {transaction} are missing")]
    MissingEvents {
        /// The transaction.
        transaction: Digest,
    },
    /// An event of the contracts can't be read: this program is too old.
    #[error("event {cursor}: {source}")]
    Event {
        /// Where it is.
        cursor: EventCursor,
        /// What is wrong.
        source: EventError,
    },
}

/// An event of the contracts, proven to have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEvent {
    /// Where it is.
    pub cursor: EventCursor,
    /// The transaction that emitted it.
    pub transaction: Digest,
    /// The event.
    pub event: ContractEvent,
}

/// A checkpoint, proven to be the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    /// Its number.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its time: milliseconds since 1970. Protocol deadlines derive from this.
    pub timestamp_ms: u64,
    /// The chain's epoch (not a Walrus epoch).
    pub chain_epoch: u64,
    /// The events of the contracts in it, in order.
    pub events: Vec<VerifiedEvent>,
}

impl VerifiedCheckpoint {
    /// The events behind `cursor`: those that are left to whoever stopped in the middle.
    pub fn events_after(
        &self,
        cursor: Option<EventCursor>,
    ) -> impl Iterator<Item = &VerifiedEvent> {
        let is_left = move |event: &&VerifiedEvent| cursor.is_none_or(|done| event.cursor > done);
        self.events.iter().filter(is_left)
    }
}

/// Verifies checkpoints, each of which must follow the one before.
#[derive(Debug)]
pub struct Verifier {
    position: Position,
    signatures: ValidatorCommitteeSignatureVerifier,
}

impl Verifier {
    /// A verifier that goes on at `position`.
    ///
    /// # Errors
    /// [`CheckpointError`] if the validators in it make no committee.
    pub fn new(position: Position) -> Result<Self, CheckpointError> {
        let signatures = verifier(&position.validators).map_err(|fault| CheckpointError {
            sequence: position.next,
            fault,
        })?;
        Ok(Self {
            position,
            signatures,
        })
    }

    /// How far it has come.
    pub const fn position(&self) -> &Position {
        &self.position
    }

    /// Verifies the next checkpoint. If it does not hold, nothing changes, and another node can be
    /// asked.
    pub(crate) fn verify(
        &mut self,
        checkpoint: &RawCheckpoint,
    ) -> Result<VerifiedCheckpoint, CheckpointError> {
        self.check(checkpoint).map_err(|fault| CheckpointError {
            sequence: self.position.next,
            fault,
        })
    }

    fn check(&mut self, raw: &RawCheckpoint) -> Result<VerifiedCheckpoint, CheckpointFault> {
        let summary: CheckpointSummary = parse("summary", &raw.summary)?;
        self.check_summary(raw, &summary)?;
        let contents: CheckpointContents = parse("contents", &raw.contents)?;
        same("contents", summary.content_digest, contents.digest())?;
        let listed = contents.transactions();
        if listed.len() != raw.transactions.len() {
            return Err(CheckpointFault::Transactions {
                expected: listed.len(),
                got: raw.transactions.len(),
            });
        }
        let mut packages = self.position.packages.clone();
        let mut events = Vec::new();
        for (index, (info, transaction)) in (0_u32..).zip(listed.iter().zip(&raw.transactions)) {
            let cursor = EventCursor {
                checkpoint: summary.sequence_number,
                transaction: index,
                event: 0,
            };
            for (event, place) in events_of(info, transaction)?.into_iter().zip(0_u32..) {
                let cursor = EventCursor {
                    event: place,
                    ..cursor
                };
                if let Some(event) = read_event(&event, &packages, cursor)? {
                    // Types that an upgrade adds are of the new package.
                    if let ContractEvent::ContractUpgraded(upgrade) = &event {
                        packages.insert(upgrade.package_id);
                    }
                    events.push(VerifiedEvent {
                        cursor,
                        transaction: *info.transaction(),
                        event,
                    });
                }
            }
        }
        let verified = VerifiedCheckpoint {
            sequence: summary.sequence_number,
            digest: summary.digest(),
            timestamp_ms: summary.timestamp_ms,
            chain_epoch: summary.epoch,
            events,
        };
        self.advance(summary, verified.digest, packages)?;
        Ok(verified)
    }

    fn check_summary(
        &self,
        raw: &RawCheckpoint,
        summary: &CheckpointSummary,
    ) -> Result<(), CheckpointFault> {
        let position = &self.position;
        let (expected, got) = (position.next, summary.sequence_number);
        if got != expected || raw.sequence != expected {
            let got = if got == expected { raw.sequence } else { got };
            return Err(CheckpointFault::Sequence { expected, got });
        }
        let (expected, got) = (position.validators.epoch, summary.epoch);
        if got != expected {
            return Err(CheckpointFault::Epoch { expected, got });
        }
        // The first checkpoint that is looked at has a predecessor that is not known.
        if (position.previous.is_some() || position.next == 0)
            && summary.previous_digest != position.previous
        {
            return Err(CheckpointFault::Previous {
                expected: position.previous,
                got: summary.previous_digest,
            });
        }
        if position.next == 0 {
            let (expected, got) = (position.chain_id, summary.digest());
            if got != expected {
                return Err(CheckpointFault::Chain { expected, got });
            }
            // Its digest is the chain's name, which is as good as a signature.
            return Ok(());
        }
        let signature = raw.signature.as_ref().ok_or(CheckpointFault::Unsigned)?;
        let verified = self
            .signatures
            .verify_checkpoint_summary(summary, signature);
        verified.map_err(|error| CheckpointFault::Signature {
            epoch: position.validators.epoch,
            reason: error.to_string(),
        })
    }

    fn advance(
        &mut self,
        summary: CheckpointSummary,
        digest: Digest,
        packages: BTreeSet<ObjectId>,
    ) -> Result<(), CheckpointFault> {
        if let Some(end) = summary.end_of_epoch_data {
            let validators = ValidatorCommittee {
                epoch: summary.epoch.saturating_add(1),
                members: end.next_epoch_committee,
            };
            self.signatures = verifier(&validators)?;
            self.position.validators = validators;
        }
        self.position.next = summary.sequence_number.saturating_add(1);
        self.position.previous = Some(digest);
        self.position.packages = packages;
        Ok(())
    }
}

/// The verifier of a committee. What would overflow or divide badly in it is refused before.
fn verifier(
    committee: &ValidatorCommittee,
) -> Result<ValidatorCommitteeSignatureVerifier, CheckpointFault> {
    let epoch = committee.epoch;
    let invalid = |reason: String| CheckpointFault::Validators { epoch, reason };
    let members = committee.members.len();
    if members == 0 || members > VALIDATORS_MAX {
        return Err(invalid(format!("{members} validators")));
    }
    let mut stakes = committee.members.iter().map(|member| member.stake);
    let total = stakes.try_fold(0_u64, u64::checked_add);
    if total.is_none_or(|total| total == 0) {
        return Err(invalid(format!("the sum of their stakes is {total:?}")));
    }
    ValidatorCommitteeSignatureVerifier::new(committee.clone())
        .map_err(|error| invalid(error.to_string()))
}

/// The events of a transaction, as its signed effects have them.
fn events_of(
    info: &CheckpointTransactionInfo,
    raw: &RawTransaction,
) -> Result<Vec<Event>, CheckpointFault> {
    let digest = digest("TransactionEffects::", &raw.effects);
    same("effects", *info.effects(), digest)?;
    let effects: TransactionEffects = parse("effects", &raw.effects)?;
    same(
        "effects' transaction",
        *info.transaction(),
        *effects.transaction_digest(),
    )?;
    let Some(expected) = effects.events_digest() else {
        return Ok(Vec::new());
    };
    let bytes = raw
        .events
        .as_ref()
        .ok_or_else(|| CheckpointFault::MissingEvents {
            transaction: *info.transaction(),
        })?;
    same(
        "events",
        *expected,
        self::digest("TransactionEvents::", bytes),
    )?;
    parse::<TransactionEvents>("events", bytes).map(|events| events.0)
}

/// The event if it is one of the contracts.
fn read_event(
    event: &Event,
    packages: &BTreeSet<ObjectId>,
    cursor: EventCursor,
) -> Result<Option<ContractEvent>, CheckpointFault> {
    if !is_theirs(event, packages) {
        return Ok(None);
    }
    let read = ContractEvent::from_bcs(event.type_.name().as_str(), &event.contents);
    read.map(Some)
        .map_err(|source| CheckpointFault::Event { cursor, source })
}

fn is_theirs(event: &Event, packages: &BTreeSet<ObjectId>) -> bool {
    let tag = &event.type_;
    tag.module().as_str() == "events" && packages.contains(&object_id(tag.address()))
}

/// The contracts' event at a place of a transaction, as nodes count: whatever else happened there does
/// not count (`docs/spec/node.md` §2.2).
pub fn nth_event(
    events: &[Event],
    packages: &BTreeSet<ObjectId>,
    place: u64,
) -> Option<ContractEvent> {
    let place = usize::try_from(place).ok()?;
    let mut theirs = events.iter().filter(|event| is_theirs(event, packages));
    let event = theirs.nth(place)?;
    ContractEvent::from_bcs(event.type_.name().as_str(), &event.contents).ok()
}

fn digest(salt: &str, bytes: &Bytes) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(salt);
    hasher.update(bytes);
    hasher.finalize()
}

fn same(what: &'static str, expected: Digest, got: Digest) -> Result<(), CheckpointFault> {
    if expected == got {
        Ok(())
    } else {
        Err(CheckpointFault::Digest {
            what,
            expected,
            got,
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
) -> Result<T, CheckpointFault> {
    floe_core::wire::from_bcs(bytes).map_err(|error| CheckpointFault::Malformed {
        what,
        reason: error.to_string(),
    })
}
