//! Package `sui` (`0x2`): the part of the framework that the ledger offers.

pub mod bag;
pub mod balance;
pub mod clock;
pub mod coin;
pub mod dynamic_field;
pub mod dynamic_object_field;
pub mod object_bag;
pub mod object_table;
pub mod table;
pub mod transfer;

use super::ModuleBodies;

pub(super) const BODIES: &[ModuleBodies] = &[balance::BODIES, clock::BODIES, coin::BODIES];
