//! What can go wrong while recovering.

use floe_core::{Axis, IndexOutOfRange, SliverIndex, TaggedInconsistencyProof, merkle::ProofError};

/// Why a symbol is refused. Whoever sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// There are not so many slivers.
    #[error(transparent)]
    Index(#[from] IndexOutOfRange),
    /// The symbol has not the size of the blob's.
    #[error("expected a symbol of {expected} bytes, got {got}")]
    Length {
        /// The blob's symbol size.
        expected: usize,
        /// The symbol's length.
        got: usize,
    },
    /// The symbol belongs to neither codeword of the sliver wanted.
    #[error("the symbol is not part of {axis} sliver {index}")]
    OtherSliver {
        /// The wanted sliver's axis.
        axis: Axis,
        /// The wanted sliver's index.
        index: SliverIndex,
    },
    /// The symbol is not the one its source sliver has there.
    #[error("the symbol is not proven to come from {axis} sliver {index}: {source}")]
    Proof {
        /// The source sliver's axis.
        axis: Axis,
        /// The source sliver's index.
        index: SliverIndex,
        /// What is wrong with the proof.
        source: ProofError,
    },
}

/// Why a sliver was not recovered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// There is no such sliver. The caller is at fault.
    #[error(transparent)]
    Index(#[from] IndexOutOfRange),
    /// Too few different symbols are there.
    #[error("expected {needed} different symbols for a {axis} sliver, got {got}")]
    TooFewSymbols {
        /// The sliver's axis.
        axis: Axis,
        /// Symbols that recovery takes.
        needed: usize,
        /// Usable ones that were given.
        got: usize,
    },
    /// Symbols without proofs decode to a sliver that does not match the metadata. Either one who sent
    /// them or the blob's writer is at fault.
    #[error("the symbols do not decode to {axis} sliver {index}")]
    WrongSymbols {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
    },
    /// The blob is inconsistent: proven symbols decode to a sliver that does not match the metadata.
    /// Its writer is at fault.
    #[error("inconsistent blob: its symbols do not decode to {axis} sliver {index}")]
    Inconsistent {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
        /// The proof for others, if all symbols used are proven by their source slivers.
        proof: Option<Box<TaggedInconsistencyProof>>,
    },
}

/// Why an inconsistency proof is refused. Whoever sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInconsistencyProof {
    /// There is no such target sliver.
    #[error(transparent)]
    Index(#[from] IndexOutOfRange),
    /// There are not exactly as many symbols as recovery takes.
    #[error("expected {expected} symbols, got {got}")]
    SymbolCount {
        /// Symbols that recovery takes.
        expected: usize,
        /// Symbols in the proof.
        got: usize,
    },
    /// A symbol is refused.
    #[error("symbol {position} of the proof: {source}")]
    Symbol {
        /// Its position in the proof.
        position: usize,
        /// Why.
        source: SymbolError,
    },
    /// Two symbols come from the same sliver.
    #[error("only {got} of {expected} symbols come from different slivers")]
    Duplicates {
        /// Symbols that recovery takes.
        expected: usize,
        /// Different ones among those in the proof.
        got: usize,
    },
    /// The symbols decode to the very sliver the metadata commits to.
    #[error("the symbols are consistent with the blob's metadata")]
    Consistent,
}
