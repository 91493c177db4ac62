//! Errors of calls and their one mapping to gRPC codes.
//!
//! An error travels in headers, and clients take no more than 8 to 16 kB of these. So whatever a
//! client wrote is cut before it comes back: message and details together stay below 5 kB
//! (`docs/spec/sui-rpc.md` §1.6).

use floe_ledger::{Rejection, StoreError};
use prost::Message;
use sui_rpc::proto::{
    TryFromProtoError,
    google::rpc::{BadRequest, Status as StatusMessage, bad_request::FieldViolation},
    sui::rpc::v2::ErrorReason,
};
use tonic::{Code, Status};

use super::limits::Limits;
use crate::{ReadError, SubmitError};

/// Why a call is not answered: a code, a sentence, and the field at fault if it is one.
#[derive(Debug)]
pub(crate) struct RpcError {
    code: Code,
    message: String,
    violation: Option<Box<FieldViolation>>,
}

/// A result of a call.
pub(crate) type RpcResult<T> = Result<T, RpcError>;

impl RpcError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: cut(
                message.into(),
                Limits::MESSAGE_BYTES_MAX,
                percent_encoded_len,
            ),
            violation: None,
        }
    }

    /// The thing does not exist, or not any more.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// The request itself is wrong.
    pub(crate) fn invalid(field: &str, reason: impl std::fmt::Display) -> Self {
        let error = Self::new(Code::InvalidArgument, format!("{field}: {reason}"));
        error.at(FieldViolation::new(field)
            .with_reason(ErrorReason::FieldInvalid)
            .with_description(reason.to_string()))
    }

    /// A required field is not there.
    pub(crate) fn missing(field: &str) -> Self {
        let error = Self::new(Code::InvalidArgument, format!("{field}: missing"));
        error.at(FieldViolation::new(field).with_reason(ErrorReason::FieldMissing))
    }

    /// Our own fault; the details go to the log.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "rpc call failed");
        Self::new(Code::Internal, "internal error")
    }

    fn at(mut self, mut violation: FieldViolation) -> Self {
        violation.field = cut(violation.field, Limits::FIELD_BYTES_MAX, char::len_utf8);
        violation.description = cut(
            violation.description,
            Limits::DESCRIPTION_BYTES_MAX,
            char::len_utf8,
        );
        self.violation = Some(Box::new(violation));
        self
    }

    /// As an item of a batch.
    pub(crate) fn into_message(self) -> StatusMessage {
        let mut message = StatusMessage::default();
        message.code = self.code.into();
        message.details = self.details();
        message.message = self.message;
        message
    }

    fn details(&self) -> Vec<prost_types::Any> {
        let request = self
            .violation
            .as_ref()
            .map(|violation| BadRequest::from((**violation).clone()));
        request
            .iter()
            .map(|request| prost_types::Any {
                type_url: "type.googleapis.com/google.rpc.BadRequest".to_owned(),
                value: request.encode_to_vec(),
            })
            .collect()
    }
}

/// `text`, or as much of its beginning as is `max` long when a character counts `len`.
fn cut(mut text: String, max: usize, len: impl Fn(char) -> usize) -> String {
    const MARK: char = '…';
    let mut used = 0_usize;
    let mut end = 0;
    for (at, char) in text.char_indices() {
        if used + len(MARK) <= max {
            end = at;
        }
        used += len(char);
        if used > max {
            text.truncate(end);
            text.push(MARK);
            break;
        }
    }
    text
}

/// Bytes of a character in a `grpc-message`, or more.
fn percent_encoded_len(char: char) -> usize {
    if char.is_ascii_alphanumeric() || "-_.:,;/()[]=+*".contains(char) {
        1
    } else {
        3 * char.len_utf8()
    }
}

impl From<RpcError> for Status {
    fn from(error: RpcError) -> Self {
        if error.violation.is_none() {
            return Self::new(error.code, error.message);
        }
        let (code, message) = (error.code, error.message.clone());
        let details = error.into_message().encode_to_vec();
        Self::with_details(code, message, details.into())
    }
}

impl From<TryFromProtoError> for RpcError {
    fn from(error: TryFromProtoError) -> Self {
        let violation = error.field_violation().clone();
        let reason = if violation.description.is_empty() {
            "missing"
        } else {
            &violation.description
        };
        let message = format!("{}: {reason}", violation.field);
        Self::new(Code::InvalidArgument, message).at(violation)
    }
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<ReadError> for RpcError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Pruned { .. } => Self::not_found(error.to_string()),
            error => Self::internal(&error),
        }
    }
}

impl From<SubmitError> for RpcError {
    fn from(error: SubmitError) -> Self {
        match &error {
            SubmitError::Rejected(rejection) => Self::from(&**rejection),
            SubmitError::Signature(_) => Self::new(Code::InvalidArgument, error.to_string()),
            SubmitError::Busy { .. } => Self::new(Code::ResourceExhausted, error.to_string()),
            SubmitError::Stopping => Self::new(Code::Unavailable, error.to_string()),
        }
    }
}

/// `docs/spec/sui-rpc.md` §3: unknown objects, foreign objects and missing gas are errors of the
/// call; a transaction that runs and fails is not.
impl From<&Rejection> for RpcError {
    fn from(rejection: &Rejection) -> Self {
        let code = match rejection {
            Rejection::Store(_) | Rejection::ProtocolVersion { .. } => {
                return Self::internal(rejection);
            }
            Rejection::ObjectNotFound { .. } | Rejection::PackageNotFound { .. } => Code::NotFound,
            Rejection::StaleObject { .. }
            | Rejection::Expired { .. }
            | Rejection::NoGasCoin
            | Rejection::InsufficientGasBalance { .. } => Code::FailedPrecondition,
            _ => Code::InvalidArgument,
        };
        Self::new(code, rejection.to_string())
    }
}

impl From<Rejection> for RpcError {
    fn from(rejection: Rejection) -> Self {
        Self::from(&rejection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_field_is_named_in_the_details() {
        let status = Status::from(RpcError::invalid("object_id", "not hexadecimal"));
        assert_eq!(status.code(), Code::InvalidArgument);
        let message = StatusMessage::decode(status.details()).unwrap();
        let request = BadRequest::decode(message.details[0].value.as_slice()).unwrap();
        assert_eq!(request.field_violations[0].field, "object_id");
    }

    /// The headers of an error, as they are sent.
    fn header_bytes(error: RpcError) -> usize {
        let response = Status::from(error).into_http::<()>();
        let headers = response.headers().iter();
        headers
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum()
    }

    /// What the library says about a field that a client wrote.
    fn from_library(text: &str) -> RpcError {
        let mut call = sui_rpc::proto::sui::rpc::v2::MoveCall::default();
        call.package = Some("0x2".to_owned());
        call.module = Some("module".to_owned());
        call.function = Some("function".to_owned());
        call.type_arguments = vec![text.to_owned()];
        let error = sui_sdk_types::MoveCall::try_from(&call).unwrap_err();
        RpcError::from(error.nested("kind"))
    }

    #[test]
    fn errors_fit_the_headers_of_every_client() {
        for char in ["a", " ", "<", "%", "\n", "\0", "ä", "…", "漢", "🦀"] {
            for shift in 0..4 {
                let text = format!("{}{}", "x".repeat(shift), char.repeat(100_000));
                let errors = [
                    RpcError::new(Code::Unavailable, text.clone()),
                    RpcError::not_found(text.clone()),
                    RpcError::invalid("field", &text),
                    RpcError::invalid(&text, &text),
                    RpcError::missing(&text),
                    RpcError::internal(&text),
                    from_library(&text),
                ];
                for error in errors {
                    let shown = format!("{:.60}", error.message);
                    let bytes = header_bytes(error);
                    assert!(bytes < 5000, "{bytes} bytes of headers: {shown}");
                }
            }
        }
    }

    #[test]
    fn only_what_is_too_long_is_cut() {
        let fits = "x".repeat(Limits::MESSAGE_BYTES_MAX);
        assert_eq!(RpcError::not_found(fits.clone()).message, fits);
        let cut = RpcError::not_found(format!("{fits}x")).message;
        assert!(cut.ends_with("x…") && cut.len() < fits.len(), "{cut}");
        let fits = "ä".repeat(Limits::MESSAGE_BYTES_MAX / 6);
        assert_eq!(RpcError::not_found(fits.clone()).message, fits);
    }
}
