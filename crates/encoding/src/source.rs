//! Where the bytes of a blob come from.

use std::{fmt, io};

/// A blob that can be read at any position, several times and from several threads.
///
/// Implemented for byte slices; files are adapted by whoever opens them.
pub trait Source: fmt::Debug + Sync {
    /// Length in bytes.
    fn length(&self) -> u64;

    /// Fills `buffer` from byte `offset` on; the range lies within [`length`](Self::length).
    ///
    /// # Errors
    /// Whatever kept the buffer from being filled, an early end included.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// What tells states of a source apart that may change while it is read, `None` for one that
    /// cannot.
    ///
    /// # Errors
    /// If the state can't be found out.
    fn version(&self) -> io::Result<Option<SourceVersion>>;
}

/// A state of a [`Source`]. Equal versions don't prove equal bytes; different ones prove a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceVersion {
    /// Length in bytes.
    pub length: u64,
    /// Time of the last modification in nanoseconds since 1970, if known.
    pub modified_ns: Option<i128>,
}

impl Source for [u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

impl Source for Vec<u8> {
    fn length(&self) -> u64 {
        self.as_slice().length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_at(offset, buffer)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

/// Fills `buffer` from byte `offset` of the blob padded with zeros (`docs/spec/encoding.md` §3.1).
pub(crate) fn read_padded(source: &dyn Source, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let available = source.length().saturating_sub(offset);
    let available = usize::try_from(available).unwrap_or(usize::MAX);
    let (bytes, padding) = buffer.split_at_mut(available.min(buffer.len()));
    padding.fill(0);
    if bytes.is_empty() {
        return Ok(());
    }
    source.read_at(offset, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_behind_the_end_are_padded_or_refused() {
        let blob = [1, 2, 3];
        let mut buffer = [9; 4];
        read_padded(&blob.to_vec(), 1, &mut buffer).unwrap();
        assert_eq!(buffer, [2, 3, 0, 0]);
        read_padded(&blob.to_vec(), 7, &mut buffer).unwrap();
        assert_eq!(buffer, [0; 4]);
        let error = blob.read_at(1, &mut buffer).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
