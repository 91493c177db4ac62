//! Objects under a field mask.

use floe_ledger::LiveObject;
use sui_rpc::{
    field::FieldMaskTree,
    merge::Merge,
    proto::sui::rpc::v2::{self as proto, Bcs},
};
use sui_sdk_types::{MoveStruct, Object, ObjectData};

use super::json;
use crate::rpc::packages::describe;

/// An object with the fields of `mask`.
pub(crate) fn object(source: &LiveObject, mask: &FieldMaskTree) -> proto::Object {
    let mut message = proto::Object::default();
    if mask.contains(proto::Object::BCS_FIELD.name) {
        message.bcs = bcs("Object", source.object());
    }
    if mask.contains(proto::Object::DIGEST_FIELD.name) {
        message.digest = Some(source.digest().to_string());
    }
    if mask.contains(proto::Object::OBJECT_ID_FIELD.name) {
        message.object_id = Some(source.object_id().to_string());
    }
    if mask.contains(proto::Object::VERSION_FIELD.name) {
        message.version = Some(source.version());
    }
    if mask.contains(proto::Object::OWNER_FIELD.name) {
        message.owner = Some((*source.owner()).into());
    }
    if mask.contains(proto::Object::PREVIOUS_TRANSACTION_FIELD.name) {
        message.previous_transaction = Some(source.previous_transaction().to_string());
    }
    if mask.contains(proto::Object::STORAGE_REBATE_FIELD.name) {
        message.storage_rebate = Some(source.storage_rebate());
    }
    match source.data() {
        ObjectData::Struct(content) => {
            message.merge(content, mask);
            if mask.contains(proto::Object::BALANCE_FIELD.name) {
                message.balance = balance(content);
            }
            if mask.contains(proto::Object::JSON_FIELD.name) {
                message.json =
                    json::struct_value(content.object_type(), content.contents()).map(Box::new);
            }
        }
        ObjectData::Package(package) => {
            message.merge(package, mask);
            if let Some(own) = message.package.as_mut() {
                describe::complete(own, package);
            }
        }
    }
    message
}

/// A named BCS value.
pub(crate) fn bcs(name: &str, value: &impl serde::Serialize) -> Option<Bcs> {
    // What came out of the store has a BCS; it is one.
    let bytes = bcs::to_bytes(value).ok()?;
    Some(Bcs::from(bytes).with_name(name))
}

/// What a coin holds; `None` for other objects.
fn balance(content: &MoveStruct) -> Option<u64> {
    content.object_type().is_coin()?;
    let (_, balance) = content.contents().split_first_chunk::<32>()?;
    Some(u64::from_le_bytes(*balance.first_chunk()?))
}

/// The type of an object as text: `package` for packages.
pub(crate) fn type_name(object: &Object) -> String {
    match object.data() {
        ObjectData::Struct(content) => content.object_type().to_string(),
        ObjectData::Package(_) => "package".to_owned(),
    }
}
