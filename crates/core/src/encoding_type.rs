//! Encoding types.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How a blob is encoded (`docs/spec/encoding.md` §6.5). Type 0 is retired and never accepted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum EncodingType {
    /// RedStuff over Reed–Solomon, number 1.
    #[default]
    Rs2,
}

impl EncodingType {
    /// The number on chain and in the blob id's preimage.
    pub const fn number(self) -> u8 {
        match self {
            Self::Rs2 => 1,
        }
    }
}

/// An encoding type this implementation does not know. The caller or peer is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected encoding type 1 (RS2), got {got}")]
pub struct UnknownEncodingType {
    got: String,
}

impl TryFrom<u8> for EncodingType {
    type Error = UnknownEncodingType;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::Rs2),
            got => Err(UnknownEncodingType {
                got: got.to_string(),
            }),
        }
    }
}

impl From<EncodingType> for u8 {
    fn from(encoding_type: EncodingType) -> Self {
        encoding_type.number()
    }
}

impl fmt::Display for EncodingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("RedStuff/Reed-Solomon")
    }
}

impl FromStr for EncodingType {
    type Err = UnknownEncodingType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_lowercase().as_str() {
            "redstuff/reed-solomon" | "rs2" | "reed-solomon" => Ok(Self::Rs2),
            got => Err(UnknownEncodingType {
                got: format!("{got:?}"),
            }),
        }
    }
}

/// The serialized enum; its variant indices are the encoding type numbers.
#[derive(Serialize, Deserialize)]
#[serde(rename = "EncodingType")]
enum Wire {
    #[serde(rename = "RedStuffRaptorQ")]
    Retired,
    #[serde(rename = "RS2")]
    Rs2,
}

impl TryFrom<Wire> for EncodingType {
    type Error = UnknownEncodingType;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        match wire {
            Wire::Retired => Self::try_from(0),
            Wire::Rs2 => Ok(Self::Rs2),
        }
    }
}

impl From<EncodingType> for Wire {
    fn from(encoding_type: EncodingType) -> Self {
        match encoding_type {
            EncodingType::Rs2 => Self::Rs2,
        }
    }
}
