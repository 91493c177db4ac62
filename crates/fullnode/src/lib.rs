//! An embedded Sui full node: it runs a ledger and serves it.
//!
//! Transactions come in through a [`Handle`], are ordered by a [`Sequencer`], executed by
//! `floe-ledger` on an overlay over the store, made durable, and only then acknowledged. What has
//! been made durable can be seen through a [`Reader`], a consistent snapshot, and followed through a
//! [`Subscription`], checkpoint by checkpoint.

mod engine;
mod error;
mod executed;
mod handle;
mod reader;
pub mod rpc;
mod sequencer;
mod service;
mod store;
mod subscription;

pub use self::{
    error::{ReadError, StartError, SubmitError},
    executed::{CheckpointRecord, EpochRecord, Executed},
    handle::{Handle, NodeLimits},
    reader::{
        Balance, BalanceCursor, ChangedObject, OwnedCursor, OwnerKey, Page, Reader, TypeFilter,
    },
    sequencer::{Block, Blocks, Sequencer, Solo, SoloOptions},
    service::{Options, Service},
    subscription::{CheckpointData, Subscription},
};
