//! The parts of the world in one bundle.

use std::sync::Arc;

use crate::{
    Clock, Compute, Disk, Net, OsDisk, OsRng, PoolError, PoolSize, Rng, Spawn, SystemClock, TcpNet,
    ThreadPool, TokioSpawn,
};

/// Everything a service needs from the world. Cheap to clone; the parts are shared.
#[derive(Debug, Clone)]
pub struct Env {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Entropy.
    pub rng: Arc<dyn Rng>,
    /// Concurrent tasks.
    pub spawn: Arc<dyn Spawn>,
    /// Blocking work.
    pub compute: Arc<dyn Compute>,
    /// Connections to others.
    pub net: Arc<dyn Net>,
    /// Durable storage.
    pub disk: Arc<dyn Disk>,
}

impl Env {
    /// The world of this machine, with `pool` threads for blocking work.
    ///
    /// # Errors
    /// When the threads can't be started.
    ///
    /// # Panics
    /// When called from outside a tokio runtime, on which the tasks will run.
    pub fn production(pool: PoolSize) -> Result<Self, PoolError> {
        Ok(Self {
            clock: Arc::new(SystemClock::new()),
            rng: Arc::new(OsRng),
            spawn: Arc::new(TokioSpawn::current()),
            compute: Arc::new(ThreadPool::new(pool)?),
            net: Arc::new(TcpNet::new()),
            disk: Arc::new(OsDisk),
        })
    }
}
