//! Blob ids.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{ParseIdError, serde_as_text_or, u256};
use crate::{EncodingType, hash, merkle::Digest};

/// The content-derived name of a blob: 32 bytes (`docs/spec/encoding.md` §6.2, §6.3).
///
/// Text is URL-safe base64 without padding, always 43 characters. Ids are ordered by their bytes.
/// On chain an id is a `u256` whose BCS bytes are the id's, so its integer value is the
/// *little-endian* reading; the rotation of pairs over shards uses the *big-endian* one.
///
/// ```
/// use floe_core::BlobId;
///
/// let id: BlobId = "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY".parse()?;
/// assert_eq!(id.to_string(), "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY");
/// let error = "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2".parse::<BlobId>().unwrap_err();
/// assert_eq!(error.to_string(), "expected 43 characters, got 41");
/// # Ok::<(), floe_core::ParseIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

impl BlobId {
    /// The all-zero id, where scans over all blobs start.
    pub const ZERO: Self = Self([0; 32]);
    /// Characters of the text form.
    pub const TEXT_LEN: usize = 43;

    /// The id of a blob with this length in bytes and Merkle root over its sliver pair hashes.
    pub fn derive(encoding_type: EncodingType, unencoded_length: u64, root: &Digest) -> Self {
        Self(hash::blake2b256(&[
            &[encoding_type.number()],
            &unencoded_length.to_le_bytes(),
            root,
        ]))
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// By how many shards the pairs of this blob are rotated: its big-endian value modulo
    /// `n_shards` (`docs/spec/encoding.md` §3.4).
    pub fn rotation(&self, n_shards: std::num::NonZeroU16) -> u16 {
        let modulus = u32::from(n_shards.get());
        let remainder = self
            .0
            .iter()
            .fold(0_u32, |acc, byte| (acc << 8 | u32::from(*byte)) % modulus);
        u16::try_from(remainder).expect("a remainder is below its modulus, a u16")
    }

    /// The decimal form of the id as an on-chain `u256`.
    pub fn to_u256_decimal(&self) -> String {
        u256::to_decimal(&self.0)
    }

    /// Reads the decimal form of the id as an on-chain `u256`.
    ///
    /// # Errors
    /// [`ParseIdError::Decimal`] unless the text is a decimal number below 2^256.
    pub fn from_u256_decimal(text: &str) -> Result<Self, ParseIdError> {
        u256::from_decimal(text)
            .map(Self)
            .ok_or(ParseIdError::Decimal)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let got = text.chars().count();
        if got != Self::TEXT_LEN {
            return Err(ParseIdError::Length {
                expected: "43",
                got,
            });
        }
        let mut bytes = [0; 32];
        BASE64_URL_SAFE_NO_PAD
            .decode_slice(text, &mut bytes)
            .map_err(ParseIdError::Base64)?;
        Ok(Self(bytes))
    }
}

impl From<[u8; 32]> for BlobId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<BlobId> for [u8; 32] {
    fn from(id: BlobId) -> Self {
        id.0
    }
}

impl AsRef<[u8]> for BlobId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

serde_as_text_or!(BlobId, [u8; 32]);
