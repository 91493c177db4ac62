//! Headers of segments and records; see the crate's documentation for the tables.

use floe_core::BlobId;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::RecordKey;
use crate::marker::StoreId;

pub(crate) const SEGMENT_VERSION: u32 = 1;
const SEGMENT_MAGIC: &[u8; 8] = b"FLOESEGM";
const RECORD_MAGIC: &[u8; 4] = b"REC1";

/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER_LEN: usize = 40;
/// Bytes of a record's header.
pub(crate) const RECORD_HEADER_LEN: usize = 64;

/// The header of segment `number`.
pub(crate) fn segment_header(store_id: &StoreId, number: u32) -> [u8; SEGMENT_HEADER_LEN] {
    let mut bytes = Vec::with_capacity(SEGMENT_HEADER_LEN);
    bytes.extend(SEGMENT_MAGIC);
    bytes.extend(SEGMENT_VERSION.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend(store_id);
    bytes.extend(xxh3_64(&bytes).to_le_bytes());
    bytes.try_into().expect("the lengths above add up to 40")
}

/// What the start of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// It is the segment that was expected.
    Good,
    /// It is a segment of a version this program doesn't know.
    Version(u32),
    /// It is a segment of another store, or another one of this store.
    Foreign,
    /// It is no segment, or not completely written.
    Bad,
}

/// Looks at the start of a file that should be segment `number`.
pub(crate) fn check_segment_header(bytes: &[u8], store_id: &StoreId, number: u32) -> Header {
    let Some(header) = bytes.first_chunk::<SEGMENT_HEADER_LEN>() else {
        return Header::Bad;
    };
    if *header == segment_header(store_id, number) {
        return Header::Good;
    }
    let sums_up = header
        .split_last_chunk::<8>()
        .is_some_and(|(body, checksum)| u64::from_le_bytes(*checksum) == xxh3_64(body));
    let version = header
        .get(8..12)
        .and_then(|version| version.try_into().ok())
        .map_or(0, u32::from_le_bytes);
    match header.starts_with(SEGMENT_MAGIC) && sums_up {
        false => Header::Bad,
        true if version != SEGMENT_VERSION => Header::Version(version),
        true => Header::Foreign,
    }
}

/// Where a record lies, and how to tell that it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) segment: u32,
    /// Of the record's header.
    pub(crate) offset: u64,
    /// Of the payload.
    pub(crate) len: u32,
    /// XXH3-64 of the payload.
    pub(crate) checksum: u64,
}

/// A location in the index.
pub(crate) type LocationBytes = [u8; Location::LEN];

impl Location {
    pub(crate) const LEN: usize = 24;

    pub(crate) const fn payload_offset(&self) -> u64 {
        self.offset.saturating_add(RECORD_HEADER_LEN as u64)
    }

    /// Bytes the record takes up.
    pub(crate) const fn record_len(&self) -> u64 {
        RECORD_HEADER_LEN as u64 + self.len as u64
    }

    pub(crate) const fn end(&self) -> u64 {
        self.offset.saturating_add(self.record_len())
    }

    pub(crate) fn to_bytes(self) -> LocationBytes {
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.extend(self.segment.to_le_bytes());
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.len.to_le_bytes());
        bytes.extend(self.checksum.to_le_bytes());
        bytes.try_into().expect("the lengths above add up to 24")
    }

    pub(crate) fn from_bytes(bytes: &LocationBytes) -> Self {
        let mut reader = Reader(bytes);
        Self {
            segment: u32::from_le_bytes(reader.take()),
            offset: u64::from_le_bytes(reader.take()),
            len: u32::from_le_bytes(reader.take()),
            checksum: u64::from_le_bytes(reader.take()),
        }
    }
}

/// Takes fields off the start of bytes whose length is known; zeros beyond it.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((head, rest)) = self.0.split_first_chunk::<N>() else {
            return [0; N];
        };
        self.0 = rest;
        *head
    }
}

/// Ties a record to its place, so that bytes that were at another one, or are part of a payload,
/// are never taken for it.
fn place_seed(store_id: &StoreId, segment: u32, offset: u64) -> u64 {
    let mut bytes = store_id.to_vec();
    bytes.extend(segment.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    xxh3_64(&bytes)
}

/// The header of the record `key` at `location`.
pub(crate) fn record_header(
    store_id: &StoreId,
    key: &RecordKey,
    location: &Location,
) -> [u8; RECORD_HEADER_LEN] {
    let (kind, shard) = key.kind_number();
    let mut bytes = Vec::with_capacity(RECORD_HEADER_LEN);
    bytes.extend(RECORD_MAGIC);
    bytes.extend([kind, 0]);
    bytes.extend(shard.to_le_bytes());
    bytes.extend(key.blob_id.as_bytes());
    bytes.extend(location.len.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(location.checksum.to_le_bytes());
    let seed = place_seed(store_id, location.segment, location.offset);
    bytes.extend(xxh3_64_with_seed(&bytes, seed).to_le_bytes());
    bytes.try_into().expect("the lengths above add up to 64")
}

/// The record whose header is at `offset` of segment `segment`, or `None` if there is none.
pub(crate) fn parse_record_header(
    bytes: &[u8; RECORD_HEADER_LEN],
    store_id: &StoreId,
    segment: u32,
    offset: u64,
) -> Option<(RecordKey, Location)> {
    let mut reader = Reader(bytes);
    let magic: [u8; 4] = reader.take();
    let [kind, _] = reader.take();
    let shard = u16::from_le_bytes(reader.take());
    let blob_id = BlobId(reader.take());
    let len = u32::from_le_bytes(reader.take());
    let _: [u8; 4] = reader.take();
    let location = Location {
        segment,
        offset,
        len,
        checksum: u64::from_le_bytes(reader.take()),
    };
    let key = RecordKey::from_parts(kind, shard, blob_id)?;
    let expected = record_header(store_id, &key, &location);
    (magic == *RECORD_MAGIC && expected == *bytes).then_some((key, location))
}

/// The checksum of a payload.
pub(crate) fn checksum(payload: &[u8]) -> u64 {
    xxh3_64(payload)
}

#[cfg(test)]
mod tests {
    use floe_core::{Axis, ShardIndex};

    use super::*;

    const STORE: StoreId = *b"0123456789abcdef";

    fn record() -> (RecordKey, Location) {
        let key = RecordKey::sliver(ShardIndex(515), Axis::Secondary, BlobId([7; 32]));
        let location = Location {
            segment: 3,
            offset: 40,
            len: 10_000,
            checksum: checksum(b"payload"),
        };
        (key, location)
    }

    #[test]
    fn headers_and_locations_survive_their_byte_form() {
        let (key, location) = record();
        let bytes = record_header(&STORE, &key, &location);
        assert_eq!(
            parse_record_header(&bytes, &STORE, 3, 40),
            Some((key, location))
        );
        assert_eq!(Location::from_bytes(&location.to_bytes()), location);
    }

    #[test]
    fn a_record_is_only_one_at_its_place() {
        let (key, location) = record();
        let bytes = record_header(&STORE, &key, &location);
        assert_eq!(parse_record_header(&bytes, &STORE, 4, 40), None);
        assert_eq!(parse_record_header(&bytes, &STORE, 3, 41), None);
        assert_eq!(parse_record_header(&bytes, &[0; 16], 3, 40), None);
        for position in 0..bytes.len() {
            let mut damaged = bytes;
            damaged[position] ^= 1;
            assert_eq!(parse_record_header(&damaged, &STORE, 3, 40), None);
        }
    }

    #[test]
    fn segment_headers_tell_what_they_are() {
        let header = segment_header(&STORE, 9);
        let check = |bytes: &[u8], number| check_segment_header(bytes, &STORE, number);
        assert_eq!(check(&header, 9), Header::Good);
        assert_eq!(check(&header, 8), Header::Foreign);
        assert_eq!(check(&header[..39], 9), Header::Bad);
        assert_eq!(check(&[0; 40], 9), Header::Bad);
        let mut newer = header[..32].to_vec();
        newer[8] = 2;
        newer.extend(xxh3_64(&newer).to_le_bytes());
        assert_eq!(check(&newer, 9), Header::Version(2));
    }

    /// The format as it is on disks out there; changes only with the version.
    #[test]
    fn the_format_is_frozen() {
        let (key, location) = record();
        let header = segment_header(&STORE, 1);
        let record = record_header(&STORE, &key, &location);
        assert_eq!(
            (xxh3_64(&header), xxh3_64(&record)),
            (FROZEN_SEGMENT, FROZEN_RECORD)
        );
    }

    const FROZEN_SEGMENT: u64 = 14_119_999_269_677_889_088;
    const FROZEN_RECORD: u64 = 14_395_256_382_846_866_175;
}
