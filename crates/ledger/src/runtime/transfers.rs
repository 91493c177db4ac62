//! Where objects go at the end of a transaction, and receiving them.

use floe_core::{ObjectId, SuiAddress};
use serde::{Deserialize, Serialize};
use sui_sdk_types::{ExecutionError, Owner, TypeTag};

use super::Runtime;
use crate::{
    error::Failure,
    modules::sui::transfer,
    object::address,
    value::{MoveType, Slot, type_tag},
};

/// A new home of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Owned by an address (which may be an object's id).
    Address(SuiAddress),
    /// Shared with everybody.
    Shared,
    /// Frozen for ever.
    Immutable,
}

/// An object that a transaction gave a home.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) tag: TypeTag,
    pub(crate) slot: Slot,
    pub(crate) destination: Destination,
}

/// A right to receive one version of an object: BCS of `transfer::Receiving<T>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiving {
    /// The object.
    pub id: ObjectId,
    /// Its version.
    pub version: u64,
}

impl Runtime<'_> {
    /// Gives an object to an address.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the value has no id.
    pub fn transfer<T: MoveType>(&mut self, object: T, to: SuiAddress) -> Result<(), Failure> {
        self.send(type_tag::<T>(), Slot::new(object), Destination::Address(to))
    }

    /// Shares an object that this transaction made.
    ///
    /// # Errors
    /// Aborts with `transfer` 0 if the object existed before and was not shared.
    pub fn share<T: MoveType>(&mut self, object: T) -> Result<(), Failure> {
        self.send(type_tag::<T>(), Slot::new(object), Destination::Shared)
    }

    /// Freezes an object.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the value has no id.
    pub fn freeze<T: MoveType>(&mut self, object: T) -> Result<(), Failure> {
        self.send(type_tag::<T>(), Slot::new(object), Destination::Immutable)
    }

    /// Gives an object of any type a home.
    ///
    /// # Errors
    /// As [`Runtime::transfer`] and [`Runtime::share`];
    /// `ConsensusObjectOperationNotAllowed` for a shared object that would cease to be.
    pub fn send(&mut self, tag: TypeTag, object: Slot, to: Destination) -> Result<(), Failure> {
        let id = object.object_id()?;
        let was_shared = matches!(self.input_owners.get(&id), Some(Owner::Shared(_)));
        if was_shared && to != Destination::Shared {
            return Err(Failure::execution(
                ExecutionError::ConsensusObjectOperationNotAllowed,
                format!("shared object {id} can only be shared again or deleted"),
            ));
        }
        if to == Destination::Shared && !was_shared && !self.is_new(&id) {
            let code = transfer::E_SHARED_NON_NEW_OBJECT;
            return Err(transfer::MODULE.abort("share_object_impl", code));
        }
        let slot = object.move_out()?;
        self.outputs.insert(
            id,
            Output {
                tag,
                slot,
                destination: to,
            },
        );
        Ok(())
    }

    /// Whether a shared object found a legal end: shared again, or deleted.
    pub(crate) fn is_shared_or_deleted(&self, id: &ObjectId) -> bool {
        let shared = self
            .outputs
            .get(id)
            .is_some_and(|output| output.destination == Destination::Shared);
        shared || self.is_deleted(id)
    }

    /// Takes an object that was sent to another object's id.
    ///
    /// # Errors
    /// Aborts with `transfer` 3 if the object is not there to be received, 2 on another type.
    pub fn receive(
        &mut self,
        parent: ObjectId,
        ticket: Receiving,
        tag: &TypeTag,
    ) -> Result<Slot, Failure> {
        let abort = |code| transfer::MODULE.abort("receive_impl", code);
        if self.receivable.get(&ticket.id) != Some(&ticket.version) {
            return Err(abort(transfer::E_UNABLE_TO_RECEIVE_OBJECT));
        }
        let object = self
            .load(&ticket.id)?
            .ok_or_else(|| abort(transfer::E_UNABLE_TO_RECEIVE_OBJECT))?;
        let content = object
            .as_struct()
            .filter(|content| content.version() == ticket.version)
            .filter(|_| *object.owner() == Owner::Address(address(parent)))
            .ok_or_else(|| abort(transfer::E_UNABLE_TO_RECEIVE_OBJECT))?;
        if TypeTag::from(content.object_type().clone()) != *tag {
            return Err(abort(transfer::E_RECEIVING_OBJECT_TYPE_MISMATCH));
        }
        self.receivable.remove(&ticket.id);
        Ok(object.slot(content.contents()))
    }
}

pub(super) fn effects_too_large(current_size: u64, max_size: u64) -> Failure {
    ExecutionError::EffectsTooLarge {
        current_size,
        max_size,
    }
    .into()
}
