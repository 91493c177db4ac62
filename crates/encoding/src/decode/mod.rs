//! Decoding: from enough slivers of one axis to the blob (`docs/spec/encoding.md` §8).
//!
//! All codewords of a blob miss the same symbols, so one decoder serves them. Primary slivers are
//! decoded in groups of columns, secondary ones in tiles of rows; what is read and restored at a time
//! fits the memory budget. Slivers that hold source symbols are copied.
//!
//! Decoding authenticates nothing. Slivers must have been verified before
//! ([`SliverVerifier`](crate::SliverVerifier)); a [`Check`] afterwards tells whether the *blob* is
//! consistent.

mod check;
mod error;
mod lines;
mod memory;

pub use error::DecodeError;

use std::{fmt, io};

use floe_core::{Axis, SliverData, SliverIndex, VerifiedMetadata};

use crate::{
    encode::Options, redstuff::RedStuff, shape::Shape, sink::SliverReader, sliver::check_shape,
    source::Source,
};
use lines::Lines;
use memory::{GivenSlivers, MemoryOutput};

/// How to find out whether the writer of the blob committed to a codeword
/// (`docs/spec/encoding.md` §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// Not at all: other slivers of the blob may decode to other bytes.
    Skip,
    /// Compare the hashes of the primary slivers that hold the blob with the metadata, save those
    /// that were decoded from.
    #[default]
    Default,
    /// Encode the blob again and compare its id.
    Strict,
}

/// Where a decoded blob goes. Has the blob's length from the start; what was written can be read
/// back as from any [`Source`].
pub trait BlobOutput: Source {
    /// Takes the bytes of the blob from byte `offset` on; each byte comes once, in no particular
    /// order and from any thread of the executor.
    ///
    /// # Errors
    /// Whatever kept the bytes from being taken; it ends the decoding.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

impl RedStuff {
    /// Decodes a blob from slivers of one axis, in memory.
    ///
    /// Uses the first `k1` primary or `k2` secondary slivers that have the blob's shape and different
    /// indices; others are passed over.
    ///
    /// # Errors
    /// [`DecodeError`].
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn decode(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        slivers: &[SliverData],
        check: Check,
        options: &Options<'_>,
    ) -> Result<Vec<u8>, DecodeError> {
        self.assert_fits(metadata);
        let shape = Shape::new(self.params(), metadata.symbol_size());
        let mut given = GivenSlivers::new(axis, shape.n);
        let mut indices = Vec::new();
        for sliver in slivers {
            let fits = check_shape(self, metadata.symbol_size(), axis, sliver).is_ok();
            if fits && indices.len() < shape.systematic(axis) && given.add(sliver) {
                indices.push(sliver.index);
            }
        }
        check_count(&shape, axis, indices.len())?;
        let length = usize::try_from(metadata.unencoded_length());
        let output = MemoryOutput::new(length.expect("the slivers are in memory, and larger"));
        self.decode_to(metadata, axis, &indices, &given, &output, check, options)?;
        Ok(output.into_blob())
    }

    /// Decodes a blob from slivers of one axis, read from `slivers` as they are needed, to `output`.
    ///
    /// Uses the first `k1` primary or `k2` secondary slivers of `indices` that differ. After an error
    /// the output holds any part of the blob, or an inconsistent one.
    ///
    /// # Errors
    /// [`DecodeError`].
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    #[expect(
        clippy::too_many_arguments,
        reason = "what, from where, to where, and how"
    )]
    pub fn decode_to(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        indices: &[SliverIndex],
        slivers: &dyn SliverReader,
        output: &dyn BlobOutput,
        check: Check,
        options: &Options<'_>,
    ) -> Result<(), DecodeError> {
        self.assert_fits(metadata);
        let shape = Shape::new(self.params(), metadata.symbol_size());
        let needed = shape.systematic(axis);
        let mut given = Vec::with_capacity(needed);
        let mut seen = vec![false; shape.n];
        for index in indices {
            self.params().check_index(*index)?;
            let seen = seen
                .get_mut(index.as_usize())
                .expect("the index was checked");
            if given.len() < needed && !std::mem::replace(seen, true) {
                given.push(*index);
            }
        }
        check_count(&shape, axis, given.len())?;
        let job = Job {
            codec: self,
            shape,
            metadata,
            axis,
            given: &given,
            slivers,
            output,
            options,
        };
        Lines::new(job)?.decode()?;
        match check {
            Check::Skip => Ok(()),
            Check::Default => check::systematic_slivers(&job),
            Check::Strict => check::blob_id(&job),
        }
    }
}

fn check_count(shape: &Shape, axis: Axis, got: usize) -> Result<(), DecodeError> {
    let needed = shape.systematic(axis);
    if got < needed {
        return Err(DecodeError::TooFewSlivers { axis, needed, got });
    }
    Ok(())
}

/// What all parts of one decoding share.
#[derive(Clone, Copy)]
struct Job<'a> {
    codec: &'a RedStuff,
    shape: Shape,
    metadata: &'a VerifiedMetadata,
    axis: Axis,
    /// As many different slivers as are needed.
    given: &'a [SliverIndex],
    slivers: &'a dyn SliverReader,
    output: &'a dyn BlobOutput,
    options: &'a Options<'a>,
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("blob_id", self.metadata.blob_id())
            .field("axis", &self.axis)
            .finish_non_exhaustive()
    }
}

impl Job<'_> {
    /// Writes bytes of the padded blob, without the padding.
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DecodeError> {
        let room = self.metadata.unencoded_length().saturating_sub(offset);
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        match bytes.get(..room) {
            None | Some([]) => Ok(()),
            Some(bytes) => {
                let written = self.output.write_at(offset, bytes);
                written.map_err(|source| DecodeError::Output { offset, source })
            }
        }
    }

    fn read(
        &self,
        index: SliverIndex,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), DecodeError> {
        let axis = self.axis;
        let read = self.slivers.read(axis, index, offset, buffer);
        read.map_err(|source| DecodeError::Sliver {
            axis,
            index,
            source,
        })
    }
}
