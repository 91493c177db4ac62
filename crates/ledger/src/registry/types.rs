//! What is known about instantiated types: existence, abilities, constraints.

use sui_sdk_types::{StructTag, TypeTag};

use super::{AbilitySet, Datatype, Registry, TypeParam};

/// Bounds on type tags that come from outside.
#[derive(Clone, Copy, Debug)]
pub struct TypeLimits;

impl TypeLimits {
    /// Deepest nesting of a type argument.
    pub const DEPTH_MAX: usize = 16;
    /// Most nodes in one type argument.
    pub const NODES_MAX: usize = 128;
}

/// Why a type cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// No such package, module or datatype.
    #[error("unknown type {0}")]
    NotFound(String),
    /// Wrong number of type arguments.
    #[error("{name} takes {expected} type arguments, got {got}")]
    Arity {
        /// The datatype.
        name: String,
        /// Declared parameters.
        expected: usize,
        /// Given arguments.
        got: usize,
    },
    /// An argument lacks an ability that the parameter asks for.
    #[error("type argument {index} of {name} lacks an ability")]
    Constraint {
        /// The datatype or function.
        name: String,
        /// Which argument.
        index: usize,
    },
    /// Nested too deeply or too large.
    #[error(
        "type has more than {} levels or {} nodes",
        TypeLimits::DEPTH_MAX,
        TypeLimits::NODES_MAX
    )]
    TooLarge,
}

impl Registry {
    /// The datatype behind a struct tag.
    pub fn datatype_of(&self, tag: &StructTag) -> Option<&Datatype> {
        self.datatype(tag.address(), tag.module().as_str(), tag.name().as_str())
    }

    /// Abilities of `tag`. Only for types that [`Registry::check_type`] accepted; an unknown
    /// datatype has none.
    pub fn abilities(&self, tag: &TypeTag) -> AbilitySet {
        match tag {
            TypeTag::Signer => AbilitySet::DROP,
            TypeTag::Vector(element) => self.abilities(element).intersection(AbilitySet::VALUE),
            TypeTag::Struct(tag) => self.struct_abilities(tag),
            _ => AbilitySet::VALUE,
        }
    }

    /// Abilities of an instantiated datatype.
    pub fn struct_abilities(&self, tag: &StructTag) -> AbilitySet {
        let Some(datatype) = self.datatype_of(tag) else {
            return AbilitySet::NONE;
        };
        datatype
            .type_params
            .iter()
            .zip(tag.type_params())
            .filter(|(param, _)| !param.is_phantom)
            .fold(datatype.abilities, |set, (_, arg)| {
                set.limited_by(self.abilities(arg))
            })
    }

    /// Checks a type from outside: size, existence, arity and constraints, all the way down.
    ///
    /// # Errors
    /// The first violation found.
    pub fn check_type(&self, tag: &TypeTag) -> Result<(), TypeError> {
        check_size(tag)?;
        let mut pending = vec![tag];
        while let Some(tag) = pending.pop() {
            match tag {
                TypeTag::Vector(element) => pending.push(element),
                TypeTag::Struct(tag) => {
                    let datatype = self
                        .datatype_of(tag)
                        .ok_or_else(|| TypeError::NotFound(tag.to_string()))?;
                    let name = || format!("{}::{}", datatype.module, datatype.name);
                    self.check_arguments(&datatype.type_params, tag.type_params(), name)?;
                    pending.extend(tag.type_params());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks type arguments against declared parameters: number and abilities.
    ///
    /// # Errors
    /// [`TypeError::Arity`], [`TypeError::Constraint`].
    pub fn check_arguments(
        &self,
        params: &[TypeParam],
        args: &[TypeTag],
        name: impl Fn() -> String,
    ) -> Result<(), TypeError> {
        if params.len() != args.len() {
            return Err(TypeError::Arity {
                name: name(),
                expected: params.len(),
                got: args.len(),
            });
        }
        for (index, (param, arg)) in params.iter().zip(args).enumerate() {
            if !self.abilities(arg).contains(param.constraints) {
                return Err(TypeError::Constraint {
                    name: name(),
                    index,
                });
            }
        }
        Ok(())
    }
}

/// Bounds depth and node count without recursion, before anything walks the type.
fn check_size(tag: &TypeTag) -> Result<(), TypeError> {
    let mut pending = vec![(tag, 1_usize)];
    let mut nodes = 0_usize;
    while let Some((tag, depth)) = pending.pop() {
        nodes += 1;
        if depth > TypeLimits::DEPTH_MAX || nodes > TypeLimits::NODES_MAX {
            return Err(TypeError::TooLarge);
        }
        match tag {
            TypeTag::Vector(element) => pending.push((element, depth + 1)),
            TypeTag::Struct(tag) => {
                pending.extend(tag.type_params().iter().map(|arg| (arg, depth + 1)));
            }
            _ => {}
        }
    }
    Ok(())
}
