//! Buying storage, and what can be done with blobs.

use std::collections::BTreeMap;

use floe_core::{
    CodeParams, Epoch, ObjectId, SuiAddress,
    onchain::{
        blob::{Blob, SharedBlob, Storage},
        events::ContractEvent,
    },
};
use floe_env::BoxFuture;

use super::{Executed, Wallet};
use crate::{
    Arg, NetworkState, ObjectUse, Ptb, TransactionError,
    calls::{BlobFacts, Calls, CertificateArgs},
};

/// Reads after a transaction, until the node shows what the transaction did.
const READS_MAX: u32 = 40;
const READ_PAUSE: std::time::Duration = std::time::Duration::from_millis(25);

/// Where a blob's storage comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageSource {
    /// It is bought, for this many epochs including the current one.
    Buy {
        /// The number of epochs.
        epochs: u32,
    },
    /// The wallet has it.
    Own {
        /// The `Storage`.
        id: ObjectId,
        /// Gives up to this epoch to the blob and the rest back; by default all of its epochs.
        end: Option<Epoch>,
    },
}

/// A blob to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBlob {
    /// The blob.
    pub facts: BlobFacts,
    /// Where its storage comes from.
    pub storage: StorageSource,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
    /// Whose the blob is to be; by default the wallet's.
    pub owner: Option<SuiAddress>,
}

/// Blobs that have been registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The blobs, in the order they were asked for.
    pub blobs: Vec<Blob>,
    /// FROST paid.
    pub paid_frost: u64,
    /// The transaction.
    pub executed: Executed,
}

/// A blob to be certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifyBlob {
    /// The `Blob`.
    pub object: ObjectId,
    /// The certificate.
    pub certificate: CertificateArgs,
}

impl NewBlob {
    /// FROST for its registration, and for its storage if that is bought.
    ///
    /// Storage for several blobs is bought in one piece, so the sum over them can be less.
    ///
    /// # Errors
    /// [`TransactionError`] if the blob is too large, or the sum is.
    pub fn cost(&self, state: &NetworkState) -> Result<u64, TransactionError> {
        cost(std::slice::from_ref(self), state)
    }

    fn encoded_length(&self, params: CodeParams) -> Result<u64, TransactionError> {
        let length = params.encoded_length(self.facts.unencoded_length);
        length.map_err(|error| TransactionError::Argument(error.to_string()))
    }
}

/// FROST for registering blobs in one transaction.
fn cost(blobs: &[NewBlob], state: &NetworkState) -> Result<u64, TransactionError> {
    let overflow = || TransactionError::Overflow { what: "the cost" };
    let mut total = 0_u64;
    for blob in blobs {
        let encoded = blob.encoded_length(state.params())?;
        let write = state.prices.write(encoded).ok_or_else(overflow)?;
        total = total.checked_add(write).ok_or_else(overflow)?;
    }
    for (epochs, bytes) in purchases(blobs, state)? {
        let storage = state.prices.storage(bytes, epochs).ok_or_else(overflow)?;
        total = total.checked_add(storage).ok_or_else(overflow)?;
    }
    Ok(total)
}

/// Encoded bytes to buy, by the number of epochs.
fn purchases(
    blobs: &[NewBlob],
    state: &NetworkState,
) -> Result<BTreeMap<u32, u64>, TransactionError> {
    let mut purchases = BTreeMap::<u32, u64>::new();
    for blob in blobs {
        if let StorageSource::Buy { epochs } = blob.storage {
            let bytes = purchases.entry(epochs).or_default();
            let sum = bytes.checked_add(blob.encoded_length(state.params())?);
            *bytes = sum.ok_or(TransactionError::Overflow { what: "the size" })?;
        }
    }
    Ok(purchases)
}

impl Wallet {
    /// FROST that [`register`](Self::register) would pay for these blobs.
    ///
    /// # Errors
    /// [`TransactionError`] if a blob is too large, or the state can't be read.
    pub async fn registration_cost(&self, blobs: &[NewBlob]) -> Result<u64, TransactionError> {
        let state = self.contracts().state().await?;
        cost(blobs, &state)
    }

    /// Registers blobs in one transaction, with the storage for them. Pays the present price, but
    /// nothing at all if that is above `max_frost`.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn register(
        &self,
        blobs: &[NewBlob],
        max_frost: Option<u64>,
    ) -> Result<Registered, TransactionError> {
        let mut state = self.contracts().state().await?;
        loop {
            let cost = cost(blobs, &state)?;
            if let Some(max) = max_frost.filter(|max| cost > *max) {
                let what = format!("the price is {cost} FROST, at most {max} were to be paid");
                return Err(TransactionError::Argument(what));
            }
            let ptb = self.registration(blobs, &state).await?;
            match self.execute(&ptb).await {
                Ok(executed) => return self.registered(blobs, cost, executed).await,
                Err(error) => {
                    // The price may have risen since the state was read.
                    let fresh = self.contracts().refresh().await?;
                    let too_little = error.abort().is_some_and(|abort| abort.is_underpaid());
                    if !too_little || fresh.prices == state.prices {
                        return Err(error);
                    }
                    state = fresh;
                }
            }
        }
    }

    /// Builds the transaction of [`register`](Self::register).
    async fn registration(
        &self,
        blobs: &[NewBlob],
        state: &NetworkState,
    ) -> Result<Ptb, TransactionError> {
        let mut ptb = Ptb::new();
        let payment = ptb.pay_wal(cost(blobs, state)?);
        let mut calls = Calls::new(&mut ptb, &state.deployment);
        let mut bought = BTreeMap::new();
        for (epochs, bytes) in purchases(blobs, state)? {
            let storage = calls.reserve_space(bytes, epochs, payment);
            bought.insert(epochs, (storage, bytes));
        }
        let mut outgoing = BTreeMap::<SuiAddress, Vec<Arg>>::new();
        for blob in blobs {
            let encoded = blob.encoded_length(state.params())?;
            let storage = match blob.storage {
                StorageSource::Buy { epochs } => {
                    let Some((storage, bytes)) = bought.get_mut(&epochs) else {
                        continue;
                    };
                    let mine = *storage;
                    if *bytes > encoded {
                        *storage = calls.split_storage_by_size(mine, encoded);
                        *bytes -= encoded;
                    }
                    mine
                }
                StorageSource::Own { id, end } => {
                    let owned = self.contracts().storage(id).await?;
                    let (storage, rest) = fit(&mut calls, &owned, encoded, end);
                    outgoing.entry(self.address()).or_default().extend(rest);
                    storage
                }
            };
            let object = calls.register_blob(storage, &blob.facts, payment);
            if !blob.attributes.is_empty() {
                let pairs = blob.attributes.iter();
                let attributes = calls.attributes(pairs.map(|(k, v)| (&**k, &**v)));
                calls.add_attributes(object, attributes);
            }
            let owner = blob.owner.unwrap_or_else(|| self.address());
            outgoing.entry(owner).or_default().push(object);
        }
        for (owner, objects) in outgoing.into_iter().filter(|(_, list)| !list.is_empty()) {
            ptb.transfer(objects, owner);
        }
        Ok(ptb)
    }

    async fn registered(
        &self,
        blobs: &[NewBlob],
        paid_frost: u64,
        executed: Executed,
    ) -> Result<Registered, TransactionError> {
        let ids: Vec<_> = executed
            .events
            .iter()
            .filter_map(|event| match event {
                ContractEvent::BlobRegistered(event) => Some(event.object_id),
                _ => None,
            })
            .collect();
        let surprise = |what: String| TransactionError::Surprise {
            digest: executed.digest,
            what,
        };
        if ids.len() != blobs.len() {
            let (got, expected) = (ids.len(), blobs.len());
            return Err(surprise(format!(
                "{got} of {expected} blobs were registered"
            )));
        }
        for _ in 0..READS_MAX {
            let found = self.contracts().blobs(&ids).await?;
            if let Some(blobs) = found.into_iter().collect::<Option<Vec<_>>>() {
                return Ok(Registered {
                    blobs,
                    paid_frost,
                    executed,
                });
            }
            self.contracts().chain().clock().sleep(READ_PAUSE).await;
        }
        Err(surprise("the node does not show its blobs".to_owned()))
    }

    /// Certifies blobs in one transaction.
    ///
    /// # Errors
    /// [`TransactionError`]; if one certificate is refused, none is certified.
    pub async fn certify(&self, blobs: &[CertifyBlob]) -> Result<Executed, TransactionError> {
        self.run(|calls| {
            for blob in blobs {
                let object = calls.own(blob.object);
                calls.certify_blob(object, &blob.certificate);
            }
        })
        .await
    }

    /// Buys storage. → the `Storage`
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn buy_storage(
        &self,
        encoded_bytes: u64,
        start: Epoch,
        end: Epoch,
    ) -> Result<(Storage, Executed), TransactionError> {
        let state = self.contracts().state().await?;
        let first = start.max(state.epoch);
        let epochs = end.0.saturating_sub(first.0);
        let overflow = TransactionError::Overflow { what: "the cost" };
        let cost = state
            .prices
            .storage(encoded_bytes, epochs)
            .ok_or(overflow)?;
        let owner = self.address();
        let executed = self
            .run(|calls| {
                let payment = calls.ptb.pay_wal(cost);
                let storage = calls.reserve_space_for_epochs(encoded_bytes, start, end, payment);
                calls.ptb.transfer(vec![storage], owner);
            })
            .await?;
        let tag = state.deployment.type_of::<Storage>();
        let id = self.created(&executed, &tag)?;
        Ok((self.contracts().storage(id).await?, executed))
    }

    /// FROST for extending storage of `encoded_bytes`.
    ///
    /// # Errors
    /// [`TransactionError`] if the state can't be read, or the sum is too large.
    pub async fn extension_cost(
        &self,
        encoded_bytes: u64,
        epochs: u32,
    ) -> Result<u64, TransactionError> {
        let state = self.contracts().state().await?;
        let cost = state.prices.storage(encoded_bytes, epochs);
        cost.ok_or(TransactionError::Overflow { what: "the cost" })
    }

    /// Extends a blob of the wallet by some epochs.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn extend(&self, blob: ObjectId, epochs: u32) -> Result<Executed, TransactionError> {
        let object = self.contracts().blob(blob).await?;
        let object = object.ok_or(crate::ReadError::NotFound {
            what: "Blob",
            id: blob,
        })?;
        self.ensure_extendable(&object.storage, epochs).await?;
        let cost = self
            .extension_cost(object.storage.storage_size, epochs)
            .await?;
        self.run(|calls| {
            let payment = calls.ptb.pay_wal(cost);
            let blob = calls.own(blob);
            calls.extend_blob(blob, epochs, payment);
        })
        .await
    }

    /// Extends a shared blob by some epochs, out of its funds.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn extend_shared(
        &self,
        shared: ObjectId,
        epochs: u32,
    ) -> Result<Executed, TransactionError> {
        let object = self.contracts().shared_blob(shared).await?;
        self.ensure_extendable(&object.blob.storage, epochs).await?;
        self.run(|calls| calls.extend_shared_blob(shared, epochs))
            .await
    }

    /// Makes sure that these are blobs. What the node does not show (yet) is left to the transaction.
    async fn ensure_blobs(&self, ids: &[ObjectId]) -> Result<(), TransactionError> {
        Ok(self.contracts().blobs(ids).await.map(drop)?)
    }

    /// Makes sure that storage can be had for so long. What has expired is left to the contract.
    async fn ensure_extendable(
        &self,
        storage: &Storage,
        epochs: u32,
    ) -> Result<(), TransactionError> {
        let state = self.contracts().state().await?;
        let (now, end, max) = (state.epoch.0, storage.end_epoch.0, state.max_epochs_ahead());
        let last = now.saturating_add(max);
        if end <= now || end.checked_add(epochs).is_some_and(|new| new <= last) {
            return Ok(());
        }
        Err(TransactionError::Argument(match last.saturating_sub(end) {
            0 => format!("the blob is kept until epoch {end} already: there is no later one"),
            most => format!(
                "the blob is kept until epoch {end}, and can be until epoch {last}: extend it by 1 \
                 to {most} epochs, not {epochs}"
            ),
        }))
    }

    /// Deletes blobs of the wallet; their storage goes back to it.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn delete(&self, blobs: &[ObjectId]) -> Result<Executed, TransactionError> {
        self.ensure_blobs(blobs).await?;
        let owner = self.address();
        self.run(|calls| {
            let mut freed = Vec::with_capacity(blobs.len());
            for blob in blobs {
                let blob = calls.own(*blob);
                freed.push(calls.delete_blob(blob));
            }
            calls.ptb.transfer(freed, owner);
        })
        .await
    }

    /// Gives up blobs of the wallet and their storage. Nodes keep the data until its end.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn burn(&self, blobs: &[ObjectId]) -> Result<Executed, TransactionError> {
        self.ensure_blobs(blobs).await?;
        self.run(|calls| {
            for blob in blobs {
                let blob = calls.own(*blob);
                calls.burn_blob(blob);
            }
        })
        .await
    }

    /// Sets attributes of a blob of the wallet; others stay.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn set_attributes(
        &self,
        blob: ObjectId,
        pairs: &[(String, String)],
    ) -> Result<Executed, TransactionError> {
        self.ensure_blobs(&[blob]).await?;
        self.run(|calls| {
            let blob = calls.own(blob);
            for (key, value) in pairs {
                calls.set_attribute(blob, key, value);
            }
        })
        .await
    }

    /// Removes attributes of a blob of the wallet, which must all be there.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn remove_attributes(
        &self,
        blob: ObjectId,
        keys: &[String],
    ) -> Result<Executed, TransactionError> {
        self.ensure_blobs(&[blob]).await?;
        self.run(|calls| {
            let blob = calls.own(blob);
            for key in keys {
                calls.remove_attribute(blob, key);
            }
        })
        .await
    }

    /// Removes all attributes of a blob of the wallet, which must have some.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn clear_attributes(&self, blob: ObjectId) -> Result<Executed, TransactionError> {
        self.ensure_blobs(&[blob]).await?;
        self.run(|calls| {
            let blob = calls.own(blob);
            calls.take_attributes(blob);
        })
        .await
    }

    /// Lets everybody extend a blob, out of `funds_frost` that come along. There is no way back.
    /// → the `SharedBlob`
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn share(
        &self,
        blob: ObjectId,
        funds_frost: Option<u64>,
    ) -> Result<(ObjectId, Executed), TransactionError> {
        self.ensure_blobs(&[blob]).await?;
        let executed = self
            .run(|calls| {
                let blob = calls.own(blob);
                match funds_frost {
                    Some(frost) => {
                        let coin = calls.ptb.wal_coin(frost);
                        calls.share_blob_funded(blob, coin);
                    }
                    None => calls.share_blob(blob),
                }
            })
            .await?;
        let tag = self.contracts().deployment().await?.type_of::<SharedBlob>();
        Ok((self.created(&executed, &tag)?, executed))
    }

    /// Adds to the funds of a shared blob.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn fund_shared(
        &self,
        shared: ObjectId,
        frost: u64,
    ) -> Result<Executed, TransactionError> {
        self.contracts().shared_blob(shared).await?;
        self.run(|calls| {
            let coin = calls.ptb.wal_coin(frost);
            calls.fund_shared_blob(shared, coin);
        })
        .await
    }

    /// Cuts storage of the wallet in two, by size.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn split_storage(
        &self,
        storage: ObjectId,
        encoded_bytes: u64,
    ) -> Result<Executed, TransactionError> {
        let owner = self.address();
        self.run(|calls| {
            let storage = calls.own(storage);
            let rest = calls.split_storage_by_size(storage, encoded_bytes);
            calls.ptb.transfer(vec![rest], owner);
        })
        .await
    }

    /// Cuts storage of the wallet in two, by epoch.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn split_storage_at(
        &self,
        storage: ObjectId,
        epoch: Epoch,
    ) -> Result<Executed, TransactionError> {
        let owner = self.address();
        self.run(|calls| {
            let storage = calls.own(storage);
            let rest = calls.split_storage_by_epoch(storage, epoch);
            calls.ptb.transfer(vec![rest], owner);
        })
        .await
    }

    /// Puts storage of the wallet together.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn fuse_storage(
        &self,
        storage: ObjectId,
        other: ObjectId,
    ) -> Result<Executed, TransactionError> {
        self.run(|calls| {
            let (storage, other) = (calls.own(storage), calls.own(other));
            calls.fuse_storage(storage, other);
        })
        .await
    }

    /// Executes a transaction of calls; of the new package if the contracts have been upgraded.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn run<'a>(
        &'a self,
        build: impl Fn(&mut Calls<'_>) + Send + 'a,
    ) -> BoxFuture<'a, Result<Executed, TransactionError>> {
        self.run_built(Box::new(build))
    }

    fn run_built<'a>(
        &'a self,
        build: Box<dyn Fn(&mut Calls<'_>) + Send + 'a>,
    ) -> BoxFuture<'a, Result<Executed, TransactionError>> {
        Box::pin(async move {
            let deployment = self.contracts().deployment().await?;
            let mut ptb = Ptb::new();
            build(&mut Calls::new(&mut ptb, &deployment));
            match self.execute(&ptb).await {
                Err(error) if error.abort().is_some_and(crate::Abort::is_outdated) => {
                    let fresh = self.contracts().refresh().await?.deployment.clone();
                    if fresh.package == deployment.package {
                        return Err(error);
                    }
                    let mut ptb = Ptb::new();
                    build(&mut Calls::new(&mut ptb, &fresh));
                    self.execute(&ptb).await
                }
                outcome => outcome,
            }
        })
    }

    pub(super) fn created(
        &self,
        executed: &Executed,
        tag: &sui_sdk_types::StructTag,
    ) -> Result<ObjectId, TransactionError> {
        executed
            .created_of(tag)
            .ok_or_else(|| TransactionError::Surprise {
                digest: executed.digest,
                what: format!("created no {}", tag.name()),
            })
    }
}

/// Cuts what a blob needs out of storage. → the storage, and what is left over
fn fit(
    calls: &mut Calls<'_>,
    owned: &Storage,
    encoded: u64,
    end: Option<Epoch>,
) -> (Arg, Vec<Arg>) {
    let storage = calls.ptb.object(owned.id.0, ObjectUse::Change);
    let mut rest = Vec::new();
    if owned.storage_size > encoded {
        rest.push(calls.split_storage_by_size(storage, encoded));
    }
    if let Some(end) = end.filter(|end| *end < owned.end_epoch && *end > owned.start_epoch) {
        rest.push(calls.split_storage_by_epoch(storage, end));
    }
    (storage, rest)
}
