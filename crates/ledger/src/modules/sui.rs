//! Package `sui` (`0x2`): the part of the framework that the ledger offers.

pub mod bag;
pub mod balance;
pub mod clock;
pub mod coin;
mod container;
pub mod dynamic_field;
pub mod dynamic_object_field;
pub mod object;
pub mod object_bag;
pub mod object_table;
pub mod package;
pub mod pay;
pub mod table;
pub mod transfer;
pub mod tx_context;
pub mod vec_map;
pub mod vec_set;

use super::ModuleBodies;

pub(super) const BODIES: &[ModuleBodies] = &[
    bag::BODIES,
    balance::BODIES,
    clock::BODIES,
    coin::BODIES,
    object::BODIES,
    object_bag::BODIES,
    object_table::BODIES,
    package::BODIES,
    pay::BODIES,
    table::BODIES,
    transfer::BODIES,
    tx_context::BODIES,
    vec_map::BODIES,
    vec_set::BODIES,
];
