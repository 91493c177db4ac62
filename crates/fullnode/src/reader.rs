//! Consistent snapshots of what is durable.

mod chain;
mod objects;
mod owned;

use std::fmt;

use floe_ledger::{ChainHead, ChainState, Context, SYSTEM_STATE_ID};
use redb::{Key, ReadOnlyTable, ReadTransaction, TableDefinition, Value};
use sui_sdk_types::Digest;

pub use self::objects::ChangedObject;
pub use self::owned::{Balance, BalanceCursor, OwnedCursor, OwnerKey, TypeFilter};
use crate::{
    ReadError,
    store::{
        Lowest, rows,
        tables::{self, meta},
    },
};

/// A part of a list, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<C>,
}

/// A snapshot of the node: everything up to one checkpoint, and nothing after it.
///
/// Reads may wait for the disk: from async code go through [`Handle::read`](crate::Handle::read).
/// Keep snapshots for one request only, as the room of what is replaced meanwhile is not reused.
/// It is also the [`StateView`](floe_ledger::StateView) that simulations run on.
pub struct Reader {
    objects: ReadOnlyTable<&'static [u8; 40], &'static [u8]>,
    owned: ReadOnlyTable<&'static [u8; 69], ()>,
    balances: ReadOnlyTable<&'static [u8; 36], (u64, u64)>,
    type_numbers: ReadOnlyTable<&'static [u8], u32>,
    types: ReadOnlyTable<u32, &'static [u8]>,
    catalog: ReadOnlyTable<&'static [u8; 36], ()>,
    transactions: ReadOnlyTable<u64, &'static [u8]>,
    digests: ReadOnlyTable<&'static [u8; 32], u64>,
    checkpoints: ReadOnlyTable<u64, &'static [u8]>,
    checkpoint_digests: ReadOnlyTable<&'static [u8; 32], u64>,
    epochs: ReadOnlyTable<u64, &'static [u8]>,
    head: ChainHead,
    chain_id: Digest,
    lowest: Lowest,
    time_offset_ms: u64,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("head", &self.head)
            .field("chain_id", &self.chain_id)
            .finish_non_exhaustive()
    }
}

impl Reader {
    pub(crate) fn open(transaction: &ReadTransaction) -> Result<Self, ReadError> {
        fn open<K: Key + 'static, V: Value + 'static>(
            transaction: &ReadTransaction,
            table: TableDefinition<'_, K, V>,
        ) -> Result<ReadOnlyTable<K, V>, ReadError> {
            Ok(transaction.open_table(table)?)
        }
        let facts = open(transaction, tables::META)?;
        let fact = |key| -> Result<Option<Vec<u8>>, ReadError> {
            Ok(facts.get(key)?.map(|row| row.value().to_vec()))
        };
        let missing = || ReadError::damaged("a ledger without head");
        let head = fact(meta::HEAD)?.ok_or_else(missing)?;
        let chain_id = fact(meta::CHAIN_ID)?.ok_or_else(missing)?;
        let lowest = fact(meta::LOWEST)?;
        let offset = fact(meta::TIME_OFFSET_MS)?;
        Ok(Self {
            objects: open(transaction, tables::OBJECTS)?,
            owned: open(transaction, tables::OWNED)?,
            balances: open(transaction, tables::BALANCES)?,
            type_numbers: open(transaction, tables::TYPE_NUMBERS)?,
            types: open(transaction, tables::TYPES)?,
            catalog: open(transaction, tables::CATALOG)?,
            transactions: open(transaction, tables::TRANSACTIONS)?,
            digests: open(transaction, tables::DIGESTS)?,
            checkpoints: open(transaction, tables::CHECKPOINTS)?,
            checkpoint_digests: open(transaction, tables::CHECKPOINT_DIGESTS)?,
            epochs: open(transaction, tables::EPOCHS)?,
            head: rows::read(&head, "the head")?,
            chain_id: rows::read(&chain_id, "the chain id")?,
            lowest: match lowest {
                Some(row) => rows::read(&row, "the oldest checkpoint")?,
                None => Lowest::default(),
            },
            time_offset_ms: match offset {
                Some(row) => rows::read(&row, "the time offset")?,
                None => 0,
            },
        })
    }

    /// Digest of checkpoint 0.
    pub const fn chain_id(&self) -> Digest {
        self.chain_id
    }

    /// The last checkpoint.
    pub const fn head(&self) -> &ChainHead {
        &self.head
    }

    /// Number of the oldest checkpoint whose transactions, and their objects before and after, are
    /// still kept.
    pub const fn lowest_checkpoint(&self) -> u64 {
        self.lowest.checkpoint
    }

    /// How far the chain's time is ahead of the clock, ms.
    pub(crate) const fn time_offset_ms(&self) -> u64 {
        self.time_offset_ms
    }

    /// What transactions are executed under: epoch, gas price, rules.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn context(&self) -> Result<Context, ReadError> {
        Context::read(self, self.chain_id).map_err(|error| ReadError::damaged(error.to_string()))
    }

    /// Facts about the chain, from object `0x5`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn chain_state(&self) -> Result<ChainState, ReadError> {
        let object = self.object(&SYSTEM_STATE_ID)?;
        object
            .as_ref()
            .and_then(|object| object.as_struct())
            .and_then(|content| bcs::from_bytes(content.contents()).ok())
            .ok_or_else(|| ReadError::damaged("a ledger without chain state"))
    }
}
