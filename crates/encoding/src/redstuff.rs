//! The code of a number of shards: what all operations share.

use floe_core::{Axis, CodeParams, TooFewShards, VerifiedMetadata};
use floe_kernels::{CodeError, DispatchError, FusedEncoder, Hasher, Kernels, ReedSolomon};

/// RedStuff over Reed–Solomon for one number of shards: both one-dimensional codes and the hash
/// kernels. Making one computes tables; cloning is cheap.
#[derive(Debug, Clone)]
pub struct RedStuff {
    params: CodeParams,
    hasher: Hasher,
    primary: FusedEncoder,
    secondary: FusedEncoder,
}

/// Why there is no code. Whoever chose the number of shards (or the kernels) is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedStuffError {
    /// With so few shards there are no recovery symbols.
    #[error(transparent)]
    TooFewShards(#[from] TooFewShards),
    /// The field has too few elements for so many shards.
    #[error("no code for {n_shards} shards: {source}")]
    TooManyShards {
        /// The number of shards.
        n_shards: u16,
        /// The one-dimensional code that doesn't exist.
        source: CodeError,
    },
    /// The kernels the environment asks for can't be used.
    #[error(transparent)]
    Kernels(#[from] DispatchError),
}

impl RedStuff {
    /// The code for `n_shards` shards, on the fastest kernels or those the environment names
    /// ([`floe_kernels::KERNELS_VARIABLE`]).
    ///
    /// # Errors
    /// [`RedStuffError`].
    pub fn new(n_shards: u16) -> Result<Self, RedStuffError> {
        Self::with_kernels(n_shards, Kernels::detect()?)
    }

    /// The code for `n_shards` shards on certain kernels.
    ///
    /// # Errors
    /// [`RedStuffError`].
    pub fn with_kernels(n_shards: u16, kernels: Kernels) -> Result<Self, RedStuffError> {
        let params = CodeParams::for_encoding(n_shards)?;
        let hasher = kernels.hasher();
        let code = |axis| {
            let originals = params.source_symbols(axis);
            kernels
                .reed_solomon(originals.into(), (n_shards - originals).into())
                .map(|code| FusedEncoder::new(code, hasher))
                .map_err(|source| RedStuffError::TooManyShards { n_shards, source })
        };
        Ok(Self {
            params,
            hasher,
            primary: code(Axis::Primary)?,
            secondary: code(Axis::Secondary)?,
        })
    }

    /// The parameters of the code.
    pub const fn params(&self) -> CodeParams {
        self.params
    }

    /// # Panics
    /// If the metadata is for another number of shards: an error of whoever wrote the caller.
    pub(crate) fn assert_fits(&self, metadata: &VerifiedMetadata) {
        let (expected, got) = (self.params.n_shards(), metadata.params().n_shards());
        assert_eq!(got, expected, "metadata for another number of shards");
    }

    pub(crate) const fn hasher(&self) -> Hasher {
        self.hasher
    }

    /// The one-dimensional code of `axis`: the primary one runs along columns, the secondary one
    /// along rows (`docs/spec/encoding.md` §3.2).
    pub(crate) const fn code(&self, axis: Axis) -> &ReedSolomon {
        self.fused(axis).code()
    }

    /// As [`code`](Self::code), with leaf hashing.
    pub(crate) const fn fused(&self, axis: Axis) -> &FusedEncoder {
        match axis {
            Axis::Primary => &self.primary,
            Axis::Secondary => &self.secondary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_numbers_of_shards_are_refused() {
        let message = |n| RedStuff::new(n).unwrap_err().to_string();
        assert_eq!(message(3), "expected at least 4 shards, got 3");
        assert_eq!(
            message(65_535),
            "no code for 65535 shards: no code has 21847 original and 43688 recovery symbols"
        );
        assert!(RedStuff::new(4).is_ok());
    }
}
