//! The running node: options, start, and the loops.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use floe_env::{Clock, Env, Lane, Tasks};
use floe_ledger::Genesis;
use sui_crypto::{UserSignatureVerifier, bls12381::Bls12381PrivateKey};
use sui_sdk_types::{Digest, ExecutionStatus};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    Metrics, NodeLimits, ReadError, SoloOptions, StartError,
    engine::{Engine, EngineParts, EngineState, Step, genesis_batch},
    handle::{Handle, Shared, Waiting},
    metrics::TransactionOutcome,
    reader::Reader,
    sequencer::{Sequencer, Solo},
    store::{Batch, Store, StoreOptions},
    subscription::{CheckpointData, Feed},
};

/// How far the clock may be behind the last checkpoint at the start.
const CLOCK_BEHIND_MAX: Duration = Duration::from_mins(10);
/// Executed blocks that wait for the store.
const COMMIT_QUEUE: usize = 1;
/// How long tasks may take to end.
const STOP_GRACE: Duration = Duration::from_secs(10);

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
            store_cache_bytes: 96 << 20,
            object_cache_bytes: 64 << 20,
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
        let engine = Engine::new(EngineParts {
            state: EngineState::new(Arc::clone(&store), options.object_cache_bytes)?,
            key,
            epoch_duration_ms: u64::try_from(options.chain_epoch.as_millis()).unwrap_or(u64::MAX),
        })
        .map_err(|rejection| StartError::State(Arc::new(rejection)))?;
        let handle = Handle::new(Shared {
            store,
            sequencer: Arc::clone(&sequencer),
            compute: Arc::clone(&env.compute),
            feed: Feed::new(head.sequence_number),
            stopped: CancellationToken::new(),
            verifier: UserSignatureVerifier::new(),
            limits: options.limits,
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
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), ReadError> {
        let Self {
            env,
            engine,
            handle,
            sequencer,
        } = self;
        let stopped = handle.stopped().clone().drop_guard();
        let durable = Arc::new(AtomicU64::new(handle.latest_checkpoint()));
        let (steps, queue) = mpsc::channel(COMMIT_QUEUE);
        let tasks = Tasks::new(Arc::clone(&env.spawn));
        let failure = Arc::new(Mutex::new(None));
        let committer = Committer {
            handle: handle.clone(),
            env: env.clone(),
            sequencer: Arc::clone(&sequencer),
            durable: Arc::clone(&durable),
        };
        let executor = Executor {
            engine,
            env: env.clone(),
            sequencer,
            durable,
            steps,
            metrics: Arc::clone(handle.metrics()),
        };
        let (ended, mut end) = mpsc::channel::<()>(1);
        for (name, future) in [
            ("fullnode.execute", executor.boxed(shutdown.clone())),
            ("fullnode.commit", committer.boxed(queue)),
        ] {
            let failure = Arc::clone(&failure);
            let ended = ended.clone();
            let stop = shutdown.clone();
            tasks.spawn(name, async move {
                let _ended = ended;
                if let Err(error) = future.await {
                    tracing::error!(%error, "the node stops");
                    failure
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .get_or_insert(error);
                    stop.cancel();
                }
            });
        }
        drop(ended);
        // Yields when both tasks have ended.
        let _ = end.recv().await;
        drop(stopped);
        for error in tasks.stop(&*env.clock, STOP_GRACE).await {
            tracing::error!(%error, "a task of the node failed");
        }
        let failure = failure
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        failure.map_or(Ok(()), Err)
    }
}

/// Takes blocks and executes them.
#[derive(Debug)]
struct Executor {
    engine: Engine,
    env: Env,
    sequencer: Arc<dyn Sequencer>,
    durable: Arc<AtomicU64>,
    steps: mpsc::Sender<Step>,
    metrics: Arc<Metrics>,
}

impl Executor {
    fn boxed(
        self,
        shutdown: CancellationToken,
    ) -> floe_env::BoxFuture<'static, Result<(), ReadError>> {
        Box::pin(self.run(shutdown))
    }

    async fn run(self, shutdown: CancellationToken) -> Result<(), ReadError> {
        let Self {
            mut engine,
            env,
            sequencer,
            durable,
            steps,
            metrics,
        } = self;
        let mut blocks = sequencer.committed(engine.head());
        loop {
            let block = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                block = blocks.next() => block,
            };
            let Some(block) = block else {
                return Ok(());
            };
            let durable = durable.load(Ordering::Acquire);
            let began = env.clock.monotonic();
            let run = move || {
                let step = engine.settle(durable).and_then(|()| engine.execute(block));
                (engine, step)
            };
            let (returned, step) = env.compute.offload(Lane::Cpu, run).await;
            engine = returned;
            metrics.executed(env.clock.monotonic().since(began));
            if steps.send(step?).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Makes executed blocks durable and tells the world.
#[derive(Debug)]
struct Committer {
    handle: Handle,
    env: Env,
    sequencer: Arc<dyn Sequencer>,
    durable: Arc<AtomicU64>,
}

impl Committer {
    fn boxed(
        self,
        queue: mpsc::Receiver<Step>,
    ) -> floe_env::BoxFuture<'static, Result<(), ReadError>> {
        Box::pin(self.run(queue))
    }

    async fn run(self, mut queue: mpsc::Receiver<Step>) -> Result<(), ReadError> {
        while let Some(step) = queue.recv().await {
            let store = Arc::clone(&self.handle.shared().store);
            let commit = move || {
                let committed = store.commit(&step.batch);
                (step, committed)
            };
            let began = self.env.clock.monotonic();
            let (step, committed) = self.env.compute.offload(Lane::Io, commit).await;
            committed?;
            let took = self.env.clock.monotonic().since(began);
            let number = step.batch.head.sequence_number;
            self.handle.metrics().committed(number, took);
            self.announce(step);
        }
        Ok(())
    }

    fn announce(&self, step: Step) {
        let number = step.batch.head.sequence_number;
        self.durable.store(number, Ordering::Release);
        self.sequencer.ack(number);
        let data = CheckpointData {
            record: step.batch.checkpoint,
            transactions: step.batch.transactions,
        };
        let data = Arc::new(data);
        self.handle.feed().publish(Arc::clone(&data));
        let metrics = self.handle.metrics();
        for executed in &data.transactions {
            // Those of the system are signed by nobody.
            if !executed.signatures.is_empty() {
                metrics.transaction(match executed.effects.status() {
                    ExecutionStatus::Success => TransactionOutcome::success,
                    ExecutionStatus::Failure { .. } => TransactionOutcome::failure,
                });
            }
            self.handle
                .answer(&executed.digest, &Ok(Arc::clone(executed)));
        }
        for (digest, answer) in &step.others {
            if answer.is_err() {
                metrics.transaction(TransactionOutcome::rejected);
            }
            self.handle.answer(digest, answer);
        }
    }
}

fn check_key(reader: &Reader, key: &Bls12381PrivateKey) -> Result<(), StartError> {
    let state = reader.chain_state()?;
    if state.validator_key == key.public_key().inner() {
        return Ok(());
    }
    Err(StartError::OtherChain {
        found: reader.chain_id(),
        reason: "the validator key is not the one in its state".to_owned(),
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
