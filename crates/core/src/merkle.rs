//! Merkle trees over BLAKE2b-256 (`docs/spec/encoding.md` §4).
//!
//! ```text
//! leaf(x)     = BLAKE2b-256(00 ‖ x)
//! inner(l, r) = BLAKE2b-256(01 ‖ l ‖ r)
//! ```
//!
//! A level with an odd number of nodes (other than the root's) gets one *empty* node, 32 zero bytes
//! inside [`inner_hash`]; nothing is padded to a power of two. An empty node and a digest of zeros
//! hash alike but are not equal and differ in BCS.
//!
//! Whoever hashes a lot of levels passes its own function for a batch of neighbours;
//! [`hash_pairs`] is the portable one.

use blake2b_simd::many::{HashManyJob, hash_many};
use serde::{Deserialize, Serialize};

use crate::{hash, wire};

/// A BLAKE2b-256 digest. An alias and not a newtype so that hash kernels, which know nothing of
/// Merkle trees, can fill slices of them.
pub type Digest = [u8; 32];

/// What an empty node contributes to the hash of its parent.
pub const EMPTY: Digest = [0; 32];

/// A node of the tree. BCS is `00` for empty, `01 ‖ 32 bytes` for a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Node {
    /// Padding of an odd level, or the root of a tree without leaves.
    Empty,
    /// A hash of a leaf or of two nodes.
    Digest(Digest),
}

impl Node {
    /// The bytes by which the node enters its parent's hash.
    pub const fn bytes(&self) -> Digest {
        match self {
            Self::Empty => EMPTY,
            Self::Digest(digest) => *digest,
        }
    }
}

impl From<Digest> for Node {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

/// The hash of a leaf's data.
pub fn leaf_hash(data: &[u8]) -> Digest {
    hash::blake2b256(&[&[0], data])
}

/// The hash of an inner node.
pub fn inner_hash(left: &Digest, right: &Digest) -> Digest {
    hash::blake2b256(&[&[1], left, right])
}

/// Hashes neighbours: `parents[i] = inner_hash(children[2i], children[2i + 1])`.
///
/// # Panics
/// Unless there are twice as many children as parents.
pub fn hash_pairs(children: &[Digest], parents: &mut [Digest]) {
    const LANES: usize = 8;
    let (pairs, odd) = children.as_chunks::<2>();
    assert!(
        odd.is_empty() && pairs.len() == parents.len(),
        "two children per parent"
    );
    let params = hash::params();
    for (pairs, parents) in pairs.chunks(LANES).zip(parents.chunks_mut(LANES)) {
        let mut inputs = [[1_u8; 65]; LANES];
        for (input, [left, right]) in inputs.iter_mut().zip(pairs) {
            let (first, second) = input.split_at_mut(33);
            if let Some((_tag, first)) = first.split_first_mut() {
                first.copy_from_slice(left);
            }
            second.copy_from_slice(right);
        }
        let mut jobs = inputs
            .each_ref()
            .map(|input| HashManyJob::new(&params, input));
        hash_many(jobs.iter_mut().take(pairs.len()));
        for (parent, job) in parents.iter_mut().zip(&jobs) {
            *parent = hash::to_array(&job.to_hash());
        }
    }
}

/// The root of the tree over leaves with these hashes, without keeping the tree.
pub fn root(leaves: &[Digest]) -> Node {
    root_with(leaves, &mut Vec::new(), hash_pairs)
}

/// As [`root`], with a reusable buffer and a function that does what [`hash_pairs`] does.
pub fn root_with(
    leaves: &[Digest],
    scratch: &mut Vec<Digest>,
    hash_pairs: impl FnMut(&[Digest], &mut [Digest]),
) -> Node {
    if let [] | [_] = leaves {
        return leaves.first().copied().map_or(Node::Empty, Node::Digest);
    }
    scratch.clear();
    scratch.resize(inner_nodes(leaves.len()), EMPTY);
    hash_levels(leaves, scratch, hash_pairs);
    scratch.last().copied().map_or(Node::Empty, Node::Digest)
}

/// A tree with all its nodes, for making proofs.
#[derive(Debug, Clone)]
pub struct MerkleTree {
    /// The levels one after the other, leaves first, root last, without padding.
    nodes: Vec<Digest>,
    n_leaves: usize,
}

impl MerkleTree {
    /// The tree over leaves with this data.
    pub fn from_leaves<T: AsRef<[u8]>>(leaves: impl IntoIterator<Item = T>) -> Self {
        let leaves: Vec<_> = leaves
            .into_iter()
            .map(|leaf| leaf_hash(leaf.as_ref()))
            .collect();
        Self::from_leaf_hashes(&leaves)
    }

    /// The tree over leaves with these hashes.
    pub fn from_leaf_hashes(leaves: &[Digest]) -> Self {
        Self::from_leaf_hashes_with(leaves, hash_pairs)
    }

    /// As [`from_leaf_hashes`](Self::from_leaf_hashes), with a function that does what
    /// [`hash_pairs`] does.
    pub fn from_leaf_hashes_with(
        leaves: &[Digest],
        hash_pairs: impl FnMut(&[Digest], &mut [Digest]),
    ) -> Self {
        let mut nodes = vec![EMPTY; leaves.len() + inner_nodes(leaves.len())];
        let (level, above) = nodes.split_at_mut(leaves.len());
        level.copy_from_slice(leaves);
        hash_levels(level, above, hash_pairs);
        Self {
            nodes,
            n_leaves: leaves.len(),
        }
    }

    /// The number of leaves.
    pub const fn n_leaves(&self) -> usize {
        self.n_leaves
    }

    /// The root: empty without leaves, the leaf's hash with one.
    pub fn root(&self) -> Node {
        self.nodes.last().copied().map_or(Node::Empty, Node::Digest)
    }

    /// The proof for leaf `index`, or `None` if there is no such leaf.
    pub fn proof(&self, index: usize) -> Option<MerkleProof> {
        if index >= self.n_leaves {
            return None;
        }
        let mut path = Vec::with_capacity(max_path_len(self.n_leaves));
        let (mut rest, mut len, mut index) = (self.nodes.as_slice(), self.n_leaves, index);
        while len > 1 {
            let (level, above) = rest.split_at_checked(len)?;
            path.push(
                level
                    .get(index ^ 1)
                    .copied()
                    .map_or(Node::Empty, Node::Digest),
            );
            (rest, len, index) = (above, len.div_ceil(2), index / 2);
        }
        Some(MerkleProof { path })
    }
}

/// The siblings of a leaf and its ancestors, from the leaf's level up.
///
/// Neither the leaf's index nor the number of leaves is part of it; the verifier must know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerkleProof {
    #[serde(deserialize_with = "wire::vec_at_most::<_, _, 64>")]
    path: Vec<Node>,
}

/// Why a proof does not hold. The peer that sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The path is longer than the tree is high.
    #[error("expected a path of at most {max} nodes, got {got}")]
    PathTooLong {
        /// Levels below the root.
        max: usize,
        /// Nodes in the path.
        got: usize,
    },
    /// The path is too short to lead from this leaf to the root.
    #[error("a path of {path_len} nodes does not reach leaf {index}")]
    PathTooShort {
        /// Nodes in the path.
        path_len: usize,
        /// The leaf's index.
        index: usize,
    },
    /// Leaf and path hash to another root.
    #[error("the leaf's path leads to another root")]
    RootMismatch,
}

impl MerkleProof {
    /// A proof with this path.
    pub const fn new(path: Vec<Node>) -> Self {
        Self { path }
    }

    /// The siblings, from the leaves up.
    pub fn path(&self) -> &[Node] {
        &self.path
    }

    /// Checks that leaf `index` of a tree with `n_leaves` leaves and this root has this data.
    ///
    /// # Errors
    /// [`ProofError`] says which of the checks of `docs/spec/encoding.md` §4 failed.
    pub fn verify(
        &self,
        root: &Node,
        data: &[u8],
        index: usize,
        n_leaves: usize,
    ) -> Result<(), ProofError> {
        self.verify_leaf_hash(root, leaf_hash(data), index, n_leaves)
    }

    /// As [`verify`](Self::verify), for a leaf with this hash.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_leaf_hash(
        &self,
        root: &Node,
        leaf: Digest,
        index: usize,
        n_leaves: usize,
    ) -> Result<(), ProofError> {
        let (max, path_len) = (max_path_len(n_leaves), self.path.len());
        if path_len > max {
            return Err(ProofError::PathTooLong { max, got: path_len });
        }
        let (mut hash, mut position) = (leaf, index);
        for sibling in &self.path {
            hash = if position.is_multiple_of(2) {
                inner_hash(&hash, &sibling.bytes())
            } else {
                inner_hash(&sibling.bytes(), &hash)
            };
            position /= 2;
        }
        if position != 0 {
            return Err(ProofError::PathTooShort { path_len, index });
        }
        if *root == Node::Digest(hash) {
            Ok(())
        } else {
            Err(ProofError::RootMismatch)
        }
    }
}

/// Levels below the root of a tree: `⌈log2 n_leaves⌉`.
pub fn max_path_len(n_leaves: usize) -> usize {
    let bits = usize::BITS - n_leaves.saturating_sub(1).leading_zeros();
    bits.try_into().expect("at most 64")
}

/// Fills `above` with the levels above `level`, lowest first.
fn hash_levels<'a>(
    mut level: &'a [Digest],
    mut above: &'a mut [Digest],
    mut hash_pairs: impl FnMut(&[Digest], &mut [Digest]),
) {
    while level.len() > 1 {
        let (parents, rest) = above.split_at_mut(level.len().div_ceil(2));
        let (full, padded) = parents.split_at_mut(level.len() / 2);
        let (pairs, odd) = level.split_at(full.len() * 2);
        hash_pairs(pairs, full);
        if let ([left], [parent]) = (odd, padded) {
            *parent = inner_hash(left, &EMPTY);
        }
        (level, above) = (parents, rest);
    }
}

/// Nodes above the leaves, without padding.
fn inner_nodes(n_leaves: usize) -> usize {
    let levels = std::iter::successors(Some(n_leaves), |len| (*len > 1).then(|| len.div_ceil(2)));
    levels.skip(1).sum()
}

#[cfg(test)]
mod tests;
