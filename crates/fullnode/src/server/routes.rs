//! What is served on the one port.

use std::sync::Arc;

use axum::{Router, extract::State, middleware, response::IntoResponse, routing::get};
use http::{Method, StatusCode, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::local;
use crate::{Handle, faucet::Faucet, rpc};

/// Everything a node serves: gRPC and gRPC-web, `/health`, `/metrics`, and `/v2/gas` if there is a
/// faucet.
pub fn router(handle: &Handle, faucet: Option<Faucet>) -> Router {
    let plain = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(handle.clone());
    let router = rpc::router(handle).merge(plain);
    match faucet {
        Some(faucet) => router.merge(wallet_routes(faucet)),
        None => router,
    }
}

/// Whoever may call these spends from a wallet.
fn wallet_routes(faucet: Faucet) -> Router {
    let is_local = |origin: &http::HeaderValue, _: &http::request::Parts| {
        origin.to_str().is_ok_and(local::is_loopback_origin)
    };
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_local))
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    Router::new()
        .route("/v2/gas", axum::routing::post(crate::faucet::grant))
        .with_state(Arc::new(faucet))
        .layer(middleware::from_fn(local::only_local))
        .layer(cors)
}

async fn health(State(handle): State<Handle>) -> impl IntoResponse {
    if handle.stopped().is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics(State(handle): State<Handle>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(header::CONTENT_TYPE, content_type)],
        handle.metrics().encode(),
    )
}
