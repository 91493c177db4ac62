//! Programmable transactions, as long as nobody has said who pays and which versions are used.
//!
//! A [`Ptb`] names objects by id alone and payments by amount, so it can be built again and again:
//! when versions have moved on, or other coins have to be used.

use std::collections::BTreeMap;

use floe_core::{ObjectId, SuiAddress, wire};
use serde::Serialize;
use sui_sdk_types::{
    Address, Argument, Command, GasPayment, Input, MakeMoveVector, MergeCoins, MoveCall,
    ObjectReference, Owner, ProgrammableTransaction, SharedInput, SplitCoins, StructTag,
    Transaction, TransactionExpiration, TransactionKind, TransferObjects, TypeTag,
};

use crate::{address::address, deployment::identifier};

/// The most inputs and commands a transaction takes (`docs/spec/sui-rpc.md` §8.3).
const INPUTS_MAX: usize = 2048;
const COMMANDS_MAX: usize = 1024;
/// The most bytes of a transaction.
pub(crate) const TRANSACTION_BYTES_MAX: usize = 128 * 1024;

/// A value inside a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arg {
    /// The coin that pays for gas.
    Gas,
    /// An input.
    Input(u16),
    /// What a command returns.
    Result(u16),
    /// One of the values that a command returns.
    Nested(u16, u16),
    /// The coin that WAL is paid from by reference; what is left of it goes back to the wallet.
    WalPayment,
    /// A coin of WAL that is used up.
    WalCoin(u16),
}

/// What a transaction does with an object it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectUse {
    /// Reads it.
    Read,
    /// Changes it, or uses it up.
    Change,
    /// Receives it: it was sent to another object.
    Receive,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PtbInput {
    Pure(Vec<u8>),
    Object(ObjectId, ObjectUse),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PtbCommand {
    Call {
        package: ObjectId,
        module: &'static str,
        function: &'static str,
        types: Vec<TypeTag>,
        args: Vec<Arg>,
    },
    Transfer(Vec<Arg>, Arg),
    Split(Arg, Vec<Arg>),
    Merge(Arg, Vec<Arg>),
    Vector(Option<TypeTag>, Vec<Arg>),
}

/// A programmable transaction without versions, coins and gas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ptb {
    inputs: Vec<PtbInput>,
    pure: BTreeMap<Vec<u8>, u16>,
    objects: BTreeMap<ObjectId, u16>,
    commands: Vec<PtbCommand>,
    wal_payment: Option<u64>,
    wal_coins: Vec<u64>,
    sui_coins: u64,
    overflow: bool,
    /// Coins that it puts together: as many as go into a transaction are its payment.
    pub(crate) gathers: Option<Token>,
}

/// What coins are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Token {
    Sui,
    Wal,
}

/// A transaction can't be built. The caller is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PtbError {
    /// Too many inputs.
    #[error("{got} inputs, at most {INPUTS_MAX} fit a transaction")]
    Inputs {
        /// How many.
        got: usize,
    },
    /// Too many commands.
    #[error("{got} commands, at most {COMMANDS_MAX} fit a transaction")]
    Commands {
        /// How many.
        got: usize,
    },
    /// Too many bytes.
    #[error("{got} bytes, at most {TRANSACTION_BYTES_MAX} fit a transaction")]
    Bytes {
        /// How many.
        got: usize,
    },
    /// An object is not owned by the account.
    #[error("object {id} belongs to {owner:?}, not to {sender}")]
    Foreign {
        /// The object.
        id: ObjectId,
        /// Its owner.
        owner: Owner,
        /// The account.
        sender: SuiAddress,
    },
    /// An object does not exist, or no longer.
    #[error("object {id} does not exist")]
    Missing {
        /// The object.
        id: ObjectId,
    },
    /// The sum of the amounts does not fit 64 bits.
    #[error("the sum of the payments does not fit 64 bits")]
    Overflow,
}

/// What a [`Ptb`] is completed with.
#[derive(Debug)]
pub(crate) struct Completion<'a> {
    pub(crate) sender: SuiAddress,
    pub(crate) objects: &'a BTreeMap<ObjectId, (Owner, ObjectReference)>,
    pub(crate) wal_type: &'a StructTag,
    pub(crate) wal_coins: &'a [ObjectReference],
    pub(crate) gas: &'a [ObjectReference],
    pub(crate) gas_price: u64,
    pub(crate) gas_budget: u64,
}

impl Ptb {
    /// An empty transaction.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it does nothing.
    pub const fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// A plain value. Equal values share an input.
    pub fn pure<T: Serialize + ?Sized>(&mut self, value: &T) -> Arg {
        let bytes = wire::to_bcs(value);
        if let Some(index) = self.pure.get(&bytes) {
            return Arg::Input(*index);
        }
        let index = self.input(PtbInput::Pure(bytes.clone()));
        self.pure.insert(bytes, index);
        Arg::Input(index)
    }

    /// An object. Named several times, it is one input with the strongest of the uses.
    pub fn object(&mut self, id: ObjectId, how: ObjectUse) -> Arg {
        if let Some(index) = self.objects.get(&id) {
            if let Some(PtbInput::Object(_, known)) = self.inputs.get_mut(usize::from(*index)) {
                *known = how.max(*known);
            }
            return Arg::Input(*index);
        }
        let index = self.input(PtbInput::Object(id, how));
        self.objects.insert(id, index);
        Arg::Input(index)
    }

    /// Calls a function, whose name is one of our sources'.
    pub fn call(
        &mut self,
        package: ObjectId,
        module: &'static str,
        function: &'static str,
        types: Vec<TypeTag>,
        args: Vec<Arg>,
    ) -> Arg {
        Arg::Result(self.command(PtbCommand::Call {
            package,
            module,
            function,
            types,
            args,
        }))
    }

    /// Sends objects to an account.
    pub fn transfer(&mut self, objects: Vec<Arg>, to: SuiAddress) {
        let to = self.pure(&to);
        self.command(PtbCommand::Transfer(objects, to));
    }

    /// Splits amounts off a coin.
    pub fn split(&mut self, coin: Arg, amounts: &[u64]) -> Vec<Arg> {
        let args = amounts.iter().map(|amount| self.pure(amount)).collect();
        let command = self.command(PtbCommand::Split(coin, args));
        (0..=u16::MAX)
            .zip(amounts)
            .map(|(i, _)| Arg::Nested(command, i))
            .collect()
    }

    /// Adds coins to a coin.
    pub fn merge(&mut self, coin: Arg, others: Vec<Arg>) {
        self.command(PtbCommand::Merge(coin, others));
    }

    /// A vector; its type is needed if it is empty or of plain values.
    pub fn vector(&mut self, element: Option<TypeTag>, elements: Vec<Arg>) -> Arg {
        Arg::Result(self.command(PtbCommand::Vector(element, elements)))
    }

    /// The coin to pay WAL from, with `frost` more in it. The wallet pays no more than the sum,
    /// and gets back what is left.
    pub fn pay_wal(&mut self, frost: u64) -> Arg {
        let sum = self.wal_payment.unwrap_or(0).checked_add(frost);
        self.overflow |= sum.is_none();
        self.wal_payment = Some(sum.unwrap_or(u64::MAX));
        Arg::WalPayment
    }

    /// A coin of exactly `frost` from the wallet, to be used up.
    pub fn wal_coin(&mut self, frost: u64) -> Arg {
        let index = u16::try_from(self.wal_coins.len());
        self.overflow |= index.is_err();
        self.wal_coins.push(frost);
        Arg::WalCoin(index.unwrap_or(u16::MAX))
    }

    /// A coin of exactly `mist` from the wallet, to be used up.
    pub fn sui_coin(&mut self, mist: u64) -> Arg {
        let sum = self.sui_coins.checked_add(mist);
        self.overflow |= sum.is_none();
        self.sui_coins = sum.unwrap_or(u64::MAX);
        let coins = self.split(Arg::Gas, &[mist]);
        coins.first().copied().unwrap_or(Arg::Gas)
    }

    /// FROST that the wallet must have, and whether any coin of WAL is used.
    pub(crate) fn wal_needed(&self) -> Result<Option<u64>, PtbError> {
        if self.overflow {
            return Err(PtbError::Overflow);
        }
        if self.wal_payment.is_none() && self.wal_coins.is_empty() {
            return Ok(None);
        }
        let mut amounts = self.wal_payment.iter().chain(&self.wal_coins).copied();
        let sum = amounts.try_fold(0_u64, u64::checked_add);
        sum.map(Some).ok_or(PtbError::Overflow)
    }

    /// MIST that the wallet must have besides gas.
    pub(crate) const fn sui_needed(&self) -> u64 {
        self.sui_coins
    }

    /// The number of commands.
    pub(crate) const fn command_count(&self) -> usize {
        self.commands.len()
    }

    /// The objects it names.
    pub(crate) fn object_ids(&self) -> Vec<ObjectId> {
        self.objects.keys().copied().collect()
    }

    fn input(&mut self, input: PtbInput) -> u16 {
        let index = u16::try_from(self.inputs.len()).unwrap_or(u16::MAX);
        self.inputs.push(input);
        index
    }

    fn command(&mut self, command: PtbCommand) -> u16 {
        let index = u16::try_from(self.commands.len()).unwrap_or(u16::MAX);
        self.commands.push(command);
        index
    }

    /// The transaction with everything filled in.
    pub(crate) fn complete(&self, with: &Completion<'_>) -> Result<Transaction, PtbError> {
        let mut inputs = self
            .inputs
            .iter()
            .map(|input| complete_input(input, with))
            .collect::<Result<Vec<_>, _>>()?;
        let mut commands = Vec::with_capacity(self.commands.len() + 4);
        let wal = self
            .wal_needed()?
            .map(|_| self.open_purse(with, &mut inputs, &mut commands));
        let purse = wal.unwrap_or(Purse {
            main: Argument::Gas,
            split: 0,
            offset: 0,
            is_empty: false,
        });
        commands.extend(
            self.commands
                .iter()
                .map(|command| purse.command(self, command)),
        );
        if wal.is_some() {
            self.close_purse(purse, with, &mut commands);
        }
        let ptb = check_counts(ProgrammableTransaction { inputs, commands })?;
        let transaction = Transaction {
            kind: TransactionKind::ProgrammableTransaction(ptb),
            sender: address(with.sender),
            gas_payment: GasPayment {
                objects: with.gas.to_vec(),
                owner: address(with.sender),
                price: with.gas_price,
                budget: with.gas_budget,
            },
            expiration: TransactionExpiration::None,
        };
        let bytes = wire::to_bcs(&transaction).len();
        if bytes > TRANSACTION_BYTES_MAX {
            return Err(PtbError::Bytes { got: bytes });
        }
        Ok(transaction)
    }

    /// Puts the wallet's coins together and splits the payments off.
    fn open_purse(
        &self,
        with: &Completion<'_>,
        inputs: &mut Vec<Input>,
        commands: &mut Vec<Command>,
    ) -> Purse {
        let mut add = |input| {
            inputs.push(input);
            Argument::Input(u16::try_from(inputs.len() - 1).unwrap_or(u16::MAX))
        };
        let mut coins = Vec::with_capacity(with.wal_coins.len());
        for coin in with.wal_coins {
            coins.push(add(Input::ImmutableOrOwned(coin.clone())));
        }
        let amounts = self.wal_payment.iter().chain(&self.wal_coins);
        let amounts = amounts
            .map(|amount| add(Input::Pure(wire::to_bcs(amount))))
            .collect();
        let is_empty = coins.is_empty();
        let main = match coins.first().copied() {
            Some(first) => {
                let rest = coins.split_off(1);
                if !rest.is_empty() {
                    commands.push(Command::MergeCoins(MergeCoins {
                        coin: first,
                        coins_to_merge: rest,
                    }));
                }
                first
            }
            None => {
                commands.push(coin_call("zero", with.wal_type, Vec::new()));
                Argument::Result(0)
            }
        };
        commands.push(Command::SplitCoins(SplitCoins {
            coin: main,
            amounts,
        }));
        let offset = u16::try_from(commands.len()).unwrap_or(u16::MAX);
        Purse {
            main,
            split: offset - 1,
            offset,
            is_empty,
        }
    }

    /// Puts back what is left.
    fn close_purse(&self, purse: Purse, with: &Completion<'_>, commands: &mut Vec<Command>) {
        if self.wal_payment.is_some() {
            commands.push(Command::MergeCoins(MergeCoins {
                coin: purse.main,
                coins_to_merge: vec![Argument::NestedResult(purse.split, 0)],
            }));
        }
        if purse.is_empty {
            commands.push(coin_call("destroy_zero", with.wal_type, vec![purse.main]));
        }
    }
}

/// Where the payments are in the completed transaction.
#[derive(Debug, Clone, Copy)]
struct Purse {
    /// The coin that the payments are split off from.
    main: Argument,
    /// The command that splits them off.
    split: u16,
    /// The commands before the transaction's own.
    offset: u16,
    /// Whether the coin was made for the purpose.
    is_empty: bool,
}

impl Purse {
    fn arg(self, ptb: &Ptb, arg: &Arg) -> Argument {
        let shift = |command: u16| command.saturating_add(self.offset);
        match *arg {
            Arg::Gas => Argument::Gas,
            Arg::Input(index) => Argument::Input(index),
            Arg::Result(command) => Argument::Result(shift(command)),
            Arg::Nested(command, index) => Argument::NestedResult(shift(command), index),
            Arg::WalPayment => Argument::NestedResult(self.split, 0),
            Arg::WalCoin(index) => {
                let first = u16::from(ptb.wal_payment.is_some());
                Argument::NestedResult(self.split, index.saturating_add(first))
            }
        }
    }

    fn command(self, ptb: &Ptb, command: &PtbCommand) -> Command {
        let arg = |arg: &Arg| self.arg(ptb, arg);
        let list = |args: &[Arg]| args.iter().map(arg).collect::<Vec<_>>();
        match command {
            PtbCommand::Call {
                package,
                module,
                function,
                types,
                args,
            } => Command::MoveCall(MoveCall {
                package: address(*package),
                module: identifier(module),
                function: identifier(function),
                type_arguments: types.clone(),
                arguments: list(args),
            }),
            PtbCommand::Transfer(objects, to) => Command::TransferObjects(TransferObjects {
                objects: list(objects),
                address: arg(to),
            }),
            PtbCommand::Split(coin, amounts) => Command::SplitCoins(SplitCoins {
                coin: arg(coin),
                amounts: list(amounts),
            }),
            PtbCommand::Merge(coin, others) => Command::MergeCoins(MergeCoins {
                coin: arg(coin),
                coins_to_merge: list(others),
            }),
            PtbCommand::Vector(element, elements) => Command::MakeMoveVector(MakeMoveVector {
                type_: element.clone(),
                elements: list(elements),
            }),
        }
    }
}

fn check_counts(ptb: ProgrammableTransaction) -> Result<ProgrammableTransaction, PtbError> {
    let (inputs, commands) = (ptb.inputs.len(), ptb.commands.len());
    if inputs > INPUTS_MAX {
        return Err(PtbError::Inputs { got: inputs });
    }
    if commands > COMMANDS_MAX {
        return Err(PtbError::Commands { got: commands });
    }
    Ok(ptb)
}

fn coin_call(function: &str, coin_type: &StructTag, arguments: Vec<Argument>) -> Command {
    Command::MoveCall(MoveCall {
        package: Address::TWO,
        module: identifier("coin"),
        function: identifier(function),
        type_arguments: vec![coin_type.clone().into()],
        arguments,
    })
}

fn complete_input(input: &PtbInput, with: &Completion<'_>) -> Result<Input, PtbError> {
    let (id, how) = match input {
        PtbInput::Pure(bytes) => return Ok(Input::Pure(bytes.clone())),
        PtbInput::Object(id, how) => (*id, *how),
    };
    let (owner, reference) = with.objects.get(&id).ok_or(PtbError::Missing { id })?;
    let foreign = || PtbError::Foreign {
        id,
        owner: *owner,
        sender: with.sender,
    };
    match owner {
        Owner::Shared(version) => {
            let mutable = how != ObjectUse::Read;
            let shared = SharedInput::new(address(id), *version, mutable);
            Ok(Input::Shared(shared))
        }
        Owner::ConsensusAddress {
            start_version,
            owner,
        } if *owner == address(with.sender) => {
            let mutable = how != ObjectUse::Read;
            Ok(Input::Shared(SharedInput::new(
                address(id),
                *start_version,
                mutable,
            )))
        }
        _ if how == ObjectUse::Receive => Ok(Input::Receiving(reference.clone())),
        Owner::Immutable => Ok(Input::ImmutableOrOwned(reference.clone())),
        Owner::Address(owner) if *owner == address(with.sender) => {
            Ok(Input::ImmutableOrOwned(reference.clone()))
        }
        _ => Err(foreign()),
    }
}

#[cfg(test)]
mod tests;
