//! Fresh and deleted object ids.

use std::collections::BTreeSet;

use floe_core::ObjectId;
use sui_sdk_types::Address;

use super::Runtime;
use crate::{error::Failure, object::object_id};

/// Most objects one transaction may create.
const CREATED_MAX: u64 = 2048;

#[derive(Debug, Default)]
pub(super) struct Ids {
    counter: u64,
    created: BTreeSet<ObjectId>,
    deleted: BTreeSet<ObjectId>,
}

impl Ids {
    pub(super) fn into_parts(self) -> (BTreeSet<ObjectId>, BTreeSet<ObjectId>) {
        (self.created, self.deleted)
    }
}

impl Runtime<'_> {
    /// A new object id, unique in the chain (`docs/spec/sui-rpc.md` §8.1). The order of calls
    /// decides the ids.
    ///
    /// # Errors
    /// [`Failure::Execution`] beyond the number of objects one transaction may create.
    pub fn fresh_id(&mut self) -> Result<ObjectId, Failure> {
        if self.ids.counter >= CREATED_MAX {
            return Err(super::transfers::effects_too_large(
                self.ids.counter,
                CREATED_MAX,
            ));
        }
        let id = object_id(&Address::derive_id(self.tx.digest, self.ids.counter));
        self.ids.counter += 1;
        self.ids.created.insert(id);
        Ok(id)
    }

    /// Makes a fixed id one of this transaction's own, for the system objects of genesis.
    pub(crate) fn adopt_id(&mut self, id: ObjectId) {
        self.ids.created.insert(id);
    }

    /// Marks an object's id as destroyed: what `object::delete` does with a `UID`.
    pub fn delete_id(&mut self, id: ObjectId) {
        if !self.ids.created.remove(&id) {
            self.ids.deleted.insert(id);
        }
    }

    /// Whether this transaction destroyed the id of an older object.
    pub(crate) fn is_deleted(&self, id: &ObjectId) -> bool {
        self.ids.deleted.contains(id)
    }

    /// Whether this transaction made the id.
    pub fn is_new(&self, id: &ObjectId) -> bool {
        self.ids.created.contains(id)
    }
}
