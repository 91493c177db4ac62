//! Simulating and executing transactions.

use floe_core::ObjectId;
use floe_env::BoxFuture;
use prost_types::FieldMask;
use sui_rpc::{
    field::FieldMaskUtil as _,
    proto::sui::rpc::v2::{
        self as proto, Bcs, ExecuteTransactionRequest, GetEpochRequest, GetTransactionRequest,
        SimulateTransactionRequest, simulate_transaction_request::TransactionChecks,
        transaction_execution_service_client::TransactionExecutionServiceClient,
    },
};
use sui_sdk_types::{
    Digest, StructTag, Transaction, TransactionEffects, TransactionEvents, UserSignature,
};
use tonic::{Code, transport::Channel};

use super::{
    ANSWER_BYTES_MAX, Chain, RpcError, RpcFailure,
    error::{malformed, missing},
    objects::ledger,
};
use crate::address::object_id;

/// What is asked for of an executed transaction.
const MASK: [&str; 6] = [
    "digest",
    "checkpoint",
    "effects.bcs",
    "effects.changed_objects.object_id",
    "effects.changed_objects.object_type",
    "events.bcs",
];

/// A transaction that has run, or would have run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutedTransaction {
    /// Its digest.
    pub digest: Digest,
    /// What it did.
    pub effects: TransactionEffects,
    /// The events it emitted.
    pub events: TransactionEvents,
    /// The types of the objects it changed, as far as the node tells.
    pub changed_types: Vec<(ObjectId, StructTag)>,
    /// The checkpoint it is in, once that exists and the node tells.
    pub checkpoint: Option<u64>,
}

/// What a transaction would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// Its effects and events.
    pub executed: ExecutedTransaction,
    /// BCS of what each command returns, in order.
    pub returns: Vec<Vec<Vec<u8>>>,
}

impl Chain {
    /// Runs a transaction without consequences.
    ///
    /// A transaction that aborts is no error here: see the status in its effects.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached or refuses the transaction: stale or missing
    /// objects, malformed arguments.
    pub fn simulate<'a>(
        &'a self,
        transaction: &'a Transaction,
    ) -> BoxFuture<'a, Result<Simulation, RpcError>> {
        Box::pin(async move {
            let mut request = SimulateTransactionRequest::default();
            request.transaction = Some(bcs_transaction(transaction)?);
            request.set_checks(TransactionChecks::Enabled);
            request.do_gas_selection = Some(false);
            let paths = MASK.map(|path| format!("transaction.{path}"));
            let paths = paths.iter().map(String::as_str).chain(["command_outputs"]);
            request.read_mask = Some(FieldMask::from_paths(paths));
            let reply = self
                .call("SimulateTransaction", |channel| {
                    let request = request.clone();
                    async move { execution(channel).simulate_transaction(request).await }
                })
                .await?;
            reply.read(|answer| {
                let executed = answer.transaction.ok_or_else(|| missing("transaction"))?;
                let value = |output: &proto::CommandOutput| output.value().value().to_vec();
                let returns = answer.command_outputs.iter().map(|command| {
                    let values = command.return_values.iter().map(value);
                    values.collect()
                });
                Ok(Simulation {
                    returns: returns.collect(),
                    executed: read_executed(&executed, Some(transaction.digest()))?,
                })
            })
        })
    }

    /// Runs a transaction. Submitting it again has no further effect, and the same answer.
    ///
    /// A transaction that aborts is no error here: see the status in its effects.
    ///
    /// # Errors
    /// [`RpcError`]. If [retryable](RpcError::is_retryable), the transaction may have run.
    pub fn execute<'a>(
        &'a self,
        transaction: &'a Transaction,
        signatures: &'a [UserSignature],
    ) -> BoxFuture<'a, Result<ExecutedTransaction, RpcError>> {
        Box::pin(async move {
            let mut request = ExecuteTransactionRequest::default();
            request.transaction = Some(bcs_transaction(transaction)?);
            request.signatures = signatures.iter().map(bcs_signature).collect();
            request.read_mask = Some(FieldMask::from_paths(MASK));
            let reply = self
                .call("ExecuteTransaction", |channel| {
                    let request = request.clone();
                    async move { execution(channel).execute_transaction(request).await }
                })
                .await?;
            reply.read(|answer| {
                let executed = answer.transaction.ok_or_else(|| missing("transaction"))?;
                read_executed(&executed, Some(transaction.digest()))
            })
        })
    }

    /// A transaction that has run; `None` if the node does not know it.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached, or its answer is of no use.
    pub fn transaction(
        &self,
        digest: Digest,
    ) -> BoxFuture<'_, Result<Option<ExecutedTransaction>, RpcError>> {
        Box::pin(async move {
            let mut request = GetTransactionRequest::default();
            request.digest = Some(digest.to_string());
            request.read_mask = Some(FieldMask::from_paths(MASK));
            let reply = self
                .call("GetTransaction", |channel| {
                    let request = request.clone();
                    async move { ledger(channel).get_transaction(request).await }
                })
                .await;
            match reply {
                Ok(reply) => reply.read(|answer| {
                    let executed = answer.transaction.ok_or_else(|| missing("transaction"))?;
                    read_executed(&executed, Some(digest)).map(Some)
                }),
                Err(error) if error.code() == Some(Code::NotFound) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    /// The price of a unit of gas in MIST.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached, or its answer is of no use.
    pub fn gas_price(&self) -> BoxFuture<'_, Result<u64, RpcError>> {
        Box::pin(async move {
            let mut request = GetEpochRequest::default();
            request.read_mask = Some(FieldMask::from_paths(["reference_gas_price"]));
            let reply = self
                .call("GetEpoch", |channel| {
                    let request = request.clone();
                    async move { ledger(channel).get_epoch(request).await }
                })
                .await?;
            reply.read(|answer| {
                let price = answer.epoch.and_then(|epoch| epoch.reference_gas_price);
                price.ok_or_else(|| missing("reference_gas_price"))
            })
        })
    }
}

fn execution(channel: Channel) -> TransactionExecutionServiceClient<Channel> {
    TransactionExecutionServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

fn bcs_transaction(transaction: &Transaction) -> Result<proto::Transaction, RpcError> {
    let bcs = Bcs::serialize(transaction)
        .map_err(|error| RpcError::new("serialize", "", malformed("transaction", error)))?;
    let mut message = proto::Transaction::default();
    message.bcs = Some(bcs);
    Ok(message)
}

fn bcs_signature(signature: &UserSignature) -> proto::UserSignature {
    let mut bcs = Bcs::default();
    bcs.value = Some(signature.to_bytes().into());
    let mut message = proto::UserSignature::default();
    message.bcs = Some(bcs);
    message
}

/// Reads what a node says of a transaction. That effects and events belong to it is checked.
fn read_executed(
    executed: &proto::ExecutedTransaction,
    expected: Option<Digest>,
) -> Result<ExecutedTransaction, RpcFailure> {
    let bcs = executed.effects().bcs();
    let effects: TransactionEffects = bcs.deserialize().map_err(|e| malformed("effects.bcs", e))?;
    let digest = *effects.transaction_digest();
    if expected.is_some_and(|expected| expected != digest) {
        let what = format!("effects are those of transaction {digest}");
        return Err(RpcFailure::Malformed { what });
    }
    let events = match (effects.events_digest(), executed.events_opt()) {
        (None, _) => TransactionEvents(Vec::new()),
        (Some(_), None) => return Err(missing("events.bcs")),
        (Some(expected), Some(events)) => {
            let events: TransactionEvents = events
                .bcs()
                .deserialize()
                .map_err(|e| malformed("events.bcs", e))?;
            if events.digest() != *expected {
                let what = "events are not those of the effects".to_owned();
                return Err(RpcFailure::Malformed { what });
            }
            events
        }
    };
    Ok(ExecutedTransaction {
        digest,
        changed_types: changed_types(executed),
        effects,
        events,
        checkpoint: executed.checkpoint,
    })
}

fn changed_types(executed: &proto::ExecutedTransaction) -> Vec<(ObjectId, StructTag)> {
    let read = |change: &proto::ChangedObject| {
        let id: sui_sdk_types::Address = change.object_id().parse().ok()?;
        let object_type = change.object_type().parse().ok()?;
        Some((object_id(&id), object_type))
    };
    let changes = executed.effects().changed_objects.iter();
    changes.filter_map(read).collect()
}
