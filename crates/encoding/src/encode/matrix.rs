//! The source symbols of a blob, in memory or read as they are needed.

use std::ops::Range;

use floe_kernels::{Layout, Symbols};

use super::{EncodeError, FITS, consistency::Keys, plan::Plan};
use crate::{
    shape::Shape,
    source::{Source, read_padded},
};

/// The matrix of source symbols (`docs/spec/encoding.md` §3.1).
#[derive(Debug)]
pub(super) struct Matrix<'a> {
    shape: Shape,
    content: Content<'a>,
}

#[derive(Debug)]
enum Content<'a> {
    /// The padded blob.
    Resident(Vec<u8>),
    /// The blob, read once for each kind of columns, and what tells whether both got the same.
    Stored { source: &'a dyn Source, keys: Keys },
}

/// Rows of bytes at equal distances.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs<'a> {
    /// Starts with the first byte of the first run.
    pub(super) bytes: &'a [u8],
    /// Distance between the runs.
    pub(super) stride: usize,
    /// Sum over the runs' symbols that [`Keys`] defines, zero if nothing is read twice.
    pub(super) checksum: u64,
}

impl<'a> Matrix<'a> {
    pub(super) fn new(
        shape: Shape,
        source: &'a dyn Source,
        may_change: bool,
        plan: &Plan,
    ) -> Result<Self, EncodeError> {
        let content = if plan.resident {
            let length = usize::try_from(shape.blob_bytes()).expect("it fits the memory budget");
            let mut blob = floe_kernels::zeroed(length);
            read(source, 0, &mut blob)?;
            Content::Resident(blob)
        } else {
            let keys = Keys::new(if may_change { shape.symbol } else { 0 });
            Content::Stored { source, keys }
        };
        Ok(Self { shape, content })
    }

    /// The symbols of some columns, a run for each row.
    pub(super) fn columns<'b>(
        &'b self,
        columns: Range<usize>,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Runs<'b>, EncodeError> {
        let Shape { rows, symbol, .. } = self.shape;
        let start = columns.start * symbol;
        let length = columns.len() * symbol;
        match &self.content {
            Content::Resident(blob) => Ok(Runs {
                bytes: blob.get(start..).expect(FITS),
                stride: self.shape.row_bytes(),
                checksum: 0,
            }),
            Content::Stored { source, keys } => {
                buffer.resize(rows * length, 0);
                let mut checksum = 0_u64;
                for (row, run) in buffer.chunks_exact_mut(length).enumerate() {
                    read(*source, self.row_start(row) + start as u64, run)?;
                    for (column, bytes) in columns.clone().zip(run.chunks_exact(symbol)) {
                        checksum = checksum.wrapping_add(keys.sum(row, column, 0, bytes));
                    }
                }
                let bytes = buffer.as_slice();
                let stride = length;
                Ok(Runs {
                    bytes,
                    stride,
                    checksum,
                })
            }
        }
    }

    /// Some positions of all symbols of some rows, and their checksum.
    pub(super) fn rows<'b>(
        &'b self,
        rows: Range<usize>,
        positions: Range<usize>,
        buffer: &'b mut Vec<u8>,
    ) -> Result<(Symbols<'b>, u64), EncodeError> {
        let Shape {
            columns, symbol, ..
        } = self.shape;
        let row_bytes = self.shape.row_bytes();
        match &self.content {
            Content::Resident(blob) => {
                let start = rows.start * row_bytes + positions.start;
                let layout = Layout {
                    symbol_bytes: positions.len(),
                    count: columns,
                    index_stride: symbol,
                    words: rows.len(),
                    word_stride: row_bytes,
                };
                let symbols = Symbols::new(blob.get(start..).expect(FITS), layout).expect(FITS);
                Ok((symbols, 0))
            }
            Content::Stored { source, keys } => {
                let length = positions.len();
                buffer.resize(rows.len() * columns * length, 0);
                let mut checksum = 0_u64;
                for (row, run) in rows.clone().zip(buffer.chunks_exact_mut(columns * length)) {
                    if length == symbol {
                        read(*source, self.row_start(row), run)?;
                    }
                    for (column, piece) in run.chunks_exact_mut(length).enumerate() {
                        if length < symbol {
                            let within = column * symbol + positions.start;
                            read(*source, self.row_start(row) + within as u64, piece)?;
                        }
                        let sum = keys.sum(row, column, positions.start, piece);
                        checksum = checksum.wrapping_add(sum);
                    }
                }
                let layout = Layout::contiguous(length, columns, rows.len());
                Ok((Symbols::new(buffer, layout).expect(FITS), checksum))
            }
        }
    }

    const fn row_start(&self, row: usize) -> u64 {
        row as u64 * self.shape.row_bytes() as u64
    }
}

fn read(source: &dyn Source, offset: u64, buffer: &mut [u8]) -> Result<(), EncodeError> {
    let length = buffer.len();
    read_padded(source, offset, buffer).map_err(|source| EncodeError::Read {
        offset,
        length,
        source,
    })
}
