//! Checkpoints, and the one-member committee that signs them (`docs/spec/sui-rpc.md` §8.5).

use serde::{Deserialize, Serialize};
use sui_crypto::{SignatureError, Signer as _, bls12381::Bls12381PrivateKey};
use sui_sdk_types::{
    Bitmap, Bls12381PublicKey, CheckpointContents, CheckpointSummary, CheckpointTransactionInfo,
    Digest, EndOfEpochData, GasCostSummary, SignedCheckpointSummary, UserSignature,
    ValidatorAggregatedSignature, ValidatorCommittee, ValidatorCommitteeMember,
};

use crate::execute::Outcome;

/// All the voting power there is; it belongs to the one validator.
const TOTAL_STAKE: u64 = 10_000;

/// The end of the chain of checkpoints, from which the next one grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// Number of the last checkpoint.
    pub sequence_number: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its time, ms since the Unix epoch.
    pub timestamp_ms: u64,
    /// Transactions up to here.
    pub total_transactions: u64,
    /// Epoch of the next checkpoint.
    pub epoch: u64,
    /// Gas of that epoch up to here.
    pub epoch_gas: GasCostSummary,
}

/// What a checkpoint says of one transaction.
#[derive(Clone, Debug)]
pub struct CheckpointEntry {
    /// Digest of the transaction.
    pub transaction: Digest,
    /// Digest of its effects.
    pub effects: Digest,
    /// Signatures of the users; empty for system transactions.
    pub signatures: Vec<UserSignature>,
    /// What it paid.
    pub gas_used: GasCostSummary,
}

/// A checkpoint that is not signed yet.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The header.
    pub summary: CheckpointSummary,
    /// The list of transactions.
    pub contents: CheckpointContents,
    /// Where the next one grows.
    pub head: ChainHead,
}

impl CheckpointEntry {
    /// The entry of an executed transaction.
    pub fn new(outcome: &Outcome, signatures: Vec<UserSignature>) -> Self {
        Self {
            transaction: outcome.transaction_digest,
            effects: outcome.effects_digest,
            signatures,
            gas_used: outcome.effects.gas_summary().clone(),
        }
    }
}

impl Checkpoint {
    /// The next checkpoint: `entries` in order of execution, at `timestamp_ms` or the time of the
    /// last checkpoint if that is later. Without `head` it is checkpoint 0.
    pub fn next(
        head: Option<&ChainHead>,
        entries: Vec<CheckpointEntry>,
        timestamp_ms: u64,
        end_of_epoch_data: Option<EndOfEpochData>,
    ) -> Self {
        let epoch = head.map_or(0, |head| head.epoch);
        let mut epoch_gas = head.map(|head| head.epoch_gas.clone()).unwrap_or_default();
        for entry in &entries {
            add(&mut epoch_gas, &entry.gas_used);
        }
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let contents = CheckpointContents::new_v1(
            entries
                .into_iter()
                .map(|entry| {
                    CheckpointTransactionInfo::new(
                        entry.transaction,
                        entry.effects,
                        entry.signatures,
                    )
                })
                .collect(),
        );
        let is_last = end_of_epoch_data.is_some();
        let summary = CheckpointSummary {
            epoch,
            sequence_number: head.map_or(0, |head| head.sequence_number.saturating_add(1)),
            network_total_transactions: head
                .map_or(0, |head| head.total_transactions)
                .saturating_add(count),
            content_digest: contents.digest(),
            previous_digest: head.map(|head| head.digest),
            epoch_rolling_gas_cost_summary: epoch_gas.clone(),
            timestamp_ms: timestamp_ms.max(head.map_or(0, |head| head.timestamp_ms)),
            checkpoint_commitments: Vec::new(),
            end_of_epoch_data,
            // BCS of the version-1 extension: no randomness rounds.
            version_specific_data: vec![0, 0],
        };
        let head = ChainHead {
            sequence_number: summary.sequence_number,
            digest: summary.digest(),
            timestamp_ms: summary.timestamp_ms,
            total_transactions: summary.network_total_transactions,
            epoch: if is_last {
                epoch.saturating_add(1)
            } else {
                epoch
            },
            epoch_gas: if is_last {
                GasCostSummary::default()
            } else {
                epoch_gas
            },
        };
        Self {
            summary,
            contents,
            head,
        }
    }
}

fn add(sum: &mut GasCostSummary, gas: &GasCostSummary) {
    sum.computation_cost = sum.computation_cost.saturating_add(gas.computation_cost);
    sum.storage_cost = sum.storage_cost.saturating_add(gas.storage_cost);
    sum.storage_rebate = sum.storage_rebate.saturating_add(gas.storage_rebate);
    sum.non_refundable_storage_fee = sum
        .non_refundable_storage_fee
        .saturating_add(gas.non_refundable_storage_fee);
}

/// The committee of one validator.
pub fn committee(epoch: u64, key: Bls12381PublicKey) -> ValidatorCommittee {
    let member = ValidatorCommitteeMember {
        public_key: key,
        stake: TOTAL_STAKE,
    };
    ValidatorCommittee {
        epoch,
        members: vec![member],
    }
}

/// Signs a checkpoint as the only validator: its signature is that of the whole committee, so there
/// is nothing to aggregate or to check, which would take ten times as long.
///
/// # Errors
/// [`SignatureError`] if the key is unusable.
pub fn sign(
    key: &Bls12381PrivateKey,
    summary: CheckpointSummary,
) -> Result<SignedCheckpointSummary, SignatureError> {
    let mut signers = Bitmap::new();
    signers.insert(0);
    Ok(SignedCheckpointSummary {
        signature: ValidatorAggregatedSignature {
            epoch: summary.epoch,
            signature: key.try_sign(&summary.signing_message())?,
            bitmap: signers,
        },
        checkpoint: summary,
    })
}
