//! Where the contracts abort, as `docs/spec/contracts_abi.json` lists it, in two sides: each side's
//! test holds all of its places to account, and what is not on the one is on the other.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions, of which each test uses a part"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Modules of the system side; all others are of the staking side.
pub const SYSTEM_SIDE: [&str; 17] = [
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
/// On no network, and left out of the ledger.
const LEFT_OUT: &str = "blob_bucket::";

/// An error, and a function that raises it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// `package::module::Error`.
    pub error: String,
    /// The function.
    pub function: String,
    pub code: u64,
}

impl Place {
    /// `module::function code`.
    pub fn short(&self) -> String {
        let module = self.error.split("::").nth(1).unwrap();
        format!("{module}::{} {}", self.function, self.code)
    }
}

/// All places of the modules of a side.
pub fn places(system_side: bool) -> BTreeSet<Place> {
    let text = include_str!("../../../../docs/spec/contracts_abi.json");
    let abi: Value = serde_json::from_str(text).unwrap();
    let mut all = BTreeSet::new();
    let modules = abi["modules"].as_object().unwrap().iter();
    let modules = modules.filter(|(module, _)| {
        !module.starts_with(LEFT_OUT) && SYSTEM_SIDE.contains(&module.as_str()) == system_side
    });
    for (module, content) in modules {
        for (error, code) in content["errors"].as_object().into_iter().flatten() {
            let sites = content["abort_sites"][error].as_array();
            let sites = sites.filter(|sites| !sites.is_empty());
            for function in sites.unwrap_or_else(|| panic!("{module}::{error} is raised nowhere")) {
                all.insert(Place {
                    error: format!("{module}::{error}"),
                    function: function.as_str().unwrap().to_owned(),
                    code: code.as_u64().unwrap(),
                });
            }
        }
    }
    all
}

/// Every place is reached, or explained; none is both, and no explanation is of no place.
pub fn assert_complete(
    places: &BTreeSet<Place>,
    is_reached: impl Fn(&Place) -> bool,
    explained: &BTreeMap<String, &str>,
) {
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for place in places {
        let keys = [place.short(), place.error.clone()];
        let explanation = keys.iter().find(|key| explained.contains_key(*key));
        used.extend(explanation.cloned());
        match (is_reached(place), explanation) {
            (true, Some(_)) => wrong.push(format!("reached after all: {place:?}")),
            (false, None) => wrong.push(format!("neither reached nor explained: {place:?}")),
            _ => {}
        }
    }
    let stale = explained.keys().filter(|key| !used.contains(*key));
    wrong.extend(stale.map(|key| format!("explains nothing: {key}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
