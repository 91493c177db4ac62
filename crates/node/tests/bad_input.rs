//! Wrong requests about blobs that exist, existed, or were found to be invalid.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test, also outside of its entry points"
)]

mod network;

use std::net::SocketAddr;
use std::time::Duration;

use floe_core::onchain::events::InvalidBlobID;
use floe_core::{Axis, Epoch, SliverPairIndex, wire};
use floe_node::Options;
use network::{Blob, EPOCH, Network, SHARDS};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request, and what its answer begins with and contains.
struct Case {
    line: String,
    headers: &'static str,
    body: Vec<u8>,
    status: u16,
    part: &'static str,
}

fn get(path: impl Into<String>, status: u16, part: &'static str) -> Case {
    Case {
        line: format!("GET {}", path.into()),
        headers: "",
        body: Vec::new(),
        status,
        part,
    }
}

fn send(line: String, body: impl Into<Vec<u8>>, status: u16, part: &'static str) -> Case {
    Case {
        line,
        headers: "",
        body: body.into(),
        status,
        part,
    }
}

/// All that comes back until the node hangs up.
async fn answer(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A node that refuses a body may hang up before all of it was sent.
    let _ = stream.write_all(bytes).await;
    rest(stream).await
}

async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn check(network: &Network, cases: Vec<Case>) {
    let address = network.node(0).handle.address();
    for case in cases {
        let Case { line, headers, .. } = &case;
        let len = match case.body.len() {
            0 if line.starts_with("GET") => String::new(),
            len if headers.contains("transfer-encoding") => {
                assert!(len > 0);
                String::new()
            }
            len => format!("content-length: {len}\r\n"),
        };
        let head =
            format!("{line} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n{headers}{len}\r\n");
        let answer = answer(address, &[head.as_bytes(), &case.body].concat()).await;
        let expected = format!("HTTP/1.1 {}", case.status);
        assert!(answer.starts_with(&expected), "{line}: {answer}");
        assert!(answer.contains(case.part), "{line}: {answer}");
    }
}

fn options() -> Options {
    let mut options = Options::devnet("test".into());
    options.storage.reserve_bytes = 0;
    options.recovery.deferral_ms = 60_000;
    options.limits.registration_wait_ms = 20;
    options
}

/// A network whose first node holds a blob.
async fn with_blob() -> (Network, Blob) {
    let network = Network::with(4, options()).await;
    let blob = network.blob(3_000, 1);
    network.register(&blob, 7, false);
    network.caught_up().await;
    network.upload(0, &blob).await;
    (network, blob)
}

fn foreign(network: &Network, blob: &Blob) -> SliverPairIndex {
    let mine = network.pairs(0, blob);
    let mut all = (0..SHARDS).map(SliverPairIndex);
    all.find(|pair| !mine.contains(pair)).unwrap()
}

#[tokio::test]
async fn uploads_that_are_not_what_they_should_be_are_refused() {
    let (network, blob) = with_blob().await;
    let id = blob.id();
    let pair = network.pairs(0, &blob)[0];
    let put = format!("PUT /v1/blobs/{id}/slivers/{pair}/primary");
    let metadata = format!("PUT /v1/blobs/{id}/metadata");
    let sliver = blob.sliver_body(pair, Axis::Primary).to_vec();
    let with = |at: usize, bytes: &[u8]| {
        let mut body = sliver.clone();
        body.splice(at..at + bytes.len(), bytes.iter().copied());
        body
    };
    let end = sliver.len();
    let longer = [&sliver[..], &[0]].concat();
    let other = network.blob(3_000, 2);
    network.register(&other, 8, false);
    network.caught_up().await;
    let unknown = network.blob(3_000, 3);
    let cases = vec![
        // Symbol size and index are the last four bytes.
        send(put.clone(), longer, 400, "INVALID_CONTENT_TYPE"),
        send(put.clone(), &sliver[..end - 1], 400, "INVALID_CONTENT_TYPE"),
        send(
            put.clone(),
            with(end - 4, &[0, 0]),
            400,
            "INVALID_CONTENT_TYPE",
        ),
        send(
            put.clone(),
            with(end - 2, &[0xff, 0xff]),
            400,
            "SLIVER_INDEX_MISMATCH",
        ),
        send(put.clone(), Vec::new(), 400, "INVALID_CONTENT_TYPE"),
        // A length that no body has.
        send(put.clone(), vec![0xff_u8; 10], 400, "INVALID_CONTENT_TYPE"),
        send(
            format!("{put}?pending=maybe"),
            sliver.clone(),
            400,
            "text/plain",
        ),
        send(
            format!("{put}?unknown=true"),
            sliver.clone(),
            400,
            "text/plain",
        ),
        Case {
            headers: "content-type: text/html\r\n",
            ..send(put.clone(), sliver.clone(), 200, "already stored")
        },
        // Decoded before anything else is looked at, even if there is nothing to be stored.
        send(metadata.clone(), b"x", 400, "INVALID_CONTENT_TYPE"),
        send(
            metadata.clone(),
            [&blob.metadata_body()[..], &[0]].concat(),
            400,
            "INVALID_CONTENT_TYPE",
        ),
        Case {
            headers: "content-type: application/octet-stream; charset=x\r\n",
            ..send(metadata, blob.metadata_body(), 200, "already stored")
        },
        send(
            format!("PUT /v1/blobs/{}/metadata", other.id()),
            blob.metadata_body(),
            400,
            "INVALID_METADATA",
        ),
        send(
            format!("PUT /v1/blobs/{}/metadata", unknown.id()),
            unknown.metadata_body(),
            400,
            "NOT_REGISTERED",
        ),
        send(
            format!("PUT /v1/blobs/{}/slivers/{pair}/primary", unknown.id()),
            sliver,
            400,
            "NOT_REGISTERED",
        ),
    ];
    check(&network, cases).await;
    network.end().await;
}

#[tokio::test]
async fn questions_that_make_no_sense_are_told_so() {
    let (network, blob) = with_blob().await;
    let id = blob.id();
    let foreign = foreign(&network, &blob);
    let params = network.codec.params();
    let foreign_primary = params.sliver_of_pair(Axis::Primary, foreign).unwrap();
    let root = format!("/v1/blobs/{id}");
    let (symbols, decoding) = (
        format!("{root}/recoverySymbols"),
        format!("{root}/decodingSymbols"),
    );
    let limit = params.primary_source_symbols();
    let cases = vec![
        get(
            format!("{root}/slivers/{foreign}/primary"),
            400,
            "SHARD_NOT_ASSIGNED",
        ),
        get(
            format!("{root}/slivers/{foreign}/primary/status"),
            400,
            "SHARD_NOT_ASSIGNED",
        ),
        get(
            format!("{root}/slivers/{SHARDS}/secondary"),
            400,
            "INDEX_OUT_OF_RANGE",
        ),
        get(
            format!("{symbols}?id=0-{SHARDS}"),
            400,
            "INDEX_OUT_OF_RANGE",
        ),
        get(
            format!("{symbols}?targetSliver={SHARDS}&targetType=primary"),
            400,
            "INDEX_OUT_OF_RANGE",
        ),
        get(
            format!("{symbols}?id={foreign_primary}-0&proofAxis=primary"),
            400,
            "SYMBOL_NOT_PRESENT_AT_SHARDS",
        ),
        get(format!("{symbols}?proofAxis=primary"), 400, "text/plain"),
        get(format!("{symbols}?id=1"), 400, "text/plain"),
        get(format!("{symbols}?id=1-x"), 400, "text/plain"),
        get(format!("{symbols}?id=1-65536"), 400, "text/plain"),
        get(
            format!("{symbols}?targetSliver=1&targetType=other"),
            400,
            "text/plain",
        ),
        get(format!("{symbols}?targetSliver=1"), 400, "text/plain"),
        get(
            format!("{decoding}?targetSlivers={limit}&targetType=primary"),
            400,
            "RECOVERY_SYMBOL_OUT_OF_RANGE",
        ),
        get(format!("{decoding}?targetSlivers=1"), 400, "text/plain"),
        get(
            format!("{decoding}?targetSlivers=1,2&targetType=primary"),
            400,
            "text/plain",
        ),
        get(
            format!("{root}/confirmation/permanent?wait_millis=soon"),
            400,
            "text/plain",
        ),
        get(
            format!("{root}/confirmation/permanent?else=1"),
            200,
            "serializedMessage",
        ),
        get(
            format!("{root}/confirmation/deletable/0x77"),
            400,
            "NOT_REGISTERED",
        ),
        send(
            format!("POST {root}/inconsistencyProof/primary"),
            vec![0_u8; 3],
            400,
            "INVALID_PROOF",
        ),
        send(
            format!("POST {root}/inconsistencyProof/tertiary"),
            vec![0_u8; 3],
            400,
            "text/plain",
        ),
        send(
            format!("POST {root}/inconsistencyProof/secondary"),
            vec![0_u8; 4],
            400,
            "INVALID_CONTENT_TYPE",
        ),
    ];
    check(&network, cases).await;
    network.end().await;
}

#[tokio::test]
async fn paths_lead_nowhere_but_where_they_say() {
    let (network, blob) = with_blob().await;
    let id = blob.id();
    let long = "a".repeat(20_000);
    let cases = vec![
        get("//v1/health", 404, "content-length: 0"),
        get("/v1/health/", 404, "content-length: 0"),
        get("/V1/HEALTH", 404, "content-length: 0"),
        get("/v1/blobs//status", 400, "text/plain"),
        get(
            format!("/v1/blobs/{id}/../{id}/status"),
            404,
            "content-length: 0",
        ),
        get(format!("/v1/blobs/{id}%00/status"), 400, "text/plain"),
        get(format!("/v1/blobs/{id}%2fstatus"), 404, "content-length: 0"),
        get("/v1/blobs/%ff%fe/status", 400, ""),
        get(
            format!("/v1/blobs/{id}/slivers/%30/primary%0a"),
            400,
            "text/plain",
        ),
        get(
            format!("/v1/blobs/{id}/slivers/00000000000000000000001/primary/x"),
            404,
            "",
        ),
        get(format!("/v1/blobs/{long}/status"), 400, ""),
        get("/metrics", 404, ""),
    ];
    check(&network, cases).await;
    // More header than anybody needs ends the connection, or is told so.
    let address = network.node(0).handle.address();
    let head = format!(
        "GET /v1/health HTTP/1.1\r\nhost: node\r\nx: {}\r\n\r\n",
        "y".repeat(2 << 20)
    );
    let refused = answer(address, head.as_bytes()).await;
    assert!(!refused.starts_with("HTTP/1.1 2"), "{refused}");
    let nonsense = answer(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    assert!(!nonsense.starts_with("HTTP/1.1 2"), "{nonsense}");
    let health = answer(
        address,
        b"GET /v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    assert!(health.await.starts_with("HTTP/1.1 200"), "it goes on");
    network.end().await;
}

#[tokio::test]
async fn bodies_without_end_or_with_an_early_one_are_refused() {
    let (network, blob) = with_blob().await;
    let id = blob.id();
    // One chunk that is longer than metadata may be, and one longer than a sliver.
    let chunk = |len: usize| {
        let mut body = format!("{len:x}\r\n").into_bytes();
        body.resize(body.len() + len, 7);
        body.extend_from_slice(b"\r\n0\r\n\r\n");
        body
    };
    let sliver_max = floe_api::limits::sliver_body_bytes_max(network.codec.params());
    let chunked = "transfer-encoding: chunked\r\n";
    let pair = network.pairs(0, &blob)[0];
    let cases = vec![
        Case {
            headers: chunked,
            ..send(
                format!("PUT /v1/blobs/{id}/metadata"),
                chunk((2 << 20) + 1),
                400,
                "INVALID_CONTENT_TYPE",
            )
        },
        Case {
            headers: chunked,
            ..send(
                format!("PUT /v1/blobs/{id}/slivers/{pair}/primary"),
                chunk(sliver_max + 1),
                413,
                "text/plain",
            )
        },
    ];
    check(&network, cases).await;
    let address = network.node(0).handle.address();
    let head = format!(
        "PUT /v1/blobs/{id}/metadata HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 50\r\n\r\nshort"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let refused = rest(stream).await;
    assert!(!refused.starts_with("HTTP/1.1 2"), "{refused}");
    network.end().await;
}

#[tokio::test]
async fn a_body_that_trickles_in_gives_up_its_room() {
    let mut options = options();
    options.limits.idle_timeout_ms = 200;
    options.limits.body_bytes_per_second_min = 1 << 40;
    let network = Network::with(4, options).await;
    let address = network.node(0).handle.address();
    let room = network.node(0).handle.room_bytes();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let blob = network.blob(10, 1);
    let head = format!(
        "PUT /v1/blobs/{}/metadata HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n",
        blob.id()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let clock = network.env_of(0).clock;
    let mut got = vec![0; 1000];
    // Never silent for as long as a connection may be, and never done.
    let len = loop {
        tokio::select! {
            read = stream.read(&mut got) => break read.unwrap_or(0),
            () = clock.sleep(Duration::from_millis(40)) => {}
        }
        if stream.write_all(b"x").await.is_err() {
            break 0;
        }
    };
    let answer = String::from_utf8_lossy(&got[..len]);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    network
        .until("the room to come back", |network| {
            network.node(0).handle.room_bytes() == room
        })
        .await;
    network.end().await;
}

/// What every route says of a blob that is none any more.
fn gone(network: &Network, blob: &Blob) -> Vec<Case> {
    let root = format!("/v1/blobs/{}", blob.id());
    let pair = network.pairs(0, blob)[0];
    vec![
        get(format!("{root}/metadata"), 404, "METADATA_NOT_FOUND"),
        get(
            format!("{root}/slivers/{pair}/primary"),
            404,
            "SLIVER_NOT_FOUND",
        ),
        get(
            format!("{root}/slivers/{pair}/primary/status"),
            200,
            "nonexistent",
        ),
        get(
            format!("{root}/confirmation/permanent"),
            400,
            "NOT_REGISTERED",
        ),
        get(
            format!("{root}/confirmation/deletable/0x7"),
            400,
            "NOT_REGISTERED",
        ),
        get(
            format!("{root}/recoverySymbols?id=1-1"),
            404,
            "SLIVER_NOT_FOUND",
        ),
        get(
            format!("{root}/decodingSymbols?targetSlivers=0&targetType=primary"),
            404,
            "SLIVER_NOT_FOUND",
        ),
        send(
            format!("POST {root}/inconsistencyProof/primary"),
            vec![0_u8; 3],
            400,
            "METADATA_NOT_FOUND",
        ),
    ]
}

#[tokio::test]
async fn expired_blobs_are_gone_on_every_route() {
    let (network, blob) = with_blob().await;
    network.next_epoch(Epoch(EPOCH.0 + 2));
    network.caught_up().await;
    let mut cases = gone(&network, &blob);
    let root = format!("/v1/blobs/{}", blob.id());
    cases.push(get(format!("{root}/status"), 200, "nonexistent"));
    cases.push(send(
        format!("PUT {root}/metadata"),
        blob.metadata_body(),
        400,
        "NOT_REGISTERED",
    ));
    check(&network, cases).await;
    network.end().await;
}

#[tokio::test]
async fn invalid_blobs_are_gone_on_every_route() {
    let (network, blob) = with_blob().await;
    network.chain.emit(InvalidBlobID {
        epoch: EPOCH,
        blob_id: blob.id(),
    });
    network.caught_up().await;
    let mut cases = gone(&network, &blob);
    let root = format!("/v1/blobs/{}", blob.id());
    cases.push(get(format!("{root}/status"), 200, "\"invalid\""));
    cases.push(send(
        format!("PUT {root}/metadata"),
        wire::to_bcs(blob.metadata.metadata()),
        400,
        "INVALID_BLOB",
    ));
    check(&network, cases).await;
    network.end().await;
}
