//! Bringing a blob to a committee (`docs/spec/client.md` §2, steps 7 and 8).
//!
//! Every node gets the metadata, then the slivers of its shards, and is then asked to confirm. Nodes
//! are independent of each other: each is retried with growing pauses, and a slow one holds up
//! nobody. Once the confirmations weigh enough the certificate is there; the other nodes are served
//! for a bounded time after that.
//!
//! A node that has the metadata already is asked to confirm right away, and if slivers are missing,
//! which: that is how an upload is resumed.
//!
//! Bytes in flight are bounded for all nodes together, and each has its share, so that silent nodes
//! can't use it up. Where the shares are smaller than a sliver, a transfer that shows no sign of life
//! gives way to others that wait, and is tried again with more patience.

mod machine;
mod node;
mod options;

pub use self::{
    machine::{Upload, UploadAction, UploadPhase},
    node::Uploaded,
    options::{UploadError, UploadOptions},
};
