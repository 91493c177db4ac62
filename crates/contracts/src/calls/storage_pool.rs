//! Pools of storage: parts of modules `system` and `storage_pool` (`docs/spec/contracts.md` §4.1,
//! §4.5).

use floe_core::{BlobId, onchain::U256};

use super::{
    Calls,
    system::{BlobFacts, CertificateArgs},
};
use crate::{Arg, ObjectUse};

impl Calls<'_> {
    /// Buys storage and makes a pool of it. → `StoragePool`
    pub fn create_storage_pool(&mut self, encoded_bytes: u64, epochs: u32, payment: Arg) -> Arg {
        let args = vec![
            self.system(ObjectUse::Change),
            self.ptb.pure(&encoded_bytes),
            self.ptb.pure(&epochs),
            payment,
        ];
        self.walrus("system", "create_storage_pool", args)
    }

    /// Makes a pool of a `Storage`. → `StoragePool`
    pub fn create_storage_pool_with_storage(&mut self, storage: Arg) -> Arg {
        let args = vec![self.system(ObjectUse::Read), storage];
        self.walrus("system", "create_storage_pool_with_storage", args)
    }

    /// Registers a blob in a pool.
    pub fn register_pooled_blob(&mut self, pool: Arg, blob: &BlobFacts, payment: Arg) {
        let args = vec![
            self.system(ObjectUse::Change),
            pool,
            self.ptb.pure(&blob.blob_id),
            self.ptb.pure(&U256(blob.root_hash)),
            self.ptb.pure(&blob.unencoded_length),
            self.ptb.pure(&blob.encoding_type),
            self.ptb.pure(&blob.deletable),
            payment,
        ];
        self.walrus("system", "register_pooled_blob", args);
    }

    /// Certifies a blob in a pool.
    pub fn certify_pooled_blob(&mut self, pool: Arg, blob: BlobId, certificate: &CertificateArgs) {
        let mut args = vec![self.system(ObjectUse::Read), pool, self.ptb.pure(&blob)];
        args.extend(self.certificate(certificate));
        self.walrus("system", "certify_pooled_blob", args);
    }

    /// Deletes a blob from a pool.
    pub fn delete_pooled_blob(&mut self, pool: Arg, blob: BlobId) {
        let args = vec![self.system(ObjectUse::Read), pool, self.ptb.pure(&blob)];
        self.walrus("system", "delete_pooled_blob", args);
    }

    /// Removes a blob from an expired pool.
    pub fn burn_expired_pooled_blob(&mut self, pool: Arg, blob: BlobId) {
        let args = vec![self.system(ObjectUse::Read), pool, self.ptb.pure(&blob)];
        self.walrus("system", "burn_expired_pooled_blob", args);
    }

    /// Extends a pool.
    pub fn extend_storage_pool(&mut self, pool: Arg, epochs: u32, payment: Arg) {
        let args = vec![
            self.system(ObjectUse::Change),
            pool,
            self.ptb.pure(&epochs),
            payment,
        ];
        self.walrus("system", "extend_storage_pool", args);
    }

    /// Buys more storage for a pool.
    pub fn increase_storage_pool_capacity(&mut self, pool: Arg, bytes: u64, payment: Arg) {
        let args = vec![
            self.system(ObjectUse::Change),
            pool,
            self.ptb.pure(&bytes),
            payment,
        ];
        self.walrus("system", "increase_storage_pool_capacity", args);
    }

    /// Adds a `Storage` to a pool.
    pub fn increase_storage_pool_capacity_with_storage(&mut self, pool: Arg, storage: Arg) {
        let args = vec![self.system(ObjectUse::Read), pool, storage];
        self.walrus(
            "system",
            "increase_storage_pool_capacity_with_storage",
            args,
        );
    }

    /// Takes unused bytes out of a pool. → `Storage`
    pub fn decrease_storage_pool_capacity_by_size(&mut self, pool: Arg, bytes: u64) -> Arg {
        let args = vec![self.system(ObjectUse::Read), pool, self.ptb.pure(&bytes)];
        self.walrus("system", "decrease_storage_pool_capacity_by_size", args)
    }

    /// Takes a share of the unused bytes out of a pool. → `Storage`
    pub fn decrease_storage_pool_unused_capacity_by_percent(
        &mut self,
        pool: Arg,
        percent: u8,
    ) -> Arg {
        let args = vec![self.system(ObjectUse::Read), pool, self.ptb.pure(&percent)];
        self.walrus(
            "system",
            "decrease_storage_pool_unused_capacity_by_percent",
            args,
        )
    }

    /// Gives up a pool without blobs. → its `Storage`
    pub fn destroy_storage_pool(&mut self, pool: Arg) -> Arg {
        self.walrus("storage_pool", "destroy", vec![pool])
    }

    /// Gives a pooled blob without attributes some.
    pub fn add_pooled_attributes(&mut self, pool: Arg, blob: BlobId, attributes: Arg) {
        let args = vec![pool, self.ptb.pure(&blob), attributes];
        self.walrus("storage_pool", "add_blob_metadata", args);
    }

    /// Replaces all of a pooled blob's attributes. → the former ones, if any
    pub fn replace_pooled_attributes(&mut self, pool: Arg, blob: BlobId, attributes: Arg) -> Arg {
        let args = vec![pool, self.ptb.pure(&blob), attributes];
        self.walrus("storage_pool", "add_or_replace_blob_metadata", args)
    }

    /// Removes one of a pooled blob's attributes, which must be there.
    pub fn remove_pooled_attribute(&mut self, pool: Arg, blob: BlobId, key: &str) {
        let args = vec![pool, self.ptb.pure(&blob), self.ptb.pure(key)];
        self.walrus("storage_pool", "remove_blob_metadata_pair", args);
    }

    /// Takes all of a pooled blob's attributes away. → the attributes
    pub fn take_pooled_attributes(&mut self, pool: Arg, blob: BlobId) -> Arg {
        let args = vec![pool, self.ptb.pure(&blob)];
        self.walrus("storage_pool", "take_blob_metadata", args)
    }

    /// Sets one of a pooled blob's attributes.
    pub fn set_pooled_attribute(&mut self, pool: Arg, blob: BlobId, key: &str, value: &str) {
        let args = vec![
            pool,
            self.ptb.pure(&blob),
            self.ptb.pure(key),
            self.ptb.pure(value),
        ];
        self.walrus("storage_pool", "insert_or_update_blob_metadata_pair", args);
    }

    /// Removes one of a pooled blob's attributes, if it is there.
    pub fn remove_pooled_attribute_if_exists(&mut self, pool: Arg, blob: BlobId, key: &str) {
        let args = vec![pool, self.ptb.pure(&blob), self.ptb.pure(key)];
        self.walrus("storage_pool", "remove_blob_metadata_pair_if_exists", args);
    }
}
