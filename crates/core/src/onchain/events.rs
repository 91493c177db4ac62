//! Events of the contracts (`docs/spec/contracts.md` §5).

use super::{MoveDatatype, U256};
use crate::{
    BlobId, Epoch, ObjectId, ShardIndex,
    wire::{self, DecodeError},
};

/// Why an event can't be read. The contracts are newer than this program, or the sender is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// No such event.
    #[error("unknown event {name:?} of module events")]
    Unknown {
        /// The name of the event's type.
        name: String,
    },
    /// The event has another layout.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Defines the enum of all events.
macro_rules! contract_event {
    ($($event:ident),* $(,)?) => {
        /// Any event of the contracts.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ContractEvent {
            $(#[doc = concat!("[`", stringify!($event), "`].")] $event($event)),*
        }

        impl ContractEvent {
            /// The names of all events, which are those of their types.
            pub const NAMES: &'static [&'static str] = &[$($event::NAME),*];

            /// Reads an event whose type is `{walrus package}::events::{name}`.
            ///
            /// # Errors
            /// [`EventError`] if there is no such event, or it has another layout.
            pub fn from_bcs(name: &str, bytes: &[u8]) -> Result<Self, EventError> {
                match name {
                    $($event::NAME => Ok(Self::$event(wire::from_bcs(bytes)?)),)*
                    _ => Err(EventError::Unknown { name: name.to_owned() }),
                }
            }

            /// The name of the event's type.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$event(_) => $event::NAME),*
                }
            }

            /// The event's canonical form.
            pub fn to_bcs(&self) -> Vec<u8> {
                match self {
                    $(Self::$event(event) => wire::to_bcs(event)),*
                }
            }
        }

        $(impl From<$event> for ContractEvent {
            fn from(event: $event) -> Self {
                Self::$event(event)
            }
        })*
    };
}

contract_event! {
    BlobRegistered,
    BlobCertified,
    BlobDeleted,
    InvalidBlobID,
    EpochChangeStart,
    EpochChangeDone,
    ShardsReceived,
    EpochParametersSelected,
    ShardRecoveryStart,
    ContractUpgraded,
    RegisterDenyListUpdate,
    DenyListUpdate,
    DenyListBlobDeleted,
    ContractUpgradeProposed,
    ContractUpgradeQuorumReached,
    ProtocolVersionUpdated,
    PricesUpdated,
    StoragePoolCreated,
    PooledBlobRegistered,
    PooledBlobCertified,
    PooledBlobDeleted,
    StoragePoolExtended,
}

move_types! {
    walrus::events;

    /// A blob was registered.
    struct BlobRegistered {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// Unencoded bytes.
        size: u64,
        /// The number of the blob's [`EncodingType`](crate::EncodingType).
        encoding_type: u8,
        /// The epoch after the last that is paid for.
        end_epoch: Epoch,
        /// Whether the blob can be deleted.
        deletable: bool,
        /// The id of the blob's object.
        object_id: ObjectId,
    }

    /// A blob was certified or extended.
    struct BlobCertified {
        /// The epoch it was first certified in, also for extensions.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// The epoch after the last that is paid for.
        end_epoch: Epoch,
        /// Whether the blob can be deleted.
        deletable: bool,
        /// The id of the blob's object.
        object_id: ObjectId,
        /// Whether it was extended.
        is_extension: bool,
    }

    /// A blob was deleted.
    struct BlobDeleted {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// The epoch after the last that is paid for.
        end_epoch: Epoch,
        /// The id of the blob's object.
        object_id: ObjectId,
        /// Whether it had been certified.
        was_certified: bool,
    }

    /// A blob's slivers are no codeword.
    struct InvalidBlobID {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
    }

    /// An epoch has begun.
    struct EpochChangeStart {
        /// The new epoch.
        epoch: Epoch,
    }

    /// A quorum of nodes has received its shards.
    struct EpochChangeDone {
        /// The epoch it happened in.
        epoch: Epoch,
    }

    /// A node has received its shards.
    struct ShardsReceived {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The shards.
        shards: Vec<ShardIndex>,
    }

    /// The next committee is selected.
    struct EpochParametersSelected {
        /// The next committee's epoch.
        next_epoch: Epoch,
    }

    /// Never emitted.
    struct ShardRecoveryStart {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The shards.
        shards: Vec<ShardIndex>,
    }

    /// The shared objects were migrated to a new package.
    struct ContractUpgraded {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The new package.
        package_id: ObjectId,
        /// The package's version.
        version: u64,
    }

    /// A node has announced a deny list.
    struct RegisterDenyListUpdate {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The root of the list.
        root: U256,
        /// Counts up with every list.
        sequence_number: u64,
        /// The node.
        node_id: ObjectId,
    }

    /// A node's deny list was certified.
    struct DenyListUpdate {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The root of the list.
        root: U256,
        /// Counts up with every list.
        sequence_number: u64,
        /// The node.
        node_id: ObjectId,
    }

    /// A denied blob was deleted.
    struct DenyListBlobDeleted {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
    }

    /// A vote on an upgrade has begun.
    struct ContractUpgradeProposed {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The digest of the new package.
        package_digest: Vec<u8>,
    }

    /// A vote at or above the quorum was cast for an upgrade.
    struct ContractUpgradeQuorumReached {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The digest of the new package.
        package_digest: Vec<u8>,
    }

    /// Nodes will speak another protocol version.
    struct ProtocolVersionUpdated {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The first epoch.
        start_epoch: Epoch,
        /// The version.
        protocol_version: u64,
    }

    /// The prices were voted anew.
    struct PricesUpdated {
        /// The epoch it happened in.
        epoch: Epoch,
        /// FROST per storage unit and epoch.
        storage_price: u64,
        /// FROST per storage unit written.
        write_price: u64,
    }

    /// A storage pool was created.
    struct StoragePoolCreated {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The pool's id.
        storage_pool_id: ObjectId,
        /// Encoded bytes of its storage.
        reserved_encoded_capacity_bytes: u64,
        /// The first epoch of its storage.
        start_epoch: Epoch,
        /// The epoch after the last that is paid for.
        end_epoch: Epoch,
    }

    /// A blob was registered in a storage pool.
    struct PooledBlobRegistered {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// Unencoded bytes.
        unencoded_size: u64,
        /// The number of the blob's [`EncodingType`](crate::EncodingType).
        encoding_type: u8,
        /// Whether the blob can be deleted.
        deletable: bool,
        /// The id of the blob's object.
        object_id: ObjectId,
        /// The pool's id.
        storage_pool_id: ObjectId,
    }

    /// A blob in a storage pool was certified.
    struct PooledBlobCertified {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// Whether the blob can be deleted.
        deletable: bool,
        /// The id of the blob's object.
        object_id: ObjectId,
        /// The pool's id.
        storage_pool_id: ObjectId,
    }

    /// A blob in a storage pool was deleted.
    struct PooledBlobDeleted {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The blob's id.
        blob_id: BlobId,
        /// The id of the blob's object.
        object_id: ObjectId,
        /// Whether it had been certified.
        was_certified: bool,
        /// The pool's id.
        storage_pool_id: ObjectId,
    }

    /// A storage pool was extended.
    struct StoragePoolExtended {
        /// The epoch it happened in.
        epoch: Epoch,
        /// The pool's id.
        storage_pool_id: ObjectId,
        /// The epoch after the last that is paid for.
        new_end_epoch: Epoch,
    }
}
