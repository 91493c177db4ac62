//! What became of blobs, in the form of the official programs (`docs/spec/http-gateway.md` §4.1).

use floe_core::{BlobId, Epoch, EventId, ObjectId};
use serde::{Deserialize, Serialize};

use crate::info::BlobObject;

/// What became of a blob that was to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum BlobStoreResult {
    /// It is there, and was before.
    AlreadyCertified {
        /// The blob's id.
        blob_id: BlobId,
        /// The event that shows it, unless there is an object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<EventId>,
        /// The wallet's object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<ObjectId>,
        /// The epoch after the last one.
        end_epoch: Epoch,
    },
    /// It is there now.
    NewlyCreated {
        /// Its object.
        blob_object: BlobObject,
        /// What was bought or used for it.
        resource_operation: ResourceOperation,
        /// FROST paid.
        cost: u64,
        /// The shared object it was put into, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shared_blob_object: Option<ObjectId>,
    },
    /// It was found inconsistent before, and can't be stored.
    MarkedInvalid {
        /// The blob's id.
        blob_id: BlobId,
        /// The event that says so.
        event: EventId,
    },
    /// It failed; other blobs may not have.
    Error {
        /// The blob's id, if it is known.
        blob_id: Option<BlobId>,
        /// In which phase.
        failure_phase: String,
        /// Why.
        error_msg: String,
    },
}

impl BlobStoreResult {
    /// The blob's id, if it is known.
    pub const fn blob_id(&self) -> Option<BlobId> {
        match self {
            Self::AlreadyCertified { blob_id, .. } | Self::MarkedInvalid { blob_id, .. } => {
                Some(*blob_id)
            }
            Self::NewlyCreated { blob_object, .. } => Some(blob_object.blob_id),
            Self::Error { blob_id, .. } => *blob_id,
        }
    }

    /// What becomes of a blob that is to be stored again right after this.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::NewlyCreated {
                blob_object,
                shared_blob_object,
                ..
            } => Self::AlreadyCertified {
                blob_id: blob_object.blob_id,
                event: None,
                object: Some(shared_blob_object.unwrap_or(blob_object.id)),
                end_epoch: blob_object.storage.end_epoch,
            },
            other => other.clone(),
        }
    }

    /// Whether the blob is stored.
    pub const fn is_stored(&self) -> bool {
        matches!(
            self,
            Self::AlreadyCertified { .. } | Self::NewlyCreated { .. }
        )
    }
}

/// What was bought or used for a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ResourceOperation {
    /// Storage was bought.
    RegisterFromScratch {
        /// Encoded bytes.
        encoded_length: u64,
        /// For how many epochs.
        epochs_ahead: u32,
    },
    /// Storage of the wallet was used.
    ReuseStorage {
        /// Encoded bytes.
        encoded_length: u64,
    },
    /// The blob was registered before.
    ReuseRegistration {
        /// Encoded bytes.
        encoded_length: u64,
    },
    /// The blob was certified before, and is kept longer now.
    ReuseAndExtend {
        /// Encoded bytes.
        encoded_length: u64,
        /// By how many epochs.
        epochs_extended: u32,
    },
    /// The blob was registered before, and is kept longer now.
    ReuseAndExtendNonCertified {
        /// Encoded bytes.
        encoded_length: u64,
        /// By how many epochs.
        epochs_extended: u32,
    },
}

/// What storing a blob would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// The blob's id.
    pub blob_id: BlobId,
    /// Its length in bytes.
    pub unencoded_size: u64,
    /// Bytes of storage it takes up.
    pub encoded_size: u64,
    /// FROST, with the price of writing.
    pub storage_cost: u64,
    /// `RS2`.
    pub encoding_type: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::StorageObject;

    #[test]
    fn results_have_the_form_of_the_official_programs() {
        let id = BlobId([7; 32]);
        let object = ObjectId::from_suffix(9);
        let result = BlobStoreResult::NewlyCreated {
            blob_object: BlobObject {
                id: object,
                registered_epoch: Epoch(34),
                blob_id: id,
                size: 17,
                encoding_type: "RS2".into(),
                certified_epoch: Some(Epoch(34)),
                storage: StorageObject {
                    id: object,
                    start_epoch: Epoch(34),
                    end_epoch: Epoch(35),
                    storage_size: 66_034_000,
                },
                deletable: true,
            },
            resource_operation: ResourceOperation::RegisterFromScratch {
                encoded_length: 66_034_000,
                epochs_ahead: 1,
            },
            cost: 132_300,
            shared_blob_object: None,
        };
        let expected = serde_json::json!({"newlyCreated": {
            "blobObject": {
                "id": object.to_string(), "registeredEpoch": 34, "blobId": id.to_string(),
                "size": 17, "encodingType": "RS2", "certifiedEpoch": 34,
                "storage": {"id": object.to_string(), "startEpoch": 34, "endEpoch": 35,
                    "storageSize": 66_034_000},
                "deletable": true},
            "resourceOperation": {"registerFromScratch":
                {"encodedLength": 66_034_000, "epochsAhead": 1}},
            "cost": 132_300}});
        assert_eq!(serde_json::to_value(&result).unwrap(), expected);
        let result = BlobStoreResult::AlreadyCertified {
            blob_id: id,
            event: None,
            object: Some(object),
            end_epoch: Epoch(35),
        };
        let expected = serde_json::json!({"alreadyCertified":
            {"blobId": id.to_string(), "object": object.to_string(), "endEpoch": 35}});
        assert_eq!(serde_json::to_value(&result).unwrap(), expected);
        let result = BlobStoreResult::Error {
            blob_id: None,
            failure_phase: "encoding".into(),
            error_msg: "m".into(),
        };
        let expected = serde_json::json!({"error":
            {"blobId": null, "failurePhase": "encoding", "errorMsg": "m"}});
        assert_eq!(serde_json::to_value(&result).unwrap(), expected);
    }
}
