//! Package `std` (`0x1`): the part of the Move standard library that the ledger offers. Values of
//! generic types are handled as bytes.

pub mod ascii;
pub mod option;
pub mod string;
pub mod vector;

use super::ModuleBodies;

pub(super) const BODIES: &[ModuleBodies] = &[
    ascii::BODIES,
    option::BODIES,
    string::BODIES,
    vector::BODIES,
];
