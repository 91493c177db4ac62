//! HTTP client of a storage node (`docs/spec/node-api.md`).
//!
//! A [`NodeClient`] talks to one node: over TLS to whoever holds the node's network key on chain, or
//! over plain HTTP on loopback. Every answer is limited in size and checked as far as that goes
//! without the code: metadata against its blob id, slivers and symbols against the blob's shape.
//! Whether a sliver's *content* is right is for `floe-encoding` to find out, and whether a
//! confirmation counts for the certificate it goes into.
//!
//! Requests are not retried here; errors say whether that makes sense. They have no deadline but a
//! distant one: whoever wants an answer sooner asks somebody else meanwhile.

mod address;
mod body;
mod client;
mod connect;
mod error;
mod metrics;
mod pool;
mod requests;
mod sliver;
mod tls;

pub use self::{
    address::{AddressError, NodeAddress},
    body::Moved,
    client::{NodeClient, Options, OptionsError, Security},
    error::{InvalidAnswer, NodeError},
    metrics::Metrics,
    sliver::{SliverBodyError, metadata_body, sliver_body},
};
