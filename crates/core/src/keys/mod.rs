//! Keys of storage nodes (`docs/spec/encoding.md` §10.1, §10.5).
//!
//! A node has a BLS key pair, by which it signs protocol messages, and a P-256 key pair, which only
//! authenticates its TLS server. Public keys and signatures of these types are valid points: what
//! comes from a peer or the chain is checked once, when it is parsed.

mod bls;
mod key_file;
mod network;

pub use self::{
    bls::{BlsPublicKey, BlsSecretKey, BlsSignature, EMPTY_AGGREGATE_KEY},
    key_file::KeyFileError,
    network::{NetworkPublicKey, NetworkSecretKey},
};

/// Why bytes are not a key or signature, or a signature doesn't hold. Whoever sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The number of bytes is wrong.
    #[error("expected a {what} of {expected} bytes, got {got}")]
    Length {
        /// What was to be read.
        what: &'static str,
        /// Bytes it has.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// The text is not padded standard base64.
    #[error("{what} is not padded base64: {source}")]
    Base64 {
        /// What was to be read.
        what: &'static str,
        /// Where decoding failed.
        source: base64::DecodeError,
    },
    /// The bytes encode no point of the curve.
    #[error("{what} is not a point on the curve")]
    NotOnCurve {
        /// What was to be read.
        what: &'static str,
    },
    /// The point lies outside the prime-order subgroup.
    #[error("{what} is not in the prime-order subgroup")]
    WrongSubgroup {
        /// What was to be read.
        what: &'static str,
    },
    /// The point is the identity, under which anything verifies.
    #[error("{what} is the identity")]
    Identity {
        /// What was to be read.
        what: &'static str,
    },
    /// The secret is zero or not below the group order.
    #[error("{what} is not a scalar between 1 and the group order")]
    InvalidScalar {
        /// What was to be read.
        what: &'static str,
    },
    /// The signature is not one over this message by this key.
    #[error("signature does not verify")]
    Verification,
}
