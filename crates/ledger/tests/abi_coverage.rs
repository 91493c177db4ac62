//! The contracts' interface is complete.

use floe_ledger::{Coverage, Registry};

/// The framework is offered in parts, and `blob_bucket` is on no network.
const LEFT_OUT: [&str; 4] = ["std::", "sui::", "sui_system::", "blob_bucket::"];

/// Those that return references have no bodies: no transaction can call them.
#[test]
fn every_function_that_can_be_called_is_there() {
    let coverage = Registry::embedded().coverage();
    let contracts = coverage
        .iter()
        .filter(|(path, _)| !LEFT_OUT.iter().any(|package| path.starts_with(package)));
    let unsupported: Vec<_> = contracts
        .filter(|(_, coverage)| *coverage == Coverage::Unsupported)
        .map(|(path, _)| path)
        .collect();
    assert!(unsupported.is_empty(), "{unsupported:?}");
}
