//! Following the chain.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use sui_sdk_types::CheckpointContents;
use tokio::sync::watch;

use crate::{
    ReadError,
    executed::{CheckpointRecord, Executed, contents},
    handle::Handle,
};

/// How many of the latest checkpoints are kept in memory for followers, and how many transactions
/// all of them may have.
const RECENT_MAX: usize = 64;
const RECENT_TRANSACTIONS_MAX: usize = 512;

/// A checkpoint with its transactions.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointData {
    /// Header and signature.
    pub record: CheckpointRecord,
    /// The transactions, in order of execution.
    pub transactions: Vec<Arc<Executed>>,
}

impl CheckpointData {
    /// The contents: what the summary's `content_digest` is the digest of.
    pub fn contents(&self) -> CheckpointContents {
        contents(self.transactions.iter().map(|executed| &**executed))
    }
}

/// The latest checkpoints, and the news that there is another one.
#[derive(Debug)]
pub(crate) struct Feed {
    latest: watch::Sender<u64>,
    recent: Mutex<VecDeque<Arc<CheckpointData>>>,
}

impl Feed {
    /// A feed after checkpoint `latest`.
    pub(crate) fn new(latest: u64) -> Self {
        Self {
            latest: watch::Sender::new(latest),
            recent: Mutex::new(VecDeque::with_capacity(RECENT_MAX)),
        }
    }

    /// Publishes the next checkpoint, which is durable.
    pub(crate) fn publish(&self, checkpoint: Arc<CheckpointData>) {
        let number = checkpoint.record.sequence_number();
        {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.push_back(checkpoint);
            let mut transactions: usize = recent.iter().map(|data| data.transactions.len()).sum();
            while recent.len() > RECENT_MAX || transactions > RECENT_TRANSACTIONS_MAX {
                let Some(oldest) = recent.pop_front() else {
                    break;
                };
                transactions -= oldest.transactions.len();
            }
        }
        self.latest.send_replace(number);
    }

    /// Number of the latest checkpoint.
    pub(crate) fn latest(&self) -> u64 {
        *self.latest.borrow()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    fn recent(&self, number: u64) -> Option<Arc<CheckpointData>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let first = recent.front()?.record.sequence_number();
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        recent.get(index).cloned()
    }
}

/// A follower of the chain: yields every checkpoint once, in order. It never misses one: what it was
/// too slow for comes from the store.
#[derive(Debug)]
pub struct Subscription {
    handle: Handle,
    next: u64,
    latest: watch::Receiver<u64>,
}

impl Subscription {
    pub(crate) fn new(handle: Handle, next: u64) -> Self {
        let latest = handle.feed().watch();
        Self {
            handle,
            next,
            latest,
        }
    }

    /// Waits for the next checkpoint. `None` when the node has stopped. Cancellation-safe.
    ///
    /// # Errors
    /// [`ReadError::Pruned`] if the follower is so far behind that the checkpoint is no longer kept.
    pub async fn next(&mut self) -> Result<Option<Arc<CheckpointData>>, ReadError> {
        let wanted = self.next;
        tokio::select! {
            biased;
            reached = self.latest.wait_for(|latest| *latest >= wanted) => {
                if reached.is_err() {
                    return Ok(None);
                }
            }
            () = self.handle.stopped().cancelled() => return Ok(None),
        }
        let data =
            match self.handle.feed().recent(wanted) {
                Some(data) => data,
                None => {
                    let read = self
                        .handle
                        .read(move |reader| reader.checkpoint_data(wanted));
                    Arc::new(read.await?.ok_or_else(|| {
                        ReadError::damaged(format!("checkpoint {wanted} is missing"))
                    })?)
                }
            };
        self.next = wanted.saturating_add(1);
        Ok(Some(data))
    }
}
