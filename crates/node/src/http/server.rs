//! Accepting connections and talking HTTP on them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use floe_env::places::{Activity, Places};
use floe_env::{Listener, Stream, Tasks};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::shared::Shared;

/// Time a peer has for the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

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
        let clock = Arc::clone(&self.shared.env.clock);
        let places = Places::new(self.shared.options.limits.places(), clock);
        let shutdown = tasks.shutdown().clone();
        loop {
            let (stream, _, place) = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                accepted = places.accept(&mut self.listener) => accepted,
            };
            let connection = Connection {
                shared: Arc::clone(&self.shared),
                tls: self.tls.clone(),
                router: self.router.clone(),
                shutdown: shutdown.clone(),
                activity: place.activity().clone(),
            };
            tasks.spawn("connection", place.serve(connection.talk(stream)));
        }
    }
}

struct Connection {
    shared: Arc<Shared>,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    shutdown: CancellationToken,
    activity: Activity,
}

impl Connection {
    async fn talk(self, stream: Stream) {
        match self.tls.clone() {
            None => self.http(stream).await,
            Some(config) => {
                let clock = Arc::clone(&self.shared.env.clock);
                let handshake = TlsAcceptor::from(config).accept(stream);
                match clock.timeout(HANDSHAKE_TIMEOUT, handshake).await {
                    Ok(Ok(stream)) => self.http(Stream::new(stream)).await,
                    Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                    Err(error) => tracing::debug!(%error, "TLS handshake took too long"),
                }
            }
        }
    }

    async fn http(self, stream: Stream) {
        let limits = &self.shared.options.limits;
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            // From the end of the request before: it bounds how long a connection may rest, too.
            .header_read_timeout(limits.idle_timeout());
        builder
            .http2()
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .max_concurrent_streams(limits.streams);
        let (router, activity) = (self.router, self.activity);
        let service = service_fn(move |request: Request<Incoming>| {
            let (router, activity) = (router.clone(), activity.clone());
            async move {
                let _working = activity.working();
                activity.answer(router.oneshot(request)).await
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
