//! Connections to a node that are kept for the next requests.

use std::time::Duration;

use floe_env::Renewable;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};

use crate::{body::Outgoing, connect::Connect};

/// Bytes that a connection reads at once, at most.
const HTTP_BUFFER_BYTES: usize = 512 << 10;

/// Connections of which one is as good as another, as far as anybody knows.
pub(crate) type Connections = Client<Connect, Outgoing>;

/// The connections to a node, of which at most `idle_max` rest, each for `idle_timeout`. Where one
/// falls silent, all that were there are in doubt, and are renewed together.
///
/// HTTP/1.1: slivers are large, every one has a connection's whole window to itself, and one that
/// stalls holds up no other.
pub(crate) fn connections(
    connect: Connect,
    idle_max: usize,
    idle_timeout: Duration,
) -> Renewable<Connections> {
    Renewable::new(move || {
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(idle_timeout)
            .pool_max_idle_per_host(idle_max)
            .http1_max_buf_size(HTTP_BUFFER_BYTES)
            .build(connect.clone())
    })
}
