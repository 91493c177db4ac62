//! The two loops of a node: one executes blocks, the other makes them durable.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use floe_env::{Env, Lane};
use sui_sdk_types::ExecutionStatus;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    Metrics, ReadError,
    engine::{Engine, Step},
    handle::Handle,
    metrics::TransactionOutcome,
    sequencer::Sequencer,
    subscription::CheckpointData,
};

/// Takes blocks and executes them.
#[derive(Debug)]
pub(super) struct Executor {
    pub(super) engine: Engine,
    pub(super) env: Env,
    pub(super) sequencer: Arc<dyn Sequencer>,
    pub(super) durable: Arc<AtomicU64>,
    pub(super) steps: mpsc::Sender<Step>,
    pub(super) metrics: Arc<Metrics>,
}

impl Executor {
    pub(super) async fn run(self, shutdown: CancellationToken) -> Result<(), ReadError> {
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
pub(super) struct Committer {
    pub(super) handle: Handle,
    pub(super) env: Env,
    pub(super) sequencer: Arc<dyn Sequencer>,
    pub(super) durable: Arc<AtomicU64>,
}

impl Committer {
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Step>) -> Result<(), ReadError> {
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
