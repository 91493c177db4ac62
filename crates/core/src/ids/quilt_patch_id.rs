//! Ids of the patches inside a quilt.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{BlobId, ParseIdError};

/// Where a patch lies inside its quilt: columns `start .. end` (`docs/spec/encoding.md` §12.6).
///
/// | bytes | content |
/// |---|---|
/// | 1 | `01`, the quilt version |
/// | 2 | start column, `u16` little-endian |
/// | 2 | end column, exclusive, `u16` little-endian |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuiltPatchInternalId {
    start: u16,
    end: u16,
}

impl QuiltPatchInternalId {
    /// Bytes of the binary form.
    pub const LEN: usize = 5;
    const VERSION: u8 = 1;

    /// The id of the patch in columns `start .. end`.
    ///
    /// # Errors
    /// [`ParseIdError::EmptyRange`] unless `start < end`: a patch has a header, so it covers at
    /// least one column.
    pub const fn new(start: u16, end: u16) -> Result<Self, ParseIdError> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(ParseIdError::EmptyRange { start, end })
        }
    }

    /// The first column of the patch.
    pub const fn start(self) -> u16 {
        self.start
    }

    /// The column after the last of the patch.
    pub const fn end(self) -> u16 {
        self.end
    }

    /// The binary form.
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let [s0, s1] = self.start.to_le_bytes();
        let [e0, e1] = self.end.to_le_bytes();
        [Self::VERSION, s0, s1, e0, e1]
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// [`ParseIdError`] if the version is unknown or the range empty.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Result<Self, ParseIdError> {
        let [version, s0, s1, e0, e1] = bytes;
        if version != Self::VERSION {
            return Err(ParseIdError::Version { got: version });
        }
        Self::new(u16::from_le_bytes([s0, s1]), u16::from_le_bytes([e0, e1]))
    }
}

/// The id of a patch: its quilt's blob id, then where it lies in there.
///
/// Text is URL-safe base64 without padding of the 37 bytes, always 50 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuiltPatchId {
    /// The quilt's blob id.
    pub quilt_id: BlobId,
    /// The patch's columns.
    pub internal_id: QuiltPatchInternalId,
}

impl QuiltPatchId {
    /// Bytes of the binary form.
    pub const LEN: usize = 32 + QuiltPatchInternalId::LEN;
    /// Characters of the text form.
    pub const TEXT_LEN: usize = 50;
}

impl fmt::Display for QuiltPatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.extend_from_slice(&self.quilt_id.0);
        bytes.extend_from_slice(&self.internal_id.to_bytes());
        f.pad(&BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for QuiltPatchId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let got = text.chars().count();
        if got != Self::TEXT_LEN {
            return Err(ParseIdError::Length {
                expected: "50",
                got,
            });
        }
        let mut bytes = [0; Self::LEN];
        BASE64_URL_SAFE_NO_PAD
            .decode_slice(text, &mut bytes)
            .map_err(ParseIdError::Base64)?;
        let (quilt_id, internal_id) = bytes.split_at(32);
        let quilt_id = <[u8; 32]>::try_from(quilt_id).expect("split at 32");
        let internal_id = internal_id.try_into().expect("37 bytes less 32 are 5");
        Ok(Self {
            quilt_id: BlobId(quilt_id),
            internal_id: QuiltPatchInternalId::from_bytes(internal_id)?,
        })
    }
}

impl serde::Serialize for QuiltPatchId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for QuiltPatchId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
