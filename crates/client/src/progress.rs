//! How far an operation is.

/// What an operation is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Encoding the blob.
    Encode,
    /// Asking the nodes what they know, and whether they are there.
    Check,
    /// Buying storage and registering.
    Register,
    /// Sending slivers to nodes.
    Upload,
    /// Submitting the certificate.
    Certify,
    /// Serving nodes that are slower than the others, after all is done.
    Tail,
    /// Reading slivers from nodes.
    Fetch,
    /// Decoding and checking the blob.
    Decode,
}

impl Phase {
    /// A word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encode => "encoding",
            Self::Check => "checking",
            Self::Register => "registering",
            Self::Upload => "uploading",
            Self::Certify => "certifying",
            Self::Tail => "finishing",
            Self::Fetch => "reading",
            Self::Decode => "decoding",
        }
    }
}

/// Is told how far an operation is. Calls come from any thread and must be quick.
pub trait Progress: std::fmt::Debug + Send + Sync {
    /// A phase begins, for blob number `blob` (from 0) of the operation. `total` is what `done` goes up
    /// to, in bytes as far as that makes sense; 0 if nobody knows.
    fn begin(&self, blob: usize, phase: Phase, total: u64);

    /// So much of the phase is done.
    fn done(&self, blob: usize, phase: Phase, done: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _blob: usize, _phase: Phase, _total: u64) {}

    fn done(&self, _blob: usize, _phase: Phase, _done: u64) {}
}
