//! Quilts, version 1: several small blobs, *patches*, in one blob (`docs/spec/encoding.md` §12).
//!
//! Every patch takes whole columns of the matrix, so the secondary slivers of these columns hold it
//! without any decoding; the first columns hold an index of names, tags and end columns.
//!
//! To pack, [`Quilt::build`] lays patches out; the result is a [`Source`](crate::Source) to encode,
//! and memory is needed for names and tags only. To unpack, [`read_index`] and
//! [`PatchReader`] take [`Columns`] from a whole quilt ([`QuiltBlob`]) or from secondary slivers
//! ([`SliverColumns`]); who fetches columns one by one finds out which by [`IndexPrefix`].
//!
//! All that is read is untrusted: it gives typed errors, and takes memory in proportion to the bytes
//! there are, not to those announced. Patches that lie about their columns can't reach others'
//! columns, but names are chosen by whoever packed: they are no safe file names.

mod build;
mod columns;
mod geometry;
mod identifier;
mod index;
mod patch;
#[cfg(test)]
mod tests;

pub use self::{
    build::{BuildError, Patch, Quilt},
    columns::{
        ColumnLength, Columns, PatchReader, QuiltBlob, ReadError, SliverColumns, read_index,
    },
    geometry::{Geometry, NotQuiltSized},
    identifier::{IdentifierError, PatchIdentifier, Tags},
    index::{IndexError, IndexPrefix, IndexedPatch, QuiltIndex},
    patch::{PatchError, PatchHeader, PatchPart},
};

/// The version of quilts, patches and patch ids described here.
const QUILT_VERSION: u8 = 1;
