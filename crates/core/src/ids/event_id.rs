//! Names of transactions and of the events they emit.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{ParseIdError, serde_as_text_or};

/// The digest of a Sui transaction, 32 bytes. Text is base58; BCS is the bytes without length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxDigest(pub [u8; 32]);

impl TxDigest {
    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TxDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bs58::encode(self.0).into_string())
    }
}

impl fmt::Debug for TxDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TxDigest({self})")
    }
}

impl FromStr for TxDigest {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        match bs58::decode(text).onto(&mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(ParseIdError::Base58),
        }
    }
}

impl From<[u8; 32]> for TxDigest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<TxDigest> for [u8; 32] {
    fn from(digest: TxDigest) -> Self {
        digest.0
    }
}

serde_as_text_or!(TxDigest, [u8; 32]);

/// An event on chain: the transaction that emitted it and its position among that one's events.
///
/// JSON is `{"txDigest": "<base58>", "eventSeq": "<decimal>"}`; BCS is the digest, then the number as
/// `u64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventId {
    /// The transaction.
    pub tx_digest: TxDigest,
    /// The event's position among those of the transaction.
    #[serde(with = "decimal_text")]
    pub event_seq: u64,
}

/// Numbers that are decimal text in human-readable formats.
mod decimal_text {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(number)
        } else {
            serializer.serialize_u64(*number)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
        if d.is_human_readable() {
            Cow::<'de, str>::deserialize(d)?
                .parse()
                .map_err(D::Error::custom)
        } else {
            u64::deserialize(d)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn digests_and_events_have_one_text_and_one_binary_form() {
        let digest: TxDigest = "4XQHFa9S324wTzYHF3vsBSwpUZuLpmwTHYMFv9nsttSs"
            .parse()
            .unwrap();
        assert_eq!(
            digest.to_string(),
            "4XQHFa9S324wTzYHF3vsBSwpUZuLpmwTHYMFv9nsttSs"
        );
        let event = EventId {
            tx_digest: digest,
            event_seq: 7,
        };
        let json = r#"{"txDigest":"4XQHFa9S324wTzYHF3vsBSwpUZuLpmwTHYMFv9nsttSs","eventSeq":"7"}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
        assert_eq!(serde_json::from_str::<EventId>(json).unwrap(), event);
        let bcs = wire::to_bcs(&event);
        assert_eq!(bcs.len(), 40);
        assert_eq!(wire::from_bcs(&bcs), Ok(event));
        assert_eq!(TxDigest([0; 32]).to_string(), "1".repeat(32));
        for wrong in [
            "",
            "0",
            "4XQHFa9S324wTzYHF3vsBSwpUZuLpmwTHYMFv9nstt",
            &"1".repeat(33),
        ] {
            assert_eq!(
                wrong.parse::<TxDigest>(),
                Err(ParseIdError::Base58),
                "{wrong}"
            );
        }
    }
}
