//! A Sui-compatible state machine that executes the Walrus contracts natively.
//!
//! Transactions in, effects, events and object writes out: same objects, versions, digests, gas and
//! errors as a Sui network with the Walrus packages deployed. Deterministic: no I/O, no clock, no
//! entropy; same transactions on the same state give the same bytes.
//!
//! The programmable-transaction interpreter knows no module. Modules are Rust functions behind one
//! registry ([`Registry`]), reached through one call path ([`Call`]) and seeing the world through
//! one object runtime ([`Runtime`]). How to add one: [`modules`].

mod call;
mod error;
pub mod modules;
mod object;
mod registry;
mod runtime;
mod value;

pub use self::{
    call::{Args, Call, NativeFn},
    error::{Failure, Fault, Location},
    object::{StateView, StoreError, address, object_id},
    registry::{
        AbilitySet, Body, Datatype, DatatypeName, DefiningId, Function, Layout, Module, OriginalId,
        Package, Param, Passing, Registry, RegistryError, SigType, StorageId, TypeError,
        TypeLimits, TypeParam, Variant, Visibility,
    },
    runtime::{Destination, FieldKey, Meter, Receiving, Runtime, TxInfo, units},
    value::{Lease, MoveType, MoveValue, Slot, type_tag},
};
