//! What the rest of the program sees of a running node.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use floe_env::{Compute, Lane};
use floe_ledger::{Outcome, SimulateOptions, VerifiedTransaction};
use sui_crypto::UserSignatureVerifier;
use sui_sdk_types::{Digest, SignedTransaction, Transaction};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{
    Metrics, ReadError, SubmitError,
    executed::Executed,
    reader::Reader,
    sequencer::Sequencer,
    store::Store,
    subscription::{Feed, Subscription},
};

/// Bounds on what waits in a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeLimits {
    /// Most transactions that were submitted and not answered.
    pub waiting_max: usize,
    /// Most bytes of these.
    pub waiting_bytes_max: usize,
}

impl Default for NodeLimits {
    fn default() -> Self {
        Self {
            waiting_max: 8192,
            waiting_bytes_max: 64 << 20,
        }
    }
}

type Answer = Result<Arc<Executed>, SubmitError>;

/// A running node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) sequencer: Arc<dyn Sequencer>,
    pub(crate) compute: Arc<dyn Compute>,
    pub(crate) feed: Feed,
    /// Fires when the node stops.
    pub(crate) stopped: CancellationToken,
    /// Why, if nobody told it to.
    pub(crate) failure: OnceLock<String>,
    pub(crate) verifier: UserSignatureVerifier,
    pub(crate) limits: NodeLimits,
    /// Milliseconds of an epoch of the chain.
    pub(crate) epoch_duration_ms: u64,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) waiting: Mutex<Waiting>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("sequencer", &self.sequencer)
            .field("latest", &self.feed.latest())
            .finish_non_exhaustive()
    }
}

/// Who waits for which transaction.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    by_digest: BTreeMap<Digest, Waiters>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiters {
    bytes: usize,
    senders: Vec<oneshot::Sender<Answer>>,
}

impl Handle {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// Checks the signatures of a transaction, has it executed, and answers once that is durable.
    /// A transaction that runs and fails is an answer; see its effects. Submitting one that was
    /// executed before returns what happened then, as long as that is kept.
    ///
    /// Dropping the future does not take the transaction back.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing was written or charged then.
    pub async fn submit(&self, signed: SignedTransaction) -> Result<Arc<Executed>, SubmitError> {
        let shared = Arc::clone(&self.0);
        let verify = move || VerifiedTransaction::verify(signed, &shared.verifier);
        let verified = self.0.compute.offload(Lane::Cpu, verify).await?;
        self.submit_verified(verified).await
    }

    /// As [`Self::submit`], for a transaction whose signatures were checked.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub async fn submit_verified(
        &self,
        transaction: VerifiedTransaction,
    ) -> Result<Arc<Executed>, SubmitError> {
        if self.0.stopped.is_cancelled() {
            return Err(SubmitError::Stopping);
        }
        let digest = transaction.digest();
        let bytes = bcs::serialized_size(transaction.transaction()).unwrap_or(0);
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut waiting = self.waiting();
            let first = waiting.add(digest, bytes, sender, &self.0.limits)?;
            self.0.metrics.set_waiting(waiting.by_digest.len());
            first
        };
        if first && let Err(error) = self.0.sequencer.submit(transaction) {
            self.answer(&digest, &Err(error));
        }
        tokio::select! {
            biased;
            answer = receiver => answer.unwrap_or(Err(SubmitError::Stopping)),
            () = self.0.stopped.cancelled() => Err(SubmitError::Stopping),
        }
    }

    /// Executes a transaction on the latest state and throws the writes away.
    ///
    /// # Errors
    /// [`SubmitError::Rejected`] as if it had been submitted. The answer to a transaction that runs
    /// and fails is an [`Outcome`].
    pub async fn simulate(
        &self,
        transaction: Transaction,
        options: SimulateOptions,
    ) -> Result<Outcome, SubmitError> {
        let store = Arc::clone(&self.0.store);
        let run = move || {
            let rejected = |error: ReadError| floe_ledger::Rejection::Store(Arc::new(error.into()));
            let reader = store.reader().map_err(rejected)?;
            let ctx = reader.context().map_err(rejected)?;
            floe_ledger::simulate(&reader, &transaction, &ctx, &options)
        };
        Ok(self.0.compute.offload(Lane::Cpu, run).await?)
    }

    /// Runs `query` on a snapshot of what is durable now, on a thread that may wait for the disk.
    ///
    /// # Errors
    /// Those of the query.
    pub async fn read<T, E>(
        &self,
        query: impl FnOnce(&Reader) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ReadError> + Send + 'static,
    {
        let store = Arc::clone(&self.0.store);
        let run = move || query(&store.reader()?);
        self.0.compute.offload(Lane::Io, run).await
    }

    /// A snapshot of what is durable now. Blocks, as reading from it does.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn reader(&self) -> Result<Reader, ReadError> {
        self.0.store.reader()
    }

    /// Number of the latest checkpoint.
    pub fn latest_checkpoint(&self) -> u64 {
        self.feed().latest()
    }

    /// Follows the chain, from the checkpoint after the latest one on.
    pub fn subscribe_checkpoints(&self) -> Subscription {
        self.subscribe_from(self.latest_checkpoint().saturating_add(1))
    }

    /// Follows the chain from checkpoint `next` on.
    pub fn subscribe_from(&self, next: u64) -> Subscription {
        Subscription::new(self.clone(), next)
    }

    /// Lets the chain's time jump ahead; a checkpoint at the new time follows at once. False if the
    /// chain's time is not ours to set.
    pub fn advance_time(&self, duration: Duration) -> bool {
        self.0.sequencer.advance(duration)
    }

    /// Fires when the node has stopped.
    pub fn stopped(&self) -> &CancellationToken {
        &self.0.stopped
    }

    /// Why the node stopped by itself; `None` while it runs, and if it was told to stop.
    pub fn failure(&self) -> Option<&str> {
        self.0.failure.get().map(String::as_str)
    }

    /// What the node counts.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// Tells those who wait for a transaction.
    pub(crate) fn answer(&self, digest: &Digest, answer: &Answer) {
        let waiters = {
            let mut waiting = self.waiting();
            let waiters = waiting.take(digest);
            self.0.metrics.set_waiting(waiting.by_digest.len());
            waiters
        };
        for sender in waiters {
            // Nobody waiting any more is fine.
            let _ = sender.send(answer.clone());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Adds somebody who waits; true if nobody waited for this transaction before.
    fn add(
        &mut self,
        digest: Digest,
        bytes: usize,
        sender: oneshot::Sender<Answer>,
        limits: &NodeLimits,
    ) -> Result<bool, SubmitError> {
        if let Some(waiters) = self.by_digest.get_mut(&digest) {
            waiters.senders.retain(|sender| !sender.is_closed());
            waiters.senders.push(sender);
            return Ok(false);
        }
        let waiting = self.by_digest.len();
        if waiting >= limits.waiting_max || self.bytes + bytes > limits.waiting_bytes_max {
            return Err(SubmitError::Busy {
                waiting,
                max: limits.waiting_max,
            });
        }
        self.bytes += bytes;
        let senders = vec![sender];
        self.by_digest.insert(digest, Waiters { bytes, senders });
        Ok(true)
    }

    fn take(&mut self, digest: &Digest) -> Vec<oneshot::Sender<Answer>> {
        let Some(waiters) = self.by_digest.remove(digest) else {
            return Vec::new();
        };
        self.bytes = self.bytes.saturating_sub(waiters.bytes);
        waiters.senders
    }
}
