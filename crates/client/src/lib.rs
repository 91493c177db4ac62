//! The client of a network: stores and reads blobs, parts of blobs, and quilts.
//!
//! A [`Client`] is made of an [`Env`](floe_env::Env), the [`Contracts`](floe_contracts::Contracts) of
//! a network and a [`ClientConfig`]. What changes the chain takes a
//! [`Wallet`](floe_contracts::Wallet) besides. Which node gets or is asked for what is decided by
//! `floe-protocol`; here is what acts on it.
//!
//! Everything read is verified: metadata against the blob id, slivers against the metadata. Memory is
//! bounded by the configuration, not by the blob. A future that is dropped stops what it does; what
//! was registered can be taken up again by storing the same blob.

mod client;
mod compute;
mod config;
mod drive;
mod error;
mod health;
mod info;
mod nodes;
mod progress;
mod quilt;
mod read;
mod status;
mod store;
#[cfg(test)]
mod testing;

pub use self::{
    client::Client,
    config::{ClientConfig, NodeScheme},
    error::{BrokenNode, ClientError},
    health::{NodeHealth, NodeHealthOutcome},
    info::{BlobObject, StorageObject},
    progress::{NoProgress, Phase, Progress},
    quilt::{QuiltContent, QuiltPatch, StoredPatch},
    read::{BlobStream, OpenBlob},
    status::StatusReport,
    store::{
        BlobInput, BlobStoreResult, Cost, Expiry, Persistence, PostStore, ResourceOperation,
        StoreOptions,
    },
};
pub use floe_encoding::Check;
