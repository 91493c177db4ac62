//! Reading objects.

use std::collections::BTreeMap;

use bytes::Bytes;
use floe_core::{ObjectId, SuiAddress};
use floe_env::BoxFuture;
use prost_types::FieldMask;
use sui_rpc::{
    field::FieldMaskUtil as _,
    proto::sui::rpc::v2::{
        self as proto, BatchGetObjectsRequest, GetBalanceRequest, GetObjectRequest,
        ListOwnedObjectsRequest, get_object_result::Result as ItemResult,
        ledger_service_client::LedgerServiceClient, state_service_client::StateServiceClient,
    },
};
use sui_sdk_types::{Digest, ObjectReference, Owner, StructTag};
use tonic::Code;

use super::{
    ANSWER_BYTES_MAX, Chain, RpcError, RpcFailure,
    error::{malformed, missing},
};
use crate::address::{address, object_id};

/// The most objects asked for in one call.
const BATCH_MAX: usize = 50;
/// What is asked for of each object.
const MASK: [&str; 6] = [
    "object_id",
    "version",
    "digest",
    "owner",
    "object_type",
    "contents",
];

/// An object as the chain has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawObject {
    /// Its id.
    pub id: ObjectId,
    /// Its version.
    pub version: u64,
    /// The digest of this version.
    pub digest: Digest,
    /// Who owns it.
    pub owner: Owner,
    /// Its type.
    pub object_type: StructTag,
    /// BCS of its content.
    pub contents: Bytes,
}

impl RawObject {
    /// How transactions name this version.
    pub fn reference(&self) -> ObjectReference {
        ObjectReference::new(address(self.id), self.version, self.digest)
    }
}

/// Where the next page begins, in the words of a full node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub(crate) Bytes);

/// Some of the objects asked for, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<RawObject>,
    /// The next page; `None` after the last.
    pub next: Option<PageToken>,
}

impl Chain {
    /// The latest versions of objects, in the order of `ids`; `None` for those that don't exist.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached, or its answer is of no use.
    pub fn objects<'a>(
        &'a self,
        ids: &'a [ObjectId],
    ) -> BoxFuture<'a, Result<Vec<Option<RawObject>>, RpcError>> {
        Box::pin(async move {
            let mut objects = Vec::with_capacity(ids.len());
            for batch in ids.chunks(BATCH_MAX) {
                let mut request = BatchGetObjectsRequest::default();
                request.requests = batch.iter().map(by_id).collect();
                request.read_mask = Some(FieldMask::from_paths(MASK));
                let reply = self
                    .call("BatchGetObjects", |channel| {
                        let request = request.clone();
                        async move { ledger(channel).batch_get_objects(request).await }
                    })
                    .await?;
                objects.extend(reply.read(|answer| read_batch(answer, batch))?);
            }
            Ok(objects)
        })
    }

    /// The latest version of an object; `None` if it does not exist.
    ///
    /// # Errors
    /// As [`objects`](Self::objects).
    pub async fn object(&self, id: ObjectId) -> Result<Option<RawObject>, RpcError> {
        Ok(self.objects(&[id]).await?.into_iter().next().flatten())
    }

    /// A page of the objects of an account that have a type; one without parameters stands for all
    /// parameters.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached, refuses the token, or its answer is of no use.
    pub fn owned<'a>(
        &'a self,
        owner: SuiAddress,
        object_type: &'a StructTag,
        page_size: u32,
        page: Option<PageToken>,
    ) -> BoxFuture<'a, Result<ObjectPage, RpcError>> {
        Box::pin(async move {
            let mut request = ListOwnedObjectsRequest::default();
            request.owner = Some(owner.to_string());
            request.object_type = Some(object_type.to_string());
            request.page_size = Some(page_size);
            request.page_token = page.map(|token| token.0);
            request.read_mask = Some(FieldMask::from_paths(MASK));
            let reply = self
                .call("ListOwnedObjects", |channel| {
                    let request = request.clone();
                    async move { state(channel).list_owned_objects(request).await }
                })
                .await?;
            reply.read(|answer| {
                let objects = answer.objects.iter().map(read_object);
                Ok(ObjectPage {
                    objects: objects.collect::<Result<_, _>>()?,
                    next: answer
                        .next_page_token
                        .filter(|token| !token.is_empty())
                        .map(PageToken),
                })
            })
        })
    }

    /// The sum of an account's coins of a type (the parameter of `Coin`), in the smallest unit.
    ///
    /// # Errors
    /// [`RpcError`] if a node can't be reached, or its answer is of no use.
    pub fn balance<'a>(
        &'a self,
        owner: SuiAddress,
        coin_type: &'a StructTag,
    ) -> BoxFuture<'a, Result<u64, RpcError>> {
        Box::pin(async move {
            let mut request = GetBalanceRequest::default();
            request.owner = Some(owner.to_string());
            request.coin_type = Some(coin_type.to_string());
            let reply = self
                .call("GetBalance", |channel| {
                    let request = request.clone();
                    async move { state(channel).get_balance(request).await }
                })
                .await?;
            reply.read(|answer| {
                let balance = answer.balance.ok_or_else(|| missing("balance"))?;
                Ok(balance.balance.unwrap_or_default())
            })
        })
    }
}

pub(super) fn ledger(
    channel: tonic::transport::Channel,
) -> LedgerServiceClient<tonic::transport::Channel> {
    LedgerServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

fn state(channel: tonic::transport::Channel) -> StateServiceClient<tonic::transport::Channel> {
    StateServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

fn by_id(id: &ObjectId) -> GetObjectRequest {
    let mut request = GetObjectRequest::default();
    request.object_id = Some(id.to_string());
    request
}

fn read_batch(
    answer: proto::BatchGetObjectsResponse,
    ids: &[ObjectId],
) -> Result<Vec<Option<RawObject>>, RpcFailure> {
    let mut found = BTreeMap::new();
    if answer.objects.len() != ids.len() {
        let what = format!("{} objects for {} ids", answer.objects.len(), ids.len());
        return Err(RpcFailure::Malformed { what });
    }
    for item in answer.objects {
        match item.result {
            Some(ItemResult::Object(object)) => {
                let object = read_object(&object)?;
                found.insert(object.id, object);
            }
            Some(ItemResult::Error(status)) if status.code == i32::from(Code::NotFound) => {}
            Some(ItemResult::Error(status)) => {
                return Err(RpcFailure::Status {
                    code: Code::from(status.code),
                    message: status.message,
                });
            }
            _ => return Err(missing("the result of an object")),
        }
    }
    let objects = ids.iter().map(|id| found.get(id).cloned()).collect();
    Ok(objects)
}

pub(super) fn read_object(object: &proto::Object) -> Result<RawObject, RpcFailure> {
    let text = |field: &Option<String>, what| field.clone().ok_or_else(|| missing(what));
    let id = text(&object.object_id, "object_id")?;
    let id = id.parse().map_err(|e| malformed("object_id", e))?;
    let digest = text(&object.digest, "digest")?;
    let object_type = text(&object.object_type, "object_type")?;
    let owner = object.owner.as_ref().ok_or_else(|| missing("owner"))?;
    let contents = object.contents.as_ref().and_then(|bcs| bcs.value.clone());
    Ok(RawObject {
        id: object_id(&id),
        version: object.version.ok_or_else(|| missing("version"))?,
        digest: digest.parse().map_err(|e| malformed("digest", e))?,
        owner: Owner::try_from(owner).map_err(|e| malformed("owner", e))?,
        object_type: object_type
            .parse()
            .map_err(|e| malformed("object_type", e))?,
        contents: contents.ok_or_else(|| missing("contents"))?,
    })
}
