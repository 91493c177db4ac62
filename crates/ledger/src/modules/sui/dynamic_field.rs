//! `sui::dynamic_field`. Its functions take a `UID` by reference, which no programmable
//! transaction can hold; modules use [`Runtime::field`](crate::Runtime::field) and its family.

use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

use crate::modules::ModuleRef;

pub(crate) const MODULE: ModuleRef = ModuleRef::new("sui", "dynamic_field");
pub(crate) const E_FIELD_ALREADY_EXISTS: u64 = 0;
pub(crate) const E_FIELD_DOES_NOT_EXIST: u64 = 1;
pub(crate) const E_FIELD_TYPE_MISMATCH: u64 = 2;

/// The type `Field<name, value>`.
pub fn field_tag(name: TypeTag, value: TypeTag) -> StructTag {
    let module = Identifier::from_static("dynamic_field");
    StructTag::new(
        Address::TWO,
        module,
        Identifier::from_static("Field"),
        vec![name, value],
    )
}
