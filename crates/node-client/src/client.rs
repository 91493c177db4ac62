//! Sending requests to a node and receiving its answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use floe_api::{ApiError, MEDIA_JSON, Method, Route, limits, media_type_is};
use floe_core::keys::NetworkPublicKey;
use floe_env::{BoxFuture, Connector, Env, Renewable};
use futures::{StreamExt as _, stream::FuturesUnordered};
use http::{HeaderMap, HeaderValue, Request, Uri, header, uri};
use rustls_pki_types::ServerName;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use crate::{
    address::NodeAddress,
    body::{Moved, Outgoing, ReceiveError, receive},
    connect::Connect,
    error::{InvalidAnswer, NodeError},
    metrics::Metrics,
    pool::{self, Connections},
    tls,
};

/// How it is known that a server is the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// By this key, the network public key on chain.
    Pinned(NetworkPublicKey),
    /// Not at all: plain HTTP, to this machine only.
    PlainOnLoopback,
    /// Not at all: plain HTTP to anywhere. What is read is verified all the same; who listens, and
    /// whether confirmations get through, is up to the network.
    Plain,
}

/// Limits of a [`NodeClient`].
#[derive(Debug, Clone)]
pub struct Options {
    /// Requests in flight at once; more of them wait. Default 16.
    pub requests_max: usize,
    /// How long opening a connection may take. Default 5 s.
    pub connect_timeout: Duration,
    /// How long a request may go without a byte moving until it is sent again over a new connection,
    /// besides what the bodies under way to the node may take. Default 10 s.
    pub patience: Duration,
    /// How long a request may go without a byte moving until it is given up. Default 60 s.
    pub stall_timeout: Duration,
    /// How long a request may take. Default 5 min.
    pub total_timeout: Duration,
    /// How long an idle connection is kept. Default 30 s.
    pub idle_timeout: Duration,
    /// Where requests are counted.
    pub metrics: Metrics,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            requests_max: 16,
            connect_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            total_timeout: Duration::from_secs(300),
            idle_timeout: Duration::from_secs(30),
            metrics: Metrics::default(),
        }
    }
}

/// Why there is no client for a node. The configuration, or what the node registered, is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// Plain HTTP to another machine.
    #[error("refusing plain HTTP to {address}, which is not this machine; use TLS")]
    PlainOffLoopback {
        /// The node.
        address: String,
    },
    /// A host that TLS can't name.
    #[error("{address} has no host that TLS can name")]
    ServerName {
        /// The node.
        address: String,
    },
    /// The TLS library refuses.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// A client of one storage node. Clones share connections and limits.
///
/// Dropping the future of a request gives it up.
#[derive(Debug, Clone)]
pub struct NodeClient {
    inner: Arc<Inner>,
    moved: Option<Moved>,
}

#[derive(Debug)]
struct Inner {
    address: NodeAddress,
    scheme: uri::Scheme,
    env: Env,
    connections: Renewable<Connections>,
    permits: Semaphore,
    /// Bytes of the bodies of requests under way.
    sending: AtomicU64,
    options: Options,
}

/// A request that is ready to go.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) route: Route,
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) answer_bytes_max: usize,
}

/// An answer with a status that means success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl NodeClient {
    /// A client of the node at `address`. Does not connect yet.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn new(
        env: &Env,
        address: NodeAddress,
        security: Security,
        options: Options,
    ) -> Result<Self, OptionsError> {
        if security == Security::PlainOnLoopback && !address.is_loopback() {
            let address = address.to_string();
            return Err(OptionsError::PlainOffLoopback { address });
        }
        let (scheme, tls) = match security {
            Security::Plain | Security::PlainOnLoopback => (uri::Scheme::HTTP, None),
            Security::Pinned(key) => {
                let connector = TlsConnector::from(Arc::new(tls::pinned(&key)?));
                let name = ServerName::try_from(address.host().to_owned());
                let name = name.map_err(|_| OptionsError::ServerName {
                    address: address.to_string(),
                })?;
                (uri::Scheme::HTTPS, Some((connector, name)))
            }
        };
        let connect = Connect {
            connector: Connector::new(Arc::clone(&env.net)),
            clock: Arc::clone(&env.clock),
            timeout: options.connect_timeout,
            tls,
        };
        let connections = pool::connections(connect, options.requests_max, options.idle_timeout);
        let inner = Arc::new(Inner {
            address,
            scheme,
            env: env.clone(),
            connections,
            permits: Semaphore::new(options.requests_max),
            sending: AtomicU64::new(0),
            options,
        });
        Ok(Self { inner, moved: None })
    }

    /// The same client, whose requests tell `moved` about every byte.
    #[must_use]
    pub fn watched(&self, moved: &Moved) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            moved: Some(moved.clone()),
        }
    }

    /// Where the node is.
    pub fn address(&self) -> &NodeAddress {
        &self.inner.address
    }

    /// Where requests are counted.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.options.metrics
    }

    /// Sends a request, and receives the answer if it is a success of the expected type.
    pub(crate) fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, NodeError>> {
        Box::pin(async move {
            let inner = &*self.inner;
            let _permit = inner.permits.acquire().await;
            let started = inner.env.clock.monotonic();
            let route = call.route;
            let moved = self.moved.clone().unwrap_or_default();
            let (stall, total) = (inner.options.stall_timeout, inner.options.total_timeout);
            let exchange = self.insist(&call, &moved);
            let outcome = moved.watch(&*inner.env.clock, stall, total, exchange).await;
            let outcome = outcome.unwrap_or_else(|elapsed| {
                Err(NodeError::TimedOut {
                    address: inner.address.to_string(),
                    limit: elapsed.limit,
                })
            });
            let after = inner.env.clock.monotonic().since(started);
            let label = outcome.as_ref().map_or_else(NodeError::outcome, |_| "ok");
            inner.options.metrics.ended(route, label, after);
            if let Err(error) = &outcome {
                tracing::debug!(route = route.name(), %error, ?after, "request to a node failed");
            }
            outcome
        })
    }

    /// Sends a request, and again if there is no sign of life: a connection may be dead without a
    /// word, though the node is well. What comes first counts. All requests may be repeated.
    async fn insist(&self, call: &Call, moved: &Moved) -> Result<Answer, NodeError> {
        let inner = &*self.inner;
        let _sending = Sending::begin(&inner.sending, call.body.len());
        let mut connections = inner.connections.current();
        let mut attempts = FuturesUnordered::new();
        attempts.push(self.exchange(call.clone(), moved, Arc::clone(&connections)));
        loop {
            let before = moved.get();
            let next = attempts.select_next_some();
            match inner.env.clock.timeout(self.patience(), next).await {
                // Another one is under way.
                Ok(Err(error)) if error.is_of_connection() && !attempts.is_empty() => {}
                Ok(outcome) => return outcome,
                Err(_) if moved.get() == before && attempts.len() < ATTEMPTS_MAX => {
                    let route = call.route.name();
                    tracing::debug!(route, node = %inner.address, "silence, asking again");
                    connections = inner.connections.instead_of(&connections);
                    attempts.push(self.exchange(call.clone(), moved, Arc::clone(&connections)));
                }
                Err(_) => {}
            }
        }
    }

    /// How long a request may show no sign of life. Bodies count as moved when they lie in buffers,
    /// and may take a while from there to a slow node.
    fn patience(&self) -> Duration {
        let sending = self.inner.sending.load(Ordering::Relaxed);
        let sending = Duration::from_secs(sending) / SLOWEST_BYTES_PER_SECOND;
        self.inner.options.patience.saturating_add(sending)
    }

    async fn exchange(
        &self,
        call: Call,
        moved: &Moved,
        connections: Arc<Connections>,
    ) -> Result<Answer, NodeError> {
        let inner = &*self.inner;
        let (route, max) = (call.route, call.answer_bytes_max);
        let accept = call.accept;
        let request = self.request(call, moved)?;
        let response = connections.request(request).await;
        let (head, body) = response.map_err(|error| self.failed(error))?.into_parts();
        let status = head.status.as_u16();
        let success = head.status.is_success();
        let max = if success {
            max
        } else {
            limits::ERROR_BYTES_MAX
        };
        let received = inner.options.metrics.received(route);
        let body = match receive(body, max, moved, &received).await {
            Ok(body) => body,
            Err(ReceiveError::TooLong) if success => {
                return Err(self.invalid(InvalidAnswer::TooLong { max }));
            }
            Err(ReceiveError::TooLong) => Vec::new(),
            Err(ReceiveError::Broken(error)) => return Err(self.broken(error)),
        };
        if !success {
            return Err(self.refused(status, &head.headers, &body));
        }
        self.check_type(accept, &head.headers)?;
        Ok(Answer { status, body })
    }

    fn request(&self, call: Call, moved: &Moved) -> Result<Request<Outgoing>, NodeError> {
        let inner = &*self.inner;
        let uri = Uri::builder()
            .scheme(inner.scheme.clone())
            .authority(inner.address.authority().clone())
            .path_and_query(call.path)
            .build();
        let sent = inner.options.metrics.sent(call.route);
        let method = match call.route.method() {
            Method::Get => http::Method::GET,
            Method::Put => http::Method::PUT,
            Method::Post => http::Method::POST,
        };
        let request = uri.and_then(|uri| {
            let mut request = Request::builder()
                .method(method)
                .uri(uri)
                .header(header::ACCEPT, call.accept);
            if let Some(value) = call.authorization {
                request = request.header(header::AUTHORIZATION, value);
            }
            request.body(Outgoing::new(call.body, moved.clone(), sent))
        });
        request.map_err(|error| self.broken(error))
    }

    fn check_type(&self, expected: &'static str, headers: &HeaderMap) -> Result<(), NodeError> {
        let got = content_type(headers);
        let absent = got.is_none() && expected != MEDIA_JSON;
        if absent || got.is_some_and(|got| media_type_is(got, expected)) {
            return Ok(());
        }
        let got = got.unwrap_or_default().to_owned();
        Err(self.invalid(InvalidAnswer::ContentType { expected, got }))
    }

    pub(crate) fn invalid(&self, source: impl Into<InvalidAnswer>) -> NodeError {
        NodeError::InvalidAnswer {
            address: self.address().to_string(),
            source: source.into(),
        }
    }

    fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> NodeError {
        let is_json = content_type(headers).is_some_and(|got| media_type_is(got, MEDIA_JSON));
        let error = if is_json {
            ApiError::from_json(body).ok()
        } else {
            None
        };
        NodeError::Refused {
            address: self.address().to_string(),
            status,
            error: error
                .filter(|error| error.http_status() == status)
                .map(Box::new),
        }
    }

    fn failed(&self, error: hyper_util::client::legacy::Error) -> NodeError {
        if error.is_connect() {
            return NodeError::Connect {
                address: self.address().to_string(),
                source: error.into(),
            };
        }
        self.broken(error)
    }

    fn broken(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> NodeError {
        NodeError::Broken {
            address: self.address().to_string(),
            source: error.into(),
        }
    }
}

/// How often a request is under way at once, at most.
const ATTEMPTS_MAX: usize = 3;
/// No node need be faster.
const SLOWEST_BYTES_PER_SECOND: u32 = 50_000;

/// A request whose body is under way.
struct Sending<'c> {
    all: &'c AtomicU64,
    bytes: u64,
}

impl<'c> Sending<'c> {
    fn begin(all: &'c AtomicU64, bytes: usize) -> Self {
        let bytes = bytes as u64;
        all.fetch_add(bytes, Ordering::Relaxed);
        Self { all, bytes }
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::to_str)?
        .ok()
}
