//! The envelope of JSON answers (`docs/spec/node-api.md` §2.1) and the types of bodies (§1.2).

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Media type of BCS bodies.
pub const MEDIA_BCS: &str = "application/octet-stream";
/// Media type of JSON bodies.
pub const MEDIA_JSON: &str = "application/json";

/// Whether a `Content-Type` is `media_type`, whatever its parameters.
///
/// ```
/// use floe_api::{MEDIA_JSON, media_type_is};
///
/// assert!(media_type_is("Application/JSON; charset=utf-8", MEDIA_JSON));
/// assert!(!media_type_is("application/json5", MEDIA_JSON));
/// ```
pub fn media_type_is(content_type: &str, media_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(media_type)
}

/// A JSON answer: `{"success": {"code": 200, "data": …}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success<T> {
    /// The HTTP status again.
    pub code: u16,
    /// What was asked for.
    pub data: T,
}

/// Bytes are no answer of the expected type. Whoever sent them is at fault.
#[derive(Debug, thiserror::Error)]
#[error("no answer in JSON: {0}")]
pub struct EnvelopeError(#[from] serde_json::Error);

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    success: Inner<T>,
}

#[derive(Serialize, Deserialize)]
struct Inner<T> {
    code: u16,
    data: T,
}

impl<T> Success<T> {
    /// An answer with status 200.
    pub const fn ok(data: T) -> Self {
        Self { code: 200, data }
    }
}

impl<T: Serialize> Success<T> {
    /// The body.
    ///
    /// # Panics
    /// If `T` has no JSON form; all types of this crate have one.
    pub fn to_json(&self) -> Vec<u8> {
        let (code, data) = (self.code, &self.data);
        let success = Inner { code, data };
        serde_json::to_vec(&Envelope { success }).expect("answers have a JSON form")
    }
}

impl<T: DeserializeOwned> Success<T> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let Envelope { success } = serde_json::from_slice(bytes)?;
        let Inner { code, data } = success;
        Ok(Self { code, data })
    }
}
