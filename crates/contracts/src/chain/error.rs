//! Failed calls.

use std::time::Duration;

use tonic::Code;

/// A call to a full node failed.
#[derive(Debug, thiserror::Error)]
#[error("{method} at full node {url}: {failure}")]
pub struct RpcError {
    /// The call.
    pub method: &'static str,
    /// The node.
    pub url: String,
    /// What happened.
    #[source]
    pub failure: RpcFailure,
}

/// What happened to a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpcFailure {
    /// The node's URL, or their number, is of no use. The configuration is at fault.
    #[error("unusable URL: {reason}")]
    Url {
        /// What is wrong.
        reason: String,
    },
    /// No answer in time.
    #[error("no answer within {limit:?}")]
    Timeout {
        /// How long was waited.
        limit: Duration,
    },
    /// The node answered with an error.
    #[error("{code:?}: {message}")]
    Status {
        /// The gRPC code.
        code: Code,
        /// The node's words.
        message: String,
    },
    /// The answer lacks something or does not parse. The node is at fault.
    #[error("malformed answer: {what}")]
    Malformed {
        /// What is missing or wrong.
        what: String,
    },
}

impl RpcError {
    pub(crate) fn new(method: &'static str, url: &str, failure: RpcFailure) -> Self {
        Self {
            method,
            url: url.to_owned(),
            failure,
        }
    }

    /// Whether the same call may succeed a little later, or with another node.
    pub const fn is_retryable(&self) -> bool {
        match &self.failure {
            RpcFailure::Url { .. } => false,
            RpcFailure::Timeout { .. } | RpcFailure::Malformed { .. } => true,
            RpcFailure::Status { code, .. } => matches!(
                code,
                Code::Unavailable
                    | Code::DeadlineExceeded
                    | Code::ResourceExhausted
                    | Code::Cancelled
                    | Code::Unknown
                    | Code::Internal
                    | Code::DataLoss
            ),
        }
    }

    /// The gRPC code the node answered with, if it did.
    pub const fn code(&self) -> Option<Code> {
        match &self.failure {
            RpcFailure::Status { code, .. } => Some(*code),
            _ => None,
        }
    }
}

impl From<tonic::Status> for RpcFailure {
    fn from(status: tonic::Status) -> Self {
        Self::Status {
            code: status.code(),
            message: status.message().to_owned(),
        }
    }
}

/// An answer that lacks `what`.
pub(crate) fn missing(what: &str) -> RpcFailure {
    RpcFailure::Malformed {
        what: format!("{what} is missing"),
    }
}

/// An answer in which `what` does not parse.
pub(crate) fn malformed(what: &str, error: impl std::fmt::Display) -> RpcFailure {
    RpcFailure::Malformed {
        what: format!("{what}: {error}"),
    }
}
