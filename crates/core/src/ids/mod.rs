//! Identifiers: blobs, objects, addresses, indices, symbols and quilt patches.
//!
//! Every identifier is a newtype with one text form (its `Display` and `FromStr`) and one BCS form
//! (its serde implementation for binary formats); human-readable formats use the text form.

mod blob_id;
mod event_id;
mod index;
mod object_id;
mod quilt_patch_id;
mod symbol_id;
mod u256;

pub use self::{
    blob_id::BlobId,
    event_id::{EventId, TxDigest},
    index::{ParseIndexError, ShardIndex, SliverIndex, SliverPairIndex},
    object_id::{ObjectId, SuiAddress},
    quilt_patch_id::{QuiltPatchId, QuiltPatchInternalId},
    symbol_id::SymbolId,
};

/// Why a text is not an identifier. The caller (who supplied the text) is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIdError {
    /// The text has the wrong number of characters.
    #[error("expected {expected} characters, got {got}")]
    Length {
        /// What the identifier's text form demands.
        expected: &'static str,
        /// Characters (Unicode scalar values) in the text.
        got: usize,
    },
    /// The text is not URL-safe base64 without padding.
    #[error("not URL-safe base64 without padding: {0}")]
    Base64(base64::DecodeSliceError),
    /// The text is not hexadecimal.
    #[error("expected hexadecimal digits after 0x, got {got:?}")]
    Hex {
        /// The first character that is no hexadecimal digit.
        got: char,
    },
    /// The text is not the base58 form of 32 bytes.
    #[error("expected 32 bytes in base58")]
    Base58,
    /// The text is not the decimal form of a 256-bit integer.
    #[error("expected a decimal number below 2^256")]
    Decimal,
    /// The version byte of a quilt patch id is unknown.
    #[error("expected quilt patch id version 1, got {got}")]
    Version {
        /// The version byte.
        got: u8,
    },
    /// A quilt patch covers no columns.
    #[error("expected a start column below the end column, got {start} and {end}")]
    EmptyRange {
        /// First column of the patch.
        start: u16,
        /// Column after the last of the patch.
        end: u16,
    },
    /// The two halves of a symbol id could not be told apart or parsed.
    #[error("expected two numbers below 65536 joined by '-', as in 17-21")]
    SymbolId,
}

/// Implements serde for an identifier: its text in human-readable formats, `$repr` in binary ones.
macro_rules! serde_as_text_or {
    ($name:ty, $repr:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    <$repr>::from(*self).serialize(serializer)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <$repr>::deserialize(deserializer).map(Self::from)
                }
            }
        }
    };
}
pub(crate) use serde_as_text_or;
