//! Rust types that stand for one Move type.

use std::{any::TypeId, cell::RefCell, collections::HashMap};

use floe_core::onchain;
use serde::de::DeserializeOwned;
use sui_sdk_types::TypeTag;

use super::MoveValue;
use crate::registry::Registry;

/// A Rust type that is the image of one Move type: same BCS, known name. All of
/// [`floe_core::onchain`] is.
///
/// Needed where a module names a type on its own: dynamic fields, events, transfers. Arguments and
/// returns take their types from the signature.
pub trait MoveType: onchain::MoveType + MoveValue + DeserializeOwned + Clone {}

impl<T: onchain::MoveType + MoveValue + DeserializeOwned + Clone> MoveType for T {}

thread_local! {
    /// Tags by Rust type, so that each name is parsed once per thread.
    static TAGS: RefCell<HashMap<TypeId, TypeTag>> = RefCell::new(HashMap::new());
}

/// The type tag of a Rust type's Move type.
///
/// # Panics
/// If the type's name is not one of the registry's packages: a mistake in the program.
pub fn type_tag<T: onchain::MoveType + 'static>() -> TypeTag {
    TAGS.with_borrow_mut(|tags| {
        tags.entry(TypeId::of::<T>())
            .or_insert_with(|| {
                let name = T::move_type();
                Registry::parse_type(&name).unwrap_or_else(|error| panic!("type {name}: {error}"))
            })
            .clone()
    })
}
