//! Errors of calls and their one mapping to gRPC codes.

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
        let mut message = message.into();
        if message.len() > Limits::MESSAGE_BYTES_MAX {
            let end = message.floor_char_boundary(Limits::MESSAGE_BYTES_MAX);
            message.truncate(end);
            message.push('…');
        }
        Self {
            code,
            message,
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

    fn at(mut self, violation: FieldViolation) -> Self {
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

    #[test]
    fn long_messages_are_cut() {
        let error = RpcError::not_found("ä".repeat(Limits::MESSAGE_BYTES_MAX));
        assert!(error.message.len() <= Limits::MESSAGE_BYTES_MAX + '…'.len_utf8());
    }
}
