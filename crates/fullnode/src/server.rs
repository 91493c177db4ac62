//! Serving HTTP/1.1 and HTTP/2 on a listener that somebody else bound.
//!
//! Peers may be slow, silent or hostile: connections are counted, those on which nothing moves are
//! closed, headers and bodies must arrive in time, and no body is longer than a limit. Connections
//! that wait for their next request stay open for longer than clients remember them
//! (`docs/spec/sui-rpc.md` §1.6).

mod body;
mod idle;
pub(crate) mod local;
mod routes;

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use floe_env::{Env, Listener, Stream, Task};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub use self::routes::router;
use self::{body::DeadlineBody, idle::IdleStream};
use crate::metrics::Metrics;

/// Bounds on what peers may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Most connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// A connection on which nothing was read or written for so long is closed.
    pub idle_max: Duration,
    /// How long the headers of a request may take, from the end of the one before.
    pub headers_max: Duration,
    /// How long the body of a request may take.
    pub body_max: Duration,
    /// Most bytes of a request's body.
    pub body_bytes_max: usize,
    /// Most requests at once on one HTTP/2 connection.
    pub streams_max: u32,
    /// How long requests may go on after the server was told to stop.
    pub stop_grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            idle_max: Duration::from_mins(3),
            headers_max: Duration::from_mins(2),
            body_max: Duration::from_secs(30),
            body_bytes_max: 4 << 20,
            streams_max: 256,
            stop_grace: Duration::from_secs(5),
        }
    }
}

/// The address of the peer that sent a request, among the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

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

/// How long to wait after the system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
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
    pub async fn serve(
        self,
        mut listener: Listener,
        shutdown: CancellationToken,
    ) -> io::Result<()> {
        listener.local_addr()?;
        let slots = Arc::new(Semaphore::new(self.limits.connections_max));
        let server = Arc::new(self);
        let mut connections: Vec<Task> = Vec::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = accept(&mut listener, &slots) => accepted,
            };
            connections.retain(|task| !task.is_finished());
            match accepted {
                Ok((stream, peer, slot)) => {
                    let serving =
                        Arc::clone(&server).connection(stream, peer, slot, shutdown.clone());
                    let task = server.env.spawn.spawn("http".into(), Box::pin(serving));
                    connections.push(task);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    server.env.clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        for task in connections {
            // Each ends by itself within the grace it is given.
            let _ = task.join().await;
        }
        Ok(())
    }

    async fn connection(
        self: Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
        _slot: OwnedSemaphorePermit,
        shutdown: CancellationToken,
    ) {
        let _counted = self.metrics.connection();
        let io = TokioIo::new(IdleStream::new(
            stream,
            Arc::clone(&self.env.clock),
            self.limits.idle_max,
        ));
        let server = Arc::clone(&self);
        let service = service_fn(move |request| Arc::clone(&server).respond(request, peer));
        let builder = self.builder();
        let mut connection = pin!(builder.serve_connection(io, service));
        let served = tokio::select! {
            biased;
            served = connection.as_mut() => Some(served),
            () = shutdown.cancelled() => None,
        };
        let served = match served {
            Some(served) => Ok(served),
            None => {
                connection.as_mut().graceful_shutdown();
                let grace = self.limits.stop_grace;
                self.env.clock.timeout(grace, connection.as_mut()).await
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
    ) -> Result<http::Response<Body>, Infallible> {
        let deadline = self.env.clock.sleep(self.limits.body_max);
        let mut request = request.map(|body| {
            Body::new(DeadlineBody::new(
                body,
                deadline,
                self.limits.body_bytes_max,
            ))
        });
        request.extensions_mut().insert(Peer(peer));
        self.router.clone().oneshot(request).await
    }
}

async fn accept(
    listener: &mut Listener,
    slots: &Arc<Semaphore>,
) -> io::Result<(Stream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, slot))
}
