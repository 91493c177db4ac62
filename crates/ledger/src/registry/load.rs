//! Builds the registry from the interface tables and the native bodies.

use std::collections::BTreeMap;

use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

use super::{
    AbilitySet, Body, Datatype, DatatypeName, DefiningId, Function, Layout, Module, OriginalId,
    Package, Param, Passing, Registry, RegistryError, SigType, StorageId, TypeParam, Variant,
    Visibility,
    abi::{AbiFile, AbiFunction, AbiModule, TypeExpr, split_list},
    names,
};
use crate::call::NativeFn;

/// A module's bodies: `(package, module, [(function, body)])`.
pub(crate) type ModuleBodies = (
    &'static str,
    &'static str,
    &'static [(&'static str, NativeFn)],
);

pub(super) fn load(tables: &[&str], bodies: &[&[ModuleBodies]]) -> Result<Registry, RegistryError> {
    let mut packages = BTreeMap::new();
    for table in tables {
        for (path, abi) in AbiFile::parse(table)?.modules {
            let (package, module) = path
                .split_once("::")
                .ok_or_else(|| RegistryError::Type { text: path.clone() })?;
            let id = names::package_id(package)?;
            packages
                .entry(id)
                .or_insert_with(|| Package {
                    name: package.to_owned(),
                    storage_id: StorageId(id),
                    original_id: OriginalId(id),
                    modules: BTreeMap::new(),
                })
                .modules
                .insert(module.to_owned(), load_module(id, module, &abi)?);
        }
    }
    let mut registry = Registry { packages };
    for (package, module, functions) in bodies.iter().copied().flatten() {
        attach(&mut registry, package, module, functions)?;
    }
    Ok(registry)
}

/// Gives the functions of a module their bodies. A body without a listed function is an error: the
/// table and the code must agree.
fn attach(
    registry: &mut Registry,
    package: &str,
    module: &str,
    bodies: &[(&str, NativeFn)],
) -> Result<(), RegistryError> {
    let id = names::package_id(package)?;
    for (name, body) in bodies {
        let function = registry
            .packages
            .get_mut(&id)
            .and_then(|package| package.modules.get_mut(module))
            .and_then(|module| module.functions.get_mut(*name));
        match function {
            Some(function) if function.body.is_none() => {
                function.body = Some(Body::Native(*body));
            }
            _ => {
                return Err(RegistryError::BodyWithoutFunction {
                    function: format!("{package}::{module}::{name}"),
                });
            }
        }
    }
    Ok(())
}

fn load_module(package: Address, name: &str, abi: &AbiModule) -> Result<Module, RegistryError> {
    let module_name = identifier(name)?;
    let mut datatypes = BTreeMap::new();
    for (name, item) in &abi.structs {
        let type_params = type_params(&item.type_params)?;
        let layout = Layout::Struct(struct_fields(&item.fields, &type_params)?);
        datatypes.insert(
            name.clone(),
            datatype(
                package,
                &module_name,
                name,
                &item.abilities,
                type_params,
                layout,
            )?,
        );
    }
    for (name, item) in &abi.enums {
        let type_params = type_params(&item.type_params)?;
        let variants = item
            .variants
            .iter()
            .map(|(name, items)| {
                Ok(Variant {
                    name: name.clone(),
                    fields: fields(items, &type_params)?,
                })
            })
            .collect::<Result<_, RegistryError>>()?;
        datatypes.insert(
            name.clone(),
            datatype(
                package,
                &module_name,
                name,
                &item.abilities,
                type_params,
                Layout::Enum(variants),
            )?,
        );
    }
    let functions = abi
        .functions
        .iter()
        .zip(0_u16..)
        .map(|((name, item), index)| {
            Ok((
                name.clone(),
                function(package, &module_name, name, index, item)?,
            ))
        })
        .collect::<Result<_, RegistryError>>()?;
    Ok(Module {
        name: module_name,
        datatypes,
        functions,
        errors: abi.errors.clone(),
    })
}

fn datatype(
    package: Address,
    module: &Identifier,
    name: &str,
    abilities: &[String],
    type_params: Vec<TypeParam>,
    layout: Layout,
) -> Result<Datatype, RegistryError> {
    Ok(Datatype {
        defining_id: DefiningId(package),
        module: module.clone(),
        name: identifier(name)?,
        abilities: ability_set(abilities.iter().map(String::as_str))?,
        type_params,
        layout,
    })
}

fn function(
    package: Address,
    module: &Identifier,
    name: &str,
    index: u16,
    abi: &AbiFunction,
) -> Result<Function, RegistryError> {
    let type_params = type_params(&abi.type_params)?;
    let params = abi
        .params
        .iter()
        .map(|(name, text)| param(name, text, &type_params))
        .collect::<Result<_, _>>()?;
    let returns = abi.returns.trim();
    let returns = returns
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(returns);
    let returns = split_list(returns)
        .into_iter()
        .map(|text| param("", text, &type_params))
        .collect::<Result<_, _>>()?;
    Ok(Function {
        package,
        module: module.clone(),
        name: identifier(name)?,
        index,
        visibility: if abi.visibility.contains("public") {
            Visibility::Public
        } else {
            Visibility::Private
        },
        is_entry: abi.visibility.contains("entry"),
        type_params,
        params,
        returns,
        body: None,
    })
}

fn param(name: &str, text: &str, type_params: &[TypeParam]) -> Result<Param, RegistryError> {
    let text = text.trim();
    let (passing, text) = if let Some(rest) = text.strip_prefix("&mut ") {
        (Passing::MutRef, rest)
    } else if let Some(rest) = text.strip_prefix('&') {
        (Passing::Ref, rest)
    } else {
        (Passing::Value, text)
    };
    let ty = sig_type(&TypeExpr::parse(text)?, type_params)?;
    Ok(Param {
        name: name.to_owned(),
        passing,
        ty,
    })
}

/// The compiler gives a struct without fields one, so that it has a byte in BCS. Variants of enums
/// have their index.
fn struct_fields(
    items: &[(String, String)],
    type_params: &[TypeParam],
) -> Result<Vec<(String, SigType)>, RegistryError> {
    if items.is_empty() {
        let dummy = SigType::Concrete(TypeTag::Bool);
        return Ok(vec![("dummy_field".to_owned(), dummy)]);
    }
    fields(items, type_params)
}

fn fields(
    items: &[(String, String)],
    type_params: &[TypeParam],
) -> Result<Vec<(String, SigType)>, RegistryError> {
    items
        .iter()
        .map(|(name, text)| {
            Ok((
                name.clone(),
                sig_type(&TypeExpr::parse(text)?, type_params)?,
            ))
        })
        .collect()
}

/// `phantom T: copy + drop, U` → type parameters.
fn type_params(text: &str) -> Result<Vec<TypeParam>, RegistryError> {
    split_list(text)
        .into_iter()
        .map(|item| {
            let (name, constraints) = item.split_once(':').unwrap_or((item, ""));
            let name = name.trim();
            let plain = name.strip_prefix("phantom ");
            Ok(TypeParam {
                name: plain.unwrap_or(name).trim().to_owned(),
                constraints: ability_set(
                    constraints
                        .split('+')
                        .map(str::trim)
                        .filter(|name| !name.is_empty()),
                )?,
                is_phantom: plain.is_some(),
            })
        })
        .collect()
}

fn ability_set<'a>(names: impl Iterator<Item = &'a str>) -> Result<AbilitySet, RegistryError> {
    names.into_iter().try_fold(AbilitySet::NONE, |set, name| {
        AbilitySet::parse(name)
            .map(|ability| set.union(ability))
            .ok_or_else(|| RegistryError::Type {
                text: name.to_owned(),
            })
    })
}

fn sig_type(expr: &TypeExpr<'_>, type_params: &[TypeParam]) -> Result<SigType, RegistryError> {
    let concrete = |tag| Ok(SigType::Concrete(tag));
    match (expr.name, expr.args.as_slice()) {
        ("bool", []) => concrete(TypeTag::Bool),
        ("u8", []) => concrete(TypeTag::U8),
        ("u16", []) => concrete(TypeTag::U16),
        ("u32", []) => concrete(TypeTag::U32),
        ("u64", []) => concrete(TypeTag::U64),
        ("u128", []) => concrete(TypeTag::U128),
        ("u256", []) => concrete(TypeTag::U256),
        ("address", []) => concrete(TypeTag::Address),
        ("vector", [element]) => Ok(match sig_type(element, type_params)? {
            SigType::Concrete(tag) => SigType::Concrete(TypeTag::Vector(Box::new(tag))),
            open => SigType::Vector(Box::new(open)),
        }),
        (name, []) if let Some(index) = type_params.iter().position(|param| param.name == name) => {
            u16::try_from(index)
                .map(SigType::TypeParam)
                .map_err(|_| RegistryError::Type {
                    text: name.to_owned(),
                })
        }
        (path, args) => datatype_type(path, args, type_params),
    }
}

fn datatype_type(
    path: &str,
    args: &[TypeExpr<'_>],
    type_params: &[TypeParam],
) -> Result<SigType, RegistryError> {
    let mut parts = path.split("::");
    let (Some(package), Some(module), Some(name), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(RegistryError::Type {
            text: path.to_owned(),
        });
    };
    let name = DatatypeName {
        package: names::package_id(package)?,
        module: identifier(module)?,
        name: identifier(name)?,
    };
    let args = args
        .iter()
        .map(|arg| sig_type(arg, type_params))
        .collect::<Result<Vec<_>, _>>()?;
    let tags = args
        .iter()
        .map(|arg| match arg {
            SigType::Concrete(tag) => Some(tag.clone()),
            _ => None,
        })
        .collect::<Option<Vec<_>>>();
    Ok(match tags {
        Some(tags) => {
            SigType::Concrete(StructTag::new(name.package, name.module, name.name, tags).into())
        }
        None => SigType::Datatype(name, args),
    })
}

/// A type without type parameters, with package names for addresses.
pub(super) fn parse_type(text: &str) -> Result<TypeTag, RegistryError> {
    match sig_type(&TypeExpr::parse(text)?, &[])? {
        SigType::Concrete(tag) => Ok(tag),
        _ => Err(RegistryError::Type {
            text: text.to_owned(),
        }),
    }
}

fn identifier(text: &str) -> Result<Identifier, RegistryError> {
    Identifier::new(text).map_err(|_| RegistryError::Type {
        text: text.to_owned(),
    })
}
