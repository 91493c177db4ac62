//! Dynamic object fields: the child keeps its own id (`docs/spec/contracts.md` §1.2).

use std::sync::Arc;

use floe_core::ObjectId;
use sui_sdk_types::TypeTag;

use super::{FieldKey, Runtime};
use crate::{
    error::Failure,
    modules::sui::{
        dynamic_field::{self, E_FIELD_TYPE_MISMATCH},
        dynamic_object_field::wrapper_tag,
    },
    object::address,
    value::{Lease, MoveType, Slot, type_tag},
};

/// An object that hangs on a field object.
#[derive(Debug)]
pub(crate) struct Child {
    /// The field object that owns it.
    pub(crate) field: ObjectId,
    pub(crate) tag: TypeTag,
    pub(crate) slot: Slot,
    /// It came here in this transaction.
    pub(crate) moved: bool,
}

impl Runtime<'_> {
    /// Adds an object field.
    ///
    /// # Errors
    /// Aborts with `dynamic_field` 0 if there is one under this key.
    pub fn add_object_field<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
        value: V,
    ) -> Result<(), Failure> {
        self.add_object_field_slot(wrapped(parent, key)?, type_tag::<V>(), Slot::new(value))
    }

    /// The object under this key, shared and unchanging.
    ///
    /// # Errors
    /// Aborts with `dynamic_field` 1 if there is none, 2 if it is of another type.
    pub fn object_field<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
    ) -> Result<Arc<V>, Failure> {
        self.object_field_slot(wrapped(parent, key)?, &type_tag::<V>())?
            .1
            .read()
    }

    /// The object under this key, for changing. The lease does not borrow the runtime.
    ///
    /// # Errors
    /// As [`Runtime::object_field`].
    pub fn object_field_mut<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
    ) -> Result<Lease<V>, Failure> {
        self.object_field_slot(wrapped(parent, key)?, &type_tag::<V>())?
            .1
            .update()
    }

    /// Removes an object field; the object is free to go elsewhere.
    ///
    /// # Errors
    /// As [`Runtime::object_field`].
    pub fn remove_object_field<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
    ) -> Result<V, Failure> {
        self.remove_object_field_slot(wrapped(parent, key)?, &type_tag::<V>())?
            .take()
    }

    /// Whether there is an object field under this key.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub fn has_object_field<K: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
    ) -> Result<bool, Failure> {
        self.has_field_slot(wrapped(parent, key)?)
    }

    /// As [`Runtime::add_object_field`], for types with type arguments. The key is a wrapped one.
    ///
    /// # Errors
    /// As [`Runtime::add_object_field`].
    pub fn add_object_field_slot(
        &mut self,
        key: FieldKey,
        tag: TypeTag,
        value: Slot,
    ) -> Result<(), Failure> {
        let id = value.object_id()?;
        let field = key.id();
        self.add_field_slot(key, type_tag::<ObjectId>(), Slot::new(id))?;
        self.children.insert(
            id,
            Child {
                field,
                tag,
                slot: value,
                moved: true,
            },
        );
        Ok(())
    }

    /// As [`Runtime::remove_object_field`], for types with type arguments.
    ///
    /// # Errors
    /// As [`Runtime::object_field`].
    pub fn remove_object_field_slot(
        &mut self,
        key: FieldKey,
        tag: &TypeTag,
    ) -> Result<Slot, Failure> {
        let (id, slot) = self.object_field_slot(key.clone(), tag)?;
        let slot = slot.move_out()?;
        self.remove_field_slot(key, &type_tag::<ObjectId>())?;
        self.children.remove(&id);
        Ok(slot)
    }

    /// The child's id and slot.
    ///
    /// # Errors
    /// As [`Runtime::object_field`].
    pub fn object_field_slot(
        &mut self,
        key: FieldKey,
        tag: &TypeTag,
    ) -> Result<(ObjectId, Slot), Failure> {
        let field = key.id();
        let id = self.field_slot(key, &type_tag::<ObjectId>(), "borrow_child_object")?;
        let id = *id.read::<ObjectId>()?;
        if !self.children.contains_key(&id) {
            let child = self.load_child(id, field)?;
            self.children.insert(id, child);
        }
        match self.children.get(&id) {
            Some(child) if child.tag == *tag => Ok((id, child.slot.clone())),
            _ => Err(dynamic_field::MODULE.abort("borrow_child_object", E_FIELD_TYPE_MISMATCH)),
        }
    }

    fn load_child(&mut self, id: ObjectId, field: ObjectId) -> Result<Child, Failure> {
        let broken = || Failure::invariant(format!("object {id} is no child of {field}"));
        let object = self.load(&id)?.ok_or_else(broken)?;
        if *object.owner() != sui_sdk_types::Owner::Object(address(field)) {
            return Err(broken());
        }
        let content = object.as_struct().ok_or_else(broken)?;
        Ok(Child {
            field,
            tag: content.object_type().clone().into(),
            slot: object.slot(content.contents()),
            moved: false,
        })
    }
}

fn wrapped<K: MoveType>(parent: ObjectId, key: &K) -> Result<FieldKey, Failure> {
    FieldKey::with_tag(parent, wrapper_tag(type_tag::<K>()), key)
}
