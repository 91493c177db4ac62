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
    code: CodeScratch,
    originals: LeafStates,
    recovery: LeafStates,
    symbols: Vec<u8>,
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
        mut recovery: Option<SymbolsMut<'_>>,
        mut leaves: SymbolsMut<'_>,
        scratch: &mut FusedScratch,
    ) -> Result<(), FusedError> {
        let (k, r) = (self.code.originals(), self.code.recovery());
        let Layout {
            symbol_bytes,
            words,
            ..
        } = *originals.layout();
        self.hasher.start(&mut scratch.originals, k * words);
        self.hasher.start(&mut scratch.recovery, r * words);
        scratch.originals.ahead = Ahead::Read(PIECE_BYTES);
        if recovery.is_some() {
            scratch.recovery.ahead = Ahead::Write(PIECE_BYTES);
        }
        let FusedScratch {
            code,
            originals: states,
            recovery: recovery_states,
            symbols,
        } = scratch;
        let mut start = 0;
        loop {
            let end = symbol_bytes.min(start + PIECE_BYTES);
            let piece = originals.positions(start..end)?;
            let mut expanded = match &mut recovery {
                Some(view) => view.reborrow().positions(start..end)?,
                None => {
                    let layout = Layout::contiguous(end - start, r, words);
                    symbols.resize(symbols.len().max(layout.symbols() * (end - start)), 0);
                    SymbolsMut::new(symbols, layout)?
                }
            };
            self.code.encode(piece, expanded.reborrow(), code)?;
            if end < symbol_bytes {
                self.hasher.absorb(states, piece)?;
                self.hasher.absorb(recovery_states, expanded.as_symbols())?;
            } else {
                let digests = leaves.reborrow().indices(0..k)?;
                self.hasher.finish(states, piece, digests)?;
                let digests = leaves.indices(k..k + r)?;
                self.hasher
                    .finish(recovery_states, expanded.as_symbols(), digests)?;
                return Ok(());
            }
            start = end;
        }
    }
}
