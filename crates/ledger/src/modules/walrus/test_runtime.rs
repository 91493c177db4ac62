//! A runtime on an empty state, for what no transaction can reach.

use floe_core::SuiAddress;
use sui_sdk_types::Digest;

use crate::{
    error::Failure,
    object::MemoryState,
    runtime::{Meter, Runtime, TxInfo},
};

pub(super) const SENDER: SuiAddress = SuiAddress([5; 32]);

pub(super) fn with_runtime(test: impl FnOnce(&mut Runtime<'_>)) {
    let state = MemoryState::default();
    let tx = TxInfo {
        digest: Digest::new([1; 32]),
        sender: SENDER,
        epoch: 0,
        epoch_start_ms: 0,
        gas_price: 1,
        reference_gas_price: 1,
        protocol_version: 1,
    };
    test(&mut Runtime::new(&state, tx, Meter::unlimited()));
}

/// `module::function code` of an abort.
pub(super) fn place<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
    match result.unwrap_err() {
        Failure::Abort { location, code } => {
            format!("{}::{} {code}", location.module, location.function)
        }
        other => panic!("{other}"),
    }
}
