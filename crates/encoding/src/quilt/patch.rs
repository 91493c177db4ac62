//! What precedes the data of a patch (`docs/spec/encoding.md` §12.2).

use floe_core::wire::{self, DecodeError};

use super::{IdentifierError, PatchIdentifier, QUILT_VERSION, Tags};

/// Version, length and mask.
const FIXED_BYTES: usize = 6;
/// The bit of the mask that announces tags.
const HAS_TAGS: u8 = 1;
/// The greatest length in bytes of serialized tags.
pub(super) const TAGS_BYTES_MAX: usize = 65_535;

/// The part of a patch before its data.
///
/// | bytes | content |
/// |---|---|
/// | 1 | `01`, the quilt version |
/// | 4 | bytes that follow the mask, `u32` little-endian |
/// | 1 | mask: bit 0 set if there are tags, others zero |
/// | 2 | bytes of the identifier, `u16` little-endian |
/// | … | the identifier as BCS string |
/// | 2 | bytes of the tags, `u16` little-endian; absent without tags |
/// | … | the tags as BCS map; absent without tags |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchHeader {
    /// The patch's name.
    pub identifier: PatchIdentifier,
    /// The patch's labels.
    pub tags: Tags,
    /// Bytes of the header.
    pub header_bytes: u64,
    /// Bytes of data behind it.
    pub data_bytes: u64,
}

/// Why bytes are not a patch. Whoever made the quilt is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The version byte is unknown.
    #[error("expected patch version {QUILT_VERSION}, got {got}")]
    Version {
        /// The version byte.
        got: u8,
    },
    /// The mask announces parts unknown in this version.
    #[error("expected a mask of 0 or 1, got {got:#04x}")]
    Mask {
        /// The mask.
        got: u8,
    },
    /// A part is longer than what holds it.
    #[error("the {part} of {needed} bytes is longer than the {available} bytes there are")]
    TooLong {
        /// Which part.
        part: PatchPart,
        /// Its length in bytes.
        needed: u64,
        /// The room there is in bytes.
        available: u64,
    },
    /// The identifier or the tags are not BCS.
    #[error("malformed {part}: {source}")]
    Malformed {
        /// Which part.
        part: PatchPart,
        /// The cause.
        source: DecodeError,
    },
    /// The identifier is illegal.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
}

/// A part of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchPart {
    /// All of it, in its columns.
    Whole,
    /// Everything before the data.
    Header,
    /// Its name.
    Identifier,
    /// Its labels.
    Tags,
}

impl std::fmt::Display for PatchPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Whole => "patch",
            Self::Header => "header",
            Self::Identifier => "identifier",
            Self::Tags => "tags section",
        })
    }
}

impl PatchHeader {
    /// No header is longer, in bytes.
    pub const MAX_BYTES: usize = FIXED_BYTES + 2 * (2 + u16::MAX as usize);

    /// Reads the header of a patch whose columns hold `available` bytes; `bytes` is as many of them
    /// as there are, but no more than [`MAX_BYTES`](Self::MAX_BYTES) are needed.
    ///
    /// # Errors
    /// [`PatchError`].
    pub fn parse(bytes: &[u8], available: u64) -> Result<Self, PatchError> {
        let mut parts = Parts { rest: bytes };
        let [version, a, b, c, d, mask] = parts.take_array()?;
        if version != QUILT_VERSION {
            return Err(PatchError::Version { got: version });
        }
        if mask & !HAS_TAGS != 0 {
            return Err(PatchError::Mask { got: mask });
        }
        let payload = u64::from(u32::from_le_bytes([a, b, c, d]));
        let whole = FIXED_BYTES as u64 + payload;
        if whole > available {
            return Err(PatchError::TooLong {
                part: PatchPart::Whole,
                needed: whole,
                available,
            });
        }
        // Sections end within the patch, not just within the columns.
        let payload_here = usize::try_from(payload).unwrap_or(usize::MAX);
        parts.rest = parts.rest.get(..payload_here).unwrap_or(parts.rest);
        let before = parts.rest.len();
        let identifier: String = parts.take_section(PatchPart::Identifier)?;
        let identifier = PatchIdentifier::new(identifier)?;
        let tags = match mask & HAS_TAGS {
            0 => Tags::new(),
            _ => parts.take_section(PatchPart::Tags)?,
        };
        let sections = (before - parts.rest.len()) as u64;
        Ok(Self {
            identifier,
            tags,
            header_bytes: FIXED_BYTES as u64 + sections,
            data_bytes: payload - sections,
        })
    }

    /// Writes the header of a patch with `data_bytes` of data, or returns which part is too long:
    /// its length and the greatest possible, in bytes.
    pub(super) fn write(
        identifier: &PatchIdentifier,
        tags: &Tags,
        data_bytes: u64,
    ) -> Result<Vec<u8>, (PatchPart, u64, u64)> {
        let text = identifier.as_str();
        if text.len() > PatchIdentifier::MAX_BYTES_WRITTEN {
            let max = PatchIdentifier::MAX_BYTES_WRITTEN as u64;
            return Err((PatchPart::Identifier, text.len() as u64, max));
        }
        let mut sections = Vec::new();
        put_section(&mut sections, PatchPart::Identifier, &wire::to_bcs(text))?;
        if !tags.is_empty() {
            put_section(&mut sections, PatchPart::Tags, &wire::to_bcs(tags))?;
        }
        let payload = data_bytes.saturating_add(sections.len() as u64);
        let too_long = (PatchPart::Whole, payload, u64::from(u32::MAX));
        let payload = u32::try_from(payload).map_err(|_| too_long)?;
        let mut header = Vec::with_capacity(FIXED_BYTES + sections.len());
        header.push(QUILT_VERSION);
        header.extend_from_slice(&payload.to_le_bytes());
        header.push(if tags.is_empty() { 0 } else { HAS_TAGS });
        header.append(&mut sections);
        Ok(header)
    }
}

fn put_section(
    out: &mut Vec<u8>,
    part: PatchPart,
    bcs: &[u8],
) -> Result<(), (PatchPart, u64, u64)> {
    let too_long = (part, bcs.len() as u64, TAGS_BYTES_MAX as u64);
    let length = u16::try_from(bcs.len()).map_err(|_| too_long)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bcs);
    Ok(())
}

/// The part of a header not read yet.
struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], PatchError> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.too_long(PatchPart::Header, N))?;
        self.rest = rest;
        Ok(*head)
    }

    /// Reads a length and as many bytes of BCS.
    fn take_section<T: serde::de::DeserializeOwned>(
        &mut self,
        part: PatchPart,
    ) -> Result<T, PatchError> {
        let length = usize::from(u16::from_le_bytes(self.take_array()?));
        let (section, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.too_long(part, length))?;
        self.rest = rest;
        wire::from_bcs(section).map_err(|source| PatchError::Malformed { part, source })
    }

    const fn too_long(&self, part: PatchPart, needed: usize) -> PatchError {
        PatchError::TooLong {
            part,
            needed: needed as u64,
            available: self.rest.len() as u64,
        }
    }
}
