//! Checking symbols (`docs/spec/encoding.md` §9.1, §9.2).

use floe_core::{
    Axis, BlobId, DecodingSymbol, GeneralRecoverySymbol, RecoverySymbol, SliverIndex,
    VerifiedMetadata, merkle::MerkleProof,
};

use super::{
    SymbolError,
    claims::{Claim, check_claims},
};
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
    /// Checks that symbols come from the slivers they name and can be used to recover sliver `index`
    /// of `axis`. Many at once are several times cheaper than one by one. Results are in the order of
    /// the symbols.
    ///
    /// # Errors
    /// [`SymbolError`] for each symbol refused.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn check_recovery_symbols(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        index: SliverIndex,
        symbols: Vec<RecoverySymbol>,
    ) -> Vec<Result<ProvenSymbol, SymbolError>> {
        let claim = |symbol| Claim::of_recovery_symbol(axis, index, symbol);
        let claims: Vec<_> = symbols.iter().map(claim).collect();
        let results = check_claims(self, metadata, &claims);
        let blob_id = *metadata.blob_id();
        let proven = |RecoverySymbol { symbol, proof }| ProvenSymbol {
            blob_id,
            axis,
            index,
            place: symbol.index,
            data: symbol.data,
            proof: Some(proof),
        };
        let results = symbols.into_iter().zip(results);
        results
            .map(|(symbol, result)| result.map(|()| proven(symbol)))
            .collect()
    }

    /// As [`check_recovery_symbols`](Self::check_recovery_symbols), for symbols that name their
    /// targets: each can be used if the wanted sliver is its target or its source.
    ///
    /// # Errors
    /// [`SymbolError`] for each symbol refused.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn check_general_symbols(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        index: SliverIndex,
        symbols: Vec<GeneralRecoverySymbol>,
    ) -> Vec<Result<ProvenSymbol, SymbolError>> {
        let claims: Vec<_> = symbols.iter().map(Claim::of_general_symbol).collect();
        let results = check_claims(self, metadata, &claims);
        let blob_id = *metadata.blob_id();
        let proven = |symbol: GeneralRecoverySymbol| {
            let target = (symbol.target_axis(), symbol.target_index);
            let source = (symbol.proof_axis(), symbol.source_index());
            let RecoverySymbol { symbol, proof } = symbol.into_recovery_symbol();
            let (place, proof) = if target == (axis, index) {
                (source.1, Some(proof))
            } else if source == (axis, index) {
                (target.1, None)
            } else {
                return Err(SymbolError::OtherSliver { axis, index });
            };
            Ok(ProvenSymbol {
                blob_id,
                axis,
                index,
                place,
                data: symbol.data,
                proof,
            })
        };
        let results = symbols.into_iter().zip(results);
        results
            .map(|(symbol, result)| result.and_then(|()| proven(symbol)))
            .collect()
    }
}
