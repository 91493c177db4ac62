//! Messages with a signature, as nodes send them.

use serde::{Deserialize, Serialize};

use super::{Message, MessageBody, MessageError};
use crate::{
    BlobId, Epoch, Sliver,
    keys::{BlsPublicKey, BlsSecretKey, BlsSignature, KeyError},
    wire::base64_bytes,
};

/// The bytes of a message and one node's signature over them.
///
/// BCS is the bytes with their length, then the 96 bytes of the signature. JSON has the keys
/// `serializedMessage` and `signature`, both padded base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedMessage {
    /// What is signed: a [`Message`] in its binary form, as received.
    #[serde(with = "base64_bytes")]
    pub serialized_message: Vec<u8>,
    /// The signature over those bytes.
    pub signature: BlsSignature,
}

/// Why a signed message is not what was asked for. The node that sent it is at fault, unless its
/// key or the epoch have just changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedMessageError {
    /// The bytes are no message of the expected type.
    #[error(transparent)]
    Malformed(#[from] MessageError),
    /// The signer is in another epoch.
    #[error("expected a message of epoch {expected}, got epoch {got}")]
    Epoch {
        /// The epoch asked for.
        expected: Epoch,
        /// The epoch of the message.
        got: Epoch,
    },
    /// The message says something else.
    #[error("{what} message says something else than what was asked for")]
    Contents {
        /// The type of the message.
        what: &'static str,
    },
    /// The signature is not the node's.
    #[error(transparent)]
    Signature(#[from] KeyError),
}

impl SignedMessage {
    /// Signs a message.
    pub fn sign<B: MessageBody>(secret: &BlsSecretKey, message: &Message<B>) -> Self {
        let serialized_message = message.to_bytes();
        let signature = secret.sign(&serialized_message);
        Self {
            serialized_message,
            signature,
        }
    }

    /// Reads the message, which must be of type `B`. Does not check the signature.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn message<B: MessageBody>(&self) -> Result<Message<B>, MessageError> {
        Message::from_bytes(&self.serialized_message)
    }

    /// Checks the signature and reads the message, for receivers that can't know what it says.
    ///
    /// # Errors
    /// [`SignedMessageError`], the signature last.
    pub fn verify<B: MessageBody>(
        &self,
        public_key: &BlsPublicKey,
    ) -> Result<Message<B>, SignedMessageError> {
        let message = self.message()?;
        public_key.verify(&self.serialized_message, &self.signature)?;
        Ok(message)
    }

    /// Checks that the message is the expected one and the signature the node's: epoch, then
    /// contents, then signature.
    ///
    /// # Errors
    /// [`SignedMessageError`].
    pub fn verify_expected<B: MessageBody + PartialEq>(
        &self,
        public_key: &BlsPublicKey,
        expected: &Message<B>,
    ) -> Result<(), SignedMessageError> {
        let message = self.message::<B>()?;
        if message.epoch != expected.epoch {
            let (expected, got) = (expected.epoch, message.epoch);
            return Err(SignedMessageError::Epoch { expected, got });
        }
        if message.body != expected.body {
            return Err(SignedMessageError::Contents { what: B::NAME });
        }
        Ok(public_key.verify(&self.serialized_message, &self.signature)?)
    }
}

/// A node's answer to a request for a storage confirmation; JSON `{"signed": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignedStorageConfirmation {
    /// A signed [`StorageConfirmation`](super::StorageConfirmation).
    Signed(SignedMessage),
}

/// A node's answer to a [`SyncShardRequest`](super::SyncShardRequest), not signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncShardResponse {
    /// Slivers in ascending order of blob ids.
    V1(Vec<(BlobId, Sliver)>),
}
