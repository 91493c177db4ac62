//! Events.

use sui_sdk_types::{Event, TypeTag};

use super::{Runtime, units};
use crate::{
    error::Failure,
    object::address,
    value::{MoveType, MoveValue, type_tag},
};

/// Most events of one transaction.
const EVENTS_MAX: usize = 1024;
/// Most bytes in the events of one transaction.
const EVENT_BYTES_MAX: usize = 512 * 1024;

impl Runtime<'_> {
    /// Emits an event.
    ///
    /// # Errors
    /// Beyond the number or the bytes of events that one transaction may emit.
    pub fn emit<T: MoveType>(&mut self, event: &T) -> Result<(), Failure> {
        self.emit_as(type_tag::<T>(), event)
    }

    /// Emits an event of a type with type arguments.
    ///
    /// # Errors
    /// As [`Runtime::emit`].
    pub fn emit_as(&mut self, tag: TypeTag, event: &impl MoveValue) -> Result<(), Failure> {
        self.charge(units::EVENT)?;
        let contents = event
            .encode()
            .map_err(|error| Failure::invariant(format!("event without BCS: {error}")))?;
        let TypeTag::Struct(type_) = tag else {
            return Err(Failure::invariant("an event is a struct"));
        };
        self.events_bytes = self.events_bytes.saturating_add(contents.len());
        if self.events.len() >= EVENTS_MAX || self.events_bytes > EVENT_BYTES_MAX {
            let current = u64::try_from(self.events_bytes).unwrap_or(u64::MAX);
            return Err(super::transfers::effects_too_large(
                current,
                EVENT_BYTES_MAX as u64,
            ));
        }
        let (package_id, module) = self.caller.clone();
        let sender = address(self.tx.sender);
        self.events.push(Event {
            package_id,
            module,
            sender,
            type_: *type_,
            contents,
        });
        Ok(())
    }
}
