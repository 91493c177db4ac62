//! The values of a programmable transaction: inputs, gas coin, results; who may use them how.

use floe_core::ObjectId;
use sui_sdk_types::{Argument, CommandArgumentError, TypeTag};

use super::{Value, pure};
use crate::{
    registry::{AbilitySet, Passing, Registry, SigType},
    runtime::Receiving,
    value::Slot,
};

/// An input as the executor hands it over.
#[derive(Debug)]
pub(crate) enum Input {
    /// Untyped bytes.
    Pure(Vec<u8>),
    /// A loaded object.
    Object {
        id: ObjectId,
        value: Value,
        access: Access,
    },
    /// The right to receive an object.
    Receiving(Receiving),
}

/// What may be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anything: it belongs to the sender.
    Owned,
    /// `&T` only: immutable, or a shared input declared read-only.
    ReadOnly,
    /// By any means, but it stays shared.
    SharedMutable,
}

/// All values, by place.
#[derive(Debug)]
pub(crate) struct Locals {
    inputs: Vec<Local>,
    gas: Option<Value>,
    results: Vec<Vec<Cell>>,
}

#[derive(Debug)]
enum Local {
    /// `typed` once a command changed it by `&mut`.
    Pure {
        bytes: Vec<u8>,
        typed: Option<Value>,
    },
    Object {
        id: ObjectId,
        value: Option<Value>,
        access: Access,
    },
    Receiving(Option<Receiving>),
}

/// A result; empty once it moved on.
#[derive(Debug)]
struct Cell(Option<Value>);

/// The type an argument must have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected<'a> {
    /// A parameter's type under type arguments.
    Param(&'a SigType, &'a [TypeTag]),
    /// This type.
    Tag(&'a TypeTag),
    /// `Coin<T>` of any token.
    AnyCoin,
    /// Any type of object.
    AnyObject,
}

/// Places that a command borrows, to keep its arguments apart.
#[derive(Debug, Default)]
pub(super) struct Borrows(Vec<(Argument, Passing)>);

impl Expected<'_> {
    fn accepts(self, tag: &TypeTag) -> bool {
        match self {
            Self::Param(sig, args) => sig.matches(tag, args),
            Self::Tag(own) => own == tag,
            Self::AnyCoin => matches!(tag, TypeTag::Struct(tag) if tag.is_coin().is_some()),
            Self::AnyObject => Registry::embedded()
                .abilities(tag)
                .contains(AbilitySet::KEY),
        }
    }

    /// The type that pure bytes would have to be of.
    fn for_pure(self) -> Option<TypeTag> {
        match self {
            Self::Param(sig, args) => sig.instantiate(args),
            Self::Tag(tag) => Some(tag.clone()),
            Self::AnyCoin | Self::AnyObject => None,
        }
    }
}

impl Borrows {
    /// Records a borrow; a mutable one must be the only use of its place in the command.
    fn add(&mut self, place: Argument, passing: Passing) -> Result<(), CommandArgumentError> {
        let conflict = self.0.iter().any(|(other, how)| {
            *other == place && (passing != Passing::Ref || *how != Passing::Ref)
        });
        if conflict {
            return Err(CommandArgumentError::InvalidValueUsage);
        }
        self.0.push((place, passing));
        Ok(())
    }
}

impl Locals {
    pub(crate) fn new(inputs: Vec<Input>, gas: Option<Value>) -> Self {
        let inputs = inputs
            .into_iter()
            .map(|input| match input {
                Input::Pure(bytes) => Local::Pure { bytes, typed: None },
                Input::Object { id, value, access } => Local::Object {
                    id,
                    value: Some(value),
                    access,
                },
                Input::Receiving(ticket) => Local::Receiving(Some(ticket)),
            })
            .collect();
        Self {
            inputs,
            gas,
            results: Vec::new(),
        }
    }

    pub(super) fn push_results(&mut self, results: Vec<Value>) {
        self.results
            .push(results.into_iter().map(|value| Cell(Some(value))).collect());
    }

    /// Results that nobody took: (command, result, type).
    pub(super) fn left_over(&self) -> impl Iterator<Item = (u16, u16, &TypeTag)> {
        (0_u16..).zip(&self.results).flat_map(|(command, results)| {
            (0_u16..).zip(results).filter_map(move |(index, cell)| {
                cell.0.as_ref().map(|value| (command, index, &value.tag))
            })
        })
    }

    /// Shared objects that were taken by value.
    pub(super) fn shared_taken(&self) -> impl Iterator<Item = ObjectId> {
        self.inputs.iter().filter_map(|input| match input {
            Local::Object {
                id,
                value: None,
                access: Access::SharedMutable,
            } => Some(*id),
            _ => None,
        })
    }

    /// The gas coin, unless it was given away.
    pub(crate) fn gas(&self) -> Option<&Value> {
        self.gas.as_ref()
    }

    /// Input objects that are still in place, with their access.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (ObjectId, &Value, Access)> {
        self.inputs.iter().filter_map(|input| match input {
            Local::Object {
                id,
                value: Some(value),
                access,
            } => Some((*id, value, *access)),
            _ => None,
        })
    }

    /// Moves or copies a value out of its place.
    pub(super) fn take(
        &mut self,
        argument: Argument,
        expected: Expected<'_>,
        borrows: &mut Borrows,
    ) -> Result<Value, CommandArgumentError> {
        let place = self.place(argument)?;
        if place == Argument::Gas {
            return Err(CommandArgumentError::InvalidGasCoinUsage);
        }
        self.take_even_gas(place, expected, borrows)
    }

    /// As [`Locals::take`]; the gas coin may go, too.
    pub(super) fn take_even_gas(
        &mut self,
        argument: Argument,
        expected: Expected<'_>,
        borrows: &mut Borrows,
    ) -> Result<Value, CommandArgumentError> {
        let place = self.place(argument)?;
        match self.local(place)? {
            Either::Pure { bytes, typed } => match typed {
                Some(value) if expected.accepts(&value.tag) => copy(value),
                Some(_) => Err(CommandArgumentError::TypeMismatch),
                None => pure_value(bytes, expected),
            },
            Either::Receiving(ticket) => receiving_value(ticket, expected),
            Either::Value { cell, access } => {
                let value = cell
                    .as_ref()
                    .ok_or(CommandArgumentError::InvalidValueUsage)?;
                if access == Access::ReadOnly {
                    return Err(CommandArgumentError::InvalidObjectByValue);
                }
                if !expected.accepts(&value.tag) {
                    return Err(CommandArgumentError::TypeMismatch);
                }
                if Registry::embedded()
                    .abilities(&value.tag)
                    .contains(AbilitySet::COPY)
                {
                    return copy(value);
                }
                borrows.add(place, Passing::Value)?;
                cell.take().ok_or(CommandArgumentError::InvalidValueUsage)
            }
        }
    }

    /// Lends a value in its place.
    pub(super) fn borrow(
        &mut self,
        argument: Argument,
        expected: Expected<'_>,
        passing: Passing,
        borrows: &mut Borrows,
    ) -> Result<Value, CommandArgumentError> {
        let place = self.place(argument)?;
        borrows.add(place, passing)?;
        match self.local(place)? {
            Either::Pure { bytes, typed } => {
                if typed.is_none() {
                    let value = pure_value(bytes, expected)?;
                    if passing == Passing::Ref {
                        return Ok(value);
                    }
                    *typed = Some(value);
                }
                matching(typed.as_ref(), expected)
            }
            Either::Receiving(_) => Err(CommandArgumentError::TypeMismatch),
            Either::Value { cell, access } => {
                if passing == Passing::MutRef && access == Access::ReadOnly {
                    return Err(CommandArgumentError::InvalidObjectByMutRef);
                }
                matching(cell.as_ref(), expected)
            }
        }
    }

    /// Type of the value in a place, if it has one yet.
    pub(super) fn tag(
        &mut self,
        argument: Argument,
    ) -> Result<Option<TypeTag>, CommandArgumentError> {
        let place = self.place(argument)?;
        Ok(match self.local(place)? {
            Either::Pure { typed, .. } => typed.as_ref().map(|value| value.tag.clone()),
            Either::Receiving(_) => None,
            Either::Value { cell, .. } => cell.as_ref().map(|value| value.tag.clone()),
        })
    }

    /// `Result(i)` is `NestedResult(i, 0)` of a command with one result.
    fn place(&self, argument: Argument) -> Result<Argument, CommandArgumentError> {
        let Argument::Result(result) = argument else {
            return Ok(argument);
        };
        match self.results.get(usize::from(result)) {
            None => Err(CommandArgumentError::IndexOutOfBounds { index: result }),
            Some(results) if results.len() == 1 => Ok(Argument::NestedResult(result, 0)),
            Some(_) => Err(CommandArgumentError::InvalidResultArity { result }),
        }
    }

    fn local(&mut self, place: Argument) -> Result<Either<'_>, CommandArgumentError> {
        match place {
            Argument::Gas => Ok(Either::Value {
                cell: &mut self.gas,
                access: Access::Owned,
            }),
            Argument::Input(index) => match self.inputs.get_mut(usize::from(index)) {
                None => Err(CommandArgumentError::IndexOutOfBounds { index }),
                Some(Local::Pure { bytes, typed }) => Ok(Either::Pure { bytes, typed }),
                Some(Local::Object { value, access, .. }) => Ok(Either::Value {
                    cell: value,
                    access: *access,
                }),
                Some(Local::Receiving(ticket)) => Ok(Either::Receiving(ticket)),
            },
            Argument::NestedResult(result, subresult) => {
                let results = self
                    .results
                    .get_mut(usize::from(result))
                    .ok_or(CommandArgumentError::IndexOutOfBounds { index: result })?;
                let cell = results
                    .get_mut(usize::from(subresult))
                    .ok_or(CommandArgumentError::SecondaryIndexOutOfBounds { result, subresult })?;
                Ok(Either::Value {
                    cell: &mut cell.0,
                    access: Access::Owned,
                })
            }
            Argument::Result(index) => Err(CommandArgumentError::IndexOutOfBounds { index }),
        }
    }
}

/// A place, opened for use.
enum Either<'l> {
    Pure {
        bytes: &'l [u8],
        typed: &'l mut Option<Value>,
    },
    Receiving(&'l mut Option<Receiving>),
    Value {
        cell: &'l mut Option<Value>,
        access: Access,
    },
}

fn matching(value: Option<&Value>, expected: Expected<'_>) -> Result<Value, CommandArgumentError> {
    let value = value.ok_or(CommandArgumentError::InvalidValueUsage)?;
    if expected.accepts(&value.tag) {
        Ok(value.clone())
    } else {
        Err(CommandArgumentError::TypeMismatch)
    }
}

fn copy(value: &Value) -> Result<Value, CommandArgumentError> {
    // A place between commands is never leased, so only a moved value has no copy.
    let slot = value
        .slot
        .copy()
        .map_err(|_| CommandArgumentError::InvalidValueUsage)?;
    Ok(Value {
        tag: value.tag.clone(),
        slot,
    })
}

fn pure_value(bytes: &[u8], expected: Expected<'_>) -> Result<Value, CommandArgumentError> {
    let tag = expected
        .for_pure()
        .ok_or(CommandArgumentError::InvalidUsageOfPureArgument)?;
    pure::check(&tag, bytes)?;
    Ok(Value {
        tag,
        slot: Slot::from_bytes(bytes.to_vec()),
    })
}

fn receiving_value(
    ticket: &mut Option<Receiving>,
    expected: Expected<'_>,
) -> Result<Value, CommandArgumentError> {
    let tag = expected
        .for_pure()
        .filter(|tag| matches!(tag, TypeTag::Struct(tag) if is_receiving(tag)))
        .ok_or(CommandArgumentError::TypeMismatch)?;
    let ticket = ticket
        .take()
        .ok_or(CommandArgumentError::InvalidValueUsage)?;
    Ok(Value {
        tag,
        slot: Slot::new(ticket),
    })
}

fn is_receiving(tag: &sui_sdk_types::StructTag) -> bool {
    *tag.address() == sui_sdk_types::Address::TWO
        && *tag.module() == *"transfer"
        && *tag.name() == *"Receiving"
}
