//! The running node: options, start, and the loops.

mod loops;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use floe_env::{BoxFuture, Clock, Env};
use floe_ledger::Genesis;
use sui_crypto::{UserSignatureVerifier, bls12381::Bls12381PrivateKey};
use sui_sdk_types::Digest;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::loops::{Committer, Executor};
use crate::{
    Metrics, NodeLimits, ReadError, SoloOptions, StartError,
    engine::{Engine, EngineParts, EngineState, genesis_batch},
    handle::{Handle, Shared, Waiting},
    reader::Reader,
    sequencer::{Sequencer, Solo},
    store::{Batch, Store, StoreOptions},
    subscription::Feed,
};

/// How far the clock may be behind the last checkpoint at the start.
const CLOCK_BEHIND_MAX: Duration = Duration::from_mins(10);
/// Executed blocks that wait for the store.
const COMMIT_QUEUE: usize = 1;

/// Settings of a node.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of its database; it must exist.
    pub dir: PathBuf,
    /// Bytes of the database kept in memory.
    pub store_cache_bytes: usize,
    /// Bytes of live objects kept in memory for execution.
    pub object_cache_bytes: usize,
    /// How many transactions of the past, with the versions of objects they replaced, are kept.
    pub history_transactions: u64,
    /// How long a chain epoch lasts (not a Walrus epoch).
    pub chain_epoch: Duration,
    /// How blocks are cut.
    pub solo: SoloOptions,
    /// Bounds on what waits.
    pub limits: NodeLimits,
}

impl Options {
    /// The usual settings, in this folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            store_cache_bytes: 64 << 20,
            object_cache_bytes: 32 << 20,
            history_transactions: 1_000_000,
            chain_epoch: Duration::from_hours(24),
            solo: SoloOptions::default(),
            limits: NodeLimits::default(),
        }
    }

    fn store(&self) -> StoreOptions {
        StoreOptions {
            dir: self.dir.clone(),
            cache_bytes: self.store_cache_bytes,
            history_transactions: self.history_transactions,
        }
    }
}

/// The signed first checkpoint of a chain, with all it holds.
#[derive(Clone, Debug)]
pub struct FirstCheckpoint(Batch);

impl FirstCheckpoint {
    /// Its digest, by which the chain is known.
    pub const fn chain_id(&self) -> Digest {
        self.0.checkpoint.digest
    }
}

/// A node that is ready to run.
#[derive(Debug)]
pub struct Service {
    env: Env,
    engine: Engine,
    handle: Handle,
    sequencer: Arc<dyn Sequencer>,
}

impl Service {
    /// Whether the folder of `options` has a chain.
    ///
    /// # Errors
    /// [`StartError::Disk`].
    pub fn exists(env: &Env, options: &Options) -> Result<bool, StartError> {
        Store::exists(&*env.disk, &options.store())
    }

    /// Signs the first checkpoint of a new chain.
    ///
    /// # Errors
    /// [`StartError::Key`].
    pub fn first_checkpoint(
        genesis: &Genesis,
        time_ms: u64,
        key: &Bls12381PrivateKey,
    ) -> Result<FirstCheckpoint, StartError> {
        let batch = genesis_batch(genesis, time_ms, key).map_err(|reason| StartError::Key {
            name: "validator".to_owned(),
            reason,
        })?;
        Ok(FirstCheckpoint(batch))
    }

    /// Starts a new chain in the folder of `options`, durably. The folder must exist.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn create(env: &Env, options: &Options, first: &FirstCheckpoint) -> Result<(), StartError> {
        Store::create(&env.disk, &options.store(), &first.0)
    }

    /// Opens the chain in the folder of `options`. `key` must be that of its validator.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(
        env: Env,
        options: &Options,
        key: Arc<Bls12381PrivateKey>,
    ) -> Result<Self, StartError> {
        let store = Arc::new(Store::open(&env.disk, &options.store())?);
        let reader = store.reader()?;
        check_key(&reader, &key)?;
        check_clock(&reader, &*env.clock)?;
        let head = reader.head().clone();
        let ahead_ms = reader.time_offset_ms();
        drop(reader);
        let sequencer: Arc<dyn Sequencer> =
            Arc::new(Solo::new(options.solo, Arc::clone(&env.clock), ahead_ms));
        let epoch_duration_ms = u64::try_from(options.chain_epoch.as_millis()).unwrap_or(u64::MAX);
        let engine = Engine::new(EngineParts {
            state: EngineState::new(Arc::clone(&store), options.object_cache_bytes)?,
            key,
            epoch_duration_ms,
        })
        .map_err(|rejection| StartError::State(Arc::new(rejection)))?;
        let handle = Handle::new(Shared {
            store,
            sequencer: Arc::clone(&sequencer),
            compute: Arc::clone(&env.compute),
            feed: Feed::new(head.sequence_number),
            stopped: CancellationToken::new(),
            failure: OnceLock::new(),
            verifier: UserSignatureVerifier::new(),
            limits: options.limits,
            epoch_duration_ms,
            metrics: Arc::new(Metrics::new()),
            waiting: Mutex::new(Waiting::default()),
        });
        Ok(Self {
            env,
            engine,
            handle,
            sequencer,
        })
    }

    /// The way to talk to it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until `shutdown` fires or the store fails. What was acknowledged is durable; what was
    /// not may be lost.
    ///
    /// # Errors
    /// [`ReadError`] if the store failed.
    pub fn run(self, shutdown: CancellationToken) -> BoxFuture<'static, Result<(), ReadError>> {
        Box::pin(async move {
            let Self {
                env,
                engine,
                handle,
                sequencer,
            } = self;
            let own = handle.clone();
            let _stopped = handle.stopped().clone().drop_guard();
            // Fires when either loop has ended: one is nothing without the other.
            let stop = shutdown.child_token();
            let durable = Arc::new(AtomicU64::new(handle.latest_checkpoint()));
            let (steps, queue) = mpsc::channel(COMMIT_QUEUE);
            let executor = Executor {
                engine,
                env: env.clone(),
                sequencer: Arc::clone(&sequencer),
                durable: Arc::clone(&durable),
                steps,
                metrics: Arc::clone(handle.metrics()),
            };
            let committer = Committer {
                handle,
                env,
                sequencer,
                durable,
            };
            let executing = async {
                let _stop = stop.clone().drop_guard();
                executor.run(stop.clone()).await
            };
            let committing = async {
                let _stop = stop.clone().drop_guard();
                committer.run(queue).await
            };
            let (executed, committed) = tokio::join!(executing, committing);
            let outcome = executed.and(committed);
            if let Err(error) = &outcome {
                // Before those who wait hear that it has stopped.
                let _ = own.shared().failure.set(error.to_string());
            }
            outcome
        })
    }
}

fn check_key(reader: &Reader, key: &Bls12381PrivateKey) -> Result<(), StartError> {
    let state = reader.chain_state()?;
    if state.validator_key == key.public_key().inner() {
        return Ok(());
    }
    Err(StartError::OtherChain {
        found: reader.chain_id(),
        reason: "the key in keys/validator.key is not the one in its state".to_owned(),
    })
}

fn check_clock(reader: &Reader, clock: &dyn Clock) -> Result<(), StartError> {
    let now_ms = clock.wall().0.saturating_add(reader.time_offset_ms());
    let behind_ms = reader.head().timestamp_ms.saturating_sub(now_ms);
    let max_ms = u64::try_from(CLOCK_BEHIND_MAX.as_millis()).unwrap_or(u64::MAX);
    if behind_ms > max_ms {
        return Err(StartError::Clock { behind_ms, max_ms });
    }
    Ok(())
}
