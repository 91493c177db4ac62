//! Connections that die without a word, and nodes that are only slow.
#![expect(clippy::unwrap_used, reason = "what tests set up works, or they fail")]

mod support;

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use floe_api::{BlobStatus, MEDIA_JSON, Success, UploadOutcome, query::UploadQuery};
use floe_core::{Axis, BlobId, SliverPairIndex};
use floe_node_client::{NodeClient, Options, Security};
use futures::{StreamExt as _, future::join_all};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn number(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

fn node(routes: impl FnMut() -> Router + Send + 'static) -> NodeClient {
    patient_node(Options::default(), routes)
}

fn patient_node(options: Options, routes: impl FnMut() -> Router + Send + 'static) -> NodeClient {
    let (env, connections) = support::world();
    support::serve(connections, routes, None);
    let address = "127.0.0.1:9185".parse().unwrap();
    NodeClient::new(&env, address, Security::PlainOnLoopback, options).unwrap()
}

fn status() -> Response {
    let body = Success::ok(BlobStatus::Nonexistent).to_json();
    ([(header::CONTENT_TYPE, MEDIA_JSON)], body).into_response()
}

/// How long a number of requests at once take, all of which succeed.
async fn ask(node: &NodeClient, requests: usize) -> Duration {
    let started = Instant::now();
    let asked = (0..requests).map(|_| node.blob_status(&BlobId::ZERO));
    for answer in join_all(asked).await {
        assert_eq!(answer.unwrap(), BlobStatus::Nonexistent);
    }
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn when_all_connections_have_died_requests_take_new_ones() {
    let opened = Arc::new(AtomicUsize::new(0));
    let dead = Arc::new(AtomicUsize::new(0));
    let node = node({
        let (opened, dead) = (Arc::clone(&opened), Arc::clone(&dead));
        move || {
            let this = opened.fetch_add(1, Ordering::Relaxed);
            let dead = Arc::clone(&dead);
            Router::new().fallback(move || async move {
                if this < number(&dead) {
                    pending::<()>().await;
                }
                sleep(SECOND / 10).await;
                status()
            })
        }
    });
    ask(&node, 4).await;
    assert_eq!(number(&opened), 4);
    // The power goes, and comes back: nobody hears of it.
    dead.store(4, Ordering::Relaxed);
    let took = ask(&node, 3).await;
    assert!(took >= 10 * SECOND && took < 11 * SECOND, "{took:?}");
    // Nor does anybody find the fourth one.
    assert!(ask(&node, 4).await < SECOND);
    assert!(number(&opened) <= 8);
    // And once more.
    dead.store(number(&opened), Ordering::Relaxed);
    assert!(ask(&node, 4).await < 11 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_thinks_for_long_is_asked_a_few_times_and_answers_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let node = node(move || {
        let counter = Arc::clone(&counter);
        Router::new().fallback(move || async move {
            counter.fetch_add(1, Ordering::Relaxed);
            sleep(55 * SECOND).await;
            status()
        })
    });
    let took = ask(&node, 1).await;
    assert!(took >= 55 * SECOND && took < 56 * SECOND, "{took:?}");
    assert_eq!(number(&asked), 3);
}

#[tokio::test(start_paused = true)]
async fn a_body_on_a_slow_way_is_sent_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    // Less than what lies in buffers takes, where nobody sees whether it moves.
    let options = Options {
        patience: 4 * SECOND,
        ..Options::default()
    };
    let node = patient_node(options, move || {
        let counter = Arc::clone(&counter);
        Router::new().fallback(move |body: Body| async move {
            counter.fetch_add(1, Ordering::Relaxed);
            let mut body = body.into_data_stream();
            while let Some(piece) = body.next().await {
                let bytes = u32::try_from(piece.unwrap().len()).unwrap();
                sleep(SECOND * bytes / 50_000).await;
            }
            sleep(SECOND * 3 / 10).await;
            status()
        })
    });
    let body = bytes::Bytes::from(vec![7; 600_000]);
    let (pair, query) = (SliverPairIndex(0), UploadQuery::default());
    let put = |body| node.put_sliver(&BlobId::ZERO, pair, Axis::Primary, body, query);
    let started = Instant::now();
    assert_eq!(put(body).await.unwrap(), UploadOutcome::AlreadyStored);
    assert!(started.elapsed() > 12 * SECOND);
    assert_eq!(number(&asked), 1);
}
