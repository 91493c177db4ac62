//! Encoding and leaf hashing in one go.
//!
//! An expanded sliver is needed twice: some of it as sliver data, all of it as Merkle leaves
//! (`docs/spec/encoding.md` §5). At 5 KB a symbol a column of 1000 is larger than the caches, so
//! encoding it whole and hashing it then reads it from memory again. Here a tile of a few codewords
//! goes through in pieces of a few hundred byte positions: each is encoded and hashed while it is in
//! cache, and between pieces only the hash states stay.

use crate::{
    blake2b::{HashError, Hasher, LeafStates},
    layout::{Layout, LayoutError},
    prefetch::Ahead,
    rs::{CodeScratch, ReedSolomon, ShapeError},
    symbols::{Symbols, SymbolsMut},
};

/// Byte positions that go through at a time: a multiple of the blocks of BLAKE2b (128) and of the
/// code (64).
const PIECE_BYTES: usize = 256;
/// Pieces of a tile, originals and recovery symbols, fill at most this much of a second-level cache.
const TILE_BYTES: usize = 256 << 10;
const _: () = assert!(PIECE_BYTES.is_multiple_of(128));

/// Why codewords could not be encoded and hashed. The caller is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FusedError {
    /// Originals and recovery symbols do not fit the code.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Leaf digests do not fit the code.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A piece of a view could not be cut.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Working memory of a [`FusedEncoder`], reused between calls; up to about a MiB.
#[derive(Clone, Debug, Default)]
pub struct FusedScratch {
    states: CodewordStates,
    pieces: PieceScratch,
}

#[derive(Clone, Debug, Default)]
struct PieceScratch {
    code: CodeScratch,
    symbols: Vec<u8>,
}

/// Leaf hashes of codewords that go through a [`FusedEncoder`] piece by piece: 72 bytes a symbol, reused
/// from one [`FusedEncoder::start`] to the next.
#[derive(Clone, Debug, Default)]
pub struct CodewordStates {
    originals: LeafStates,
    recovery: LeafStates,
}

/// Expands codewords and hashes all their symbols as Merkle leaves.
#[derive(Clone, Debug)]
pub struct FusedEncoder {
    code: ReedSolomon,
    hasher: Hasher,
}

impl FusedEncoder {
    /// An encoder of `code` that hashes with `hasher`.
    #[must_use]
    pub const fn new(code: ReedSolomon, hasher: Hasher) -> Self {
        Self { code, hasher }
    }

    /// The code of the codewords.
    #[must_use]
    pub const fn code(&self) -> &ReedSolomon {
        &self.code
    }

    /// Computes the recovery symbols of every codeword and the leaf digests of all its symbols.
    ///
    /// `originals` has `k` symbols per codeword, `leaves` `k + r` of 32 bytes, and `recovery` `r`, or
    /// is `None` if nobody wants to see them. Symbol lengths (even) and numbers of codewords agree.
    ///
    /// # Errors
    /// [`FusedError`] if the views do not fit.
    pub fn encode_and_hash(
        &self,
        originals: Symbols<'_>,
        mut recovery: Option<SymbolsMut<'_>>,
        mut leaves: SymbolsMut<'_>,
        scratch: &mut FusedScratch,
    ) -> Result<(), FusedError> {
        let Layout {
            symbol_bytes,
            words,
            ..
        } = *originals.layout();
        self.check(&originals, recovery.as_ref(), &leaves)?;
        let step = self.words_per_tile(symbol_bytes);
        for start in (0..words).step_by(step) {
            let tile = start..words.min(start + step);
            self.tile(
                originals.words(tile.clone())?,
                recovery
                    .as_mut()
                    .map(|view| view.reborrow().words(tile.clone()))
                    .transpose()?,
                leaves.reborrow().words(tile.clone())?,
                scratch,
            )?;
        }
        Ok(())
    }

    fn check(
        &self,
        originals: &Symbols<'_>,
        recovery: Option<&SymbolsMut<'_>>,
        leaves: &SymbolsMut<'_>,
    ) -> Result<(), FusedError> {
        self.code
            .check(originals.layout(), recovery.map(SymbolsMut::layout))?;
        let symbols = self.code.originals() + self.code.recovery();
        let hashed = Layout {
            count: symbols,
            ..*originals.layout()
        };
        Ok(HashError::check_digests(&hashed, leaves.layout())?)
    }

    /// As many codewords as have pieces in [`TILE_BYTES`].
    const fn words_per_tile(&self, symbol_bytes: usize) -> usize {
        let piece = if symbol_bytes < PIECE_BYTES {
            symbol_bytes
        } else {
            PIECE_BYTES
        };
        let symbols = self.code.originals() + self.code.recovery();
        let words = TILE_BYTES / (symbols * piece + 1);
        if words > 0 { words } else { 1 }
    }

    fn tile(
        &self,
        originals: Symbols<'_>,
        recovery: Option<SymbolsMut<'_>>,
        leaves: SymbolsMut<'_>,
        scratch: &mut FusedScratch,
    ) -> Result<(), FusedError> {
        let FusedScratch { states, pieces } = scratch;
        self.start(states, originals.layout().words);
        self.go_on(states, originals, recovery, Some(leaves), pieces)
    }

    /// Starts `states` over as those of so many codewords of which nothing is hashed yet.
    pub fn start(&self, states: &mut CodewordStates, words: usize) {
        let CodewordStates {
            originals,
            recovery,
        } = states;
        self.hasher.start(originals, self.code.originals() * words);
        self.hasher.start(recovery, self.code.recovery() * words);
    }

    /// Computes the recovery symbols to the next bytes of all originals, a multiple of 128, and takes
    /// both into the leaf hashes. Nobody gets to see recovery symbols.
    ///
    /// # Errors
    /// [`FusedError`] if the pieces do not fit.
    pub fn absorb(
        &self,
        states: &mut CodewordStates,
        originals: Symbols<'_>,
        scratch: &mut FusedScratch,
    ) -> Result<(), FusedError> {
        self.code.check(originals.layout(), None)?;
        self.go_on(states, originals, None, None, &mut scratch.pieces)
    }

    /// The same with the last bytes of all originals, as many as there are left; writes the leaf
    /// digests, laid out as for [`encode_and_hash`](Self::encode_and_hash). The states must be started
    /// over after that.
    ///
    /// # Errors
    /// [`FusedError`] if the pieces or the digests do not fit.
    pub fn finish(
        &self,
        states: &mut CodewordStates,
        originals: Symbols<'_>,
        leaves: SymbolsMut<'_>,
        scratch: &mut FusedScratch,
    ) -> Result<(), FusedError> {
        self.check(&originals, None, &leaves)?;
        self.go_on(states, originals, None, Some(leaves), &mut scratch.pieces)
    }

    /// Lets the next bytes of codewords through; the last ones if there are `leaves`.
    fn go_on(
        &self,
        states: &mut CodewordStates,
        originals: Symbols<'_>,
        mut recovery: Option<SymbolsMut<'_>>,
        mut leaves: Option<SymbolsMut<'_>>,
        scratch: &mut PieceScratch,
    ) -> Result<(), FusedError> {
        let length = originals.layout().symbol_bytes;
        states.originals.ahead = Ahead::Read(PIECE_BYTES);
        if recovery.is_some() {
            states.recovery.ahead = Ahead::Write(PIECE_BYTES);
        }
        let mut start = 0;
        loop {
            let end = length.min(start + PIECE_BYTES);
            let piece = originals.positions(start..end)?;
            let view = recovery.as_mut().map(SymbolsMut::reborrow);
            let view = view.map(|view| view.positions(start..end)).transpose()?;
            let expanded = self.expand(piece, view, scratch)?;
            let CodewordStates {
                originals: states,
                recovery: recovery_states,
            } = states;
            match &mut leaves {
                Some(leaves) if end == length => {
                    let k = self.code.originals();
                    let digests = leaves.reborrow().indices(0..k)?;
                    self.hasher.finish(states, piece, digests)?;
                    let digests = leaves.reborrow().indices(k..k + self.code.recovery())?;
                    self.hasher.finish(recovery_states, expanded, digests)?;
                }
                _ => {
                    self.hasher.absorb(states, piece)?;
                    self.hasher.absorb(recovery_states, expanded)?;
                }
            }
            if end == length {
                return Ok(());
            }
            start = end;
        }
    }

    /// The recovery symbols of a piece, in `view` or in memory that is going to be reused.
    fn expand<'a>(
        &self,
        piece: Symbols<'_>,
        view: Option<SymbolsMut<'a>>,
        scratch: &'a mut PieceScratch,
    ) -> Result<Symbols<'a>, FusedError> {
        let PieceScratch { code, symbols } = scratch;
        let Layout {
            symbol_bytes,
            words,
            ..
        } = *piece.layout();
        let mut recovery = match view {
            Some(view) => view,
            None if self.code.fits_rows(piece.layout()) => {
                return Ok(self.code.encode_in_rows(piece, code)?);
            }
            None => {
                let layout = Layout::contiguous(symbol_bytes, self.code.recovery(), words);
                symbols.resize(symbols.len().max(layout.symbols() * symbol_bytes), 0);
                SymbolsMut::new(symbols, layout)?
            }
        };
        self.code.encode(piece, recovery.reborrow(), code)?;
        Ok(recovery.into_symbols())
    }
}
