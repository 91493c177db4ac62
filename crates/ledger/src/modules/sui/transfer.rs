//! `sui::transfer`.

use crate::modules::ModuleRef;

pub(crate) const MODULE: ModuleRef = ModuleRef::new("sui", "transfer");
pub(crate) const E_SHARED_NON_NEW_OBJECT: u64 = 0;
pub(crate) const E_RECEIVING_OBJECT_TYPE_MISMATCH: u64 = 2;
pub(crate) const E_UNABLE_TO_RECEIVE_OBJECT: u64 = 3;
