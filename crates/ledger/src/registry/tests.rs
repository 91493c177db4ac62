use super::{load::load, *};
use crate::modules;

#[test]
fn embedded_tables_load() {
    assert!(Registry::embedded().packages().count() >= 8);
}

#[test]
fn every_body_is_listed_once() {
    let tables = [
        include_str!("../../abi/framework.json"),
        include_str!("../../../../docs/spec/contracts_abi.json"),
    ];
    let bodies: usize = modules::BODIES
        .iter()
        .copied()
        .flatten()
        .map(|(_, _, list)| list.len())
        .sum();
    let registry = load(&tables, modules::BODIES).unwrap();
    assert_eq!(
        registry
            .coverage()
            .iter()
            .filter(|(_, coverage)| *coverage == Coverage::Implemented)
            .count(),
        bodies
    );
}

#[test]
fn every_type_in_the_tables_exists_and_fits_its_constraints() {
    fn check(registry: &Registry, ty: &SigType, place: &str) {
        match ty {
            SigType::Concrete(tag) => {
                registry
                    .check_type(tag)
                    .unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            SigType::TypeParam(_) => {}
            SigType::Vector(inner) => check(registry, inner, place),
            SigType::Datatype(name, args) => {
                let datatype = registry
                    .datatype(&name.package, name.module.as_str(), name.name.as_str())
                    .unwrap_or_else(|| panic!("{place}: no {name:?}"));
                assert_eq!(datatype.type_params.len(), args.len(), "{place}: {name:?}");
                args.iter().for_each(|arg| check(registry, arg, place));
            }
        }
    }
    let registry = Registry::embedded();
    for package in registry.packages() {
        for (module, content) in &package.modules {
            for (name, function) in &content.functions {
                let place = format!("{}::{module}::{name}", package.name);
                for param in function.params.iter().chain(&function.returns) {
                    check(registry, &param.ty, &place);
                }
            }
            for (name, datatype) in &content.datatypes {
                let place = format!("{}::{module}::{name}", package.name);
                let fields: Vec<_> = match &datatype.layout {
                    Layout::Struct(fields) => fields.iter().collect(),
                    Layout::Enum(variants) => variants.iter().flat_map(|v| &v.fields).collect(),
                };
                fields
                    .iter()
                    .for_each(|(_, ty)| check(registry, ty, &place));
            }
        }
    }
}

#[test]
fn a_body_without_a_listed_function_fails_the_load() {
    let table = r#"{"modules": {"sui::coin": {}}}"#;
    let error = load(&[table], modules::BODIES).unwrap_err();
    assert!(
        matches!(error, RegistryError::BodyWithoutFunction { .. }),
        "{error}"
    );
}

#[test]
fn the_framework_is_complete_and_contracts_say_what_they_lack() {
    let (has, lacks): (Vec<_>, Vec<_>) = Registry::embedded()
        .coverage()
        .into_iter()
        .partition(|(_, coverage)| *coverage == Coverage::Implemented);
    assert!(has.len() + lacks.len() > 300);
    let framework: Vec<_> = lacks
        .iter()
        .filter(|(name, _)| name.starts_with("sui::") || name.starts_with("std::"))
        .collect();
    assert!(framework.is_empty(), "{framework:?}");
}

/// Clients keep these ids in their configuration: they never change.
#[test]
fn package_ids_are_frozen() {
    let ids: Vec<_> = ["std", "sui", "wal", "walrus", "wal_exchange"]
        .into_iter()
        .map(|name| names::package_id(name).unwrap().to_string())
        .collect();
    assert_eq!(
        ids,
        [
            "0x0000000000000000000000000000000000000000000000000000000000000001",
            "0x0000000000000000000000000000000000000000000000000000000000000002",
            "0xb2add2ddf4bb3380542382b17178013e183e627a7b2098c54371e6feeb0bbe34",
            "0x6b0713019fa64412b7ff93b7f4a9027c7cb9e84531b374e61324fe3da66a554e",
            "0xb8872771bf68029e62d7894ea4bed713675a4066b32122d84cc22aba872c1512",
        ]
    );
}
