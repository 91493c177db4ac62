//! P-256 keys, by which a node's TLS server is recognised.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use p256::{
    SecretKey,
    elliptic_curve::sec1::ToEncodedPoint as _,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{KeyError, KeyFileError};
use crate::wire::base64_array;

const PUBLIC_KEY: &str = "network public key";
const SECRET_KEY: &str = "network secret key";

/// A node's TLS key. Overwritten with zeros when dropped, and not printed.
#[derive(Clone)]
pub struct NetworkSecretKey(SecretKey);

impl NetworkSecretKey {
    /// Bytes of a secret key: a big-endian scalar.
    pub const LEN: usize = 32;

    /// Reads a big-endian scalar.
    ///
    /// # Errors
    /// [`KeyError::InvalidScalar`] if it is zero or not below the group order; of random bytes,
    /// one in 2^32 is.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, KeyError> {
        let invalid = |_| KeyError::InvalidScalar { what: SECRET_KEY };
        SecretKey::from_slice(bytes).map(Self).map_err(invalid)
    }

    /// The scalar, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::LEN]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// Reads a PKCS#8 PEM file.
    ///
    /// # Errors
    /// [`KeyFileError::Pem`] if it is not one with a P-256 key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyFileError> {
        let invalid = |error: p256::pkcs8::Error| KeyFileError::Pem {
            reason: error.to_string(),
        };
        SecretKey::from_pkcs8_pem(pem).map(Self).map_err(invalid)
    }

    /// The key as a PKCS#8 PEM file.
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.0
            .to_pkcs8_pem(LineEnding::LF)
            .expect("a P-256 key has a PKCS#8 form")
    }

    /// The key as a PKCS#8 DER document, as TLS libraries take it.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.0
            .to_pkcs8_der()
            .expect("a P-256 key has a PKCS#8 form")
            .to_bytes()
    }

    /// The public key.
    pub fn public_key(&self) -> NetworkPublicKey {
        let point = self.0.public_key().to_encoded_point(true);
        let bytes = point
            .as_bytes()
            .try_into()
            .expect("a compressed point has 33 bytes");
        NetworkPublicKey(bytes)
    }
}

impl fmt::Debug for NetworkSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetworkSecretKey(of {})", self.public_key())
    }
}

/// The public half of a node's TLS key: a compressed SEC1 point on P-256.
///
/// Text is padded base64 of the point. BCS is its 33 bytes without length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkPublicKey([u8; Self::LEN]);

impl NetworkPublicKey {
    /// Bytes of the compressed point.
    pub const LEN: usize = 33;

    /// Reads and checks a compressed point.
    ///
    /// # Errors
    /// [`KeyError`] if the length is not 33, or it is no point on the curve. (The chain checks the
    /// length only.)
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let (what, expected) = (PUBLIC_KEY, Self::LEN);
        let array = <[u8; Self::LEN]>::try_from(bytes).map_err(|_| KeyError::Length {
            what,
            expected,
            got: bytes.len(),
        })?;
        p256::PublicKey::from_sec1_bytes(bytes).map_err(|_| KeyError::NotOnCurve { what })?;
        Ok(Self(array))
    }

    /// The compressed point.
    pub const fn to_bytes(&self) -> [u8; Self::LEN] {
        self.0
    }

    /// The uncompressed point (65 bytes, `04 ‖ x ‖ y`), as certificates carry it.
    pub fn to_uncompressed(&self) -> [u8; 65] {
        let key = p256::PublicKey::from_sec1_bytes(&self.0).expect("checked when made");
        let point = key.to_encoded_point(false);
        point
            .as_bytes()
            .try_into()
            .expect("an uncompressed point has 65 bytes")
    }

    /// The TLS server name of a node without a public certificate: the first four bytes in
    /// hexadecimal *without* zero padding, then `.network.walrus.alt`.
    pub fn server_name(&self) -> String {
        let [a, b, c, d, ..] = self.0;
        format!("{a:x}{b:x}{c:x}{d:x}.network.walrus.alt")
    }
}

impl fmt::Display for NetworkPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for NetworkPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetworkPublicKey({self})")
    }
}

impl Serialize for NetworkPublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64_array::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for NetworkPublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64_array::deserialize::<_, { Self::LEN }>(deserializer)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_and_bytes_round_trip() {
        let key = NetworkSecretKey::from_bytes(&[7; 32]).unwrap();
        let pem = key.to_pem();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let read = NetworkSecretKey::from_pem(&pem).unwrap();
        assert_eq!(*read.to_bytes(), [7; 32]);
        assert_eq!(read.public_key(), key.public_key());
        let public = key.public_key();
        assert_eq!(NetworkPublicKey::from_bytes(&public.to_bytes()), Ok(public));
        assert_eq!(public.to_uncompressed()[1..33], public.to_bytes()[1..]);
        assert!(NetworkSecretKey::from_pem("-----BEGIN PRIVATE KEY-----").is_err());
        assert!(!format!("{key:?}").contains("0707"));
    }

    #[test]
    fn the_server_name_has_no_zero_padding() {
        let mut bytes = [0; 33];
        bytes[..4].copy_from_slice(&[0x02, 0x0a, 0xff, 0x10]);
        assert_eq!(
            NetworkPublicKey(bytes).server_name(),
            "2aff10.network.walrus.alt"
        );
    }

    #[test]
    fn invalid_keys_are_refused() {
        assert!(NetworkSecretKey::from_bytes(&[0; 32]).is_err());
        assert!(NetworkSecretKey::from_bytes(&[0xff; 32]).is_err());
        let what = PUBLIC_KEY;
        let error = NetworkPublicKey::from_bytes(&[4; 65]).unwrap_err();
        assert_eq!(
            error,
            KeyError::Length {
                what,
                expected: 33,
                got: 65
            }
        );
        let error = NetworkPublicKey::from_bytes(&[0xff; 33]).unwrap_err();
        assert_eq!(error, KeyError::NotOnCurve { what });
    }
}
