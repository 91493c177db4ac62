//! Executes blocks, one after the other, on top of what is durable.

mod cache;
mod state;

use std::{collections::BTreeMap, sync::Arc};

use floe_ledger::{
    ChainHead, Checkpoint, CheckpointEntry, Context, Outcome, Rejection, change_epoch_transaction,
    clock_transaction, committee, execute, execute_system, sign,
};
use sui_crypto::bls12381::Bls12381PrivateKey;
use sui_sdk_types::{
    Digest, EndOfEpochData, Transaction, TransactionEffects, UserSignature, Version,
};

pub(crate) use self::state::EngineState;
use crate::{
    ReadError, SubmitError,
    executed::{CheckpointRecord, EpochRecord, Executed, Place},
    sequencer::Block,
    store::{Batch, ObjectChange},
};

/// The executing part of a node. It runs ahead of the store by the blocks that are being committed.
#[derive(Debug)]
pub(crate) struct Engine {
    state: EngineState,
    head: ChainHead,
    epoch: EpochRecord,
    ctx: Context,
    key: Arc<Bls12381PrivateKey>,
    ahead_ms: u64,
    epoch_duration_ms: u64,
    /// What was executed and may not be durable yet.
    recent: BTreeMap<Digest, Arc<Executed>>,
}

/// What the engine starts from.
#[derive(Debug)]
pub(crate) struct EngineParts {
    pub(crate) state: EngineState,
    pub(crate) key: Arc<Bls12381PrivateKey>,
    pub(crate) epoch_duration_ms: u64,
}

/// An executed block.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) batch: Batch,
    /// Transactions of the block that did not get into the checkpoint: executed before, or turned
    /// away.
    pub(crate) others: Vec<(Digest, Result<Arc<Executed>, SubmitError>)>,
}

/// A checkpoint in the making.
#[derive(Debug)]
struct Making {
    number: u64,
    time_ms: u64,
    entries: Vec<CheckpointEntry>,
    transactions: Vec<Arc<Executed>>,
    changes: Vec<ObjectChange>,
    first_transaction: u64,
}

impl Engine {
    /// An engine at the end of the chain.
    ///
    /// # Errors
    /// [`Rejection`] if the state is of rules that this program does not know, or unreadable.
    pub(crate) fn new(parts: EngineParts) -> Result<Self, Rejection> {
        let reader = parts.state.base();
        let unreadable = |error: ReadError| Rejection::Store(Arc::new(error.into()));
        let head = reader.head().clone();
        let epoch = reader
            .epoch(head.epoch)
            .map_err(unreadable)?
            .ok_or_else(|| unreadable(ReadError::damaged("the current epoch is missing")))?;
        let ctx = Context::read(&parts.state, reader.chain_id())?;
        let ahead_ms = reader.time_offset_ms();
        Ok(Self {
            head,
            epoch,
            ctx,
            ahead_ms,
            state: parts.state,
            key: parts.key,
            epoch_duration_ms: parts.epoch_duration_ms,
            recent: BTreeMap::new(),
        })
    }

    /// The end of the executed chain.
    pub(crate) const fn head(&self) -> &ChainHead {
        &self.head
    }

    /// Forgets what is durable up to this checkpoint.
    ///
    /// # Errors
    /// [`ReadError`].
    pub(crate) fn settle(&mut self, durable: u64) -> Result<(), ReadError> {
        self.recent
            .retain(|_, executed| executed.checkpoint > durable);
        self.state.settle(durable)
    }

    /// Executes a block into a signed checkpoint.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot answer; the engine is not to be used again then.
    pub(crate) fn execute(&mut self, block: Block) -> Result<Step, ReadError> {
        let mut making = Making {
            number: block.height,
            time_ms: block.time_ms.max(self.head.timestamp_ms),
            entries: Vec::with_capacity(block.transactions.len() + 2),
            transactions: Vec::with_capacity(block.transactions.len() + 2),
            changes: Vec::new(),
            first_transaction: self.head.total_transactions,
        };
        let mut others = Vec::new();
        let clock = clock_transaction(&self.ctx, block.height, making.time_ms);
        self.run_system(clock, &mut making)?;
        for transaction in block.transactions {
            let digest = transaction.digest();
            match execute(&self.state, &transaction, &self.ctx) {
                Ok(outcome) => {
                    let signed = transaction.into_signed();
                    self.record(&outcome, signed.transaction, signed.signatures, &mut making);
                }
                Err(Rejection::Store(error)) => return Err(ReadError::damaged(error.to_string())),
                Err(rejection) => {
                    let answer = match self.executed_before(&digest)? {
                        Some(executed) => Ok(executed),
                        None => Err(rejection.into()),
                    };
                    others.push((digest, answer));
                }
            }
        }
        let batch = self.finish(making, block.ahead_ms)?;
        Ok(Step { batch, others })
    }

    fn executed_before(&self, digest: &Digest) -> Result<Option<Arc<Executed>>, ReadError> {
        if let Some(executed) = self.recent.get(digest) {
            return Ok(Some(Arc::clone(executed)));
        }
        Ok(self.state.base().transaction(digest)?.map(Arc::new))
    }

    fn run_system(&mut self, tx: Transaction, making: &mut Making) -> Result<(), ReadError> {
        let outcome = execute_system(&self.state, &tx, &self.ctx)
            .map_err(|error| ReadError::damaged(format!("system transaction: {error}")))?;
        self.record(&outcome, tx, Vec::new(), making);
        Ok(())
    }

    /// Applies what a transaction did and notes it for the checkpoint.
    fn record(
        &mut self,
        outcome: &Outcome,
        transaction: Transaction,
        signatures: Vec<UserSignature>,
        making: &mut Making,
    ) {
        making
            .entries
            .push(CheckpointEntry::new(outcome, signatures.clone()));
        let count = u64::try_from(making.transactions.len()).unwrap_or(u64::MAX);
        let place = Place {
            sequence: making.first_transaction.saturating_add(count),
            checkpoint: making.number,
            timestamp_ms: making.time_ms,
        };
        let executed = Arc::new(Executed::new(outcome, transaction, signatures, place));
        self.recent.insert(executed.digest, Arc::clone(&executed));
        making.transactions.push(executed);
        self.state.apply(&outcome.writes, making.number);
        making.changes.extend(changes(outcome));
    }

    /// Ends the epoch if it is time, and signs.
    fn finish(&mut self, mut making: Making, ahead_ms: u64) -> Result<Batch, ReadError> {
        let mut epochs = Vec::new();
        let ends = making.time_ms >= self.epoch.start_ms.saturating_add(self.epoch_duration_ms);
        let end_of_epoch_data = if ends {
            epochs.extend(self.end_epoch(&mut making)?);
            Some(self.end_of_epoch_data())
        } else {
            None
        };
        let Making {
            time_ms,
            entries,
            transactions,
            changes,
            first_transaction,
            ..
        } = making;
        let next = Checkpoint::next(Some(&self.head), entries, time_ms, end_of_epoch_data);
        let summary = sign(&self.key, next.summary)
            .map_err(|error| ReadError::damaged(format!("sign a checkpoint: {error}")))?;
        self.head = next.head;
        if ends {
            self.ctx = Context::read(&self.state, self.ctx.chain_id)
                .map_err(|error| ReadError::damaged(error.to_string()))?;
        }
        let time_offset_ms = (ahead_ms != self.ahead_ms).then_some(ahead_ms);
        self.ahead_ms = ahead_ms;
        Ok(Batch {
            checkpoint: CheckpointRecord {
                digest: self.head.digest,
                summary,
                first_transaction,
                transaction_count: u64::try_from(transactions.len()).unwrap_or(u64::MAX),
            },
            head: self.head.clone(),
            transactions,
            changes,
            epochs,
            time_offset_ms,
        })
    }

    /// Adds the transaction that ends the epoch; returns the old and the new epoch.
    fn end_epoch(&mut self, making: &mut Making) -> Result<[EpochRecord; 2], ReadError> {
        let so_far = Checkpoint::next(
            Some(&self.head),
            making.entries.clone(),
            making.time_ms,
            None,
        );
        let change = change_epoch_transaction(&self.ctx, &so_far.head.epoch_gas, making.time_ms);
        self.run_system(change, making)?;
        let mut ended = self.epoch.clone();
        ended.last_checkpoint = Some(making.number);
        ended.end_ms = Some(making.time_ms);
        self.epoch = EpochRecord {
            epoch: ended.epoch.saturating_add(1),
            first_checkpoint: making.number.saturating_add(1),
            last_checkpoint: None,
            start_ms: making.time_ms,
            end_ms: None,
            ..self.epoch.clone()
        };
        Ok([ended, self.epoch.clone()])
    }

    fn end_of_epoch_data(&self) -> EndOfEpochData {
        let next = committee(self.epoch.epoch, self.key.public_key());
        EndOfEpochData {
            next_epoch_committee: next.members,
            next_epoch_protocol_version: self.ctx.protocol_version,
            epoch_commitments: Vec::new(),
        }
    }
}

/// What a transaction did to objects.
pub(crate) fn changes(outcome: &Outcome) -> impl Iterator<Item = ObjectChange> {
    let lamport = lamport_version(&outcome.effects);
    outcome.writes.objects.iter().map(move |(id, after)| {
        ObjectChange {
            id: *id,
            // A package has a version of its own.
            version: after.as_ref().map_or(lamport, |object| object.version()),
            before: outcome.before.get(id).cloned(),
            after: after.clone(),
        }
    })
}

fn lamport_version(effects: &TransactionEffects) -> Version {
    match effects {
        TransactionEffects::V2(effects) => effects.lamport_version,
        TransactionEffects::V1(_) => 0,
    }
}

/// The first batch of a chain: checkpoint 0 with the genesis transaction.
///
/// # Errors
/// A sentence if the key cannot sign.
pub(crate) fn genesis_batch(
    genesis: &floe_ledger::Genesis,
    time_ms: u64,
    key: &Bls12381PrivateKey,
) -> Result<Batch, String> {
    let outcome = &genesis.outcome;
    let entry = CheckpointEntry::new(outcome, Vec::new());
    let first = Checkpoint::next(None, vec![entry], time_ms, None);
    let summary = sign(key, first.summary).map_err(|error| error.to_string())?;
    let place = Place {
        sequence: 0,
        checkpoint: 0,
        timestamp_ms: time_ms,
    };
    let executed = Executed::new(outcome, genesis.transaction.clone(), Vec::new(), place);
    let epoch = EpochRecord {
        epoch: 0,
        first_checkpoint: 0,
        last_checkpoint: None,
        start_ms: time_ms,
        end_ms: None,
        reference_gas_price: floe_ledger::PriceList::REFERENCE_GAS_PRICE,
        protocol_version: floe_ledger::PROTOCOL_VERSION,
        validator_key: key.public_key().inner().to_vec(),
    };
    Ok(Batch {
        checkpoint: CheckpointRecord {
            digest: first.head.digest,
            summary,
            first_transaction: 0,
            transaction_count: 1,
        },
        head: first.head,
        transactions: vec![Arc::new(executed)],
        changes: changes(outcome).collect(),
        epochs: vec![epoch],
        time_offset_ms: None,
    })
}
