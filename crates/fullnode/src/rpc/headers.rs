//! Headers about the chain on every answer (`docs/spec/sui-rpc.md` §1.1).

use std::sync::{Mutex, PoisonError};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sui_rpc::headers::{
    X_SUI_CHAIN, X_SUI_CHAIN_ID, X_SUI_CHECKPOINT_HEIGHT, X_SUI_EPOCH,
    X_SUI_LOWEST_AVAILABLE_CHECKPOINT, X_SUI_LOWEST_AVAILABLE_CHECKPOINT_OBJECTS, X_SUI_TIMESTAMP,
    X_SUI_TIMESTAMP_MS,
};

use super::{
    ledger::{CHAIN, SERVER},
    service::Rpc,
};
use crate::Reader;

/// Names of all headers that scripts in browsers may read.
pub(crate) fn exposed() -> Vec<HeaderName> {
    [
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        X_SUI_CHAIN,
        X_SUI_CHAIN_ID,
        X_SUI_CHECKPOINT_HEIGHT,
        X_SUI_EPOCH,
        X_SUI_LOWEST_AVAILABLE_CHECKPOINT,
        X_SUI_LOWEST_AVAILABLE_CHECKPOINT_OBJECTS,
        X_SUI_TIMESTAMP,
        X_SUI_TIMESTAMP_MS,
    ]
    .map(HeaderName::from_static)
    .to_vec()
}

/// The headers as of one checkpoint, so that they are made once for each.
#[derive(Debug, Default)]
pub(crate) struct HeaderCache(Mutex<Option<(u64, HeaderMap)>>);

impl HeaderCache {
    fn at(&self, checkpoint: u64) -> Option<HeaderMap> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached
            .as_ref()
            .filter(|(at, _)| *at >= checkpoint)
            .map(|(_, headers)| headers.clone())
    }

    fn put(&self, checkpoint: u64, headers: HeaderMap) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *cached = Some((checkpoint, headers));
    }
}

/// Adds the headers to an answer.
pub(crate) async fn add(State(rpc): State<Rpc>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let latest = rpc.handle.latest_checkpoint();
    if let Some(headers) = rpc.headers.at(latest) {
        response.headers_mut().extend(headers);
        return response;
    }
    // An answer without them is better than none.
    let made = rpc.read(|reader| Ok((reader.head().sequence_number, facts(reader))));
    if let Ok((checkpoint, headers)) = made.await {
        rpc.headers.put(checkpoint, headers.clone());
        response.headers_mut().extend(headers);
    }
    response
}

fn facts(reader: &Reader) -> HeaderMap {
    let head = reader.head();
    let lowest = reader.lowest_checkpoint().to_string();
    let values = [
        (X_SUI_CHAIN, CHAIN.to_owned()),
        (X_SUI_CHAIN_ID, reader.chain_id().to_string()),
        (X_SUI_CHECKPOINT_HEIGHT, head.sequence_number.to_string()),
        (X_SUI_EPOCH, head.epoch.to_string()),
        (X_SUI_LOWEST_AVAILABLE_CHECKPOINT, lowest.clone()),
        (X_SUI_LOWEST_AVAILABLE_CHECKPOINT_OBJECTS, lowest),
        (X_SUI_TIMESTAMP, rfc3339(head.timestamp_ms)),
        (X_SUI_TIMESTAMP_MS, head.timestamp_ms.to_string()),
    ];
    let mut headers: HeaderMap = values
        .into_iter()
        .filter_map(|(name, value)| {
            let value = HeaderValue::try_from(value).ok()?;
            Some((HeaderName::from_static(name), value))
        })
        .collect();
    headers.insert(header::SERVER, HeaderValue::from_static(SERVER));
    headers
}

/// A time as RFC 3339.
fn rfc3339(timestamp_ms: u64) -> String {
    sui_rpc::proto::timestamp_ms_to_proto(timestamp_ms).to_string()
}
