//! The order of one process: first come, first served.

use std::{sync::Arc, time::Duration};

use floe_env::{BoxFuture, Clock, Moment};
use floe_ledger::{ChainHead, VerifiedTransaction};
use tokio::sync::{Mutex, mpsc, watch};

use super::{Block, Blocks, Sequencer};
use crate::SubmitError;

/// How many blocks may be on their way: one being made durable while the next is executed.
const UNACKED_MAX: u64 = 2;

/// How to cut blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoloOptions {
    /// Most transactions in a block.
    pub block_transactions_max: usize,
    /// Most transactions that wait for a block.
    pub queue_max: usize,
    /// After this time without transactions comes a block without any, so that the clock moves.
    pub idle_interval: Duration,
}

impl Default for SoloOptions {
    fn default() -> Self {
        Self {
            block_transactions_max: 512,
            queue_max: 8192,
            idle_interval: Duration::from_secs(1),
        }
    }
}

/// Orders by arrival. A block has what came while the last one was executed, so that blocks are
/// small when there is little to do and large when there is much.
#[derive(Debug)]
pub struct Solo {
    options: SoloOptions,
    clock: Arc<dyn Clock>,
    sender: mpsc::Sender<VerifiedTransaction>,
    receiver: Arc<Mutex<mpsc::Receiver<VerifiedTransaction>>>,
    acked: watch::Sender<u64>,
    ahead_ms: watch::Sender<u64>,
    ahead_at_start_ms: u64,
}

impl Solo {
    /// An order whose time is `ahead_ms` ahead of the clock.
    pub fn new(options: SoloOptions, clock: Arc<dyn Clock>, ahead_ms: u64) -> Self {
        let (sender, receiver) = mpsc::channel(options.queue_max.max(1));
        Self {
            options,
            clock,
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
            acked: watch::Sender::new(0),
            ahead_ms: watch::Sender::new(ahead_ms),
            ahead_at_start_ms: ahead_ms,
        }
    }
}

impl Sequencer for Solo {
    fn submit(&self, transaction: VerifiedTransaction) -> Result<(), SubmitError> {
        self.sender
            .try_send(transaction)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => SubmitError::Busy {
                    waiting: self.options.queue_max,
                    max: self.options.queue_max,
                },
                mpsc::error::TrySendError::Closed(_) => SubmitError::Stopping,
            })
    }

    fn committed(&self, head: &ChainHead) -> Box<dyn Blocks> {
        self.acked
            .send_modify(|acked| *acked = (*acked).max(head.sequence_number));
        let mut ahead_ms = self.ahead_ms.subscribe();
        if *ahead_ms.borrow() != self.ahead_at_start_ms {
            // Time has jumped before anybody looked.
            ahead_ms.mark_changed();
        }
        Box::new(SoloBlocks {
            options: self.options,
            clock: Arc::clone(&self.clock),
            receiver: Arc::clone(&self.receiver),
            acked: self.acked.subscribe(),
            ahead_ms,
            height: head.sequence_number,
            time_ms: head.timestamp_ms,
            cut_at: self.clock.monotonic(),
        })
    }

    fn ack(&self, height: u64) {
        self.acked
            .send_modify(|acked| *acked = (*acked).max(height));
    }

    fn advance(&self, duration: Duration) -> bool {
        let by_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.ahead_ms
            .send_modify(|ahead| *ahead = ahead.saturating_add(by_ms));
        true
    }
}

/// Cuts blocks.
#[derive(Debug)]
struct SoloBlocks {
    options: SoloOptions,
    clock: Arc<dyn Clock>,
    receiver: Arc<Mutex<mpsc::Receiver<VerifiedTransaction>>>,
    acked: watch::Receiver<u64>,
    ahead_ms: watch::Receiver<u64>,
    /// Height and time of the last block, and when it was cut.
    height: u64,
    time_ms: u64,
    cut_at: Moment,
}

impl SoloBlocks {
    async fn cut(&mut self) -> Option<Block> {
        let oldest = self.height.saturating_add(1).saturating_sub(UNACKED_MAX);
        self.acked.wait_for(|acked| *acked >= oldest).await.ok()?;
        let mut transactions = Vec::new();
        let mut queue = self.receiver.lock().await;
        let idle = self.cut_at.after(self.options.idle_interval);
        tokio::select! {
            biased;
            received = queue.recv_many(&mut transactions, self.options.block_transactions_max) => {
                if received == 0 {
                    return None;
                }
            }
            changed = self.ahead_ms.changed() => changed.ok()?,
            () = self.clock.sleep_until(idle) => {}
        }
        // Nothing waits from here on: a block that was cut is delivered.
        let ahead_ms = *self.ahead_ms.borrow_and_update();
        let now_ms = self.clock.wall().0.saturating_add(ahead_ms);
        self.height = self.height.saturating_add(1);
        self.time_ms = self.time_ms.max(now_ms);
        self.cut_at = self.clock.monotonic();
        Some(Block {
            height: self.height,
            time_ms: self.time_ms,
            ahead_ms,
            transactions,
        })
    }
}

impl Blocks for SoloBlocks {
    fn next(&mut self) -> BoxFuture<'_, Option<Block>> {
        Box::pin(self.cut())
    }
}
