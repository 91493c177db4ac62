//! Accepting connections, and ending those that stand still.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use floe_env::{Listener, Stream, Tasks};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

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
        let places = Arc::new(Semaphore::new(self.shared.options.limits.connections));
        let shutdown = tasks.shutdown().clone();
        loop {
            let place = Arc::clone(&places).acquire_owned();
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                place = place => {
                    let Ok(place) = place else { return };
                    tokio::select! {
                        biased;
                        () = shutdown.cancelled() => return,
                        accepted = self.listener.accept() => accepted.map(|(io, _)| (io, place)),
                    }
                }
            };
            let (stream, place) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "can't accept a connection");
                    self.shared.env.clock.sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let connection = Connection {
                shared: Arc::clone(&self.shared),
                tls: self.tls.clone(),
                router: self.router.clone(),
                shutdown: shutdown.clone(),
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
}

impl Connection {
    async fn serve(self, stream: Stream) {
        let moved = Arc::new(AtomicU64::new(0));
        let stream = Watched {
            stream,
            moved: Arc::clone(&moved),
        };
        let clock = Arc::clone(&self.shared.env.clock);
        let limit = self.shared.options.limits.idle_timeout();
        let mut serving = pin!(self.talk(stream));
        let mut seen = 0;
        loop {
            let served = clock.timeout(limit, serving.as_mut()).await;
            let now = moved.load(Ordering::Relaxed);
            if served.is_ok() || now == seen {
                return;
            }
            seen = now;
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
        let service = TowerToHyperService::new(self.router);
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

/// Counts what moves, in either direction.
struct Watched {
    stream: Stream,
    moved: Arc<AtomicU64>,
}

impl Watched {
    fn note(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.note(buf.filled().len() - before);
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
        self.note(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.note(written);
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
