//! Short forms for the commands of genesis.

use floe_core::{ObjectId, SuiAddress};
use serde::Serialize;
use sui_sdk_types::{
    Argument, Command, Identifier, Input, MoveCall, ObjectReference, Owner,
    ProgrammableTransaction, SharedInput, SplitCoins, TransferObjects,
};

use crate::{
    error::Failure,
    modules::package_id,
    object::{MemoryState, address},
};

/// A transaction in the making, on a state.
#[derive(Debug)]
pub(super) struct Script<'s> {
    state: &'s MemoryState,
    inputs: Vec<Input>,
    commands: Vec<Command>,
}

impl<'s> Script<'s> {
    pub(super) fn new(state: &'s MemoryState) -> Self {
        Self {
            state,
            inputs: Vec::new(),
            commands: Vec::new(),
        }
    }

    pub(super) fn pure(&mut self, value: &impl Serialize) -> Result<Argument, Failure> {
        let bytes = bcs::to_bytes(value)
            .map_err(|error| Failure::invariant(format!("genesis argument: {error}")))?;
        Ok(self.input(Input::Pure(bytes)))
    }

    /// A live object, shared ones to be changed.
    pub(super) fn object(&mut self, id: ObjectId) -> Result<Argument, Failure> {
        let object = self
            .state
            .get(&id)
            .ok_or_else(|| Failure::invariant(format!("no object {id} at genesis")))?;
        let input = match object.owner() {
            Owner::Shared(version) => Input::Shared(SharedInput::new(
                address(id),
                *version,
                id != crate::modules::sui::clock::CLOCK_ID,
            )),
            _ => Input::ImmutableOrOwned(ObjectReference::new(
                address(id),
                object.version(),
                object.digest(),
            )),
        };
        // One object is one input.
        if let Some(index) = self.inputs.iter().position(|own| *own == input) {
            return Ok(Argument::Input(index_of(index)));
        }
        Ok(self.input(input))
    }

    pub(super) fn call(
        &mut self,
        package: &'static str,
        module: &'static str,
        function: &'static str,
        arguments: Vec<Argument>,
    ) -> Argument {
        self.command(Command::MoveCall(MoveCall {
            package: package_id(package),
            module: Identifier::from_static(module),
            function: Identifier::from_static(function),
            type_arguments: Vec::new(),
            arguments,
        }))
    }

    /// A new coin of `amount` out of another.
    pub(super) fn split(&mut self, coin: Argument, amount: u64) -> Result<Argument, Failure> {
        let amounts = vec![self.pure(&amount)?];
        Ok(self.command(Command::SplitCoins(SplitCoins { coin, amounts })))
    }

    pub(super) fn transfer(&mut self, object: Argument, to: SuiAddress) -> Result<(), Failure> {
        let to = self.pure(&to)?;
        self.command(Command::TransferObjects(TransferObjects {
            objects: vec![object],
            address: to,
        }));
        Ok(())
    }

    pub(super) fn build(self) -> ProgrammableTransaction {
        ProgrammableTransaction {
            inputs: self.inputs,
            commands: self.commands,
        }
    }

    fn input(&mut self, input: Input) -> Argument {
        self.inputs.push(input);
        Argument::Input(index_of(self.inputs.len() - 1))
    }

    fn command(&mut self, command: Command) -> Argument {
        self.commands.push(command);
        Argument::Result(index_of(self.commands.len() - 1))
    }
}

fn index_of(position: usize) -> u16 {
    u16::try_from(position).expect("the scripts of genesis are short")
}
