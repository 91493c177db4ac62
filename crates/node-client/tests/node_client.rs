//! The client against servers that behave, and against others.
#![expect(clippy::unwrap_used, reason = "what tests set up works, or they fail")]

mod support;

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use floe_api::{
    ApiError, BlobStatus, MEDIA_BCS, MEDIA_JSON, Reason, Route, Stored, Success, UploadOutcome,
    query::{DecodingSymbolsQuery, UploadQuery},
};
use floe_core::{
    Axis, BlobId, BlobMetadata, CodeParams, DecodingSymbol, SliverData, SliverIndex,
    SliverPairHashes, SliverPairIndex, TaggedDecodingSymbol, VerifiedMetadata,
    keys::NetworkSecretKey, merkle::Node, wire,
};
use floe_node_client::{NodeClient, NodeError, Options, OptionsError, Security, sliver_body};

const PLAIN: Security = Security::PlainOnLoopback;

fn params() -> CodeParams {
    CodeParams::for_encoding(7).unwrap()
}

fn metadata() -> VerifiedMetadata {
    let hash = Node::Digest([1; 32]);
    let pair = SliverPairHashes {
        primary_hash: hash,
        secondary_hash: hash,
    };
    VerifiedMetadata::compute(BlobMetadata::new(1000, vec![pair; 7]), params()).unwrap()
}

fn client(routes: Router, security: Security, key: Option<NetworkSecretKey>) -> NodeClient {
    let (env, connections) = support::world();
    support::serve(connections, move || routes.clone(), key);
    let address = "127.0.0.1:9185".parse().unwrap();
    NodeClient::new(&env, address, security, Options::default()).unwrap()
}

fn json(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, MEDIA_JSON)], body).into_response()
}

fn bcs(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_BCS)], body).into_response()
}

fn always(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Router {
    Router::new().fallback(move || std::future::ready(answer()))
}

fn key(seed: u8) -> NetworkSecretKey {
    NetworkSecretKey::from_bytes(&[seed; 32]).unwrap()
}

fn status_server() -> Router {
    always(|| json(200, Success::ok(BlobStatus::Nonexistent).to_json()))
}

#[tokio::test(start_paused = true)]
async fn the_holder_of_the_pinned_key_is_spoken_to() {
    let security = Security::Pinned(key(7).public_key());
    let node = client(status_server(), security, Some(key(7)));
    let status = node.blob_status(&BlobId::ZERO).await.unwrap();
    assert_eq!(status, BlobStatus::Nonexistent);
}

#[tokio::test(start_paused = true)]
async fn a_server_with_another_key_is_not_spoken_to() {
    let security = Security::Pinned(key(7).public_key());
    let node = client(status_server(), security, Some(key(8)));
    let error = node.blob_status(&BlobId::ZERO).await.unwrap_err();
    assert!(matches!(error, NodeError::Connect { .. }), "{error:?}");
    assert!(error.is_retryable());
    let plain = client(status_server(), security, None);
    let error = plain.blob_status(&BlobId::ZERO).await.unwrap_err();
    assert!(matches!(error, NodeError::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    let (env, _connections) = support::world();
    let address: floe_node_client::NodeAddress = "node.example.com:9185".parse().unwrap();
    let refused = NodeClient::new(&env, address.clone(), PLAIN, Options::default());
    assert!(matches!(
        refused,
        Err(OptionsError::PlainOffLoopback { .. })
    ));
    assert!(NodeClient::new(&env, address, Security::Plain, Options::default()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn metadata_of_another_blob_is_refused() {
    let metadata = metadata();
    let id = *metadata.blob_id();
    let body = wire::to_bcs(&metadata);
    let node = client(always(move || bcs(body.clone())), PLAIN, None);
    assert_eq!(node.metadata(&id, params()).await.unwrap(), metadata);
    let error = node.metadata(&BlobId::ZERO, params()).await.unwrap_err();
    assert!(error.is_misbehaviour() && !error.is_retryable(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn slivers_travel_both_ways() {
    let metadata = metadata();
    let (size, axis) = (metadata.symbol_size(), Axis::Secondary);
    let bytes = params().sliver_bytes(axis, size);
    let sliver = SliverData {
        data: vec![9; bytes],
        symbol_size: size,
        index: SliverIndex(5),
    };
    let body = wire::to_bcs(&sliver);
    let expected = body.clone();
    let path = "/v1/blobs/{id}/slivers/1/secondary";
    let put = move |received: Bytes| async move {
        assert_eq!(received, expected);
        json(
            201,
            Success {
                code: 201,
                data: "sliver stored successfully",
            }
            .to_json(),
        )
    };
    let routes = Router::new().route(path, get(move || async { bcs(body) }).put(put));
    let node = client(routes, PLAIN, None);
    let pair = SliverPairIndex(1);
    let read = node.sliver(&metadata, pair, axis).await.unwrap();
    assert_eq!(read, sliver);
    let body = sliver_body(params(), size, axis, sliver.index, |buffer| {
        buffer.copy_from_slice(&sliver.data);
        Ok(())
    });
    let (id, query) = (metadata.blob_id(), UploadQuery::default());
    let outcome = node.put_sliver(id, pair, axis, body.unwrap(), query).await;
    assert_eq!(outcome.unwrap(), UploadOutcome::Stored);
    assert!(node.metrics().sent_bytes(Route::PutSliver) > bytes as u64);
    // The sliver of another pair has another index.
    let routes = always(move || bcs(wire::to_bcs(&sliver)));
    let node = client(routes, PLAIN, None);
    let error = node
        .sliver(&metadata, SliverPairIndex(2), axis)
        .await
        .unwrap_err();
    assert!(error.is_misbehaviour(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn errors_keep_their_reason() {
    let body = ApiError::new(Reason::NotRegistered, "not yet").to_json();
    let node = client(always(move || json(400, body.clone())), PLAIN, None);
    let error = node.metadata_status(&BlobId::ZERO).await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::NotRegistered));
    assert!(error.is_retryable() && !error.is_not_found());
    let body = ApiError::new(Reason::ForbiddenBlob, "").to_json();
    let node = client(always(move || json(451, body.clone())), PLAIN, None);
    let error = node.metadata_status(&BlobId::ZERO).await.unwrap_err();
    assert!(error.is_blocked() && !error.is_retryable());
    let node = client(Router::new(), PLAIN, None);
    let error = node.metadata_status(&BlobId::ZERO).await.unwrap_err();
    assert!(error.is_not_found() && error.reason().is_none());
    let bare = always(|| StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS.into_response());
    let error = client(bare, PLAIN, None)
        .metadata_status(&BlobId::ZERO)
        .await;
    assert!(!error.unwrap_err().is_blocked());
}

#[tokio::test(start_paused = true)]
async fn answers_of_the_wrong_type_or_size_are_refused() {
    let text = Success::ok(Stored::Stored).to_json();
    let node = client(always(move || bcs(text.clone())), PLAIN, None);
    let error = node.metadata_status(&BlobId::ZERO).await.unwrap_err();
    assert!(error.is_misbehaviour(), "{error}");
    for announced in [true, false] {
        let endless = always(move || {
            let body = vec![0; 100_000];
            if announced {
                return bcs(body);
            }
            let pieces = axum::body::Body::new(http_body_util::StreamBody::new(Pieces(body)));
            ([(header::CONTENT_TYPE, MEDIA_BCS)], pieces).into_response()
        });
        let node = client(endless, PLAIN, None);
        let error = node
            .sliver(&metadata(), SliverPairIndex(1), Axis::Primary)
            .await;
        let error = error.unwrap_err();
        assert!(error.to_string().contains("more than the"), "{error}");
    }
}

/// Bytes one by one, of which nobody knows how many will come.
struct Pieces(Vec<u8>);

impl futures::Stream for Pieces {
    type Item = Result<http_body::Frame<Bytes>, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let piece = self.0.pop().map(|byte| Bytes::from(vec![byte; 10]));
        std::task::Poll::Ready(piece.map(|piece| Ok(http_body::Frame::data(piece))))
    }
}

#[tokio::test(start_paused = true)]
async fn symbols_nobody_asked_for_are_refused() {
    let symbol = DecodingSymbol {
        index: SliverIndex(2),
        data: vec![1; 2],
    };
    let symbol = TaggedDecodingSymbol::new(Axis::Primary, symbol);
    let answer = wire::to_bcs(&floe_api::DecodingSymbols::from([(
        SliverIndex(1),
        vec![symbol],
    )]));
    let node = client(always(move || bcs(answer.clone())), PLAIN, None);
    let metadata = metadata();
    let mut query = DecodingSymbolsQuery {
        target_axis: Axis::Primary,
        targets: vec![SliverIndex(1)],
    };
    assert_eq!(
        node.decoding_symbols(&metadata, &query)
            .await
            .unwrap()
            .len(),
        1
    );
    query.target_axis = Axis::Secondary;
    let error = node.decoding_symbols(&metadata, &query).await.unwrap_err();
    assert!(error.is_misbehaviour());
    query.target_axis = Axis::Primary;
    query.targets = vec![SliverIndex(0)];
    assert!(node.decoding_symbols(&metadata, &query).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_given_up_and_a_slow_one_is_not() {
    let silent = Router::new().fallback(std::future::pending::<StatusCode>);
    let node = client(silent, PLAIN, None);
    let error = node.blob_status(&BlobId::ZERO).await.unwrap_err();
    let limit = Duration::from_secs(60);
    assert!(
        matches!(error, NodeError::TimedOut { limit: l, .. } if l == limit),
        "{error:?}"
    );
    let slow = Router::new().fallback(|| async {
        let body = wire::to_bcs(&metadata());
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for piece in body.chunks(100) {
                tokio::time::sleep(Duration::from_secs(30)).await;
                sender.send(Bytes::copy_from_slice(piece)).await.unwrap();
            }
        });
        let body = Body::new(http_body_util::StreamBody::new(Slow(receiver)));
        ([(header::CONTENT_TYPE, MEDIA_BCS)], body)
    });
    let node = client(slow, PLAIN, None);
    let metadata = metadata();
    let read = node.metadata(metadata.blob_id(), params()).await.unwrap();
    assert_eq!(read, metadata);
}

struct Slow(tokio::sync::mpsc::Receiver<Bytes>);

impl futures::Stream for Slow {
    type Item = Result<http_body::Frame<Bytes>, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| Ok(http_body::Frame::data(piece))))
    }
}
