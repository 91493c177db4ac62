//! Types as they stand in signatures: with type parameters and references.

use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

use super::AbilitySet;

/// A Move type in a signature or layout; may mention the type parameters of its function or
/// datatype by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SigType {
    /// A type without parameters inside, ready to use.
    Concrete(TypeTag),
    /// `vector<T>` with a type parameter inside.
    Vector(Box<Self>),
    /// A datatype with a type parameter inside.
    Datatype(DatatypeName, Vec<Self>),
    /// A type parameter of the function or datatype.
    TypeParam(u16),
}

/// (defining package, module, name): what identifies a datatype everywhere
/// (`docs/spec/move-seam.md` rule 9).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DatatypeName {
    /// The package that defines the type.
    pub package: Address,
    /// Its module.
    pub module: Identifier,
    /// Its name.
    pub name: Identifier,
}

impl SigType {
    /// Whether `tag` is this type under the type arguments `args`.
    pub fn matches(&self, tag: &TypeTag, args: &[TypeTag]) -> bool {
        match (self, tag) {
            (Self::Concrete(own), _) => own == tag,
            (Self::TypeParam(index), _) => args.get(usize::from(*index)) == Some(tag),
            (Self::Vector(inner), TypeTag::Vector(element)) => inner.matches(element, args),
            (Self::Datatype(name, inner), TypeTag::Struct(tag)) => {
                name.module == *tag.module()
                    && name.name == *tag.name()
                    && name.package == *tag.address()
                    && inner.len() == tag.type_params().len()
                    && inner
                        .iter()
                        .zip(tag.type_params())
                        .all(|(own, arg)| own.matches(arg, args))
            }
            _ => false,
        }
    }

    /// This type under the type arguments `args`; `None` if a parameter has no argument.
    pub fn instantiate(&self, args: &[TypeTag]) -> Option<TypeTag> {
        Some(match self {
            Self::Concrete(tag) => tag.clone(),
            Self::TypeParam(index) => args.get(usize::from(*index))?.clone(),
            Self::Vector(inner) => TypeTag::Vector(Box::new(inner.instantiate(args)?)),
            Self::Datatype(name, inner) => {
                let inner = inner
                    .iter()
                    .map(|own| own.instantiate(args))
                    .collect::<Option<_>>()?;
                StructTag::new(name.package, name.module.clone(), name.name.clone(), inner).into()
            }
        })
    }
}

/// How a parameter takes its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// `T`: the value moves (or is copied, if it can be).
    Value,
    /// `&T`.
    Ref,
    /// `&mut T`.
    MutRef,
}

/// A parameter or return of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Name in the source; empty for returns.
    pub name: String,
    /// By value or by reference.
    pub passing: Passing,
    /// The type behind the reference.
    pub ty: SigType,
}

impl Param {
    /// Whether this is the transaction context, which is never an argument of a command.
    pub fn is_tx_context(&self) -> bool {
        self.passing != Passing::Value
            && matches!(&self.ty, SigType::Concrete(TypeTag::Struct(tag))
                if *tag.address() == Address::TWO
                    && *tag.module() == *"tx_context"
                    && *tag.name() == *"TxContext")
    }
}

/// A type parameter: constraint, and whether it is phantom (datatypes only).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeParam {
    /// Name in the source.
    pub name: String,
    /// Abilities an argument must have.
    pub constraints: AbilitySet,
    /// Phantom arguments do not limit the abilities of the datatype.
    pub is_phantom: bool,
}
