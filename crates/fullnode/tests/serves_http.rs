//! The server on hostile, slow and silent connections, in virtual time over pipes in memory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod support;

use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use axum::body::Bytes;
use floe_env::{Accept, BoxFuture, Stream};
use floe_fullnode::{Faucet, FaucetOptions, Server, ServerLimits, router};
use http_body::Body as _;
use http_body_util::Full;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::{GENESIS_MS, Node, SUI, User, crash_disk};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

const LOCAL: &str = "127.0.0.1:40000";
const FOREIGN: &str = "192.0.2.7:40000";

#[derive(Debug)]
struct Pipes(mpsc::Receiver<(Stream, SocketAddr)>);

impl Accept for Pipes {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>> {
        Box::pin(async {
            match self.0.recv().await {
                Some(connection) => Ok(connection),
                None => std::future::pending().await,
            }
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok("127.0.0.1:9000".parse().unwrap())
    }
}

struct World {
    node: Node,
    users: Vec<User>,
    pipes: mpsc::Sender<(Stream, SocketAddr)>,
    shutdown: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

impl World {
    fn start(limits: ServerLimits) -> Self {
        let (_, disk) = crash_disk();
        let users = vec![User::new(1), User::new(2)];
        // Time passes fast here; without checkpoints when idle there is less to do.
        let mut options = support::options();
        options.solo.idle_interval = Duration::from_hours(10);
        let node = Node::start_at(&disk, &users, &options, GENESIS_MS).unwrap();
        let grant = FaucetOptions {
            sui_coins: 2,
            sui_mist: SUI,
            wal: None,
        };
        let faucet = Faucet::new(node.handle.clone(), users[0].key().clone(), grant);
        let (pipes, connections) = mpsc::channel(16);
        let server = Server {
            env: support::env(disk, GENESIS_MS),
            router: router(&node.handle, Some(faucet)),
            limits,
            metrics: Arc::clone(node.handle.metrics()),
        };
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(server.serve(Box::new(Pipes(connections)), shutdown.clone()));
        Self {
            node,
            users,
            pipes,
            shutdown,
            serving,
        }
    }

    async fn connect(&self, peer: &str) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let connection = (Stream::new(theirs), peer.parse().unwrap());
        self.pipes.send(connection).await.unwrap();
        ours
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap().unwrap();
        self.node.stop().await.unwrap();
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

fn gas(host: &str, headers: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "POST /v2/gas HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {len}\r\n{headers}\r\n{body}"
    )
}

/// Reads one response: status line and body.
async fn response(stream: &mut DuplexStream) -> (String, String) {
    let mut seen = Vec::new();
    let head_end = loop {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed");
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(seen[..head_end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    while seen.len() < head_end + length {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed");
    }
    let body = String::from_utf8(seen[head_end..].to_vec()).unwrap();
    (head.lines().next().unwrap().to_owned(), body)
}

/// How long the peer keeps the connection open when nothing more is sent.
async fn closes_after(stream: &mut DuplexStream) -> Duration {
    let began = tokio::time::Instant::now();
    let mut rest = Vec::new();
    timeout(Duration::from_hours(1), stream.read_to_end(&mut rest))
        .await
        .expect("the connection is closed some time")
        .unwrap();
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn connections_stay_open_between_requests_and_not_for_ever() {
    let world = World::start(ServerLimits::default());
    let mut stream = world.connect(LOCAL).await;
    for _ in 0..3 {
        stream.write_all(get("/health").as_bytes()).await.unwrap();
        assert_eq!(
            response(&mut stream).await,
            ("HTTP/1.1 200 OK".to_owned(), "ok\n".to_owned())
        );
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let open = closes_after(&mut stream).await;
    assert!(open < Duration::from_mins(3), "{open:?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn silent_and_half_finished_requests_are_given_up() {
    let world = World::start(ServerLimits::default());
    for sent in [
        "",
        "GE",
        "GET /health HTTP/1.1\r\nhost: loc",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = world.connect(LOCAL).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let open = closes_after(&mut stream).await;
        assert!(open <= Duration::from_mins(3), "{sent:?} {open:?}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn trickling_headers_end_at_their_deadline() {
    let world = World::start(ServerLimits::default());
    let mut stream = world.connect(LOCAL).await;
    stream.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
    let began = tokio::time::Instant::now();
    while stream.write_all(b"a: b\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(began.elapsed() < Duration::from_mins(4));
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn bodies_must_arrive_in_time_and_be_of_bounded_length() {
    let world = World::start(ServerLimits::default());
    let mut stream = world.connect(LOCAL).await;
    let promise = "POST /v2/gas HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                   content-length: 100\r\n\r\n{";
    stream.write_all(promise.as_bytes()).await.unwrap();
    let began = tokio::time::Instant::now();
    let (status, _) = response(&mut stream).await;
    assert!(status.contains(" 4"), "{status}");
    assert!(began.elapsed() <= Duration::from_secs(31));

    let mut stream = world.connect(LOCAL).await;
    let endless = "POST /v2/gas HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                   transfer-encoding: chunked\r\n\r\n";
    stream.write_all(endless.as_bytes()).await.unwrap();
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    let mut sent = 0;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = async {
        while writer.write_all(chunk.as_bytes()).await.is_ok() {
            sent += chunk.len();
            assert!(sent < 16 << 20, "an endless body is read for ever");
        }
    };
    let reading = async {
        let mut head = [0; 12];
        reader.read_exact(&mut head).await.unwrap();
        assert_eq!(&head[..10], b"HTTP/1.1 4");
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
    }
    world.stop().await;
}

const SERVICE_INFO: &str = "/sui.rpc.v2.LedgerService/GetServiceInfo";

/// A call over HTTP/1.1 on a connection of its own, as a browser makes it; what came back.
async fn call(world: &World, path: &str) -> String {
    let mut stream = world.connect(FOREIGN).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web+proto\r\n\
         content-length: 5\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[0; 5]).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("grpc-status") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "closed");
    }
    String::from_utf8_lossy(&seen).into_owned()
}

async fn answers_others(world: &World) {
    let answer = timeout(Duration::from_secs(2), call(world, SERVICE_INFO)).await;
    let answer = answer.expect("somebody else holds it up");
    assert!(answer.contains("grpc-status:0"), "{answer}");
}

/// An HTTP/2 client that takes only so many bytes of an answer; its connection ends with the task.
async fn http2(world: &World, window: u32) -> (SendRequest<Full<Bytes>>, JoinHandle<()>) {
    let io = TokioIo::new(world.connect(FOREIGN).await);
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .handshake(io)
        .await
        .unwrap();
    let ended = tokio::spawn(async {
        let _ = connection.await;
    });
    (sender, ended)
}

fn grpc(path: &str, message: &'static [u8]) -> http::Request<Full<Bytes>> {
    http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::from(message))
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_reads_hold_up_nobody_else() {
    let world = World::start(ServerLimits::default());
    let mut unread = Vec::new();
    let mut stalled = Vec::new();
    for _ in 0..3 {
        let (mut sender, ended) = http2(&world, 0).await;
        for _ in 0..100 {
            sender.ready().await.unwrap();
            let answer = sender.send_request(grpc(SERVICE_INFO, &[0; 5]));
            let answer = timeout(Duration::from_secs(2), answer).await;
            unread.push(answer.expect("a stalled client locked itself out").unwrap());
        }
        stalled.push((sender, ended));
    }
    answers_others(&world).await;
    // What is not read ends, although the server's pings are answered.
    let began = tokio::time::Instant::now();
    for (_sender, ended) in &mut stalled {
        let ended = timeout(Duration::from_mins(10), ended).await;
        ended.expect("a stalled connection is closed").unwrap();
    }
    let waited = began.elapsed();
    assert!(waited < Duration::from_secs(70), "{waited:?}");
    drop(unread);
    answers_others(&world).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_are_read_go_on_and_others_end() {
    const PATH: &str = "/sui.rpc.v2.SubscriptionService/SubscribeCheckpoints";
    let world = World::start(ServerLimits::default());
    let (mut reader, mut reading) = http2(&world, 1 << 20).await;
    let followed = reader.send_request(grpc(PATH, &[0; 5])).await.unwrap();
    let (mut idler, idling) = http2(&world, 0).await;
    let ignored = idler.send_request(grpc(PATH, &[0; 5])).await.unwrap();
    let mut followed = followed.into_body();
    let first = std::future::poll_fn(|cx| Pin::new(&mut followed).poll_frame(cx)).await;
    assert!(first.unwrap().is_ok());
    // No checkpoint comes for hours.
    timeout(Duration::from_mins(10), idling)
        .await
        .unwrap()
        .unwrap();
    let early = timeout(Duration::from_hours(1), &mut reading).await;
    assert!(early.is_err(), "a quiet subscription was ended");
    drop((ignored, idler, reader));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn half_sent_requests_hold_up_nobody_else() {
    let world = World::start(ServerLimits::default());
    let half = format!(
        "POST {SERVICE_INFO} HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web+proto\r\n\
         content-length: 1000\r\n\r\nabc"
    );
    let mut halves = Vec::new();
    for _ in 0..300 {
        let mut stream = world.connect(FOREIGN).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        halves.push(stream);
    }
    answers_others(&world).await;
    // INVALID_ARGUMENT, at the deadline of bodies.
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("grpc-status: 3") {
        let read = timeout(Duration::from_secs(31), halves[0].read_buf(&mut seen)).await;
        assert_ne!(read.unwrap().unwrap(), 0, "closed");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn newcomers_take_the_places_of_those_who_ask_for_nothing() {
    let limits = ServerLimits {
        connections_max: 4,
        ..ServerLimits::default()
    };
    let world = World::start(limits);
    let mut useful = world.connect(LOCAL).await;
    useful.write_all(get("/health").as_bytes()).await.unwrap();
    response(&mut useful).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(world.connect(FOREIGN).await);
    }
    answers_others(&world).await;
    useful.write_all(get("/health").as_bytes()).await.unwrap();
    assert_eq!(response(&mut useful).await.1, "ok\n");
    for stream in &mut silent {
        let open = closes_after(stream).await;
        assert!(open <= Duration::from_secs(15), "{open:?}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_faucet_gives_coins_that_are_there_at_once() {
    let world = World::start(ServerLimits::default());
    let recipient = world.users[1].address();
    let body = format!("{{\"FixedAmountRequest\":{{\"recipient\":\"{recipient}\"}}}}");
    let mut stream = world.connect(LOCAL).await;
    stream
        .write_all(gas("127.0.0.1:9000", "", &body).as_bytes())
        .await
        .unwrap();
    let (status, reply) = response(&mut stream).await;
    assert_eq!(status, "HTTP/1.1 200 OK", "{reply}");
    let reply: serde_json::Value = serde_json::from_str(&reply).unwrap();
    assert_eq!(reply["status"], "Success");
    let coins = reply["coins_sent"].as_array().unwrap();
    assert_eq!(coins.len(), 2);
    let reader = world.node.handle.reader().unwrap();
    for coin in coins {
        assert_eq!(coin["amount"], SUI);
        let digest = coin["transferTxDigest"].as_str().unwrap().parse().unwrap();
        assert!(reader.transaction(&digest).unwrap().is_some());
        let id: sui_sdk_types::Address = coin["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(world.node.reference(&id).version(), 2);
    }
    drop(reader);
    stream.write_all(get("/metrics").as_bytes()).await.unwrap();
    let (_, metrics) = response(&mut stream).await;
    for line in [
        "floe_fullnode_faucet_grants_total 1",
        "floe_fullnode_transactions_total{outcome=\"success\"} 1",
        "floe_fullnode_http_connections 1",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_faucet_refuses_strangers_and_nonsense() {
    let world = World::start(ServerLimits::default());
    let recipient = world.users[1].address();
    let body = format!("{{\"FixedAmountRequest\":{{\"recipient\":\"{recipient}\"}}}}");
    for (peer, host, headers, body, expected) in [
        (FOREIGN, "localhost", "", body.as_str(), "403"),
        (LOCAL, "example.org", "", body.as_str(), "403"),
        (
            LOCAL,
            "localhost",
            "origin: https://example.org\r\n",
            body.as_str(),
            "403",
        ),
        (
            LOCAL,
            "localhost",
            "host: evil.example.org\r\n",
            body.as_str(),
            "403",
        ),
        (LOCAL, "localhost", "", "{}", "422"),
        (LOCAL, "localhost", "", "nonsense", "400"),
    ] {
        let mut stream = world.connect(peer).await;
        stream
            .write_all(gas(host, headers, body).as_bytes())
            .await
            .unwrap();
        let (status, reply) = response(&mut stream).await;
        assert!(status.contains(expected), "{status} {reply}");
    }
    assert_eq!(world.node.coins(&world.users[1]).len(), 5);
    world.stop().await;
}
