//! Signed protocol messages (`docs/spec/encoding.md` §10.2).
//!
//! | bytes | content |
//! |---|---|
//! | 1 | type, the [`MessageBody`]'s |
//! | 1 | intent version, `00` |
//! | 1 | app, `03` |
//! | 4 | the signer's epoch, `u32` little-endian |
//! | rest | body |
//!
//! Between clients and nodes a message must end where its body ends ([`Message::from_bytes`]). The
//! chain ignores what follows ([`Message::from_bytes_prefix`]), and checks the signature over all
//! of it.

mod bodies;
mod reader;
mod signed;

use self::reader::Reader;
pub use self::{
    bodies::{
        BlobPersistence, DenyListBlobDeleted, DenyListUpdate, InvalidBlobId, ProofOfPossession,
        ProtocolVersion, StorageConfirmation, SyncShardRequest,
    },
    signed::{SignedMessage, SignedMessageError, SignedStorageConfirmation, SyncShardResponse},
};
use crate::Epoch;

/// What a signed message says.
///
/// The encodings are fixed by the protocol, so nothing outside this crate implements the trait.
pub trait MessageBody: Sized + sealed::Body {
    /// The first byte of the message.
    const TYPE: u8;
    /// What errors call it.
    const NAME: &'static str;
}

mod sealed {
    use super::{MessageError, Reader};

    pub trait Body: Sized {
        fn write(&self, out: &mut Vec<u8>);
        fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError>;
    }
}

/// A message: what is said, in which epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<B> {
    /// The signer's Walrus epoch.
    pub epoch: Epoch,
    /// What is said.
    pub body: B,
}

/// The part that all messages have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageHeader {
    /// The type, of which the [`MessageBody`] knows what it means.
    pub message_type: u8,
    /// The signer's Walrus epoch.
    pub epoch: Epoch,
}

/// Why bytes are not a message. The peer that sent them is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The bytes end inside a field.
    #[error("message ends inside its {field}: expected {expected} bytes, {got} left")]
    Truncated {
        /// The field.
        field: &'static str,
        /// Bytes of the field.
        expected: usize,
        /// Bytes left.
        got: usize,
    },
    /// The intent version is not 0.
    #[error("expected intent version 0, got {got}")]
    IntentVersion {
        /// The version.
        got: u8,
    },
    /// The app is not 3.
    #[error("expected app id 3, got {got}")]
    AppId {
        /// The app.
        got: u8,
    },
    /// The message is of another type.
    #[error("expected a {name} message (type {expected}), got type {got}")]
    Type {
        /// The expected type's name.
        name: &'static str,
        /// The expected type.
        expected: u8,
        /// The type.
        got: u8,
    },
    /// The persistence is neither permanent (0) nor deletable (1).
    #[error("expected blob persistence 0 or 1, got {got}")]
    Persistence {
        /// The tag.
        got: u8,
    },
    /// The request is of an unknown version.
    #[error("expected sync shard request version 0, got {got}")]
    RequestVersion {
        /// The tag.
        got: u8,
    },
    /// The axis is neither primary (0) nor secondary (1).
    #[error("expected axis 0 or 1, got {got}")]
    Axis {
        /// The tag.
        got: u8,
    },
    /// The public key in the message is not a valid one.
    #[error("invalid public key in message: {0}")]
    PublicKey(crate::keys::KeyError),
    /// More bytes follow the body.
    #[error("message has {extra} bytes after its body")]
    TrailingBytes {
        /// Bytes after the body.
        extra: usize,
    },
}

impl MessageHeader {
    /// Bytes of the header.
    pub const LEN: usize = 7;
    const INTENT_VERSION: u8 = 0;
    const APP_ID: u8 = 3;

    /// Reads the header, and returns it with the bytes that follow.
    ///
    /// The fields are checked in the chain's order: version, then app, each as it is read.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn from_bytes_prefix(bytes: &[u8]) -> Result<(Self, &[u8]), MessageError> {
        let mut reader = Reader::new(bytes);
        let message_type = reader.u8("type")?;
        match reader.u8("intent version")? {
            Self::INTENT_VERSION => {}
            got => return Err(MessageError::IntentVersion { got }),
        }
        match reader.u8("app id")? {
            Self::APP_ID => {}
            got => return Err(MessageError::AppId { got }),
        }
        let epoch = Epoch(reader.u32("epoch")?);
        Ok((
            Self {
                message_type,
                epoch,
            },
            reader.rest(),
        ))
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.message_type, Self::INTENT_VERSION, Self::APP_ID]);
        out.extend_from_slice(&self.epoch.0.to_le_bytes());
    }
}

impl<B: MessageBody> Message<B> {
    /// A message.
    pub const fn new(epoch: Epoch, body: B) -> Self {
        Self { epoch, body }
    }

    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        MessageHeader {
            message_type: B::TYPE,
            epoch: self.epoch,
        }
        .write(&mut bytes);
        self.body.write(&mut bytes);
        bytes
    }

    /// Reads a message that must take up all of `bytes`.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        match Self::from_bytes_prefix(bytes)? {
            (message, []) => Ok(message),
            (_, rest) => Err(MessageError::TrailingBytes { extra: rest.len() }),
        }
    }

    /// Reads a message from the start of `bytes` as the chain does, and returns it with the bytes
    /// that follow, which the chain ignores.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn from_bytes_prefix(bytes: &[u8]) -> Result<(Self, &[u8]), MessageError> {
        let (header, body) = MessageHeader::from_bytes_prefix(bytes)?;
        if header.message_type != B::TYPE {
            let (name, expected, got) = (B::NAME, B::TYPE, header.message_type);
            return Err(MessageError::Type {
                name,
                expected,
                got,
            });
        }
        let mut reader = Reader::new(body);
        let body = B::read(&mut reader)?;
        Ok((
            Self {
                epoch: header.epoch,
                body,
            },
            reader.rest(),
        ))
    }
}

#[cfg(test)]
mod tests;
