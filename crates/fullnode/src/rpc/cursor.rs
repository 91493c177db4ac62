//! Positions in the ledger, and the cursors and watermarks that tell them.

use sui_rpc::proto::sui::rpc::v2::Watermark;
use sui_sdk_types::Digest;

use super::{
    error::{RpcError, RpcResult},
    page::PageScope,
};

/// A position: a unit (a transaction of the chain, or a checkpoint) and an index inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) unit: u64,
    pub(crate) index: u32,
}

impl Position {
    pub(crate) const fn new(unit: u64, index: u32) -> Self {
        Self { unit, index }
    }

    /// The smallest position above this one.
    pub(crate) fn next(self) -> Self {
        match self.index.checked_add(1) {
            Some(index) => Self::new(self.unit, index),
            None => Self::new(self.unit.saturating_add(1), 0),
        }
    }

    /// The largest position below this one; itself at the very beginning.
    pub(crate) fn previous(self) -> Self {
        match (self.index.checked_sub(1), self.unit.checked_sub(1)) {
            (Some(index), _) => Self::new(self.unit, index),
            (None, Some(unit)) => Self::new(unit, u32::MAX),
            (None, None) => self,
        }
    }
}

/// Reads and writes cursors of one kind of item on one chain. They are the same for lists and
/// subscriptions, whatever the filter.
#[derive(Clone, Debug)]
pub(crate) struct Cursors(PageScope);

impl Cursors {
    pub(crate) fn new(chain: Digest, kind: &str) -> Self {
        Self(PageScope::new(chain, kind, &[]))
    }

    /// The position of a client's cursor.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`.
    pub(crate) fn read(&self, field: &str, cursor: &[u8]) -> RpcResult<Position> {
        let bytes = self.0.position(field, cursor)?;
        let parts = bytes
            .split_first_chunk::<8>()
            .and_then(|(unit, rest)| Some((*unit, <[u8; 4]>::try_from(rest).ok()?)));
        let (unit, index) = parts.ok_or_else(|| RpcError::invalid(field, "not a cursor"))?;
        Ok(Position::new(
            u64::from_be_bytes(unit),
            u32::from_be_bytes(index),
        ))
    }

    /// A watermark at a position, with the checkpoint that is covered.
    pub(crate) fn watermark(&self, position: Position, covered: Option<u64>) -> Watermark {
        let mut bytes = position.unit.to_be_bytes().to_vec();
        bytes.extend(position.index.to_be_bytes());
        let mut watermark = Watermark::default();
        watermark.cursor = Some(self.0.token(&bytes).into());
        watermark.checkpoint = covered;
        watermark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_positions() {
        let cursors = Cursors::new(Digest::ZERO, "transactions");
        let position = Position::new(7, 3);
        let watermark = cursors.watermark(position, Some(1));
        let cursor = watermark.cursor.unwrap();
        assert_eq!(cursors.read("after", &cursor).unwrap(), position);
        let other = Cursors::new(Digest::ZERO, "events");
        assert!(other.read("after", &cursor).is_err());
    }

    #[test]
    fn positions_are_dense_around_units() {
        let first = Position::new(0, 0);
        assert_eq!(first.previous(), first);
        let end = Position::new(4, u32::MAX);
        assert_eq!(end.next(), Position::new(5, 0));
        assert_eq!(Position::new(5, 0).previous(), end);
    }
}
