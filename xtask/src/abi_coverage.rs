//! `cargo xtask abi-coverage`: what the ledger offers of the contracts' interface.

use miette::Result;

use crate::process;

/// Prints a table with a line per module, and every function that is not supported. A test of the
/// ledger holds their number at zero.
///
/// # Errors
/// The ledger can't be built.
pub(crate) fn run() -> Result<()> {
    let package = ["run", "--quiet", "--locked", "--package", "floe-ledger"];
    process::run(
        "cargo",
        package.into_iter().chain(["--example", "abi-coverage"]),
    )
}
