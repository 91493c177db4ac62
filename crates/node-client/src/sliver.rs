//! Slivers and metadata as bodies, without copying what is large.

use std::io;

use bytes::Bytes;
use floe_core::{
    Axis, CodeParams, IndexOutOfRange, SliverData, SliverIndex, SymbolSize, VerifiedMetadata, wire,
};

use crate::error::InvalidAnswer;

/// Bytes after the symbols: symbol size and index.
const TRAILER_BYTES: usize = 4;
/// Bytes of a length in ULEB128, at most.
const LENGTH_BYTES_MAX: usize = 5;

/// A sliver could not be made a body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SliverBodyError {
    /// There is no such sliver. The caller is at fault.
    #[error(transparent)]
    Index(#[from] IndexOutOfRange),
    /// Its bytes can't be read.
    #[error("read {axis} sliver {index}")]
    Read {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
        /// The cause.
        source: io::Error,
    },
}

/// The body that uploads sliver `index` of `axis`; `read` fills in its symbols.
///
/// # Errors
/// [`SliverBodyError`].
pub fn sliver_body(
    params: CodeParams,
    symbol_size: SymbolSize,
    axis: Axis,
    index: SliverIndex,
    read: impl FnOnce(&mut [u8]) -> io::Result<()>,
) -> Result<Bytes, SliverBodyError> {
    params.check_index(index)?;
    let length = params.sliver_bytes(axis, symbol_size);
    let mut body = Vec::with_capacity(LENGTH_BYTES_MAX + length + TRAILER_BYTES);
    put_length(&mut body, length);
    let start = body.len();
    body.resize(start + length, 0);
    read(body.get_mut(start..).unwrap_or_default()).map_err(|source| SliverBodyError::Read {
        axis,
        index,
        source,
    })?;
    body.extend_from_slice(&symbol_size.get().to_le_bytes());
    body.extend_from_slice(&index.get().to_le_bytes());
    Ok(body.into())
}

/// The body that uploads metadata.
pub fn metadata_body(metadata: &VerifiedMetadata) -> Bytes {
    wire::to_bcs(metadata.metadata()).into()
}

/// Reads a sliver of a certain blob, whose shape it must have.
pub(crate) fn read_sliver(
    mut body: Vec<u8>,
    metadata: &VerifiedMetadata,
    axis: Axis,
    index: SliverIndex,
) -> Result<SliverData, InvalidAnswer> {
    let symbol_size = metadata.symbol_size();
    let length = metadata.params().sliver_bytes(axis, symbol_size);
    let mut prefix = Vec::with_capacity(LENGTH_BYTES_MAX);
    put_length(&mut prefix, length);
    let trailer = body.len().checked_sub(TRAILER_BYTES);
    let [s0, s1] = symbol_size.get().to_le_bytes();
    let [i0, i1] = index.get().to_le_bytes();
    let fits = trailer == Some(prefix.len() + length)
        && body.starts_with(&prefix)
        && body.ends_with(&[s0, s1, i0, i1]);
    if !fits {
        return Err(InvalidAnswer::Other("a sliver of another shape or index"));
    }
    body.truncate(prefix.len() + length);
    body.drain(..prefix.len());
    Ok(SliverData {
        data: body,
        symbol_size,
        index,
    })
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let [low, ..] = length.to_le_bytes();
        length >>= 7;
        if length == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use floe_core::{BlobMetadata, SliverPairHashes, merkle::Node};

    use super::*;

    fn metadata(length: u64) -> VerifiedMetadata {
        let params = CodeParams::for_encoding(7).unwrap();
        let hash = Node::Digest([1; 32]);
        let pair = SliverPairHashes {
            primary_hash: hash,
            secondary_hash: hash,
        };
        VerifiedMetadata::compute(BlobMetadata::new(length, vec![pair; 7]), params).unwrap()
    }

    #[test]
    fn bodies_are_the_bcs_of_slivers() {
        for length in [0, 1, 100, 5000, 100_000] {
            let metadata = metadata(length);
            for axis in Axis::BOTH {
                let size = metadata.symbol_size();
                let bytes = metadata.params().sliver_bytes(axis, size);
                let sliver = SliverData {
                    data: (0..bytes).map(|i| i.to_le_bytes()[0]).collect(),
                    symbol_size: size,
                    index: SliverIndex(3),
                };
                let body = sliver_body(metadata.params(), size, axis, sliver.index, |buffer| {
                    buffer.copy_from_slice(&sliver.data);
                    Ok(())
                });
                let body = body.unwrap().to_vec();
                assert_eq!(body, wire::to_bcs(&sliver));
                let read = read_sliver(body.clone(), &metadata, axis, sliver.index).unwrap();
                assert_eq!(read, sliver);
                let wrong = |body: Vec<u8>| {
                    assert!(read_sliver(body, &metadata, axis, sliver.index).is_err());
                };
                wrong(Vec::new());
                wrong(body[..body.len() - 1].to_vec());
                wrong([&body[..], &[0]].concat());
                assert!(read_sliver(body, &metadata, axis, SliverIndex(4)).is_err());
            }
        }
    }

    #[test]
    fn a_sliver_that_cannot_be_read_says_so() {
        let metadata = metadata(10);
        let (params, size) = (metadata.params(), metadata.symbol_size());
        let failing = |_: &mut [u8]| Err(io::ErrorKind::UnexpectedEof.into());
        let error = sliver_body(params, size, Axis::Primary, SliverIndex(2), failing).unwrap_err();
        assert_eq!(error.to_string(), "read primary sliver 2");
        let error = sliver_body(params, size, Axis::Primary, SliverIndex(7), |_| Ok(()));
        assert!(matches!(error, Err(SliverBodyError::Index(_))));
    }
}
