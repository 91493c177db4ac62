//! An embedded Sui full node: it runs a ledger and serves it.
//!
//! Transactions come in through a [`Handle`], are ordered by a [`Sequencer`], executed by
//! `floe-ledger` on an overlay over the store, made durable, and only then acknowledged. What has
//! been made durable can be seen through a [`Reader`], a consistent snapshot, and followed through a
//! [`Subscription`], checkpoint by checkpoint.

mod engine;
mod error;
mod executed;
mod faucet;
pub mod genesis;
mod handle;
mod metrics;
mod reader;
pub mod rpc;
mod sequencer;
mod server;
mod service;
mod store;
mod subscription;

pub use self::{
    error::{ReadError, StartError, SubmitError},
    executed::{CheckpointRecord, EpochRecord, Executed},
    faucet::{CoinSent, Faucet, FaucetError, FaucetOptions},
    handle::{Handle, NodeLimits},
    metrics::Metrics,
    reader::{
        Balance, BalanceCursor, ChangedObject, OwnedCursor, OwnerKey, Page, Reader, TypeFilter,
    },
    sequencer::{Block, Blocks, Sequencer, Solo, SoloOptions},
    server::{Peer, Server, ServerLimits, router},
    service::{FirstCheckpoint, Options, Service},
    subscription::{CheckpointData, Subscription},
};
