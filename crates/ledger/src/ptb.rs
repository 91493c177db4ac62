//! The interpreter of programmable transactions (`docs/spec/sui-rpc.md` §8.3).
//!
//! Generic: every command is checked against the registry's signatures and the abilities of types;
//! no module and no client is known here. Values live in [`locals::Locals`] and move between
//! commands; anything else a command does goes through the [`Runtime`].

mod call;
mod commands;
mod locals;
mod pure;
mod usage;

use sui_sdk_types::{Argument, Command, ExecutionError, TypeTag};

pub(crate) use self::locals::{Access, Input, Locals};
pub use self::usage::{InputUse, input_uses};
use crate::{
    error::Failure,
    registry::{AbilitySet, Registry},
    runtime::{Runtime, units},
    value::Slot,
};

/// Most bytes of one value that commands pass on.
const VALUE_BYTES_MAX: usize = 256 * 1024;

/// A value and its type.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) tag: TypeTag,
    pub(crate) slot: Slot,
}

/// What a command leaves behind, for simulations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandOutput {
    /// Returned values.
    pub returned: Vec<OutputValue>,
    /// Arguments that the command took by `&mut`, after it.
    pub mutated: Vec<(Argument, OutputValue)>,
}

/// A value as bytes with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputValue {
    /// Its type.
    pub tag: TypeTag,
    /// Its BCS.
    pub bytes: Vec<u8>,
}

/// How strictly a run follows the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// All rules.
    Full,
    /// A development inspection: results may be left over, non-entry functions called.
    Inspect,
}

/// A failure and the command it happened in.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) command: Option<usize>,
}

/// The interpreter of one transaction.
pub(crate) struct Interpreter<'i, 's> {
    pub(crate) registry: &'static Registry,
    pub(crate) rt: &'i mut Runtime<'s>,
    pub(crate) locals: Locals,
    pub(crate) strictness: Strictness,
    /// Collected when asked for.
    pub(crate) outputs: Option<Vec<CommandOutput>>,
}

impl Interpreter<'_, '_> {
    /// Runs all commands and checks what is left over.
    pub(crate) fn run(&mut self, commands: &[Command]) -> Result<(), Failed> {
        for (index, command) in commands.iter().enumerate() {
            self.step(command).map_err(|failure| Failed {
                failure,
                command: Some(index),
            })?;
        }
        self.check_left_over().map_err(|failure| Failed {
            failure,
            command: None,
        })
    }

    fn step(&mut self, command: &Command) -> Result<(), Failure> {
        self.rt.charge(units::COMMAND)?;
        let mut borrowed = Vec::new();
        let results = match command {
            Command::MoveCall(call) => self.move_call(call, &mut borrowed)?,
            Command::TransferObjects(transfer) => self.transfer_objects(transfer)?,
            Command::SplitCoins(split) => self.split_coins(split, &mut borrowed)?,
            Command::MergeCoins(merge) => self.merge_coins(merge, &mut borrowed)?,
            Command::MakeMoveVector(make) => self.make_vector(make)?,
            Command::Publish(publish) => Self::publish(publish)?,
            Command::Upgrade(upgrade) => self.upgrade(upgrade)?,
            _ => return Err(ExecutionError::FeatureNotYetSupported.into()),
        };
        for value in &results {
            self.weigh(value)?;
        }
        if let Some(outputs) = &mut self.outputs {
            outputs.push(collect(&results, &borrowed)?);
        }
        self.locals.push_results(results);
        Ok(())
    }

    /// Charges for a value that a command takes or returns, and bounds its size.
    fn weigh(&mut self, value: &Value) -> Result<(), Failure> {
        let len = value.slot.encoded_len()?;
        if len > VALUE_BYTES_MAX {
            return Err(ExecutionError::MoveRawValueTooBig {
                value_size: u64::try_from(len).unwrap_or(u64::MAX),
                max_scaled_size: VALUE_BYTES_MAX as u64,
            }
            .into());
        }
        let units = len
            .saturating_sub(units::VALUE_BYTES_FREE)
            .div_ceil(units::VALUE_BYTES_PER_UNIT);
        self.rt.charge(u64::try_from(units).unwrap_or(u64::MAX))
    }

    /// Results that cannot be dropped must have been used; shared objects taken by value must have
    /// been shared again or deleted.
    fn check_left_over(&self) -> Result<(), Failure> {
        if self.strictness == Strictness::Full
            && let Some((result, subresult, tag)) = self
                .locals
                .left_over()
                .find(|(_, _, tag)| !self.registry.abilities(tag).contains(AbilitySet::DROP))
        {
            return Err(Failure::execution(
                ExecutionError::UnusedValueWithoutDrop { result, subresult },
                format!(
                    "result {result}.{subresult} of type {tag} is left over and cannot be dropped"
                ),
            ));
        }
        for id in self.locals.shared_taken() {
            if !self.rt.is_shared_or_deleted(&id) {
                return Err(Failure::execution(
                    ExecutionError::ConsensusObjectOperationNotAllowed,
                    format!(
                        "shared object {id} was taken by value and neither shared again nor deleted"
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// A value that a command took by `&mut`.
type Borrowed = (Argument, Value);

fn collect(results: &[Value], borrowed: &[Borrowed]) -> Result<CommandOutput, Failure> {
    let output = |value: &Value| {
        Ok::<_, Failure>(OutputValue {
            tag: value.tag.clone(),
            bytes: value.slot.to_bytes()?,
        })
    };
    Ok(CommandOutput {
        returned: results.iter().map(output).collect::<Result<_, _>>()?,
        mutated: borrowed
            .iter()
            .map(|(argument, value)| Ok((*argument, output(value)?)))
            .collect::<Result<_, Failure>>()?,
    })
}
