//! What the network may send, and what it gets.
#![expect(
    clippy::unwrap_used,
    reason = "a test, also outside of its entry points"
)]

mod network;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use floe_env::Operation;
use floe_env::testing::Traced;
use floe_node::Options;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use network::Network;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BLOB: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn request(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n{headers}\r\n")
}

/// All that comes back until the node hangs up.
async fn send(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A node that refuses a body may hang up before all of it was sent.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn small() -> Options {
    let mut options = Options::devnet("test".into());
    options.storage.reserve_bytes = 0;
    options.limits.registration_wait_ms = 50;
    options
}

#[tokio::test]
async fn malformed_requests_get_the_specified_answers() {
    let network = Network::with(4, small()).await;
    let address = network.node(0).handle.address();
    let metadata = format!("/v1/blobs/{BLOB}/metadata");
    let sliver = format!("/v1/blobs/{BLOB}/slivers");
    let too_long = "content-length: 3000000\r\n";
    let json = "content-type: application/json\r\ncontent-length: 0\r\n";
    let empty = "content-length: 0\r\n";
    let cases = [
        (
            "GET /v1/blobs/short/status".to_owned(),
            "",
            "400",
            "text/plain",
        ),
        (
            format!("GET /v1/blobs/{BLOB}=/status"),
            "",
            "400",
            "text/plain",
        ),
        (
            format!("GET {sliver}/65536/primary"),
            "",
            "400",
            "text/plain",
        ),
        (format!("GET {sliver}/-1/primary"), "", "400", "text/plain"),
        (format!("GET {sliver}/0/tertiary"), "", "400", "text/plain"),
        (
            format!("GET {sliver}/10/primary/status"),
            "",
            "400",
            "INDEX_OUT_OF_RANGE",
        ),
        (
            format!("GET /v1/blobs/{BLOB}/confirmation/deletable/xyz"),
            "",
            "400",
            "text/plain",
        ),
        (
            format!("GET /v1/blobs/{BLOB}/confirmation/permanent"),
            "",
            "400",
            "NOT_REGISTERED",
        ),
        (
            format!("GET /v1/blobs/{BLOB}/recoverySymbols"),
            "",
            "400",
            "text/plain",
        ),
        (
            format!("GET /v1/blobs/{BLOB}/recoverySymbols?id=1-2"),
            "",
            "404",
            "SLIVER_NOT_FOUND",
        ),
        (
            format!("GET /v1/blobs/{BLOB}/decodingSymbols?targetType=primary"),
            "",
            "400",
            "text/plain",
        ),
        (format!("GET {metadata}"), "", "404", "METADATA_NOT_FOUND"),
        (format!("GET {metadata}/status"), "", "200", "nonexistent"),
        (
            format!("GET /v1/blobs/{BLOB}/status"),
            "",
            "200",
            "nonexistent",
        ),
        (
            format!("PUT {metadata}?pending=1"),
            empty,
            "400",
            "text/plain",
        ),
        (
            format!("PUT {metadata}?other=true"),
            empty,
            "400",
            "text/plain",
        ),
        (
            format!("PUT {metadata}"),
            json,
            "400",
            "INVALID_CONTENT_TYPE",
        ),
        (
            format!("PUT {metadata}"),
            empty,
            "400",
            "INVALID_CONTENT_TYPE",
        ),
        (
            format!("PUT {metadata}"),
            too_long,
            "400",
            "INVALID_CONTENT_TYPE",
        ),
        (
            format!("PUT {sliver}/0/primary"),
            too_long,
            "413",
            "text/plain",
        ),
        (
            format!("POST /v1/blobs/{BLOB}/inconsistencyProof/primary"),
            empty,
            "400",
            "INVALID_CONTENT_TYPE",
        ),
        ("GET /v1/nothing".to_owned(), "", "404", "content-length: 0"),
        (
            "GET /v1/blobs/../../etc/passwd".to_owned(),
            "",
            "404",
            "content-length: 0",
        ),
        (
            format!("GET /v1/blobs/%2e%2e%2f{BLOB}/status"),
            "",
            "400",
            "text/plain",
        ),
        ("POST /v1/health".to_owned(), empty, "405", "allow: GET"),
        (format!("DELETE {metadata}"), empty, "405", "allow: "),
        (
            "GET /v1/health?detailed=maybe".to_owned(),
            "",
            "400",
            "text/plain",
        ),
        (
            "GET /v1/health?detailed=true&x=y".to_owned(),
            "",
            "200",
            "shardDetail",
        ),
    ];
    for (line, headers, status, part) in cases {
        let answer = send(address, &request(&line, headers)).await;
        let expected = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&expected), "{line}: {answer}");
        assert!(answer.contains(part), "{line}: {answer}");
    }
    network.end().await;
}

#[tokio::test]
async fn browsers_may_ask() {
    let network = Network::with(4, small()).await;
    let address = network.node(0).handle.address();
    let preflight = "origin: https://example.com\r\naccess-control-request-method: PUT\r\n\
                     access-control-request-headers: content-type\r\n";
    let line = format!("OPTIONS /v1/blobs/{BLOB}/metadata");
    let answer = send(address, &request(&line, preflight)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("access-control-allow-origin: *"),
        "{answer}"
    );
    let answer = send(
        address,
        &request("GET /v1/health", "origin: https://example.com\r\n"),
    )
    .await;
    assert!(
        answer.contains("access-control-allow-origin: *"),
        "{answer}"
    );
    network.end().await;
}

#[tokio::test]
async fn a_connection_that_stands_still_is_closed() {
    let mut options = small();
    options.limits.idle_timeout_ms = 100;
    let network = Network::with(4, options).await;
    let address = network.node(0).handle.address();
    // An idle one, one in the middle of a head, and one in the middle of a body.
    let body = request(
        &format!("PUT /v1/blobs/{BLOB}/metadata"),
        "content-length: 100\r\n",
    );
    for start in ["", "GET /v1/hea", &body] {
        let answer = send(address, start).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    network.end().await;
}

#[tokio::test]
async fn bodies_beyond_the_room_are_refused_before_they_are_read() {
    let mut options = small();
    options.limits.in_flight_bytes = 2_000_000;
    options.limits.admission_wait_ms = 50;
    let network = Network::with(4, options).await;
    let address = network.node(0).handle.address();
    let head = request(
        &format!("PUT /v1/blobs/{BLOB}/metadata"),
        "content-length: 900000\r\n",
    );
    // Takes the room, and sends nothing.
    let mut holder = TcpStream::connect(address).await.unwrap();
    holder.write_all(head.as_bytes()).await.unwrap();
    network
        .until("the room to be taken", |network| {
            network.node(0).handle.room_bytes() < 1_000_000
        })
        .await;
    let answer = send(address, &head).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("UNAVAILABLE"), "{answer}");
    assert_eq!(network.node(0).handle.metrics().refused.get(), 1);
    // Small requests still find room, and that of the holder comes back.
    let answer = send(address, &request("GET /v1/health", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(holder);
    network
        .until("the room to come back", |network| {
            network.node(0).handle.room_bytes() > 1_000_000
        })
        .await;
    network.end().await;
}

/// Whoever asked for slivers and did not take them filled the memory of the node: each was read before
/// there was room for it.
#[tokio::test]
async fn slivers_are_read_when_there_is_room_for_them() {
    let mut options = small();
    options.limits.in_flight_bytes = 2_000_000;
    options.limits.admission_wait_ms = 50;
    let network = Network::with(4, options).await;
    let blob = network.blob(1_000_000, 1);
    network.register(&blob, 7, false);
    network.caught_up().await;
    network.upload(0, &blob).await;
    let address = network.node(0).handle.address();
    let pair = network.pairs(0, &blob).into_iter().next().unwrap();
    let get = request(
        &format!("GET /v1/blobs/{}/slivers/{pair}/primary", blob.id()),
        "",
    );
    let mut holder = TcpStream::connect(address).await.unwrap();
    let put = request(
        &format!("PUT /v1/blobs/{BLOB}/metadata"),
        "content-length: 900000\r\n",
    );
    holder.write_all(put.as_bytes()).await.unwrap();
    network
        .until("the room to be taken", |network| {
            network.node(0).handle.room_bytes() < 250_000
        })
        .await;
    network.disk(0).start_trace();
    let answer = send(address, &get).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let is_sliver = |traced: &Traced| {
        let len = match traced.operation {
            Operation::Read { len_bytes, .. } => len_bytes,
            _ => 0,
        };
        traced.path.extension().is_some_and(|name| name == "seg") && len > 200_000
    };
    let trace = network.disk(0).take_trace();
    assert!(!trace.iter().any(is_sliver), "{trace:#?}");
    drop(holder);
    network
        .until("the room to come back", |network| {
            network.node(0).handle.room_bytes() > 1_000_000
        })
        .await;
    let answer = send(address, &get).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.50}");
    network.end().await;
}

/// The number of symbols was bounded, and not their bytes: 4 GB in the end.
#[tokio::test]
async fn symbols_that_take_more_than_all_the_room_are_not_collected() {
    let mut options = small();
    options.limits.in_flight_bytes = 16 << 10;
    let network = Network::with(4, options).await;
    let blob = network.blob(30_000, 1);
    network.register(&blob, 7, false);
    network.caught_up().await;
    network.upload(0, &blob).await;
    let address = network.node(0).handle.address();
    let ask = async |targets: u16| {
        let targets = (0..targets).map(|target| format!("targetSlivers={target}&"));
        let targets: String = targets.collect();
        let path = format!("/v1/blobs/{}/decodingSymbols", blob.id());
        let line = format!("GET {path}?{targets}targetType=secondary");
        send(address, &request(&line, "")).await
    };
    let few = ask(2).await;
    assert!(few.starts_with("HTTP/1.1 200"), "{few}");
    let many = ask(7).await;
    assert!(many.starts_with("HTTP/1.1 400"), "{many}");
    assert!(many.contains("INVALID_FILTER"), "{many}");
    let symbols = (0..10).flat_map(|primary| {
        network
            .pairs(0, &blob)
            .into_iter()
            .map(move |pair| format!("id={primary}-{}&", 9 - pair.0))
    });
    let symbols: String = symbols.collect();
    let path = format!("/v1/blobs/{}/recoverySymbols", blob.id());
    let line = format!("GET {path}?{symbols}proofAxis=secondary");
    let many = send(address, &request(&line, "")).await;
    assert!(many.starts_with("HTTP/1.1 400"), "{many}");
    assert!(many.contains("INVALID_FILTER"), "{many}");
    network.end().await;
}

/// Connections that send nothing.
async fn silent(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    streams
}

async fn within_seconds<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(10);
    let ended = tokio::time::timeout(limit, future).await;
    ended.expect("the node does not answer")
}

#[tokio::test]
async fn silent_connections_make_room_for_others_and_those_at_work_stay() {
    let mut options = small();
    options.limits.connections = 4;
    // Only the newcomer is in their way.
    options.limits.first_byte_ms = 600_000;
    options.limits.idle_timeout_ms = 600_000;
    let network = Network::with(4, options).await;
    let address = network.node(0).handle.address();
    let mut upload = TcpStream::connect(address).await.unwrap();
    let head = request(
        &format!("PUT /v1/blobs/{BLOB}/metadata"),
        "content-type: application/octet-stream\r\ncontent-length: 4\r\nexpect: 100-continue\r\n",
    );
    upload.write_all(head.as_bytes()).await.unwrap();
    // The node is at work on it when it asks for the body.
    let mut goes_on = [0; 25];
    within_seconds(upload.read_exact(&mut goes_on))
        .await
        .unwrap();
    assert!(goes_on.starts_with(b"HTTP/1.1 100"));
    let _silent = silent(address, 20).await;
    for _ in 0..8 {
        let status = request(&format!("GET /v1/blobs/{BLOB}/status"), "");
        let answer = within_seconds(send(address, &status)).await;
        assert!(answer.contains("nonexistent"), "{answer}");
    }
    upload.write_all(b"oops").await.unwrap();
    let mut answer = String::new();
    within_seconds(upload.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    network.end().await;
}

#[tokio::test]
async fn a_connection_without_a_first_byte_is_closed_soon() {
    let mut options = small();
    options.limits.first_byte_ms = 50;
    options.limits.idle_timeout_ms = 600_000;
    let network = Network::with(4, options).await;
    let address = network.node(0).handle.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let read = within_seconds(stream.read_to_end(&mut Vec::new())).await;
    assert_eq!(read.unwrap(), 0);
    network.end().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_gives_up_its_room() {
    let mut options = small();
    options.limits.idle_timeout_ms = 300;
    let network = Network::with(4, options).await;
    let blob = network.blob(3_000, 1);
    network.register(&blob, 7, false);
    network.caught_up().await;
    network.upload(0, &blob).await;
    let room = network.node(0).handle.room_bytes();
    let stream = TcpStream::connect(network.node(0).handle.address()).await;
    // Takes no byte of an answer, and says all the time that it is there.
    let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(0)
        .keep_alive_interval(Duration::from_millis(50))
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream.unwrap()))
        .await
        .unwrap();
    let talking = tokio::spawn(connection);
    let uri = format!("http://node/v1/blobs/{}/metadata", blob.id());
    let request = http::Request::get(uri).body(Empty::new()).unwrap();
    let answer = within_seconds(sender.send_request(request)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(network.node(0).handle.room_bytes() < room);
    let _ = within_seconds(talking).await;
    network
        .until("the room to come back", |network| {
            network.node(0).handle.room_bytes() == room
        })
        .await;
    network.end().await;
}

#[tokio::test]
async fn an_index_out_of_range_is_told_before_what_is_not_here() {
    let network = Network::with(4, small()).await;
    let blob = network.blob(3_000, 1);
    network.register(&blob, 7, false);
    network.upload(0, &blob).await;
    let address = network.node(0).handle.address();
    for ids in ["100-0", "0-100", "10-10"] {
        let line = format!("GET /v1/blobs/{}/recoverySymbols?id={ids}", blob.id());
        let answer = send(address, &request(&line, "")).await;
        assert!(answer.contains("INDEX_OUT_OF_RANGE"), "{ids}: {answer}");
    }
    network.end().await;
}
