//! Collecting signatures into a certificate.

use std::{collections::BTreeMap, sync::Arc};

use super::Certificate;
use crate::{
    Committee, MemberIndex, RequiredWeight,
    keys::BlsSignature,
    messages::{Message, MessageBody, SignedMessage, SignedMessageError},
};

/// Collects members' signatures over one message until they weigh enough.
#[derive(Debug, Clone)]
pub struct CertificateBuilder<B> {
    committee: Arc<Committee>,
    required: RequiredWeight,
    message: Message<B>,
    signatures: BTreeMap<MemberIndex, BlsSignature>,
    weight: u16,
}

/// Why a signature was not added. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateBuilderError {
    /// No such member. The caller is at fault.
    #[error("no member {0} in the committee")]
    NotAMember(MemberIndex),
    /// The member signed something else, or did not sign. The member is at fault.
    #[error("member {member}: {source}")]
    Rejected {
        /// The member.
        member: MemberIndex,
        /// What is wrong.
        source: SignedMessageError,
    },
}

impl<B: MessageBody + PartialEq> CertificateBuilder<B> {
    /// A certificate of the committee's epoch over `body`, still without signatures.
    pub fn new(committee: Arc<Committee>, required: RequiredWeight, body: B) -> Self {
        let message = Message::new(committee.epoch(), body);
        Self {
            committee,
            required,
            message,
            signatures: BTreeMap::new(),
            weight: 0,
        }
    }

    /// The message to be signed.
    pub const fn message(&self) -> &Message<B> {
        &self.message
    }

    /// Checks what a member has sent, and adds its signature if it is new. Returns the weight of
    /// all signatures so far.
    ///
    /// # Errors
    /// [`CertificateBuilderError`].
    pub fn add(
        &mut self,
        index: MemberIndex,
        signed: &SignedMessage,
    ) -> Result<u16, CertificateBuilderError> {
        let member = self.committee.member(index);
        let member = member.ok_or(CertificateBuilderError::NotAMember(index))?;
        signed
            .verify_expected(&member.public_key, &self.message)
            .map_err(|source| CertificateBuilderError::Rejected {
                member: index,
                source,
            })?;
        if self.signatures.insert(index, signed.signature).is_none() {
            self.weight = self.weight.saturating_add(member.weight());
        }
        Ok(self.weight)
    }

    /// The weight of the signatures so far.
    pub const fn weight(&self) -> u16 {
        self.weight
    }

    /// Who has signed so far.
    pub fn signers(&self) -> impl ExactSizeIterator<Item = MemberIndex> {
        self.signatures.keys().copied()
    }

    /// Whether the signatures weigh enough for the chain.
    pub fn is_complete(&self) -> bool {
        self.required
            .is_reached(self.weight, self.committee.n_shards())
    }

    /// The certificate over all signatures so far, or `None` if they don't weigh enough.
    pub fn build(&self) -> Option<Certificate> {
        if !self.is_complete() {
            return None;
        }
        Some(Certificate {
            signers: self.signatures.keys().map(|index| index.0).collect(),
            serialized_message: self.message.to_bytes(),
            signature: BlsSignature::aggregate(self.signatures.values())?,
        })
    }
}
