//! A storage node's database: slivers, metadata, what the chain says about blobs, and how far the
//! node has followed it.
//!
//! Model. Slivers and metadata ("records") are written once, with their checksums, at the end of a
//! *segment* file; an *index* in an embedded database says where each one lies, and holds all that
//! is small. Writers that come together share one sync of the segment ([`Store::put`]). The index
//! itself is made durable now and then only ([`Store::checkpoint`]): after a power cut, segments are
//! read on from where the durable index ends, and the chain's events are applied again from its
//! cursor, which is part of the same transaction as what they changed.
//!
//! What holds after a power cut at any point: a record whose `put` was acknowledged is there and
//! readable unless its blob was deleted; blob info is that of exactly the events before the cursor.
//!
//! What a failure does: a record that fails its checksum is dropped from the index and reported
//! ([`StoreError::Corrupt`]), so that it can be recovered from other nodes; a segment that is missing,
//! or shorter than the index says, costs the records it had beyond its end, counted when the store is
//! opened ([`OpenReport::lost`]), and is not written to any more; a sync that fails poisons the store,
//! which then refuses to write; a disk about to fill up is reported before it is full
//! ([`StoreError::NearlyFull`]); a folder without its marker is never taken for a new store
//! ([`OpenError::NotAStore`]).
//!
//! All calls but [`Store::put`] block on the disk: async code makes them on
//! [`Lane::Io`](floe_env::Lane::Io).
//!
//! | file | content |
//! |---|---|
//! | `FLOE-STORE` | the marker: version, the store's random id, whose it is |
//! | `index.redb` | the index, and its version |
//! | `segments/00000001.seg` … | records, see [`segment`](self#segments) |
//!
//! # Segments
//!
//! | offset | bytes | content of the header |
//! |---|---|---|
//! | 0 | 8 | magic `FLOESEGM` |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | number of the segment |
//! | 16 | 16 | id of the store |
//! | 32 | 8 | XXH3-64 of the above |
//!
//! | offset | bytes | content of a record |
//! |---|---|---|
//! | 0 | 4 | magic `REC1` |
//! | 4 | 1 | kind: 0 metadata, 1 primary sliver, 2 secondary sliver |
//! | 5 | 1 | zero |
//! | 6 | 2 | shard; zero for metadata |
//! | 8 | 32 | blob id |
//! | 40 | 4 | length of the payload |
//! | 44 | 4 | zero |
//! | 48 | 8 | XXH3-64 of the payload |
//! | 56 | 8 | XXH3-64 of bytes 0–55, seeded with the place (store, segment, offset) |
//! | 64 | … | payload |
//!
//! Numbers are little-endian. Keys of the index are big-endian, so that blobs are in the order of
//! their ids.

mod blobs;
mod compact;
mod create;
mod error;
mod gate;
mod index;
mod key;
mod marker;
mod open;
mod segment;
mod state;
mod store;
mod transaction;
mod unreadable;
mod writer;

pub use blobs::{
    BlobCounts, BlobInfo, BlobStatus, ObjectInfo, PermanentStatus, PoolLifetime, PooledObject,
};
pub use compact::{CompactionReport, SegmentUse};
pub use create::{create, put_aside};
pub use error::{CreateError, OpenError, StoreError};
pub use key::{RecordKey, RecordKind};
pub use open::OpenReport;
pub use state::{Cursor, NodeState, ShardState, Shards};
pub use store::{Options, Store, Usage};
pub use transaction::{Effect, Transaction};
pub use writer::{Put, Record};
