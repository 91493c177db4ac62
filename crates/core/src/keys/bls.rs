//! BLS12-381 signatures with public keys in G1 ("min-pk").

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use blst::{
    BLST_ERROR,
    min_pk::{AggregatePublicKey, AggregateSignature, PublicKey, SecretKey, Signature},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::KeyError;
use crate::wire::base64_array;

/// The ciphersuite: hashing to G2, *without* the proof-of-possession variant's name.
const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

const PUBLIC_KEY: &str = "BLS public key";
const SECRET_KEY: &str = "BLS secret key";
const SIGNATURE: &str = "BLS signature";

/// The compressed identity of G1, the sum of no keys, as on chain for an empty committee.
pub const EMPTY_AGGREGATE_KEY: [u8; BlsPublicKey::LEN] = {
    let mut bytes = [0; BlsPublicKey::LEN];
    bytes[0] = 0xc0;
    bytes
};

/// A secret key. Overwritten with zeros when dropped, and not printed.
#[derive(Clone)]
pub struct BlsSecretKey(SecretKey);

impl BlsSecretKey {
    /// Bytes of a secret key: a big-endian scalar.
    pub const LEN: usize = 32;

    /// The key derived from 32 bytes of entropy, as the IETF draft's `KeyGen` does.
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        Self(SecretKey::key_gen(entropy, &[]).expect("32 bytes of entropy suffice"))
    }

    /// Reads a big-endian scalar.
    ///
    /// # Errors
    /// [`KeyError::InvalidScalar`] if it is zero or not below the group order.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, KeyError> {
        let invalid = |_| KeyError::InvalidScalar { what: SECRET_KEY };
        SecretKey::from_bytes(bytes).map(Self).map_err(invalid)
    }

    /// The scalar, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::LEN]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key.
    pub fn public_key(&self) -> BlsPublicKey {
        BlsPublicKey(self.0.sk_to_pk())
    }

    /// Signs a message, which is hashed as it is.
    pub fn sign(&self, message: &[u8]) -> BlsSignature {
        BlsSignature(self.0.sign(message, DST, &[]))
    }
}

impl fmt::Debug for BlsSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlsSecretKey(of {})", self.public_key())
    }
}

/// A public key: a point of G1's prime-order subgroup other than the identity.
///
/// Text is padded base64 of the compressed point. BCS is its 48 bytes without length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BlsPublicKey(PublicKey);

impl BlsPublicKey {
    /// Bytes of the compressed point.
    pub const LEN: usize = 48;
    /// Bytes of the uncompressed point, the form of committee members on chain.
    pub const UNCOMPRESSED_LEN: usize = 96;

    /// Reads and checks a compressed point.
    ///
    /// # Errors
    /// [`KeyError`] if the length is not 48, or the point not a valid key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        check_len(PUBLIC_KEY, bytes, Self::LEN)?;
        PublicKey::key_validate(bytes)
            .map(Self)
            .map_err(|error| point_error(PUBLIC_KEY, error))
    }

    /// Reads and checks an uncompressed point.
    ///
    /// # Errors
    /// [`KeyError`] if the length is not 96, or the point not a valid key.
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, KeyError> {
        check_len(PUBLIC_KEY, bytes, Self::UNCOMPRESSED_LEN)?;
        PublicKey::key_validate(bytes)
            .map(Self)
            .map_err(|error| point_error(PUBLIC_KEY, error))
    }

    /// Reads an uncompressed point that was checked before, such as a committee member's on chain.
    ///
    /// It must lie on the curve; its subgroup is not checked again, which is what takes long.
    ///
    /// # Errors
    /// [`KeyError`] if the length is not 96, or the point not on the curve.
    pub fn from_uncompressed_trusted(bytes: &[u8]) -> Result<Self, KeyError> {
        check_len(PUBLIC_KEY, bytes, Self::UNCOMPRESSED_LEN)?;
        PublicKey::deserialize(bytes)
            .map(Self)
            .map_err(|error| point_error(PUBLIC_KEY, error))
    }

    /// The compressed point.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        self.0.compress()
    }

    /// The uncompressed point.
    pub fn to_uncompressed(&self) -> [u8; Self::UNCOMPRESSED_LEN] {
        self.0.serialize()
    }

    /// Checks a signature over a message.
    ///
    /// # Errors
    /// [`KeyError::Verification`] if it doesn't hold.
    pub fn verify(&self, message: &[u8], signature: &BlsSignature) -> Result<(), KeyError> {
        match signature.0.verify(false, message, DST, &[], &self.0, false) {
            BLST_ERROR::BLST_SUCCESS => Ok(()),
            _ => Err(KeyError::Verification),
        }
    }

    /// The sum of keys, under which the sum of their signatures over one message verifies.
    ///
    /// Safe only for keys whose owners have proven possession, as all keys on chain have.
    ///
    /// # Errors
    /// [`KeyError::Identity`] if there are none or they cancel out.
    pub fn aggregate<'a>(keys: impl IntoIterator<Item = &'a Self>) -> Result<Self, KeyError> {
        let mut keys = keys.into_iter();
        let identity = KeyError::Identity {
            what: "sum of BLS public keys",
        };
        let Some(first) = keys.next() else {
            return Err(identity);
        };
        let mut sum = AggregatePublicKey::from_public_key(&first.0);
        for key in keys {
            sum.add_public_key(&key.0, false)
                .map_err(|error| point_error(PUBLIC_KEY, error))?;
        }
        let sum = sum.to_public_key();
        if sum.compress() == EMPTY_AGGREGATE_KEY {
            Err(identity)
        } else {
            Ok(Self(sum))
        }
    }
}

impl fmt::Display for BlsPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE64_STANDARD.encode(self.to_bytes()))
    }
}

impl fmt::Debug for BlsPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlsPublicKey({self})")
    }
}

impl FromStr for BlsPublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let base64 = |source| KeyError::Base64 {
            what: PUBLIC_KEY,
            source,
        };
        Self::from_bytes(&BASE64_STANDARD.decode(text).map_err(base64)?)
    }
}

impl Serialize for BlsPublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64_array::serialize(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for BlsPublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64_array::deserialize::<_, { Self::LEN }>(deserializer)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

/// A signature: a point of G2's prime-order subgroup. Also the sum of several over one message.
///
/// BCS is the 96 bytes of the compressed point without length, JSON their padded base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BlsSignature(Signature);

impl BlsSignature {
    /// Bytes of the compressed point.
    pub const LEN: usize = 96;

    /// Reads and checks a compressed point.
    ///
    /// # Errors
    /// [`KeyError`] if the length is not 96, or the point not in the subgroup.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        check_len(SIGNATURE, bytes, Self::LEN)?;
        Signature::sig_validate(bytes, true)
            .map(Self)
            .map_err(|error| point_error(SIGNATURE, error))
    }

    /// The compressed point.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        self.0.compress()
    }

    /// The sum of signatures, or `None` if there are none.
    pub fn aggregate<'a>(signatures: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut signatures = signatures.into_iter();
        let mut sum = AggregateSignature::from_signature(&signatures.next()?.0);
        for signature in signatures {
            sum.add_aggregate(&AggregateSignature::from_signature(&signature.0));
        }
        Some(Self(sum.to_signature()))
    }
}

impl fmt::Debug for BlsSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BlsSignature({})",
            BASE64_STANDARD.encode(self.to_bytes())
        )
    }
}

impl Serialize for BlsSignature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64_array::serialize(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for BlsSignature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64_array::deserialize::<_, { Self::LEN }>(deserializer)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

const fn check_len(what: &'static str, bytes: &[u8], expected: usize) -> Result<(), KeyError> {
    if bytes.len() == expected {
        Ok(())
    } else {
        Err(KeyError::Length {
            what,
            expected,
            got: bytes.len(),
        })
    }
}

const fn point_error(what: &'static str, error: BLST_ERROR) -> KeyError {
    match error {
        BLST_ERROR::BLST_PK_IS_INFINITY => KeyError::Identity { what },
        BLST_ERROR::BLST_POINT_NOT_IN_GROUP => KeyError::WrongSubgroup { what },
        _ => KeyError::NotOnCurve { what },
    }
}

#[cfg(test)]
mod tests;
