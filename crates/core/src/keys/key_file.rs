//! The text of key files: one line of padded base64 over `flag ‖ 32-byte secret`
//! (`docs/spec/encoding.md` §10.5).
//!
//! Reading and writing the files (mode 0600, atomically) is the caller's.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{BlsSecretKey, KeyError, NetworkSecretKey};

const BLS_FLAG: u8 = 4;
const SECP256R1_FLAG: u8 = 2;
/// Bytes of a flag and a secret, and the most that their text decodes to.
const LEN: usize = 33;

/// Why a text is not a key file. Whoever wrote the file is at fault. Says nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The text is not base64 of 33 bytes.
    #[error("expected one line of padded base64 over 33 bytes (flag and secret)")]
    Text,
    /// The key is of another kind.
    #[error("expected a key with flag {expected:#04x} ({kind}), got {got:#04x}")]
    Flag {
        /// The wanted kind of key.
        kind: &'static str,
        /// Its flag.
        expected: u8,
        /// The flag in the file.
        got: u8,
    },
    /// The secret is not a scalar.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file is PEM, but not PKCS#8 with a P-256 key.
    #[error("expected PKCS#8 PEM with a P-256 key: {reason}")]
    Pem {
        /// What the parser says.
        reason: String,
    },
}

impl BlsSecretKey {
    /// Reads the text of a key file with flag `04`.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn from_key_file(text: &str) -> Result<Self, KeyFileError> {
        Ok(Self::from_bytes(&*decode(text, BLS_FLAG, "BLS12-381")?)?)
    }

    /// The text of a key file.
    pub fn to_key_file(&self) -> Zeroizing<String> {
        encode(BLS_FLAG, &self.to_bytes())
    }
}

impl NetworkSecretKey {
    /// Reads the text of a key file: base64 with flag `02`, or PKCS#8 PEM.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn from_key_file(text: &str) -> Result<Self, KeyFileError> {
        if text.trim_start().starts_with("-----BEGIN") {
            return Self::from_pem(text.trim_start());
        }
        Ok(Self::from_bytes(&*decode(
            text,
            SECP256R1_FLAG,
            "secp256r1",
        )?)?)
    }

    /// The text of a key file, base64 with flag `02`.
    pub fn to_key_file(&self) -> Zeroizing<String> {
        encode(SECP256R1_FLAG, &self.to_bytes())
    }
}

fn encode(flag: u8, secret: &[u8; 32]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; LEN]);
    let (first, rest) = bytes.split_at_mut(1);
    first.copy_from_slice(&[flag]);
    rest.copy_from_slice(secret);
    Zeroizing::new(BASE64_STANDARD.encode(*bytes))
}

fn decode(
    text: &str,
    expected: u8,
    kind: &'static str,
) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let mut bytes = Zeroizing::new([0; LEN]);
    let len = BASE64_STANDARD
        .decode_slice(text.trim(), bytes.as_mut_slice())
        .map_err(|_| KeyFileError::Text)?;
    let Some((&got, secret)) = bytes.split_first().filter(|_| len == LEN) else {
        return Err(KeyFileError::Text);
    };
    if got != expected {
        return Err(KeyFileError::Flag {
            kind,
            expected,
            got,
        });
    }
    let mut copy = Zeroizing::new([0; 32]);
    copy.copy_from_slice(secret);
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "BBlm7tRefoPuaKoVoxVtnUBBDCfy+BGPREM8B6oSkOEj";
    const SECRET: &str = "1966eed45e7e83ee68aa15a3156d9d40410c27f2f8118f44433c07aa1290e123";

    #[test]
    fn the_original_test_pair_is_read_and_written() {
        let key = BlsSecretKey::from_key_file(&format!("{TEXT}\n")).unwrap();
        assert_eq!(hex::encode(*key.to_bytes()), SECRET);
        assert_eq!(*key.to_key_file(), TEXT);
    }

    #[test]
    fn network_keys_are_read_from_base64_and_pem() {
        let key = NetworkSecretKey::from_bytes(&[9; 32]).unwrap();
        for text in [key.to_key_file(), key.to_pem()] {
            let read = NetworkSecretKey::from_key_file(&text).unwrap();
            assert_eq!(*read.to_bytes(), [9; 32]);
        }
    }

    #[test]
    fn wrong_files_are_refused_with_the_reason() {
        let error = NetworkSecretKey::from_key_file(TEXT).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a key with flag 0x02 (secp256r1), got 0x04"
        );
        for bad in [
            "",
            "BBlm",
            &TEXT[..43],
            &format!("{TEXT}AAAA"),
            "not base64",
        ] {
            assert_eq!(
                BlsSecretKey::from_key_file(bad).unwrap_err(),
                KeyFileError::Text,
                "{bad}"
            );
        }
        let zero = encode(BLS_FLAG, &[0; 32]);
        assert!(matches!(
            BlsSecretKey::from_key_file(&zero),
            Err(KeyFileError::Key(_))
        ));
        let error = NetworkSecretKey::from_key_file("-----BEGIN NONSENSE-----").unwrap_err();
        assert!(matches!(error, KeyFileError::Pem { .. }));
    }
}
