//! Signatures of users.

use floe_core::SuiAddress;
use sui_crypto::{SuiVerifier, UserSignatureVerifier};
use sui_sdk_types::{Digest, SignedTransaction, Transaction, UserSignature};

/// A transaction whose signatures are those of its sender and gas owner.
#[derive(Clone, Debug)]
pub struct VerifiedTransaction {
    signed: SignedTransaction,
    digest: Digest,
}

/// Why the signatures of a transaction are not accepted. The sender's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureRejection {
    /// Not one signature per signer.
    #[error("expected {expected} signatures (sender, and gas owner if another), got {got}")]
    Count {
        /// Number of signers.
        expected: usize,
        /// Number of signatures.
        got: usize,
    },
    /// Nobody signed for an address that must.
    #[error("no signature of {signer}; signatures are of {got:?}")]
    Missing {
        /// Who must sign.
        signer: SuiAddress,
        /// Who signed.
        got: Vec<SuiAddress>,
    },
    /// A signature that is not valid for this transaction.
    #[error("signature of {signer} is invalid: {reason}")]
    Invalid {
        /// Who would have signed.
        signer: SuiAddress,
        /// The verifier's words.
        reason: String,
    },
}

impl VerifiedTransaction {
    /// Checks that the sender and the gas owner signed, each once, whatever kind of key they use.
    ///
    /// `verifier` decides about zkLogin: without key set it refuses these signatures.
    ///
    /// # Errors
    /// [`SignatureRejection`].
    pub fn verify(
        signed: SignedTransaction,
        verifier: &UserSignatureVerifier,
    ) -> Result<Self, SignatureRejection> {
        let tx = &signed.transaction;
        let mut signers = vec![tx.sender];
        if tx.gas_payment.owner != tx.sender {
            signers.push(tx.gas_payment.owner);
        }
        if signed.signatures.len() != signers.len() {
            let (expected, got) = (signers.len(), signed.signatures.len());
            return Err(SignatureRejection::Count { expected, got });
        }
        for signer in signers {
            let signature = signed
                .signatures
                .iter()
                .find(|signature| {
                    signature
                        .derive_addresses()
                        .any(|address| address == signer)
                })
                .ok_or_else(|| SignatureRejection::Missing {
                    signer: SuiAddress(signer.into_inner()),
                    got: signed.signatures.iter().map(address_of).collect(),
                })?;
            verifier
                .verify_transaction(tx, signature)
                .map_err(|error| SignatureRejection::Invalid {
                    signer: SuiAddress(signer.into_inner()),
                    reason: reason(&error),
                })?;
        }
        let digest = tx.digest();
        Ok(Self { signed, digest })
    }

    /// The transaction.
    pub fn transaction(&self) -> &Transaction {
        &self.signed.transaction
    }

    /// The signatures, in the order they came.
    pub fn signatures(&self) -> &[UserSignature] {
        &self.signed.signatures
    }

    /// Digest of the transaction.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The transaction with its signatures.
    pub fn into_signed(self) -> SignedTransaction {
        self.signed
    }
}

fn address_of(signature: &UserSignature) -> SuiAddress {
    SuiAddress(signature.derive_address().into_inner())
}

fn reason(error: &sui_crypto::SignatureError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
