//! Reading a segment record by record.

use std::sync::Arc;

use bytes::Bytes;
use floe_env::{DiskError, File};

use super::format::{Location, RECORD_HEADER_LEN, checksum, parse_record_header};
use crate::RecordKey;
use crate::marker::StoreId;

/// A record as it was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) key: RecordKey,
    pub(crate) location: Location,
    /// `None` if the payload is damaged.
    pub(crate) payload: Option<Bytes>,
}

/// Goes through a segment from some record on, until something is no record.
#[derive(Debug)]
pub(crate) struct Scan {
    file: Arc<dyn File>,
    store_id: StoreId,
    segment: u32,
    offset: u64,
    file_len: u64,
}

impl Scan {
    /// Starts at the record at `offset`.
    pub(crate) fn new(
        file: Arc<dyn File>,
        store_id: StoreId,
        segment: u32,
        offset: u64,
    ) -> Result<Self, DiskError> {
        let file_len = file.metadata()?.len_bytes;
        Ok(Self {
            file,
            store_id,
            segment,
            offset,
            file_len,
        })
    }

    /// Where the next record would be.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Is there anything behind the last record?
    pub(crate) const fn has_rest(&self) -> bool {
        self.offset < self.file_len
    }

    /// The next record. After a damaged payload the scan goes on; whether that makes sense is for
    /// the caller to know.
    pub(crate) fn next(&mut self) -> Result<Option<Found>, DiskError> {
        let mut header = [0; RECORD_HEADER_LEN];
        if self.file.read_at(&mut header, self.offset)? < header.len() {
            return Ok(None);
        }
        let found = parse_record_header(&header, &self.store_id, self.segment, self.offset);
        let Some((key, location)) = found else {
            return Ok(None);
        };
        if location.end() > self.file_len {
            return Ok(None);
        }
        let mut payload = vec![0; usize::try_from(location.len).unwrap_or(usize::MAX)];
        self.file
            .read_exact_at(&mut payload, location.payload_offset())?;
        let payload = (checksum(&payload) == location.checksum).then(|| payload.into());
        self.offset = location.end();
        Ok(Some(Found {
            key,
            location,
            payload,
        }))
    }
}
