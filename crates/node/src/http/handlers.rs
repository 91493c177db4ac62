//! One handler per route: reads what came, and puts the answer into its envelope.

use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};
use bytes::Bytes;
use floe_api::query::{
    ConfirmationQuery, DecodingSymbolsQuery, HealthQuery, QueryError, RecoverySymbolsQuery,
    UploadQuery,
};
use floe_api::{
    ApiError, ConfirmationAnswer, MEDIA_BCS, MEDIA_JSON, Reason, Route, Success, UploadOutcome,
    UploadedPart, limits, media_type_is,
};
use floe_core::messages::BlobPersistence;
use floe_core::{Axis, BlobId, ObjectId, SliverPairIndex};
use prometheus_client::registry::Registry;
use serde::Serialize;
use tower_http::cors::CorsLayer;

use super::body::{self, BodyError, Sending};
use super::docs;
use crate::metrics::Metrics;
use crate::room::{Parcel, Room};
use crate::shared::Shared;

type Ctx = State<Arc<Shared>>;
type Reply = Response<Body>;

/// What a handler ends with instead of an answer.
enum Refusal {
    /// In the form of the API.
    Api(ApiError),
    /// As the web framework would say it.
    Plain(StatusCode, String),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self::Plain(StatusCode::BAD_REQUEST, error.to_string())
    }
}

/// All routes.
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(
            Route::GetMetadata.template(),
            get(get_metadata).put(put_metadata),
        )
        .route(Route::MetadataStatus.template(), get(metadata_status))
        .route(Route::GetSliver.template(), get(get_sliver).put(put_sliver))
        .route(Route::SliverStatus.template(), get(sliver_status))
        .route(Route::ConfirmPermanent.template(), get(confirm_permanent))
        .route(Route::ConfirmDeletable.template(), get(confirm_deletable))
        .route(Route::BlobStatus.template(), get(blob_status))
        .route(Route::RecoverySymbols.template(), get(recovery_symbols))
        .route(Route::DecodingSymbols.template(), get(decoding_symbols))
        .route(
            Route::InconsistencyProof.template(),
            post(inconsistency_proof),
        )
        .route(Route::Health.template(), get(health))
        .route(Route::ApiDocs.template(), get(api_docs))
        // Handlers read bodies themselves, with the limits of their routes.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(CorsLayer::permissive())
        .with_state(shared)
}

/// Runs a handler's work, and counts it.
async fn serve(
    shared: Arc<Shared>,
    route: Route,
    work: impl Future<Output = Result<Reply, Refusal>>,
) -> Reply {
    let started = shared.env.clock.monotonic();
    let reply = work.await.unwrap_or_else(|refusal| match refusal {
        Refusal::Api(error) => {
            tracing::debug!(route = route.name(), message = %error.message, "refused");
            let status = StatusCode::from_u16(error.http_status());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            with_type(status, MEDIA_JSON, Body::from(error.to_json()))
        }
        Refusal::Plain(status, text) => {
            with_type(status, "text/plain; charset=utf-8", Body::from(text))
        }
    });
    let after = shared.env.clock.monotonic().since(started);
    let status = reply.status().as_u16();
    shared.metrics.served(route, status, after.as_secs_f64());
    reply
}

fn with_type(status: StatusCode, media_type: &'static str, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let value = HeaderValue::from_static(media_type);
    reply.headers_mut().insert(header::CONTENT_TYPE, value);
    reply
}

fn json<T: Serialize>(data: T) -> Reply {
    let body = Success::ok(data).to_json();
    with_type(StatusCode::OK, MEDIA_JSON, Body::from(body))
}

fn uploaded(part: UploadedPart, outcome: UploadOutcome) -> Reply {
    let code = outcome.http_status();
    let data = outcome.message(part);
    let body = Success { code, data }.to_json();
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    with_type(status, MEDIA_JSON, Body::from(body))
}

/// An answer in BCS, which stays within the room for bodies until it has been sent.
fn bcs(shared: &Shared, parcel: Parcel) -> Reply {
    shared.metrics.sent.inc_by(parcel.bytes.len() as u64);
    with_type(StatusCode::OK, MEDIA_BCS, Body::new(Sending(parcel)))
}

fn parse<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|error| {
        let message = format!("Invalid URL: cannot parse {name}: {error}");
        Refusal::Plain(StatusCode::BAD_REQUEST, message)
    })
}

fn parse_blob(text: &str) -> Result<BlobId, Refusal> {
    parse("blob_id", text)
}

type SliverPath = (String, String, String);

fn parse_sliver(
    (blob_id, pair, axis): &SliverPath,
) -> Result<(BlobId, SliverPairIndex, Axis), Refusal> {
    Ok((
        parse_blob(blob_id)?,
        parse("sliver_pair_index", pair)?,
        parse("sliver_type", axis)?,
    ))
}

fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(got) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let got = got.to_str().unwrap_or_default();
    if media_type_is(got, MEDIA_BCS) {
        return Ok(());
    }
    let message = format!("expected a body of type {MEDIA_BCS}");
    Err(ApiError::new(Reason::InvalidContentType, message).into())
}

/// Reads a body; what a route says when it is too long differs.
async fn read(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    body: Body,
    max: usize,
    too_long: impl FnOnce() -> Refusal,
) -> Result<(Bytes, Room), Refusal> {
    body::read(shared, headers, body, max)
        .await
        .map_err(|error| match error {
            BodyError::TooLong => too_long(),
            BodyError::NoRoom(error) => error.into(),
            BodyError::Broken => {
                let message = "the body broke off";
                ApiError::new(Reason::InvalidContentType, message).into()
            }
        })
}

fn payload_too_large() -> Refusal {
    let text = "length limit exceeded".to_owned();
    Refusal::Plain(StatusCode::PAYLOAD_TOO_LARGE, text)
}

async fn get_metadata(State(shared): Ctx, Path(blob_id): Path<String>) -> Reply {
    let work = async {
        let metadata = shared.get_metadata(parse_blob(&blob_id)?).await?;
        Ok(bcs(&shared, metadata))
    };
    serve(Arc::clone(&shared), Route::GetMetadata, work).await
}

async fn put_metadata(
    State(shared): Ctx,
    Path(blob_id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let work = async {
        let blob_id = parse_blob(&blob_id)?;
        let query = UploadQuery::parse(&query.unwrap_or_default())?;
        check_type(&headers)?;
        let max = limits::BODY_BYTES_MAX;
        let too_long = || {
            let message = format!("more than the {max} bytes that metadata takes");
            ApiError::new(Reason::InvalidContentType, message).into()
        };
        let (body, _room) = read(&shared, &headers, body, max, too_long).await?;
        let outcome = shared.put_metadata(blob_id, query.pending, body).await?;
        Ok(uploaded(UploadedPart::Metadata, outcome))
    };
    serve(Arc::clone(&shared), Route::PutMetadata, work).await
}

async fn metadata_status(State(shared): Ctx, Path(blob_id): Path<String>) -> Reply {
    let work = async { Ok(json(shared.metadata_status(parse_blob(&blob_id)?).await?)) };
    serve(Arc::clone(&shared), Route::MetadataStatus, work).await
}

async fn get_sliver(State(shared): Ctx, Path(path): Path<SliverPath>) -> Reply {
    let work = async {
        let (blob_id, pair, axis) = parse_sliver(&path)?;
        let sliver = shared.get_sliver(blob_id, pair, axis).await?;
        Ok(bcs(&shared, sliver))
    };
    serve(Arc::clone(&shared), Route::GetSliver, work).await
}

async fn put_sliver(
    State(shared): Ctx,
    Path(path): Path<SliverPath>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let work = async {
        let (blob_id, pair, axis) = parse_sliver(&path)?;
        let query = UploadQuery::parse(&query.unwrap_or_default())?;
        let max = limits::sliver_body_bytes_max(shared.params());
        let (body, _room) = read(&shared, &headers, body, max, payload_too_large).await?;
        let outcome = shared.put_sliver(blob_id, pair, axis, query.pending, body);
        Ok(uploaded(UploadedPart::Sliver, outcome.await?))
    };
    serve(Arc::clone(&shared), Route::PutSliver, work).await
}

async fn sliver_status(State(shared): Ctx, Path(path): Path<SliverPath>) -> Reply {
    let work = async {
        let (blob_id, pair, axis) = parse_sliver(&path)?;
        Ok(json(shared.sliver_status(blob_id, pair, axis).await?))
    };
    serve(Arc::clone(&shared), Route::SliverStatus, work).await
}

async fn confirm(
    shared: &Arc<Shared>,
    blob_id: &str,
    persistence: BlobPersistence,
    query: Option<String>,
) -> Result<Reply, Refusal> {
    // Nothing is kept of blobs that are not registered, so there is nothing to wait for at length.
    ConfirmationQuery::parse(&query.unwrap_or_default())?;
    let signed = shared.confirm(parse_blob(blob_id)?, persistence).await?;
    Ok(json(ConfirmationAnswer::Signed(signed)))
}

async fn confirm_permanent(
    State(shared): Ctx,
    Path(blob_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Reply {
    let work = confirm(&shared, &blob_id, BlobPersistence::Permanent, query);
    serve(Arc::clone(&shared), Route::ConfirmPermanent, work).await
}

async fn confirm_deletable(
    State(shared): Ctx,
    Path((blob_id, object_id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Reply {
    let work = async {
        let object_id: ObjectId = parse("object_id", &object_id)?;
        let persistence = BlobPersistence::Deletable { object_id };
        confirm(&shared, &blob_id, persistence, query).await
    };
    serve(Arc::clone(&shared), Route::ConfirmDeletable, work).await
}

async fn blob_status(State(shared): Ctx, Path(blob_id): Path<String>) -> Reply {
    let work = async { Ok(json(shared.blob_status(parse_blob(&blob_id)?).await?)) };
    serve(Arc::clone(&shared), Route::BlobStatus, work).await
}

async fn recovery_symbols(
    State(shared): Ctx,
    Path(blob_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Reply {
    let work = async {
        let blob_id = parse_blob(&blob_id)?;
        let query = RecoverySymbolsQuery::parse(&query.unwrap_or_default())?;
        let symbols = shared.recovery_symbols(blob_id, query).await?;
        Ok(bcs(&shared, symbols))
    };
    serve(Arc::clone(&shared), Route::RecoverySymbols, work).await
}

async fn decoding_symbols(
    State(shared): Ctx,
    Path(blob_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Reply {
    let work = async {
        let blob_id = parse_blob(&blob_id)?;
        let query = DecodingSymbolsQuery::parse(&query.unwrap_or_default())?;
        let symbols = shared.decoding_symbols(blob_id, query).await?;
        Ok(bcs(&shared, symbols))
    };
    serve(Arc::clone(&shared), Route::DecodingSymbols, work).await
}

async fn inconsistency_proof(
    State(shared): Ctx,
    Path((blob_id, axis)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let work = async {
        let blob_id = parse_blob(&blob_id)?;
        let axis: Axis = parse("sliver_type", &axis)?;
        let max = limits::inconsistency_proof_bytes_max(shared.params());
        let (body, _room) = read(&shared, &headers, body, max, payload_too_large).await?;
        Ok(json(shared.attest(blob_id, axis, body).await?))
    };
    serve(Arc::clone(&shared), Route::InconsistencyProof, work).await
}

async fn health(State(shared): Ctx, RawQuery(query): RawQuery) -> Reply {
    let work = async {
        let query = HealthQuery::parse(&query.unwrap_or_default())?;
        Ok(json(shared.health(query.detailed)))
    };
    serve(Arc::clone(&shared), Route::Health, work).await
}

async fn api_docs(State(shared): Ctx) -> Reply {
    let page = with_type(
        StatusCode::OK,
        "text/html; charset=utf-8",
        docs::page().into(),
    );
    serve(Arc::clone(&shared), Route::ApiDocs, async { Ok(page) }).await
}

/// The route of metrics.
pub(crate) fn metrics_routes(metrics: &Metrics) -> Router {
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let registry = Arc::new(registry);
    let encode = move || {
        let registry = Arc::clone(&registry);
        async move {
            let mut text = String::new();
            let written = prometheus_client::encoding::text::encode(&mut text, &registry);
            let status = match written {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
            };
            let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            with_type(status, media_type, Body::from(text))
        }
    };
    Router::new().route("/metrics", get(encode))
}
