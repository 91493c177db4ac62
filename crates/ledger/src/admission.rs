//! Checks before execution. A transaction that fails here leaves no trace: no effects, no gas
//! (`docs/spec/sui-rpc.md` §8.2–§8.4).

mod inputs;
mod rejection;

use floe_core::ObjectId;
use sui_sdk_types::{
    Command, Digest, GasPayment, Input as TxInput, ProgrammableTransaction, Transaction,
    TransactionExpiration, TransactionKind,
};

pub(crate) use self::inputs::{Admitted, GasSource, InputObject, admit_inputs, gas_coin_tag};
pub use self::rejection::{Rejection, TransactionLimits};
use crate::{gas::PriceList, registry::Registry};

/// What the chain says about now. Read from the state at the start of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Digest of checkpoint 0.
    pub chain_id: Digest,
    /// Chain epoch (not the Walrus epoch).
    pub epoch: u64,
    /// When the chain epoch started, ms since the Unix epoch.
    pub epoch_start_ms: u64,
    /// Lowest gas price, MIST per unit.
    pub reference_gas_price: u64,
    /// Gates behaviour; see [`PROTOCOL_VERSION`].
    pub protocol_version: u64,
}

/// The behaviour this program implements. A state of another version is refused.
pub const PROTOCOL_VERSION: u64 = 1;

/// Whether the rules that protect owners and the network apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// All of them.
    #[default]
    Enabled,
    /// A development inspection: foreign objects may be used, budgets are not bounded.
    Disabled,
}

/// Checks all that needs no state: form, sizes, gas data, expiration.
///
/// # Errors
/// The first violation.
pub(crate) fn check_form<'t>(
    tx: &'t Transaction,
    ctx: &Context,
    checks: Checks,
) -> Result<&'t ProgrammableTransaction, Rejection> {
    if ctx.protocol_version != PROTOCOL_VERSION {
        return Err(Rejection::ProtocolVersion {
            version: ctx.protocol_version,
        });
    }
    let TransactionKind::ProgrammableTransaction(ptb) = &tx.kind else {
        return Err(Rejection::SystemTransaction);
    };
    check_sizes(tx, ptb)?;
    check_commands(ptb)?;
    check_expiration(&tx.expiration, ctx)?;
    if checks == Checks::Enabled {
        check_gas(&tx.gas_payment, ctx)?;
    }
    check_calls(ptb)?;
    Ok(ptb)
}

fn check_sizes(tx: &Transaction, ptb: &ProgrammableTransaction) -> Result<(), Rejection> {
    let limit = |what, got, max| {
        if got > max {
            Err(Rejection::TooLarge { what, got, max })
        } else {
            Ok(())
        }
    };
    let bytes = bcs::serialized_size(tx).map_err(|_| Rejection::Malformed {
        reason: "transaction has no BCS".to_owned(),
    })?;
    limit("transaction bytes", bytes, TransactionLimits::BYTES_MAX)?;
    limit(
        "commands",
        ptb.commands.len(),
        TransactionLimits::COMMANDS_MAX,
    )?;
    limit("inputs", ptb.inputs.len(), TransactionLimits::INPUTS_MAX)?;
    limit(
        "gas coins",
        tx.gas_payment.objects.len(),
        TransactionLimits::GAS_COINS_MAX,
    )?;
    for command in &ptb.commands {
        limit(
            "arguments of a command",
            argument_count(command),
            TransactionLimits::ARGUMENTS_MAX,
        )?;
        if let Command::MoveCall(call) = command {
            let got = call.type_arguments.len();
            limit(
                "type arguments of a call",
                got,
                TransactionLimits::TYPE_ARGUMENTS_MAX,
            )?;
        }
    }
    for input in &ptb.inputs {
        if let TxInput::Pure(bytes) = input {
            limit(
                "bytes of a pure input",
                bytes.len(),
                TransactionLimits::PURE_BYTES_MAX,
            )?;
        }
    }
    Ok(())
}

/// Commands that would do nothing are mistakes. A transaction without any command is not: it puts
/// its gas coins together.
fn check_commands(ptb: &ProgrammableTransaction) -> Result<(), Rejection> {
    for (index, command) in ptb.commands.iter().enumerate() {
        let what = match command {
            Command::TransferObjects(transfer) if transfer.objects.is_empty() => {
                "TransferObjects without objects"
            }
            Command::SplitCoins(split) if split.amounts.is_empty() => "SplitCoins without amounts",
            Command::MergeCoins(merge) if merge.coins_to_merge.is_empty() => {
                "MergeCoins without coins"
            }
            Command::MakeMoveVector(make) if make.elements.is_empty() && make.type_.is_none() => {
                "MakeMoveVec without elements or a type"
            }
            _ => continue,
        };
        return Err(Rejection::Malformed {
            reason: format!("{what} (command {index})"),
        });
    }
    Ok(())
}

fn argument_count(command: &Command) -> usize {
    match command {
        Command::MoveCall(call) => call.arguments.len(),
        Command::TransferObjects(transfer) => transfer.objects.len() + 1,
        Command::SplitCoins(split) => split.amounts.len() + 1,
        Command::MergeCoins(merge) => merge.coins_to_merge.len() + 1,
        Command::MakeMoveVector(make) => make.elements.len(),
        _ => 1,
    }
}

fn check_expiration(expiration: &TransactionExpiration, ctx: &Context) -> Result<(), Rejection> {
    let (min, max, chain) = match expiration {
        TransactionExpiration::None => return Ok(()),
        TransactionExpiration::Epoch(last) => (None, Some(*last), None),
        TransactionExpiration::ValidDuring {
            min_epoch,
            max_epoch,
            min_timestamp: None,
            max_timestamp: None,
            chain,
            ..
        }
        | TransactionExpiration::Validity {
            min_epoch,
            max_epoch,
            min_timestamp: None,
            max_timestamp: None,
            chain,
            ..
        } => (*min_epoch, *max_epoch, Some(*chain)),
        _ => {
            return Err(Rejection::Unsupported {
                what: "expiration by timestamp".to_owned(),
            });
        }
    };
    if let Some(chain) = chain.filter(|chain| *chain != ctx.chain_id) {
        return Err(Rejection::WrongChain {
            expected: ctx.chain_id,
            got: chain,
        });
    }
    if max.is_some_and(|max| ctx.epoch > max) || min.is_some_and(|min| ctx.epoch < min) {
        return Err(Rejection::Expired {
            epoch: ctx.epoch,
            min,
            max,
        });
    }
    Ok(())
}

fn check_gas(gas: &GasPayment, ctx: &Context) -> Result<(), Rejection> {
    if gas.price < ctx.reference_gas_price {
        return Err(Rejection::GasPriceTooLow {
            price: gas.price,
            min: ctx.reference_gas_price,
        });
    }
    if gas.price > PriceList::GAS_PRICE_MAX {
        return Err(Rejection::GasPriceTooHigh {
            price: gas.price,
            max: PriceList::GAS_PRICE_MAX,
        });
    }
    let min = PriceList::UNITS_MIN.saturating_mul(gas.price);
    if gas.budget < min {
        return Err(Rejection::GasBudgetTooLow {
            budget: gas.budget,
            min,
        });
    }
    if gas.budget > PriceList::BUDGET_MAX {
        return Err(Rejection::GasBudgetTooHigh {
            budget: gas.budget,
            max: PriceList::BUDGET_MAX,
        });
    }
    Ok(())
}

/// Packages that commands name must exist; a missing function is a failed transaction instead.
fn check_calls(ptb: &ProgrammableTransaction) -> Result<(), Rejection> {
    for command in &ptb.commands {
        if let Command::MoveCall(call) = command
            && Registry::embedded().package(&call.package).is_none()
        {
            let id = ObjectId(call.package.into_inner());
            return Err(Rejection::PackageNotFound { id });
        }
    }
    Ok(())
}
