//! Serving HTTP/1.1 and HTTP/2 on a listener that somebody else bound.
//!
//! Peers may be slow, silent or hostile: connections on which nothing moves are closed, headers and
//! bodies must arrive in time, answers must be read, no body is longer than a limit, whoever holds
//! most bytes pays for all ([`held`]), and a newcomer gets the place of whoever is of least use
//! ([`floe_env::places`]). So nothing that one peer can hold back is shared without a bound of that
//! peer's own. Connections that wait for their next request stay open for longer than clients remember
//! them, unless there are too many (`docs/spec/sui-rpc.md` §1.6).

mod body;
mod held;
pub(crate) mod local;
mod routes;

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use floe_env::{
    BoxFuture, Env, Listener, Stream, Task,
    places::{self, Activity, Answer, Places},
};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(crate) use self::held::Held;
pub use self::routes::router;
use self::{
    body::DeadlineBody,
    held::{Account, Holdings},
};
use crate::metrics::Metrics;

/// Bounds on what peers may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Most connections at once; one more takes the place of another.
    pub connections_max: usize,
    /// A connection on which no request began so long after it was opened is closed.
    pub first_request_max: Duration,
    /// A connection on which nothing was read or written for so long is closed.
    pub idle_max: Duration,
    /// How long the headers of a request may take, from the end of the one before.
    pub headers_max: Duration,
    /// How long the body of a request may take.
    pub body_max: Duration,
    /// Most bytes of a request's body.
    pub body_bytes_max: usize,
    /// A connection whose peer does not read on in an answer for so long is closed.
    pub unread_max: Duration,
    /// Most requests at once on one HTTP/2 connection. Clients open up to 100 before they know it.
    pub streams_max: u32,
    /// Most requests of one connection that are worked on at once; more wait.
    pub calls_max: usize,
    /// Most answers of one connection that go on by themselves, such as subscriptions.
    pub streaming_max: usize,
    /// Most bytes of requests and answers that wait on one connection. The largest answer fits.
    pub held_bytes_max: usize,
    /// Most such bytes on all connections.
    pub held_bytes_total_max: usize,
    /// How long requests may go on after the server was told to stop.
    pub stop_grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            first_request_max: Duration::from_secs(10),
            idle_max: Duration::from_mins(3),
            headers_max: Duration::from_mins(2),
            body_max: Duration::from_secs(30),
            body_bytes_max: 4 << 20,
            unread_max: Duration::from_mins(1),
            streams_max: 128,
            calls_max: 64,
            streaming_max: 64,
            held_bytes_max: 64 << 20,
            held_bytes_total_max: 256 << 20,
            stop_grace: Duration::from_secs(5),
        }
    }
}

impl ServerLimits {
    const fn places(&self) -> places::Limits {
        places::Limits {
            connections_max: self.connections_max,
            first_byte_max: self.first_request_max,
            first_request_max: self.first_request_max,
            idle_max: self.idle_max,
            unread_max: self.unread_max,
            // Requests are worked on once they came in whole: there is no peer to wait for.
            stalled_max: Duration::MAX,
        }
    }
}

/// The address of the peer that sent a request, among the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What the requests of a connection share, among their extensions. Clones are of the same one.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) activity: Activity,
    /// Places for requests that are worked on.
    pub(crate) calls: Arc<Semaphore>,
    /// Places for answers that go on by themselves.
    pub(crate) streams: Arc<Semaphore>,
    /// The bytes that wait.
    pub(crate) account: Arc<Account>,
}

/// A server in the making.
#[derive(Debug)]
pub struct Server {
    /// Its world.
    pub env: Env,
    /// What it serves; see [`router`].
    pub router: Router,
    /// Bounds on what peers may do.
    pub limits: ServerLimits,
    /// Where connections are counted.
    pub metrics: Arc<Metrics>,
}

/// How often a silent HTTP/2 peer is asked whether it is there, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Most bytes of the headers of a request.
const HEADER_BYTES_MAX: u32 = 64 * 1024;

impl Server {
    /// Serves until `shutdown` fires, then lets what is in progress end.
    ///
    /// # Errors
    /// When the listener is broken.
    pub fn serve(
        self,
        mut listener: Listener,
        shutdown: CancellationToken,
    ) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async move {
            listener.local_addr()?;
            let places = Places::new(self.limits.places(), Arc::clone(&self.env.clock));
            let holdings = Holdings::new(&self.limits);
            let server = Arc::new(self);
            let mut tasks: Vec<Task> = Vec::new();
            loop {
                let (stream, peer, place) = tokio::select! {
                    biased;
                    () = shutdown.cancelled() => break,
                    accepted = places.accept(&mut listener) => accepted,
                };
                tasks.retain(|task| !task.is_finished());
                let connection = Connection {
                    activity: place.activity().clone(),
                    calls: Arc::new(Semaphore::new(server.limits.calls_max)),
                    streams: Arc::new(Semaphore::new(server.limits.streaming_max)),
                    account: holdings.open(place.activity()),
                };
                let talking = Arc::clone(&server).talk(stream, peer, connection, shutdown.clone());
                let counted = server.metrics.connection();
                let serving = async {
                    place.serve(talking).await;
                    drop(counted);
                };
                tasks.push(server.env.spawn.spawn("http".into(), Box::pin(serving)));
            }
            drop(listener);
            for task in tasks {
                // Each ends by itself within the grace it is given.
                let _ = task.join().await;
            }
            Ok(())
        })
    }

    async fn talk(
        self: Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        connection: Connection,
        shutdown: CancellationToken,
    ) {
        let server = Arc::clone(&self);
        let service = service_fn(move |request| {
            Arc::clone(&server).respond(request, peer, connection.clone())
        });
        let builder = self.builder();
        let mut http = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let served = tokio::select! {
            biased;
            served = http.as_mut() => Ok(served),
            () = shutdown.cancelled() => {
                http.as_mut().graceful_shutdown();
                let grace = self.limits.stop_grace;
                self.env.clock.timeout(grace, http.as_mut()).await
            }
        };
        if let Ok(Err(error)) = served {
            tracing::debug!(%peer, %error, "connection ended");
        }
    }

    fn builder(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.headers_max);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_concurrent_streams(self.limits.streams_max)
            .max_header_list_size(HEADER_BYTES_MAX);
        builder
    }

    async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        connection: Connection,
    ) -> Result<http::Response<Answer<Body>>, Infallible> {
        let deadline = self.env.clock.sleep(self.limits.body_max);
        let mut request = request.map(|body| {
            Body::new(DeadlineBody::new(
                body,
                deadline,
                self.limits.body_bytes_max,
            ))
        });
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(connection.clone());
        let answering = self.router.clone().oneshot(request);
        connection.activity.answer(answering).await
    }
}
