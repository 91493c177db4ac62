//! Reading patches from the columns of a quilt (`docs/spec/encoding.md` §12.7).

use std::{collections::BTreeMap, fmt, io};

use floe_core::QuiltPatchInternalId;

use super::{
    Geometry, IndexError, IndexPrefix, NotQuiltSized, PatchError, PatchHeader, QuiltIndex,
};
use crate::source::{Source, SourceVersion};

/// The columns of a quilt, wherever they are.
pub trait Columns: fmt::Debug + Sync {
    /// The quilt's matrix.
    fn geometry(&self) -> Geometry;

    /// Fills `buffer` from byte `offset` of a column on; the range lies within the column.
    ///
    /// # Errors
    /// Whatever kept the buffer from being filled, a missing column included.
    fn read_column(&self, column: u16, offset: usize, buffer: &mut [u8]) -> io::Result<()>;

    /// What tells states of the columns apart that may change while they are read.
    ///
    /// # Errors
    /// If the state can't be found out.
    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

/// Why a quilt, or a patch in it, can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The columns can't be read. Whoever holds them is at fault.
    #[error("read {bytes} bytes of column {column} and on")]
    Columns {
        /// The first column.
        column: u16,
        /// Bytes of column space.
        bytes: usize,
        /// The cause.
        source: io::Error,
    },
    /// The index is corrupt, or the blob is no quilt.
    #[error("no quilt index: {0}")]
    Index(#[from] IndexError),
    /// A patch lies outside the quilt. Whoever made its id is at fault.
    #[error("a quilt of {columns} columns has no patch in columns {start} to {end}")]
    OutOfRange {
        /// The patch's first column.
        start: u16,
        /// The column after the patch's last.
        end: u16,
        /// Columns of the quilt.
        columns: u16,
    },
    /// There is no patch where one should be.
    #[error("no patch at column {column}: {source}")]
    Patch {
        /// The patch's first column.
        column: u16,
        /// The cause.
        source: PatchError,
    },
}

/// Reads the index of a quilt.
///
/// # Errors
/// [`ReadError`]: the columns can't be read, or hold no index.
pub fn read_index(columns: &dyn Columns) -> Result<QuiltIndex, ReadError> {
    let geometry = columns.geometry();
    let prefix_bytes = IndexPrefix::BYTES.min(geometry.column_bytes());
    let prefix = read(columns, 0, prefix_bytes)?;
    let total = IndexPrefix::parse(&prefix, geometry)?.total_bytes();
    Ok(QuiltIndex::parse(&read(columns, 0, total)?, geometry)?)
}

/// A patch in its columns: a [`Source`] of its data.
#[derive(Debug)]
pub struct PatchReader<'a> {
    columns: &'a dyn Columns,
    start: u16,
    header: PatchHeader,
}

impl<'a> PatchReader<'a> {
    /// Reads the header of the patch in certain columns.
    ///
    /// # Errors
    /// [`ReadError`]: the columns don't exist, can't be read, or hold no patch.
    pub fn open(columns: &'a dyn Columns, id: QuiltPatchInternalId) -> Result<Self, ReadError> {
        let geometry = columns.geometry();
        let (start, end) = (id.start(), id.end());
        if end > geometry.columns() {
            return Err(ReadError::OutOfRange {
                start,
                end,
                columns: geometry.columns(),
            });
        }
        let available = u64::from(end - start) * geometry.column_bytes() as u64;
        let wanted = usize::try_from(available).unwrap_or(usize::MAX);
        let header = read(columns, start, wanted.min(PatchHeader::MAX_BYTES))?;
        let header = PatchHeader::parse(&header, available).map_err(|source| ReadError::Patch {
            column: start,
            source,
        })?;
        Ok(Self {
            columns,
            start,
            header,
        })
    }

    /// What precedes the data.
    pub const fn header(&self) -> &PatchHeader {
        &self.header
    }
}

impl Source for PatchReader<'_> {
    fn length(&self) -> u64 {
        self.header.data_bytes
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read_space(
            self.columns,
            self.start,
            self.header.header_bytes + offset,
            buffer,
        )
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        self.columns.version()
    }
}

fn read(columns: &dyn Columns, column: u16, bytes: usize) -> Result<Vec<u8>, ReadError> {
    let mut buffer = vec![0; bytes];
    read_space(columns, column, 0, &mut buffer).map_err(|source| ReadError::Columns {
        column,
        bytes,
        source,
    })?;
    Ok(buffer)
}

/// Fills `buffer` from byte `offset` of column space, counted from the start of a column.
fn read_space(columns: &dyn Columns, start: u16, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let column_bytes = columns.geometry().column_bytes();
    let skipped = offset / column_bytes as u64;
    let mut column = u16::try_from(skipped)
        .ok()
        .and_then(|skipped| start.checked_add(skipped));
    let mut within = usize::try_from(offset % column_bytes as u64).unwrap_or_default();
    let mut rest = buffer;
    while !rest.is_empty() {
        let this = column.ok_or(io::ErrorKind::UnexpectedEof)?;
        let take = (column_bytes - within).min(rest.len());
        let (piece, after) = rest.split_at_mut(take);
        columns.read_column(this, within, piece)?;
        (column, within, rest) = (this.checked_add(1), 0, after);
    }
    Ok(())
}

/// The columns of a whole quilt.
#[derive(Debug)]
pub struct QuiltBlob<'a> {
    geometry: Geometry,
    quilt: &'a dyn Source,
}

impl<'a> QuiltBlob<'a> {
    /// Takes a blob for a quilt.
    ///
    /// # Errors
    /// [`NotQuiltSized`] if its length says that it can't be one.
    pub fn new(
        params: floe_core::CodeParams,
        quilt: &'a dyn Source,
    ) -> Result<Self, NotQuiltSized> {
        let geometry = Geometry::of_quilt(params, quilt.length())?;
        Ok(Self { geometry, quilt })
    }
}

impl Columns for QuiltBlob<'_> {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read_column(&self, column: u16, offset: usize, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len());
        let exists = column < self.geometry.columns();
        if !exists || end.is_none_or(|end| end > self.geometry.column_bytes()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut offset = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            let (start, run) = self.geometry.locate(column, offset);
            let (piece, after) = rest.split_at_mut(run.min(rest.len()));
            self.quilt.read_at(start, piece)?;
            offset += piece.len();
            rest = after;
        }
        Ok(())
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        self.quilt.version()
    }
}

/// Some columns of a quilt: the data of verified secondary slivers.
#[derive(Debug)]
pub struct SliverColumns {
    geometry: Geometry,
    slivers: BTreeMap<u16, Vec<u8>>,
}

/// A sliver has not the length of a column. Whoever sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected secondary slivers of {expected} bytes, got {got}")]
pub struct ColumnLength {
    /// Bytes of a column.
    pub expected: usize,
    /// Bytes of the sliver.
    pub got: usize,
}

impl SliverColumns {
    /// No columns yet.
    pub const fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            slivers: BTreeMap::new(),
        }
    }

    /// Adds the data of a secondary sliver, which the caller has verified.
    ///
    /// # Errors
    /// [`ColumnLength`] if it is not a column long.
    pub fn insert(
        &mut self,
        index: floe_core::SliverIndex,
        data: Vec<u8>,
    ) -> Result<(), ColumnLength> {
        let (expected, got) = (self.geometry.column_bytes(), data.len());
        if got != expected {
            return Err(ColumnLength { expected, got });
        }
        self.slivers.insert(index.get(), data);
        Ok(())
    }
}

impl Columns for SliverColumns {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read_column(&self, column: u16, offset: usize, buffer: &mut [u8]) -> io::Result<()> {
        let sliver = self.slivers.get(&column).ok_or_else(|| {
            let message = format!("secondary sliver {column} is missing");
            io::Error::new(io::ErrorKind::NotFound, message)
        })?;
        sliver.read_at(offset as u64, buffer)
    }
}
