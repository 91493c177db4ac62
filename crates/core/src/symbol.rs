//! Symbols that recover slivers, and proofs of inconsistent blobs (`docs/spec/encoding.md` §9).
//!
//! In all of them an axis is the axis *of the sliver to be recovered*, and `index` is that of the
//! *source* sliver, which lies on the other axis. These are data; taking symbols from slivers,
//! checking them and recovering slivers is `floe-encoding`'s.

use serde::{Deserialize, Serialize};

use crate::{Axis, SliverIndex, SymbolId, merkle::MerkleProof, wire};

/// A symbol without proof. BCS is the index, then the data as a byte string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodingSymbol {
    /// Index of the source sliver, and of the symbol in the codeword it helps to decode.
    pub index: SliverIndex,
    /// The symbol.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// A symbol tagged with the axis of the slivers it helps to decode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaggedDecodingSymbol {
    /// Decodes a primary sliver; taken from a secondary one.
    Primary(DecodingSymbol),
    /// Decodes a secondary sliver; taken from a primary one.
    Secondary(DecodingSymbol),
}

impl TaggedDecodingSymbol {
    /// Tags a symbol with the axis of the slivers it helps to decode.
    pub const fn new(target_axis: Axis, symbol: DecodingSymbol) -> Self {
        match target_axis {
            Axis::Primary => Self::Primary(symbol),
            Axis::Secondary => Self::Secondary(symbol),
        }
    }

    /// The axis of the slivers the symbol helps to decode.
    pub const fn target_axis(&self) -> Axis {
        match self {
            Self::Primary(_) => Axis::Primary,
            Self::Secondary(_) => Axis::Secondary,
        }
    }

    /// The symbol without its tag.
    pub const fn symbol(&self) -> &DecodingSymbol {
        match self {
            Self::Primary(symbol) | Self::Secondary(symbol) => symbol,
        }
    }

    /// The symbol without its tag.
    pub fn into_symbol(self) -> DecodingSymbol {
        match self {
            Self::Primary(symbol) | Self::Secondary(symbol) => symbol,
        }
    }
}

/// A symbol with the proof that it is part of its source sliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverySymbol {
    /// The symbol.
    pub symbol: DecodingSymbol,
    /// Proof in the tree of the source sliver, at the leaf of the target sliver's index.
    pub proof: MerkleProof,
}

/// A [`RecoverySymbol`] tagged with the axis of the sliver it helps to recover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaggedRecoverySymbol {
    /// Recovers a primary sliver.
    Primary(RecoverySymbol),
    /// Recovers a secondary sliver.
    Secondary(RecoverySymbol),
}

/// A symbol that names its target, so that it can serve the slivers on both its axes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneralRecoverySymbol {
    /// The symbol, with the axis of its target.
    pub symbol: TaggedDecodingSymbol,
    /// Index of the target sliver, and of the symbol's leaf in the tree of the source sliver.
    pub target_index: SliverIndex,
    /// Proof in the tree of the source sliver.
    pub proof: MerkleProof,
}

impl GeneralRecoverySymbol {
    /// The axis of the target sliver.
    pub const fn target_axis(&self) -> Axis {
        self.symbol.target_axis()
    }

    /// The axis of the source sliver, over which the proof is made.
    pub const fn proof_axis(&self) -> Axis {
        self.target_axis().orthogonal()
    }

    /// The index of the source sliver.
    pub const fn source_index(&self) -> SliverIndex {
        self.symbol.symbol().index
    }

    /// The matrix cell the symbol comes from.
    pub const fn id(&self) -> SymbolId {
        SymbolId::crossing(self.target_axis(), self.target_index, self.source_index())
    }

    /// The symbol as one for its target, dropping the target's name.
    pub fn into_recovery_symbol(self) -> RecoverySymbol {
        RecoverySymbol {
            symbol: self.symbol.into_symbol(),
            proof: self.proof,
        }
    }
}

/// Evidence that a blob's slivers are no codeword: symbols proven to belong to their source slivers
/// decode to a sliver with another hash than the metadata's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InconsistencyProof {
    /// Index of the sliver that can't be recovered; its axis is known from elsewhere.
    pub target_index: SliverIndex,
    /// Exactly as many symbols as recovery takes.
    #[serde(deserialize_with = "wire::vec_at_most::<_, _, { u16::MAX as usize }>")]
    pub symbols: Vec<RecoverySymbol>,
}

/// An [`InconsistencyProof`] tagged with the axis of its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaggedInconsistencyProof {
    /// A primary sliver can't be recovered.
    Primary(InconsistencyProof),
    /// A secondary sliver can't be recovered.
    Secondary(InconsistencyProof),
}

impl TaggedInconsistencyProof {
    /// The axis of the sliver that can't be recovered.
    pub const fn target_axis(&self) -> Axis {
        match self {
            Self::Primary(_) => Axis::Primary,
            Self::Secondary(_) => Axis::Secondary,
        }
    }

    /// The proof without its tag.
    pub const fn proof(&self) -> &InconsistencyProof {
        match self {
            Self::Primary(proof) | Self::Secondary(proof) => proof,
        }
    }
}
