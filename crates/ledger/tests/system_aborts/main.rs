//! Every abort of the system side of the contracts is reached by a transaction, or listed with the
//! reason why none can (`docs/spec/contracts.md` §8). The place of each abort is the
//! specification's.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod cases;
#[path = "../network/mod.rs"]
mod network;
#[path = "../support/mod.rs"]
mod support;
mod things;

use std::collections::BTreeSet;

use cases::{CASES, Case};
use floe_ledger::Registry;
use network::Abort;
use things::Things;

/// Modules whose errors are held to account here.
const MODULES: [&str; 17] = [
    "subsidies::subsidies",
    "wal_exchange::wal_exchange",
    "walrus::blob",
    "walrus::bls_aggregate",
    "walrus::encoding",
    "walrus::event_blob",
    "walrus::messages",
    "walrus::metadata",
    "walrus::shared_blob",
    "walrus::storage_accounting",
    "walrus::storage_pool",
    "walrus::storage_resource",
    "walrus::system",
    "walrus::system_state_inner",
    "walrus_subsidies::epoch_balance",
    "walrus_subsidies::walrus_subsidies",
    "walrus_subsidies::walrus_subsidies_inner",
];

/// Errors that no transaction can reach, and why.
const UNREACHABLE: &[(&str, &str)] = &[
    (
        "walrus::bls_aggregate::EIncorrectCommittee",
        "selection drops nodes without shards (EZeroNodeWeight comes first)",
    ),
    (
        "walrus::event_blob::EInvalidSequenceNumber",
        "an attestation at or before the latest certified blob returns before",
    ),
    (
        "walrus::messages::ENotDeletable",
        "only asked of messages that are deletable",
    ),
    (
        "walrus::storage_accounting::ETooFarInFuture",
        "every range is checked against the buffer's length first",
    ),
    (
        "walrus::storage_pool::EInvalidBlobSize",
        "the pool's counters cover its blobs",
    ),
    (
        "walrus::storage_pool::EInvalidBlobCount",
        "the pool's counters cover its blobs",
    ),
    (
        "walrus::storage_pool::EWrongVersion",
        "only version 1 exists",
    ),
    (
        "walrus::storage_resource::EInvalidEpochRange",
        "every range is checked before storage is made",
    ),
    (
        "walrus::system::EInvalidMigration",
        "staking is migrated first and fails",
    ),
    (
        "walrus::system::EWrongVersion",
        "needs an object written by another package version",
    ),
    (
        "walrus::system_state_inner::EInvalidMaxEpochsAhead",
        "only at deployment: see too_many_epochs_ahead_cannot_be_deployed",
    ),
    (
        "walrus::system_state_inner::EIncorrectCommittee",
        "the epoch change always makes the next epoch's committee",
    ),
    (
        "walrus::system_state_inner::EInvalidAccountingEpoch",
        "accounts and committee advance together",
    ),
    (
        "walrus_subsidies::epoch_balance::EIndexOutOfBounds",
        "as long as the system's accounts",
    ),
    (
        "walrus_subsidies::walrus_subsidies::EWrongVersion",
        "needs an object written by another package version",
    ),
];

#[test]
fn every_error_is_reached_or_explained() {
    let reached = CASES.into_iter().flatten().map(|case| case.error);
    let explained = UNREACHABLE.iter().map(|(error, _)| *error);
    let listed: BTreeSet<String> = reached
        .clone()
        .chain(explained.clone())
        .map(String::from)
        .collect();
    let mut all = BTreeSet::new();
    for package in Registry::embedded().packages() {
        for (name, module) in &package.modules {
            let path = format!("{}::{name}", package.name);
            if MODULES.contains(&path.as_str()) {
                all.extend(module.errors.keys().map(|error| format!("{path}::{error}")));
            }
        }
    }
    let missing: Vec<_> = all.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "neither reached nor explained: {missing:?}"
    );
    let both: Vec<_> = reached
        .filter(|error| explained.clone().any(|own| own == *error))
        .collect();
    assert!(both.is_empty(), "reached after all: {both:?}");
}

#[test]
fn aborts_are_those_of_the_specification() {
    let (mut network, things) = Things::new();
    let mut wrong = Vec::new();
    for case in CASES.into_iter().flatten() {
        let sender = (case.sender)(&network);
        let outcome = network.run(sender, |tx| (case.write)(&things, tx));
        let abort = network::abort_of(&outcome);
        if !abort.as_ref().is_some_and(|abort| is_expected(case, abort)) {
            let got = outcome.failure.map(|failure| failure.to_string());
            wrong.push(format!("{} ({}): {got:?}", case.error, case.place));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    network.check_supply();
}

/// Code, module and function are the table's.
fn is_expected(case: &Case, abort: &Abort) -> bool {
    let mut parts = case.error.split("::");
    let (package, module, error) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    let packages = Registry::embedded().packages();
    let code = packages
        .filter(|own| own.name == package)
        .find_map(|own| own.modules.get(module))
        .map(|own| own.errors[error]);
    abort.module == module && Some(abort.code) == code && abort.function == case.place
}

/// The specification's `abort_sites` name every place in the cases, and no other.
#[test]
fn the_places_of_the_cases_are_the_specification_s() {
    let abi: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/spec/contracts_abi.json")).unwrap();
    for case in CASES.into_iter().flatten() {
        let (module, error) = case.error.rsplit_once("::").unwrap();
        let Some(sites) = abi["modules"][module]["abort_sites"][error].as_array() else {
            // The framework's errors have no sites in the file.
            assert!(module.starts_with("sui::"), "{}", case.error);
            continue;
        };
        assert!(
            sites.iter().any(|site| site == case.place),
            "{} is not raised in {}: {sites:?}",
            case.error,
            case.place
        );
    }
}

#[test]
fn too_many_epochs_ahead_cannot_be_deployed() {
    let mut genesis = network::genesis_config(&network::Options::default());
    genesis.max_epochs_ahead = 1001;
    let config = floe_ledger::GenesisConfig {
        time_ms: 1,
        validator_key: vec![7; 96],
    };
    let mut builder = floe_ledger::GenesisBuilder::new(&config).unwrap();
    let error = builder.walrus(&genesis).unwrap_err().to_string();
    assert!(
        error.ends_with("::system_state_inner::create_empty aborts with code 0"),
        "{error}"
    );
}
