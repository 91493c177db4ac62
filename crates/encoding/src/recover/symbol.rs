//! Checking symbols (`docs/spec/encoding.md` §9.1, §9.2).

use floe_core::{
    Axis, BlobId, DecodingSymbol, GeneralRecoverySymbol, RecoverySymbol, SliverIndex,
    VerifiedMetadata, merkle::MerkleProof,
};

use super::SymbolError;
use crate::redstuff::RedStuff;

/// A symbol of a certain blob that is known to be what it claims, for recovering a certain sliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenSymbol {
    blob_id: BlobId,
    axis: Axis,
    index: SliverIndex,
    /// Where it belongs in the codeword of the sliver to be recovered.
    place: SliverIndex,
    data: Vec<u8>,
    /// The proof, if it is one in the tree of a sliver on the other axis.
    proof: Option<MerkleProof>,
}

impl ProvenSymbol {
    /// The sliver it helps to recover.
    pub const fn target(&self) -> (Axis, SliverIndex) {
        (self.axis, self.index)
    }

    /// The symbol's place in the codeword of that sliver: the index of the sliver that crosses it.
    pub const fn place(&self) -> SliverIndex {
        self.place
    }

    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    pub(super) const fn is_from_source(&self) -> bool {
        self.proof.is_some()
    }

    pub(super) fn fits(&self, metadata: &VerifiedMetadata) -> bool {
        self.blob_id == *metadata.blob_id()
    }

    pub(super) fn into_recovery_symbol(self) -> Option<RecoverySymbol> {
        Some(RecoverySymbol {
            symbol: DecodingSymbol {
                index: self.place,
                data: self.data,
            },
            proof: self.proof?,
        })
    }
}

impl RedStuff {
    /// Checks that a symbol comes from the sliver it names and can be used to recover sliver `index`
    /// of `axis`.
    ///
    /// # Errors
    /// [`SymbolError`].
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn check_recovery_symbol(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        index: SliverIndex,
        symbol: RecoverySymbol,
    ) -> Result<ProvenSymbol, SymbolError> {
        let RecoverySymbol {
            symbol: DecodingSymbol { index: place, data },
            proof,
        } = symbol;
        self.check_proof(metadata, axis.orthogonal(), place, index, &data, &proof)?;
        let blob_id = *metadata.blob_id();
        Ok(ProvenSymbol {
            blob_id,
            axis,
            index,
            place,
            data,
            proof: Some(proof),
        })
    }

    /// Checks that a symbol that names its target comes from the sliver it names and can be used to
    /// recover sliver `index` of `axis`, be it as its target or as its source.
    ///
    /// # Errors
    /// [`SymbolError`].
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn check_general_symbol(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        index: SliverIndex,
        symbol: GeneralRecoverySymbol,
    ) -> Result<ProvenSymbol, SymbolError> {
        let (target_axis, target_index) = (symbol.target_axis(), symbol.target_index);
        if (target_axis, target_index) == (axis, index) {
            let symbol = symbol.into_recovery_symbol();
            return self.check_recovery_symbol(metadata, axis, index, symbol);
        }
        if (symbol.proof_axis(), symbol.source_index()) != (axis, index) {
            return Err(SymbolError::OtherSliver { axis, index });
        }
        let RecoverySymbol { symbol, proof } = symbol.into_recovery_symbol();
        self.check_proof(metadata, axis, index, target_index, &symbol.data, &proof)?;
        Ok(ProvenSymbol {
            blob_id: *metadata.blob_id(),
            axis,
            index,
            place: target_index,
            data: symbol.data,
            proof: None,
        })
    }

    /// Checks that `data` is leaf `leaf` of sliver `source` of `source_axis`.
    fn check_proof(
        &self,
        metadata: &VerifiedMetadata,
        source_axis: Axis,
        source: SliverIndex,
        leaf: SliverIndex,
        data: &[u8],
        proof: &MerkleProof,
    ) -> Result<(), SymbolError> {
        self.assert_fits(metadata);
        self.params().check_index(leaf)?;
        let root = metadata.sliver_hash(source_axis, source)?;
        let (expected, got) = (metadata.symbol_size().as_usize(), data.len());
        if got != expected {
            return Err(SymbolError::Length { expected, got });
        }
        let n_leaves = self.params().n_shards().into();
        proof
            .verify(&root, data, leaf.as_usize(), n_leaves)
            .map_err(|error| SymbolError::Proof {
                axis: source_axis,
                index: source,
                source: error,
            })
    }
}
