//! Following the chain.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use sui_sdk_types::CheckpointContents;
use tokio::sync::Notify;

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
///
/// Followers are woken in the order in which they came, so that a simulation is the same each time.
#[derive(Debug)]
pub(crate) struct Feed {
    latest: AtomicU64,
    news: Notify,
    recent: Mutex<VecDeque<Arc<CheckpointData>>>,
}

impl Feed {
    /// A feed after checkpoint `latest`.
    pub(crate) fn new(latest: u64) -> Self {
        Self {
            latest: AtomicU64::new(latest),
            news: Notify::new(),
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
        self.latest.store(number, Ordering::Release);
        self.news.notify_waiters();
    }

    /// Number of the latest checkpoint.
    pub(crate) fn latest(&self) -> u64 {
        self.latest.load(Ordering::Acquire)
    }

    /// Waits until checkpoint `number` exists. Cancellation-safe.
    async fn reached(&self, number: u64) {
        let mut news = pin!(self.news.notified());
        // Looked at once it is listened: nothing is missed in between.
        news.as_mut().enable();
        while self.latest() < number {
            news.as_mut().await;
            news.set(self.news.notified());
            news.as_mut().enable();
        }
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
}

impl Subscription {
    pub(crate) const fn new(handle: Handle, next: u64) -> Self {
        Self { handle, next }
    }

    /// Waits for the next checkpoint. `None` when the node has stopped. Cancellation-safe.
    ///
    /// # Errors
    /// [`ReadError::Pruned`] if the follower is so far behind that the checkpoint is no longer kept.
    pub async fn next(&mut self) -> Result<Option<Arc<CheckpointData>>, ReadError> {
        let wanted = self.next;
        tokio::select! {
            biased;
            () = self.handle.feed().reached(wanted) => {}
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
