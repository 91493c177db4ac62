//! Certificates: one message signed by enough of a committee (`docs/spec/encoding.md` §10.3).

mod bitmap;
mod builder;

use serde::{Deserialize, Serialize};

pub use self::{
    bitmap::{BitmapError, SignerBitmap},
    builder::{CertificateBuilder, CertificateBuilderError},
};
use crate::{
    Committee, Epoch, MemberIndex, RequiredWeight,
    keys::{BlsPublicKey, BlsSignature, KeyError},
    messages::{Message, MessageBody, MessageError},
    wire,
};

/// Who signed, what they signed, and the sum of their signatures.
///
/// BCS is the signers as a list of `u16`, the message as a byte string, the 96 bytes of the
/// signature. JSON has snake-case keys, the message as a list of numbers and the signature in
/// padded base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Positions in the committee.
    #[serde(deserialize_with = "wire::vec_at_most::<_, _, { u16::MAX as usize }>")]
    pub signers: Vec<u16>,
    /// The message, as signed.
    #[serde(with = "serde_bytes")]
    pub serialized_message: Vec<u8>,
    /// The sum of the signatures.
    pub signature: BlsSignature,
}

/// Why a certificate does not hold. Whoever made it is at fault, or it is of another epoch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The signers are no set of committee members.
    #[error(transparent)]
    Signers(#[from] BitmapError),
    /// The signers hold too few shards.
    #[error("signers hold {weight} of {n_shards} shards, at least {required} needed")]
    Weight {
        /// The shards they hold.
        weight: u16,
        /// The shards they must hold.
        required: u16,
        /// All shards.
        n_shards: u16,
    },
    /// The message is none of the expected type.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The message is not of the committee's epoch.
    #[error("expected a certificate of epoch {expected}, got epoch {got}")]
    Epoch {
        /// The committee's epoch.
        expected: Epoch,
        /// The message's epoch.
        got: Epoch,
    },
    /// The signature is not the signers'.
    #[error(transparent)]
    Signature(#[from] KeyError),
}

impl Certificate {
    /// Checks the certificate against a committee of the message's epoch, and reads its message.
    ///
    /// # Errors
    /// [`CertificateError`], in the order signers, weight, message, epoch, signature.
    pub fn verify<B: MessageBody>(
        &self,
        committee: &Committee,
        required: RequiredWeight,
    ) -> Result<Message<B>, CertificateError> {
        let signers = self.signer_bitmap(committee.members().len())?.members();
        let (weight, n_shards) = (
            committee.weight(signers.iter().copied()),
            committee.n_shards(),
        );
        if !required.is_reached(weight, n_shards) {
            let required = required.least(n_shards);
            return Err(CertificateError::Weight {
                weight,
                required,
                n_shards,
            });
        }
        let message = Message::<B>::from_bytes(&self.serialized_message)?;
        if message.epoch != committee.epoch() {
            let (expected, got) = (committee.epoch(), message.epoch);
            return Err(CertificateError::Epoch { expected, got });
        }
        let keys = signers
            .iter()
            .filter_map(|signer| committee.member(*signer));
        let key = BlsPublicKey::aggregate(keys.map(|member| &member.public_key))?;
        key.verify(&self.serialized_message, &self.signature)?;
        Ok(message)
    }

    /// The signers as the bitmap to submit on chain.
    ///
    /// # Errors
    /// [`BitmapError`] if a signer is named twice or not a member.
    pub fn signer_bitmap(&self, n_members: usize) -> Result<SignerBitmap, BitmapError> {
        SignerBitmap::from_members(self.signers.iter().copied().map(MemberIndex), n_members)
    }
}

#[cfg(test)]
mod tests;
