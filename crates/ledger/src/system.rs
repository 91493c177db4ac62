//! System.

use floe_core::ObjectId;

/// The id of the system state.
pub const SYSTEM_STATE_ID: ObjectId = ObjectId::from_suffix(5);
