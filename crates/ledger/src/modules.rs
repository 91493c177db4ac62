//! Move modules in Rust, one file per module: `modules/<package>/<module>.rs`.
//!
//! # Adding a module
//!
//! The interface is given: `docs/spec/contracts_abi.json` (contracts) or `abi/framework.json`
//! (`std`, `sui`) lists every function and struct. A module file adds bodies:
//!
//! ```ignore
//! //! `wal_exchange::wal_exchange`: … (`docs/spec/contracts.md` §4.9).
//!
//! use floe_core::onchain::{framework::{Coin, Sui}, wal_exchange::Exchange};
//!
//! use crate::{Call, Failure, modules::{ModuleRef, ModuleBodies, sui::{balance, coin}}};
//!
//! pub(crate) const MODULE: ModuleRef = ModuleRef::new("wal_exchange", "wal_exchange");
//! const E_INSUFFICIENT_INPUT_BALANCE: u64 = 1;
//!
//! pub(super) const BODIES: ModuleBodies = (MODULE.package, MODULE.name, &[
//!     ("exchange_for_wal", exchange_for_wal),
//! ]);
//!
//! fn exchange_for_wal(call: &mut Call<'_, '_>) -> Result<(), Failure> {
//!     let mut exchange = call.args.update::<Exchange>(0)?;    // &mut, from floe_core::onchain
//!     let mut payment = call.args.update::<Coin<Sui>>(1)?;    // generic functions use Coin<Any>
//!     let amount = call.args.take::<u64>(2)?;                 // by value; no TxContext in `args`
//!     let wal = exchange.rate.to_wal(amount).ok_or_else(|| MODULE.arithmetic("exchange_for_wal"))?;
//!     MODULE.ensure(amount <= payment.balance, "exchange_for_wal", E_INSUFFICIENT_INPUT_BALANCE)?;
//!     balance::join(&mut exchange.sui, coin::withdraw(&mut payment, amount)?)?;
//!     let wal = balance::split(&mut exchange.wal, wal)?;
//!     let coin = coin::from_balance(call.rt, wal)?;           // other modules are plain functions
//!     call.ret(coin);                                         // once per return, in order
//!     Ok(())
//! }
//! ```
//!
//! Then add the module to its package's list, and that to `BODIES`. Rules:
//!
//! - Types and passing of arguments were checked against the table before the body runs. Returns take
//!   their types from the table too. Only what a body names on its own (fields, events, transfers)
//!   needs [`MoveType`](crate::MoveType), which all of [`floe_core::onchain`] has; `*_as` and
//!   `*_slot` take a tag for types with type arguments that Rust does not know.
//! - `read` gives an `Arc`, `update` a [`Lease`](crate::Lease) that neither borrows the arguments nor
//!   the runtime and returns itself on drop, `take` the value. One value has one lease at a time; hold
//!   leases no longer than needed. A value counts as written once a lease is dereferenced mutably.
//! - All state lives in values and dynamic fields: [`Runtime::field`](crate::Runtime::field) and its
//!   family, `sui::table`, `sui::object_table`, `sui::bag`, ….
//! - An object dies by `rt.delete_id(id)`, explicitly. Forgetting a struct that holds an id reports
//!   the object as wrapped.
//! - Abort with the innermost function's name and the code of the table
//!   ([`ModuleRef::abort`], [`ModuleRef::ensure`]). Checked arithmetic only; overflow is
//!   [`ModuleRef::arithmetic`], not an abort.
//! - Charge heavy work: `rt.charge(units::BLS_VERIFY)?`.
//! - Objects made in the order of the Move source: ids count up per transaction
//!   (`docs/spec/contracts.md` §1.5).
//! - A package's initializer is `pub fn init(rt: &mut Runtime<'_>, …)`; genesis runs it
//!   ([`GenesisBuilder::init`](crate::GenesisBuilder::init)).
//! - Tests go through the front door: `tests/support` has a ledger in memory, funded users and short
//!   forms for transactions, and holds every transaction to conservation and truthful effects.
//! - Values of types that only the type arguments know stay in slots: `args.take_slot`,
//!   `args.bytes`, `call.ret_slot`, `call.type_arg(0)`.

pub mod std;
pub mod subsidies;
pub mod sui;
pub mod wal;
pub mod wal_exchange;
pub mod walrus;
pub mod walrus_subsidies;

use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

pub(crate) use crate::registry::ModuleBodies;
use crate::{
    error::{Failure, Fault, Location},
    registry::{Registry, names},
};

/// The bodies of every module, by package.
pub(crate) const BODIES: &[&[ModuleBodies]] = &[
    std::BODIES,
    subsidies::BODIES,
    sui::BODIES,
    wal::BODIES,
    wal_exchange::BODIES,
    walrus::BODIES,
    walrus_subsidies::BODIES,
];

/// Names a module, and makes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleRef {
    /// Package name in the interface tables.
    pub package: &'static str,
    /// Module name.
    pub name: &'static str,
}

impl ModuleRef {
    /// The module `package::name`.
    pub const fn new(package: &'static str, name: &'static str) -> Self {
        Self { package, name }
    }

    /// An abort in `function`.
    pub fn abort(self, function: &'static str, code: u64) -> Failure {
        Failure::Abort {
            location: self.location(function),
            code,
        }
    }

    /// Aborts in `function` with `code` unless `condition` holds.
    ///
    /// # Errors
    /// [`Failure::Abort`].
    pub fn ensure(self, condition: bool, function: &'static str, code: u64) -> Result<(), Failure> {
        if condition {
            Ok(())
        } else {
            Err(self.abort(function, code))
        }
    }

    /// Overflow, underflow, division by zero or a failed cast in `function`.
    pub fn arithmetic(self, function: &'static str) -> Failure {
        Failure::Fault {
            location: self.location(function),
            fault: Fault::Arithmetic,
        }
    }

    /// A vector access out of bounds in `function`.
    pub fn vector(self, function: &'static str) -> Failure {
        Failure::Fault {
            location: self.location(function),
            fault: Fault::Vector,
        }
    }

    /// The module's name as an identifier.
    pub(crate) const fn identifier(self) -> Identifier {
        Identifier::from_static(self.name)
    }

    fn location(self, function: &'static str) -> Box<Location> {
        let package = package_id(self.package);
        let index = Registry::embedded()
            .function(&package, self.name, function)
            .map_or(0, |function| function.index);
        Box::new(Location {
            package,
            module: Identifier::from_static(self.name),
            function: Identifier::from_static(function),
            index,
        })
    }
}

/// The id of a built-in package.
pub(crate) fn package_id(name: &str) -> Address {
    names::package_id(name).expect("a test checks every package name used by a module")
}

/// The tag of a struct without type arguments.
pub(crate) fn struct_tag(package: &str, module: &'static str, name: &'static str) -> TypeTag {
    generic_tag(package, module, name, Vec::new())
}

/// The tag of a struct with type arguments.
pub(crate) fn generic_tag(
    package: &str,
    module: &'static str,
    name: &'static str,
    args: Vec<TypeTag>,
) -> TypeTag {
    let (module, name) = (
        Identifier::from_static(module),
        Identifier::from_static(name),
    );
    StructTag::new(package_id(package), module, name, args).into()
}
