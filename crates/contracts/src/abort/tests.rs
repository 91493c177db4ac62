use std::collections::BTreeMap;

use sui_sdk_types::{Address, Identifier};

use super::*;

/// Modules of the framework, which `contracts_abi.json` does not list.
const FRAMEWORK: &[&str] = &[
    "balance",
    "bcs",
    "dynamic_field",
    "group_ops",
    "option",
    "package",
    "vec_map",
];

#[test]
fn the_rules_are_those_of_the_contracts() {
    let text = include_str!("../../../../docs/spec/contracts_abi.json");
    let abi: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut theirs = BTreeMap::new();
    for (module, content) in abi["modules"].as_object().unwrap() {
        let (_, module) = module.split_once("::").unwrap();
        for (name, code) in content["errors"].as_object().into_iter().flatten() {
            theirs.insert((module.to_owned(), code.as_u64().unwrap()), name.clone());
        }
    }
    let ours: BTreeMap<_, _> = table::ABORTS
        .iter()
        .filter(|rule| !FRAMEWORK.contains(&rule.module))
        .map(|rule| ((rule.module.to_owned(), rule.code), rule.name.to_owned()))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn every_rule_has_a_sentence_of_its_own_in_its_module() {
    for rule in table::ABORTS {
        let starts_small = rule.sentence.chars().next().is_some_and(char::is_lowercase);
        assert!(starts_small && !rule.sentence.ends_with('.'), "{rule:?}");
        let same =
            |other: &&AbortName| other.module == rule.module && other.sentence == rule.sentence;
        assert_eq!(table::ABORTS.iter().filter(same).count(), 1, "{rule:?}");
    }
}

#[test]
fn an_abort_says_what_happened() {
    let location = MoveLocation {
        package: Address::TWO,
        module: Identifier::from_static("bls_aggregate"),
        function: 3,
        instruction: 7,
        function_name: Some(Identifier::from_static("verify_certificate_and_weight")),
    };
    let abort = Abort::new(&location, 2, Some(0));
    assert!(abort.is("bls_aggregate", "ENotEnoughStake"));
    assert!(!abort.is_retryable());
    assert_eq!(
        abort.to_string(),
        "the certificate's signers hold too few shards (bls_aggregate::ENotEnoughStake) in \
         verify_certificate_and_weight"
    );
    let unknown = Abort::new(&location, 99, None);
    assert_eq!(
        unknown.to_string(),
        "refused by bls_aggregate with code 99 in verify_certificate_and_weight"
    );
}
