//! Storage on a network in memory: blobs, certificates, pools.

use floe_core::{
    BlobId, Epoch, MemberIndex, ObjectId, SuiAddress,
    certificate::SignerBitmap,
    keys::{BlsSecretKey, BlsSignature},
    messages::{BlobPersistence, Message, MessageBody, StorageConfirmation},
    onchain::{U256, blob::Blob},
};
use floe_ledger::{Registry, modules::walrus::blob::derive_blob_id};
use sui_sdk_types::{Address, Argument};

use super::{Network, Tx, created};

pub const MIB: u64 = 1 << 20;

/// The id of a package by its name in the interface.
pub fn package(name: &str) -> Address {
    let mut packages = Registry::embedded().packages();
    packages.find(|own| own.name == name).unwrap().storage_id.0
}

/// What is registered.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub root: [u8; 32],
    pub size: u64,
    pub encoding_type: u8,
    pub deletable: bool,
}

/// A certificate as transactions carry it.
#[derive(Clone, Debug)]
pub struct Cert {
    pub signature: Vec<u8>,
    pub bitmap: Vec<u8>,
    pub message: Vec<u8>,
}

impl Spec {
    pub fn permanent(seed: u8) -> Self {
        Self {
            root: [seed; 32],
            size: 1000,
            encoding_type: 1,
            deletable: false,
        }
    }

    pub fn deletable(seed: u8) -> Self {
        Self {
            deletable: true,
            ..Self::permanent(seed)
        }
    }

    pub fn id(&self) -> BlobId {
        derive_blob_id(&U256(self.root), self.encoding_type, self.size)
    }

    /// That it is stored, as its object.
    pub fn confirmation(&self, object_id: ObjectId) -> StorageConfirmation {
        StorageConfirmation {
            blob_id: self.id(),
            persistence: if self.deletable {
                BlobPersistence::Deletable { object_id }
            } else {
                BlobPersistence::Permanent
            },
        }
    }
}

impl Network {
    /// The key of a member of the committee.
    pub fn member_key(&self, index: usize) -> BlsSecretKey {
        let node_id = self.system().committee.members[index].node_id;
        let mut nodes = self.nodes.iter();
        nodes
            .find(|node| node.node_id == node_id)
            .unwrap()
            .key
            .clone()
    }

    /// Bytes signed by members of the committee.
    pub fn sign_bytes(&self, members: &[usize], message: Vec<u8>) -> Cert {
        let signatures: Vec<BlsSignature> = members
            .iter()
            .map(|member| self.member_key(*member).sign(&message))
            .collect();
        let indices = members
            .iter()
            .map(|member| MemberIndex(u16::try_from(*member).unwrap()));
        let count = self.system().committee.members.len();
        let bitmap = SignerBitmap::from_members(indices, count).unwrap();
        let signature = BlsSignature::aggregate(&signatures);
        Cert {
            signature: signature.map_or_else(|| vec![0xc0; 96], |sum| sum.to_bytes().to_vec()),
            bitmap: bitmap.as_bytes().to_vec(),
            message,
        }
    }

    /// A message of the current epoch, signed by all members but the last third.
    pub fn quorum<B: MessageBody>(&self, body: B) -> Cert {
        self.quorum_bytes(Message::new(Epoch(self.epoch()), body).to_bytes())
    }

    pub fn quorum_bytes(&self, message: Vec<u8>) -> Cert {
        let members = self.system().committee.members.len();
        self.sign_bytes(
            &(0..members - (members - 1) / 3).collect::<Vec<_>>(),
            message,
        )
    }

    /// Buys storage and registers a blob.
    pub fn register(&mut self, owner: SuiAddress, spec: &Spec, epochs: u32) -> ObjectId {
        let size = self.encoded(spec.size);
        let outcome = self.ok(owner, |tx| {
            let storage = tx.reserve(size, epochs);
            let blob = tx.register(storage, spec);
            tx.keep(blob);
        });
        created::<Blob>(&outcome)[0]
    }

    /// As [`Self::register`], and certifies it.
    pub fn store(&mut self, owner: SuiAddress, spec: &Spec, epochs: u32) -> ObjectId {
        let blob = self.register(owner, spec, epochs);
        let cert = self.quorum(spec.confirmation(blob));
        self.ok(owner, |tx| {
            let blob = tx.object(blob);
            tx.certify(blob, &cert);
        });
        blob
    }

    /// Bytes of storage that a blob takes up.
    pub fn encoded(&self, size: u64) -> u64 {
        let n_shards = self.system().committee.n_shards;
        floe_ledger::modules::walrus::redstuff::encoded_blob_length(size, n_shards).unwrap()
    }
}

impl Tx<'_> {
    /// The network before the transaction.
    pub fn network(&self) -> &Network {
        self.network
    }

    pub fn reserve(&mut self, bytes: u64, epochs: u32) -> Argument {
        let arguments = [
            self.system(),
            self.pure(&bytes),
            self.pure(&epochs),
            self.wal_coin(),
        ];
        self.walrus("system::reserve_space", &arguments)
    }

    pub fn reserve_for(&mut self, bytes: u64, start: u32, end: u32) -> Argument {
        let arguments = [
            self.system(),
            self.pure(&bytes),
            self.pure(&start),
            self.pure(&end),
            self.wal_coin(),
        ];
        self.walrus("system::reserve_space_for_epochs", &arguments)
    }

    /// The five arguments that describe a blob.
    fn description(&mut self, spec: &Spec) -> [Argument; 5] {
        [
            self.pure(&spec.id()),
            self.pure(&spec.root),
            self.pure(&spec.size),
            self.pure(&spec.encoding_type),
            self.pure(&spec.deletable),
        ]
    }

    pub fn register(&mut self, storage: Argument, spec: &Spec) -> Argument {
        let [id, root, size, encoding, deletable] = self.description(spec);
        let (system, coin) = (self.system(), self.wal_coin());
        self.walrus(
            "system::register_blob",
            &[system, storage, id, root, size, encoding, deletable, coin],
        )
    }

    pub fn certificate(&mut self, cert: &Cert) -> [Argument; 3] {
        [
            self.pure(&cert.signature),
            self.pure(&cert.bitmap),
            self.pure(&cert.message),
        ]
    }

    pub fn certify(&mut self, blob: Argument, cert: &Cert) {
        let [signature, bitmap, message] = self.certificate(cert);
        let system = self.system();
        self.walrus(
            "system::certify_blob",
            &[system, blob, signature, bitmap, message],
        );
    }

    pub fn extend(&mut self, blob: Argument, epochs: u32) {
        let arguments = [self.system(), blob, self.pure(&epochs), self.wal_coin()];
        self.walrus("system::extend_blob", &arguments);
    }

    pub fn delete(&mut self, blob: Argument) -> Argument {
        let system = self.system();
        self.walrus("system::delete_blob", &[system, blob])
    }

    pub fn create_pool(&mut self, bytes: u64, epochs: u32) -> Argument {
        let arguments = [
            self.system(),
            self.pure(&bytes),
            self.pure(&epochs),
            self.wal_coin(),
        ];
        self.walrus("system::create_storage_pool", &arguments)
    }

    pub fn register_pooled(&mut self, pool: Argument, spec: &Spec) {
        let [id, root, size, encoding, deletable] = self.description(spec);
        let (system, coin) = (self.system(), self.wal_coin());
        self.walrus(
            "system::register_pooled_blob",
            &[system, pool, id, root, size, encoding, deletable, coin],
        );
    }

    pub fn certify_pooled(&mut self, pool: Argument, id: BlobId, cert: &Cert) {
        let [signature, bitmap, message] = self.certificate(cert);
        let (system, id) = (self.system(), self.pure(&id));
        self.walrus(
            "system::certify_pooled_blob",
            &[system, pool, id, signature, bitmap, message],
        );
    }

    pub fn delete_pooled(&mut self, pool: Argument, id: BlobId) {
        let arguments = [self.system(), pool, self.pure(&id)];
        self.walrus("system::delete_pooled_blob", &arguments);
    }

    /// A node's word on an event blob that ends at a checkpoint.
    pub fn attest(&mut self, cap: ObjectId, spec: &Spec, checkpoint: u64, epoch: u32) {
        let [id, root, size, encoding, _] = self.description(spec);
        let arguments = [
            self.system(),
            self.object(cap),
            id,
            root,
            size,
            encoding,
            self.pure(&checkpoint),
            self.pure(&epoch),
        ];
        self.walrus("system::certify_event_blob", &arguments);
    }

    pub fn metadata(&mut self, pairs: &[(&str, &str)]) -> Argument {
        let metadata = self.walrus("metadata::new", &[]);
        for (key, value) in pairs {
            let arguments = [metadata, self.pure(key), self.pure(value)];
            self.walrus("metadata::insert_or_update", &arguments);
        }
        metadata
    }

    /// Calls `module::function` of another package, by its name in the interface.
    pub fn contract(&mut self, package: &str, path: &str, arguments: &[Argument]) -> Argument {
        let path = format!("{}::{path}", self::package(package));
        self.ptb.call(&path, &[], arguments)
    }
}
