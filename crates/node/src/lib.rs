//! A storage node: holds the slivers of its shards, confirms what it holds, and heals what it missed.
//!
//! - [`Node::build`] opens the [store](floe_storage) and makes a [`Service`], which runs until it is
//!   told to stop, and a [`Handle`] to look at it from outside.
//! - Clients and peers come over HTTP (`docs/spec/node-api.md`). A confirmation is signed only when
//!   metadata and both slivers of every owned shard are durable.
//! - The chain comes as blocks of verified events ([`EventSource`]). Each block changes the store in
//!   one transaction, together with the place where the next one is.
//! - Certified blobs of which something is missing are recovered by symbols from other nodes, never
//!   by decoding the blob. What recovers is noted in the store, and goes on after a restart.
//!
//! Nothing in here knows the ledger: the chain is behind [`Chain`], in production [`SuiChain`].

mod answers;
mod cache;
mod chain;
mod config;
mod epochs;
mod error;
mod events;
mod health;
mod http;
mod keys;
mod maintenance;
mod metrics;
mod notices;
mod recovery;
mod room;
mod seldom;
mod service;
mod shards;
mod shared;
mod tls;

pub use self::{
    chain::{
        Block, Chain, ChainError, EpochCall, EpochStep, EventSource, Members, NetworkView, Peer,
        SuiChain,
    },
    config::{
        ConfigError, Limits, NodeConfig, Options, RecoveryOptions, RegistrationTerms, Transport,
    },
    error::{BuildError, ServiceError},
    keys::{Keys, KeysError},
    metrics::Metrics,
    service::{Handle, Node, Service},
};
pub use floe_storage::{CreateError, OpenError};
