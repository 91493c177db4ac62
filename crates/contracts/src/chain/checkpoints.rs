//! Reading checkpoints; nothing is verified here.

use bytes::Bytes;
use floe_env::BoxFuture;
use prost_types::FieldMask;
use sui_rpc::{
    field::FieldMaskUtil as _,
    proto::sui::rpc::v2::{
        self as proto, GetCheckpointRequest, GetEpochRequest, GetServiceInfoRequest,
        SubscribeCheckpointsRequest, get_checkpoint_request::CheckpointId,
        subscription_service_client::SubscriptionServiceClient,
    },
};
use sui_sdk_types::{Digest, ValidatorAggregatedSignature, ValidatorCommittee};
use tonic::Streaming;

use super::{
    ANSWER_BYTES_MAX, Chain, RpcError, RpcFailure,
    call::Origin,
    error::{malformed, missing},
    objects::ledger,
};

/// What is asked for of a checkpoint.
const MASK: [&str; 7] = [
    "sequence_number",
    "summary.bcs",
    "signature",
    "contents.bcs",
    "transactions.digest",
    "transactions.effects.bcs",
    "transactions.events.bcs",
];

/// What a full node says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The chain: the digest of its checkpoint 0.
    pub chain_id: Digest,
    /// The chain's epoch (not a Walrus epoch).
    pub epoch: u64,
    /// The last checkpoint it has.
    pub checkpoint: u64,
    /// The first checkpoint it still has.
    pub checkpoint_lowest: u64,
}

/// A checkpoint as a node gives it.
#[derive(Debug, Clone)]
pub(crate) struct RawCheckpoint {
    pub(crate) sequence: u64,
    pub(crate) summary: Bytes,
    pub(crate) signature: Option<ValidatorAggregatedSignature>,
    pub(crate) contents: Bytes,
    pub(crate) transactions: Vec<RawTransaction>,
}

/// A transaction in a checkpoint as a node gives it.
#[derive(Debug, Clone)]
pub(crate) struct RawTransaction {
    pub(crate) effects: Bytes,
    pub(crate) events: Option<Bytes>,
}

/// Checkpoints as they come to be.
pub(crate) struct CheckpointStream {
    stream: Streaming<proto::SubscribeCheckpointsResponse>,
    chain: Chain,
    origin: Origin,
}

impl std::fmt::Debug for CheckpointStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckpointStream")
            .field("node", &self.origin.node)
            .finish()
    }
}

impl Chain {
    /// What the full node says of itself.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached, or its answer is of no use.
    pub fn service_info(&self) -> BoxFuture<'_, Result<ServiceInfo, RpcError>> {
        Box::pin(async move {
            let reply = self
                .call("GetServiceInfo", |channel| async move {
                    let request = GetServiceInfoRequest::default();
                    ledger(channel).get_service_info(request).await
                })
                .await?;
            reply.read(|answer| {
                let chain_id = answer
                    .chain_id
                    .as_deref()
                    .ok_or_else(|| missing("chain_id"))?;
                Ok(ServiceInfo {
                    chain_id: chain_id.parse().map_err(|e| malformed("chain_id", e))?,
                    epoch: answer.epoch.unwrap_or_default(),
                    checkpoint: answer.checkpoint_height.unwrap_or_default(),
                    checkpoint_lowest: answer.lowest_available_checkpoint.unwrap_or_default(),
                })
            })
        })
    }

    /// The validators of an epoch of the chain, and its first checkpoint; unverified.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached, does not know the epoch, or its answer is of no use.
    pub fn validators(
        &self,
        epoch: u64,
    ) -> BoxFuture<'_, Result<(ValidatorCommittee, u64), RpcError>> {
        Box::pin(async move {
            let mut request = GetEpochRequest::default();
            request.epoch = Some(epoch);
            let mask = ["epoch", "committee", "first_checkpoint"];
            request.read_mask = Some(FieldMask::from_paths(mask));
            let reply = self
                .call("GetEpoch", |channel| {
                    let request = request.clone();
                    async move { ledger(channel).get_epoch(request).await }
                })
                .await?;
            reply.read(|answer| {
                let epoch = answer.epoch.ok_or_else(|| missing("epoch"))?;
                let committee = epoch
                    .committee
                    .as_ref()
                    .ok_or_else(|| missing("committee"))?;
                let committee = committee
                    .try_into()
                    .map_err(|e| malformed("committee", e))?;
                let first = epoch.first_checkpoint;
                Ok((committee, first.ok_or_else(|| missing("first_checkpoint"))?))
            })
        })
    }

    /// A checkpoint with its transactions' effects and events.
    pub(crate) fn checkpoint(
        &self,
        sequence: u64,
    ) -> BoxFuture<'_, Result<RawCheckpoint, RpcError>> {
        Box::pin(async move {
            let mut request = GetCheckpointRequest::default();
            request.checkpoint_id = Some(CheckpointId::SequenceNumber(sequence));
            request.read_mask = Some(FieldMask::from_paths(MASK));
            let reply = self
                .call("GetCheckpoint", |channel| {
                    let request = request.clone();
                    async move { ledger(channel).get_checkpoint(request).await }
                })
                .await?;
            reply.read(|answer| {
                let checkpoint = answer.checkpoint.ok_or_else(|| missing("checkpoint"))?;
                read_checkpoint(checkpoint)
            })
        })
    }

    /// Subscribes to checkpoints as they come to be, at the preferred node or the next ones.
    pub(crate) fn subscribe(&self) -> BoxFuture<'_, Result<CheckpointStream, RpcError>> {
        Box::pin(async move {
            let mut request = SubscribeCheckpointsRequest::default();
            request.read_mask = Some(FieldMask::from_paths(MASK));
            let reply = self
                .call("SubscribeCheckpoints", |channel| {
                    let request = request.clone();
                    async move {
                        SubscriptionServiceClient::new(channel)
                            .max_decoding_message_size(ANSWER_BYTES_MAX)
                            .subscribe_checkpoints(request)
                            .await
                    }
                })
                .await?;
            let (stream, origin) = reply.into_parts();
            Ok(CheckpointStream {
                stream,
                chain: self.clone(),
                origin,
            })
        })
    }
}

impl CheckpointStream {
    /// The next checkpoint. Silence longer than the options allow is an error.
    pub(crate) fn next(&mut self) -> BoxFuture<'_, Result<RawCheckpoint, RpcError>> {
        Box::pin(async move {
            let limit = self.chain.options().silence_max;
            let answer = self
                .chain
                .clock()
                .timeout(limit, self.stream.message())
                .await;
            let checkpoint = match answer {
                Ok(Ok(Some(message))) => message
                    .checkpoint
                    .ok_or_else(|| missing("checkpoint"))
                    .and_then(read_checkpoint),
                Ok(Ok(None)) => Err(RpcFailure::Status {
                    code: tonic::Code::Unavailable,
                    message: "the subscription ended".to_owned(),
                }),
                Ok(Err(status)) => Err(status.into()),
                Err(elapsed) => {
                    self.origin.node.link.instead_of(&self.origin.link);
                    Err(RpcFailure::Timeout {
                        limit: elapsed.limit,
                    })
                }
            };
            let url = &self.origin.node.url;
            checkpoint.map_err(|failure| RpcError::new("SubscribeCheckpoints", url, failure))
        })
    }
}

fn read_checkpoint(checkpoint: proto::Checkpoint) -> Result<RawCheckpoint, RpcFailure> {
    let bcs =
        |bcs: Option<proto::Bcs>, what| bcs.and_then(|bcs| bcs.value).ok_or_else(|| missing(what));
    let signature = checkpoint.signature.as_ref().map(TryInto::try_into);
    let summary = checkpoint.summary.and_then(|summary| summary.bcs);
    let contents = checkpoint.contents.and_then(|contents| contents.bcs);
    let transaction = |transaction: proto::ExecutedTransaction| {
        let effects = transaction.effects.and_then(|effects| effects.bcs);
        let events = transaction.events.and_then(|events| events.bcs);
        Ok::<_, RpcFailure>(RawTransaction {
            effects: bcs(effects, "transactions.effects.bcs")?,
            events: events.and_then(|events| events.value),
        })
    };
    Ok(RawCheckpoint {
        sequence: checkpoint
            .sequence_number
            .ok_or_else(|| missing("sequence_number"))?,
        signature: signature
            .transpose()
            .map_err(|e| malformed("signature", e))?,
        summary: bcs(summary, "summary.bcs")?,
        contents: bcs(contents, "contents.bcs")?,
        transactions: checkpoint
            .transactions
            .into_iter()
            .map(transaction)
            .collect::<Result<_, _>>()?,
    })
}
