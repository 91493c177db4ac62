//! Opening connections: through the world's network, within a limit of time, and with TLS on top.

use std::{io, sync::Arc, task::Poll, time::Duration};

use floe_env::{BoxFuture, Clock, Connector, Stream};
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

/// Opens connections to one node.
#[derive(Clone)]
pub(crate) struct Connect {
    pub(crate) connector: Connector,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeout: Duration,
    pub(crate) tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// No connection to a node. The node or the network is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConnectFailure {
    #[error(transparent)]
    Network(#[from] floe_env::ConnectError),
    #[error("TLS handshake")]
    Tls(#[source] io::Error),
    #[error("no connection after {0:?}")]
    Timeout(Duration),
}

impl std::fmt::Debug for Connect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tls = self.tls.is_some();
        f.debug_struct("Connect")
            .field("tls", &tls)
            .finish_non_exhaustive()
    }
}

impl tower::Service<Uri> for Connect {
    type Response = TokioIo<Stream>;
    type Error = ConnectFailure;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _cx: &mut std::task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let plain = self.connector.call(uri);
        let tls = self.tls.clone();
        let connecting = async move {
            let plain = plain.await?;
            let Some((tls, name)) = tls else {
                return Ok(plain);
            };
            let stream = tls.connect(name, plain.into_inner()).await;
            let stream = stream.map_err(ConnectFailure::Tls)?;
            Ok(TokioIo::new(Stream::new(stream)))
        };
        let (clock, timeout) = (Arc::clone(&self.clock), self.timeout);
        Box::pin(async move {
            let connected = clock.timeout(timeout, connecting).await;
            connected.map_err(|_| ConnectFailure::Timeout(timeout))?
        })
    }
}
