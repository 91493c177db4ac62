//! Counting events in (`docs/spec/node.md` §1.3, §3).

use floe_core::onchain::events::{
    BlobCertified, BlobDeleted, BlobRegistered, PooledBlobCertified, PooledBlobDeleted,
    PooledBlobRegistered,
};

use super::*;
use crate::blobs::{Change, Part, Term};

/// The end of what has none of its own: pooled objects.
const NO_END: Epoch = Epoch(u32::MAX);

const fn part(deletable: bool) -> Part {
    if deletable {
        Part::Deletable
    } else {
        Part::Permanent
    }
}

impl Transaction {
    /// Counts the event with the given index in, once: events have to come in order, and those that
    /// were counted before are passed over.
    ///
    /// # Errors
    /// What the index reports.
    pub fn apply(
        &mut self,
        index: u64,
        id: EventId,
        event: &ContractEvent,
    ) -> Result<Effect, StoreError> {
        if index < self.handled()? {
            return Ok(Effect::Old);
        }
        self.set_handled(index.saturating_add(1))?;
        match event {
            ContractEvent::BlobRegistered(event) => self.registered(id, event),
            ContractEvent::BlobCertified(event) if event.is_extension => self.extended(id, event),
            ContractEvent::BlobCertified(event) => self.certified(id, event),
            ContractEvent::BlobDeleted(event) => self.deleted(event),
            ContractEvent::InvalidBlobID(event) => {
                let info = BlobInfo::Invalid {
                    epoch: event.epoch,
                    event: id,
                };
                self.put_info(&event.blob_id, &info)?;
                self.end_recovery(&event.blob_id)?;
                Ok(Effect::Invalidated(event.blob_id))
            }
            ContractEvent::PooledBlobRegistered(event) => self.pooled_registered(id, event),
            ContractEvent::PooledBlobCertified(event) => self.pooled_certified(id, event),
            ContractEvent::PooledBlobDeleted(event) => self.pooled_deleted(event),
            ContractEvent::StoragePoolCreated(event) => {
                let pool = PoolLifetime {
                    start_epoch: event.start_epoch,
                    end_epoch: event.end_epoch,
                };
                self.put_pool(&event.storage_pool_id, &pool)
            }
            ContractEvent::StoragePoolExtended(event) => {
                let Some(pool) = self.pool(&event.storage_pool_id)? else {
                    return Ok(Effect::None);
                };
                let end_epoch = event.new_end_epoch;
                self.put_pool(&event.storage_pool_id, &PoolLifetime { end_epoch, ..pool })
            }
            _ => Ok(Effect::None),
        }
    }

    fn registered(&mut self, id: EventId, event: &BlobRegistered) -> Result<Effect, StoreError> {
        let term = Term {
            end_epoch: event.end_epoch,
            event: id,
        };
        self.change(
            &event.blob_id,
            Change::Register(part(event.deletable), term),
        )?;
        let object = ObjectInfo {
            blob_id: event.blob_id,
            registered_epoch: event.epoch,
            certified_epoch: None,
            end_epoch: event.end_epoch,
            deletable: event.deletable,
            event: id,
        };
        self.put_object(&event.object_id, &object)?;
        Ok(Effect::Registered(event.blob_id))
    }

    fn certified(&mut self, id: EventId, event: &BlobCertified) -> Result<Effect, StoreError> {
        let term = Term {
            end_epoch: event.end_epoch,
            event: id,
        };
        let change = Change::Certify(part(event.deletable), term, event.epoch);
        if !self.change(&event.blob_id, change)? {
            return Ok(Effect::None);
        }
        if let Some(mut object) = self.object(&event.object_id)? {
            object.certified_epoch = Some(event.epoch);
            object.event = id;
            self.put_object(&event.object_id, &object)?;
        }
        Ok(Effect::Certified(event.blob_id))
    }

    fn extended(&mut self, id: EventId, event: &BlobCertified) -> Result<Effect, StoreError> {
        let term = Term {
            end_epoch: event.end_epoch,
            event: id,
        };
        if !self.change(&event.blob_id, Change::Extend(part(event.deletable), term))? {
            return Ok(Effect::None);
        }
        if let Some(mut object) = self.object(&event.object_id)? {
            self.remove_expiry(object.end_epoch, &event.object_id)?;
            object.end_epoch = event.end_epoch;
            object.event = id;
            self.put_object(&event.object_id, &object)?;
        }
        Ok(Effect::Certified(event.blob_id))
    }

    fn deleted(&mut self, event: &BlobDeleted) -> Result<Effect, StoreError> {
        // Without a row it expired, and was subtracted then.
        if self.remove_object(&event.object_id)?.is_some() {
            let change = Change::Remove {
                part: Part::Deletable,
                was_certified: event.was_certified,
            };
            self.change(&event.blob_id, change)?;
            self.note_garbage(&event.blob_id)?;
        }
        Ok(Effect::Deleted(event.blob_id))
    }

    fn pooled_registered(
        &mut self,
        id: EventId,
        event: &PooledBlobRegistered,
    ) -> Result<Effect, StoreError> {
        let term = Term {
            end_epoch: NO_END,
            event: id,
        };
        self.change(&event.blob_id, Change::Register(Part::Pooled, term))?;
        let object = PooledObject {
            blob_id: event.blob_id,
            registered_epoch: event.epoch,
            certified_epoch: None,
            pool_id: event.storage_pool_id,
            event: id,
        };
        self.put_pooled(&event.object_id, &object)?;
        Ok(Effect::Registered(event.blob_id))
    }

    fn pooled_certified(
        &mut self,
        id: EventId,
        event: &PooledBlobCertified,
    ) -> Result<Effect, StoreError> {
        let term = Term {
            end_epoch: NO_END,
            event: id,
        };
        let change = Change::Certify(Part::Pooled, term, event.epoch);
        if !self.change(&event.blob_id, change)? {
            return Ok(Effect::None);
        }
        if let Some(mut object) = self.pooled_object(&event.object_id)? {
            object.certified_epoch = Some(event.epoch);
            object.event = id;
            self.put_pooled(&event.object_id, &object)?;
        }
        Ok(Effect::Certified(event.blob_id))
    }

    fn pooled_deleted(&mut self, event: &PooledBlobDeleted) -> Result<Effect, StoreError> {
        if self.remove_pooled(&event.object_id)?.is_some() {
            let change = Change::Remove {
                part: Part::Pooled,
                was_certified: event.was_certified,
            };
            self.change(&event.blob_id, change)?;
            self.note_garbage(&event.blob_id)?;
        }
        Ok(Effect::Deleted(event.blob_id))
    }

    /// Counts a change into the blob's row; `false` if it doesn't fit, and was ignored.
    pub(super) fn change(&mut self, blob_id: &BlobId, change: Change) -> Result<bool, StoreError> {
        let mut info = self.blob_info(blob_id)?.unwrap_or_default();
        if info.apply(change).is_err() {
            tracing::warn!(%blob_id, ?change, "an event about objects that are not known is ignored");
            return Ok(false);
        }
        self.put_info(blob_id, &info)?;
        Ok(true)
    }

    fn put_info(&mut self, blob_id: &BlobId, info: &BlobInfo) -> Result<(), StoreError> {
        let mut blobs = self.redb.open_table(index::BLOBS)?;
        blobs.insert(&blob_id.0, index::encode(info).as_slice())?;
        Ok(())
    }

    fn put_object(&mut self, object_id: &ObjectId, object: &ObjectInfo) -> Result<(), StoreError> {
        let mut objects = self.redb.open_table(index::OBJECTS)?;
        objects.insert(&object_id.0, index::encode(object).as_slice())?;
        let mut expiry = self.redb.open_table(index::EXPIRY)?;
        expiry.insert((object.end_epoch.0, &object_id.0), ())?;
        Ok(())
    }

    fn remove_expiry(&mut self, end_epoch: Epoch, object_id: &ObjectId) -> Result<(), StoreError> {
        let mut expiry = self.redb.open_table(index::EXPIRY)?;
        expiry.remove((end_epoch.0, &object_id.0))?;
        Ok(())
    }

    pub(super) fn remove_object(
        &mut self,
        object_id: &ObjectId,
    ) -> Result<Option<ObjectInfo>, StoreError> {
        let object = self.object(object_id)?;
        if let Some(object) = &object {
            self.redb.open_table(index::OBJECTS)?.remove(&object_id.0)?;
            self.remove_expiry(object.end_epoch, object_id)?;
        }
        Ok(object)
    }

    fn put_pooled(
        &mut self,
        object_id: &ObjectId,
        object: &PooledObject,
    ) -> Result<(), StoreError> {
        let mut pooled = self.redb.open_table(index::POOLED)?;
        pooled.insert(&object_id.0, index::encode(object).as_slice())?;
        let mut members = self.redb.open_table(index::POOL_MEMBERS)?;
        members.insert((&object.pool_id.0, &object_id.0), ())?;
        Ok(())
    }

    pub(super) fn remove_pooled(
        &mut self,
        object_id: &ObjectId,
    ) -> Result<Option<PooledObject>, StoreError> {
        let object = self.pooled_object(object_id)?;
        if let Some(object) = &object {
            self.redb.open_table(index::POOLED)?.remove(&object_id.0)?;
            let mut members = self.redb.open_table(index::POOL_MEMBERS)?;
            members.remove((&object.pool_id.0, &object_id.0))?;
        }
        Ok(object)
    }

    fn put_pool(&mut self, pool_id: &ObjectId, pool: &PoolLifetime) -> Result<Effect, StoreError> {
        let mut pools = self.redb.open_table(index::POOLS)?;
        pools.insert(&pool_id.0, index::encode(pool).as_slice())?;
        Ok(Effect::None)
    }
}
