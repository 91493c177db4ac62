//! Our names of objects and accounts, and Sui's one type for both.

use floe_core::{ObjectId, SuiAddress};
use sui_sdk_types::Address;

/// An object id or an account's address as Sui's crates have it.
pub fn address(name: impl Into<[u8; 32]>) -> Address {
    Address::new(name.into())
}

/// The object with this address.
pub fn object_id(address: &Address) -> ObjectId {
    ObjectId(address.into_inner())
}

/// The account with this address.
pub fn sui_address(address: &Address) -> SuiAddress {
    SuiAddress(address.into_inner())
}
