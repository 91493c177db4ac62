//! The index of a quilt: its first columns (`docs/spec/encoding.md` §12.2, §12.3).

use floe_core::{
    QuiltPatchInternalId,
    wire::{self, DecodeError},
};
use serde::{Deserialize, Serialize};

use super::{
    QUILT_VERSION, Tags,
    geometry::{Geometry, INDEX_PREFIX_BYTES},
};

/// The list of patches, in the order of their columns.
///
/// Serializes as BCS without version or length, and as JSON
/// `{"quiltPatches": [{"endIndex", "identifier", "tags"}, …]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "IndexForm")]
pub struct QuiltIndex {
    patches: Vec<IndexedPatch>,
}

/// A patch as the index lists it.
///
/// Name and tags are what the index claims: those in the patch itself count, and whether the name is
/// legal is checked there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedPatch {
    /// Its columns.
    pub columns: QuiltPatchInternalId,
    /// Its name.
    pub identifier: String,
    /// Its labels.
    pub tags: Tags,
}

/// What the first bytes of a quilt say about its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexPrefix {
    bcs_bytes: u32,
    columns: u16,
}

/// Why bytes are not the index of a quilt. Whoever made the quilt (or takes another blob for one) is
/// at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The version byte is unknown.
    #[error("expected quilt version {QUILT_VERSION}, got {got}")]
    Version {
        /// The version byte.
        got: u8,
    },
    /// The index is longer than the columns it may take.
    #[error("an index of {got} bytes is longer than the {max} bytes it may have")]
    TooLong {
        /// The greatest length in bytes.
        max: u64,
        /// The length in bytes.
        got: u32,
    },
    /// Fewer bytes were given than the index has.
    #[error("expected {expected} bytes, got {got}")]
    Truncated {
        /// The number of bytes needed.
        expected: usize,
        /// The number of bytes given.
        got: usize,
    },
    /// The list of patches is malformed.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// A patch ends before it begins, or behind the last column.
    #[error("patch {patch} begins at column {start} and ends at {end} of {columns}")]
    Columns {
        /// The patch's position in the list.
        patch: usize,
        /// Its first column.
        start: u16,
        /// The column after its last.
        end: u16,
        /// Columns of the quilt.
        columns: u16,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IndexForm {
    #[serde(deserialize_with = "wire::vec_at_most::<_, _, { u16::MAX as usize }>")]
    quilt_patches: Vec<PatchForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatchForm {
    end_index: u16,
    identifier: String,
    tags: Tags,
}

impl IndexPrefix {
    /// Bytes it takes.
    pub const BYTES: usize = INDEX_PREFIX_BYTES;

    /// Reads the first bytes of column 0.
    ///
    /// # Errors
    /// [`IndexError`] if they are too few, of an unknown version, or announce too long an index.
    pub fn parse(bytes: &[u8], geometry: Geometry) -> Result<Self, IndexError> {
        let Some((version, [a, b, c, d])) = bytes
            .first_chunk::<{ Self::BYTES }>()
            .map(|[version, length @ ..]| (*version, *length))
        else {
            return Err(IndexError::Truncated {
                expected: Self::BYTES,
                got: bytes.len(),
            });
        };
        if version != QUILT_VERSION {
            return Err(IndexError::Version { got: version });
        }
        let bcs_bytes = u32::from_le_bytes([a, b, c, d]);
        let max = geometry.index_bytes_max();
        let columns = geometry.columns_of(Self::BYTES as u64 + u64::from(bcs_bytes));
        match u16::try_from(columns) {
            Ok(columns) if u64::from(bcs_bytes) <= max && columns <= geometry.columns() => {
                Ok(Self { bcs_bytes, columns })
            }
            _ => Err(IndexError::TooLong {
                max,
                got: bcs_bytes,
            }),
        }
    }

    /// How many columns, from column 0, hold the index.
    pub const fn columns(self) -> u16 {
        self.columns
    }

    /// Bytes of column space that hold the index, this prefix included.
    pub const fn total_bytes(self) -> usize {
        Self::BYTES + self.bcs_bytes as usize
    }
}

impl QuiltIndex {
    /// Reads the index from the first columns, or from as much of them as
    /// [`IndexPrefix::total_bytes`] says.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn parse(bytes: &[u8], geometry: Geometry) -> Result<Self, IndexError> {
        let prefix = IndexPrefix::parse(bytes, geometry)?;
        let expected = prefix.total_bytes();
        let bcs = bytes
            .get(IndexPrefix::BYTES..expected)
            .ok_or(IndexError::Truncated {
                expected,
                got: bytes.len(),
            })?;
        let form = wire::from_bcs::<IndexForm>(bcs)?;
        Self::place(form.quilt_patches, prefix.columns, geometry.columns())
    }

    /// Gives every patch the columns between the end of the one before and its own.
    fn place(forms: Vec<PatchForm>, index_columns: u16, columns: u16) -> Result<Self, IndexError> {
        let mut start = index_columns;
        let place = |(patch, form): (usize, PatchForm)| {
            let end = form.end_index;
            let placed = QuiltPatchInternalId::new(start, end)
                .ok()
                .filter(|_| end <= columns)
                .ok_or(IndexError::Columns {
                    patch,
                    start,
                    end,
                    columns,
                })?;
            start = end;
            Ok(IndexedPatch {
                columns: placed,
                identifier: form.identifier,
                tags: form.tags,
            })
        };
        let patches = forms.into_iter().enumerate().map(place);
        let patches = patches.collect::<Result<_, IndexError>>()?;
        Ok(Self { patches })
    }

    /// The index of patches that lie where they should.
    pub(super) const fn new(patches: Vec<IndexedPatch>) -> Self {
        Self { patches }
    }

    /// All patches, in the order of their columns.
    pub fn patches(&self) -> &[IndexedPatch] {
        &self.patches
    }

    /// The patch of this name; of several the first.
    pub fn by_identifier(&self, identifier: &str) -> Option<&IndexedPatch> {
        self.patches
            .iter()
            .find(|patch| patch.identifier == identifier)
    }

    /// The patches that have this tag.
    pub fn by_tag(&self, key: &str, value: &str) -> impl Iterator<Item = &IndexedPatch> {
        self.patches
            .iter()
            .filter(move |patch| patch.tags.get(key).is_some_and(|found| found == value))
    }

    /// The bytes of the index as they begin in column 0: version, length, BCS.
    pub(super) fn to_column_bytes(&self) -> Vec<u8> {
        let bcs = wire::to_bcs(self);
        let length = u32::try_from(bcs.len()).expect("BCS is shorter than 2^31 bytes");
        let mut bytes = Vec::with_capacity(IndexPrefix::BYTES + bcs.len());
        bytes.push(QUILT_VERSION);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&bcs);
        bytes
    }
}

impl From<QuiltIndex> for IndexForm {
    fn from(index: QuiltIndex) -> Self {
        let form = |patch: IndexedPatch| PatchForm {
            end_index: patch.columns.end(),
            identifier: patch.identifier,
            tags: patch.tags,
        };
        Self {
            quilt_patches: index.patches.into_iter().map(form).collect(),
        }
    }
}
