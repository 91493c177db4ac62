//! Error statuses and reasons (`docs/spec/node-api.md` §2.2, §2.3).

use std::{fmt, str::FromStr};

/// The class of an error, which goes with one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// No error; never sent as one.
    Ok,
    /// The request is wrong whatever the state of the node.
    InvalidArgument,
    /// The state of the node, or of the blob, does not allow it.
    FailedPrecondition,
    /// Nobody says who they are.
    Unauthenticated,
    /// Whoever it is may not do it.
    PermissionDenied,
    /// Too large.
    SizeExceeded,
    /// There is no such thing.
    NotFound,
    /// A range outside of the thing.
    RangeNotSatisfiable,
    /// Too many requests.
    ResourceExhausted,
    /// Not served for legal reasons.
    UnavailableForLegalReasons,
    /// The node is at fault.
    Internal,
    /// Not now.
    Unavailable,
    /// It took too long.
    DeadlineExceeded,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 13] = [
        Self::Ok,
        Self::InvalidArgument,
        Self::FailedPrecondition,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::SizeExceeded,
        Self::NotFound,
        Self::RangeNotSatisfiable,
        Self::ResourceExhausted,
        Self::UnavailableForLegalReasons,
        Self::Internal,
        Self::Unavailable,
        Self::DeadlineExceeded,
    ];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::SizeExceeded => "SIZE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::RangeNotSatisfiable => "RANGE_NOT_SATISFIABLE",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::UnavailableForLegalReasons => "UNAVAILABLE_FOR_LEGAL_REASONS",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
        }
    }

    /// The HTTP status.
    pub const fn http(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::InvalidArgument | Self::FailedPrecondition => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied | Self::SizeExceeded => 403,
            Self::NotFound => 404,
            Self::RangeNotSatisfiable => 416,
            Self::ResourceExhausted => 429,
            Self::UnavailableForLegalReasons => 451,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }
}

/// A text names none of the things it should name. Whoever sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown error {what} {got:?}")]
pub struct UnknownName {
    what: &'static str,
    got: String,
}

impl FromStr for Status {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|status| status.name() == text);
        found.ok_or_else(|| UnknownName {
            what: "status",
            got: text.to_owned(),
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whose reasons they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// Those of storage nodes.
    Node,
    /// Those of publishers and aggregators.
    Daemon,
    /// Those of any service.
    Global,
}

impl Domain {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "storage.walrus.space",
            Self::Daemon => "daemon.walrus.space",
            Self::Global => "global",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $domain:ident, $retryable:literal;)*) => {
        /// Why a node refuses. The names are stable, and clients act on some of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in JSON.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The status it goes with on most routes.
            pub const fn status(self) -> Status {
                match self { $(Self::$name => Status::$status,)* }
            }

            /// Whose reason it is.
            pub const fn domain(self) -> Domain {
                match self { $(Self::$name => Domain::$domain,)* }
            }

            /// Whether the same request may succeed later without the client doing anything else.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }
        }
    };
}

reasons! {
    /// The node is at fault; details are in its log only.
    InternalError = "INTERNAL_ERROR", Internal, Global, true;
    /// The node has too much to do.
    Unavailable = "UNAVAILABLE", Unavailable, Global, true;
    /// The node does not hold the shard. It may after the next epoch change.
    ShardNotAssigned = "SHARD_NOT_ASSIGNED", FailedPrecondition, Node, false;
    /// A pair, sliver or symbol index is not below the number of shards.
    IndexOutOfRange = "INDEX_OUT_OF_RANGE", InvalidArgument, Node, false;
    /// The node has no metadata of the blob. Status 404 when metadata is read, 400 when something
    /// else needs it.
    MetadataNotFound = "METADATA_NOT_FOUND", NotFound, Node, true;
    /// The node's operator blocks the blob.
    ForbiddenBlob = "FORBIDDEN_BLOB", UnavailableForLegalReasons, Node, false;
    /// The node has not the sliver, or the blob is not registered.
    SliverNotFound = "SLIVER_NOT_FOUND", NotFound, Node, true;
    /// The node knows of no registration, or not yet.
    NotRegistered = "NOT_REGISTERED", FailedPrecondition, Node, true;
    /// A confirmation takes all slivers of the node's shards.
    MissingSlivers = "MISSING_SLIVERS", FailedPrecondition, Node, true;
    /// No room for what is not registered yet.
    CacheSaturated = "CACHE_SATURATED", FailedPrecondition, Node, true;
    /// The sliver is larger than what is kept before registration.
    SliverTooLarge = "SLIVER_TOO_LARGE", FailedPrecondition, Node, true;
    /// The metadata does not belong to the blob id.
    InvalidMetadata = "INVALID_METADATA", InvalidArgument, Node, false;
    /// The blob was found inconsistent, for good.
    InvalidBlob = "INVALID_BLOB", FailedPrecondition, Node, false;
    /// The encoding is unknown.
    UnsupportedEncodingType = "UNSUPPORTED_ENCODING_TYPE", InvalidArgument, Node, false;
    /// The sliver does not belong to the blob.
    InvalidSliver = "INVALID_SLIVER", InvalidArgument, Node, false;
    /// The index in the sliver is not that of the path.
    SliverIndexMismatch = "SLIVER_INDEX_MISMATCH", InvalidArgument, Node, false;
    /// The inconsistency proof proves nothing.
    InvalidProof = "INVALID_PROOF", InvalidArgument, Node, false;
    /// The node holds no shard that has the symbol.
    SymbolNotPresentAtShards = "SYMBOL_NOT_PRESENT_AT_SHARDS", FailedPrecondition, Node, false;
    /// An empty list of symbols.
    NoSymbolsSpecified = "NO_SYMBOLS_SPECIFIED", FailedPrecondition, Node, false;
    /// A selection of symbols that makes no sense.
    InvalidFilter = "INVALID_FILTER", InvalidArgument, Node, false;
    /// An empty list of slivers.
    NoTargetSliversSpecified = "NO_TARGET_SLIVERS_SPECIFIED", FailedPrecondition, Node, false;
    /// Decoding symbols exist for source slivers only.
    RecoverySymbolOutOfRange = "RECOVERY_SYMBOL_OUT_OF_RANGE", InvalidArgument, Node, false;
    /// Shards are given to their holders only.
    RequestUnauthorized = "REQUEST_UNAUTHORIZED", PermissionDenied, Node, false;
    /// The signature of a request does not hold.
    MessageVerificationFailed = "MESSAGE_VERIFICATION_FAILED", InvalidArgument, Node, false;
    /// Requester and node are in different epochs; metadata names both.
    InvalidEpoch = "INVALID_EPOCH", InvalidArgument, Node, true;
    /// More slivers are asked for than are sent at once.
    SliverCountExceedsLimit = "SLIVER_COUNT_EXCEEDS_LIMIT", InvalidArgument, Node, false;
    /// A body of the wrong type, or one that can't be decoded.
    InvalidContentType = "INVALID_CONTENT_TYPE", InvalidArgument, Node, false;
}

impl FromStr for Reason {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|reason| reason.code() == text);
        found.copied().ok_or_else(|| UnknownName {
            what: "reason",
            got: text.to_owned(),
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parse() {
        for status in Status::ALL {
            assert_eq!(status.name().parse(), Ok(status));
        }
        for reason in Reason::ALL {
            assert_eq!(reason.code().parse(), Ok(*reason));
        }
        let codes: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert_eq!(
            "WHATEVER".parse::<Reason>().unwrap_err().to_string(),
            r#"unknown error reason "WHATEVER""#
        );
    }
}
