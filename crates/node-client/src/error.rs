//! What can go wrong between us and a node.

use std::time::Duration;

use floe_api::{ApiError, Domain, Reason};
use floe_core::{MetadataError, wire::DecodeError};

/// A request to a node failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// No connection: the node is down, unreachable, or not the holder of its key.
    #[error("no connection to {address}")]
    Connect {
        /// The node.
        address: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection broke, or what came over it was no HTTP.
    #[error("the connection to {address} broke")]
    Broken {
        /// The node.
        address: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Not a byte moved for too long, or the whole took too long.
    #[error("{address} did not answer within {limit:?}")]
    TimedOut {
        /// The node.
        address: String,
        /// The limit that was reached.
        limit: Duration,
    },
    /// The node refused.
    #[error("{address} refused with status {status}{}", .error.as_ref().map_or_else(String::new, |e| format!(" ({e})")))]
    Refused {
        /// The node.
        address: String,
        /// The HTTP status.
        status: u16,
        /// What it said, if it said so in the form of the API.
        error: Option<Box<ApiError>>,
    },
    /// The node's answer is not what was asked for: it is broken or lies.
    #[error("{address} answered wrongly: {source}")]
    InvalidAnswer {
        /// The node.
        address: String,
        /// What is wrong with it.
        source: InvalidAnswer,
    },
}

/// What is wrong with an answer. The node is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAnswer {
    /// More bytes than the answer can have.
    #[error("more than the {max} bytes expected")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// A status that the route doesn't have.
    #[error("unexpected status {0}")]
    Status(u16),
    /// A body of the wrong type.
    #[error("expected a body of type {expected}, got {got:?}")]
    ContentType {
        /// The type expected.
        expected: &'static str,
        /// The type.
        got: String,
    },
    /// BCS that can't be decoded.
    #[error(transparent)]
    Bcs(#[from] DecodeError),
    /// JSON that can't be decoded.
    #[error(transparent)]
    Json(#[from] floe_api::EnvelopeError),
    /// Metadata of something else.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Something else than was asked for.
    #[error("{0}")]
    Other(&'static str),
}

impl NodeError {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::TimedOut { .. } => true,
            Self::InvalidAnswer { .. } => false,
            Self::Refused { status, error, .. } => match error.as_ref().and_then(|e| e.reason()) {
                Some(reason) => reason.retryable(),
                None => matches!(status, 404 | 408 | 409 | 425 | 429 | 500..),
            },
        }
    }

    /// Whether the node has not what was asked for: status 404, whatever the body.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether the node's operator blocks the blob: only if the node says so in the API's form.
    pub fn is_blocked(&self) -> bool {
        let blocked = Reason::ForbiddenBlob.code();
        matches!(self, Self::Refused { error: Some(error), .. }
            if error.reason_in(Domain::Node) == Some(blocked))
    }

    /// Whether it is the connection that failed, and nothing is known of the node.
    pub(crate) const fn is_of_connection(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Broken { .. })
    }

    /// The reason the node gave.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refused { error, .. } => error.as_ref()?.reason(),
            _ => None,
        }
    }

    /// The HTTP status, if there was one that says no.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the node is caught giving wrong answers.
    pub const fn is_misbehaviour(&self) -> bool {
        matches!(self, Self::InvalidAnswer { .. })
    }

    /// A short name for metrics.
    pub(crate) const fn outcome(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "no_connection",
            Self::Broken { .. } => "broken",
            Self::TimedOut { .. } => "timed_out",
            Self::Refused { .. } => "refused",
            Self::InvalidAnswer { .. } => "invalid_answer",
        }
    }
}
