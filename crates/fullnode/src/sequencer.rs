//! The order of transactions.

mod solo;

use std::{fmt, time::Duration};

use floe_env::BoxFuture;
use floe_ledger::{ChainHead, VerifiedTransaction};

pub use self::solo::{Solo, SoloOptions};
use crate::SubmitError;

/// Transactions in their order, at a time. Execution comes after ordering: some of them may be
/// turned away.
#[derive(Clone, Debug)]
pub struct Block {
    /// Number of the block and of the checkpoint it becomes.
    pub height: u64,
    /// Time of the block, ms since the Unix epoch; not before that of the last one.
    pub time_ms: u64,
    /// How much of that is not on the clock but was [advanced](Sequencer::advance), ms.
    pub ahead_ms: u64,
    /// The transactions.
    pub transactions: Vec<VerifiedTransaction>,
}

/// Blocks in order of their height, without gaps.
pub trait Blocks: fmt::Debug + Send {
    /// Waits for the next block; `None` when there will be no more. Cancellation-safe.
    fn next(&mut self) -> BoxFuture<'_, Option<Block>>;
}

/// Puts transactions in an order.
///
/// Blocks are delivered at least once: whoever executes them remembers the height up to which that
/// is durable, and asks for those after it.
pub trait Sequencer: fmt::Debug + Send + Sync {
    /// Hands in a transaction. It need not get into a block: the submitter may hand it in again.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] or [`SubmitError::Stopping`].
    fn submit(&self, transaction: VerifiedTransaction) -> Result<(), SubmitError>;

    /// The blocks after the one that became the checkpoint `head`.
    fn committed(&self, head: &ChainHead) -> Box<dyn Blocks>;

    /// The block of this height has been executed durably; it and those before it are not needed
    /// again.
    fn ack(&self, height: u64);

    /// Lets the chain's time jump ahead; false if this order follows the true time only.
    fn advance(&self, duration: Duration) -> bool;
}
