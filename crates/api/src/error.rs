//! Errors as they travel (`docs/spec/node-api.md` §2.2).

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    limits,
    reason::{Domain, Reason, Status},
};

/// What the public is told about an internal error. Details are in the node's log.
const INTERNAL: &str = "an internal error has occurred, please report it";

/// An error: what a node answers instead of what was asked for.
///
/// A node makes it from a [`Reason`]; a client reads it with [`ApiError::from_json`].
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// Its class.
    pub status: Status,
    /// For people.
    pub message: String,
    /// First the [`Detail::ErrorInfo`], then others.
    pub details: Vec<Detail>,
}

/// More about an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "@type")]
pub enum Detail {
    /// Why, for programs.
    ErrorInfo {
        /// A [`Reason`], or one of another service.
        reason: String,
        /// A [`Domain`].
        domain: String,
        /// What the reason has to say.
        metadata: BTreeMap<String, Value>,
    },
    /// Where to look in the node's log.
    #[serde(rename_all = "camelCase")]
    DebugInfo {
        /// Always empty.
        stack_entries: Vec<String>,
        /// The trace, as `TraceID: <hex>`.
        detail: String,
    },
}

/// Bytes are no error of this API. Whoever sent them is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorBodyError {
    /// No JSON of the right form.
    #[error("no error in JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// More bytes than an error takes.
    #[error("an error of {got} bytes, at most {max} are read")]
    TooLong {
        /// The greatest length.
        max: usize,
        /// The length.
        got: usize,
    },
    /// The status and the code don't go together, or one is unknown.
    #[error("error status {status:?} does not go with code {code}")]
    Mismatch {
        /// The status.
        status: String,
        /// The code.
        code: u16,
    },
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    error: Body,
}

#[derive(Serialize, Deserialize)]
struct Body {
    status: String,
    code: u16,
    message: String,
    details: Vec<Detail>,
}

impl ApiError {
    /// An error for this reason, with its usual status.
    pub fn new(reason: Reason, message: impl fmt::Display) -> Self {
        Self {
            status: reason.status(),
            message: message.to_string(),
            details: vec![Detail::ErrorInfo {
                reason: reason.code().to_owned(),
                domain: reason.domain().name().to_owned(),
                metadata: BTreeMap::new(),
            }],
        }
    }

    /// An internal error, of which the public learns the trace at most.
    pub fn internal(trace_id: Option<&str>) -> Self {
        let mut error = Self::new(Reason::InternalError, INTERNAL);
        error.details.extend(trace_id.map(|id| Detail::DebugInfo {
            stack_entries: Vec::new(),
            detail: format!("TraceID: {id}"),
        }));
        error
    }

    /// The same error with another status, where a route has it so.
    #[must_use]
    pub const fn with_status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// The same error with one more thing said about its reason.
    #[must_use]
    pub fn with_metadata(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Some(Detail::ErrorInfo { metadata, .. }) = self.details.first_mut() {
            metadata.insert(key.to_owned(), value.into());
        }
        self
    }

    /// The HTTP status.
    pub const fn http_status(&self) -> u16 {
        self.status.http()
    }

    /// The reason as text, if there is one of the domain.
    pub fn reason_in(&self, domain: Domain) -> Option<&str> {
        match self.details.first() {
            Some(Detail::ErrorInfo {
                reason,
                domain: theirs,
                ..
            }) if theirs == domain.name() => Some(reason),
            _ => None,
        }
    }

    /// The reason, if it is one that is known, of the domain it belongs to.
    pub fn reason(&self) -> Option<Reason> {
        let domains = [Domain::Node, Domain::Global, Domain::Daemon];
        domains.into_iter().find_map(|domain| {
            let reason: Reason = self.reason_in(domain)?.parse().ok()?;
            (reason.domain() == domain).then_some(reason)
        })
    }

    /// What the reason has to say under `key`.
    pub fn metadata(&self, key: &str) -> Option<&Value> {
        match self.details.first() {
            Some(Detail::ErrorInfo { metadata, .. }) => metadata.get(key),
            _ => None,
        }
    }

    /// The body.
    pub fn to_json(&self) -> Vec<u8> {
        let error = Body {
            status: self.status.name().to_owned(),
            code: self.status.http(),
            message: self.message.clone(),
            details: self.details.clone(),
        };
        serde_json::to_vec(&Envelope { error }).expect("text and numbers have a JSON form")
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`ErrorBodyError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ErrorBodyError> {
        let (max, got) = (limits::ERROR_BYTES_MAX, bytes.len());
        if got > max {
            return Err(ErrorBodyError::TooLong { max, got });
        }
        let Envelope { error } = serde_json::from_slice(bytes)?;
        let Body {
            status,
            code,
            message,
            details,
        } = error;
        match status.parse::<Status>() {
            Ok(status) if status.http() == code => Ok(Self {
                status,
                message,
                details,
            }),
            _ => Err(ErrorBodyError::Mismatch { status, code }),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.details.first() {
            Some(Detail::ErrorInfo { reason, .. }) => write!(f, "{reason}: {}", self.message),
            _ => write!(f, "{}: {}", self.status, self.message),
        }
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_form_of_the_network() {
        let error = ApiError::new(Reason::NotRegistered, "human readable");
        let json = concat!(
            r#"{"error":{"status":"FAILED_PRECONDITION","code":400,"message":"human readable","#,
            r#""details":[{"@type":"ErrorInfo","reason":"NOT_REGISTERED","#,
            r#""domain":"storage.walrus.space","metadata":{}}]}}"#
        );
        assert_eq!(String::from_utf8(error.to_json()).unwrap(), json);
        assert_eq!(ApiError::from_json(json.as_bytes()).unwrap(), error);
        assert_eq!(error.reason(), Some(Reason::NotRegistered));
        assert_eq!(error.reason_in(Domain::Global), None);
    }

    #[test]
    fn an_internal_error_says_nothing_but_its_trace() {
        let error = ApiError::internal(Some("abc1"));
        let json = concat!(
            r#"{"error":{"status":"INTERNAL","code":500,"#,
            r#""message":"an internal error has occurred, please report it","details":["#,
            r#"{"@type":"ErrorInfo","reason":"INTERNAL_ERROR","domain":"global","metadata":{}},"#,
            r#"{"@type":"DebugInfo","stackEntries":[],"detail":"TraceID: abc1"}]}}"#
        );
        assert_eq!(String::from_utf8(error.to_json()).unwrap(), json);
        assert_eq!(ApiError::from_json(json.as_bytes()).unwrap(), error);
    }

    #[test]
    fn epochs_travel_as_metadata() {
        let error = ApiError::new(Reason::InvalidEpoch, "other epoch")
            .with_metadata("request_epoch", 4_u32)
            .with_metadata("server_epoch", 3_u32);
        let read = ApiError::from_json(&error.to_json()).unwrap();
        assert_eq!(read.metadata("server_epoch"), Some(&Value::from(3)));
    }

    #[test]
    fn a_reason_of_another_domain_is_not_ours() {
        let json = concat!(
            r#"{"error":{"status":"UNAVAILABLE_FOR_LEGAL_REASONS","code":451,"message":"","#,
            r#""details":[{"@type":"ErrorInfo","reason":"FORBIDDEN_BLOB","#,
            r#""domain":"daemon.walrus.space","metadata":{}}]}}"#
        );
        assert_eq!(ApiError::from_json(json.as_bytes()).unwrap().reason(), None);
    }

    #[test]
    fn bodies_that_are_no_errors_are_refused() {
        let body = |status: &str, code: u16, details: &str| {
            let json = format!(
                r#"{{"error":{{"status":"{status}","code":{code},"message":"m","details":{details}}}}}"#
            );
            ApiError::from_json(json.as_bytes())
        };
        assert!(body("NOT_FOUND", 404, "[]").is_ok());
        for (status, code) in [("NOT_FOUND", 400), ("WHATEVER", 404)] {
            let error = body(status, code, "[]").unwrap_err();
            assert!(matches!(error, ErrorBodyError::Mismatch { .. }), "{error}");
        }
        for details in [
            r#"[{"@type":"Other"}]"#,
            r#"[{"@type":"ErrorInfo","reason":"A"}]"#,
            "1",
        ] {
            assert!(matches!(
                body("INTERNAL", 500, details),
                Err(ErrorBodyError::Json(_))
            ));
        }
        assert!(ApiError::from_json(b"plain text").is_err());
        let long = vec![b' '; limits::ERROR_BYTES_MAX + 1];
        assert!(matches!(
            ApiError::from_json(&long),
            Err(ErrorBodyError::TooLong { .. })
        ));
    }
}
