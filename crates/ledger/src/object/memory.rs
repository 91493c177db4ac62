//! A state in memory.

use std::{collections::BTreeMap, sync::Arc};

use floe_core::ObjectId;

use super::{LiveObject, StateView, StoreError};
use crate::execute::Writes;

/// Live objects in an ordered map: for genesis, tests, and ledgers that need no disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    objects: BTreeMap<ObjectId, Arc<LiveObject>>,
}

impl MemoryState {
    /// Applies the writes of one transaction.
    pub fn apply(&mut self, writes: &Writes) {
        for (id, object) in &writes.objects {
            match object {
                Some(object) => self.objects.insert(*id, Arc::clone(object)),
                None => self.objects.remove(id),
            };
        }
    }

    /// The live object of this id.
    pub fn get(&self, id: &ObjectId) -> Option<&Arc<LiveObject>> {
        self.objects.get(id)
    }

    /// All live objects, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, &Arc<LiveObject>)> {
        self.objects.iter()
    }
}

impl StateView for MemoryState {
    fn object(&self, id: &ObjectId) -> Result<Option<Arc<LiveObject>>, StoreError> {
        Ok(self.objects.get(id).cloned())
    }
}
