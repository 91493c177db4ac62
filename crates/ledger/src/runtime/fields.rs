//! Dynamic fields (`docs/spec/contracts.md` §1.2).

use std::sync::Arc;

use floe_core::ObjectId;
use sui_sdk_types::{Owner, StructTag, TypeTag};

use super::Runtime;
use crate::{
    error::Failure,
    modules::sui::dynamic_field::{
        self, E_FIELD_ALREADY_EXISTS, E_FIELD_DOES_NOT_EXIST, E_FIELD_TYPE_MISMATCH,
    },
    object::{LiveObject, address, object_id},
    value::{Lease, MoveType, MoveValue, Slot, type_tag},
};

/// Names a dynamic field: parent, type and bytes of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldKey {
    /// The object it hangs on.
    pub parent: ObjectId,
    /// Type of the key.
    pub tag: TypeTag,
    /// BCS of the key.
    pub bytes: Vec<u8>,
}

/// One dynamic field during a transaction.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) key: FieldKey,
    /// As it was before the transaction.
    pub(crate) original: Option<Arc<LiveObject>>,
    /// Now.
    pub(crate) value: Option<(TypeTag, Slot)>,
    /// The value was added in this transaction.
    pub(crate) replaced: bool,
}

impl FieldKey {
    /// The field of `parent` under `key`.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the key has no BCS.
    pub fn new<K: MoveType>(parent: ObjectId, key: &K) -> Result<Self, Failure> {
        Self::with_tag(parent, type_tag::<K>(), key)
    }

    /// As [`FieldKey::new`], for keys whose type has type arguments.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the key has no BCS.
    pub fn with_tag(parent: ObjectId, tag: TypeTag, key: &impl MoveValue) -> Result<Self, Failure> {
        let bytes = key
            .encode()
            .map_err(|error| Failure::invariant(format!("key without BCS: {error}")))?;
        Ok(Self { parent, tag, bytes })
    }

    /// Id of the field object.
    pub fn id(&self) -> ObjectId {
        object_id(&address(self.parent).derive_dynamic_child_id(&self.tag, &self.bytes))
    }
}

impl Field {
    /// Reads a stored field object.
    fn load(key: FieldKey, object: Arc<LiveObject>) -> Result<Self, Failure> {
        let broken = || Failure::invariant(format!("object {} is no field", object.object_id()));
        let content = object.as_struct().ok_or_else(broken)?;
        let [_, value_tag] = content.object_type().type_params() else {
            return Err(broken());
        };
        let start = ObjectId::ZERO.0.len() + key.bytes.len();
        let value = content.contents().get(start..).ok_or_else(broken)?;
        if *object.owner() != Owner::Object(address(key.parent)) {
            return Err(broken());
        }
        let value = Some((value_tag.clone(), object.slot(value)));
        Ok(Self {
            key,
            original: Some(object),
            value,
            replaced: false,
        })
    }

    /// Whether the field differs from what it was before the transaction.
    pub(crate) fn is_changed(&self) -> bool {
        match (&self.original, &self.value) {
            (None, None) => false,
            (Some(_), Some((_, slot))) => self.replaced || slot.is_written(),
            _ => true,
        }
    }

    /// Type of the field object with a value of type `value`.
    pub(crate) fn object_type(&self, value: &TypeTag) -> StructTag {
        dynamic_field::field_tag(self.key.tag.clone(), value.clone())
    }
}

impl Runtime<'_> {
    /// Adds a field.
    ///
    /// # Errors
    /// Aborts with `dynamic_field` 0 if there is one under this key.
    pub fn add_field<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
        value: V,
    ) -> Result<(), Failure> {
        self.add_field_slot(
            FieldKey::new(parent, key)?,
            type_tag::<V>(),
            Slot::new(value),
        )
    }

    /// A field's value, shared and unchanging.
    ///
    /// # Errors
    /// Aborts with `dynamic_field` 1 if there is none, 2 if it is of another type.
    pub fn field<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
    ) -> Result<Arc<V>, Failure> {
        self.field_slot(
            FieldKey::new(parent, key)?,
            &type_tag::<V>(),
            "borrow_child_object",
        )?
        .read()
    }

    /// A field's value for changing. The lease does not borrow the runtime.
    ///
    /// # Errors
    /// As [`Runtime::field`].
    pub fn field_mut<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
    ) -> Result<Lease<V>, Failure> {
        self.field_slot(
            FieldKey::new(parent, key)?,
            &type_tag::<V>(),
            "borrow_child_object_mut",
        )?
        .update()
    }

    /// Removes a field.
    ///
    /// # Errors
    /// As [`Runtime::field`].
    pub fn remove_field<K: MoveType, V: MoveType>(
        &mut self,
        parent: ObjectId,
        key: &K,
    ) -> Result<V, Failure> {
        self.remove_field_slot(FieldKey::new(parent, key)?, &type_tag::<V>())?
            .take()
    }

    /// Whether there is a field under this key, of any type.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub fn has_field<K: MoveType>(&mut self, parent: ObjectId, key: &K) -> Result<bool, Failure> {
        self.has_field_slot(FieldKey::new(parent, key)?)
    }

    /// As [`Runtime::add_field`], for types with type arguments.
    ///
    /// # Errors
    /// As [`Runtime::add_field`].
    pub fn add_field_slot(
        &mut self,
        key: FieldKey,
        tag: TypeTag,
        value: Slot,
    ) -> Result<(), Failure> {
        let field = self.locate(key)?;
        if field.value.is_some() {
            return Err(dynamic_field::MODULE.abort("add", E_FIELD_ALREADY_EXISTS));
        }
        field.value = Some((tag, value));
        field.replaced = true;
        Ok(())
    }

    /// As [`Runtime::remove_field`], for types with type arguments.
    ///
    /// # Errors
    /// As [`Runtime::field`].
    pub fn remove_field_slot(&mut self, key: FieldKey, tag: &TypeTag) -> Result<Slot, Failure> {
        let id = key.id();
        let slot = self
            .field_slot(key, tag, "remove_child_object")?
            .move_out()?;
        if let Some(field) = self.fields.get_mut(&id) {
            field.value = None;
        }
        Ok(slot)
    }

    /// As [`Runtime::has_field`], for types with type arguments.
    ///
    /// # Errors
    /// [`Failure::Store`].
    pub fn has_field_slot(&mut self, key: FieldKey) -> Result<bool, Failure> {
        Ok(self.locate(key)?.value.is_some())
    }

    /// The slot of a field that must exist with this type.
    ///
    /// # Errors
    /// As [`Runtime::field`]; `function` is the place of the abort.
    pub fn field_slot(
        &mut self,
        key: FieldKey,
        tag: &TypeTag,
        function: &'static str,
    ) -> Result<Slot, Failure> {
        match &self.locate(key)?.value {
            None => Err(dynamic_field::MODULE.abort(function, E_FIELD_DOES_NOT_EXIST)),
            Some((own, _)) if own != tag => {
                Err(dynamic_field::MODULE.abort(function, E_FIELD_TYPE_MISMATCH))
            }
            Some((_, slot)) => Ok(slot.clone()),
        }
    }

    fn locate(&mut self, key: FieldKey) -> Result<&mut Field, Failure> {
        let id = key.id();
        if !self.fields.contains_key(&id) {
            let field = match self.load(&id)? {
                Some(object) => Field::load(key, object)?,
                None => Field {
                    key,
                    original: None,
                    value: None,
                    replaced: false,
                },
            };
            self.fields.insert(id, field);
        }
        self.fields
            .get_mut(&id)
            .ok_or_else(|| Failure::invariant("field just inserted"))
    }
}
