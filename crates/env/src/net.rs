//! Connections: a client gets them from a [`Net`], a server from a [`Listener`].
//!
//! Both yield plain byte streams; TLS and HTTP go on top. A server is handed its listener and never
//! binds one, a client its net, so that production, tests and a network simulator differ only in
//! what is handed over.

use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::BoxFuture;

mod tcp;

pub use tcp::{TcpNet, tcp_listener};

/// The way to other hosts.
pub trait Net: fmt::Debug + Send + Sync {
    /// Opens a connection to `port` of `host`, a name or an address (IPv6 without brackets).
    ///
    /// Has no deadline of its own; dropping the future gives the attempt up.
    ///
    /// # Errors
    /// As the network reports them: unknown name, refused, unreachable.
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Stream>>;
}

/// A source of incoming connections.
pub trait Accept: fmt::Debug + Send {
    /// Waits for the next connection; yields it with the peer's address. Cancellation-safe.
    ///
    /// # Errors
    /// When the process can take no more now (no free descriptors): the server should pause. Peers
    /// that hang up while they wait are skipped.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>>;

    /// Where it listens; tells the port chosen when port 0 was asked for.
    ///
    /// # Errors
    /// When the listener is broken.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// A bound listener, ready to be handed to a server.
pub type Listener = Box<dyn Accept>;

/// What a byte stream of any origin can do.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A reliable, ordered byte stream to a peer.
pub struct Stream(Box<dyn Io>);

impl Stream {
    /// Wraps a stream of any origin.
    #[must_use]
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Box::new(stream))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// No connection could be opened: the peer or the network is at fault, or the address.
#[derive(Debug, thiserror::Error)]
#[error("connect to {target}: {source}")]
pub struct ConnectError {
    /// `host:port`, or the URI when it names no host.
    pub target: String,
    /// What the network reported.
    pub source: io::Error,
}

/// A [`Net`] as the connector that hyper-util's client, hyper-rustls and tonic ask for.
///
/// Ports default to 443 for `https`, else to 80; the stream is plain in either case.
#[derive(Debug, Clone)]
pub struct Connector(Arc<dyn Net>);

impl Connector {
    /// A connector that opens its connections through `net`.
    #[must_use]
    pub const fn new(net: Arc<dyn Net>) -> Self {
        Self(net)
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(host) = uri.host() else {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "the URI names no host");
            return Box::pin(ready(Err(ConnectError {
                target: uri.to_string(),
                source,
            })));
        };
        let default_port = if uri.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let port = uri.port_u16().unwrap_or(default_port);
        let target = format!("{host}:{port}");
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let connecting = self.0.connect(bare, port);
        Box::pin(async move {
            match connecting.await {
                Ok(stream) => Ok(TokioIo::new(stream)),
                Err(source) => Err(ConnectError { target, source }),
            }
        })
    }
}
