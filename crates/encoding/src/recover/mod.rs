//! Recovering slivers from symbols of others (`docs/spec/encoding.md` §9).
//!
//! A helper expands a sliver it has into a [`RecoverySource`] and serves any number of targets from
//! it. Whoever misses a sliver checks the symbols it gets ([`RedStuff::check_recovery_symbols`]) and
//! recovers it from enough [`ProvenSymbol`]s; if the outcome does not match the metadata, the blob is
//! inconsistent and the symbols prove it. Symbols without proofs are cheaper, but from them follows
//! nothing if they don't fit.

mod claims;
mod error;
mod inconsistency;
mod source;
mod symbol;

pub use error::{InvalidInconsistencyProof, RecoverError, SymbolError};
pub use source::RecoverySource;
pub use symbol::ProvenSymbol;

use floe_core::{
    Axis, DecodingSymbol, InconsistencyProof, SliverData, SliverIndex, TaggedInconsistencyProof,
    VerifiedMetadata,
};
use floe_kernels::{CodeScratch, Layout, Symbols, SymbolsMut};

use crate::{
    redstuff::RedStuff,
    sliver::{FITS, SliverHasher},
};

impl RedStuff {
    /// Recovers sliver `index` of `axis` from symbols checked for it. The first `k2` (for a primary
    /// sliver) or `k1` (secondary) different ones are used, those that can be part of an
    /// inconsistency proof before others.
    ///
    /// # Errors
    /// [`RecoverError`]. If the blob turns out inconsistent it holds the proof, provided that all
    /// symbols used come with a proof by their source sliver.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn recover_sliver(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        index: SliverIndex,
        symbols: impl IntoIterator<Item = ProvenSymbol>,
    ) -> Result<SliverData, RecoverError> {
        self.assert_fits(metadata);
        self.params().check_index(index)?;
        let mut symbols: Vec<_> = symbols
            .into_iter()
            .filter(|symbol| symbol.target() == (axis, index) && symbol.fits(metadata))
            .collect();
        symbols.sort_by_key(|symbol| !symbol.is_from_source());
        let symbols = self.first_different(axis, symbols, ProvenSymbol::place)?;
        let places = symbols.iter().map(|symbol| (symbol.place(), symbol.data()));
        let sliver = self.decode_sliver(metadata, axis, index, places);
        if self.matches(metadata, axis, &sliver)? {
            return Ok(sliver);
        }
        let symbols: Option<Vec<_>> = symbols
            .into_iter()
            .map(ProvenSymbol::into_recovery_symbol)
            .collect();
        let proof = symbols.map(|symbols| {
            let proof = InconsistencyProof {
                target_index: index,
                symbols,
            };
            Box::new(match axis {
                Axis::Primary => TaggedInconsistencyProof::Primary(proof),
                Axis::Secondary => TaggedInconsistencyProof::Secondary(proof),
            })
        });
        Err(RecoverError::Inconsistent { axis, index, proof })
    }

    /// Recovers sliver `index` of `axis` from symbols that nobody has proven. Symbols of the wrong
    /// length, or with an index that does not exist or occurred before, are passed over.
    ///
    /// # Errors
    /// [`RecoverError`]; if the outcome does not match the metadata, symbols were wrong or the blob is
    /// inconsistent, and only symbols with proofs can tell.
    ///
    /// # Panics
    /// If the metadata is for another number of shards.
    pub fn recover_sliver_unproven(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        index: SliverIndex,
        symbols: impl IntoIterator<Item = DecodingSymbol>,
    ) -> Result<SliverData, RecoverError> {
        self.assert_fits(metadata);
        self.params().check_index(index)?;
        let length = metadata.symbol_size().as_usize();
        let symbols = symbols.into_iter().filter(|symbol| {
            symbol.data.len() == length && self.params().check_index(symbol.index).is_ok()
        });
        let symbols = self.first_different(axis, symbols, |symbol| symbol.index)?;
        let places = symbols
            .iter()
            .map(|symbol| (symbol.index, symbol.data.as_slice()));
        let sliver = self.decode_sliver(metadata, axis, index, places);
        if self.matches(metadata, axis, &sliver)? {
            return Ok(sliver);
        }
        Err(RecoverError::WrongSymbols { axis, index })
    }

    /// The first symbols with different places in the codeword, as many as a sliver of `axis` takes.
    fn first_different<T>(
        &self,
        axis: Axis,
        symbols: impl IntoIterator<Item = T>,
        place: impl Fn(&T) -> SliverIndex,
    ) -> Result<Vec<T>, RecoverError> {
        let needed = usize::from(self.params().sliver_symbols(axis));
        let mut seen = vec![false; self.params().n_shards().into()];
        let is_new = |symbol: &T| {
            let seen = seen.get_mut(place(symbol).as_usize());
            seen.is_some_and(|seen| !std::mem::replace(seen, true))
        };
        let different: Vec<_> = symbols.into_iter().filter(is_new).take(needed).collect();
        if different.len() < needed {
            let got = different.len();
            return Err(RecoverError::TooFewSymbols { axis, needed, got });
        }
        Ok(different)
    }

    /// Decodes a sliver of `axis` from enough different symbols of its codeword, all of the blob's
    /// symbol size.
    fn decode_sliver<'a>(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        index: SliverIndex,
        symbols: impl ExactSizeIterator<Item = (SliverIndex, &'a [u8])>,
    ) -> SliverData {
        let symbol_size = metadata.symbol_size();
        let layout = Layout::contiguous(symbol_size.as_usize(), symbols.len(), 1);
        let mut given = Vec::with_capacity(symbols.len() * symbol_size.as_usize());
        let mut places = Vec::with_capacity(symbols.len());
        for (place, symbol) in symbols {
            places.push(place.as_usize());
            given.extend_from_slice(symbol);
        }
        let decoder = self.code(axis.orthogonal()).decoder(&places);
        let decoder = decoder.expect("the symbols are enough, different and below n");
        let mut data = vec![0; given.len()];
        let given = Symbols::new(&given, layout).expect(FITS);
        let restored = SymbolsMut::new(&mut data, layout).expect(FITS);
        decoder
            .decode(given, restored, &mut CodeScratch::default())
            .expect(FITS);
        SliverData {
            data,
            symbol_size,
            index,
        }
    }

    /// Whether the metadata commits to a sliver of the right shape.
    fn matches(
        &self,
        metadata: &VerifiedMetadata,
        axis: Axis,
        sliver: &SliverData,
    ) -> Result<bool, floe_core::IndexOutOfRange> {
        let mut hasher = SliverHasher::default();
        let hash = hasher.hash(self, axis, metadata.symbol_size(), &sliver.data);
        Ok(metadata.sliver_hash(axis, sliver.index)? == hash)
    }
}
