//! The RedStuff code of the Walrus protocol: encoding blobs into slivers, decoding, verification and
//! recovery, bit-identical to the live network (`docs/spec/encoding.md`).
//!
//! [`RedStuff`] is the code for one number of shards; everything starts there. Blobs come from a
//! [`Source`], slivers go to a [`SliverSink`] and are read back through a [`SliverReader`], parallel
//! parts run on the caller's [`Executor`]: no I/O of its own, no async, no global state.

mod decode;
mod encode;
mod executor;
pub mod quilt;
mod recover;
mod redstuff;
mod shape;
mod sink;
mod sliver;
mod source;
mod store;

pub use self::{
    decode::{BlobOutput, Check, DecodeError},
    encode::{EncodeError, Options, Progress, Silent},
    executor::{Executor, Inline},
    recover::{InvalidInconsistencyProof, ProvenSymbol, RecoverError, RecoverySource, SymbolError},
    redstuff::{RedStuff, RedStuffError},
    sink::{SliverReader, SliverSink},
    sliver::{SliverError, SliverVerifier},
    source::{Source, SourceVersion},
    store::{MemorySlivers, ReadSliverError, SpillFile, SpilledSlivers, read_sliver},
};
