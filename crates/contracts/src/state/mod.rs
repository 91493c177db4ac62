//! The contracts' state.

mod committees;
mod fetch;
mod network_state;
mod owned;
mod pools;
mod typed;
pub(crate) use self::typed::decode_unchecked;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use floe_core::Epoch;
use floe_env::{BoxFuture, Env, Moment};

pub use self::{
    committees::{Committees, NoCommittee, NodeInfo, ShardMap},
    network_state::NetworkState,
    owned::{Balances, Owned, Page},
};
use crate::{Chain, Deployment, NetworkConfig, ReadError, RpcOptions, Trust};

/// For how long a state that was read counts as current.
const STATE_AGE_MAX: Duration = Duration::from_secs(60);

/// Reads the contracts of one network. Clones share the connections and what was read last.
#[derive(Clone)]
pub struct Contracts(Arc<Inner>);

struct Inner {
    chain: Chain,
    network: NetworkConfig,
    last: Mutex<Option<Read>>,
    /// Held while the state is read, so that many waiters cause one read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Read {
    state: Arc<NetworkState>,
    at: Moment,
}

/// From where on a chain is to be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From checkpoint 0.
    Start,
    /// From the first checkpoint of its current epoch.
    Now,
}

impl fmt::Debug for Contracts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contracts")
            .field("system_object", &self.0.network.system_object)
            .field("chain", &self.0.chain)
            .finish_non_exhaustive()
    }
}

impl Contracts {
    /// Reads the contracts of `network`, once, to see that they are there.
    ///
    /// # Errors
    /// [`ReadError`] if no full node can be reached, the objects are not there or not what they
    /// should be, or hints of the configuration contradict the chain.
    pub async fn connect(
        env: &Env,
        network: NetworkConfig,
        options: RpcOptions,
    ) -> Result<Self, ReadError> {
        let chain = Chain::new(env, &network.rpc_urls, options)?;
        let contracts = Self::new(chain, network);
        contracts.refresh().await?;
        Ok(contracts)
    }

    /// The contracts of `network` on this chain; reads nothing yet.
    pub fn new(chain: Chain, network: NetworkConfig) -> Self {
        Self(Arc::new(Inner {
            chain,
            network,
            last: Mutex::new(None),
            reading: tokio::sync::Mutex::new(()),
        }))
    }

    /// The chain they are on.
    pub fn chain(&self) -> &Chain {
        &self.0.chain
    }

    /// The configuration given at the start.
    pub fn network(&self) -> &NetworkConfig {
        &self.0.network
    }

    /// The state as it was read at most a minute ago.
    ///
    /// # Errors
    /// [`ReadError`] if it had to be read and can't be.
    pub async fn state(&self) -> Result<Arc<NetworkState>, ReadError> {
        self.state_no_older_than(STATE_AGE_MAX).await
    }

    /// The state as it was read no longer than `age` ago. Many callers share one read.
    ///
    /// # Errors
    /// [`ReadError`] if it had to be read and can't be.
    pub async fn state_no_older_than(&self, age: Duration) -> Result<Arc<NetworkState>, ReadError> {
        let fresh = |read: &Read| self.0.chain.clock().monotonic().since(read.at) <= age;
        if let Some(read) = self.last().filter(fresh) {
            return Ok(read.state);
        }
        let _reading = self.0.reading.lock().await;
        match self.last().filter(fresh) {
            Some(read) => Ok(read.state),
            None => self.read_state().await,
        }
    }

    /// The state in `epoch` or a later one: the one read last, or else the present one.
    ///
    /// The present one can still be older: the caller knows of a change that the node does not know.
    ///
    /// # Errors
    /// [`ReadError`] if it had to be read and can't be.
    pub async fn state_since(&self, epoch: Epoch) -> Result<Arc<NetworkState>, ReadError> {
        match self.last() {
            Some(read) if read.state.epoch >= epoch => Ok(read.state),
            _ => self.refresh().await,
        }
    }

    /// The state as it is now.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn refresh(&self) -> Result<Arc<NetworkState>, ReadError> {
        let _reading = self.0.reading.lock().await;
        self.read_state().await
    }

    /// Where the contracts are, as of the state read last.
    ///
    /// # Errors
    /// [`ReadError`] if the state had to be read and can't be.
    pub async fn deployment(&self) -> Result<Arc<Deployment>, ReadError> {
        match self.last() {
            Some(read) => Ok(read.state.deployment.clone()),
            None => Ok(self.state().await?.deployment.clone()),
        }
    }

    /// What a full node says that the chain is, from its current epoch on or from its start.
    ///
    /// For the setup of whatever follows events; everything is judged by it later. Compare it with
    /// what others know before relying on it.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn discover_trust(&self, since: Since) -> Result<Trust, ReadError> {
        let info = self.chain().service_info().await?;
        let epoch = match since {
            Since::Start => 0,
            Since::Now => info.epoch,
        };
        let (committee, first_checkpoint) = self.chain().validators(epoch).await?;
        Ok(Trust {
            chain_id: info.chain_id,
            epoch,
            first_checkpoint,
            validators: committee.members,
            event_packages: self
                .deployment()
                .await?
                .event_packages()
                .into_iter()
                .collect(),
        })
    }

    fn last(&self) -> Option<Read> {
        let last = self.0.last.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read_state(&self) -> BoxFuture<'_, Result<Arc<NetworkState>, ReadError>> {
        Box::pin(async move {
            let at = self.0.chain.clock().monotonic();
            let previous = self.last().map(|read| read.state);
            let state = Arc::new(self.fetch(previous.as_deref()).await?);
            let read = Read {
                state: state.clone(),
                at,
            };
            *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
            Ok(state)
        })
    }
}
