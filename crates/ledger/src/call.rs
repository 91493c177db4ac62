//! The call of a native function: arguments in slots, results in slots, the runtime at hand.

use std::{fmt, sync::Arc};

use floe_core::ObjectId;
use serde::de::DeserializeOwned;
use sui_sdk_types::TypeTag;

use crate::{
    error::{Failure, Fault},
    registry::{Function, Passing},
    runtime::Runtime,
    value::{Lease, MoveValue, Slot},
};

/// A native body.
///
/// Natives are leaves: they call other Rust functions, never the interpreter
/// (`docs/spec/move-seam.md` rule 6).
pub type NativeFn = fn(&mut Call<'_, '_>) -> Result<(), Failure>;

/// What a native body sees. `args` and `rt` are separate fields so that both can be used at once.
pub struct Call<'c, 's> {
    /// The function.
    pub function: &'c Function,
    /// Type arguments, checked against the function's constraints.
    pub type_args: &'c [TypeTag],
    /// Arguments, the transaction context excluded.
    pub args: Args,
    /// Everything about the transaction: ids, fields, transfers, events, meter.
    pub rt: &'c mut Runtime<'s>,
    returns: Vec<Slot>,
}

/// Arguments of a call. Types and passing were checked against the signature before the call.
#[derive(Debug)]
pub struct Args {
    slots: Vec<(Slot, Passing)>,
}

impl<'c, 's> Call<'c, 's> {
    pub(crate) fn new(
        function: &'c Function,
        type_args: &'c [TypeTag],
        args: Vec<(Slot, Passing)>,
        rt: &'c mut Runtime<'s>,
    ) -> Self {
        Self {
            function,
            type_args,
            args: Args { slots: args },
            rt,
            returns: Vec::new(),
        }
    }

    /// Adds a return value; call once per return, in order.
    pub fn ret<T: MoveValue>(&mut self, value: T) {
        self.ret_slot(Slot::new(value));
    }

    /// Adds a return value of a type that only the type arguments know.
    pub fn ret_slot(&mut self, slot: Slot) {
        self.returns.push(slot);
    }

    /// The `index`-th type argument.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the function has no such type parameter.
    pub fn type_arg(&self, index: usize) -> Result<&'c TypeTag, Failure> {
        self.type_args
            .get(index)
            .ok_or_else(|| Failure::invariant(format!("no type argument {index}")))
    }

    /// An abort of this very function.
    pub fn abort(&self, code: u64) -> Failure {
        Failure::Abort {
            location: self.function.location(),
            code,
        }
    }

    /// A fault of this very function.
    pub fn fault(&self, fault: Fault) -> Failure {
        Failure::Fault {
            location: self.function.location(),
            fault,
        }
    }

    pub(crate) fn into_returns(self) -> Vec<Slot> {
        self.returns
    }
}

impl Args {
    /// A shared view of an argument, passed by value or by any reference.
    ///
    /// # Errors
    /// [`Failure::Invariant`] if the argument does not exist, is not a `T`, or is being updated.
    pub fn read<T: MoveValue + DeserializeOwned>(&self, index: usize) -> Result<Arc<T>, Failure> {
        self.get(index)?.0.read()
    }

    /// An argument for changing, passed by `&mut`.
    ///
    /// # Errors
    /// As [`Args::read`]; also if the parameter is not `&mut`.
    pub fn update<T: MoveValue + DeserializeOwned + Clone>(
        &self,
        index: usize,
    ) -> Result<Lease<T>, Failure> {
        self.mutable(index)?.update()
    }

    /// Moves an argument out, passed by value.
    ///
    /// # Errors
    /// As [`Args::read`]; also if the parameter is a reference.
    pub fn take<T: MoveValue + DeserializeOwned + Clone>(
        &self,
        index: usize,
    ) -> Result<T, Failure> {
        self.owned(index)?.take()
    }

    /// Moves out an argument of a type that only the type arguments know.
    ///
    /// # Errors
    /// As [`Args::take`].
    pub fn take_slot(&self, index: usize) -> Result<Slot, Failure> {
        self.owned(index)?.move_out()
    }

    /// The encoding of an argument of any type.
    ///
    /// # Errors
    /// As [`Args::read`].
    pub fn bytes(&self, index: usize) -> Result<Vec<u8>, Failure> {
        self.get(index)?.0.to_bytes()
    }

    /// The id of an argument that is an object.
    ///
    /// # Errors
    /// As [`Args::read`].
    pub fn object_id(&self, index: usize) -> Result<ObjectId, Failure> {
        self.get(index)?.0.object_id()
    }

    /// Replaces the encoding of a `&mut` argument of any type.
    ///
    /// # Errors
    /// As [`Args::update`].
    pub fn replace_bytes(&self, index: usize, bytes: Vec<u8>) -> Result<(), Failure> {
        self.mutable(index)?.replace_bytes(bytes)
    }

    fn owned(&self, index: usize) -> Result<&Slot, Failure> {
        match self.get(index)? {
            (slot, Passing::Value) => Ok(slot),
            _ => Err(Failure::invariant(format!(
                "argument {index} is a reference"
            ))),
        }
    }

    fn mutable(&self, index: usize) -> Result<&Slot, Failure> {
        match self.get(index)? {
            (slot, Passing::MutRef) => Ok(slot),
            _ => Err(Failure::invariant(format!(
                "argument {index} is not a mutable reference"
            ))),
        }
    }

    fn get(&self, index: usize) -> Result<&(Slot, Passing), Failure> {
        self.slots
            .get(index)
            .ok_or_else(|| Failure::invariant(format!("no argument {index}")))
    }
}

impl fmt::Debug for Call<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("function", &self.function.name)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}
