//! Module `system` (`docs/spec/contracts.md` §4.1).

use floe_core::{BlobId, Epoch, ObjectId, certificate::Certificate, onchain::U256};

use super::Calls;
use crate::{Arg, ObjectUse};

/// What a certificate is on chain: signature, bitmap of the signers, message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateArgs {
    /// The aggregated signature, 96 bytes.
    pub signature: Vec<u8>,
    /// The signers, a bit each.
    pub signers: Vec<u8>,
    /// The message they signed.
    pub message: Vec<u8>,
}

impl CertificateArgs {
    /// A certificate of a committee of `n_members`.
    ///
    /// # Errors
    /// [`BitmapError`](floe_core::certificate::BitmapError) if a signer is named twice or is no
    /// member.
    pub fn new(
        certificate: &Certificate,
        n_members: usize,
    ) -> Result<Self, floe_core::certificate::BitmapError> {
        Ok(Self {
            signature: certificate.signature.to_bytes().to_vec(),
            signers: certificate.signer_bitmap(n_members)?.as_bytes().to_vec(),
            message: certificate.serialized_message.clone(),
        })
    }
}

/// What identifies a blob at its registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobFacts {
    /// The blob's id.
    pub blob_id: BlobId,
    /// The root of the tree over its slivers.
    pub root_hash: [u8; 32],
    /// Unencoded bytes.
    pub unencoded_length: u64,
    /// The number of its encoding.
    pub encoding_type: u8,
    /// Whether it can be deleted.
    pub deletable: bool,
}

/// What a node attests when an event blob ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventBlobFacts {
    /// The blob's id.
    pub blob_id: BlobId,
    /// The root of the tree over its slivers.
    pub root_hash: [u8; 32],
    /// Unencoded bytes.
    pub unencoded_length: u64,
    /// The number of its encoding.
    pub encoding_type: u8,
    /// The last checkpoint in it.
    pub ending_checkpoint: u64,
    /// The current epoch.
    pub epoch: Epoch,
}

impl Calls<'_> {
    /// Buys storage from now on. → `Storage`
    pub fn reserve_space(&mut self, encoded_bytes: u64, epochs: u32, payment: Arg) -> Arg {
        let args = vec![
            self.system(ObjectUse::Change),
            self.ptb.pure(&encoded_bytes),
            self.ptb.pure(&epochs),
            payment,
        ];
        self.walrus("system", "reserve_space", args)
    }

    /// Buys storage for a span of epochs. → `Storage`
    pub fn reserve_space_for_epochs(
        &mut self,
        encoded_bytes: u64,
        start: Epoch,
        end: Epoch,
        payment: Arg,
    ) -> Arg {
        let args = vec![
            self.system(ObjectUse::Change),
            self.ptb.pure(&encoded_bytes),
            self.ptb.pure(&start),
            self.ptb.pure(&end),
            payment,
        ];
        self.walrus("system", "reserve_space_for_epochs", args)
    }

    /// Registers a blob in a `Storage`. → `Blob`
    pub fn register_blob(&mut self, storage: Arg, blob: &BlobFacts, payment: Arg) -> Arg {
        let args = vec![
            self.system(ObjectUse::Change),
            storage,
            self.ptb.pure(&blob.blob_id),
            self.ptb.pure(&U256(blob.root_hash)),
            self.ptb.pure(&blob.unencoded_length),
            self.ptb.pure(&blob.encoding_type),
            self.ptb.pure(&blob.deletable),
            payment,
        ];
        self.walrus("system", "register_blob", args)
    }

    /// Certifies a blob.
    pub fn certify_blob(&mut self, blob: Arg, certificate: &CertificateArgs) {
        let mut args = vec![self.system(ObjectUse::Read), blob];
        args.extend(self.certificate(certificate));
        self.walrus("system", "certify_blob", args);
    }

    /// Deletes a blob. → its `Storage`
    pub fn delete_blob(&mut self, blob: Arg) -> Arg {
        let args = vec![self.system(ObjectUse::Read), blob];
        self.walrus("system", "delete_blob", args)
    }

    /// Extends a certified blob.
    pub fn extend_blob(&mut self, blob: Arg, epochs: u32, payment: Arg) {
        let args = vec![
            self.system(ObjectUse::Change),
            blob,
            self.ptb.pure(&epochs),
            payment,
        ];
        self.walrus("system", "extend_blob", args);
    }

    /// Extends a certified blob by storage of equal size that begins where it ends.
    pub fn extend_blob_with_resource(&mut self, blob: Arg, storage: Arg) {
        let args = vec![self.system(ObjectUse::Read), blob, storage];
        self.walrus("system", "extend_blob_with_resource", args);
    }

    /// Declares a blob's id invalid. → the id
    pub fn invalidate_blob_id(&mut self, certificate: &CertificateArgs) -> Arg {
        let mut args = vec![self.system(ObjectUse::Read)];
        args.extend(self.certificate(certificate));
        self.walrus("system", "invalidate_blob_id", args)
    }

    /// Attests that an event blob ends at a checkpoint.
    pub fn certify_event_blob(&mut self, cap: ObjectId, blob: &EventBlobFacts) {
        let args = vec![
            self.system(ObjectUse::Change),
            self.own(cap),
            self.ptb.pure(&blob.blob_id),
            self.ptb.pure(&U256(blob.root_hash)),
            self.ptb.pure(&blob.unencoded_length),
            self.ptb.pure(&blob.encoding_type),
            self.ptb.pure(&blob.ending_checkpoint),
            self.ptb.pure(&blob.epoch),
        ];
        self.walrus("system", "certify_event_blob", args);
    }

    /// Adds to the rewards of the coming epochs, in equal parts. Uses the coin up.
    pub fn add_subsidy(&mut self, coin: Arg, epochs: u32) {
        let args = vec![self.system(ObjectUse::Change), coin, self.ptb.pure(&epochs)];
        self.walrus("system", "add_subsidy", args);
    }

    /// Adds to the rewards of the coming epochs. Uses the coins up.
    pub fn add_per_epoch_subsidies(&mut self, coins: Vec<Arg>) {
        let subsidies = self.balances(coins);
        let args = vec![self.system(ObjectUse::Change), subsidies];
        self.walrus("system", "add_per_epoch_subsidies", args);
    }

    /// Announces a version of the protocol.
    pub fn update_protocol_version(&mut self, cap: ObjectId, certificate: &CertificateArgs) {
        let mut args = vec![self.system(ObjectUse::Change), self.own(cap)];
        args.extend(self.certificate(certificate));
        self.walrus("system", "update_protocol_version", args);
    }

    /// Announces a node's deny list.
    pub fn register_deny_list_update(&mut self, cap: ObjectId, root: [u8; 32], sequence: u64) {
        let args = vec![
            self.system(ObjectUse::Change),
            self.own(cap),
            self.ptb.pure(&U256(root)),
            self.ptb.pure(&sequence),
        ];
        self.walrus("system", "register_deny_list_update", args);
    }

    /// Puts a node's deny list into force.
    pub fn update_deny_list(&mut self, cap: ObjectId, certificate: &CertificateArgs) {
        let mut args = vec![self.system(ObjectUse::Change), self.own(cap)];
        args.extend(self.certificate(certificate));
        self.walrus("system", "update_deny_list", args);
    }

    /// Reports that a denied blob was deleted.
    pub fn delete_deny_listed_blob(&mut self, certificate: &CertificateArgs) {
        let mut args = vec![self.system(ObjectUse::Change)];
        args.extend(self.certificate(certificate));
        self.walrus("system", "delete_deny_listed_blob", args);
    }

    /// The three arguments of a certificate.
    pub(super) fn certificate(&mut self, certificate: &CertificateArgs) -> [Arg; 3] {
        [
            self.ptb.pure(&certificate.signature),
            self.ptb.pure(&certificate.signers),
            self.ptb.pure(&certificate.message),
        ]
    }

    /// A vector of the balances of coins, which are used up.
    pub(super) fn balances(&mut self, coins: Vec<Arg>) -> Arg {
        use sui_sdk_types::{Address, StructTag, TypeTag};
        let wal: TypeTag = self.deployment.wal_type.clone().into();
        let framework = ObjectId::from_suffix(2);
        let balances = coins
            .into_iter()
            .map(|coin| {
                let types = vec![wal.clone()];
                self.ptb
                    .call(framework, "coin", "into_balance", types, vec![coin])
            })
            .collect();
        let balance = StructTag::new(
            Address::TWO,
            crate::deployment::identifier("balance"),
            crate::deployment::identifier("Balance"),
            vec![wal],
        );
        self.ptb.vector(Some(balance.into()), balances)
    }
}
