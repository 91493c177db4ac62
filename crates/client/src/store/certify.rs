//! From registered blobs to certified ones.

use std::{collections::BTreeMap, sync::Arc};

use floe_contracts::{
    Executed, NetworkState, Wallet,
    calls::{Calls, CertificateArgs},
};
use floe_core::{
    Epoch, ObjectId,
    messages::BlobPersistence,
    onchain::blob::{Blob, SharedBlob},
};
use futures::{StreamExt as _, stream};

use super::{
    BlobStoreResult, PostStore, StoreOptions,
    plan::{How, Registered},
};
use crate::{
    client::Client,
    error::ClientError,
    info::BlobObject,
    progress::{Phase, Progress},
};

/// A blob that can be certified.
struct Ready {
    blob: Registered,
    /// `None` if it is certified already.
    certificate: Option<CertificateArgs>,
}

/// How often certificates are collected anew because the epoch changed.
const ROUNDS_MAX: u32 = 3;

impl Client {
    pub(super) async fn upload_and_certify(
        &self,
        wallet: &Wallet,
        mut blobs: Vec<Registered>,
        options: &StoreOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<(usize, BlobStoreResult)>, ClientError> {
        let mut results = Vec::new();
        let mut state = self.0.contracts.state().await?;
        for round in 1..=ROUNDS_MAX {
            let uploaded = self.upload_all(&state, blobs, progress).await?;
            blobs = Vec::new();
            let mut ready = Vec::new();
            for (blob, outcome) in uploaded {
                match outcome {
                    Ok(certificate) => ready.push(Ready { blob, certificate }),
                    Err(error) => {
                        let may_pass = error.may_be_epoch_change() && round < ROUNDS_MAX;
                        if may_pass && self.has_changed(&state).await? {
                            blobs.push(blob);
                            continue;
                        }
                        let id = Some(blob.object.blob_id);
                        let result = BlobStoreResult::failed(id, "uploading", &error);
                        results.push((blob.item.number, result));
                    }
                }
            }
            match self
                .certify(wallet, &state, &ready, options, progress)
                .await
            {
                Ok(certified) => results.extend(certified),
                Err(error) => {
                    // It may have happened all the same, and only what certifies can't happen twice.
                    let once = ready.iter().any(|one| one.certificate.is_some());
                    if round == ROUNDS_MAX || !once || !self.has_changed(&state).await? {
                        return Err(error);
                    }
                    blobs.extend(ready.into_iter().map(|ready| ready.blob));
                }
            }
            if blobs.is_empty() {
                break;
            }
            state = self.0.contracts.state().await?;
        }
        Ok(results)
    }

    /// Whether the epoch is another one by now.
    async fn has_changed(&self, state: &NetworkState) -> Result<bool, ClientError> {
        Ok(self.0.contracts.refresh().await?.epoch != state.epoch)
    }

    async fn upload_all(
        &self,
        state: &NetworkState,
        blobs: Vec<Registered>,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<(Registered, Result<Option<CertificateArgs>, ClientError>)>, ClientError> {
        let shards = state.committees.for_writes()?;
        let uploads = blobs.into_iter().map(|blob| async move {
            if blob.object.certified_epoch.is_some() {
                return (blob, Ok(None));
            }
            let persistence = if blob.object.deletable {
                let object_id = blob.object.id.0;
                BlobPersistence::Deletable { object_id }
            } else {
                BlobPersistence::Permanent
            };
            let (encoded, number) = (&blob.item.encoded, blob.item.number);
            let certificate = self
                .upload(encoded, shards, persistence, number, progress)
                .await;
            let n_members = shards.committee.members().len();
            let args = certificate.and_then(|certificate| {
                let args = CertificateArgs::new(&certificate, n_members);
                args.map(Some)
                    .map_err(|error| ClientError::Argument(error.to_string()))
            });
            (blob, args)
        });
        let uploads = stream::iter(uploads).buffer_unordered(self.0.config.uploads_max);
        Ok(uploads.collect().await)
    }

    /// Certifies, extends and hands on blobs, in one transaction.
    async fn certify(
        &self,
        wallet: &Wallet,
        state: &NetworkState,
        ready: &[Ready],
        options: &StoreOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<(usize, BlobStoreResult)>, ClientError> {
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        for one in ready {
            progress.begin(one.blob.item.number, Phase::Certify, 0);
        }
        let executed = wallet
            .run(|calls| {
                ready
                    .iter()
                    .for_each(|one| one.add(calls, options.post_store))
            })
            .await?;
        let shared = match options.post_store {
            PostStore::Share => self.shared(state, &executed).await,
            _ => BTreeMap::new(),
        };
        let mut results = Vec::with_capacity(ready.len());
        for Ready { blob, .. } in ready {
            let length = blob.item.encoded.metadata.unencoded_length();
            let encoded_length = state.params().encoded_length(length)?;
            let result = BlobStoreResult::NewlyCreated {
                blob_object: BlobObject::from(&blob.after(state.epoch)),
                resource_operation: blob.how.operation(encoded_length),
                cost: blob.cost,
                shared_blob_object: shared.get(&blob.object.id.0).copied(),
            };
            results.push((blob.item.number, result));
        }
        Ok(results)
    }

    /// The shared objects that a transaction made, by the blob in them. The blobs are stored whether
    /// these can be read or not: an error would have them stored, and paid for, once more.
    async fn shared(
        &self,
        state: &NetworkState,
        executed: &Executed,
    ) -> BTreeMap<ObjectId, ObjectId> {
        let tag = state.deployment.type_of::<SharedBlob>();
        let made = executed
            .created
            .iter()
            .filter(|(_, object_type)| object_type.as_ref() == Some(&tag));
        let mut shared = BTreeMap::new();
        for (id, _) in made {
            match self.0.contracts.shared_blob(*id).await {
                Ok(object) => drop(shared.insert(object.blob.id.0, *id)),
                Err(error) => tracing::warn!(%id, %error, "a shared blob can't be read"),
            }
        }
        shared
    }
}

impl Ready {
    fn add(&self, calls: &mut Calls<'_>, post_store: PostStore) {
        let object = calls.own(self.blob.object.id.0);
        if let Some(certificate) = &self.certificate {
            calls.certify_blob(object, certificate);
        }
        if let How::Reuse {
            extend: Some(epochs),
            ..
        } = self.blob.how
        {
            let payment = calls.ptb.pay_wal(self.blob.cost);
            calls.extend_blob(object, epochs, payment);
        }
        match post_store {
            PostStore::Keep => {}
            PostStore::TransferTo(address) => calls.ptb.transfer(vec![object], address),
            PostStore::Share => calls.share_blob(object),
            PostStore::Burn => calls.burn_blob(object),
        }
    }
}

impl Registered {
    /// The object after the transaction.
    fn after(&self, epoch: Epoch) -> Blob {
        let mut blob = self.object.clone();
        blob.certified_epoch.get_or_insert(epoch);
        if let How::Reuse {
            extend: Some(epochs),
            ..
        } = self.how
        {
            let end = blob.storage.end_epoch.checked_add(epochs);
            blob.storage.end_epoch = end.unwrap_or(blob.storage.end_epoch);
        }
        blob
    }
}
