//! What a dynamic field object says, for those who list fields.

use floe_core::ObjectId;
use sui_sdk_types::{Address, Object, Owner, StructTag, TypeTag};

use super::object_id;
use crate::value::walk;

/// A dynamic field object taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldParts<'o> {
    /// The object it hangs on.
    pub parent: ObjectId,
    /// Type of the name; without its wrapper for an object field.
    pub name_tag: &'o TypeTag,
    /// BCS of the name.
    pub name: &'o [u8],
    /// The value.
    pub value: FieldValue<'o>,
}

/// What hangs under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue<'o> {
    /// A value inside the field object.
    Inside {
        /// Its type.
        tag: &'o TypeTag,
        /// Its BCS.
        bytes: &'o [u8],
    },
    /// An object of its own, owned by the field object.
    Child(ObjectId),
}

/// Takes a dynamic field object apart; `None` for any other object.
pub fn field_parts(object: &Object) -> Option<FieldParts<'_>> {
    let Owner::Object(parent) = object.owner() else {
        return None;
    };
    let content = object.as_struct()?;
    let tag = content.object_type();
    let is = |tag: &StructTag, module: &str, name: &str| {
        *tag.address() == Address::TWO && *tag.module() == *module && *tag.name() == *name
    };
    let [name_tag, value_tag] = tag.type_params() else {
        return None;
    };
    if !is(tag, "dynamic_field", "Field") {
        return None;
    }
    let (_, rest) = content.contents().split_first_chunk::<32>()?;
    let (name, bytes) = walk::split_first(name_tag, rest).ok()?;
    let parent = object_id(parent);
    if let TypeTag::Struct(wrapper) = name_tag
        && is(wrapper, "dynamic_object_field", "Wrapper")
        && let [name_tag] = wrapper.type_params()
    {
        let value = FieldValue::Child(ObjectId(*bytes.first_chunk()?));
        return Some(FieldParts {
            parent,
            name_tag,
            name,
            value,
        });
    }
    let value = FieldValue::Inside {
        tag: value_tag,
        bytes,
    };
    Some(FieldParts {
        parent,
        name_tag,
        name,
        value,
    })
}
