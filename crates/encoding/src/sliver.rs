//! Expanding, hashing and verifying single slivers (`docs/spec/encoding.md` §5).

use floe_core::{
    Axis, IndexOutOfRange, SliverData, SliverIndex, SymbolSize, VerifiedMetadata, merkle::Node,
};
use floe_kernels::{Digest, FusedScratch, HashScratch, Layout, Symbols, SymbolsMut};

use crate::redstuff::RedStuff;

/// Why a sliver is refused. Whoever supplied it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SliverError {
    /// There are not so many slivers.
    #[error(transparent)]
    Index(#[from] IndexOutOfRange),
    /// The sliver's length does not fit the blob.
    #[error("expected a {axis} sliver of {expected} bytes, got {got}")]
    Length {
        /// The sliver's axis.
        axis: Axis,
        /// Bytes of the blob's slivers of this axis.
        expected: usize,
        /// Bytes of this one.
        got: usize,
    },
    /// The sliver's symbols have not the size of the blob's.
    #[error("expected symbols of {expected} bytes, got {got}")]
    SymbolSize {
        /// The blob's symbol size.
        expected: SymbolSize,
        /// The sliver's.
        got: SymbolSize,
    },
    /// The sliver has the right shape and the wrong content.
    #[error("the content of {axis} sliver {index} does not match the blob's metadata")]
    HashMismatch {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
    },
}

/// Checks index, length and symbol size of a sliver against those of a blob, in the order of
/// `docs/spec/encoding.md` §5.
pub(crate) fn check_shape(
    codec: &RedStuff,
    symbol_size: SymbolSize,
    axis: Axis,
    sliver: &SliverData,
) -> Result<(), SliverError> {
    codec.params().check_index(sliver.index)?;
    let (expected, got) = (
        codec.params().sliver_bytes(axis, symbol_size),
        sliver.data.len(),
    );
    if got != expected {
        return Err(SliverError::Length {
            axis,
            expected,
            got,
        });
    }
    if sliver.symbol_size != symbol_size {
        let (expected, got) = (symbol_size, sliver.symbol_size);
        return Err(SliverError::SymbolSize { expected, got });
    }
    Ok(())
}

/// Verifies slivers, one after the other, with memory reused between them; one per thread.
#[derive(Debug, Clone)]
pub struct SliverVerifier {
    codec: RedStuff,
    hashing: SliverHasher,
}

impl SliverVerifier {
    /// A verifier of slivers of any blob for this number of shards.
    pub fn new(codec: &RedStuff) -> Self {
        Self {
            codec: codec.clone(),
            hashing: SliverHasher::default(),
        }
    }

    /// Checks that a sliver is the one the metadata commits to.
    ///
    /// # Errors
    /// [`SliverError`] says which of the checks of `docs/spec/encoding.md` §5 failed.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn verify(
        &mut self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        sliver: &SliverData,
    ) -> Result<(), SliverError> {
        self.codec.assert_fits(metadata);
        check_shape(&self.codec, metadata.symbol_size(), axis, sliver)?;
        let expected = metadata.sliver_hash(axis, sliver.index)?;
        if self
            .hashing
            .hash(&self.codec, axis, metadata.symbol_size(), &sliver.data)
            == expected
        {
            Ok(())
        } else {
            let index = sliver.index;
            Err(SliverError::HashMismatch { axis, index })
        }
    }
}

/// Computes sliver hashes; working memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct SliverHasher {
    leaves: Vec<Digest>,
    roots: Vec<Digest>,
    fused: FusedScratch,
    hash: HashScratch,
}

impl SliverHasher {
    /// The hash of a sliver, which is a whole number of symbols long.
    pub(crate) fn hash(
        &mut self,
        codec: &RedStuff,
        axis: Axis,
        symbol_size: SymbolSize,
        sliver: &[u8],
    ) -> Node {
        let roots = self.hash_all(codec, axis, symbol_size, sliver);
        roots.first().copied().map_or(Node::Empty, Node::Digest)
    }

    /// The hashes of slivers that lie one after the other.
    pub(crate) fn hash_all(
        &mut self,
        codec: &RedStuff,
        axis: Axis,
        symbol_size: SymbolSize,
        slivers: &[u8],
    ) -> &[Digest] {
        let layout = layout(codec, axis, symbol_size, slivers.len());
        let n = usize::from(codec.params().n_shards());
        self.leaves.resize(n * layout.words, Digest::default());
        self.roots.resize(layout.words, Digest::default());
        let symbols = Symbols::new(slivers, layout).expect(FITS);
        let digests = SymbolsMut::digests(&mut self.leaves, n).expect(FITS);
        let fused = codec.fused(axis.orthogonal());
        fused
            .encode_and_hash(symbols, None, digests, &mut self.fused)
            .expect(FITS);
        let layout = Layout::contiguous(size_of::<Digest>(), n, layout.words);
        let leaves = Symbols::new(self.leaves.as_flattened(), layout).expect(FITS);
        codec
            .hasher()
            .roots(leaves, &mut self.roots, &mut self.hash)
            .expect(FITS);
        &self.roots
    }
}

/// Slivers of `axis` that lie one after the other in `bytes` bytes.
pub(crate) fn layout(
    codec: &RedStuff,
    axis: Axis,
    symbol_size: SymbolSize,
    bytes: usize,
) -> Layout {
    let symbols = usize::from(codec.params().sliver_symbols(axis));
    let slivers = bytes / codec.params().sliver_bytes(axis, symbol_size);
    Layout::contiguous(symbol_size.as_usize(), symbols, slivers)
}

/// Why views of symbols and digests can't be refused.
pub(crate) const FITS: &str = "lengths were checked and buffers are made to measure";
