//! Servers and clients run unchanged over TCP and in a network simulator.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use floe_env::{Accept, BoxFuture, Connector, Listener, Net, Stream, TcpNet, tcp_listener};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// A listener in the role that axum has for it.
struct Incoming(Listener);

impl axum::serve::Listener for Incoming {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        self.0.accept().await.expect("the listener works")
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

async fn serve(listener: Listener) -> io::Result<()> {
    let routes = Router::new().route("/greeting", get(|| async { "hello" }));
    axum::serve(Incoming(listener), routes).await
}

async fn fetch(net: Arc<dyn Net>, uri: String) -> Result<String, Box<dyn std::error::Error>> {
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(Connector::new(net));
    let response = client.get(uri.parse()?).await?;
    let body = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}

#[tokio::test]
async fn over_tcp() {
    let listener = tcp_listener((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener));
    for host in ["127.0.0.1", "localhost"] {
        let uri = format!("http://{host}:{}/greeting", address.port());
        assert_eq!(fetch(Arc::new(TcpNet::new()), uri).await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn a_refused_connection_is_told_apart() {
    let listener = tcp_listener((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = TcpNet::new().connect("127.0.0.1", port).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let mut connector = Connector::new(Arc::new(TcpNet::new()));
    let uri = format!("http://127.0.0.1:{port}").parse().unwrap();
    let error = tower::Service::call(&mut connector, uri).await.unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with(&format!("connect to 127.0.0.1:{port}: Connection refused")));
    let error = tower::Service::call(&mut connector, "/path".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "connect to /path: the URI names no host");
}

#[derive(Debug)]
struct SimNet;

impl Net for SimNet {
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Stream>> {
        let target = (host.to_owned(), port);
        Box::pin(async {
            turmoil::net::TcpStream::connect(target)
                .await
                .map(Stream::new)
        })
    }
}

struct SimListener(turmoil::net::TcpListener);

impl std::fmt::Debug for SimListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SimListener")
    }
}

impl Accept for SimListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>> {
        Box::pin(async {
            let (stream, peer) = self.0.accept().await?;
            Ok((Stream::new(stream), peer))
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[test]
fn over_a_simulated_network() {
    const PORT: u16 = 80;
    let mut sim = turmoil::Builder::new()
        .simulation_duration(Duration::from_secs(60))
        .rng_seed(7)
        .build();
    sim.host("server", || async {
        let listener = turmoil::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
        Ok(serve(Box::new(SimListener(listener))).await?)
    });
    sim.client("client", async {
        let text = fetch(Arc::new(SimNet), "http://server/greeting".to_owned()).await?;
        assert_eq!(text, "hello");
        Ok(())
    });
    sim.run().unwrap();
}
