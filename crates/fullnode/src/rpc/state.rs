//! `StateService`: what is owned now.

use floe_core::{ObjectId, SuiAddress};
use floe_ledger::{FieldValue, LiveObject, field_parts, object_id};
use prost::Message;
use serde::Deserialize;
use sui_rpc::{
    field::FieldMaskTree,
    proto::sui::rpc::v2::{
        self as proto, Bcs, coin_treasury::SupplyState, dynamic_field::DynamicFieldKind,
        state_service_server::StateService,
    },
};
use sui_sdk_types::{Address, StructTag, TypeTag};
use tonic::{Request, Response, Status};

use super::{
    error::{RpcError, RpcResult},
    limits::Limits,
    page::PageScope,
    parse, render,
    service::{self, Rpc},
};
use crate::{Balance, BalanceCursor, OwnedCursor, OwnerKey, Reader, TypeFilter};

const OWNED_DEFAULT: &str = "object_id,version,object_type";
const FIELD_DEFAULT: &str = "parent,field_id";
const TOKEN: &str = "page_token";

#[tonic::async_trait]
impl StateService for Rpc {
    async fn list_owned_objects(
        &self,
        request: Request<proto::ListOwnedObjectsRequest>,
    ) -> Result<Response<proto::ListOwnedObjectsResponse>, Status> {
        let request = request.into_inner();
        let mask = parse::mask::<proto::Object>(request.read_mask.as_ref(), OWNED_DEFAULT)?;
        let page = self.read(move |reader| owned_objects(reader, &request, &mask));
        Ok(Response::new(page.await?))
    }

    async fn list_dynamic_fields(
        &self,
        request: Request<proto::ListDynamicFieldsRequest>,
    ) -> Result<Response<proto::ListDynamicFieldsResponse>, Status> {
        let request = request.into_inner();
        let mask = parse::mask::<proto::DynamicField>(request.read_mask.as_ref(), FIELD_DEFAULT)?;
        let page = self.read(move |reader| dynamic_fields(reader, &request, &mask));
        Ok(Response::new(page.await?))
    }

    async fn get_coin_info(
        &self,
        request: Request<proto::GetCoinInfoRequest>,
    ) -> Result<Response<proto::GetCoinInfoResponse>, Status> {
        let coin_type = parse::type_tag("coin_type", request.get_ref().coin_type.as_deref())?;
        let found = self.read(move |reader| coin_info(reader, &coin_type));
        Ok(Response::new(found.await?))
    }

    async fn get_balance(
        &self,
        request: Request<proto::GetBalanceRequest>,
    ) -> Result<Response<proto::GetBalanceResponse>, Status> {
        let request = request.into_inner();
        let owner = owner(request.owner.as_deref())?;
        let coin_type = parse::type_tag("coin_type", request.coin_type.as_deref())?;
        let found = self.read(move |reader| Ok(reader.balance(&owner, &coin_type)?));
        let mut response = proto::GetBalanceResponse::default();
        response.balance = Some(balance(&found.await?));
        Ok(Response::new(response))
    }

    async fn list_balances(
        &self,
        request: Request<proto::ListBalancesRequest>,
    ) -> Result<Response<proto::ListBalancesResponse>, Status> {
        let request = request.into_inner();
        let page = self.read(move |reader| balances(reader, &request));
        Ok(Response::new(page.await?))
    }
}

fn owner(text: Option<&str>) -> RpcResult<SuiAddress> {
    Ok(SuiAddress(parse::address("owner", text)?.into_inner()))
}

/// Reads a position of a fixed length out of a page token.
fn position<const N: usize>(
    scope: &PageScope,
    token: Option<&prost::bytes::Bytes>,
) -> RpcResult<Option<[u8; N]>> {
    let Some(token) = token else {
        return Ok(None);
    };
    let position = scope.position(TOKEN, token)?;
    position
        .try_into()
        .map(Some)
        .map_err(|_| RpcError::invalid(TOKEN, "not a token of this query"))
}

/// Renders the items of a page until they are too many bytes; then the page ends early, at the
/// place before the item that was left out.
fn owned_page<T: Message>(
    reader: &Reader,
    query: &OwnedQuery<'_>,
    from: Option<OwnedCursor>,
    limit: usize,
    mut render: impl FnMut(&LiveObject) -> RpcResult<T>,
) -> RpcResult<(Vec<T>, Option<OwnedCursor>)> {
    let (mut items, mut bytes, mut from) = (Vec::new(), 0_usize, from);
    loop {
        let step = (limit - items.len()).min(CHUNK);
        let page = reader.owned(&query.owner, query.filter, from, step)?;
        for object in &page.items {
            let item = render(object)?;
            bytes = bytes.saturating_add(item.encoded_len());
            items.push(item);
        }
        from = page.next;
        let full = items.len() >= limit || bytes > Limits::PAGE_BYTES_MAX;
        if full || from.is_none() {
            return Ok((items, from));
        }
    }
}

/// Objects read at a time; each is at most 256 KiB.
const CHUNK: usize = 16;

struct OwnedQuery<'q> {
    owner: OwnerKey,
    filter: Option<&'q TypeFilter>,
}

fn owned_objects(
    reader: &Reader,
    request: &proto::ListOwnedObjectsRequest,
    mask: &FieldMaskTree,
) -> RpcResult<proto::ListOwnedObjectsResponse> {
    let owner = owner(request.owner.as_deref())?;
    let tag = match request.object_type.as_deref() {
        None | Some("") => None,
        text => Some(parse::struct_tag("object_type", text)?),
    };
    let named = tag.as_ref().map(ToString::to_string).unwrap_or_default();
    let parameters = [owner.to_string(), named];
    let parameters = parameters.each_ref().map(String::as_str);
    let scope = PageScope::new(reader.chain_id(), "ListOwnedObjects", &parameters);
    let from = position(&scope, request.page_token.as_ref())?;
    let filter = tag.map(TypeFilter::from);
    let query = OwnedQuery {
        owner: OwnerKey::Address(owner),
        filter: filter.as_ref(),
    };
    let (objects, next) = owned_page(
        reader,
        &query,
        from.as_ref().map(OwnedCursor::from_bytes),
        parse::page_size(request.page_size),
        |object| service::object(reader, object, mask),
    )?;
    let mut response = proto::ListOwnedObjectsResponse::default();
    response.objects = objects;
    response.next_page_token = next.map(|next| scope.token(&next.to_bytes()).into());
    Ok(response)
}

fn dynamic_fields(
    reader: &Reader,
    request: &proto::ListDynamicFieldsRequest,
    mask: &FieldMaskTree,
) -> RpcResult<proto::ListDynamicFieldsResponse> {
    let parent = parse::address("parent", request.parent.as_deref())?;
    let parameters = [parent.to_string()];
    let parameters = parameters.each_ref().map(String::as_str);
    let scope = PageScope::new(reader.chain_id(), "ListDynamicFields", &parameters);
    let from = position(&scope, request.page_token.as_ref())?;
    let filter = TypeFilter::from(field_tag());
    let query = OwnedQuery {
        owner: OwnerKey::Object(object_id(&parent)),
        filter: Some(&filter),
    };
    let (fields, next) = owned_page(
        reader,
        &query,
        from.as_ref().map(OwnedCursor::from_bytes),
        parse::page_size(request.page_size),
        |object| dynamic_field(reader, object, mask),
    )?;
    let mut response = proto::ListDynamicFieldsResponse::default();
    response.dynamic_fields = fields;
    response.next_page_token = next.map(|next| scope.token(&next.to_bytes()).into());
    Ok(response)
}

/// `0x2::dynamic_field::Field`, of any name and value.
fn field_tag() -> StructTag {
    use sui_sdk_types::Identifier;

    let module = Identifier::from_static("dynamic_field");
    StructTag::new(
        Address::TWO,
        module,
        Identifier::from_static("Field"),
        vec![],
    )
}

fn dynamic_field(
    reader: &Reader,
    object: &LiveObject,
    mask: &FieldMaskTree,
) -> RpcResult<proto::DynamicField> {
    let parts = field_parts(object.object())
        .ok_or_else(|| RpcError::internal(&format_args!("{} is no field", object.object_id())))?;
    let mut message = proto::DynamicField::default();
    message.parent = Some(Address::new(parts.parent.0).to_string());
    message.field_id = Some(object.object_id().to_string());
    message.name = Some(named(parts.name_tag, parts.name));
    if let Some(mask) = mask.subtree(proto::DynamicField::FIELD_OBJECT_FIELD.name) {
        message.field_object = Some(render::object(object, &mask));
    }
    match parts.value {
        FieldValue::Inside { tag, bytes } => {
            message.set_kind(DynamicFieldKind::Field);
            message.value_type = Some(tag.to_string());
            message.value = Some(named(tag, bytes));
        }
        FieldValue::Child(id) => {
            message.set_kind(DynamicFieldKind::Object);
            message.child_id = Some(Address::new(id.0).to_string());
            add_child(reader, &mut message, id, mask)?;
        }
    }
    keep(&mut message, mask);
    Ok(message)
}

/// The object behind an object field: its type, its contents, itself.
fn add_child(
    reader: &Reader,
    message: &mut proto::DynamicField,
    id: ObjectId,
    mask: &FieldMaskTree,
) -> RpcResult<()> {
    let needed = ["value", "value_type", "child_object"];
    if !needed.iter().any(|path| mask.contains(path)) {
        return Ok(());
    }
    let Some(child) = reader.object(&id)? else {
        return Ok(());
    };
    if let Some(content) = child.as_struct() {
        let tag = TypeTag::from(content.object_type().clone());
        message.value_type = Some(tag.to_string());
        message.value = Some(named(&tag, content.contents()));
    }
    if let Some(mask) = mask.subtree(proto::DynamicField::CHILD_OBJECT_FIELD.name) {
        message.child_object = Some(render::object(&child, &mask));
    }
    Ok(())
}

fn named(tag: &TypeTag, bytes: &[u8]) -> Bcs {
    Bcs::from(bytes.to_vec()).with_name(tag.to_string())
}

/// Drops what the mask does not ask for.
fn keep(message: &mut proto::DynamicField, mask: &FieldMaskTree) {
    fn unless<T>(mask: &FieldMaskTree, path: &str, field: &mut Option<T>) {
        if !mask.contains(path) {
            *field = None;
        }
    }
    unless(mask, "kind", &mut message.kind);
    unless(mask, "parent", &mut message.parent);
    unless(mask, "field_id", &mut message.field_id);
    unless(mask, "name", &mut message.name);
    unless(mask, "value", &mut message.value);
    unless(mask, "value_type", &mut message.value_type);
    unless(mask, "child_id", &mut message.child_id);
}

/// Coins are all there is: there are no balances without coins on this ledger.
fn balance(source: &Balance) -> proto::Balance {
    let mut message = proto::Balance::default();
    message.coin_type = Some(source.coin_type.to_string());
    message.balance = Some(source.amount);
    message.coin_balance = Some(source.amount);
    message.address_balance = Some(0);
    message
}

fn balances(
    reader: &Reader,
    request: &proto::ListBalancesRequest,
) -> RpcResult<proto::ListBalancesResponse> {
    let owner = owner(request.owner.as_deref())?;
    let parameters = [owner.to_string()];
    let parameters = parameters.each_ref().map(String::as_str);
    let scope = PageScope::new(reader.chain_id(), "ListBalances", &parameters);
    let from = position(&scope, request.page_token.as_ref())?;
    let from = from.map(|bytes| BalanceCursor(u32::from_be_bytes(bytes)));
    let page = reader.balances(&owner, from, parse::page_size(request.page_size))?;
    let mut response = proto::ListBalancesResponse::default();
    response.balances = page.items.iter().map(balance).collect();
    response.next_page_token = page
        .next
        .map(|next| scope.token(&next.0.to_be_bytes()).into());
    Ok(response)
}

/// BCS of `0x2::coin::CoinMetadata<T>`.
#[derive(Debug, Deserialize)]
struct Metadata {
    id: Address,
    decimals: u8,
    name: String,
    symbol: String,
    description: String,
    icon_url: Option<String>,
}

/// BCS of `0x2::coin::TreasuryCap<T>`.
#[derive(Debug, Deserialize)]
struct TreasuryCap {
    id: Address,
    total_supply: u64,
}

fn coin_info(reader: &Reader, coin_type: &TypeTag) -> RpcResult<proto::GetCoinInfoResponse> {
    let metadata: Option<Metadata> = only(reader, "CoinMetadata", coin_type)?;
    let treasury: Option<TreasuryCap> = only(reader, "TreasuryCap", coin_type)?;
    if metadata.is_none() && treasury.is_none() {
        return Err(RpcError::not_found(format!(
            "coin type {coin_type} not found"
        )));
    }
    let mut response = proto::GetCoinInfoResponse::default();
    response.coin_type = Some(coin_type.to_string());
    response.metadata = metadata.map(|source| {
        let mut message = proto::CoinMetadata::default();
        message.id = Some(source.id.to_string());
        message.decimals = Some(u32::from(source.decimals));
        message.name = Some(source.name);
        message.symbol = Some(source.symbol);
        message.description = Some(source.description);
        message.icon_url = source.icon_url;
        message
    });
    response.treasury = treasury.map(|source| {
        let mut message = proto::CoinTreasury::default();
        message.id = Some(source.id.to_string());
        message.total_supply = Some(source.total_supply);
        message.set_supply_state(SupplyState::Unknown);
        message
    });
    Ok(response)
}

/// The only object `0x2::coin::<name><coin_type>`, if there is one.
fn only<T: serde::de::DeserializeOwned>(
    reader: &Reader,
    name: &'static str,
    coin_type: &TypeTag,
) -> RpcResult<Option<T>> {
    use sui_sdk_types::Identifier;

    let tag = StructTag::new(
        Address::TWO,
        Identifier::from_static("coin"),
        Identifier::from_static(name),
        vec![coin_type.clone()],
    );
    let found = reader.catalogued(&tag, 1)?;
    Ok(found
        .first()
        .and_then(|object| object.as_struct())
        .and_then(|content| bcs::from_bytes(content.contents()).ok()))
}
