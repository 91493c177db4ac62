//! Bounds on everything a client can send or ask for.

use std::time::Duration;

/// The limits of the RPC services.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits;

impl Limits {
    /// Largest request message. A transaction of 128 KiB with signatures fits several times.
    pub(crate) const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;
    /// Largest answer. A page of large objects must fit; streams send one item a message.
    pub(crate) const RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;
    /// Rendered bytes after which a page ends.
    pub(crate) const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
    /// Rendered bytes beyond which a batch is refused.
    pub(crate) const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
    /// Ids in a batch.
    pub(crate) const BATCH_MAX: usize = 1000;
    /// Entries of a page unless the client says.
    pub(crate) const PAGE_DEFAULT: usize = 50;
    /// Entries of a page; more is coerced.
    pub(crate) const PAGE_MAX: usize = 1000;
    /// Items of a ledger stream unless the client says.
    pub(crate) const STREAM_ITEMS_DEFAULT: usize = 50;
    /// Items of a ledger stream; more is coerced.
    pub(crate) const STREAM_ITEMS_MAX: usize = 1000;
    /// Transactions or checkpoints that one ledger stream looks at before it stops with a cursor.
    pub(crate) const SCAN_UNITS_MAX: u64 = 50_000;
    /// Paths of a field mask.
    pub(crate) const MASK_PATHS_MAX: usize = 256;
    /// Bytes of one path of a field mask.
    pub(crate) const MASK_PATH_BYTES_MAX: usize = 256;
    /// Bytes of a name, address or digest in text form. Identifiers of the chain's Move have up to
    /// 128 bytes; addresses have 66 and digests 44.
    pub(crate) const NAME_BYTES_MAX: usize = 128;
    /// Bytes of a type in text form: 24 structs with the longest names.
    pub(crate) const TYPE_BYTES_MAX: usize = 8 * 1024;
    /// Bytes of a page token or cursor.
    pub(crate) const TOKEN_BYTES_MAX: usize = 16 * 1024;
    /// Signatures of a transaction.
    pub(crate) const SIGNATURES_MAX: usize = 8;
    /// Terms, and literals of a term, of a filter.
    pub(crate) const FILTER_ITEMS_MAX: usize = 16;
    /// Nodes of a value rendered as JSON.
    pub(crate) const JSON_NODES_MAX: usize = 16 * 1024;
    /// Bytes of an object's display.
    pub(crate) const DISPLAY_BYTES_MAX: usize = 64 * 1024;
    /// Subscriptions at the same time.
    pub(crate) const SUBSCRIPTIONS_MAX: usize = 256;
    /// Calls that are worked on at the same time; more wait.
    pub(crate) const CALLS_MAX: usize = 256;
    /// Calls of each method with a stream of answers that are open at the same time.
    pub(crate) const STREAMS_MAX: usize = 256;
    /// How long a call waits for others before it is refused.
    pub(crate) const CALL_WAIT: Duration = Duration::from_secs(5);
    /// Bytes of an answer that are handed on at a time. Divisible by 3: each part ends without
    /// padding in the base64 of gRPC-web.
    pub(crate) const PART_BYTES: usize = 48 * 1024;
    /// How often a filtered subscription reports progress at least, in checkpoints.
    pub(crate) const PROGRESS_CHECKPOINTS: u64 = 10;
    /// Bytes of an error message as a header, percent-encoded.
    pub(crate) const MESSAGE_BYTES_MAX: usize = 1536;
    /// Bytes of the description of a bad field.
    pub(crate) const DESCRIPTION_BYTES_MAX: usize = 512;
    /// Bytes of the path of a bad field.
    pub(crate) const FIELD_BYTES_MAX: usize = 256;
}

const _: () = assert!(Limits::BATCH_BYTES_MAX < Limits::RESPONSE_BYTES_MAX);
// The chunk of objects that ends a page adds to it.
const _: () = assert!(Limits::PAGE_BYTES_MAX < Limits::BATCH_BYTES_MAX);
const _: () = assert!(Limits::PART_BYTES.is_multiple_of(3));
const _: () = assert!(Limits::PAGE_DEFAULT <= Limits::PAGE_MAX);
