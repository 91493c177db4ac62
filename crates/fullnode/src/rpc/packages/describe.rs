//! Packages, datatypes and functions of the registry as messages.

use floe_ledger::{
    AbilitySet, Datatype, Function, Layout, Module, Package, Param, Passing, Registry, SigType,
    TypeParam, Visibility,
};
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, datatype_descriptor::DatatypeKind, function_descriptor,
    open_signature::Reference, open_signature_body::Type,
};
use sui_sdk_types::{MovePackage, TypeTag};

/// Adds what the registry knows to a package of the store.
pub(crate) fn complete(message: &mut proto::Package, stored: &MovePackage) {
    message.storage_id = Some(stored.id.to_string());
    message.version = Some(stored.version);
    let Some(package) = Registry::embedded().package(&stored.id) else {
        return;
    };
    message.original_id = Some(package.original_id.0.to_string());
    for own in &mut message.modules {
        if let Some(module) = package.modules.get(own.name()) {
            own.datatypes = module.datatypes.values().map(datatype).collect();
            own.functions = module.functions.values().map(function).collect();
        }
    }
}

/// A package of the registry that the store has no object for.
pub(crate) fn package(package: &Package, version: u64) -> proto::Package {
    let mut message = proto::Package::default();
    message.storage_id = Some(package.storage_id.0.to_string());
    message.original_id = Some(package.original_id.0.to_string());
    message.version = Some(version);
    message.modules = package.modules.values().map(module).collect();
    message.type_origins = package
        .modules
        .values()
        .flat_map(|module| module.datatypes.values())
        .map(type_origin)
        .collect();
    message
}

fn module(module: &Module) -> proto::Module {
    let mut message = proto::Module::default();
    message.name = Some(module.name.to_string());
    message.datatypes = module.datatypes.values().map(datatype).collect();
    message.functions = module.functions.values().map(function).collect();
    message
}

fn type_origin(datatype: &Datatype) -> proto::TypeOrigin {
    let mut message = proto::TypeOrigin::default();
    message.module_name = Some(datatype.module.to_string());
    message.datatype_name = Some(datatype.name.to_string());
    message.package_id = Some(datatype.defining_id.0.to_string());
    message
}

/// A struct or enum.
pub(crate) fn datatype(datatype: &Datatype) -> proto::DatatypeDescriptor {
    let defining_id = datatype.defining_id.0;
    let mut message = proto::DatatypeDescriptor::default();
    message.type_name = Some(format!(
        "{defining_id}::{}::{}",
        datatype.module, datatype.name
    ));
    message.defining_id = Some(defining_id.to_string());
    message.module = Some(datatype.module.to_string());
    message.name = Some(datatype.name.to_string());
    message.abilities = abilities(datatype.abilities);
    message.type_parameters = datatype.type_params.iter().map(type_parameter).collect();
    match &datatype.layout {
        Layout::Struct(own) => {
            message.set_kind(DatatypeKind::Struct);
            message.fields = fields(own);
        }
        Layout::Enum(variants) => {
            message.set_kind(DatatypeKind::Enum);
            message.variants = (0..)
                .zip(variants)
                .map(|(position, variant)| {
                    let mut message = proto::VariantDescriptor::default();
                    message.name = Some(variant.name.clone());
                    message.position = Some(position);
                    message.fields = fields(&variant.fields);
                    message
                })
                .collect();
        }
    }
    message
}

fn fields(fields: &[(String, SigType)]) -> Vec<proto::FieldDescriptor> {
    (0..)
        .zip(fields)
        .map(|(position, (name, ty))| {
            let mut message = proto::FieldDescriptor::default();
            message.name = Some(name.clone());
            message.position = Some(position);
            message.r#type = Some(body(ty));
            message
        })
        .collect()
}

/// A function's signature. The transaction context is a parameter like others.
pub(crate) fn function(function: &Function) -> proto::FunctionDescriptor {
    let mut message = proto::FunctionDescriptor::default();
    message.name = Some(function.name.to_string());
    message.set_visibility(match function.visibility {
        Visibility::Public => function_descriptor::Visibility::Public,
        Visibility::Private => function_descriptor::Visibility::Private,
    });
    message.is_entry = Some(function.is_entry);
    message.type_parameters = function.type_params.iter().map(type_parameter).collect();
    message.parameters = function.params.iter().map(signature).collect();
    message.returns = function.returns.iter().map(signature).collect();
    message
}

fn type_parameter(param: &TypeParam) -> proto::TypeParameter {
    let mut message = proto::TypeParameter::default();
    message.constraints = abilities(param.constraints);
    message.is_phantom = Some(param.is_phantom);
    message
}

fn abilities(set: AbilitySet) -> Vec<i32> {
    let named = [
        (AbilitySet::COPY, proto::Ability::Copy),
        (AbilitySet::DROP, proto::Ability::Drop),
        (AbilitySet::STORE, proto::Ability::Store),
        (AbilitySet::KEY, proto::Ability::Key),
    ];
    named
        .into_iter()
        .filter(|(ability, _)| set.contains(*ability))
        .map(|(_, ability)| ability.into())
        .collect()
}

fn signature(param: &Param) -> proto::OpenSignature {
    let mut message = proto::OpenSignature::default();
    match param.passing {
        Passing::Value => {}
        Passing::Ref => message.set_reference(Reference::Immutable),
        Passing::MutRef => message.set_reference(Reference::Mutable),
    }
    message.body = Some(body(&param.ty));
    message
}

/// Recursion is bounded: signatures come from the program's own tables.
fn body(ty: &SigType) -> proto::OpenSignatureBody {
    let mut message = proto::OpenSignatureBody::default();
    match ty {
        SigType::Concrete(tag) => return concrete(tag),
        SigType::TypeParam(index) => {
            message.set_type(Type::Parameter);
            message.type_parameter = Some(u32::from(*index));
        }
        SigType::Vector(element) => {
            message.set_type(Type::Vector);
            message.type_parameter_instantiation = vec![body(element)];
        }
        SigType::Datatype(name, args) => {
            message.set_type(Type::Datatype);
            message.type_name = Some(format!("{}::{}::{}", name.package, name.module, name.name));
            message.type_parameter_instantiation = args.iter().map(body).collect();
        }
    }
    message
}

fn concrete(tag: &TypeTag) -> proto::OpenSignatureBody {
    let mut message = proto::OpenSignatureBody::default();
    let ty = match tag {
        // Signers occur in no signature that a transaction can call.
        TypeTag::Address | TypeTag::Signer => Type::Address,
        TypeTag::Bool => Type::Bool,
        TypeTag::U8 => Type::U8,
        TypeTag::U16 => Type::U16,
        TypeTag::U32 => Type::U32,
        TypeTag::U64 => Type::U64,
        TypeTag::U128 => Type::U128,
        TypeTag::U256 => Type::U256,
        TypeTag::Vector(element) => {
            message.type_parameter_instantiation = vec![concrete(element)];
            Type::Vector
        }
        TypeTag::Struct(tag) => {
            message.type_name = Some(format!(
                "{}::{}::{}",
                tag.address(),
                tag.module(),
                tag.name()
            ));
            message.type_parameter_instantiation = tag.type_params().iter().map(concrete).collect();
            Type::Datatype
        }
    };
    message.set_type(ty);
    message
}

#[cfg(test)]
mod tests {
    use sui_sdk_types::Address;

    use super::*;

    #[test]
    fn the_type_of_wal_can_be_read_from_a_signature() {
        let walrus = Registry::parse_type("walrus::blob::Blob").unwrap();
        let TypeTag::Struct(blob) = walrus else {
            panic!("{walrus:?}")
        };
        let stake = Registry::embedded()
            .function(blob.address(), "staking", "stake_with_pool")
            .unwrap();
        let message = function(stake);
        let coin = message.parameters[1].body.as_ref().unwrap();
        assert_eq!(coin.type_name(), format!("{}::coin::Coin", Address::TWO));
        let wal = &coin.type_parameter_instantiation[0];
        assert!(wal.type_name().ends_with("::wal::WAL"));
        let last = message.parameters.last().unwrap();
        assert_eq!(last.reference(), Reference::Mutable);
    }
}
