//! Accepting connections, and ending those that stand still or in the way of others.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use floe_env::{Listener, Stream, Tasks};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::connections::{Activity, Connections};
use crate::shared::Shared;

/// Pause after the system could not accept a connection: it has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time a peer has for the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time a peer has for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves HTTP on a listener.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) listener: Listener,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) router: Router,
}

impl Server {
    /// Accepts connections until shutdown fires; those that are open have a while to end.
    pub(crate) async fn run(mut self, tasks: Arc<Tasks>) {
        let limits = &self.shared.options.limits;
        let clock = Arc::clone(&self.shared.env.clock);
        let connections = Connections::new(limits.connections, clock);
        let shutdown = tasks.shutdown().clone();
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "can't accept a connection");
                    self.shared.env.clock.sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let place = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                place = connections.place() => place,
            };
            let connection = Connection {
                shared: Arc::clone(&self.shared),
                tls: self.tls.clone(),
                router: self.router.clone(),
                shutdown: shutdown.clone(),
                activity: Arc::clone(&place.activity),
            };
            tasks.spawn("connection", async move {
                connection.serve(stream).await;
                drop(place);
            });
        }
    }
}

struct Connection {
    shared: Arc<Shared>,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    shutdown: CancellationToken,
    activity: Arc<Activity>,
}

impl Connection {
    async fn serve(self, stream: Stream) {
        let activity = Arc::clone(&self.activity);
        let stream = Watched {
            stream,
            activity: Arc::clone(&activity),
        };
        let clock = Arc::clone(&self.shared.env.clock);
        let limits = &self.shared.options.limits;
        let idle = limits.idle_timeout();
        let mut limit = limits.first_byte().min(idle);
        let mut serving = pin!(self.talk(stream));
        let mut seen = 0;
        loop {
            let served = tokio::select! {
                biased;
                () = activity.closing() => return,
                served = clock.timeout(limit, serving.as_mut()) => served,
            };
            let now = activity.moved_bytes();
            if served.is_ok() || now == seen {
                return;
            }
            seen = now;
            limit = idle;
        }
    }

    async fn talk(self, stream: Watched) {
        match self.tls.clone() {
            None => self.http(stream).await,
            Some(config) => {
                let clock = Arc::clone(&self.shared.env.clock);
                let handshake = TlsAcceptor::from(config).accept(stream);
                match clock.timeout(HANDSHAKE_TIMEOUT, handshake).await {
                    Ok(Ok(stream)) => self.http(stream).await,
                    Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                    Err(error) => tracing::debug!(%error, "TLS handshake took too long"),
                }
            }
        }
    }

    async fn http(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .max_concurrent_streams(self.shared.options.limits.streams);
        let (router, activity) = (self.router, self.activity);
        let service = service_fn(move |request: Request<Incoming>| {
            let in_progress = activity.begin();
            let answer = router.clone().oneshot(request);
            async move {
                let answer = answer.await;
                drop(in_progress);
                answer
            }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Notes what moves, in either direction.
struct Watched {
    stream: Stream,
    activity: Arc<Activity>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.activity.moved(buf.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.activity.moved(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.activity.moved(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
