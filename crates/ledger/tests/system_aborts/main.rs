//! Every abort of the system side of the contracts is reached by a transaction, or listed with the
//! reason why none can (`docs/spec/contracts.md` §8). The place of each abort is the
//! specification's.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

#[path = "../aborts/mod.rs"]
mod aborts;
mod cases;
#[path = "../network/mod.rs"]
mod network;
#[path = "../support/mod.rs"]
mod support;
mod things;

use std::collections::{BTreeMap, BTreeSet};

use cases::{CASES, Case};
use floe_ledger::Registry;
use network::Abort;
use things::Things;

const OTHER_VERSION: &str = "needs an object written by another package version";
const OTHER_EPOCH: &str = "messages of other epochs are refused before";

/// Errors, or places that raise them (`module::function code`), that no transaction can reach, and
/// why.
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
    ("walrus::system::EWrongVersion", OTHER_VERSION),
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
        "system_state_inner::reserve_space_without_payment 2",
        "its callers have checked the epochs",
    ),
    ("system_state_inner::invalidate_blob_id 3", OTHER_EPOCH),
    ("system_state_inner::certify_blob 3", OTHER_EPOCH),
    ("system_state_inner::certify_pooled_blob 3", OTHER_EPOCH),
    ("system_state_inner::update_protocol_version 3", OTHER_EPOCH),
    ("system_state_inner::update_deny_list 3", OTHER_EPOCH),
    ("system_state_inner::delete_deny_listed_blob 3", OTHER_EPOCH),
    ("subsidies::extend_blob 2", OTHER_VERSION),
    ("subsidies::reserve_space 2", OTHER_VERSION),
    ("subsidies::register_blob 2", OTHER_VERSION),
    ("subsidies::migrate 2", OTHER_VERSION),
    (
        "walrus_subsidies::epoch_balance::EIndexOutOfBounds",
        "as long as the system's accounts",
    ),
    (
        "walrus_subsidies::walrus_subsidies::EWrongVersion",
        OTHER_VERSION,
    ),
];

#[test]
fn every_place_is_reached_or_explained() {
    let reached = CASES.into_iter().flatten();
    let reached: BTreeSet<_> = reached.map(|case| (case.error, case.place)).collect();
    let explained = UNREACHABLE.iter();
    let explained = explained.map(|(what, reason)| ((*what).to_owned(), *reason));
    aborts::assert_complete(
        &aborts::places(true),
        |place| reached.contains(&(place.error.as_str(), place.function.as_str())),
        &explained.collect::<BTreeMap<_, _>>(),
    );
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
