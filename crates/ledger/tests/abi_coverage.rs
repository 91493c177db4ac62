//! The contracts' interface is offered as far as it ever was.

use std::collections::BTreeSet;

use floe_ledger::{Coverage, Registry};

/// Every function of the contracts that calls cannot use, one a line. Only ever remove lines.
const UNSUPPORTED: &str = include_str!("../abi/unsupported.txt");
/// The framework is offered in parts, and `blob_bucket` is on no network.
const LEFT_OUT: [&str; 4] = ["std::", "sui::", "sui_system::", "blob_bucket::"];

#[test]
fn what_is_unsupported_only_ever_shrinks() {
    let listed: BTreeSet<&str> = UNSUPPORTED.lines().collect();
    let coverage = Registry::embedded().coverage();
    let unsupported: BTreeSet<&str> = coverage
        .iter()
        .filter(|(path, _)| !LEFT_OUT.iter().any(|package| path.starts_with(package)))
        .filter(|(_, coverage)| *coverage == Coverage::Unsupported)
        .map(|(path, _)| path.as_str())
        .collect();
    let lost: Vec<_> = unsupported.difference(&listed).collect();
    assert!(lost.is_empty(), "have lost their bodies: {lost:?}");
}
