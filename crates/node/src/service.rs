//! A node as a whole.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use floe_api::Health;
use floe_core::keys::BlsPublicKey;
use floe_encoding::RedStuff;
use floe_env::{BoxFuture, Disk, Env, Listener, Rng, Tasks};
use floe_storage::{OpenReport, Store};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::cache::Cache;
use crate::chain::Chain;
use crate::config::{Options, Transport};
use crate::epochs;
use crate::error::{BuildError, ServiceError};
use crate::events::{self, Follower};
use crate::http::{self, Server};
use crate::keys::Keys;
use crate::maintenance;
use crate::metrics::Metrics;
use crate::notices;
use crate::recovery::Recoveries;
use crate::room::Rooms;
use crate::seldom::Seldom;
use crate::shards::{self, ShardTable, ShardWork};
use crate::shared::Shared;
use crate::tls;

/// Makes nodes.
#[derive(Debug)]
pub struct Node;

/// A node that is ready to run.
#[derive(Debug)]
pub struct Service {
    shared: Arc<Shared>,
    server: Server,
    metrics: Option<Server>,
    follower: Follower,
    address: SocketAddr,
    opened: OpenReport,
}

/// A look at a node from outside. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    address: SocketAddr,
    opened: OpenReport,
}

/// The name of a node's owner in its store: the key the chain knows it by.
fn owner(key: &BlsPublicKey) -> String {
    format!("node {key}")
}

impl Node {
    /// Makes the store of a new node in `dir`.
    ///
    /// # Errors
    /// As [`floe_storage::create`].
    pub fn create_store(
        disk: &Arc<dyn Disk>,
        rng: &dyn Rng,
        dir: &Path,
        keys: &Keys,
    ) -> Result<(), floe_storage::CreateError> {
        let owner = owner(&keys.protocol.public_key());
        floe_storage::create(disk, rng, dir, &owner)
    }

    /// Puts what there is of a store in `dir` aside, into a folder in there, so that another can be made.
    /// That folder, unless there was nothing.
    ///
    /// # Errors
    /// As [`floe_storage::put_aside`].
    pub fn put_store_aside(
        disk: &Arc<dyn Disk>,
        dir: &Path,
    ) -> Result<Option<PathBuf>, floe_storage::CreateError> {
        floe_storage::put_aside(disk, dir)
    }

    /// Opens the store in `dir`, reads the committees, and is then ready to serve on `listener`.
    ///
    /// Blocks on the disk while the store is opened.
    ///
    /// # Errors
    /// [`BuildError`]: options, store, chain or certificate are of no use.
    pub fn build(
        env: Env,
        options: Options,
        keys: Keys,
        dir: &Path,
        chain: Arc<dyn Chain>,
        listener: Listener,
    ) -> BoxFuture<'_, Result<(Service, Handle), BuildError>> {
        Box::pin(async move {
            let problems = options.problems();
            if !problems.is_empty() {
                return Err(BuildError::Options { problems });
            }
            let address = listener.local_addr()?;
            if options.transport == Transport::PlainOnLoopback && !address.ip().is_loopback() {
                return Err(BuildError::PlainOffLoopback { address });
            }
            let tls = tls::server_config(&options.transport, &keys.network, &*env.disk)?;
            let owner = owner(&keys.protocol.public_key());
            let storage = options.storage.clone();
            let (store, opened) = Store::open(&env.disk, &env.compute, dir, &owner, storage)?;
            claim(&store, dir, &chain.network())?;
            let cursor = store.cursor()?;
            let view = chain.view().await?;
            match store.node_state()?.event_epoch {
                Some(seen) if seen > view.epoch => {
                    let got = view.epoch;
                    return Err(BuildError::Behind { got, seen });
                }
                _ => {}
            }
            let codec = RedStuff::new(view.params.n_shards())?;
            let limits = &options.limits;
            let metrics = Metrics::default();
            metrics.epoch.set(view.epoch.0.into());
            let shared = Arc::new(Shared {
                view: watch::Sender::new(Arc::new(view)),
                next_event: watch::Sender::new(cursor.next_index),
                checkpoint: AtomicU64::new(0),
                chain_time_ms: AtomicU64::new(0),
                recovery_wanted: Notify::new(),
                recoveries_done: Notify::new(),
                shards: watch::Sender::new(ShardTable::default()),
                shard_changes: tokio::sync::Mutex::new(()),
                rooms: Rooms::new(limits),
                registration_waiters: Semaphore::new(limits.registration_waiters),
                symbol_requests: Semaphore::new(limits.symbol_requests),
                metadata: Cache::new(limits.metadata_cache_bytes),
                sources: Cache::new(limits.symbol_cache_bytes),
                started: env.clock.monotonic(),
                chain_trouble: Seldom::default(),
                not_recovered: Mutex::default(),
                env,
                options,
                keys,
                chain,
                store,
                codec,
                metrics,
            });
            // Whether it is the right chain is known before anything is concluded from it.
            let follower = Follower::new(Arc::clone(&shared), &cursor)?;
            shards::reconcile(&shared).await?;
            let service = Service {
                follower,
                server: Server {
                    router: http::routes(Arc::clone(&shared)),
                    shared: Arc::clone(&shared),
                    listener,
                    tls,
                },
                metrics: None,
                shared: Arc::clone(&shared),
                address,
                opened,
            };
            let handle = Handle {
                shared,
                address,
                opened,
            };
            Ok((service, handle))
        })
    }
}

/// Makes sure that a store has the data of a network, or none.
fn claim(store: &Store, dir: &Path, network: &str) -> Result<(), BuildError> {
    match store.network()? {
        Some(found) if found != network => Err(BuildError::OtherNetwork {
            dir: dir.to_owned(),
            found,
            expected: network.to_owned(),
        }),
        Some(_) => Ok(()),
        None => Ok(store.transaction(|transaction| transaction.belong_to(network))?),
    }
}

impl Service {
    /// Serves metrics as well, at `/metrics` over plain HTTP.
    #[must_use]
    pub fn with_metrics(mut self, listener: Listener) -> Self {
        self.metrics = Some(Server {
            router: http::metrics_routes(&self.shared.metrics),
            shared: Arc::clone(&self.shared),
            listener,
            tls: None,
        });
        self
    }

    /// Runs until `shutdown` fires or something fails, and leaves the store in order.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn run(self, shutdown: CancellationToken) -> BoxFuture<'static, Result<(), ServiceError>> {
        Box::pin(async move {
            let OpenReport { lost, damaged, .. } = self.opened;
            if lost > 0 || damaged > 0 {
                tracing::warn!(
                    lost,
                    damaged,
                    "records were lost: they count as not stored, and are recovered from other nodes"
                );
            }
            let shared = self.shared;
            notices::running(&shared, self.address);
            let tasks = Arc::new(Tasks::new(Arc::clone(&shared.env.spawn)));
            let stop = tasks.shutdown().clone();
            // If this future is dropped the tasks end too: the server holds their group.
            let _stop = stop.clone().drop_guard();
            let (failed, mut failure) = mpsc::channel::<ServiceError>(4);
            events::finish_garbage(&shared).await?;
            tasks.spawn("http", self.server.run(Arc::clone(&tasks)));
            if let Some(metrics) = self.metrics {
                tasks.spawn("metrics", metrics.run(Arc::clone(&tasks)));
            }
            let reporting = |work: floe_env::BoxFuture<'static, Result<(), ServiceError>>| {
                let failed = failed.clone();
                async move {
                    if let Err(error) = work.await {
                        // The first one is what matters.
                        let _ = failed.try_send(error);
                    }
                }
            };
            tasks.spawn(
                "events",
                reporting(Box::pin(self.follower.run(stop.clone()))),
            );
            tasks.spawn("epochs", epochs::run(Arc::clone(&shared), stop.clone()));
            let recoveries = Recoveries::new(Arc::clone(&shared)).run(stop.clone());
            let recoveries = async { recoveries.await.map_err(ServiceError::from) };
            tasks.spawn("recovery", reporting(Box::pin(recoveries)));
            let work = ShardWork::new(Arc::clone(&shared)).run(stop.clone());
            let work = async { work.await.map_err(ServiceError::from) };
            tasks.spawn("shards", reporting(Box::pin(work)));
            let upkeep = maintenance::run(Arc::clone(&shared), stop.clone());
            let upkeep = async { upkeep.await.map_err(ServiceError::from) };
            tasks.spawn("maintenance", reporting(Box::pin(upkeep)));
            let failure = tokio::select! {
                biased;
                () = shutdown.cancelled() => None,
                () = stop.cancelled() => None,
                error = failure.recv() => error,
            };
            tracing::info!("stopping");
            stop.cancel();
            let grace = shared.options.limits.shutdown();
            let ended = end_tasks(tasks, &shared, grace).await;
            let saved = shared.io(|shared| shared.store.checkpoint()).await;
            match failure {
                Some(error) => Err(error),
                None => {
                    ended.and_then(|()| saved.map_err(ServiceError::from))?;
                    tracing::info!("stopped in order");
                    Ok(())
                }
            }
        })
    }
}

/// Waits for the tasks to end. The server holds the group too, and is the first to end.
async fn end_tasks(
    mut tasks: Arc<Tasks>,
    shared: &Arc<Shared>,
    grace: std::time::Duration,
) -> Result<(), ServiceError> {
    const STEP: std::time::Duration = std::time::Duration::from_millis(5);
    let clock = &shared.env.clock;
    let deadline = clock.monotonic().after(grace);
    let tasks = loop {
        match Arc::try_unwrap(tasks) {
            Ok(tasks) => break tasks,
            Err(shared_tasks) if clock.monotonic() < deadline => {
                tasks = shared_tasks;
                clock.sleep(STEP).await;
            }
            // Dropping the group cancels what is left in it.
            Err(_) => return Ok(()),
        }
    };
    let failures = tasks.stop(&**clock, grace).await;
    if failures.is_empty() {
        Ok(())
    } else {
        Err(ServiceError::Tasks(failures))
    }
}

impl Handle {
    /// Where the node listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was found when the store was opened.
    #[must_use]
    pub const fn opened(&self) -> OpenReport {
        self.opened
    }

    /// How the node is.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health(true)
    }

    /// What the node counts.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Bytes of bodies that there is room for now.
    #[must_use]
    pub fn room_bytes(&self) -> usize {
        self.shared.rooms.free_bytes()
    }

    /// The node's database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Waits until all events before `index` have been handled.
    pub async fn caught_up(&self, index: u64) {
        let mut next_event = self.shared.next_event.subscribe();
        // The sender lives as long as this.
        let _ = next_event.wait_for(|next| *next >= index).await;
    }
}
