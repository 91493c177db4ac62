//! How a programmable transaction uses its inputs, told from signatures alone: what a server needs
//! to complete partly specified inputs (`docs/spec/sui-rpc.md` §3).

use sui_sdk_types::{Argument, Command, MoveCall, ProgrammableTransaction};

use crate::registry::{Passing, Registry, SigType};

/// The strongest use of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputUse {
    /// No command names it.
    #[default]
    Unused,
    /// By `&T` only.
    Read,
    /// By `&mut T`.
    Write,
    /// By value, or by a built-in command.
    Value,
    /// As the right to receive an object.
    Receive,
}

impl InputUse {
    /// Whether a shared object must be a mutable input for this.
    pub fn needs_mutable(self) -> bool {
        matches!(self, Self::Write | Self::Value)
    }
}

/// The use of every input, in order. Calls of unknown functions count as use by value.
pub fn input_uses(registry: &Registry, ptb: &ProgrammableTransaction) -> Vec<InputUse> {
    let mut uses = vec![InputUse::Unused; ptb.inputs.len()];
    let mut note = |argument: &Argument, how: InputUse| {
        if let Argument::Input(index) = argument
            && let Some(slot) = uses.get_mut(usize::from(*index))
        {
            *slot = (*slot).max(how);
        }
    };
    for command in &ptb.commands {
        match command {
            Command::MoveCall(call) => {
                for (index, argument) in call.arguments.iter().enumerate() {
                    note(argument, parameter_use(registry, call, index));
                }
            }
            Command::TransferObjects(c) => {
                c.objects
                    .iter()
                    .chain([&c.address])
                    .for_each(|a| note(a, InputUse::Value));
            }
            Command::SplitCoins(c) => {
                c.amounts
                    .iter()
                    .chain([&c.coin])
                    .for_each(|a| note(a, InputUse::Value));
            }
            Command::MergeCoins(c) => {
                c.coins_to_merge
                    .iter()
                    .chain([&c.coin])
                    .for_each(|a| note(a, InputUse::Value));
            }
            Command::MakeMoveVector(c) => c.elements.iter().for_each(|a| note(a, InputUse::Value)),
            Command::Upgrade(c) => note(&c.ticket, InputUse::Value),
            _ => {}
        }
    }
    uses
}

fn parameter_use(registry: &Registry, call: &MoveCall, index: usize) -> InputUse {
    let param = registry
        .function(&call.package, call.module.as_str(), call.function.as_str())
        .and_then(|function| function.arguments().get(index));
    match param {
        Some(param) => match param.passing {
            Passing::Ref => InputUse::Read,
            Passing::MutRef => InputUse::Write,
            Passing::Value if is_receiving(&param.ty) => InputUse::Receive,
            Passing::Value => InputUse::Value,
        },
        None => InputUse::Value,
    }
}

fn is_receiving(ty: &SigType) -> bool {
    matches!(ty, SigType::Datatype(name, _)
        if name.package == sui_sdk_types::Address::TWO
            && *name.module == *"transfer"
            && *name.name == *"Receiving")
}
