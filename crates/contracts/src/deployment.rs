//! Where the contracts are, as found out from the shared objects (`docs/spec/contracts.md` §2.5).

use std::collections::BTreeSet;

use floe_core::{ObjectId, onchain::MoveDatatype};
use sui_sdk_types::{Identifier, StructTag};

use crate::{address::address, chain::TypeOrigins};

/// The contracts of a network at one moment. Upgrades change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The shared object that sells storage.
    pub system_object: ObjectId,
    /// The shared object that holds the staking pools.
    pub staking_object: ObjectId,
    /// The version of the state, and the name of the fields that hold it.
    pub version: u64,
    /// The package to call.
    pub package: ObjectId,
    /// The first package, which defines most of the types.
    pub type_package: ObjectId,
    /// The type of WAL.
    pub wal_type: StructTag,
    pub(crate) origins: TypeOrigins,
}

impl Deployment {
    /// The packages that define events: what a [`Trust`](crate::Trust) names.
    pub fn event_packages(&self) -> BTreeSet<ObjectId> {
        let events = |((module, _), package): (&(String, String), &ObjectId)| {
            (module == "events").then_some(*package)
        };
        let mut packages: BTreeSet<_> = self.origins.iter().filter_map(events).collect();
        packages.insert(self.type_package);
        packages
    }

    /// The type of a struct of the main package.
    pub fn struct_tag(&self, module: &str, name: &str) -> StructTag {
        let key = (module.to_owned(), name.to_owned());
        let package = self.origins.get(&key).copied().unwrap_or(self.type_package);
        struct_tag(package, module, name)
    }

    /// The type that a Rust type stands for.
    pub fn type_of<T: MoveDatatype>(&self) -> StructTag {
        self.struct_tag(T::MODULE, T::NAME)
    }

    /// The type of coins of WAL.
    pub fn wal_coin(&self) -> StructTag {
        StructTag::coin(self.wal_type.clone().into())
    }
}

/// The type `{package}::{module}::{name}`.
///
/// # Panics
/// If `module` or `name`, which come from our own sources, are no identifiers.
pub(crate) fn struct_tag(package: ObjectId, module: &str, name: &str) -> StructTag {
    StructTag::new(
        address(package),
        identifier(module),
        identifier(name),
        Vec::new(),
    )
}

/// A name out of our own sources.
///
/// # Panics
/// If it is no identifier.
pub(crate) fn identifier(name: &str) -> Identifier {
    Identifier::new(name).expect("names in our sources are identifiers")
}
