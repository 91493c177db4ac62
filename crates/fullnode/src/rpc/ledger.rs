//! `LedgerService`: objects, transactions, checkpoints, epochs.

use floe_ledger::{SYSTEM_STATE_ID, object_id};
use prost::Message;
use sui_rpc::{
    field::FieldMaskTree,
    proto::{
        sui::rpc::v2::{
            self as proto, get_checkpoint_request::CheckpointId,
            ledger_service_server::LedgerService,
        },
        timestamp_ms_to_proto,
    },
};
use tonic::{Request, Response, Status, codegen::BoxStream};

use super::{
    error::{RpcError, RpcResult},
    limits::Limits,
    list, parse,
    render::{self, epoch::SystemFacts},
    service::{self, Rpc},
};
use crate::{CheckpointRecord, Reader};

/// Name and version of this program, as `GetServiceInfo` and the `server` header tell it.
pub(crate) const SERVER: &str = concat!("floe/", env!("CARGO_PKG_VERSION"));

/// Name of the chain: it is nobody else's.
pub(crate) const CHAIN: &str = "localnet";

const OBJECT_DEFAULT: &str = "object_id,version,digest";
const TRANSACTION_DEFAULT: &str = "digest";
const CHECKPOINT_DEFAULT: &str = "sequence_number,digest";
const EPOCH_DEFAULT: &str = "epoch";

#[tonic::async_trait]
impl LedgerService for Rpc {
    async fn get_service_info(
        &self,
        _: Request<proto::GetServiceInfoRequest>,
    ) -> Result<Response<proto::GetServiceInfoResponse>, Status> {
        Ok(Response::new(self.read(service_info).await?))
    }

    async fn get_object(
        &self,
        request: Request<proto::GetObjectRequest>,
    ) -> Result<Response<proto::GetObjectResponse>, Status> {
        let request = request.into_inner();
        let mask = parse::mask::<proto::Object>(request.read_mask.as_ref(), OBJECT_DEFAULT)?;
        let found = self.read(move |reader| object(reader, &request, &mask));
        let mut response = proto::GetObjectResponse::default();
        response.object = Some(found.await?);
        Ok(Response::new(response))
    }

    async fn batch_get_objects(
        &self,
        request: Request<proto::BatchGetObjectsRequest>,
    ) -> Result<Response<proto::BatchGetObjectsResponse>, Status> {
        let request = request.into_inner();
        check_batch("requests", request.requests.len())?;
        let mask = parse::mask::<proto::Object>(request.read_mask.as_ref(), OBJECT_DEFAULT)?;
        let response = self.read(move |reader| {
            let mut response = proto::BatchGetObjectsResponse::default();
            let mut size = BatchSize::default();
            for request in &request.requests {
                let result = match object(reader, request, &mask) {
                    Ok(found) => proto::GetObjectResult::new_object(found),
                    Err(error) => proto::GetObjectResult::new_error(error.into_message()),
                };
                size.add(&result)?;
                response.objects.push(result);
            }
            Ok(response)
        });
        Ok(Response::new(response.await?))
    }

    async fn get_transaction(
        &self,
        request: Request<proto::GetTransactionRequest>,
    ) -> Result<Response<proto::GetTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask = transaction_mask(request.read_mask.as_ref())?;
        let found = self.read(move |reader| transaction(reader, request.digest.as_deref(), &mask));
        let mut response = proto::GetTransactionResponse::default();
        response.transaction = Some(found.await?);
        Ok(Response::new(response))
    }

    async fn batch_get_transactions(
        &self,
        request: Request<proto::BatchGetTransactionsRequest>,
    ) -> Result<Response<proto::BatchGetTransactionsResponse>, Status> {
        let request = request.into_inner();
        check_batch("digests", request.digests.len())?;
        let mask = transaction_mask(request.read_mask.as_ref())?;
        let response = self.read(move |reader| {
            let mut response = proto::BatchGetTransactionsResponse::default();
            let mut size = BatchSize::default();
            for digest in &request.digests {
                let result = match transaction(reader, Some(digest), &mask) {
                    Ok(found) => proto::GetTransactionResult::new_transaction(found),
                    Err(error) => proto::GetTransactionResult::new_error(error.into_message()),
                };
                size.add(&result)?;
                response.transactions.push(result);
            }
            Ok(response)
        });
        Ok(Response::new(response.await?))
    }

    async fn get_checkpoint(
        &self,
        request: Request<proto::GetCheckpointRequest>,
    ) -> Result<Response<proto::GetCheckpointResponse>, Status> {
        let request = request.into_inner();
        let mask =
            parse::mask::<proto::Checkpoint>(request.read_mask.as_ref(), CHECKPOINT_DEFAULT)?;
        let found = self.read(move |reader| checkpoint(reader, request.checkpoint_id, &mask));
        let mut response = proto::GetCheckpointResponse::default();
        response.checkpoint = Some(found.await?);
        Ok(Response::new(response))
    }

    async fn get_epoch(
        &self,
        request: Request<proto::GetEpochRequest>,
    ) -> Result<Response<proto::GetEpochResponse>, Status> {
        let request = request.into_inner();
        let mask = parse::mask::<proto::Epoch>(request.read_mask.as_ref(), EPOCH_DEFAULT)?;
        let duration_ms = self.handle.shared().epoch_duration_ms;
        let found = self.read(move |reader| epoch(reader, request.epoch, duration_ms, &mask));
        let mut response = proto::GetEpochResponse::default();
        response.epoch = Some(found.await?);
        Ok(Response::new(response))
    }

    async fn list_checkpoints(
        &self,
        request: Request<proto::ListCheckpointsRequest>,
    ) -> Result<Response<BoxStream<proto::ListCheckpointsResponse>>, Status> {
        let request = request.into_inner();
        let mask =
            parse::mask::<proto::Checkpoint>(request.read_mask.as_ref(), CHECKPOINT_DEFAULT)?;
        Ok(Response::new(
            list::checkpoints(self, &request, mask).await?,
        ))
    }

    async fn list_transactions(
        &self,
        request: Request<proto::ListTransactionsRequest>,
    ) -> Result<Response<BoxStream<proto::ListTransactionsResponse>>, Status> {
        let request = request.into_inner();
        let mask = transaction_mask(request.read_mask.as_ref())?;
        Ok(Response::new(
            list::transactions(self, &request, mask).await?,
        ))
    }

    async fn list_events(
        &self,
        request: Request<proto::ListEventsRequest>,
    ) -> Result<Response<BoxStream<proto::ListEventsResponse>>, Status> {
        let request = request.into_inner();
        let mask = parse::mask::<proto::Event>(request.read_mask.as_ref(), list::EVENT_DEFAULT)?;
        Ok(Response::new(list::events(self, &request, mask).await?))
    }
}

pub(crate) fn transaction_mask(
    mask: Option<&sui_rpc::field::FieldMask>,
) -> RpcResult<FieldMaskTree> {
    parse::mask::<proto::ExecutedTransaction>(mask, TRANSACTION_DEFAULT)
}

fn service_info(reader: &Reader) -> RpcResult<proto::GetServiceInfoResponse> {
    let head = reader.head();
    let mut response = proto::GetServiceInfoResponse::default();
    response.chain_id = Some(reader.chain_id().to_string());
    response.chain = Some(CHAIN.to_owned());
    response.epoch = Some(head.epoch);
    response.checkpoint_height = Some(head.sequence_number);
    response.timestamp = Some(timestamp_ms_to_proto(head.timestamp_ms));
    response.lowest_available_checkpoint = Some(reader.lowest_checkpoint());
    response.lowest_available_checkpoint_objects = Some(reader.lowest_checkpoint());
    response.server = Some(SERVER.to_owned());
    Ok(response)
}

fn check_batch(field: &str, len: usize) -> RpcResult<()> {
    if len > Limits::BATCH_MAX {
        return Err(RpcError::invalid(
            field,
            format_args!("{len} entries, at most {}", Limits::BATCH_MAX),
        ));
    }
    Ok(())
}

/// Bounds the bytes of a batch's answer.
#[derive(Debug, Default)]
struct BatchSize(usize);

impl BatchSize {
    fn add(&mut self, result: &impl Message) -> RpcResult<()> {
        self.0 = self.0.saturating_add(result.encoded_len());
        if self.0 > Limits::BATCH_BYTES_MAX {
            return Err(RpcError::new(
                tonic::Code::ResourceExhausted,
                "the answer is too large: ask for fewer entries or fields at a time",
            ));
        }
        Ok(())
    }
}

fn object(
    reader: &Reader,
    request: &proto::GetObjectRequest,
    mask: &FieldMaskTree,
) -> RpcResult<proto::Object> {
    let id = parse::address("object_id", request.object_id.as_deref())?;
    let found = match request.version {
        Some(version) => reader.object_at(&object_id(&id), version)?.ok_or_else(|| {
            RpcError::not_found(format!(
                "object {id} has no version {version}, or no longer"
            ))
        })?,
        None => reader
            .object(&object_id(&id))?
            .ok_or_else(|| RpcError::not_found(format!("object {id} not found")))?,
    };
    service::object(reader, &found, mask)
}

fn transaction(
    reader: &Reader,
    digest: Option<&str>,
    mask: &FieldMaskTree,
) -> RpcResult<proto::ExecutedTransaction> {
    let digest = parse::digest("digest", digest)?;
    let executed = reader
        .transaction(&digest)?
        .ok_or_else(|| RpcError::not_found(format!("transaction {digest} not found")))?;
    service::transaction(reader, &executed, mask)
}

fn checkpoint(
    reader: &Reader,
    id: Option<CheckpointId>,
    mask: &FieldMaskTree,
) -> RpcResult<proto::Checkpoint> {
    let record = record(reader, id)?;
    if !render::checkpoint::needs_transactions(mask) {
        return Ok(render::checkpoint::header(&record, mask));
    }
    let number = record.sequence_number();
    let data = reader
        .checkpoint_data(number)?
        .ok_or_else(|| RpcError::not_found(format!("checkpoint {number} not found")))?;
    service::checkpoint_message(reader, &data, mask)
}

fn record(reader: &Reader, id: Option<CheckpointId>) -> RpcResult<CheckpointRecord> {
    match id {
        None => Ok(reader.latest_checkpoint()?),
        Some(CheckpointId::SequenceNumber(number)) => reader
            .checkpoint(number)?
            .ok_or_else(|| RpcError::not_found(format!("checkpoint {number} not found"))),
        Some(CheckpointId::Digest(digest)) => {
            let digest = parse::digest("digest", Some(&digest))?;
            reader
                .checkpoint_by_digest(&digest)?
                .ok_or_else(|| RpcError::not_found(format!("checkpoint {digest} not found")))
        }
        Some(_) => Err(RpcError::invalid("checkpoint_id", "unknown")),
    }
}

fn epoch(
    reader: &Reader,
    number: Option<u64>,
    epoch_duration_ms: u64,
    mask: &FieldMaskTree,
) -> RpcResult<proto::Epoch> {
    let current = reader.head().epoch;
    let number = number.unwrap_or(current);
    let record = reader
        .epoch(number)?
        .ok_or_else(|| RpcError::not_found(format!("epoch {number} not found")))?;
    let facts = if number == current {
        let version = reader
            .object(&SYSTEM_STATE_ID)?
            .map_or(1, |object| object.version());
        let fees = reader.chain_state()?.fees;
        Some(SystemFacts {
            version,
            fees,
            epoch_duration_ms,
        })
    } else {
        None
    };
    Ok(render::epoch::epoch(&record, facts, mask))
}
