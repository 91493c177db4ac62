//! Forgetting the past: transactions beyond a limit, and the versions of objects they replaced.

use floe_ledger::ChainHead;
use redb::{ReadableTable, Table, WriteTransaction};
use serde::{Deserialize, Serialize};
use sui_sdk_types::{ObjectIn, ObjectOut, TransactionEffects};

use super::{
    rows,
    tables::{self, meta},
};
use crate::{ReadError, executed::CheckpointRecord};

/// Most checkpoints forgotten per commit, so that no commit takes long.
const CHECKPOINTS_PER_COMMIT: usize = 4;

/// Where what is still kept begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lowest {
    /// First checkpoint kept.
    pub(crate) checkpoint: u64,
}

type Rows<'t, K> = Table<'t, K, &'static [u8]>;

/// Forgets the oldest checkpoints while more than `keep` transactions would remain without them.
/// What happened in the kept ones stays complete: transactions, and their objects before and after.
pub(crate) fn prune(
    transaction: &WriteTransaction,
    head: &ChainHead,
    keep: u64,
) -> Result<(), ReadError> {
    let end = head.total_transactions.saturating_sub(keep);
    if end == 0 {
        return Ok(());
    }
    let mut facts = transaction.open_table(tables::META)?;
    let mut lowest: Lowest = match facts.get(meta::LOWEST)? {
        Some(row) => rows::read(row.value(), "the oldest checkpoint")?,
        None => Lowest::default(),
    };
    let mut checkpoints = transaction.open_table(tables::CHECKPOINTS)?;
    let before = lowest;
    for _ in 0..CHECKPOINTS_PER_COMMIT {
        let Some(row) = checkpoints.get(lowest.checkpoint)? else {
            break;
        };
        let record: CheckpointRecord = rows::read(row.value(), "a checkpoint")?;
        drop(row);
        if record.transactions_end() > end || lowest.checkpoint >= head.sequence_number {
            break;
        }
        forget(transaction, &record)?;
        checkpoints.remove(lowest.checkpoint)?;
        transaction
            .open_table(tables::CHECKPOINT_DIGESTS)?
            .remove(record.digest.inner())?;
        lowest.checkpoint = lowest.checkpoint.saturating_add(1);
    }
    if lowest != before {
        facts.insert(meta::LOWEST, rows::write(&lowest).as_slice())?;
    }
    Ok(())
}

/// Forgets the transactions of a checkpoint and the versions they replaced.
fn forget(transaction: &WriteTransaction, record: &CheckpointRecord) -> Result<(), ReadError> {
    let mut transactions = transaction.open_table(tables::TRANSACTIONS)?;
    let mut digests = transaction.open_table(tables::DIGESTS)?;
    let mut objects = transaction.open_table(tables::OBJECTS)?;
    for sequence in record.first_transaction..record.transactions_end() {
        let Some(row) = transactions.remove(sequence)? else {
            continue;
        };
        let executed = rows::read_transaction(sequence, row.value())?;
        drop(row);
        digests.remove(executed.digest.inner())?;
        forget_replaced(&mut objects, &executed.effects)?;
    }
    Ok(())
}

fn forget_replaced(
    objects: &mut Rows<'_, &'static [u8; 40]>,
    effects: &TransactionEffects,
) -> Result<(), ReadError> {
    let TransactionEffects::V2(effects) = effects else {
        return Ok(());
    };
    for change in &effects.changed_objects {
        let id = floe_ledger::object_id(&change.object_id);
        if let ObjectIn::Exist { version, .. } = change.input_state {
            objects.remove(&tables::object_key(&id, version))?;
        }
        if matches!(change.output_state, ObjectOut::NotExist) {
            objects.remove(&tables::object_key(&id, effects.lamport_version))?;
        }
    }
    Ok(())
}
