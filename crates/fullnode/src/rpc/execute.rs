//! `TransactionExecutionService`: simulation with completion and gas selection, and execution.

use std::{cmp::Reverse, sync::Arc};

use floe_core::SuiAddress;
use floe_ledger::{
    Checks, CommandOutput, Context, LiveObject, Outcome, OutputValue, StateView, TransactionLimits,
    object_id,
};
use sui_rpc::{
    field::FieldMaskTree,
    proto::sui::rpc::v2::{
        self as proto, Bcs, simulate_transaction_request::TransactionChecks,
        transaction_execution_service_server::TransactionExecutionService,
    },
};
use sui_sdk_types::{Address, SignedTransaction, StructTag, Transaction, UserSignature};
use tonic::{Request, Response, Status};

use super::{
    error::{RpcError, RpcResult},
    gas::{self, Plan},
    limits::Limits,
    parse, render,
    render::{
        effects::{self, ObjectVersions},
        transaction::View,
    },
    resolve,
    service::{self, Rpc},
};
use crate::{OwnerKey, Reader, TypeFilter};

const EXECUTE_DEFAULT: &str = "effects.status,checkpoint";
/// Fields of a simulation unless the client says.
pub(crate) const SIMULATE_DEFAULT: &str = "*";

/// Coins read at a time when a payment is chosen.
const COINS_PAGE: usize = 2048;
/// The most coins looked at.
const COINS_LISTED_MAX: usize = 200_000;
/// The largest coins, of which a payment is chosen: those that inputs use are left out.
const COINS_MAX: usize = TransactionLimits::GAS_COINS_MAX + TransactionLimits::INPUTS_MAX;

#[tonic::async_trait]
impl TransactionExecutionService for Rpc {
    async fn execute_transaction(
        &self,
        request: Request<proto::ExecuteTransactionRequest>,
    ) -> Result<Response<proto::ExecuteTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask =
            parse::mask::<proto::ExecutedTransaction>(request.read_mask.as_ref(), EXECUTE_DEFAULT)?;
        let signed = signed(&request)?;
        let executed = self.handle.submit(signed).await.map_err(RpcError::from)?;
        let rendered = match service::transaction_alone(&executed, &mask) {
            Some(message) => message,
            None => {
                self.read(move |reader| service::transaction(reader, &executed, &mask))
                    .await?
            }
        };
        let mut response = proto::ExecuteTransactionResponse::default();
        response.transaction = Some(rendered);
        Ok(Response::new(response))
    }

    async fn simulate_transaction(
        &self,
        request: Request<proto::SimulateTransactionRequest>,
    ) -> Result<Response<proto::SimulateTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask = parse::mask::<proto::SimulateTransactionResponse>(
            request.read_mask.as_ref(),
            SIMULATE_DEFAULT,
        )?;
        let simulated = self.compute(move |reader| {
            let ctx = reader.context()?;
            simulate(reader, &ctx, |owner| coins(reader, owner), &request, &mask)
        });
        Ok(Response::new(simulated.await?))
    }
}

fn signed(request: &proto::ExecuteTransactionRequest) -> RpcResult<SignedTransaction> {
    let transaction = request
        .transaction
        .as_ref()
        .ok_or_else(|| RpcError::missing("transaction"))?;
    let transaction = resolve::complete_transaction(transaction)?;
    if request.signatures.len() > Limits::SIGNATURES_MAX {
        let max = Limits::SIGNATURES_MAX;
        let reason = format!("{} signatures, at most {max}", request.signatures.len());
        return Err(RpcError::invalid("signatures", reason));
    }
    let signatures = request
        .signatures
        .iter()
        .enumerate()
        .map(|(index, signature)| {
            UserSignature::try_from(signature)
                .map_err(|error| error.nested_at("signatures", index).into())
        })
        .collect::<RpcResult<_>>()?;
    Ok(SignedTransaction {
        transaction,
        signatures,
    })
}

/// Answers a simulation on a state. `coins` lists the SUI coins of an address, largest first.
pub(crate) fn simulate(
    state: &dyn StateView,
    ctx: &Context,
    coins: impl FnOnce(Address) -> RpcResult<Vec<Arc<LiveObject>>>,
    request: &proto::SimulateTransactionRequest,
    mask: &FieldMaskTree,
) -> RpcResult<proto::SimulateTransactionResponse> {
    let message = request
        .transaction
        .as_ref()
        .ok_or_else(|| RpcError::missing("transaction"))?;
    let checks = match request.checks() {
        TransactionChecks::Enabled => Checks::Enabled,
        TransactionChecks::Disabled => Checks::Disabled,
        _ => return Err(RpcError::invalid("checks", "unknown")),
    };
    let draft = resolve::resolve(message, state, ctx, checks)?;
    let plan = Plan {
        checks,
        select_gas: request.do_gas_selection(),
        collect_outputs: mask.contains("command_outputs"),
    };
    let (transaction, outcome) = gas::run(draft, state, ctx, plan, coins)?;
    let mut response = proto::SimulateTransactionResponse::default();
    if let Some(mask) = mask.subtree(proto::SimulateTransactionResponse::TRANSACTION_FIELD.name) {
        response.transaction = Some(render_outcome(state, &transaction, &outcome, &mask)?);
    }
    if let Some(mask) = mask.subtree(proto::SimulateTransactionResponse::COMMAND_OUTPUTS_FIELD.name)
    {
        response.command_outputs = outcome
            .command_outputs
            .iter()
            .map(|output| command_result(output, &mask))
            .collect();
    }
    if mask.contains(proto::SimulateTransactionResponse::SUGGESTED_GAS_PRICE_FIELD.name) {
        response.suggested_gas_price = Some(ctx.reference_gas_price);
    }
    Ok(response)
}

/// The largest SUI coins of an address, largest first.
fn coins(reader: &Reader, owner: Address) -> RpcResult<Vec<Arc<LiveObject>>> {
    let owner = OwnerKey::Address(SuiAddress(owner.into_inner()));
    let filter = TypeFilter::from(StructTag::gas_coin());
    let (mut coins, mut listed, mut from) = (Vec::new(), 0, None);
    loop {
        let page = reader.owned(&owner, Some(&filter), from, COINS_PAGE)?;
        listed += page.items.len();
        coins.extend(page.items);
        coins.sort_by_cached_key(|coin| Reverse((gas::balance(coin), coin.object_id())));
        coins.truncate(COINS_MAX);
        from = page.next;
        if from.is_none() || listed >= COINS_LISTED_MAX {
            return Ok(coins);
        }
    }
}

fn render_outcome(
    state: &dyn StateView,
    transaction: &Transaction,
    outcome: &Outcome,
    mask: &FieldMaskTree,
) -> RpcResult<proto::ExecutedTransaction> {
    let objects = if effects::needs_objects(mask) {
        objects_of(state, outcome)?
    } else {
        ObjectVersions::new()
    };
    let balance_changes = outcome.balance_changes();
    let failure = outcome.failure.as_ref().map(ToString::to_string);
    let view = View {
        digest: outcome.transaction_digest,
        transaction,
        signatures: &[],
        effects: &outcome.effects,
        events: outcome.events.as_ref(),
        balance_changes: &balance_changes,
        failure: failure.as_deref(),
        place: None,
        objects,
    };
    Ok(view.render(mask))
}

/// The versions of objects that a simulation met.
fn objects_of(state: &dyn StateView, outcome: &Outcome) -> RpcResult<ObjectVersions> {
    let mut objects = ObjectVersions::new();
    for (id, version) in effects::versions(&outcome.effects) {
        let key = object_id(&id);
        let written = outcome.writes.objects.get(&key).and_then(Option::as_ref);
        let known = [written, outcome.before.get(&key)]
            .into_iter()
            .flatten()
            .find(|object| object.version() == version)
            .cloned();
        let found = match known {
            Some(object) => Some(object),
            None => state
                .object(&key)?
                .filter(|object| object.version() == version),
        };
        objects.extend(found.map(|object| ((id, version), object)));
    }
    Ok(objects)
}

fn command_result(output: &CommandOutput, mask: &FieldMaskTree) -> proto::CommandResult {
    let mut message = proto::CommandResult::default();
    if let Some(mask) = mask.subtree(proto::CommandResult::RETURN_VALUES_FIELD.name) {
        message.return_values = output
            .returned
            .iter()
            .map(|value| command_output(value, &mask))
            .collect();
    }
    if let Some(mask) = mask.subtree(proto::CommandResult::MUTATED_BY_REF_FIELD.name) {
        message.mutated_by_ref = output
            .mutated
            .iter()
            .map(|(argument, value)| {
                let mut message = command_output(value, &mask);
                message.argument = Some((*argument).into());
                message
            })
            .collect();
    }
    message
}

fn command_output(value: &OutputValue, mask: &FieldMaskTree) -> proto::CommandOutput {
    let mut message = proto::CommandOutput::default();
    if mask.contains(proto::CommandOutput::VALUE_FIELD.name) {
        let bcs = Bcs::from(value.bytes.clone()).with_name(value.tag.to_string());
        message.value = Some(bcs);
    }
    if mask.contains(proto::CommandOutput::JSON_FIELD.name) {
        message.json = render::json::value(&value.tag, &value.bytes).map(Box::new);
    }
    message
}
