//! What a run changed: the objects after it, and those it touched as they were before.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use floe_core::ObjectId;
use sui_sdk_types::{
    Digest, Event, ExecutionError, MoveStruct, Object, ObjectData, Owner, StructTag, TypeTag,
    Version,
};

use super::Before;
use crate::{
    error::Failure,
    object::{LiveObject, address},
    ptb::{Access, Locals, Value},
    registry::{AbilitySet, Registry},
    runtime::{Child, Destination, Field, Finished},
    value::Parsed,
};

/// Most bytes in the contents of one object.
const OBJECT_BYTES_MAX: usize = 250 * 1024;

/// An object to be written, before version, digest and storage cost are known.
pub(crate) struct NewObject {
    pub(crate) tag: StructTag,
    pub(crate) contents: Vec<u8>,
    pub(crate) owner: Owner,
    /// The value inside, if it was parsed.
    pub(crate) parsed: Option<Parsed>,
}

/// Everything that differs after a run.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Written objects.
    pub(crate) after: BTreeMap<ObjectId, NewObject>,
    /// Ids that came into being.
    pub(crate) created: BTreeSet<ObjectId>,
    /// Ids that ceased to be.
    pub(crate) deleted: BTreeSet<ObjectId>,
    /// Touched objects as they were. Those neither written nor deleted are wrapped now.
    pub(crate) before: BTreeMap<ObjectId, Arc<LiveObject>>,
    pub(crate) events: Vec<Event>,
}

impl fmt::Debug for NewObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewObject")
            .field("tag", &self.tag)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

impl NewObject {
    /// Replaces the contents; what was parsed of the old ones is forgotten.
    pub(crate) fn set_contents(&mut self, contents: Vec<u8>) {
        self.contents = contents;
        self.parsed = None;
    }

    /// The object as stored.
    ///
    /// # Panics
    /// Never: contents start with the id, which made the object an object.
    pub(crate) fn into_object(
        self,
        version: Version,
        tx: Digest,
        storage_rebate: u64,
    ) -> LiveObject {
        let transferable = Registry::embedded()
            .struct_abilities(&self.tag)
            .contains(AbilitySet::STORE);
        let content = MoveStruct::new(self.tag, transferable, version, self.contents)
            .expect("the id was read from the contents");
        let object = Object::new(ObjectData::Struct(content), self.owner, tx, storage_rebate);
        LiveObject::with_parsed(object, self.parsed)
    }
}

impl Changes {
    /// What a failed run leaves: gas coins merged, every writable input at a new version.
    pub(crate) fn of_failure(before: &Before) -> Self {
        let mut changes = Self::default();
        for (id, object) in before.writable() {
            changes.keep(id, object);
        }
        if let (Some(id), Some(object)) = (before.gas_id(), before.gas.first()) {
            changes.keep(id, object);
            if let Some(coin) = changes.after.get_mut(&id) {
                coin.set_contents(super::coin_bytes(id, before.gas_balance));
            }
        }
        changes.smash(before);
        changes
    }

    /// What a finished run leaves. `held` MIST of the budget return to the gas coin.
    ///
    /// # Errors
    /// Objects that are too large, and broken invariants.
    pub(crate) fn of_success(
        before: &Before,
        locals: &Locals,
        finished: Finished,
        held: u64,
    ) -> Result<Self, Failure> {
        let mut changes = Self {
            created: finished.created,
            ..Self::default()
        };
        let lamport = before.lamport(finished.loaded.values());
        for (id, object) in before.writable() {
            changes.before.insert(id, Arc::clone(object));
        }
        for (id, value, _) in locals
            .objects()
            .filter(|(_, _, access)| *access != Access::ReadOnly)
        {
            let owner = before.objects.get(&id).map(|input| *input.object.owner());
            let owner = owner.ok_or_else(|| Failure::invariant("input without its object"))?;
            changes.write(id, value, owner)?;
        }
        if let (Some(id), Some(object)) = (before.gas_id(), before.gas.first()) {
            changes.before.insert(id, Arc::clone(object));
            if let Some(value) = locals.gas() {
                changes.write(id, value, *object.owner())?;
            }
        }
        changes.loaded(&finished.loaded, &finished.fields, &finished.children);
        for (id, output) in finished.outputs {
            let owner = match output.destination {
                Destination::Address(to) => Owner::Address(address(to)),
                Destination::Immutable => Owner::Immutable,
                Destination::Shared => match before.objects.get(&id).map(|i| *i.object.owner()) {
                    Some(owner @ Owner::Shared(_)) => owner,
                    _ => Owner::Shared(lamport),
                },
            };
            changes.write(
                id,
                &Value {
                    tag: output.tag,
                    slot: output.slot,
                },
                owner,
            )?;
        }
        for (id, child) in finished.children {
            if child.moved || child.slot.is_written() {
                let value = Value {
                    tag: child.tag,
                    slot: child.slot,
                };
                changes.write(id, &value, Owner::Object(address(child.field)))?;
            }
        }
        for (id, field) in finished.fields {
            changes.field(id, field)?;
        }
        changes.deleted.extend(finished.deleted);
        if let Some(id) = before.gas_id() {
            changes.return_budget(id, held)?;
        }
        changes.smash(before);
        changes.events = finished.events;
        Ok(changes)
    }

    /// Remembers loaded objects that changed, moved or died.
    fn loaded(
        &mut self,
        loaded: &BTreeMap<ObjectId, Arc<LiveObject>>,
        fields: &BTreeMap<ObjectId, Field>,
        children: &BTreeMap<ObjectId, Child>,
    ) {
        for (id, object) in loaded {
            let unchanged = match (fields.get(id), children.get(id)) {
                (Some(field), _) => !field.is_changed(),
                (_, Some(child)) => !child.moved && !child.slot.is_written(),
                _ => false,
            };
            if !unchanged {
                self.before.insert(*id, Arc::clone(object));
            }
        }
    }

    fn field(&mut self, id: ObjectId, field: Field) -> Result<(), Failure> {
        if !field.is_changed() {
            return Ok(());
        }
        let Some((tag, slot)) = &field.value else {
            self.deleted.insert(id);
            return Ok(());
        };
        if field.original.is_none() {
            self.created.insert(id);
        }
        let mut contents = id.0.to_vec();
        contents.extend_from_slice(&field.key.bytes);
        let (value, parsed) = slot.take_stored()?;
        contents.extend(value);
        let owner = Owner::Object(address(field.key.parent));
        self.insert(
            id,
            NewObject {
                tag: field.object_type(tag),
                contents,
                owner,
                parsed,
            },
        )
    }

    fn write(&mut self, id: ObjectId, value: &Value, owner: Owner) -> Result<(), Failure> {
        let TypeTag::Struct(tag) = &value.tag else {
            return Err(Failure::invariant("an object is a struct"));
        };
        let (contents, parsed) = value.slot.take_stored()?;
        if contents.first_chunk() != Some(&id.0) {
            return Err(Failure::invariant(format!("object {id} changed its id")));
        }
        self.insert(
            id,
            NewObject {
                tag: (**tag).clone(),
                contents,
                owner,
                parsed,
            },
        )
    }

    fn insert(&mut self, id: ObjectId, object: NewObject) -> Result<(), Failure> {
        let size = object.contents.len();
        if size > OBJECT_BYTES_MAX {
            let object_size = u64::try_from(size).unwrap_or(u64::MAX);
            let max_object_size = OBJECT_BYTES_MAX as u64;
            return Err(ExecutionError::ObjectTooBig {
                object_size,
                max_object_size,
            }
            .into());
        }
        self.after.insert(id, object);
        Ok(())
    }

    fn keep(&mut self, id: ObjectId, object: &Arc<LiveObject>) {
        if let Some(content) = object.as_struct() {
            let tag = content.object_type().clone();
            let new = NewObject {
                tag,
                contents: content.contents().to_vec(),
                owner: *object.owner(),
                parsed: object.parsed().cloned(),
            };
            self.after.insert(id, new);
        }
        self.before.insert(id, Arc::clone(object));
    }

    fn smash(&mut self, before: &Before) {
        for (id, coin) in before.smashed() {
            self.before.insert(id, Arc::clone(coin));
            self.deleted.insert(id);
        }
    }

    fn return_budget(&mut self, id: ObjectId, held: u64) -> Result<(), Failure> {
        self.gas_balance(id)?
            .checked_add(held)
            .ok_or_else(|| Failure::invariant("more SUI than there is"))
            .and_then(|balance| self.set_gas_balance(id, balance))
    }

    /// Balance of the gas coin after the run.
    pub(crate) fn gas_balance(&self, id: ObjectId) -> Result<u64, Failure> {
        self.after
            .get(&id)
            .and_then(|coin| coin.contents.get(id.0.len()..)?.first_chunk())
            .map(|balance| u64::from_le_bytes(*balance))
            .ok_or_else(|| Failure::invariant("the gas coin is gone"))
    }

    /// Sets the balance of the gas coin.
    pub(crate) fn set_gas_balance(&mut self, id: ObjectId, balance: u64) -> Result<(), Failure> {
        let coin = self
            .after
            .get_mut(&id)
            .ok_or_else(|| Failure::invariant("the gas coin is gone"))?;
        coin.set_contents(super::coin_bytes(id, balance));
        Ok(())
    }
}
