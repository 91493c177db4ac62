//! One full node, and the connection to it.

use std::{fmt, sync::Arc, time::Duration};

use floe_env::{Connector, Renewable};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use super::{RpcError, RpcFailure, RpcOptions};

/// A full node. One connection, opened when first used and again when it breaks, serves all calls;
/// where an answer does not come in time, it may have died without a word, and is renewed.
pub(super) struct Node {
    pub(super) url: Arc<str>,
    pub(super) link: Renewable<Channel>,
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
        let connect = move || endpoint.connect_with_connector_lazy(connector.clone());
        Ok(Self {
            url: url.into(),
            link: Renewable::new(connect),
        })
    }
}
