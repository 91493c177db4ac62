//! One full node, and the connection to it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use floe_env::Connector;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use super::{RpcError, RpcFailure, RpcOptions};

/// A full node. One connection serves all calls; where an answer does not come in time, it may have
/// died without a word, and a new one takes its place.
pub(super) struct Node {
    pub(super) url: Arc<str>,
    endpoint: Endpoint,
    connector: Connector,
    link: Mutex<Link>,
}

/// A connection, opened when first used, and again when it breaks.
#[derive(Clone)]
pub(super) struct Link {
    generation: u64,
    pub(super) channel: Channel,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Node {
    pub(super) fn new(
        url: &str,
        connector: Connector,
        options: &RpcOptions,
    ) -> Result<Self, RpcError> {
        let failed = |reason: String| RpcError::new("configure", url, RpcFailure::Url { reason });
        let mut endpoint =
            Endpoint::from_shared(url.to_owned()).map_err(|e| failed(e.to_string()))?;
        match endpoint.uri().scheme_str() {
            Some("http") => {}
            Some("https") => {
                let tls = ClientTlsConfig::new().with_enabled_roots();
                endpoint = endpoint
                    .tls_config(tls)
                    .map_err(|e| failed(e.to_string()))?;
            }
            _ => return Err(failed("expected http:// or https://".to_owned())),
        }
        // One slow subscription must not starve the other calls of its connection.
        let endpoint = endpoint
            .connect_timeout(options.timeout)
            .http2_keep_alive_interval(Duration::from_secs(15))
            .keep_alive_timeout(Duration::from_secs(20))
            .initial_stream_window_size(2 << 20)
            .initial_connection_window_size(32 << 20);
        let link = Link {
            generation: 0,
            channel: endpoint.connect_with_connector_lazy(connector.clone()),
        };
        Ok(Self {
            url: url.into(),
            endpoint,
            connector,
            link: Mutex::new(link),
        })
    }

    /// The connection that calls go over now.
    pub(super) fn link(&self) -> Link {
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        link.clone()
    }

    /// Has further calls go over a new connection, unless they do already. What is under way on the
    /// silent one goes on.
    pub(super) fn replace(&self, silent: &Link) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if link.generation == silent.generation {
            let connector = self.connector.clone();
            *link = Link {
                generation: silent.generation + 1,
                channel: self.endpoint.connect_with_connector_lazy(connector),
            };
        }
    }
}
