//! Epochs that pass by themselves: the calls that some node has to make, made by the devnet.
//!
//! In a network of operators every node tries them (`docs/spec/node.md` §6.1). All deadlines are on the
//! chain's clock, so that [`advance`](Driver::advance) can let days pass in a moment.

use std::sync::Arc;
use std::time::Duration;

use floe_contracts::{NetworkState, ReadError, TransactionError, Wallet};
use floe_core::Epoch;
use floe_core::onchain::staking::EpochState;
use floe_env::{BoxFuture, Clock, UnixMillis};
use floe_fullnode::Handle;
use tokio_util::sync::CancellationToken;

/// How long the nodes may take to report that they have their shards before an advance gives up.
const SYNC_TIME_MAX: Duration = Duration::from_mins(2);
/// How often the state is read while something is about to happen.
const POLL: Duration = Duration::from_millis(100);
/// The pause after a call that failed.
const RETRY: Duration = Duration::from_secs(5);

/// Makes the calls.
#[derive(Debug)]
pub struct Driver {
    handle: Handle,
    wallet: Wallet,
    clock: Arc<dyn Clock>,
    /// One step at a time, be it the loop's or that of an advance.
    turn: tokio::sync::Mutex<()>,
}

/// Time could not be advanced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvanceError {
    /// The state can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A call failed.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The chain's time is not ours to set.
    #[error("the clock of this chain can't be advanced")]
    Fixed,
    /// Too few nodes reported their shards.
    #[error(
        "epoch {epoch} waits for nodes to report that they have their shards: start stopped nodes and try again"
    )]
    NodesMissing {
        /// The epoch.
        epoch: Epoch,
    },
    /// The full node has stopped, and nothing passes any more.
    #[error("the full node has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
    /// The full node can't say what time it is.
    #[error("the chain's time can't be read: {0}")]
    Time(#[from] floe_fullnode::ReadError),
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Select the committee of the next epoch, from this time on.
    VotingEnd(UnixMillis),
    /// Begin the next epoch, from this time on.
    EpochChange(UnixMillis),
    /// The nodes have to report that they have their shards.
    Reports,
}

impl Next {
    fn of(state: &NetworkState) -> Self {
        let never = UnixMillis(u64::MAX);
        match state.staking_inner.epoch_state {
            EpochState::EpochChangeSync(_) => Self::Reports,
            EpochState::EpochChangeDone(_) => {
                Self::VotingEnd(state.voting_end_from().unwrap_or(never))
            }
            EpochState::NextParamsSelected(_) => {
                Self::EpochChange(state.next_epoch_from().unwrap_or(never))
            }
        }
    }

    const fn due(self) -> Option<UnixMillis> {
        match self {
            Self::VotingEnd(from) | Self::EpochChange(from) => Some(from),
            Self::Reports => None,
        }
    }
}

impl Driver {
    /// A driver whose calls `wallet` pays for.
    pub(crate) fn new(handle: Handle, wallet: Wallet, clock: Arc<dyn Clock>) -> Self {
        Self {
            handle,
            wallet,
            clock,
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// The chain's time.
    ///
    /// # Errors
    /// [`AdvanceError::Time`], [`AdvanceError::Stopped`].
    pub async fn chain_time(&self) -> Result<UnixMillis, AdvanceError> {
        if self.handle.stopped().is_cancelled() {
            return Err(self.stopped());
        }
        let now = self
            .handle
            .read(|reader| Ok::<_, floe_fullnode::ReadError>(reader.head().timestamp_ms))
            .await?;
        Ok(UnixMillis(now))
    }

    /// Makes each call when its time has come, until `shutdown` fires.
    pub fn run(&self, shutdown: CancellationToken) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut chain = self.handle.subscribe_checkpoints();
            let mut due = UnixMillis(0);
            loop {
                let checkpoint = tokio::select! {
                    biased;
                    () = shutdown.cancelled() => return,
                    checkpoint = chain.next() => checkpoint,
                };
                let now = match checkpoint {
                    Ok(Some(checkpoint)) => {
                        UnixMillis(checkpoint.record.summary.checkpoint.timestamp_ms)
                    }
                    Ok(None) => return,
                    Err(error) => {
                        tracing::error!(%error, "epochs no longer change by themselves");
                        return;
                    }
                };
                if now < due {
                    continue;
                }
                match self.step(now).await {
                    // Nodes report when they have their shards: look again soon.
                    Ok(next) => {
                        due = next
                            .due()
                            .unwrap_or_else(|| later(now, Duration::from_secs(1)));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "an epoch's call failed, it is tried again");
                        due = later(now, RETRY);
                    }
                }
            }
        })
    }

    /// Makes the call whose time has come, if there is one; tells what comes next.
    async fn step(&self, now: UnixMillis) -> Result<Next, AdvanceError> {
        let _turn = self.turn.lock().await;
        let contracts = self.wallet.contracts();
        let state = contracts.refresh().await?;
        let next = Next::of(&state);
        if next.due().is_none_or(|due| now < due) {
            return Ok(next);
        }
        match next {
            Next::VotingEnd(_) => {
                self.wallet.voting_end().await?;
                tracing::info!(epoch = state.epoch.0, "selected the next committee");
            }
            Next::EpochChange(_) => {
                self.wallet.initiate_epoch_change().await?;
                tracing::info!(epoch = state.epoch.0 + 1, "began an epoch");
            }
            Next::Reports => {}
        }
        Ok(Next::of(&*contracts.refresh().await?))
    }

    async fn advance_running(
        &self,
        duration: Duration,
    ) -> Result<(UnixMillis, Epoch), AdvanceError> {
        let target = later(self.chain_time().await?, duration);
        loop {
            let now = self.chain_time().await?;
            let next = self.step(now).await?;
            match next.due() {
                None => self.await_reports().await?,
                Some(due) if due <= target => self.jump(now, due).await?,
                Some(_) => {
                    self.jump(now, target).await?;
                    let state = self.wallet.contracts().refresh().await?;
                    return Ok((self.chain_time().await?, state.epoch));
                }
            }
        }
    }

    fn stopped(&self) -> AdvanceError {
        let reason = self.handle.failure().unwrap_or("it was told to").to_owned();
        AdvanceError::Stopped { reason }
    }

    /// Lets `duration` pass on the chain, and everything happen that happens meanwhile: each epoch
    /// that ends is changed.
    ///
    /// # Errors
    /// [`AdvanceError`]; time has passed up to where it says.
    pub fn advance(
        &self,
        duration: Duration,
    ) -> BoxFuture<'_, Result<(UnixMillis, Epoch), AdvanceError>> {
        Box::pin(async move {
            tokio::select! {
                biased;
                () = self.handle.stopped().cancelled() => Err(self.stopped()),
                advanced = self.advance_running(duration) => advanced,
            }
        })
    }

    async fn jump(&self, now: UnixMillis, to: UnixMillis) -> Result<(), AdvanceError> {
        let ahead = Duration::from_millis(to.0.saturating_sub(now.0));
        if ahead.is_zero() {
            return Ok(());
        }
        if !self.handle.advance_time(ahead) {
            return Err(AdvanceError::Fixed);
        }
        while self.chain_time().await? < to {
            self.clock.sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    async fn await_reports(&self) -> Result<(), AdvanceError> {
        let give_up = self.clock.monotonic().after(SYNC_TIME_MAX);
        loop {
            let next = self.step(self.chain_time().await?).await?;
            if next != Next::Reports {
                return Ok(());
            }
            if self.clock.monotonic() >= give_up {
                let state = self.wallet.contracts().refresh().await?;
                return Err(AdvanceError::NodesMissing { epoch: state.epoch });
            }
            self.clock.sleep(POLL).await;
        }
    }
}

fn later(time: UnixMillis, by: Duration) -> UnixMillis {
    let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    UnixMillis(time.0.saturating_add(by))
}
