//! Objects as the Rust types of their content.

use floe_core::{
    ObjectId,
    onchain::{
        MoveDatatype,
        framework::{Field, Wrapper},
    },
    wire,
};
use serde::{Serialize, de::DeserializeOwned};
use sui_sdk_types::{StructTag, TypeTag};

use super::Contracts;
use crate::{
    RawObject, ReadError,
    address::{address, object_id},
    deployment::identifier,
};

/// Reads an object's content as a struct of the contracts. Fields that a later version has
/// appended are ignored.
pub(crate) fn decode<T: MoveDatatype + DeserializeOwned>(
    object: &RawObject,
) -> Result<T, ReadError> {
    let tag = &object.object_type;
    if tag.module().as_str() != T::MODULE || tag.name().as_str() != T::NAME {
        return Err(ReadError::WrongType {
            id: object.id,
            expected: format!("{}::{}", T::MODULE, T::NAME),
            got: tag.to_string(),
        });
    }
    decode_unchecked(object)
}

/// As [`decode`], for types that are no struct of the contracts.
pub(crate) fn decode_unchecked<T: DeserializeOwned>(object: &RawObject) -> Result<T, ReadError> {
    wire::from_bcs_prefix(&object.contents).map_err(|source| ReadError::Decode {
        id: object.id,
        source,
    })
}

/// The id of the dynamic field of `parent` under `name`.
pub(crate) fn field_id<N: Serialize + ?Sized>(
    parent: ObjectId,
    name_type: &TypeTag,
    name: &N,
) -> ObjectId {
    let name = wire::to_bcs(name);
    object_id(&address(parent).derive_dynamic_child_id(name_type, &name))
}

impl Contracts {
    /// An object that must exist, as a struct of the contracts.
    pub(crate) async fn typed<T: MoveDatatype + DeserializeOwned>(
        &self,
        id: ObjectId,
    ) -> Result<T, ReadError> {
        let object = self.chain().object(id).await?;
        decode(&object.ok_or(ReadError::NotFound { what: T::NAME, id })?)
    }

    /// As [`typed`](Self::typed), with the object's type and owner.
    pub(crate) async fn raw(
        &self,
        id: ObjectId,
        what: &'static str,
    ) -> Result<RawObject, ReadError> {
        let object = self.chain().object(id).await?;
        object.ok_or(ReadError::NotFound { what, id })
    }

    /// The value of a dynamic field; `None` if the parent has no such field.
    pub(crate) async fn field<N, V>(
        &self,
        parent: ObjectId,
        name_type: &TypeTag,
        name: &N,
    ) -> Result<Option<V>, ReadError>
    where
        N: Serialize + DeserializeOwned,
        V: DeserializeOwned,
    {
        let id = field_id(parent, name_type, name);
        let Some(object) = self.chain().object(id).await? else {
            return Ok(None);
        };
        let field: Field<N, V> = decode_unchecked(&object)?;
        Ok(Some(field.value))
    }

    /// The object in a dynamic object field; `None` if the parent has no such field.
    pub(crate) async fn object_field<N: Serialize + DeserializeOwned>(
        &self,
        parent: ObjectId,
        name_type: TypeTag,
        name: N,
    ) -> Result<Option<RawObject>, ReadError> {
        let wrapper = StructTag::new(
            sui_sdk_types::Address::TWO,
            identifier("dynamic_object_field"),
            identifier("Wrapper"),
            vec![name_type],
        );
        let id = field_id(parent, &wrapper.into(), &Wrapper { name });
        let Some(field) = self.chain().object(id).await? else {
            return Ok(None);
        };
        let field: Field<Wrapper<N>, ObjectId> = decode_unchecked(&field)?;
        Ok(self.chain().object(field.value).await?)
    }

    /// The value of an extended field.
    pub(crate) async fn extended_field<V: DeserializeOwned>(
        &self,
        id: ObjectId,
        key_type: StructTag,
    ) -> Result<Option<V>, ReadError> {
        let key = floe_core::onchain::node::ExtendedFieldKey;
        self.field(id, &TypeTag::from(key_type), &key).await
    }
}
