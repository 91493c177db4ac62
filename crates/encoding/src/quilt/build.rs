//! From patches to a quilt.

use std::{io, ops::Range};

use floe_core::{CodeParams, QuiltPatchInternalId};

use super::{
    IndexedPatch, PatchHeader, PatchIdentifier, PatchPart, QuiltIndex, Tags,
    geometry::{Geometry, Grid},
};
use crate::source::{Source, SourceVersion, read_padded};

/// Something to be packed.
#[derive(Debug, Clone)]
pub struct Patch<S> {
    /// Its name.
    pub identifier: PatchIdentifier,
    /// Its labels.
    pub tags: Tags,
    /// Its data.
    pub content: S,
}

/// A quilt that is laid out but not written: a [`Source`] of its bytes, made from the contents of
/// its patches whenever they are asked for.
///
/// It takes as much memory as the contents, the index and the headers do: quilts of large files need
/// not be held in memory.
#[derive(Debug)]
pub struct Quilt<S> {
    geometry: Geometry,
    index: QuiltIndex,
    /// The index and the patches, in the order of their columns, which leave no gap.
    items: Vec<Item<S>>,
}

/// Something that begins at the start of a column.
#[derive(Debug)]
struct Item<S> {
    columns: Range<u16>,
    head: Vec<u8>,
    content: Option<S>,
}

/// Why patches can't be packed into a quilt. The caller is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two patches have the same name.
    #[error("more than one patch is named {identifier:?}")]
    DuplicateIdentifier {
        /// The name.
        identifier: String,
    },
    /// A part of a patch is too long for the format.
    #[error("the {part} of patch {identifier:?} has {got} bytes, expected at most {max}")]
    PartTooLong {
        /// The patch's name.
        identifier: String,
        /// Which part.
        part: PatchPart,
        /// Its length in bytes.
        got: u64,
        /// The greatest length in bytes.
        max: u64,
    },
    /// There are more patches than columns for them.
    #[error("expected at most {max} patches, got {got}")]
    TooManyPatches {
        /// The number of patches.
        got: usize,
        /// The greatest number.
        max: u64,
    },
    /// The patches do not fit in the largest quilt, each in columns of its own.
    #[error("{total} bytes of index and patches don't fit in the columns of {max} bytes there are")]
    TooLarge {
        /// Bytes of index and patches.
        total: u64,
        /// Bytes of the largest quilt. Part of them is lost where patches end within a column.
        max: u64,
    },
}

impl<S: Source> Quilt<S> {
    /// Lays out a quilt of these patches, in any order.
    ///
    /// No patches are an (empty) quilt.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(params: CodeParams, mut patches: Vec<Patch<S>>) -> Result<Self, BuildError> {
        patches.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        if let Some([patch, _]) = patches
            .array_windows()
            .find(|[a, b]| a.identifier == b.identifier)
        {
            let identifier = patch.identifier.as_str().to_owned();
            return Err(BuildError::DuplicateIdentifier { identifier });
        }
        let grid = Grid::new(params);
        // Before anything is made of each of them.
        if patches.len() as u64 >= grid.columns {
            return Err(BuildError::TooManyPatches {
                got: patches.len(),
                max: grid.columns - 1,
            });
        }
        let heads = patches.iter().map(header).collect::<Result<Vec<_>, _>>()?;
        let sizes = patches
            .iter()
            .zip(&heads)
            .map(|(patch, head)| head.len() as u64 + patch.content.length())
            .collect::<Vec<_>>();
        // End columns have a fixed width, so the length of the index is known before they are.
        let draft = index(&patches, sizes.iter().map(|_| FIRST));
        let index_bytes = draft.to_column_bytes().len() as u64;
        let all_sizes = std::iter::once(index_bytes)
            .chain(sizes)
            .collect::<Vec<_>>();
        let geometry = Geometry::new(params, grid.symbol_size(&all_sizes)?);
        let columns = assign(geometry, &all_sizes);
        let placed = columns.iter().skip(1).map(|columns| {
            QuiltPatchInternalId::new(columns.start, columns.end).expect("headers are not empty")
        });
        let index = index(&patches, placed);
        let contents = patches.into_iter().map(|patch| Some(patch.content));
        let items = columns
            .into_iter()
            .zip(std::iter::once(index.to_column_bytes()).chain(heads))
            .zip(std::iter::once(None).chain(contents))
            .map(|((columns, head), content)| Item {
                columns,
                head,
                content,
            })
            .collect();
        Ok(Self {
            geometry,
            index,
            items,
        })
    }

    /// The quilt's matrix.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The quilt's index.
    pub const fn index(&self) -> &QuiltIndex {
        &self.index
    }

    /// The contents of the patches, in the order of the index.
    pub fn contents(&self) -> impl Iterator<Item = &S> {
        self.items.iter().filter_map(|item| item.content.as_ref())
    }

    fn read_column(&self, column: u16, offset: usize, buffer: &mut [u8]) -> io::Result<()> {
        let item = self
            .items
            .partition_point(|item| item.columns.end <= column);
        let Some(item) = self.items.get(item) else {
            buffer.fill(0);
            return Ok(());
        };
        let before = u64::from(column - item.columns.start) * self.geometry.column_bytes() as u64;
        item.read(before + offset as u64, buffer)
    }
}

/// A stand-in for columns not assigned yet.
const FIRST: QuiltPatchInternalId = match QuiltPatchInternalId::new(0, 1) {
    Ok(id) => id,
    Err(_) => panic!("0 is below 1"),
};

fn header<S: Source>(patch: &Patch<S>) -> Result<Vec<u8>, BuildError> {
    PatchHeader::write(&patch.identifier, &patch.tags, patch.content.length()).map_err(
        |(part, got, max)| BuildError::PartTooLong {
            identifier: patch.identifier.as_str().to_owned(),
            part,
            got,
            max,
        },
    )
}

fn index<S>(
    patches: &[Patch<S>],
    columns: impl Iterator<Item = QuiltPatchInternalId>,
) -> QuiltIndex {
    let place = |(patch, columns): (&Patch<S>, _)| IndexedPatch {
        columns,
        identifier: patch.identifier.as_str().to_owned(),
        tags: patch.tags.clone(),
    };
    QuiltIndex::new(patches.iter().zip(columns).map(place).collect())
}

/// Columns for items of these sizes, one after the other.
fn assign(geometry: Geometry, sizes: &[u64]) -> Vec<Range<u16>> {
    let mut next = 0;
    let assign = |size: &u64| {
        let columns = u16::try_from(geometry.columns_of(*size));
        let start = next;
        next += columns.expect("the symbol size was chosen so that all columns suffice");
        start..next
    };
    sizes.iter().map(assign).collect()
}

impl<S: Source> Item<S> {
    /// Fills `buffer` from byte `offset` of the item, with zeros behind its end.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let head = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.head.get(offset..))
            .unwrap_or_default();
        let (from_head, rest) = buffer.split_at_mut(head.len().min(buffer.len()));
        for (to, from) in from_head.iter_mut().zip(head) {
            *to = *from;
        }
        let offset = (offset + from_head.len() as u64).saturating_sub(self.head.len() as u64);
        match &self.content {
            Some(content) => read_padded(content, offset, rest),
            None => {
                rest.fill(0);
                Ok(())
            }
        }
    }
}

impl<S: Source> Source for Quilt<S> {
    fn length(&self) -> u64 {
        self.geometry.quilt_bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.geometry
            .scatter(offset, 0..buffer.len(), |column, at, range| {
                self.read_column(column, at, buffer.get_mut(range).unwrap_or_default())
            })
    }

    /// Differs when the version of any content does.
    fn version(&self) -> io::Result<Option<SourceVersion>> {
        let mut folded = None;
        for content in self.contents() {
            let Some(version) = content.version()? else {
                continue;
            };
            let mut all = folded.unwrap_or(SourceVersion {
                length: 0,
                modified_ns: Some(0),
            });
            all.length = all.length.wrapping_add(version.length);
            // Not a time any more, but no less telling: changes of several contents don't cancel.
            all.modified_ns = all
                .modified_ns
                .zip(version.modified_ns)
                .map(|(all, one)| all.wrapping_mul(FOLD).wrapping_add(one));
            folded = Some(all);
        }
        Ok(folded)
    }
}

/// An odd multiplier that spreads times over all bits.
const FOLD: i128 = 0x2d35_8dcc_aa6c_78a5_8bb8_4b93_962e_acc9;
