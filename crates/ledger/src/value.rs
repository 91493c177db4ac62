//! Values in slots: canonical BCS, parsed on demand.
//!
//! A [`Slot`] holds one Move value. Modules see it as a Rust struct through `read`, `update` and
//! `take`; whether bytes or a parsed struct lie underneath is the slot's business, so a value that
//! five commands touch is parsed once and encoded once.

mod lease;
mod move_type;
mod slot;
#[cfg(test)]
mod tests;
pub(crate) mod walk;

pub(crate) use self::slot::Parsed;
pub use self::{
    lease::Lease,
    move_type::{MoveType, type_tag},
    slot::{MoveValue, Slot},
};
