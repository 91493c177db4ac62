//! `sui::dynamic_object_field`: see [`Runtime::object_field`](crate::Runtime::object_field).

use sui_sdk_types::TypeTag;

use crate::modules::generic_tag;

/// The type `Wrapper<name>`, which marks the keys of object fields.
pub fn wrapper_tag(name: TypeTag) -> TypeTag {
    generic_tag("sui", "dynamic_object_field", "Wrapper", vec![name])
}
