//! Checking what symbols claim to be (`docs/spec/encoding.md` §9.1): all proofs side by side, level by
//! level, so that hashes share the lanes of vector registers.

use floe_core::{
    Axis, GeneralRecoverySymbol, RecoverySymbol, SliverIndex, SymbolSize, VerifiedMetadata,
    merkle::{Digest, MerkleProof, Node, max_path_len},
};
use floe_kernels::{Hasher, Layout, Symbols, SymbolsMut};

use super::SymbolError;
use crate::{redstuff::RedStuff, sliver::FITS};

/// Symbols that are hashed at a time fill about so much of a cache.
const TOGETHER_BYTES: usize = 128 << 10;
/// Fewer at a time would leave vector lanes idle.
const LANES: usize = 8;

/// What is to be checked of a symbol: that it is a leaf of a sliver's tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    axis: Axis,
    source: SliverIndex,
    leaf: SliverIndex,
    data: &'a [u8],
    proof: &'a MerkleProof,
}

impl<'a> Claim<'a> {
    /// Of a symbol that is to help sliver `target` of `axis`.
    pub(super) const fn of_recovery_symbol(
        axis: Axis,
        target: SliverIndex,
        RecoverySymbol { symbol, proof }: &'a RecoverySymbol,
    ) -> Self {
        Self {
            axis: axis.orthogonal(),
            source: symbol.index,
            leaf: target,
            data: symbol.data.as_slice(),
            proof,
        }
    }

    /// Of a symbol that names its target.
    pub(super) fn of_general_symbol(symbol: &'a GeneralRecoverySymbol) -> Self {
        Self {
            axis: symbol.proof_axis(),
            source: symbol.source_index(),
            leaf: symbol.target_index,
            data: &symbol.symbol.symbol().data,
            proof: &symbol.proof,
        }
    }

    /// The root of the source sliver's tree, if indices and length are possible.
    fn root(&self, codec: &RedStuff, metadata: &VerifiedMetadata) -> Result<Node, SymbolError> {
        codec.params().check_index(self.leaf)?;
        let root = metadata.sliver_hash(self.axis, self.source)?;
        let (expected, got) = (metadata.symbol_size().as_usize(), self.data.len());
        if got == expected {
            Ok(root)
        } else {
            Err(SymbolError::Length { expected, got })
        }
    }

    /// Whether the proof has the length to lead from the leaf to the root of a tree of `n_leaves`.
    fn reaches_root(&self, n_leaves: usize) -> bool {
        let length = self.proof.path().len();
        length <= max_path_len(n_leaves) && self.leaf.as_usize() >> length == 0
    }
}

/// Checks claims side by side.
pub(super) fn check_claims(
    codec: &RedStuff,
    metadata: &VerifiedMetadata,
    claims: &[Claim<'_>],
) -> Vec<Result<(), SymbolError>> {
    codec.assert_fits(metadata);
    let n_leaves = usize::from(codec.params().n_shards());
    let roots: Vec<_> = claims
        .iter()
        .map(|claim| claim.root(codec, metadata))
        .collect();
    let sound: Vec<_> = claims
        .iter()
        .zip(&roots)
        .filter(|(claim, root)| root.is_ok() && claim.reaches_root(n_leaves))
        .map(|(claim, _)| *claim)
        .collect();
    let mut computed = climb(codec.hasher(), &sound, metadata.symbol_size()).into_iter();
    let check = |(claim, root): (&Claim<'_>, Result<Node, SymbolError>)| {
        let root = root?;
        if claim.reaches_root(n_leaves) && computed.next().map(Node::Digest) == Some(root) {
            return Ok(());
        }
        // Once more, slowly, to say what is wrong.
        let leaf = claim.leaf.as_usize();
        let result = claim.proof.verify(&root, claim.data, leaf, n_leaves);
        result.map_err(|source| {
            let (axis, index) = (claim.axis, claim.source);
            SymbolError::Proof {
                axis,
                index,
                source,
            }
        })
    };
    claims.iter().zip(roots).map(check).collect()
}

/// The roots that the symbols' proofs lead to.
fn climb(hasher: Hasher, claims: &[Claim<'_>], symbol_size: SymbolSize) -> Vec<Digest> {
    let mut hashes = leaves(hasher, claims, symbol_size);
    let (mut pairs, mut parents) = (Vec::new(), Vec::new());
    for height in 0.. {
        pairs.clear();
        for (claim, hash) in claims.iter().zip(&hashes) {
            if let Some(sibling) = claim.proof.path().get(height) {
                let is_left = claim.leaf.as_usize() >> height & 1 == 0;
                let sibling = sibling.bytes();
                pairs.extend(if is_left {
                    [*hash, sibling]
                } else {
                    [sibling, *hash]
                });
            }
        }
        if pairs.is_empty() {
            break;
        }
        parents.resize(pairs.len() / 2, Digest::default());
        hasher.parents(&pairs, &mut parents).expect(FITS);
        let mut parents = parents.iter();
        for (claim, hash) in claims.iter().zip(&mut hashes) {
            if claim.proof.path().len() > height
                && let Some(parent) = parents.next()
            {
                *hash = *parent;
            }
        }
    }
    hashes
}

/// The leaf hashes of the symbols, which are brought together in a buffer that stays in the cache.
fn leaves(hasher: Hasher, claims: &[Claim<'_>], symbol_size: SymbolSize) -> Vec<Digest> {
    let symbol_bytes = symbol_size.as_usize();
    let together = (TOGETHER_BYTES / symbol_bytes).max(LANES);
    let mut hashes = vec![Digest::default(); claims.len()];
    let mut data = Vec::with_capacity(together.min(claims.len()) * symbol_bytes);
    for (claims, hashes) in claims.chunks(together).zip(hashes.chunks_mut(together)) {
        data.clear();
        for claim in claims {
            data.extend_from_slice(claim.data);
        }
        let layout = Layout::contiguous(symbol_bytes, claims.len(), 1);
        let symbols = Symbols::new(&data, layout).expect(FITS);
        let digests = SymbolsMut::digests(hashes, claims.len()).expect(FITS);
        hasher.leaves(symbols, digests).expect(FITS);
    }
    hashes
}
