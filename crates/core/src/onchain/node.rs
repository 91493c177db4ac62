//! Storage nodes, and who may act for them (`docs/spec/contracts.md` §3.5).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    FieldLayout, Layout, MoveDatatype, MoveType, U256,
    framework::{Element, Uid, UncompressedG1, VecMap, phantom},
    system::EventBlobAttestation,
};
use crate::{Epoch, ObjectId, SuiAddress};

phantom! {
    /// A value outside of the object it belongs to: the dynamic field of `id` under
    /// [`ExtendedFieldKey`].
    ExtendedField<T> {
        /// The parent of the value.
        id: Uid,
    }
}

impl<T: MoveType> MoveType for ExtendedField<T> {
    fn move_type() -> String {
        format!("walrus::extended_field::ExtendedField<{}>", T::move_type())
    }
}

impl<T: MoveType> MoveDatatype for ExtendedField<T> {
    const PACKAGE: &'static str = "walrus";
    const MODULE: &'static str = "extended_field";
    const NAME: &'static str = "ExtendedField";

    fn layout() -> Layout {
        Layout::Struct(vec![FieldLayout::of::<Uid>("id")])
    }
}

/// The private names behind [`ExtendedFieldKey`].
mod extended_field {
    move_types! {
        walrus::extended_field;

        /// The name of the dynamic field that holds an extended field's value.
        struct Key;
    }
}
pub use self::extended_field::Key as ExtendedFieldKey;

move_types! {
    walrus::storage_node;

    /// What a node says of itself.
    struct StorageNodeInfo {
        /// Its name, at most 100 bytes.
        name: String,
        /// Its id, that of its staking pool.
        node_id: ObjectId,
        /// Host and port of its API, at most 259 bytes.
        network_address: String,
        /// The key it signs messages with.
        public_key: Element<UncompressedG1>,
        /// The key it will sign with in the next epoch, if another.
        next_epoch_public_key: Option<Element<UncompressedG1>>,
        /// The key of its TLS server: a compressed P-256 point, 33 bytes.
        network_public_key: Vec<u8>,
        /// More about it.
        metadata: ExtendedField<NodeMetadata>,
    }

    /// The right to act for a node.
    struct StorageNodeCap {
        /// The object's id.
        id: Uid,
        /// The node.
        node_id: ObjectId,
        /// The last epoch whose shards the node has reported as received.
        last_epoch_sync_done: Epoch,
        /// The last event blob the node has attested to.
        last_event_blob_attestation: Option<EventBlobAttestation>,
        /// The root of the node's deny list.
        deny_list_root: U256,
        /// Counts up with every deny list.
        deny_list_sequence: u64,
        /// Bytes of the denied blobs.
        deny_list_size: u64,
    }
}

move_types! {
    walrus::node_metadata;

    /// What explorers show of a node.
    struct NodeMetadata {
        /// Address of a picture.
        image_url: String,
        /// Address of a page.
        project_url: String,
        /// A text.
        description: String,
        /// More, by name.
        extra_fields: VecMap<String, String>,
    }
}

move_types! {
    walrus::auth;

    /// Who is allowed to do something.
    enum Authorized {
        /// The sender of the transaction.
        Address(SuiAddress),
        /// Whoever can use an object.
        ObjectID(ObjectId),
    }

    /// Who is doing something; never stored.
    enum Authenticated {
        /// The sender of the transaction.
        Sender(SuiAddress),
        /// Whoever can use an object.
        Object(ObjectId),
    }
}

impl Authorized {
    /// Whether it allows this.
    pub fn allows(&self, who: &Authenticated) -> bool {
        match (self, who) {
            (Self::Address(allowed), Authenticated::Sender(sender)) => allowed == sender,
            (Self::ObjectID(allowed), Authenticated::Object(object)) => allowed == object,
            _ => false,
        }
    }
}
