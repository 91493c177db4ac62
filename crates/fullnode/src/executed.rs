//! What the node remembers of the past.

use floe_ledger::Outcome;
use serde::{Deserialize, Serialize};
use sui_sdk_types::{
    BalanceChange, CheckpointContents, CheckpointTransactionInfo, Digest, SignedCheckpointSummary,
    Transaction, TransactionEffects, TransactionEvents, UserSignature,
};

/// An executed transaction with all that is known about it. It is durable, and in a checkpoint.
///
/// Objects as they were before and after are kept separately:
/// [`Reader::changed_objects`](crate::Reader::changed_objects).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// Digest of the transaction.
    pub digest: Digest,
    /// Its position among all transactions of the chain, from 0 for genesis.
    pub sequence: u64,
    /// The transaction.
    pub transaction: Transaction,
    /// Signatures of the users; none for system transactions.
    pub signatures: Vec<UserSignature>,
    /// What it did.
    pub effects: TransactionEffects,
    /// Digest of the effects.
    pub effects_digest: Digest,
    /// Events, in order of emission; `None` if there are none.
    pub events: Option<TransactionEvents>,
    /// Changes of the coins that addresses own, gas included.
    pub balance_changes: Vec<BalanceChange>,
    /// Why it failed, in a sentence with more detail than the effects carry.
    pub failure: Option<String>,
    /// Number of the checkpoint it is in.
    pub checkpoint: u64,
    /// Time of that checkpoint, ms since the Unix epoch.
    pub timestamp_ms: u64,
}

impl Executed {
    /// The record of a transaction that was just executed.
    pub(crate) fn new(
        outcome: &Outcome,
        transaction: Transaction,
        signatures: Vec<UserSignature>,
        place: Place,
    ) -> Self {
        Self {
            digest: outcome.transaction_digest,
            sequence: place.sequence,
            transaction,
            signatures,
            effects: outcome.effects.clone(),
            effects_digest: outcome.effects_digest,
            events: outcome.events.clone(),
            balance_changes: outcome.balance_changes(),
            failure: outcome.failure.as_ref().map(ToString::to_string),
            checkpoint: place.checkpoint,
            timestamp_ms: place.timestamp_ms,
        }
    }

    /// What a checkpoint's contents say of it.
    pub(crate) fn info(&self) -> CheckpointTransactionInfo {
        CheckpointTransactionInfo::new(self.digest, self.effects_digest, self.signatures.clone())
    }
}

/// Where in the chain a transaction stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) checkpoint: u64,
    pub(crate) timestamp_ms: u64,
}

/// A checkpoint as stored: its header and which transactions it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// Digest of the summary.
    pub digest: Digest,
    /// The header with the validator's signature.
    pub summary: SignedCheckpointSummary,
    /// [`Executed::sequence`] of its first transaction.
    pub first_transaction: u64,
    /// Number of its transactions.
    pub transaction_count: u64,
}

impl CheckpointRecord {
    /// Its number.
    pub fn sequence_number(&self) -> u64 {
        self.summary.checkpoint.sequence_number
    }

    /// [`Executed::sequence`] of the transaction after its last one.
    pub fn transactions_end(&self) -> u64 {
        self.first_transaction
            .saturating_add(self.transaction_count)
    }
}

/// The contents of a checkpoint, from its transactions in order.
pub(crate) fn contents<'e>(
    transactions: impl IntoIterator<Item = &'e Executed>,
) -> CheckpointContents {
    CheckpointContents::new_v1(transactions.into_iter().map(Executed::info).collect())
}

/// A chain epoch (not a Walrus epoch).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Its number.
    pub epoch: u64,
    /// Number of its first checkpoint.
    pub first_checkpoint: u64,
    /// Number of its last checkpoint; `None` while it lasts.
    pub last_checkpoint: Option<u64>,
    /// When it started, ms since the Unix epoch.
    pub start_ms: u64,
    /// When it ended; `None` while it lasts.
    pub end_ms: Option<u64>,
    /// Lowest gas price, MIST per unit.
    pub reference_gas_price: u64,
    /// Which rules apply.
    pub protocol_version: u64,
    /// Key of the only validator, 96 bytes.
    pub validator_key: Vec<u8>,
}
