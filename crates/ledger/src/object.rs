//! Objects as the ledger keeps them, and the state it executes against.

mod field;
mod live;
mod memory;

use std::sync::Arc;

use floe_core::ObjectId;
use sui_sdk_types::Address;

pub use self::{
    field::{FieldParts, FieldValue, field_parts},
    live::LiveObject,
    memory::MemoryState,
};

/// The live objects before a transaction.
///
/// The implementer keeps the latest version of each object by id; older versions are history and
/// never asked for. Execution reads few objects, so an implementation may read them from disk.
pub trait StateView: std::fmt::Debug {
    /// The live version of an object, `None` if there is none (never created, wrapped, deleted).
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot answer; execution stops and nothing is written.
    fn object(&self, id: &ObjectId) -> Result<Option<Arc<LiveObject>>, StoreError>;
}

/// The object store cannot answer.
#[derive(Debug, thiserror::Error)]
#[error("object store: {message}")]
pub struct StoreError {
    /// What went wrong.
    pub message: String,
}

/// The same 32 bytes as the SDK names them.
pub fn address(id: impl Into<[u8; 32]>) -> Address {
    Address::new(id.into())
}

/// The object id behind an SDK address.
pub fn object_id(address: &Address) -> ObjectId {
    ObjectId(address.into_inner())
}
