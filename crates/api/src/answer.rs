//! Answers of single routes (`docs/spec/node-api.md` §2.1, §4–§7).

use std::{collections::BTreeMap, fmt};

use floe_core::{SliverIndex, TaggedDecodingSymbol, messages::SignedStorageConfirmation};
use serde::{Deserialize, Serialize};

/// Answer to a request for a storage confirmation.
pub type ConfirmationAnswer = SignedStorageConfirmation;

/// Symbols without proofs, by the index of the sliver they help to decode.
///
/// In BCS the map is ordered by the bytes of its keys, so that 256 comes before 1.
pub type DecodingSymbols = BTreeMap<SliverIndex, Vec<TaggedDecodingSymbol>>;

/// Whether something is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stored {
    /// Durably.
    Stored,
    /// In memory, until the blob is registered.
    Buffered,
    /// Not at all.
    Nonexistent,
}

/// What was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadedPart {
    /// The metadata of a blob.
    Metadata,
    /// A sliver.
    Sliver,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadOutcome {
    /// It was not there, and is stored now.
    Stored,
    /// It was not there, and is kept until the blob is registered. Also of what was uploaded as
    /// pending and could be stored at once.
    Buffered,
    /// It was there.
    AlreadyStored,
}

impl UploadOutcome {
    /// The HTTP status that says so.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Stored => 201,
            Self::Buffered => 202,
            Self::AlreadyStored => 200,
        }
    }

    /// The outcome behind an HTTP status, `None` if it is that of no upload that succeeded.
    pub const fn from_http_status(status: u16) -> Option<Self> {
        match status {
            201 => Some(Self::Stored),
            202 => Some(Self::Buffered),
            200 => Some(Self::AlreadyStored),
            _ => None,
        }
    }

    /// The text that goes with it.
    pub const fn message(self, part: UploadedPart) -> &'static str {
        match (part, self) {
            (UploadedPart::Metadata, Self::Stored) => "metadata successfully stored",
            (UploadedPart::Metadata, Self::Buffered) => "metadata buffered pending registration",
            (UploadedPart::Metadata, Self::AlreadyStored) => "metadata already stored",
            (UploadedPart::Sliver, Self::Stored) => "sliver stored successfully",
            (UploadedPart::Sliver, Self::Buffered) => "sliver buffered pending registration",
            (UploadedPart::Sliver, Self::AlreadyStored) => "sliver already stored",
        }
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stored => "stored",
            Self::Buffered => "buffered",
            Self::Nonexistent => "nonexistent",
        })
    }
}

#[cfg(test)]
mod tests {
    use floe_core::{
        Axis, BlobId, DecodingSymbol, Epoch,
        keys::BlsSecretKey,
        messages::{BlobPersistence, Message, SignedMessage, StorageConfirmation},
        wire,
    };

    use super::*;
    use crate::Success;

    fn json<T: Serialize>(code: u16, data: T) -> String {
        String::from_utf8(Success { code, data }.to_json()).unwrap()
    }

    #[test]
    fn answers_have_the_forms_of_the_network() {
        let message = UploadOutcome::Stored.message(UploadedPart::Metadata);
        assert_eq!(
            json(UploadOutcome::Stored.http_status(), message),
            r#"{"success":{"code":201,"data":"metadata successfully stored"}}"#
        );
        let message = UploadOutcome::AlreadyStored.message(UploadedPart::Sliver);
        assert_eq!(
            json(UploadOutcome::AlreadyStored.http_status(), message),
            r#"{"success":{"code":200,"data":"sliver already stored"}}"#
        );
        assert_eq!(
            json(200, Stored::Stored),
            r#"{"success":{"code":200,"data":"stored"}}"#
        );
        let read = Success::<Stored>::from_json(br#"{"success":{"code":200,"data":"buffered"}}"#);
        assert_eq!(read.unwrap(), Success::ok(Stored::Buffered));
        for outcome in [
            UploadOutcome::Stored,
            UploadOutcome::Buffered,
            UploadOutcome::AlreadyStored,
        ] {
            let status = outcome.http_status();
            assert_eq!(UploadOutcome::from_http_status(status), Some(outcome));
        }
    }

    #[test]
    fn confirmations_are_padded_base64() {
        let secret = BlsSecretKey::from_entropy(&[3; 32]);
        let body = StorageConfirmation {
            blob_id: BlobId([9; 32]),
            persistence: BlobPersistence::Permanent,
        };
        let signed = SignedMessage::sign(&secret, &Message::new(Epoch(7), body));
        let text = json(200, ConfirmationAnswer::Signed(signed.clone()));
        let start = r#"{"success":{"code":200,"data":{"signed":{"serializedMessage":"AQADBwAAAAkJ"#;
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains(r#"AA==","signature":""#), "{text}");
        let read = Success::<ConfirmationAnswer>::from_json(text.as_bytes()).unwrap();
        assert_eq!(read.data, ConfirmationAnswer::Signed(signed));
    }

    #[test]
    fn decoding_symbols_are_ordered_by_the_bytes_of_their_target() {
        let symbol = DecodingSymbol {
            index: SliverIndex(2),
            data: vec![5, 6],
        };
        let symbol = TaggedDecodingSymbol::new(Axis::Primary, symbol);
        let symbols: DecodingSymbols = [
            (SliverIndex(1), vec![symbol]),
            (SliverIndex(256), Vec::new()),
        ]
        .into();
        let bcs = wire::to_bcs(&symbols);
        assert_eq!(bcs, [2, 0, 1, 0, 1, 0, 1, 0, 2, 0, 2, 5, 6]);
        assert_eq!(wire::from_bcs(&bcs), Ok(symbols));
    }
}
