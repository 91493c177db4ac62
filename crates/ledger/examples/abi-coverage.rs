//! Which functions of the contracts' interface (`docs/spec/contracts_abi.json`) the ledger offers:
//! `cargo xtask abi-coverage`.

use std::collections::BTreeMap;

use floe_ledger::{Coverage, Registry};

/// Packages of the Sui framework, whose interface is not the contracts'.
const FRAMEWORK: [&str; 3] = ["std", "sui", "sui_system"];
/// Example-grade, and on no network: left out.
const LEFT_OUT: &str = "blob_bucket";

#[derive(Default)]
struct Counts {
    implemented: usize,
    returns_reference: usize,
    unsupported: Vec<String>,
}

fn main() {
    let mut modules: BTreeMap<String, Counts> = BTreeMap::new();
    for (path, coverage) in Registry::embedded().coverage() {
        let package = path.split("::").next().unwrap_or_default();
        if FRAMEWORK.contains(&package) || package == LEFT_OUT {
            continue;
        }
        let Some((module, function)) = path.rsplit_once("::") else {
            continue;
        };
        let counts = modules.entry(module.to_owned()).or_default();
        match coverage {
            Coverage::Implemented => counts.implemented += 1,
            Coverage::ReturnsReference => counts.returns_reference += 1,
            Coverage::Unsupported => counts.unsupported.push(function.to_owned()),
        }
    }
    println!("implemented  reference  unsupported  module");
    for (module, counts) in &modules {
        let (reference, unsupported) = (counts.returns_reference, counts.unsupported.len());
        println!(
            "{:>11}  {reference:>9}  {unsupported:>11}  {module}",
            counts.implemented
        );
        for function in &counts.unsupported {
            println!("{:>38}{module}::{function}", "");
        }
    }
    let sum = |count: fn(&Counts) -> usize| modules.values().map(count).sum::<usize>();
    println!(
        "{:>11}  {:>9}  {:>11}  all but {LEFT_OUT}",
        sum(|counts| counts.implemented),
        sum(|counts| counts.returns_reference),
        sum(|counts| counts.unsupported.len()),
    );
}
