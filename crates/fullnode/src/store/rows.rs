//! The values in the tables.

use std::sync::Arc;

use floe_ledger::LiveObject;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sui_sdk_types::{
    BalanceChange, Digest, Object, Transaction, TransactionEffects, TransactionEvents,
    UserSignature,
};

use crate::{ReadError, executed::Executed};

/// Room for most rows, so that they do not grow piece by piece.
const ROW_BYTES: usize = 2048;
/// First byte of the row of an object that ceased to live.
const GONE: u8 = 0;
/// First byte of the row of an object: its digest and BCS follow.
const OBJECT: u8 = 1;
/// First byte of the row of an object: its digest, the version it differs from (u64 BE), and how.
const DELTA: u8 = 2;

/// The row of a version of an object; `None`: it ceased to live.
pub(crate) fn object_row(object: Option<&LiveObject>) -> Vec<u8> {
    let Some(object) = object else {
        return vec![GONE];
    };
    let mut row = Vec::with_capacity(256);
    row.push(OBJECT);
    row.extend_from_slice(object.digest().inner());
    bcs::serialize_into(&mut row, object.object()).expect("objects have BCS");
    row
}

/// A row of the table of objects, taken apart.
#[derive(Debug)]
pub(crate) enum Row<'r> {
    /// The object ceased to live at this version.
    Gone,
    /// Digest and BCS of the object.
    Object {
        digest: &'r [u8; 32],
        bytes: &'r [u8],
    },
    /// Digest of the object, and how its BCS differs from a later version of the same batch
    /// ([`delta`](super::delta)).
    Delta {
        digest: &'r [u8; 32],
        base_version: u64,
        patch: &'r [u8],
    },
}

/// Takes a row of an object apart.
pub(crate) fn parse(row: &[u8]) -> Result<Row<'_>, ReadError> {
    let damaged = || ReadError::damaged("the row of an object");
    let (tag, rest) = row.split_first().ok_or_else(damaged)?;
    if *tag == GONE {
        return Ok(Row::Gone);
    }
    let (digest, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
    match *tag {
        OBJECT => Ok(Row::Object {
            digest,
            bytes: rest,
        }),
        DELTA => {
            let (version, patch) = rest.split_first_chunk().ok_or_else(damaged)?;
            Ok(Row::Delta {
                digest,
                base_version: u64::from_be_bytes(*version),
                patch,
            })
        }
        _ => Err(damaged()),
    }
}

/// The row of a version that differs by `patch` from the one at `base_version` (big-endian).
pub(crate) fn delta_row(digest: &[u8; 32], base_version: [u8; 8], patch: &[u8]) -> Vec<u8> {
    [&[DELTA], digest.as_slice(), &base_version, patch].concat()
}

/// Reads an object from its BCS.
pub(crate) fn read_object(digest: &[u8; 32], bytes: &[u8]) -> Result<Arc<LiveObject>, ReadError> {
    let object: Object = read(bytes, "an object")?;
    let live = LiveObject::with_digest(object, Digest::new(*digest));
    Ok(Arc::new(live))
}

/// An executed transaction, without what its key and checkpoint say.
#[derive(Debug, Deserialize)]
struct TransactionRow {
    digest: Digest,
    transaction: Transaction,
    signatures: Vec<UserSignature>,
    effects: TransactionEffects,
    effects_digest: Digest,
    events: Option<TransactionEvents>,
    balance_changes: Vec<BalanceChange>,
    failure: Option<String>,
    checkpoint: u64,
    timestamp_ms: u64,
}

/// As [`TransactionRow`], borrowed.
#[derive(Debug, Serialize)]
struct TransactionRowRef<'e> {
    digest: &'e Digest,
    transaction: &'e Transaction,
    signatures: &'e [UserSignature],
    effects: &'e TransactionEffects,
    effects_digest: &'e Digest,
    events: &'e Option<TransactionEvents>,
    balance_changes: &'e [BalanceChange],
    failure: &'e Option<String>,
    checkpoint: u64,
    timestamp_ms: u64,
}

/// The row of an executed transaction.
pub(crate) fn transaction_row(executed: &Executed) -> Vec<u8> {
    write(&TransactionRowRef {
        digest: &executed.digest,
        transaction: &executed.transaction,
        signatures: &executed.signatures,
        effects: &executed.effects,
        effects_digest: &executed.effects_digest,
        events: &executed.events,
        balance_changes: &executed.balance_changes,
        failure: &executed.failure,
        checkpoint: executed.checkpoint,
        timestamp_ms: executed.timestamp_ms,
    })
}

/// Reads what [`transaction_row`] wrote.
pub(crate) fn read_transaction(sequence: u64, row: &[u8]) -> Result<Executed, ReadError> {
    let row: TransactionRow = read(row, "a transaction")?;
    Ok(Executed {
        digest: row.digest,
        sequence,
        transaction: row.transaction,
        signatures: row.signatures,
        effects: row.effects,
        effects_digest: row.effects_digest,
        events: row.events,
        balance_changes: row.balance_changes,
        failure: row.failure,
        checkpoint: row.checkpoint,
        timestamp_ms: row.timestamp_ms,
    })
}

/// BCS of a row.
///
/// # Panics
/// Never: our rows have no maps, no unsized sequences and no depth.
pub(crate) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    let mut row = Vec::with_capacity(ROW_BYTES);
    bcs::serialize_into(&mut row, value).expect("rows have BCS");
    row
}

/// Reads a row; `what` it should be appears in the error.
pub(crate) fn read<T: DeserializeOwned>(row: &[u8], what: &str) -> Result<T, ReadError> {
    bcs::from_bytes(row)
        .map_err(|error| ReadError::damaged(format!("the row of {what} is none: {error}")))
}
