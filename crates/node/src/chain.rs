//! The chain as a node sees it: who is in the committee, and what happened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use floe_contracts::calls::CertificateArgs;
use floe_contracts::{Contracts, EventFollower, Position, ShardMap, Trust, Wallet};
use floe_core::certificate::Certificate;
use floe_core::keys::{BlsPublicKey, NetworkPublicKey};
use floe_core::onchain::events::ContractEvent;
use floe_core::onchain::node::StorageNodeCap;
use floe_core::onchain::staking::EpochState;
use floe_core::{
    CodeParams, Committee, Epoch, EventId, MemberIndex, ObjectId, ShardIndex, TxDigest,
};
use floe_env::{BoxFuture, UnixMillis};
use sui_sdk_types::Digest;

/// The longest time over which the calls that all nodes make are spread.
const CALLS_SPREAD_MAX: Duration = Duration::from_mins(3);

/// The chain can't be read, or written to.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ChainError {
    /// What went wrong.
    pub message: String,
    /// Whether trying again later may help.
    pub is_retryable: bool,
}

impl ChainError {
    fn new(error: &(dyn std::error::Error + 'static), is_retryable: bool) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some say their cause themselves.
            if !message.ends_with(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        Self {
            message,
            is_retryable,
        }
    }
}

/// How to reach a member of a committee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Host and port.
    pub address: String,
    /// The key of its TLS server; `None` if what it registered is no key.
    pub key: Option<NetworkPublicKey>,
}

/// A committee, and how to reach its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// Who holds which shards.
    pub committee: Arc<Committee>,
    /// The members, by index.
    pub peers: Arc<[Peer]>,
}

/// The network at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkView {
    /// The epoch.
    pub epoch: Epoch,
    /// The parameters of the code.
    pub params: CodeParams,
    /// The committee of the epoch; `None` in epoch 0.
    pub current: Option<Members>,
    /// The one before.
    pub previous: Option<Members>,
    /// Whether shards are still on their way from the previous one.
    pub is_transitioning: bool,
}

impl NetworkView {
    /// The committee that has a blob certified since `epoch`.
    #[must_use]
    pub fn members_for_reads(&self, epoch: Epoch) -> Option<&Members> {
        match &self.previous {
            Some(previous) if self.is_transitioning && epoch < self.epoch => Some(previous),
            _ => self.current.as_ref(),
        }
    }

    /// The shards that the holder of a key owned in the epoch before.
    #[must_use]
    pub fn owned_before(&self, key: &BlsPublicKey) -> &[ShardIndex] {
        let member = self.previous.as_ref();
        let member = member.and_then(|members| members.committee.find_key(key));
        member.map_or(&[], |(_, member)| &member.shards)
    }

    /// The shards that the holder of a key owns now, and its place in the committee.
    #[must_use]
    pub fn owned(&self, key: &BlsPublicKey) -> (Option<MemberIndex>, &[ShardIndex]) {
        let member = self.current.as_ref();
        let member = member.and_then(|members| members.committee.find_key(key));
        member.map_or((None, &[]), |(index, member)| (Some(index), &member.shards))
    }
}

/// Consecutive events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The checkpoint they are in.
    pub checkpoint: u64,
    /// The chain's time.
    pub time: UnixMillis,
    /// The latest checkpoint known to exist.
    pub tip: Option<u64>,
    /// The events, in order.
    pub events: Vec<(EventId, ContractEvent)>,
    /// What [`Chain::follow`] takes to go on behind them.
    pub position: Vec<u8>,
}

/// A call that somebody has to make for an epoch to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochCall {
    /// Selects the committee of the next epoch.
    VotingEnd,
    /// Ends the epoch, and begins the next.
    EpochChange,
}

/// What comes next in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochStep {
    /// The epoch.
    pub epoch: Epoch,
    /// What is to be called; nothing while nodes have to report their shards.
    pub call: Option<EpochCall>,
    /// From when on, on the chain.
    pub from: UnixMillis,
    /// Over which time the calls of all nodes are to be spread.
    pub spread: Duration,
}

/// Yields what happened, in order and without gaps.
pub trait EventSource: fmt::Debug + Send {
    /// The next block; waits until there is one. Cancellation-safe.
    fn next(&mut self) -> BoxFuture<'_, Result<Block, ChainError>>;
}

/// The chain.
pub trait Chain: fmt::Debug + Send + Sync {
    /// What tells this network from all others. It never changes.
    fn network(&self) -> String;

    /// The network as it is now.
    fn view(&self) -> BoxFuture<'_, Result<NetworkView, ChainError>>;

    /// Follows what happens, from the beginning or from where a block ended.
    ///
    /// # Errors
    /// [`ChainError`] if the position is none.
    fn follow(&self, position: Option<&[u8]>) -> Result<Box<dyn EventSource>, ChainError>;

    /// Has a blob marked as invalid by a certificate of a committee with so many members; `None` if
    /// this node sends no transactions.
    fn invalidate(
        &self,
        certificate: &Certificate,
        n_members: usize,
    ) -> Option<BoxFuture<'_, Result<(), ChainError>>>;

    /// What comes next in the epoch.
    fn epoch_step(&self) -> BoxFuture<'_, Result<EpochStep, ChainError>>;

    /// Makes a call that an epoch needs. `None` if this node sends no transactions.
    fn turn_epoch(&self, call: EpochCall) -> Option<BoxFuture<'_, Result<(), ChainError>>>;

    /// Reports that a node has all its shards of an epoch; fine if that was reported before. `None` if
    /// this node sends no transactions.
    fn report_shards(
        &self,
        node_id: ObjectId,
        epoch: Epoch,
    ) -> Option<BoxFuture<'_, Result<(), ChainError>>>;
}

/// The contracts on a Sui chain.
#[derive(Debug, Clone)]
pub struct SuiChain {
    contracts: Contracts,
    trust: Trust,
    wallet: Option<Wallet>,
}

impl SuiChain {
    /// The right to act for a node, which is to be the wallet's.
    async fn node_cap(
        &self,
        wallet: &Wallet,
        node_id: ObjectId,
    ) -> Result<StorageNodeCap, ChainError> {
        let caps = self.contracts.all_node_caps(wallet.address()).await;
        let caps = caps.map_err(|error| ChainError::new(&error, true))?;
        let mut caps = caps.into_iter().map(|cap| cap.value);
        let cap = caps.find(|cap| cap.node_id == node_id);
        cap.ok_or_else(|| ChainError {
            message: format!(
                "{} holds no right to act for node {node_id}: transfer its StorageNodeCap there",
                wallet.address()
            ),
            is_retryable: true,
        })
    }

    /// Reads the contracts, and follows the chain from the start of what is known beforehand.
    #[must_use]
    pub const fn new(contracts: Contracts, trust: Trust, wallet: Option<Wallet>) -> Self {
        Self {
            contracts,
            trust,
            wallet,
        }
    }
}

fn members(map: &ShardMap) -> Members {
    let peers = map.nodes.iter().map(|node| Peer {
        address: node.network_address.clone(),
        key: node.network_public_key,
    });
    Members {
        committee: Arc::clone(&map.committee),
        peers: peers.collect(),
    }
}

impl Chain for SuiChain {
    fn network(&self) -> String {
        let system = self.contracts.network().system_object;
        format!("chain {}, system object {system}", self.trust.chain_id)
    }

    fn view(&self) -> BoxFuture<'_, Result<NetworkView, ChainError>> {
        Box::pin(async {
            let state = self.contracts.refresh().await;
            let state = state.map_err(|error| ChainError::new(&error, true))?;
            Ok(NetworkView {
                epoch: state.epoch,
                params: state.params(),
                current: state.committees.current.as_ref().map(members),
                previous: state.committees.previous.as_ref().map(members),
                is_transitioning: state.committees.is_transitioning(),
            })
        })
    }

    fn follow(&self, position: Option<&[u8]>) -> Result<Box<dyn EventSource>, ChainError> {
        let chain = self.contracts.chain().clone();
        let follower = match position {
            None => EventFollower::start(chain, &self.trust),
            Some(bytes) => {
                let position = Position::from_bytes(bytes);
                let position = position.map_err(|error| ChainError::new(&error, false))?;
                if position.chain_id != self.trust.chain_id {
                    return Err(ChainError {
                        message: format!(
                            "this node has followed chain {}, and its network is on chain {}",
                            position.chain_id, self.trust.chain_id
                        ),
                        is_retryable: false,
                    });
                }
                EventFollower::resume(chain, position)
            }
        };
        let follower = follower.map_err(|error| ChainError::new(&error, false))?;
        Ok(Box::new(SuiEvents { follower }))
    }

    fn invalidate(
        &self,
        certificate: &Certificate,
        n_members: usize,
    ) -> Option<BoxFuture<'_, Result<(), ChainError>>> {
        let wallet = self.wallet.as_ref()?;
        let args = CertificateArgs::new(certificate, n_members);
        Some(Box::pin(async move {
            let args = args.map_err(|error| ChainError::new(&error, false))?;
            let executed = wallet.run(|calls| {
                calls.invalidate_blob_id(&args);
            });
            let executed = executed.await;
            executed
                .map(drop)
                .map_err(|error| ChainError::new(&error, true))
        }))
    }

    fn epoch_step(&self) -> BoxFuture<'_, Result<EpochStep, ChainError>> {
        Box::pin(async {
            let state = self.contracts.refresh().await;
            let state = state.map_err(|error| ChainError::new(&error, true))?;
            let (call, from) = match state.staking_inner.epoch_state {
                EpochState::EpochChangeSync(_) => (None, None),
                EpochState::EpochChangeDone(_) => {
                    (Some(EpochCall::VotingEnd), state.voting_end_from())
                }
                EpochState::NextParamsSelected(_) => {
                    (Some(EpochCall::EpochChange), state.next_epoch_from())
                }
            };
            let tenth = Duration::from_millis(state.epoch_duration_ms() / 10);
            Ok(EpochStep {
                epoch: state.epoch,
                call,
                from: from.unwrap_or(UnixMillis(0)),
                spread: tenth.min(CALLS_SPREAD_MAX),
            })
        })
    }

    fn turn_epoch(&self, call: EpochCall) -> Option<BoxFuture<'_, Result<(), ChainError>>> {
        let wallet = self.wallet.as_ref()?;
        Some(Box::pin(async move {
            let executed = match call {
                EpochCall::VotingEnd => wallet.voting_end().await,
                EpochCall::EpochChange => wallet.initiate_epoch_change().await,
            };
            executed
                .map(drop)
                .map_err(|error| ChainError::new(&error, true))
        }))
    }

    fn report_shards(
        &self,
        node_id: ObjectId,
        epoch: Epoch,
    ) -> Option<BoxFuture<'_, Result<(), ChainError>>> {
        let wallet = self.wallet.as_ref()?;
        Some(Box::pin(async move {
            let cap = self.node_cap(wallet, node_id).await?;
            if cap.last_epoch_sync_done >= epoch {
                return Ok(());
            }
            let Err(error) = wallet.epoch_sync_done(cap.id.0, epoch).await else {
                return Ok(());
            };
            // It may be there from an attempt that was given up before its outcome was known.
            let cap = self.node_cap(wallet, node_id).await?;
            if cap.last_epoch_sync_done >= epoch {
                return Ok(());
            }
            Err(ChainError::new(&error, true))
        }))
    }
}

#[derive(Debug)]
struct SuiEvents {
    follower: EventFollower,
}

impl EventSource for SuiEvents {
    fn next(&mut self) -> BoxFuture<'_, Result<Block, ChainError>> {
        Box::pin(async {
            let checkpoint = self.follower.next().await.map_err(|error| {
                let is_retryable = error.is_retryable();
                ChainError::new(&error, is_retryable)
            })?;
            // The place of an event is counted among those of the contracts in its transaction.
            let mut events = Vec::with_capacity(checkpoint.events.len());
            let mut last: Option<(Digest, u64)> = None;
            for verified in checkpoint.events {
                let event_seq = match last {
                    Some((transaction, seq)) if transaction == verified.transaction => seq + 1,
                    _ => 0,
                };
                last = Some((verified.transaction, event_seq));
                let tx_digest = TxDigest(verified.transaction.into_inner());
                let id = EventId {
                    tx_digest,
                    event_seq,
                };
                events.push((id, verified.event));
            }
            Ok(Block {
                checkpoint: checkpoint.sequence,
                time: UnixMillis(checkpoint.timestamp_ms),
                tip: self.follower.tip(),
                events,
                position: self.follower.position().to_bytes(),
            })
        })
    }
}
