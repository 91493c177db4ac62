//! The state that blocks are executed on: what is durable, and on top of it what is not yet.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use floe_core::ObjectId;
use floe_ledger::{LiveObject, StateView, StoreError, Writes};

use super::cache::Cache;
use crate::{ReadError, reader::Reader, store::Store};

/// Live objects at the end of the executed chain.
#[derive(Debug)]
pub(crate) struct EngineState {
    store: Arc<Store>,
    base: Reader,
    /// Written by blocks that may not be durable yet, with the number of the checkpoint.
    pending: BTreeMap<ObjectId, (u64, Option<Arc<LiveObject>>)>,
    cache: RefCell<Cache>,
}

impl EngineState {
    /// The durable state, with a cache of so many bytes.
    ///
    /// # Errors
    /// [`ReadError`].
    pub(crate) fn new(store: Arc<Store>, cache_bytes: usize) -> Result<Self, ReadError> {
        Ok(Self {
            base: store.reader()?,
            store,
            pending: BTreeMap::new(),
            cache: RefCell::new(Cache::new(cache_bytes)),
        })
    }

    /// A snapshot of the store, not older than the last [`Self::settle`].
    pub(crate) const fn base(&self) -> &Reader {
        &self.base
    }

    /// Applies what a transaction in checkpoint `number` wrote.
    pub(crate) fn apply(&mut self, writes: &Writes, number: u64) {
        let cache = self.cache.get_mut();
        for (id, object) in &writes.objects {
            match object {
                Some(object) => cache.insert(*id, Arc::clone(object)),
                None => cache.remove(id),
            }
            self.pending.insert(*id, (number, object.clone()));
        }
    }

    /// From now on what was written up to checkpoint `durable` comes from the store.
    ///
    /// # Errors
    /// [`ReadError`].
    pub(crate) fn settle(&mut self, durable: u64) -> Result<(), ReadError> {
        if self.base.head().sequence_number < durable {
            self.base = self.store.reader()?;
        }
        self.pending.retain(|_, (number, _)| *number > durable);
        Ok(())
    }
}

impl StateView for EngineState {
    fn object(&self, id: &ObjectId) -> Result<Option<Arc<LiveObject>>, StoreError> {
        if let Some((_, object)) = self.pending.get(id) {
            return Ok(object.clone());
        }
        let mut cache = self.cache.borrow_mut();
        if let Some(object) = cache.get(id) {
            return Ok(Some(object));
        }
        let object = self.base.object(id)?;
        if let Some(object) = &object {
            cache.insert(*id, Arc::clone(object));
        }
        Ok(object)
    }
}
