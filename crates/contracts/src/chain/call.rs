//! One call, tried until it succeeds or there is no point.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tonic::transport::Channel;

use super::{Chain, RpcError, RpcFailure, node::Node};

/// An answer and the node it is from.
pub(crate) struct Reply<T> {
    value: T,
    origin: Origin,
    method: &'static str,
}

/// The node an answer is from, and the connection.
pub(super) struct Origin {
    pub(super) node: Arc<Node>,
    pub(super) link: Arc<Channel>,
}

impl<T> Reply<T> {
    /// The answer, and where it is from.
    pub(super) fn into_parts(self) -> (T, Origin) {
        (self.value, self.origin)
    }

    /// Reads the answer; a failure is the node's.
    pub(crate) fn read<U>(
        self,
        read: impl FnOnce(T) -> Result<U, RpcFailure>,
    ) -> Result<U, RpcError> {
        read(self.value)
            .map_err(|failure| RpcError::new(self.method, &self.origin.node.url, failure))
    }
}

impl Chain {
    /// Makes a call, on one node after the other.
    pub(crate) async fn call<T, F>(
        &self,
        method: &'static str,
        request: impl Fn(Channel) -> F,
    ) -> Result<Reply<T>, RpcError>
    where
        F: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    {
        let options = &self.0.options;
        let mut pause = options.backoff_min;
        let mut attempt = 1;
        loop {
            let (index, node) = self.node(attempt - 1);
            let link = node.link.current();
            let request = request(Channel::clone(&link));
            let answer = self.0.clock.timeout(options.timeout, request).await;
            let failure = match answer {
                Ok(Ok(response)) => {
                    self.0.preferred.store(index, Ordering::Relaxed);
                    return Ok(Reply {
                        value: response.into_inner(),
                        origin: Origin { node, link },
                        method,
                    });
                }
                Ok(Err(status)) => RpcFailure::from(status),
                Err(elapsed) => {
                    node.link.instead_of(&link);
                    RpcFailure::Timeout {
                        limit: elapsed.limit,
                    }
                }
            };
            let error = RpcError::new(method, &node.url, failure);
            if attempt >= options.attempts || !error.is_retryable() {
                return Err(error);
            }
            tracing::debug!(%error, attempt, "call failed, trying again");
            self.0.clock.sleep(self.jittered(pause)).await;
            pause = (pause * 2).min(options.backoff_max);
            attempt += 1;
        }
    }

    /// The node for an attempt: the preferred one first, then the others in turn.
    fn node(&self, attempt: u32) -> (usize, Arc<Node>) {
        let nodes = &self.0.nodes;
        let attempt = usize::try_from(attempt).unwrap_or(usize::MAX);
        let preferred = self.0.preferred.load(Ordering::Relaxed);
        let index = preferred.wrapping_add(attempt) % nodes.len();
        let node = nodes.get(index).expect("an index below the length");
        (index, Arc::clone(node))
    }

    /// A random number below `bound`.
    pub(crate) fn random_below(&self, bound: u64) -> u64 {
        self.0.rng.u64().checked_rem(bound).unwrap_or(0)
    }

    /// Between half of the pause and all of it.
    pub(crate) fn jittered(&self, pause: Duration) -> Duration {
        let half = pause / 2;
        let share = u32::try_from(self.0.rng.u64() >> 33).unwrap_or(0);
        half + (half / 1024) * (share % 1024)
    }
}
