//! Following the chain.

use std::time::Duration;

use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{CheckpointError, Position, VerifiedCheckpoint, verify::Verifier};
use crate::{
    Chain, RpcError, Trust,
    chain::{CheckpointStream, RawCheckpoint},
};

/// The pause before a node is asked again for a checkpoint it does not have yet.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);
/// Nodes whose checkpoint does not hold are asked this often before the error is given up to.
const FAULTS_MAX: u32 = 3;
/// How many checkpoints of the past are asked for at once.
const PAST_AT_ONCE: usize = 16;

/// The chain can't be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// No node gives the next checkpoint.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// What the nodes give does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The nodes have dropped the next checkpoint already.
    #[error("checkpoint {next} is gone: the full node begins at {lowest}")]
    Pruned {
        /// The checkpoint needed.
        next: u64,
        /// The first one there is.
        lowest: u64,
    },
    /// The nodes are of another chain.
    #[error("the full node is of chain {got}, expected {expected}")]
    Chain {
        /// The chain.
        expected: sui_sdk_types::Digest,
        /// The nodes' chain.
        got: sui_sdk_types::Digest,
    },
}

impl FollowError {
    /// Whether asking again later may help.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Rpc(error) => error.is_retryable(),
            Self::Checkpoint(_) => true,
            Self::Pruned { .. } | Self::Chain { .. } => false,
        }
    }
}

/// Checkpoints of the past in order, each or why it can't be had.
struct Past(BoxStream<'static, Result<RawCheckpoint, RpcError>>);

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Past")
    }
}

/// Yields one verified checkpoint after the other, in order and without gaps.
///
/// What is missing is fetched, what comes to be is subscribed to.
#[derive(Debug)]
pub struct EventFollower {
    chain: Chain,
    verifier: Verifier,
    stream: Option<CheckpointStream>,
    /// A checkpoint of the stream that is not next yet.
    ahead: Option<RawCheckpoint>,
    /// Checkpoints of the past, several asked for at once.
    past: Option<Past>,
    /// The last checkpoint known to exist.
    tip: Option<u64>,
    checked: bool,
}

impl EventFollower {
    /// Follows from the start of what is known beforehand.
    ///
    /// # Errors
    /// [`FollowError::Checkpoint`] if the validators known make no committee.
    pub fn start(chain: Chain, trust: &Trust) -> Result<Self, FollowError> {
        Self::resume(chain, Position::start(trust))
    }

    /// Goes on where another has stopped.
    ///
    /// # Errors
    /// [`FollowError::Checkpoint`] if the validators in the position make no committee.
    pub fn resume(chain: Chain, position: Position) -> Result<Self, FollowError> {
        Ok(Self {
            chain,
            verifier: Verifier::new(position)?,
            stream: None,
            ahead: None,
            past: None,
            tip: None,
            checked: false,
        })
    }

    /// How far it has come; keep it together with what the events have changed.
    pub const fn position(&self) -> &Position {
        self.verifier.position()
    }

    /// The last checkpoint known to exist, to tell how far behind this one is.
    pub const fn tip(&self) -> Option<u64> {
        self.tip
    }

    /// The next checkpoint; waits until there is one. Cancellation-safe.
    ///
    /// # Errors
    /// [`FollowError`]. The position is unchanged, and calling again tries again.
    pub async fn next(&mut self) -> Result<VerifiedCheckpoint, FollowError> {
        if !self.checked {
            self.check_chain().await?;
        }
        let mut faults = 0;
        loop {
            let raw = self.fetch().await?;
            match self.verifier.verify(&raw) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(error) => {
                    tracing::warn!(%error, "a full node gave a checkpoint that does not hold");
                    self.stream = None;
                    self.ahead = None;
                    self.past = None;
                    self.chain.prefer_another();
                    faults += 1;
                    if faults == FAULTS_MAX {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    async fn check_chain(&mut self) -> Result<(), FollowError> {
        let info = self.chain.service_info().await?;
        let position = self.verifier.position();
        if info.chain_id != position.chain_id {
            return Err(FollowError::Chain {
                expected: position.chain_id,
                got: info.chain_id,
            });
        }
        self.tip = Some(info.checkpoint);
        self.checked = true;
        Ok(())
    }

    /// The checkpoint that is next, from the stream if it is there, else by asking for it.
    async fn fetch(&mut self) -> Result<RawCheckpoint, FollowError> {
        let mut pause = RETRY_MIN;
        loop {
            let next = self.verifier.position().next;
            if let Some(raw) = self.ahead.take_if(|raw| raw.sequence <= next) {
                if raw.sequence == next {
                    self.past = None;
                    return Ok(raw);
                }
                continue;
            }
            if self.ahead.is_some() || self.tip.is_some_and(|tip| tip >= next) {
                return self.fetch_past(next).await;
            }
            match self.listen().await {
                Ok(raw) => {
                    self.tip = self.tip.max(Some(raw.sequence));
                    self.ahead = Some(raw);
                }
                Err(error) => {
                    self.stream = None;
                    if !error.is_retryable() {
                        return Err(error.into());
                    }
                    tracing::debug!(%error, "subscribing to checkpoints again");
                    let clock = self.chain.clock();
                    clock.sleep(self.chain.jittered(pause)).await;
                    pause = (pause * 2).min(RETRY_MAX);
                    let info = self.chain.service_info().await?;
                    self.tip = self.tip.max(Some(info.checkpoint));
                }
            }
        }
    }

    async fn fetch_past(&mut self, next: u64) -> Result<RawCheckpoint, FollowError> {
        let ahead = self
            .ahead
            .as_ref()
            .map(|raw| raw.sequence.saturating_sub(1));
        let last = self.tip.max(ahead).unwrap_or(next).max(next);
        let past = self.past.get_or_insert_with(|| {
            let chain = self.chain.clone();
            let fetch = move |sequence| {
                let chain = chain.clone();
                async move { chain.checkpoint(sequence).await }
            };
            let sequences = stream::iter(next..=last);
            Past(sequences.map(fetch).buffered(PAST_AT_ONCE).boxed())
        });
        let fetched = past.0.next().await;
        match fetched {
            Some(Ok(raw)) => return Ok(raw),
            // The end of what was asked for, or a failure: begin anew from here.
            Some(Err(_)) | None => self.past = None,
        }
        match self.chain.checkpoint(next).await {
            Ok(raw) => Ok(raw),
            Err(error) if error.code() == Some(tonic::Code::NotFound) => {
                let info = self.chain.service_info().await?;
                let lowest = info.checkpoint_lowest;
                if next < lowest {
                    return Err(FollowError::Pruned { next, lowest });
                }
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn listen(&mut self) -> Result<RawCheckpoint, RpcError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => self.stream.insert(self.chain.subscribe().await?),
        };
        stream.next().await
    }
}
