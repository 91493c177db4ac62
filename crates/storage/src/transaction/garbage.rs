//! Letting objects expire, and collecting what nobody pays for (`docs/spec/node.md` §9).

use std::collections::BTreeSet;

use floe_core::ShardIndex;

use super::*;
use crate::RecordKind;
use crate::blobs::{Change, Part};

impl Transaction {
    /// Subtracts up to `limit` objects that are not paid for in `epoch` any more, single ones and
    /// those of expired pools; returns how many there were. All are gone once that is below `limit`.
    ///
    /// # Errors
    /// What the index reports.
    pub fn expire(&mut self, epoch: Epoch, limit: usize) -> Result<usize, StoreError> {
        let expired: Vec<ObjectId> = {
            let expiry = self.redb.open_table(index::EXPIRY)?;
            let rows = expiry.range(..=(epoch.0, &[u8::MAX; 32]))?.take(limit);
            rows.map(|row| Ok::<_, StoreError>(ObjectId(*row?.0.value().1)))
                .collect::<Result<_, _>>()?
        };
        for object_id in &expired {
            let Some(object) = self.remove_object(object_id)? else {
                continue;
            };
            let part = if object.deletable {
                Part::Deletable
            } else {
                Part::Permanent
            };
            let was_certified = object.certified_epoch.is_some();
            self.subtract(&object.blob_id, part, was_certified)?;
        }
        let left = limit.saturating_sub(expired.len());
        Ok(expired.len() + self.expire_pools(epoch, left)?)
    }

    fn expire_pools(&mut self, epoch: Epoch, limit: usize) -> Result<usize, StoreError> {
        let mut expired = 0;
        for pool_id in self.expired_pools(epoch)? {
            let members = self.pool_members(&pool_id, limit.saturating_sub(expired))?;
            for object_id in &members {
                if let Some(object) = self.remove_pooled(object_id)? {
                    let was_certified = object.certified_epoch.is_some();
                    self.subtract(&object.blob_id, Part::Pooled, was_certified)?;
                }
            }
            expired += members.len();
            if expired >= limit {
                break;
            }
            self.redb.open_table(index::POOLS)?.remove(&pool_id)?;
        }
        Ok(expired)
    }

    fn expired_pools(&self, epoch: Epoch) -> Result<Vec<Id>, StoreError> {
        let pools = self.redb.open_table(index::POOLS)?;
        let mut expired = Vec::new();
        for row in pools.iter()? {
            let (key, value) = row?;
            let pool: PoolLifetime = index::decode("pools", value.value())?;
            if pool.end_epoch <= epoch {
                expired.push(*key.value());
            }
        }
        Ok(expired)
    }

    fn pool_members(&self, pool_id: &Id, limit: usize) -> Result<Vec<ObjectId>, StoreError> {
        let members = self.redb.open_table(index::POOL_MEMBERS)?;
        let all = (pool_id, &[0; 32])..=(pool_id, &[u8::MAX; 32]);
        let rows = members.range(all)?.take(limit);
        rows.map(|row| Ok(ObjectId(*row?.0.value().1))).collect()
    }

    /// Looks at up to `limit` records, from those of blob `from` on, and removes slivers of `shards`.
    /// The blob to go on from; none at the end.
    ///
    /// # Errors
    /// What the index reports.
    pub fn remove_slivers(
        &mut self,
        shards: &BTreeSet<ShardIndex>,
        from: &BlobId,
        limit: usize,
    ) -> Result<Option<BlobId>, StoreError> {
        let (first, _) = RecordKey::range_of(from);
        let mut removed = Vec::new();
        let mut last = *from;
        let mut seen = 0;
        {
            let records = self.redb.open_table(index::RECORDS)?;
            for row in records.range::<&KeyBytes>(&first..)? {
                let Some(key) = RecordKey::from_bytes(row?.0.value()) else {
                    continue;
                };
                // Whole blobs only, so that each call gets further.
                if seen >= limit && key.blob_id != last {
                    last = key.blob_id;
                    break;
                }
                last = key.blob_id;
                seen += 1;
                if matches!(key.kind, RecordKind::Sliver(shard, _) if shards.contains(&shard)) {
                    removed.push(key);
                }
            }
        }
        for key in &removed {
            self.remove_record(key)?;
        }
        Ok((last != *from).then_some(last))
    }

    fn subtract(
        &mut self,
        blob_id: &BlobId,
        part: Part,
        was_certified: bool,
    ) -> Result<(), StoreError> {
        let change = Change::Remove {
            part,
            was_certified,
        };
        self.change(blob_id, change)?;
        self.note_garbage(blob_id)
    }

    /// Notes that the data of a blob may have become garbage.
    pub(crate) fn note_garbage(&mut self, blob_id: &BlobId) -> Result<(), StoreError> {
        self.note_garbage_from(blob_id, Epoch(0))
    }

    /// As [`note_garbage`](Self::note_garbage), not to be looked at before `epoch`.
    pub(crate) fn note_garbage_from(
        &mut self,
        blob_id: &BlobId,
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        let mut garbage = self.redb.open_table(index::GARBAGE)?;
        garbage.insert(&blob_id.0, epoch.0)?;
        Ok(())
    }

    /// Looks at up to `limit` blobs that may have become garbage, and removes the data of those that
    /// nobody pays for in `epoch`; returns how many were looked at. All are done once that is below
    /// `limit`.
    ///
    /// # Errors
    /// What the index reports.
    pub fn collect(&mut self, epoch: Epoch, limit: usize) -> Result<usize, StoreError> {
        let suspects: Vec<BlobId> = {
            let garbage = self.redb.open_table(index::GARBAGE)?;
            let is_due = |row: &Result<(_, redb::AccessGuard<'_, u32>), _>| {
                row.as_ref()
                    .map_or(true, |(_, from)| from.value() <= epoch.0)
            };
            let rows = garbage.iter()?.filter(is_due).take(limit);
            rows.map(|row| Ok::<_, StoreError>(BlobId(*row?.0.value())))
                .collect::<Result<_, _>>()?
        };
        for blob_id in &suspects {
            let info = self.blob_info(blob_id)?;
            if info.as_ref().is_none_or(|info| !info.is_registered(epoch)) {
                self.delete_data(blob_id)?;
                self.end_recovery(blob_id)?;
            }
            if info.is_some_and(|info| info.is_empty()) {
                self.redb.open_table(index::BLOBS)?.remove(&blob_id.0)?;
            }
            self.redb.open_table(index::GARBAGE)?.remove(&blob_id.0)?;
        }
        Ok(suspects.len())
    }
}
