//! Live objects in memory, up to a number of bytes.

use std::{collections::HashMap, sync::Arc};

use floe_core::ObjectId;
use floe_ledger::LiveObject;

/// What an entry weighs on top of the object's contents.
const OVERHEAD_BYTES: usize = 400;

/// Remembers what was used last, in two generations: when the young one has half of the room, it
/// becomes the old one, and the old one is forgotten except for what is used again.
///
/// Nothing depends on the order of the maps.
#[derive(Debug)]
pub(crate) struct Cache {
    young: HashMap<ObjectId, Arc<LiveObject>>,
    old: HashMap<ObjectId, Arc<LiveObject>>,
    young_bytes: usize,
    bytes_max: usize,
}

impl Cache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            bytes_max,
        }
    }

    pub(crate) fn get(&mut self, id: &ObjectId) -> Option<Arc<LiveObject>> {
        if let Some(object) = self.young.get(id) {
            return Some(Arc::clone(object));
        }
        let object = self.old.remove(id)?;
        self.insert(*id, Arc::clone(&object));
        Some(object)
    }

    pub(crate) fn insert(&mut self, id: ObjectId, object: Arc<LiveObject>) {
        let bytes = weight(&object);
        self.old.remove(&id);
        if let Some(replaced) = self.young.insert(id, object) {
            self.young_bytes = self.young_bytes.saturating_sub(weight(&replaced));
        }
        self.young_bytes += bytes;
        if self.young_bytes > self.bytes_max / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }

    pub(crate) fn remove(&mut self, id: &ObjectId) {
        self.old.remove(id);
        if let Some(removed) = self.young.remove(id) {
            self.young_bytes = self.young_bytes.saturating_sub(weight(&removed));
        }
    }
}

/// Roughly: large contents may also be there in parsed form.
fn weight(object: &LiveObject) -> usize {
    let contents = object
        .as_struct()
        .map_or(0, |content| content.contents().len());
    OVERHEAD_BYTES + 2 * contents
}
