//! From a transaction as clients write it to one that can run: the server completes what the
//! client left open (`docs/spec/sui-rpc.md` §3).

use std::sync::Arc;

use floe_ledger::{
    Checks, Context, InputUse, LiveObject, Registry, StateView, TransactionLimits, input_uses,
    object_id,
};
use sui_rpc::proto::sui::rpc::v2::{self as proto, input::InputKind, transaction_kind::Kind};
use sui_sdk_types::{
    Address, Command, GasPayment, Input, Mutability, ObjectReference, Owner,
    ProgrammableTransaction, SharedInput, Transaction, TransactionExpiration, TransactionKind,
};

use super::{
    error::{RpcError, RpcResult},
    parse,
};

/// A transaction that has everything but, perhaps, its payment.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The transaction; its budget is 0 while [`Draft::has_budget`] is false.
    pub(crate) transaction: Transaction,
    /// Whether the client set a budget.
    pub(crate) has_budget: bool,
}

/// Completes a transaction given as BCS or as a message.
///
/// # Errors
/// `INVALID_ARGUMENT` for what is no transaction, `NOT_FOUND` for objects that do not exist.
pub(crate) fn resolve(
    message: &proto::Transaction,
    state: &dyn StateView,
    ctx: &Context,
    checks: Checks,
) -> RpcResult<Draft> {
    if message.bcs.is_some() {
        let transaction = from_bcs(message)?;
        let has_budget = transaction.gas_payment.budget > 0;
        return Ok(Draft {
            transaction,
            has_budget,
        });
    }
    if !matches!(message.version, None | Some(1)) {
        return Err(RpcError::invalid("transaction.version", "unknown"));
    }
    let ptb = programmable(message)?;
    let sender = match (&message.sender, checks) {
        (None, Checks::Disabled) => Address::ZERO,
        (sender, _) => parse::address("transaction.sender", sender.as_deref())?,
    };
    let kind = TransactionKind::ProgrammableTransaction(complete(ptb, state)?);
    let payment = message.gas_payment.clone().unwrap_or_default();
    let expiration = match &message.expiration {
        Some(expiration) => expiration
            .try_into()
            .map_err(|error: sui_rpc::proto::TryFromProtoError| error.nested("expiration"))?,
        None => TransactionExpiration::None,
    };
    let transaction = Transaction {
        kind,
        sender,
        gas_payment: gas_payment(&payment, sender, ctx)?,
        expiration,
    };
    Ok(Draft {
        transaction,
        has_budget: payment.budget.is_some(),
    })
}

/// A complete transaction, as BCS or as a message.
///
/// # Errors
/// `INVALID_ARGUMENT`.
pub(crate) fn complete_transaction(message: &proto::Transaction) -> RpcResult<Transaction> {
    if message.bcs.is_some() {
        return from_bcs(message);
    }
    if let Some(proto::transaction_kind::Data::ProgrammableTransaction(ptb)) =
        message.kind.as_ref().and_then(|kind| kind.data.as_ref())
    {
        check_sizes(ptb)?;
    }
    Ok(message.try_into()?)
}

fn from_bcs(message: &proto::Transaction) -> RpcResult<Transaction> {
    const FIELD: &str = "transaction.bcs";
    let bytes = message.bcs.as_ref().and_then(|bcs| bcs.value.as_deref());
    let bytes = bytes.ok_or_else(|| RpcError::missing(FIELD))?;
    if bytes.len() > TransactionLimits::BYTES_MAX {
        let max = TransactionLimits::BYTES_MAX;
        let reason = format!("{} bytes, at most {max}", bytes.len());
        return Err(RpcError::invalid(FIELD, reason));
    }
    bcs::from_bytes(bytes).map_err(|error| RpcError::invalid(FIELD, error))
}

fn programmable(message: &proto::Transaction) -> RpcResult<&proto::ProgrammableTransaction> {
    const FIELD: &str = "transaction.kind";
    let kind = message
        .kind
        .as_ref()
        .ok_or_else(|| RpcError::missing(FIELD))?;
    if !matches!(kind.kind(), Kind::Unknown | Kind::ProgrammableTransaction) {
        return Err(RpcError::invalid(FIELD, "not a programmable transaction"));
    }
    match &kind.data {
        Some(proto::transaction_kind::Data::ProgrammableTransaction(ptb)) => {
            check_sizes(ptb)?;
            Ok(ptb)
        }
        _ => Err(RpcError::invalid(FIELD, "not a programmable transaction")),
    }
}

/// Bounds the work before any of it is done.
fn check_sizes(ptb: &proto::ProgrammableTransaction) -> RpcResult<()> {
    let limits = [
        ("inputs", ptb.inputs.len(), TransactionLimits::INPUTS_MAX),
        (
            "commands",
            ptb.commands.len(),
            TransactionLimits::COMMANDS_MAX,
        ),
    ];
    for (what, got, max) in limits {
        if got > max {
            return Err(RpcError::invalid(
                "transaction.kind",
                format_args!("too many {what}: {got}, at most {max}"),
            ));
        }
    }
    for (index, input) in ptb.inputs.iter().enumerate() {
        check_input(&format!("transaction.kind.inputs[{index}]"), input)?;
    }
    for (index, command) in ptb.commands.iter().enumerate() {
        if let Some(command) = &command.command {
            check_command(&format!("transaction.kind.commands[{index}]"), command)?;
        }
    }
    Ok(())
}

fn check_input(field: &str, input: &proto::Input) -> RpcResult<()> {
    parse::check_names(
        field,
        [&input.object_id, &input.digest].into_iter().flatten(),
    )?;
    if let Some(withdrawal) = &input.funds_withdrawal {
        let names = [&withdrawal.funder, &withdrawal.allowance];
        parse::check_names(field, names.into_iter().flatten())?;
        parse::check_types(field, &withdrawal.coin_type)?;
    }
    Ok(())
}

fn check_command(field: &str, command: &proto::command::Command) -> RpcResult<()> {
    use proto::command::Command;
    match command {
        Command::MoveCall(call) => {
            let path = [&call.package, &call.module, &call.function];
            parse::check_names(field, path.into_iter().flatten())?;
            parse::check_types(field, &call.type_arguments)
        }
        Command::MakeMoveVector(vector) => parse::check_types(field, &vector.element_type),
        Command::Publish(publish) => parse::check_names(field, &publish.dependencies),
        Command::Upgrade(upgrade) => {
            parse::check_names(field, upgrade.dependencies.iter().chain(&upgrade.package))
        }
        _ => Ok(()),
    }
}

fn gas_payment(
    message: &proto::GasPayment,
    sender: Address,
    ctx: &Context,
) -> RpcResult<GasPayment> {
    const FIELD: &str = "transaction.gas_payment";
    if message.objects.len() > TransactionLimits::GAS_COINS_MAX {
        return Err(RpcError::invalid(FIELD, "too many objects"));
    }
    let owner = match &message.owner {
        Some(owner) => parse::address("transaction.gas_payment.owner", Some(owner))?,
        None => sender,
    };
    let objects = message
        .objects
        .iter()
        .map(ObjectReference::try_from)
        .collect::<Result<_, _>>()
        .map_err(|error| error.nested(FIELD))?;
    Ok(GasPayment {
        objects,
        owner,
        price: message.price.unwrap_or(ctx.reference_gas_price),
        budget: message.budget.unwrap_or(0),
    })
}

/// Completes the inputs, in place: their number and order stay.
fn complete(
    message: &proto::ProgrammableTransaction,
    state: &dyn StateView,
) -> RpcResult<ProgrammableTransaction> {
    let commands = message
        .commands
        .iter()
        .enumerate()
        .map(|(index, command)| {
            Command::try_from(command).map_err(|error| error.nested_at("commands", index).into())
        })
        .collect::<RpcResult<Vec<_>>>()?;
    // Uses follow from commands and the number of inputs alone.
    let mut ptb = ProgrammableTransaction {
        inputs: vec![Input::Pure(Vec::new()); message.inputs.len()],
        commands,
    };
    let uses = input_uses(Registry::embedded(), &ptb);
    ptb.inputs = message
        .inputs
        .iter()
        .zip(uses)
        .enumerate()
        .map(|(index, (input, usage))| complete_input(input, usage, index, state))
        .collect::<RpcResult<_>>()?;
    Ok(ptb)
}

fn complete_input(
    message: &proto::Input,
    usage: InputUse,
    index: usize,
    state: &dyn StateView,
) -> RpcResult<Input> {
    let field = format!("transaction.kind.inputs[{index}]");
    if message.literal.is_some() {
        return Err(RpcError::invalid(
            &field,
            "literals are not supported: send BCS",
        ));
    }
    match message.kind() {
        InputKind::Unknown => {}
        InputKind::Shared if message.mutable.is_none() && message.mutability.is_none() => {}
        InputKind::ImmutableOrOwned | InputKind::Receiving
            if message.version.is_none() || message.digest.is_none() => {}
        _ => {
            return Input::try_from(message)
                .map_err(|error| error.nested_at("inputs", index).into());
        }
    }
    if let (None, Some(bytes)) = (&message.object_id, &message.pure) {
        return Ok(Input::Pure(bytes.to_vec()));
    }
    let id = parse::address(&field, message.object_id.as_deref())?;
    let object = state
        .object(&object_id(&id))?
        .ok_or_else(|| RpcError::not_found(format!("object {id} does not exist")))?;
    if let Owner::Shared(initial) = *object.owner() {
        return Ok(shared(message, id, initial, usage));
    }
    let reference = reference(message, &field, id, &object)?;
    let receiving = message.kind() == InputKind::Receiving || usage == InputUse::Receive;
    Ok(if receiving {
        Input::Receiving(reference)
    } else {
        Input::ImmutableOrOwned(reference)
    })
}

/// A preset version or mutability stays as it is.
fn shared(message: &proto::Input, id: Address, initial: u64, usage: InputUse) -> Input {
    let mutable = match (message.mutability(), message.mutable) {
        (proto::input::Mutability::Unknown, None) => usage.needs_mutable(),
        (proto::input::Mutability::Unknown, Some(mutable)) => mutable,
        (mutability, _) => mutability != proto::input::Mutability::Immutable,
    };
    let mutability = if mutable {
        Mutability::Mutable
    } else {
        Mutability::Immutable
    };
    Input::Shared(SharedInput::new(
        id,
        message.version.unwrap_or(initial),
        mutability,
    ))
}

fn reference(
    message: &proto::Input,
    field: &str,
    id: Address,
    object: &Arc<LiveObject>,
) -> RpcResult<ObjectReference> {
    let version = message.version.unwrap_or_else(|| object.version());
    let digest = match &message.digest {
        Some(digest) => parse::digest(field, Some(digest))?,
        None => object.digest(),
    };
    Ok(ObjectReference::new(id, version, digest))
}
