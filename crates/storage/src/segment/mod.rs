//! Files of records: their format, the set of them, and reading them on after a power cut.

mod files;
mod format;
mod scan;

pub(crate) use files::{FOLDER, Files};
pub(crate) use format::{
    Header, Location, LocationBytes, RECORD_HEADER_LEN, SEGMENT_HEADER_LEN, SEGMENT_VERSION,
    check_segment_header, checksum, record_header, segment_header,
};
pub(crate) use scan::Scan;
