//! Messages out of what the ledger knows, under field masks.
//!
//! The SDK renders most of it (`sui_rpc::merge`); this adds what it leaves out: types of changed
//! objects, balances, JSON, descriptions of errors (`docs/spec/sui-rpc.md` §1.1).

pub(crate) mod checkpoint;
pub(crate) mod display;
pub(crate) mod effects;
pub(crate) mod epoch;
pub(crate) mod events;
pub(crate) mod json;
pub(crate) mod object;
pub(crate) mod transaction;

pub(crate) use self::object::{bcs, object};
