//! What the chain says about blobs (`docs/spec/node.md` §1.3).

mod info;
mod rows;
mod status;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use info::Unmatched;
pub use info::{BlobCounts, BlobInfo};
pub(crate) use info::{Change, Part, Term};
pub use rows::{ObjectInfo, PoolLifetime, PooledObject};
pub use status::{BlobStatus, PermanentStatus};
