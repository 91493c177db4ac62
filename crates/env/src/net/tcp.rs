//! TCP of the operating system.

use std::io;
use std::net::{IpAddr, SocketAddr};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::net::TcpListener;
use tower::Service as _;

use super::{Accept, Listener, Net, Stream};
use crate::BoxFuture;

/// Connections over TCP, names from the system's resolver, IPv6 and IPv4 raced ("happy eyeballs").
#[derive(Debug, Clone)]
pub struct TcpNet {
    connector: HttpConnector,
}

impl TcpNet {
    /// Connections without delay for small packets.
    #[must_use]
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { connector }
    }
}

impl Default for TcpNet {
    fn default() -> Self {
        Self::new()
    }
}

impl Net for TcpNet {
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Stream>> {
        let authority = match host.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port).to_string(),
            Err(_) => format!("{host}:{port}"),
        };
        let uri = Uri::builder()
            .scheme("http")
            .authority(authority)
            .path_and_query("/")
            .build();
        let mut connector = self.connector.clone();
        Box::pin(async move {
            let uri = uri.map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
            let connected = connector.call(uri).await.map_err(io_error)?;
            Ok(Stream::new(connected.into_inner()))
        })
    }
}

/// The system's error below the connector's, so that its kind can be asked for.
fn io_error(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<io::Error>() {
            return match io.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(io.kind(), io.to_string()),
            };
        }
        cause = current.source();
    }
    io::Error::other(error)
}

/// A listener on `address`; port 0 lets the system choose.
///
/// # Errors
/// As the system reports them: address in use, not ours, not permitted.
pub async fn tcp_listener(address: SocketAddr) -> io::Result<Listener> {
    Ok(Box::new(TcpAccept(TcpListener::bind(address).await?)))
}

#[derive(Debug)]
struct TcpAccept(TcpListener);

impl Accept for TcpAccept {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>> {
        Box::pin(async {
            loop {
                match self.0.accept().await {
                    Ok((stream, peer)) => {
                        // Fails only on a connection that is dead already, as reading it will show.
                        let _ = stream.set_nodelay(true);
                        return Ok((Stream::new(stream), peer));
                    }
                    Err(error) if is_the_peers(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Errors of one connection, that say nothing about the listener.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
