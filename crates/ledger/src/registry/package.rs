//! Packages, modules, functions and datatypes.

use std::collections::BTreeMap;

use sui_sdk_types::{Address, Identifier};

use super::{AbilitySet, Coverage, Param, Passing, SigType, TypeParam};
use crate::{call::NativeFn, error::Location};

macro_rules! package_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Address);
    };
}

package_id!(
    /// The id of a package's first version, the address its modules run under.
    OriginalId
);
package_id!(
    /// The id of the package version that first defined a type.
    DefiningId
);
package_id!(
    /// The id of one version's package object, which calls name.
    StorageId
);

/// One version of a package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name in the interface tables (`walrus`, `sui`, …).
    pub name: String,
    /// The package object that holds it.
    pub storage_id: StorageId,
    /// Its first version.
    pub original_id: OriginalId,
    /// Modules by name.
    pub modules: BTreeMap<String, Module>,
}

/// A module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its name.
    pub name: Identifier,
    /// Structs and enums by name.
    pub datatypes: BTreeMap<String, Datatype>,
    /// Public and entry functions by name.
    pub functions: BTreeMap<String, Function>,
    /// Abort codes by the name of their constant.
    pub errors: BTreeMap<String, u64>,
}

/// Who may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Other packages and programmable transactions.
    Public,
    /// Programmable transactions, if it is an entry function.
    Private,
}

/// A function: the signature, and the body if there is one.
#[derive(Clone, Debug)]
pub struct Function {
    /// Defining module, for error locations.
    pub package: Address,
    /// Module name.
    pub module: Identifier,
    /// Function name.
    pub name: Identifier,
    /// Position in the module's table, reported in abort locations.
    pub index: u16,
    /// Public or private.
    pub visibility: Visibility,
    /// Declared `entry`.
    pub is_entry: bool,
    /// Type parameters.
    pub type_params: Vec<TypeParam>,
    /// Parameters, the transaction context included.
    pub params: Vec<Param>,
    /// Returns.
    pub returns: Vec<Param>,
    /// `None`: listed in the interface, not supported on the embedded ledger.
    pub body: Option<Body>,
}

/// What runs when a function is called. Bytecode bodies come later (`docs/spec/move-seam.md`
/// rule 2); callers cannot tell which.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// A Rust function.
    Native(NativeFn),
}

impl Function {
    /// Where it is, for errors.
    pub fn location(&self) -> Box<Location> {
        Box::new(Location {
            package: self.package,
            module: self.module.clone(),
            function: self.name.clone(),
            index: self.index,
        })
    }

    /// How far it is there.
    pub fn coverage(&self) -> Coverage {
        let is_reference = |ret: &Param| ret.passing != Passing::Value;
        if self.body.is_some() {
            Coverage::Implemented
        } else if self.returns.iter().any(is_reference) {
            Coverage::ReturnsReference
        } else {
            Coverage::Unsupported
        }
    }

    /// Parameters that a programmable transaction passes: all but the transaction context, which
    /// can only stand last.
    pub fn arguments(&self) -> &[Param] {
        match self.params.split_last() {
            Some((last, rest)) if last.is_tx_context() => rest,
            _ => &self.params,
        }
    }
}

/// A struct or enum.
#[derive(Clone, Debug)]
pub struct Datatype {
    /// The package that defines it.
    pub defining_id: DefiningId,
    /// Module name.
    pub module: Identifier,
    /// Its name.
    pub name: Identifier,
    /// Declared abilities, before type arguments limit them.
    pub abilities: AbilitySet,
    /// Type parameters.
    pub type_params: Vec<TypeParam>,
    /// Fields.
    pub layout: Layout,
}

/// Fields of a datatype, in BCS order.
#[derive(Clone, Debug)]
pub enum Layout {
    /// Fields of a struct.
    Struct(Vec<(String, SigType)>),
    /// Variants of an enum with their fields.
    Enum(Vec<Variant>),
}

/// A variant of an enum.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Its fields, in BCS order.
    pub fields: Vec<(String, SigType)>,
}
