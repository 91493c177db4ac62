//! The one table of what can go wrong: reason, whose fault, worth a retry, exit code.

use std::{error::Error, fmt, io};

use floe_core::BlobTooLarge;
use floe_encoding::{DecodeError, EncodeError, RecoverError, RedStuffError};
use floe_env::{DiskError, Operation};
use serde::Serialize;

use crate::interrupt::Left;

/// Who has to do something about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// Whoever runs the command.
    Caller,
    /// Whoever made or kept the data.
    Peer,
    /// This machine, or Floe itself.
    Us,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $fault:ident, $retryable:literal, $exit:literal;)*) => {
        /// Why a command failed. The code is stable: scripts may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Who has to do something about it.
            pub const fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)* }
            }

            /// Whether the same command may succeed later without anything being done.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }

            /// The exit code of the program.
            pub const fn exit_code(self) -> u8 {
                match self { $(Self::$name => $exit,)* }
            }
        }
    };
}

reasons! {
    /// A bug in Floe.
    Internal = "INTERNAL", Us, false, 1;
    /// An argument that can't be.
    InvalidArgument = "INVALID_ARGUMENT", Caller, false, 2;
    /// More bytes than the shards take.
    BlobTooLarge = "BLOB_TOO_LARGE", Caller, false, 3;
    /// The input is not of the kind the command takes.
    InvalidInput = "INVALID_INPUT", Caller, false, 3;
    /// Patches that don't make a quilt: names twice or illegal, too many.
    InvalidPatches = "INVALID_PATCHES", Caller, false, 3;
    /// No such file, folder or patch.
    NotFound = "NOT_FOUND", Caller, false, 4;
    /// The output exists already.
    AlreadyExists = "ALREADY_EXISTS", Caller, false, 4;
    /// A file or folder may not be read or written.
    PermissionDenied = "PERMISSION_DENIED", Caller, false, 4;
    /// Another process uses the folder or the port.
    InUse = "IN_USE", Caller, true, 4;
    /// The disk is full.
    NoSpace = "NO_SPACE", Us, true, 5;
    /// A file system failed.
    Io = "IO", Us, true, 5;
    /// The input changed while it was read.
    InputChanged = "INPUT_CHANGED", Caller, true, 6;
    /// Data is not what it should be.
    Corrupt = "CORRUPT", Peer, false, 7;
    /// Too few good slivers are left.
    NotEnoughSlivers = "NOT_ENOUGH_SLIVERS", Peer, false, 7;
    /// Slivers are missing or corrupt, but enough are left.
    Damaged = "DAMAGED", Peer, false, 7;
    /// The slivers are the writer's, and don't fit together: the blob can't be trusted.
    InconsistentBlob = "INCONSISTENT_BLOB", Peer, false, 7;
    /// Storage nodes block the blob.
    Blocked = "BLOCKED", Peer, false, 7;
    /// A server does not answer.
    Unreachable = "UNREACHABLE", Peer, true, 8;
    /// Too few storage nodes answer.
    NodesDown = "NODES_DOWN", Peer, true, 8;
    /// Too few storage nodes confirmed that they store the blob.
    NotConfirmed = "NOT_CONFIRMED", Peer, true, 8;
    /// The wallet has too little SUI or WAL.
    InsufficientFunds = "INSUFFICIENT_FUNDS", Caller, false, 9;
    /// A contract refused.
    TransactionFailed = "TRANSACTION_FAILED", Caller, false, 9;
    /// A signal ended the command.
    Interrupted = "INTERRUPTED", Caller, true, 130;
}

/// A command that failed: what the user is told.
#[derive(Debug)]
pub struct Failure {
    reason: Reason,
    message: String,
    help: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure for this reason; the message names the file and says what went wrong.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            help: None,
            source: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Why the command failed.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The form of `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        let mut causes = Vec::new();
        let mut cause = self.source();
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        serde_json::json!({"error": {
            "reason": self.reason.code(),
            "fault": self.reason.fault(),
            "retryable": self.reason.retryable(),
            "message": self.message,
            "causes": causes,
            "help": self.help,
        }})
    }

    /// The command line is none that the program knows.
    pub fn usage(error: &clap::Error) -> Self {
        let text = error.to_string();
        let (message, hints) = text.split_once("\n\n").unwrap_or((&text, ""));
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let failure = Self::new(Reason::InvalidArgument, message.trim_end());
        match hints.trim() {
            "" => failure,
            hints => failure.help(hints),
        }
    }

    /// The user, or somebody on their behalf, ended the command.
    pub fn interrupted() -> Self {
        Self::interrupted_leaving(Left::Nothing)
    }

    /// The same, of a command that may have left something on chain.
    pub fn interrupted_leaving(left: Left) -> Self {
        let new = |message| Self::new(Reason::Interrupted, message);
        match left {
            Left::Nothing => new("interrupted; nothing was left behind"),
            Left::Transaction => new("interrupted; a transaction may have run")
                .help("look at what it was to change before running the command again"),
            Left::Registrations => new(
                "interrupted; blobs may have been registered and paid for by then",
            )
            .help("store the same again: what was paid for is used; floe list-blobs shows it"),
        }
    }

    /// A disk refused.
    pub fn disk(error: &DiskError) -> Self {
        let path = error.path().display();
        // A disk that refuses to let a file grow says the same when it is written.
        if error.kind() == io::ErrorKind::FileTooLarge && *error.operation() == Operation::Open {
            let cause = error.source().map_or_else(String::new, ToString::to_string);
            return Self::new(Reason::InvalidInput, format!("{path} is too long"))
                .caused_by(cause)
                .help("check that it is the file you mean");
        }
        let message = format!("cannot {} {path}", error.operation());
        Self::io(message, error.source())
    }

    /// Something else than a disk refused; `message` names it.
    fn io(message: String, source: Option<&(dyn Error + 'static)>) -> Self {
        let cause = source.map_or_else(String::new, ToString::to_string);
        let kind = source
            .and_then(|source| source.downcast_ref::<io::Error>())
            .map_or(io::ErrorKind::Other, io::Error::kind);
        let failure = Self::new(Reason::of(kind), message).caused_by(cause);
        match failure.reason {
            Reason::NoSpace => failure.help("free some space, or name another disk"),
            _ => failure,
        }
    }

    /// Reading or writing failed; `what` completes "cannot …".
    pub fn io_of(what: impl fmt::Display, error: &io::Error) -> Self {
        Self::io(format!("cannot {what}"), Some(error))
    }

    /// The blob in `file` is too large.
    pub fn too_large(file: &str, error: &BlobTooLarge) -> Self {
        Self::new(Reason::BlobTooLarge, format!("{file} is too large"))
            .caused_by(format!(
                "expected at most {} bytes for {} shards, got {}",
                error.max, error.n_shards, error.length
            ))
            .help("split the file, or encode it for more shards with --n-shards")
    }

    /// The input changed under our eyes.
    pub fn changed(file: &str) -> Self {
        Self::new(
            Reason::InputChanged,
            format!("{file} changed while it was read"),
        )
        .help("run the command again when nothing writes to the file any more")
    }

    /// There is no code for the number of shards.
    pub fn code(error: &RedStuffError) -> Self {
        let help = match error {
            RedStuffError::TooFewShards(_) => "the live network has 1000 shards, the default",
            _ => "choose a number of shards up to some ten thousand",
        };
        let message = "blobs cannot be encoded for this number of shards";
        Self::new(Reason::InvalidArgument, message)
            .caused_by(error.to_string())
            .help(help)
    }

    /// A budget that is too small for the smallest parts.
    fn budget(name: &str, needed: u64, budget: usize) -> Self {
        let [needed, budget] = [needed, budget as u64].map(crate::output::bytes);
        Self::new(
            Reason::InvalidArgument,
            format!("{name} takes more memory than is allowed"),
        )
        .caused_by(format!("expected at least {needed}, got {budget}"))
        .help("allow more with --memory, or use fewer --threads or shards")
    }

    /// Encoding the blob in `file` failed.
    pub fn encode(file: &str, error: &EncodeError) -> Self {
        match error {
            EncodeError::TooLarge(error) => Self::too_large(file, error),
            EncodeError::BudgetTooSmall { needed, budget } => Self::budget(file, *needed, *budget),
            EncodeError::SourceChanged => Self::changed(file),
            EncodeError::Read { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => {
                Self::changed(file)
            }
            EncodeError::Read { source, .. } | EncodeError::Version { source } => {
                Self::io_of(format_args!("read {file}"), source)
            }
            EncodeError::Sink {
                axis,
                index,
                source,
            } => Self::io_of(format_args!("write {axis} sliver {index}"), source),
            other => Self::new(Reason::Internal, format!("cannot encode {file}"))
                .caused_by(other.to_string()),
        }
    }

    /// Decoding the blob in the folder `dir` failed.
    pub fn decode(dir: &str, error: &DecodeError) -> Self {
        match error {
            DecodeError::BudgetTooSmall { needed, budget } => Self::budget(dir, *needed, *budget),
            DecodeError::Sliver {
                axis,
                index,
                source,
            } => Self::io_of(format_args!("read {axis} sliver {index} in {dir}"), source),
            DecodeError::Output { source, .. } => Self::io_of("write the blob", source),
            DecodeError::InconsistentSliver { .. } | DecodeError::InconsistentBlob { .. } => {
                Self::inconsistent(dir, error.to_string())
            }
            DecodeError::Encode(error) => Self::encode("the decoded blob", error),
            other => Self::new(Reason::Internal, format!("cannot decode {dir}"))
                .caused_by(other.to_string()),
        }
    }

    /// Recovering a sliver of the blob in `dir` failed.
    pub fn recover(dir: &str, error: &RecoverError) -> Self {
        match error {
            RecoverError::Inconsistent { .. } => Self::inconsistent(dir, error.to_string()),
            other => Self::new(
                Reason::Internal,
                format!("cannot recover a sliver in {dir}"),
            )
            .caused_by(other.to_string()),
        }
    }

    fn inconsistent(dir: &str, cause: String) -> Self {
        Self::new(
            Reason::InconsistentBlob,
            format!("the blob in {dir} was encoded wrongly by whoever wrote it"),
        )
        .caused_by(cause)
        .help("every reader of the blob gets this error; nothing was written")
    }
}

impl Reason {
    /// The reason behind an error of the system.
    fn of(kind: io::ErrorKind) -> Self {
        use io::ErrorKind as E;
        match kind {
            E::NotFound => Self::NotFound,
            E::AlreadyExists => Self::AlreadyExists,
            E::PermissionDenied | E::ReadOnlyFilesystem => Self::PermissionDenied,
            E::StorageFull | E::QuotaExceeded | E::FileTooLarge => Self::NoSpace,
            E::IsADirectory | E::NotADirectory | E::InvalidFilename => Self::InvalidInput,
            E::InvalidData => Self::Corrupt,
            _ => Self::Io,
        }
    }
}

impl From<DiskError> for Failure {
    fn from(error: DiskError) -> Self {
        Self::disk(&error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl miette::Diagnostic for Failure {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.reason.code()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_exit_codes_leave_zero_to_success() {
        for (i, reason) in Reason::ALL.iter().enumerate() {
            assert_ne!(reason.exit_code(), 0);
            for other in &Reason::ALL[..i] {
                assert_ne!(reason.code(), other.code());
            }
        }
    }
}
