//! The system object: committee, capacity, prices and accounts (`docs/spec/contracts.md` §3.1–§3.3,
//! §3.6).

use super::{
    framework::{Balance, Element, G1, Uid, UncompressedG1, VecMap, Wal},
    node::ExtendedField,
};
use crate::{BlobId, Epoch, ObjectId};

move_types! {
    walrus::system;

    /// The shared object that sells storage. Its content is a dynamic field under `version`.
    struct System {
        /// The object's id.
        id: Uid,
        /// The package's version, and the name (a `u64`) of the content's field.
        version: u64,
        /// The package to call.
        package_id: ObjectId,
        /// The package to migrate to.
        new_package_id: Option<ObjectId>,
    }
}

move_types! {
    walrus::system_state_inner;

    /// The content of [`System`].
    struct SystemStateInnerV1 {
        /// The committee; its epoch is the system's.
        committee: BlsCommittee,
        /// Encoded bytes that can be sold.
        total_capacity_size: u64,
        /// Encoded bytes sold for this epoch.
        used_capacity_size: u64,
        /// FROST per storage unit and epoch.
        storage_price_per_unit_size: u64,
        /// FROST per storage unit written.
        write_price_per_unit_size: u64,
        /// What is sold for this and future epochs.
        future_accounting: FutureAccountingRingBuffer,
        /// Progress of event blobs.
        event_blob_certification_state: EventBlobCertificationState,
        /// Bytes that nodes deny, by node id.
        deny_list_sizes: ExtendedField<VecMap<ObjectId, u64>>,
    }
}

move_types! {
    walrus::bls_aggregate;

    /// A member as the checks of certificates see it.
    struct BlsCommitteeMember {
        /// The node's key.
        public_key: Element<UncompressedG1>,
        /// The number of its shards.
        weight: u16,
        /// The node.
        node_id: ObjectId,
    }

    /// The committee as the checks of certificates see it, sorted by node id.
    struct BlsCommittee {
        /// The members.
        members: Vec<BlsCommitteeMember>,
        /// The sum of their weights.
        n_shards: u16,
        /// The committee's epoch.
        epoch: Epoch,
        /// The sum of their keys.
        total_aggregated_key: Element<G1>,
    }
}

move_types! {
    walrus::storage_accounting;

    /// What is sold for one epoch.
    struct FutureAccounting {
        /// The epoch.
        epoch: Epoch,
        /// Encoded bytes.
        used_capacity: u64,
        /// What was paid for them, to be shared by the nodes.
        rewards_to_distribute: Balance<Wal>,
    }

    /// What is sold for this and the following epochs.
    struct FutureAccountingRingBuffer {
        /// Where the current epoch is.
        current_index: u32,
        /// The number of epochs.
        length: u32,
        /// The epochs.
        ring_buffer: Vec<FutureAccounting>,
    }
}

impl FutureAccountingRingBuffer {
    /// The account of the epoch `epochs_ahead` of the current one, or `None` beyond the last.
    pub fn slot(&self, epochs_ahead: u32) -> Option<&FutureAccounting> {
        self.ring_buffer.get(self.position(epochs_ahead)?)
    }

    /// The account of the epoch `epochs_ahead` of the current one, or `None` beyond the last.
    pub fn slot_mut(&mut self, epochs_ahead: u32) -> Option<&mut FutureAccounting> {
        let position = self.position(epochs_ahead)?;
        self.ring_buffer.get_mut(position)
    }

    fn position(&self, epochs_ahead: u32) -> Option<usize> {
        if epochs_ahead >= self.length {
            return None;
        }
        let sum = u64::from(self.current_index) + u64::from(epochs_ahead);
        usize::try_from(sum % u64::from(self.length)).ok()
    }
}

move_types! {
    walrus::epoch_parameters;

    /// What a committee has voted for.
    struct EpochParams {
        /// Encoded bytes that can be sold.
        total_capacity_size: u64,
        /// FROST per storage unit and epoch.
        storage_price_per_unit_size: u64,
        /// FROST per storage unit written.
        write_price_per_unit_size: u64,
    }
}

move_types! {
    walrus::event_blob;

    /// A node's word that an event blob ends at a checkpoint.
    struct EventBlobAttestation {
        /// The last checkpoint in the blob.
        checkpoint_sequence_num: u64,
        /// When the node said so.
        epoch: Epoch,
    }

    /// A blob of events.
    struct EventBlob {
        /// The blob's id.
        blob_id: BlobId,
        /// The last checkpoint in it.
        ending_checkpoint_sequence_number: u64,
    }

    /// Event blobs under way.
    struct EventBlobCertificationState {
        /// The last one with a quorum.
        latest_certified_blob: Option<EventBlob>,
        /// The weight behind those without.
        aggregate_weight_per_blob: VecMap<EventBlob, u16>,
    }
}
