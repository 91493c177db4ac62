//! Verifying inconsistency proofs (`docs/spec/encoding.md` §9.3).

use floe_core::{InconsistencyProof, TaggedInconsistencyProof, VerifiedMetadata};

use super::{InvalidInconsistencyProof, RecoverError};
use crate::redstuff::RedStuff;

impl RedStuff {
    /// Checks a proof that a blob is inconsistent.
    ///
    /// # Errors
    /// [`InvalidInconsistencyProof`]; nothing about the blob follows from that.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn verify_inconsistency(
        &self,
        metadata: &VerifiedMetadata,
        proof: &TaggedInconsistencyProof,
    ) -> Result<(), InvalidInconsistencyProof> {
        let axis = proof.target_axis();
        let InconsistencyProof {
            target_index,
            symbols,
        } = proof.proof();
        self.params().check_index(*target_index)?;
        let expected = usize::from(self.params().sliver_symbols(axis));
        if symbols.len() != expected {
            let got = symbols.len();
            return Err(InvalidInconsistencyProof::SymbolCount { expected, got });
        }
        let symbols = symbols.clone();
        let results = self.check_recovery_symbols(metadata, axis, *target_index, symbols);
        let symbols: Vec<_> = (0..)
            .zip(results)
            .map(|(position, result)| {
                result.map_err(|source| InvalidInconsistencyProof::Symbol { position, source })
            })
            .collect::<Result<_, _>>()?;
        match self.recover_sliver(metadata, axis, *target_index, symbols) {
            Ok(_) => Err(InvalidInconsistencyProof::Consistent),
            Err(RecoverError::TooFewSymbols { got, .. }) => {
                Err(InvalidInconsistencyProof::Duplicates { expected, got })
            }
            Err(RecoverError::Index(error)) => Err(error.into()),
            Err(RecoverError::Inconsistent { .. } | RecoverError::WrongSymbols { .. }) => Ok(()),
        }
    }
}
