//! `walrus::messages`: what committees and nodes sign (`docs/spec/contracts.md` §4.9).

use floe_core::{
    Epoch, SuiAddress,
    keys::{BlsPublicKey, BlsSignature},
    messages::{
        DenyListBlobDeleted, DenyListUpdate, InvalidBlobId, Message, MessageBody, MessageError,
        MessageHeader, ProofOfPossession, ProtocolVersion, StorageConfirmation,
    },
};

use crate::{
    error::Failure,
    modules::ModuleRef,
    runtime::{Runtime, units},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "messages");
const BCS: ModuleRef = ModuleRef::new("sui", "bcs");
const E_INCORRECT_APP_ID: u64 = 0;
const E_INCORRECT_EPOCH: u64 = 1;
const E_INVALID_MSG_TYPE: u64 = 2;
const E_INCORRECT_INTENT_VERSION: u64 = 3;
const E_INVALID_BLOB_PERSISTENCE_TYPE: u64 = 4;
const E_INVALID_KEY_LENGTH: u64 = 6;
/// `sui::bcs`: the input is too short.
const E_OUT_OF_RANGE: u64 = 0;

/// A message behind whose signature enough weight stands, of the committee's epoch.
#[derive(Clone, Copy, Debug)]
pub struct CertifiedMessage<'m> {
    /// The epoch in which it was certified.
    pub cert_epoch: Epoch,
    bytes: &'m [u8],
}

/// Reads the header of a signed message.
///
/// # Errors
/// Aborts with `bcs` 0 if it is too short, `messages` 3, 0, 1 for another version, app, epoch.
pub(super) fn new_certified_message(
    bytes: &[u8],
    committee_epoch: Epoch,
) -> Result<CertifiedMessage<'_>, Failure> {
    let function = "new_certified_message";
    let (header, _) =
        MessageHeader::from_bytes_prefix(bytes).map_err(|error| abort(&error, function))?;
    MODULE.ensure(header.epoch == committee_epoch, function, E_INCORRECT_EPOCH)?;
    Ok(CertifiedMessage {
        cert_epoch: header.epoch,
        bytes,
    })
}

impl CertifiedMessage<'_> {
    /// The message, if it says that a blob is stored.
    ///
    /// # Errors
    /// Aborts with `messages` 2 if it says something else, 4 for an unknown persistence, `bcs` 0 if
    /// it is too short.
    pub fn certify_blob_message(&self) -> Result<StorageConfirmation, Failure> {
        self.body("certify_blob_message")
    }

    /// The message, if it says that a blob is inconsistent.
    ///
    /// # Errors
    /// Aborts with `messages` 2 if it says something else, `bcs` 0 if it is too short.
    pub fn invalid_blob_id_message(&self) -> Result<InvalidBlobId, Failure> {
        self.body("invalid_blob_id_message")
    }

    /// The message, if it says which protocol is to be spoken.
    ///
    /// # Errors
    /// As [`Self::invalid_blob_id_message`].
    pub fn protocol_version_message(&self) -> Result<ProtocolVersion, Failure> {
        self.body("protocol_version_message")
    }

    /// The message, if it is about a node's deny list.
    ///
    /// # Errors
    /// As [`Self::invalid_blob_id_message`].
    pub fn deny_list_update_message(&self) -> Result<DenyListUpdate, Failure> {
        self.body("deny_list_update_message")
    }

    /// The message, if it says that a denied blob is gone.
    ///
    /// # Errors
    /// As [`Self::invalid_blob_id_message`].
    pub fn deny_list_blob_deleted_message(&self) -> Result<DenyListBlobDeleted, Failure> {
        self.body("deny_list_blob_deleted_message")
    }

    fn body<B: MessageBody>(&self, function: &'static str) -> Result<B, Failure> {
        Message::<B>::from_bytes_prefix(self.bytes)
            .map(|(message, _)| message.body)
            .map_err(|error| abort(&error, function))
    }
}

/// Whether the owner of a key has signed that the sender may register it in this epoch. A key or
/// signature that is none does not count as a proof.
///
/// # Errors
/// Aborts with `messages` 6 if the key is not 48 bytes long.
pub fn verify_proof_of_possession(
    rt: &mut Runtime<'_>,
    epoch: Epoch,
    public_key: &[u8],
    proof: &[u8],
) -> Result<bool, Failure> {
    MODULE.ensure(
        public_key.len() == BlsPublicKey::LEN,
        "new_proof_of_possession_msg",
        E_INVALID_KEY_LENGTH,
    )?;
    rt.charge(units::BLS_VERIFY)?;
    Ok(is_proof(rt.sender(), epoch, public_key, proof))
}

fn is_proof(sui_address: SuiAddress, epoch: Epoch, public_key: &[u8], proof: &[u8]) -> bool {
    let key = BlsPublicKey::from_bytes(public_key);
    let (Ok(public_key), Ok(proof)) = (key, BlsSignature::from_bytes(proof)) else {
        return false;
    };
    let message = ProofOfPossession {
        sui_address,
        public_key,
    };
    message.verify(epoch, &proof).is_ok()
}

fn abort(error: &MessageError, function: &'static str) -> Failure {
    match error {
        MessageError::IntentVersion { .. } => MODULE.abort(function, E_INCORRECT_INTENT_VERSION),
        MessageError::AppId { .. } => MODULE.abort(function, E_INCORRECT_APP_ID),
        MessageError::Type { .. } => MODULE.abort(function, E_INVALID_MSG_TYPE),
        MessageError::Persistence { .. } => MODULE.abort(
            "peel_blob_persistence_type",
            E_INVALID_BLOB_PERSISTENCE_TYPE,
        ),
        MessageError::Truncated { expected, .. } => {
            let function = match expected {
                1 => "peel_u8",
                4 => "peel_u32",
                8 => "peel_u64",
                _ => "peel_address",
            };
            BCS.abort(function, E_OUT_OF_RANGE)
        }
        // Certified messages may have trailing bytes, and none has other fields.
        other => Failure::invariant(format!("certified message: {other}")),
    }
}
