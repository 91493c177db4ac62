//! Groups of eight messages out of any layout of symbols, and back to digests.

use super::{
    BLOCK_BYTES, DIGEST_BYTES, Digest, Group, LANES, LEAF_PREFIX, LaneKernel, NODE_PREFIX,
    Progress, portable,
};
use crate::{
    dispatch::Proof,
    layout::{Layout, Offsets},
    prefetch::Ahead,
    symbols::{Symbols, SymbolsMut},
};

/// Why a hashing call was refused. The caller is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// There is not exactly one digest per message.
    #[error("expected room for {expected} digests, got {got}")]
    DigestCount {
        /// Messages to hash.
        expected: usize,
        /// Digests in the output.
        got: usize,
    },
    /// Digests are not laid out like the symbols they belong to.
    #[error("expected {count} digests of 32 bytes for each of {words} codewords, got {got:?}")]
    DigestLayout {
        /// Symbols per codeword.
        count: usize,
        /// Codewords.
        words: usize,
        /// Layout of the digests.
        got: Layout,
    },
    /// Resumable states were made for another number of messages.
    #[error("states of {expected} messages were fed {got}")]
    MessageCount {
        /// Messages the states were made for.
        expected: usize,
        /// Messages given.
        got: usize,
    },
    /// Only the last piece of a resumed message may have any length.
    #[error("{got} bytes are not a multiple of 128")]
    PieceLength {
        /// Length of the piece.
        got: usize,
    },
    /// Merkle leaves are digests, hence 32 bytes long.
    #[error("tree nodes are 32 bytes, got {got}")]
    NodeLength {
        /// Length of the symbols given as nodes.
        got: usize,
    },
}

impl HashError {
    /// Whether `digests` has one digest per symbol of `symbols`.
    pub(crate) const fn check_digests(symbols: &Layout, digests: &Layout) -> Result<(), Self> {
        let Layout { count, words, .. } = *symbols;
        if digests.symbol_bytes == DIGEST_BYTES && digests.count == count && digests.words == words
        {
            return Ok(());
        }
        Err(Self::DigestLayout {
            count,
            words,
            got: *digests,
        })
    }

    const fn check_count(expected: usize, got: usize) -> Result<(), Self> {
        if got == expected {
            Ok(())
        } else {
            Err(Self::DigestCount { expected, got })
        }
    }
}

/// Hashes Merkle leaves and inner nodes, many at a time (`docs/spec/encoding.md` §4).
#[derive(Clone, Copy, Debug)]
pub struct Hasher {
    proof: Proof,
}

impl Hasher {
    pub(crate) const fn new(proof: Proof) -> Self {
        Self { proof }
    }

    fn kernel(&self) -> &dyn LaneKernel {
        match &self.proof {
            Proof::Portable => &portable::Portable,
            #[cfg(target_arch = "x86_64")]
            Proof::Avx2(kernel) => kernel,
            #[cfg(target_arch = "x86_64")]
            Proof::Avx512(kernel) => kernel,
        }
    }

    /// `B2(00 ‖ symbol)` of every symbol, laid out as `digests` says: as many per codeword and as
    /// many codewords, 32 bytes each.
    ///
    /// # Errors
    /// [`HashError::DigestLayout`].
    pub fn leaves(
        &self,
        symbols: Symbols<'_>,
        mut digests: SymbolsMut<'_>,
    ) -> Result<(), HashError> {
        HashError::check_digests(symbols.layout(), digests.layout())?;
        let mut places = digests.layout().offsets();
        self.hash_all(
            LEAF_PREFIX,
            symbols.layout().symbols(),
            symbols.iter(),
            |digest| {
                write_digest(&mut digests, &mut places, digest);
            },
        );
        Ok(())
    }

    /// `parents[i] = B2(01 ‖ level[2i] ‖ level[2i + 1])`; an odd level is padded with 32 zero bytes.
    ///
    /// # Errors
    /// [`HashError::DigestCount`] unless there is one parent per pair.
    pub fn parents(&self, level: &[Digest], parents: &mut [Digest]) -> Result<(), HashError> {
        HashError::check_count(level.len().div_ceil(2), parents.len())?;
        let (pairs, single) = level.as_chunks::<2>();
        let padded = single.first().map(|&left| [left, [0; DIGEST_BYTES]]);
        self.hash_pairs(pairs.iter().chain(&padded), parents);
        Ok(())
    }

    /// The roots of as many Merkle trees as `leaves` has codewords, over the leaf digests (symbols of
    /// 32 bytes) of each. Inner nodes of all trees are hashed side by side, so many small trees are as
    /// cheap per node as few large ones. A tree without leaves has 32 zero bytes as its root.
    ///
    /// # Errors
    /// [`HashError::NodeLength`], [`HashError::DigestCount`] unless there is one root per tree.
    pub fn roots(
        &self,
        leaves: Symbols<'_>,
        roots: &mut [Digest],
        scratch: &mut HashScratch,
    ) -> Result<(), HashError> {
        let Layout {
            symbol_bytes,
            count,
            words: trees,
            ..
        } = *leaves.layout();
        if symbol_bytes != DIGEST_BYTES {
            return Err(HashError::NodeLength { got: symbol_bytes });
        }
        HashError::check_count(trees, roots.len())?;
        if count == 0 {
            roots.fill([0; DIGEST_BYTES]);
            return Ok(());
        }
        let HashScratch { nodes, parents } = scratch;
        let mut level = Level {
            width: count,
            trees,
        };
        nodes.resize(level.nodes(), [0; DIGEST_BYTES]);
        let mut places = level.offsets();
        for leaf in leaves.iter() {
            write_node(nodes, &mut places, leaf);
        }
        level.pad(nodes);
        while level.width > 1 {
            let pairs = nodes
                .as_chunks::<2>()
                .0
                .iter()
                .map(|pair| pair.as_flattened());
            level.width = level.width.div_ceil(2);
            parents.resize(level.nodes(), [0; DIGEST_BYTES]);
            let mut places = level.offsets();
            self.hash_all(NODE_PREFIX, level.width * trees, pairs, |digest| {
                write_node(parents, &mut places, digest);
            });
            level.pad(parents);
            std::mem::swap(nodes, parents);
        }
        roots.copy_from_slice(nodes);
        Ok(())
    }

    /// Starts `states` over as the states of `messages` leaves of which nothing is hashed yet.
    pub fn start(&self, states: &mut LeafStates, messages: usize) {
        states.groups.clear();
        states
            .groups
            .resize(messages.div_ceil(LANES), Group::new(LEAF_PREFIX));
        states.messages = messages;
        states.compressed = 0;
        states.ahead = Ahead::Nothing;
    }

    /// Takes in the next bytes of every leaf, a multiple of 128; leaf `word * count + index` is
    /// symbol `index` of codeword `word`.
    ///
    /// # Errors
    /// [`HashError::MessageCount`], [`HashError::PieceLength`].
    pub fn absorb(&self, states: &mut LeafStates, pieces: Symbols<'_>) -> Result<(), HashError> {
        let bytes = pieces.layout().symbol_bytes;
        states.check(&pieces)?;
        if !bytes.is_multiple_of(BLOCK_BYTES) {
            return Err(HashError::PieceLength { got: bytes });
        }
        let mut pieces = pieces.iter();
        for group in &mut states.groups {
            let lanes = next_lanes(&mut pieces);
            lanes
                .iter()
                .for_each(|piece| states.ahead.fetch_behind(piece));
            self.kernel()
                .update(group, &lanes, states.compressed, Progress::Continues);
        }
        states.compressed = states.compressed.wrapping_add(bytes as u64);
        Ok(())
    }

    /// Takes in the last bytes of every leaf, as many as there are left, and writes the digests, laid
    /// out as for [`leaves`](Self::leaves). The states must be started over after that.
    ///
    /// # Errors
    /// [`HashError::MessageCount`], [`HashError::DigestLayout`].
    pub fn finish(
        &self,
        states: &mut LeafStates,
        pieces: Symbols<'_>,
        mut digests: SymbolsMut<'_>,
    ) -> Result<(), HashError> {
        states.check(&pieces)?;
        HashError::check_digests(pieces.layout(), digests.layout())?;
        let mut places = digests.layout().offsets();
        let mut remaining = states.messages;
        let mut pieces = pieces.iter();
        for group in &mut states.groups {
            let lanes = next_lanes(&mut pieces);
            lanes
                .iter()
                .for_each(|piece| states.ahead.fetch_behind(piece));
            self.kernel()
                .update(group, &lanes, states.compressed, Progress::Ends);
            let hashed = self.kernel().digests(group);
            for digest in hashed.iter().take(remaining) {
                write_digest(&mut digests, &mut places, digest);
            }
            remaining = remaining.saturating_sub(LANES);
        }
        Ok(())
    }

    fn hash_pairs<'a>(&self, pairs: impl Iterator<Item = &'a [Digest; 2]>, parents: &mut [Digest]) {
        let mut slots = parents.iter_mut();
        let count = slots.len();
        self.hash_all(
            NODE_PREFIX,
            count,
            pairs.map(|pair| pair.as_flattened()),
            |digest| {
                if let Some(slot) = slots.next() {
                    *slot = *digest;
                }
            },
        );
    }

    /// Hashes `count` equally long messages.
    #[inline]
    fn hash_all<'a>(
        &self,
        prefix: u8,
        count: usize,
        mut messages: impl Iterator<Item = &'a [u8]>,
        mut write: impl FnMut(&Digest),
    ) {
        let start = Group::new(prefix);
        let mut remaining = count;
        while remaining > 0 {
            let mut group = start;
            self.kernel()
                .update(&mut group, &next_lanes(&mut messages), 0, Progress::Ends);
            let hashed = self.kernel().digests(&group);
            hashed.iter().take(remaining).for_each(&mut write);
            remaining = remaining.saturating_sub(LANES);
        }
    }
}

/// The next eight messages; those missing at the end are replaced by the first, whose digest is then
/// computed more often than it is used.
#[inline]
fn next_lanes<'a>(messages: &mut impl Iterator<Item = &'a [u8]>) -> [&'a [u8]; LANES] {
    let first = messages.next().unwrap_or_default();
    let mut lanes = [first; LANES];
    for lane in lanes.iter_mut().skip(1) {
        let Some(message) = messages.next() else {
            break;
        };
        *lane = message;
    }
    lanes
}

#[inline]
fn write_digest(digests: &mut SymbolsMut<'_>, places: &mut Offsets, digest: &Digest) {
    if let Some(place) = places.next() {
        digests
            .bytes_mut(place, DIGEST_BYTES)
            .copy_from_slice(digest);
    }
}

#[inline]
fn write_node(nodes: &mut [Digest], places: &mut Offsets, digest: &[u8]) {
    let node = places.next().and_then(|place| nodes.get_mut(place));
    if let (Some(node), Some(digest)) = (node, digest.first_chunk()) {
        *node = *digest;
    }
}

/// A level of several Merkle trees, one after the other; all but the roots are padded to an even
/// number of nodes.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Nodes of one tree, without padding.
    width: usize,
    trees: usize,
}

impl Level {
    const fn stride(self) -> usize {
        if self.width == 1 {
            1
        } else {
            self.width.next_multiple_of(2)
        }
    }

    const fn nodes(self) -> usize {
        self.trees * self.stride()
    }

    /// Places of all nodes but padding.
    const fn offsets(self) -> Offsets {
        let Self {
            width: count,
            trees: words,
        } = self;
        let word_stride = self.stride();
        Layout {
            symbol_bytes: 1,
            count,
            index_stride: 1,
            words,
            word_stride,
        }
        .offsets()
    }

    fn pad(self, nodes: &mut [Digest]) {
        if self.stride() > self.width {
            for tree in nodes.chunks_exact_mut(self.stride()) {
                tree.iter_mut()
                    .skip(self.width)
                    .for_each(|node| *node = [0; DIGEST_BYTES]);
            }
        }
    }
}

/// Leaves that are being hashed piece by piece: 72 bytes each, reused from one
/// [`Hasher::start`] to the next.
#[derive(Clone, Debug, Default)]
pub struct LeafStates {
    groups: Vec<Group>,
    messages: usize,
    compressed: u64,
    /// What follows each piece in memory and is going to be used soon.
    pub(crate) ahead: Ahead,
}

impl LeafStates {
    const fn check(&self, pieces: &Symbols<'_>) -> Result<(), HashError> {
        let got = pieces.layout().symbols();
        if got == self.messages {
            return Ok(());
        }
        Err(HashError::MessageCount {
            expected: self.messages,
            got,
        })
    }
}

/// Working memory of [`Hasher::roots`], reused between calls.
#[derive(Clone, Debug, Default)]
pub struct HashScratch {
    nodes: Vec<Digest>,
    parents: Vec<Digest>,
}
