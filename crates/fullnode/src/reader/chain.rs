//! Transactions, checkpoints and epochs.

use std::ops::Range;

use sui_sdk_types::{CheckpointContents, Digest};

use super::Reader;
use crate::{
    ReadError,
    executed::{CheckpointRecord, EpochRecord, Executed, contents},
    store::rows,
    subscription::CheckpointData,
};

impl Reader {
    /// An executed transaction; `None` if there is none of this digest, or no longer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn transaction(&self, digest: &Digest) -> Result<Option<Executed>, ReadError> {
        let Some(sequence) = self.digests.get(digest.inner())?.map(|row| row.value()) else {
            return Ok(None);
        };
        self.transaction_at(sequence)
    }

    /// The transaction at a position in the chain; `None` if there is none, or no longer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn transaction_at(&self, sequence: u64) -> Result<Option<Executed>, ReadError> {
        match self.transactions.get(sequence)? {
            Some(row) => rows::read_transaction(sequence, row.value()).map(Some),
            None => Ok(None),
        }
    }

    /// Transactions of a part of the chain, in order ([`Executed::sequence`]); what is no longer kept
    /// is left out. Read lazily: take what you need, or `rev()` for the latest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn transactions(
        &self,
        sequences: Range<u64>,
    ) -> Result<impl DoubleEndedIterator<Item = Result<Executed, ReadError>> + use<>, ReadError>
    {
        let rows = self.transactions.range(sequences)?;
        Ok(rows.map(|row| {
            let (sequence, row) = row?;
            rows::read_transaction(sequence.value(), row.value())
        }))
    }

    /// A checkpoint by its number; `None` if there is none, or no longer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn checkpoint(&self, sequence_number: u64) -> Result<Option<CheckpointRecord>, ReadError> {
        match self.checkpoints.get(sequence_number)? {
            Some(row) => rows::read(row.value(), "a checkpoint").map(Some),
            None => Ok(None),
        }
    }

    /// A checkpoint by its digest; `None` if there is none, or no longer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn checkpoint_by_digest(
        &self,
        digest: &Digest,
    ) -> Result<Option<CheckpointRecord>, ReadError> {
        let number = self.checkpoint_digests.get(digest.inner())?;
        match number.map(|row| row.value()) {
            Some(number) => self.checkpoint(number),
            None => Ok(None),
        }
    }

    /// The last checkpoint.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn latest_checkpoint(&self) -> Result<CheckpointRecord, ReadError> {
        self.checkpoint(self.head.sequence_number)?
            .ok_or_else(|| ReadError::damaged("the last checkpoint is missing"))
    }

    /// The transactions of a checkpoint, in order of execution.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn checkpoint_transactions(
        &self,
        record: &CheckpointRecord,
    ) -> Result<Vec<Executed>, ReadError> {
        self.transactions(record.first_transaction..record.transactions_end())?
            .collect()
    }

    /// The contents of a checkpoint: what its summary's `content_digest` is the digest of.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn checkpoint_contents(
        &self,
        record: &CheckpointRecord,
    ) -> Result<CheckpointContents, ReadError> {
        Ok(contents(&self.checkpoint_transactions(record)?))
    }

    /// A checkpoint with its transactions; `None` if there is none yet.
    ///
    /// # Errors
    /// [`ReadError::Pruned`] if it is no longer kept.
    pub fn checkpoint_data(
        &self,
        sequence_number: u64,
    ) -> Result<Option<CheckpointData>, ReadError> {
        if sequence_number < self.lowest_checkpoint() {
            return Err(ReadError::Pruned {
                checkpoint: sequence_number,
                lowest: self.lowest_checkpoint(),
            });
        }
        let Some(record) = self.checkpoint(sequence_number)? else {
            return Ok(None);
        };
        let transactions = self.checkpoint_transactions(&record)?;
        Ok(Some(CheckpointData {
            record,
            transactions: transactions.into_iter().map(Into::into).collect(),
        }))
    }

    /// A chain epoch; `None` if it has not begun.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn epoch(&self, epoch: u64) -> Result<Option<EpochRecord>, ReadError> {
        match self.epochs.get(epoch)? {
            Some(row) => rows::read(row.value(), "an epoch").map(Some),
            None => Ok(None),
        }
    }
}
