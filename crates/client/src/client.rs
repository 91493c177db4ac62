//! The client itself: what all operations share.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use floe_contracts::{Contracts, NetworkState, ShardMap};
use floe_encoding::{RedStuff, SliverVerifier};
use floe_env::{Env, Tasks};
use floe_node_client::Metrics;
use tokio::sync::Semaphore;

use crate::{
    compute::Threads,
    config::ClientConfig,
    error::ClientError,
    nodes::{Members, NodePool},
};

/// A client of one network. Clones share connections, caches and limits.
#[derive(Debug, Clone)]
pub struct Client(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) env: Env,
    pub(crate) contracts: Contracts,
    pub(crate) config: ClientConfig,
    pub(crate) nodes: NodePool,
    pub(crate) threads: Threads,
    codec: Mutex<Option<RedStuff>>,
    verifiers: Mutex<Vec<SliverVerifier>>,
    /// Uploads that may be under way.
    pub(crate) uploads: Arc<Semaphore>,
    tails: Mutex<Tasks>,
}

/// Verifiers kept for reuse.
const VERIFIERS_MAX: usize = 16;

impl Client {
    /// A client of the network of `contracts`.
    pub fn new(env: Env, contracts: Contracts, config: ClientConfig) -> Self {
        Self::with_metrics(env, contracts, config, Metrics::default())
    }

    /// As [`new`](Self::new), with requests to nodes counted in `metrics`.
    pub fn with_metrics(
        env: Env,
        contracts: Contracts,
        config: ClientConfig,
        metrics: Metrics,
    ) -> Self {
        Self(Arc::new(Inner {
            nodes: NodePool::new(&env, &config, metrics),
            threads: Threads(Arc::clone(&env.compute)),
            codec: Mutex::new(None),
            verifiers: Mutex::default(),
            uploads: Arc::new(Semaphore::new(config.uploads_max)),
            tails: Mutex::new(Tasks::new(Arc::clone(&env.spawn))),
            env,
            contracts,
            config,
        }))
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        &self.0.contracts
    }

    /// Where requests to nodes are counted.
    pub fn metrics(&self) -> &Metrics {
        self.0.nodes.metrics()
    }

    /// How it behaves.
    pub fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    /// Serves slow nodes to the end, which is bounded, or for at most `limit`. To be called before the
    /// program ends.
    pub async fn finish(&self, limit: Duration) {
        let fresh = Tasks::new(Arc::clone(&self.0.env.spawn));
        let tails = std::mem::replace(&mut *self.lock_tails(), fresh);
        let all = u32::try_from(self.0.config.uploads_max).unwrap_or(u32::MAX);
        let idle = self.0.uploads.acquire_many(all);
        // Whoever is not done by then is cancelled with its task.
        let _ = self.0.env.clock.timeout(limit, idle).await;
        drop(tails);
    }

    /// Runs something that outlives the operation that began it.
    pub(crate) fn spawn_tail(&self, tail: impl Future<Output = ()> + Send + 'static) {
        self.lock_tails().spawn("client.upload", tail);
    }

    fn lock_tails(&self) -> std::sync::MutexGuard<'_, Tasks> {
        self.0.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time.
    pub(crate) fn now(&self) -> floe_env::UnixMillis {
        self.0.env.clock.wall()
    }

    /// The code for the network's number of shards.
    pub(crate) fn codec(&self, state: &NetworkState) -> Result<RedStuff, ClientError> {
        let n_shards = state.n_shards.get();
        let mut codec = self.0.codec.lock().unwrap_or_else(PoisonError::into_inner);
        match &*codec {
            Some(codec) if codec.params().n_shards() == n_shards => Ok(codec.clone()),
            _ => {
                let fresh = RedStuff::new(n_shards)?;
                *codec = Some(fresh.clone());
                self.lock_verifiers().clear();
                Ok(fresh)
            }
        }
    }

    /// Lends a verifier of slivers.
    pub(crate) fn with_verifier<T>(
        &self,
        codec: &RedStuff,
        body: impl FnOnce(&mut SliverVerifier) -> T,
    ) -> T {
        let verifier = self.lock_verifiers().pop();
        let mut verifier = verifier.unwrap_or_else(|| SliverVerifier::new(codec));
        let outcome = body(&mut verifier);
        let mut verifiers = self.lock_verifiers();
        if verifiers.len() < VERIFIERS_MAX {
            verifiers.push(verifier);
        }
        outcome
    }

    fn lock_verifiers(&self) -> std::sync::MutexGuard<'_, Vec<SliverVerifier>> {
        self.0
            .verifiers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Clients of a committee's members.
    pub(crate) fn members(&self, shards: &ShardMap) -> Members {
        self.0.nodes.members(shards)
    }

    /// Runs an operation, and again with the new state if the epoch changed meanwhile.
    pub(crate) async fn across_epochs<T, F>(
        &self,
        operation: impl Fn(Arc<NetworkState>) -> F,
    ) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let mut state = self.0.contracts.state().await?;
        let mut left = self.0.config.epoch_retries;
        loop {
            let error = match operation(Arc::clone(&state)).await {
                Err(error) if error.may_be_epoch_change() && left > 0 => error,
                outcome => return outcome,
            };
            let fresh = self.0.contracts.refresh().await?;
            let same = fresh.epoch == state.epoch
                && fresh.committees.epoch_state == state.committees.epoch_state
                && fresh.committees.current == state.committees.current;
            if same {
                return Err(error);
            }
            tracing::info!(epoch = fresh.epoch.0, %error, "the committee changed, trying again");
            state = fresh;
            left -= 1;
        }
    }
}
