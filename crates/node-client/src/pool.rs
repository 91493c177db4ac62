//! Connections to a node that are kept for the next requests.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};

use crate::{body::Outgoing, connect::Connect};

/// Bytes that a connection reads at once, at most.
const HTTP_BUFFER_BYTES: usize = 512 << 10;

/// Connections of which one is as good as another, as far as anybody knows.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    generation: u64,
    pub(crate) http: Client<Connect, Outgoing>,
}

/// The connections to a node. Where one falls silent, all that were there are in doubt: new ones take
/// their place, and what is under way on the old ones goes on.
#[derive(Debug)]
pub(crate) struct Pool {
    connect: Connect,
    idle_max: usize,
    idle_timeout: Duration,
    current: Mutex<Connections>,
}

impl Pool {
    /// A pool that keeps at most `idle_max` idle connections, each for `idle_timeout`.
    pub(crate) fn new(connect: Connect, idle_max: usize, idle_timeout: Duration) -> Self {
        let first = Connections {
            generation: 0,
            http: http(connect.clone(), idle_max, idle_timeout),
        };
        Self {
            connect,
            idle_max,
            idle_timeout,
            current: Mutex::new(first),
        }
    }

    /// Those that requests go over now.
    pub(crate) fn current(&self) -> Connections {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Those that have taken, or take now, the place of silent ones.
    pub(crate) fn instead_of(&self, silent: &Connections) -> Connections {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.generation == silent.generation {
            *current = Connections {
                generation: silent.generation + 1,
                http: http(self.connect.clone(), self.idle_max, self.idle_timeout),
            };
        }
        current.clone()
    }
}

/// HTTP/1.1: slivers are large, every one has a connection's whole window to itself, and one that
/// stalls holds up no other.
fn http(connect: Connect, idle_max: usize, idle_timeout: Duration) -> Client<Connect, Outgoing> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(idle_timeout)
        .pool_max_idle_per_host(idle_max)
        .http1_max_buf_size(HTTP_BUFFER_BYTES)
        .build(connect)
}
