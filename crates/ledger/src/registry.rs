//! The one table of every package the ledger offers: signatures, abilities, layouts, bodies
//! (`docs/spec/move-seam.md` rules 1 and 2, `docs/spec/sui-rpc.md` §9).
//!
//! Signatures and layouts come from `docs/spec/contracts_abi.json` and `abi/framework.json`;
//! bodies from [`crate::modules`]. A body that no table lists fails the load; a listed function
//! without a body answers "unsupported". Nothing else in the ledger knows a signature.

mod abi;
mod ability;
mod load;
pub(crate) mod names;
mod package;
mod signature;
#[cfg(test)]
mod tests;
mod types;

use std::{collections::BTreeMap, sync::LazyLock};

use sui_sdk_types::Address;

pub(crate) use self::load::ModuleBodies;
pub use self::{
    ability::AbilitySet,
    package::{
        Body, Datatype, DefiningId, Function, Layout, Module, OriginalId, Package, StorageId,
        Variant, Visibility,
    },
    signature::{DatatypeName, Param, Passing, SigType, TypeParam},
    types::{TypeError, TypeLimits},
};

/// Every package by its storage id.
#[derive(Clone, Debug)]
pub struct Registry {
    packages: BTreeMap<Address, Package>,
}

/// How far a listed function is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It has a body.
    Implemented,
    /// It has none and needs none: no transaction can call a function that returns a reference.
    ReturnsReference,
    /// It has none; calls fail as not supported.
    Unsupported,
}

/// Why an interface table cannot be loaded. Our fault: the tables are part of the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Not the expected JSON.
    #[error("malformed interface table: {message}")]
    Table {
        /// What the parser says.
        message: String,
    },
    /// A type, ability or name that cannot be read.
    #[error("malformed type or name in an interface table: {text:?}")]
    Type {
        /// The text.
        text: String,
    },
    /// A package name that has no id.
    #[error("unknown package name {name:?}")]
    UnknownPackage {
        /// The name.
        name: String,
    },
    /// A Rust body for a function that no table lists, or a second body.
    #[error("body without a listed function, or listed twice: {function}")]
    BodyWithoutFunction {
        /// `package::module::function`.
        function: String,
    },
}

static EMBEDDED: LazyLock<Registry> = LazyLock::new(|| {
    let tables = [
        include_str!("../abi/framework.json"),
        include_str!("../../../docs/spec/contracts_abi.json"),
    ];
    load::load(&tables, crate::modules::BODIES).expect("a test loads the embedded tables")
});

impl Registry {
    /// The packages built into the program; parsed once.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Parses a type with package names for addresses: `sui::coin::Coin<wal::wal::WAL>`.
    ///
    /// # Errors
    /// [`RegistryError::Type`], [`RegistryError::UnknownPackage`]. Does not ask whether the type
    /// exists.
    pub fn parse_type(text: &str) -> Result<sui_sdk_types::TypeTag, RegistryError> {
        load::parse_type(text)
    }

    /// The package stored under `id`.
    pub fn package(&self, id: &Address) -> Option<&Package> {
        self.packages.get(id)
    }

    /// All packages, ordered by id.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// The function a call names.
    pub fn function(&self, package: &Address, module: &str, name: &str) -> Option<&Function> {
        self.packages
            .get(package)?
            .modules
            .get(module)?
            .functions
            .get(name)
    }

    /// The datatype of this name.
    pub fn datatype(&self, package: &Address, module: &str, name: &str) -> Option<&Datatype> {
        self.packages
            .get(package)?
            .modules
            .get(module)?
            .datatypes
            .get(name)
    }

    /// Every listed function as `package::module::function`, in order.
    pub fn coverage(&self) -> Vec<(String, Coverage)> {
        let mut list: Vec<_> = self
            .packages
            .values()
            .flat_map(|package| {
                package
                    .modules
                    .iter()
                    .map(move |(name, module)| (package, name, module))
            })
            .flat_map(|(package, module, content)| {
                content.functions.iter().map(move |(name, function)| {
                    let path = format!("{}::{module}::{name}", package.name);
                    (path, function.coverage())
                })
            })
            .collect();
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        list
    }
}
