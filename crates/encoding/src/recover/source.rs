//! Serving symbols of a sliver (`docs/spec/encoding.md` §9.1).

use floe_core::{
    Axis, DecodingSymbol, GeneralRecoverySymbol, IndexOutOfRange, RecoverySymbol, SliverData,
    SliverIndex, SymbolSize, TaggedDecodingSymbol, VerifiedMetadata,
    merkle::{Digest, MerkleTree, Node},
};
use floe_kernels::{CodeScratch, FusedScratch, Symbols, SymbolsMut};

use crate::{
    redstuff::RedStuff,
    sliver::{FITS, SliverError, check_shape, layout},
};

/// An expanded sliver with its tree, from which symbols for any target are served without further
/// hashing: `n` symbols and about `64 · n` bytes.
#[derive(Debug, Clone)]
pub struct RecoverySource {
    axis: Axis,
    index: SliverIndex,
    n_shards: u16,
    symbol_size: SymbolSize,
    symbols: Vec<u8>,
    tree: MerkleTree,
}

impl RecoverySource {
    /// Expands a sliver of `axis`. That it is the one the metadata commits to is not checked, but
    /// follows if [`root`](Self::root) is its hash there.
    ///
    /// # Errors
    /// [`SliverError`] if the sliver has another shape than those of the blob.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn new(
        codec: &RedStuff,
        metadata: &VerifiedMetadata,
        axis: Axis,
        sliver: &SliverData,
    ) -> Result<Self, SliverError> {
        codec.assert_fits(metadata);
        let symbol_size = metadata.symbol_size();
        check_shape(codec, symbol_size, axis, sliver)?;
        let n_shards = codec.params().n_shards();
        let originals = layout(codec, axis, symbol_size, sliver.data.len());
        let mut symbols = sliver.data.clone();
        symbols.resize(usize::from(n_shards) * symbol_size.as_usize(), 0);
        let (_, recovery) = symbols.split_at_mut(sliver.data.len());
        let recovery_layout = floe_kernels::Layout {
            count: usize::from(n_shards) - originals.count,
            ..originals
        };
        let mut leaves = vec![Digest::default(); n_shards.into()];
        let fused = codec.fused(axis.orthogonal());
        fused
            .encode_and_hash(
                Symbols::new(&sliver.data, originals).expect(FITS),
                Some(SymbolsMut::new(recovery, recovery_layout).expect(FITS)),
                SymbolsMut::digests(&mut leaves, n_shards.into()).expect(FITS),
                &mut FusedScratch::default(),
            )
            .expect(FITS);
        let hasher = codec.hasher();
        let tree = MerkleTree::from_leaf_hashes_with(&leaves, |children, parents| {
            hasher
                .parents(children, parents)
                .expect("two children per parent");
        });
        Ok(Self {
            axis,
            index: sliver.index,
            n_shards,
            symbol_size,
            symbols,
            tree,
        })
    }

    /// The sliver's axis.
    pub const fn axis(&self) -> Axis {
        self.axis
    }

    /// The sliver's index.
    pub const fn index(&self) -> SliverIndex {
        self.index
    }

    /// The sliver's hash.
    pub fn root(&self) -> Node {
        self.tree.root()
    }

    /// Bytes of memory it takes up, for bounding a cache.
    pub const fn memory_bytes(&self) -> usize {
        self.symbols.len() + 2 * self.n_shards as usize * size_of::<Digest>() + size_of::<Self>()
    }

    /// The symbol that helps to recover sliver `target` of the other axis, without proof.
    ///
    /// # Errors
    /// [`IndexOutOfRange`].
    pub fn decoding_symbol(&self, target: SliverIndex) -> Result<DecodingSymbol, IndexOutOfRange> {
        Ok(DecodingSymbol {
            index: self.index,
            data: self.symbol(target)?.to_vec(),
        })
    }

    /// The symbol that helps to recover sliver `target` of the other axis, with its proof.
    ///
    /// # Errors
    /// [`IndexOutOfRange`].
    pub fn recovery_symbol(&self, target: SliverIndex) -> Result<RecoverySymbol, IndexOutOfRange> {
        let symbol = self.decoding_symbol(target)?;
        let proof = self.tree.proof(target.as_usize());
        let proof = proof.expect("the tree has a leaf for every index below n");
        Ok(RecoverySymbol { symbol, proof })
    }

    /// As [`recovery_symbol`](Self::recovery_symbol), naming the target.
    ///
    /// # Errors
    /// [`IndexOutOfRange`].
    pub fn general_symbol(
        &self,
        target: SliverIndex,
    ) -> Result<GeneralRecoverySymbol, IndexOutOfRange> {
        let RecoverySymbol { symbol, proof } = self.recovery_symbol(target)?;
        Ok(GeneralRecoverySymbol {
            symbol: TaggedDecodingSymbol::new(self.axis.orthogonal(), symbol),
            target_index: target,
            proof,
        })
    }

    fn symbol(&self, target: SliverIndex) -> Result<&[u8], IndexOutOfRange> {
        let size = self.symbol_size.as_usize();
        let start = target.as_usize() * size;
        let symbol = self.symbols.get(start..start + size);
        symbol.ok_or_else(|| IndexOutOfRange {
            index: target.get(),
            n_shards: self.n_shards,
        })
    }
}

impl RedStuff {
    /// The symbol of a sliver of `axis` that helps to recover sliver `target` of the other axis,
    /// without proof. Cheaper than a [`RecoverySource`] for one target.
    ///
    /// # Errors
    /// [`SliverError`] if the sliver has another shape than those of the blob, or there is no such
    /// target.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn decoding_symbol(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        sliver: &SliverData,
        target: SliverIndex,
    ) -> Result<DecodingSymbol, SliverError> {
        self.assert_fits(metadata);
        self.params().check_index(target)?;
        let symbol_size = metadata.symbol_size();
        check_shape(self, symbol_size, axis, sliver)?;
        let index = sliver.index;
        if let Some(symbol) = sliver.symbol(target.as_usize()) {
            return Ok(DecodingSymbol {
                index,
                data: symbol.to_vec(),
            });
        }
        let code = self.code(axis.orthogonal());
        let originals = layout(self, axis, symbol_size, sliver.data.len());
        let recovery = floe_kernels::Layout {
            count: code.recovery(),
            ..originals
        };
        let mut symbols = vec![0; code.recovery() * symbol_size.as_usize()];
        code.encode(
            Symbols::new(&sliver.data, originals).expect(FITS),
            SymbolsMut::new(&mut symbols, recovery).expect(FITS),
            &mut CodeScratch::default(),
        )
        .expect(FITS);
        let recovery = Symbols::new(&symbols, recovery).expect(FITS);
        let data = recovery
            .get(0, target.as_usize() - originals.count)
            .to_vec();
        Ok(DecodingSymbol { index, data })
    }
}
