//! Finding the parts of a blob (`docs/spec/client.md` §4.2–§4.4).
//!
//! Requests go to as few nodes as would do if all were well. One that shows no sign of life for a
//! while, or takes far longer than others did, is overdue: a substitute is sent to another node, and
//! the silent one is not asked again before it says something. Nothing is given up as long as
//! something may still come: while a silent node is waited for, those that failed are asked again.

mod error;
mod metadata;
mod nodes;
mod range;
mod recovery;
mod slivers;

pub use self::{
    error::{FetchError, FetchOptions},
    metadata::MetadataFetch,
    range::{RangeAction, RangeError, RangeFetch},
    recovery::{Recovery, RecoveryAction, RecoveryError, SymbolRequest},
    slivers::{SliverFetch, SliverRequest},
};
