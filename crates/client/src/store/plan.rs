//! What to buy, and what the wallet has already (`docs/spec/client.md` §2, step 4).

use floe_api::BlobStatus;
use floe_contracts::{
    Contracts, NetworkState, NewBlob, ReadError, StorageSource, Wallet, calls::BlobFacts,
};
use floe_core::{
    BlobId, Epoch, VerifiedMetadata,
    onchain::blob::{Blob, Storage},
};

use super::{BlobStoreResult, Item, Persistence, ResourceOperation, StoreOptions};
use crate::error::ClientError;

/// What the wallet has.
#[derive(Debug, Default)]
pub(super) struct Owned {
    blobs: Vec<Blob>,
    storage: Vec<Storage>,
}

impl Owned {
    pub(super) async fn read(
        contracts: &Contracts,
        wallet: &Wallet,
        options: &StoreOptions,
    ) -> Result<Self, ClientError> {
        if options.ignore_resources {
            return Ok(Self::default());
        }
        let address = wallet.address();
        let (blobs, storage) =
            futures::try_join!(contracts.all_blobs(address), contracts.all_storage(address),)
                .map_err(|error: ReadError| error)?;
        Ok(Self {
            blobs: blobs.into_iter().map(|owned| owned.value).collect(),
            storage: storage.into_iter().map(|owned| owned.value).collect(),
        })
    }
}

/// What is to be done about a blob.
#[derive(Debug)]
pub(super) enum Plan {
    /// Nothing.
    Done(Box<BlobStoreResult>),
    /// To be stored.
    Store(How),
}

/// How a blob comes by its registration.
#[derive(Debug, Clone)]
pub(super) enum How {
    /// It is registered, with storage that is bought or there.
    Register(StorageSource),
    /// It is registered already, and maybe kept longer.
    Reuse {
        blob: Box<Blob>,
        extend: Option<u32>,
    },
}

/// A blob that is registered.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) item: Item,
    pub(super) how: How,
    pub(super) object: Blob,
    pub(super) cost: u64,
}

/// What identifies a blob at its registration.
pub(super) fn facts(metadata: &VerifiedMetadata, options: &StoreOptions) -> BlobFacts {
    BlobFacts {
        blob_id: *metadata.blob_id(),
        root_hash: metadata.metadata().root_hash().bytes(),
        unencoded_length: metadata.unencoded_length(),
        encoding_type: metadata.metadata().encoding_type().number(),
        deletable: options.persistence == Persistence::Deletable,
    }
}

/// Plans for all blobs, which use nothing twice. The largest blobs choose among storage first.
pub(super) fn plan(
    state: &NetworkState,
    items: &[Item],
    mut owned: Owned,
    end: Epoch,
    options: &StoreOptions,
) -> Vec<Plan> {
    owned
        .blobs
        .retain(|blob| blob.storage.end_epoch > state.epoch);
    owned
        .storage
        .retain(|storage| storage.start_epoch <= state.epoch);
    let mut order: Vec<_> = (0..items.len()).collect();
    let size = |place: &usize| {
        items
            .get(*place)
            .map(|item| item.encoded.metadata.unencoded_length())
    };
    order.sort_by_key(|place| std::cmp::Reverse(size(place)));
    let mut plans: Vec<_> = items.iter().map(|_| None).collect();
    for place in order {
        if let (Some(item), Some(slot)) = (items.get(place), plans.get_mut(place)) {
            *slot = Some(plan_one(state, item, &mut owned, end, options));
        }
    }
    plans.into_iter().flatten().collect()
}

fn plan_one(
    state: &NetworkState,
    item: &Item,
    owned: &mut Owned,
    end: Epoch,
    options: &StoreOptions,
) -> Plan {
    let blob_id = *item.encoded.metadata.blob_id();
    let permanent = options.persistence == Persistence::Permanent;
    match &item.status {
        BlobStatus::Invalid { event } => {
            let event = *event;
            return Plan::Done(Box::new(BlobStoreResult::MarkedInvalid { blob_id, event }));
        }
        BlobStatus::Permanent {
            end_epoch,
            status_event,
            is_certified: true,
            ..
        } if permanent && *end_epoch >= end => {
            return Plan::Done(Box::new(BlobStoreResult::AlreadyCertified {
                blob_id,
                event: Some(*status_event),
                object: None,
                end_epoch: *end_epoch,
            }));
        }
        _ => {}
    }
    if let Some(blob) = take_blob(owned, &blob_id, end, options) {
        let missing = end.0.saturating_sub(blob.storage.end_epoch.0);
        if missing == 0 && blob.certified_epoch.is_some() {
            return Plan::Done(Box::new(BlobStoreResult::AlreadyCertified {
                blob_id,
                event: None,
                object: Some(blob.id.0),
                end_epoch: blob.storage.end_epoch,
            }));
        }
        return Plan::Store(How::Reuse {
            blob: Box::new(blob),
            extend: (missing > 0).then_some(missing),
        });
    }
    let length = item.encoded.metadata.unencoded_length();
    let encoded = state.params().encoded_length(length).unwrap_or(u64::MAX);
    match take_storage(owned, encoded, end) {
        Some(storage) => Plan::Store(How::Register(StorageSource::Own {
            id: storage.id.0,
            end: None,
        })),
        None => Plan::Store(How::buy(state, end)),
    }
}

/// A registration of the blob that the wallet has: rather one that lasts, rather a certified one.
fn take_blob(
    owned: &mut Owned,
    blob_id: &BlobId,
    end: Epoch,
    options: &StoreOptions,
) -> Option<Blob> {
    let deletable = options.persistence == Persistence::Deletable;
    let usable = owned.blobs.iter().enumerate().filter(|(_, blob)| {
        let fits = blob.blob_id == *blob_id && blob.deletable == deletable;
        fits && !(options.force && blob.certified_epoch.is_some())
    });
    let best = usable.max_by_key(|(_, blob)| {
        let lasts = blob.storage.end_epoch >= end;
        (
            lasts,
            blob.certified_epoch.is_some(),
            blob.storage.end_epoch,
        )
    });
    let place = best.map(|(place, _)| place)?;
    Some(owned.blobs.swap_remove(place))
}

/// Storage of the wallet that is large enough and lasts, the smallest first.
fn take_storage(owned: &mut Owned, encoded: u64, end: Epoch) -> Option<Storage> {
    let usable = owned
        .storage
        .iter()
        .enumerate()
        .filter(|(_, storage)| storage.storage_size >= encoded && storage.end_epoch >= end);
    let best = usable.min_by_key(|(_, storage)| (storage.storage_size, storage.end_epoch));
    let place = best.map(|(place, _)| place)?;
    Some(owned.storage.swap_remove(place))
}

impl How {
    /// Storage is bought until `end`.
    pub(super) const fn buy(state: &NetworkState, end: Epoch) -> Self {
        let epochs = end.0.saturating_sub(state.epoch.0);
        Self::Register(StorageSource::Buy { epochs })
    }

    /// The registration to be made, if one is.
    pub(super) fn new_blob(&self, item: &Item, options: &StoreOptions) -> Option<NewBlob> {
        match self {
            Self::Register(storage) => Some(NewBlob {
                facts: facts(&item.encoded.metadata, options),
                storage: *storage,
                attributes: item.input.attributes.clone(),
                owner: None,
            }),
            Self::Reuse { .. } => None,
        }
    }

    /// The registration there is, if there is one.
    pub(super) fn existing(&self) -> Option<Blob> {
        match self {
            Self::Register(_) => None,
            Self::Reuse { blob, .. } => Some((**blob).clone()),
        }
    }

    /// FROST for registering a blob.
    pub(super) fn price(&self, facts: BlobFacts, state: &NetworkState) -> Result<u64, ClientError> {
        let Self::Register(storage) = self else {
            return Ok(0);
        };
        let new = NewBlob {
            facts,
            storage: *storage,
            attributes: Vec::new(),
            owner: None,
        };
        Ok(new.cost(state)?)
    }

    /// FROST for all of it.
    pub(super) fn cost(
        &self,
        item: &Item,
        state: &NetworkState,
        options: &StoreOptions,
    ) -> Result<u64, ClientError> {
        match self {
            Self::Register(_) => self.price(facts(&item.encoded.metadata, options), state),
            Self::Reuse { extend: None, .. } => Ok(0),
            Self::Reuse {
                blob,
                extend: Some(epochs),
            } => {
                let cost = state.prices.storage(blob.storage.storage_size, *epochs);
                let too_much = || ClientError::Argument("the cost does not fit 64 bits".to_owned());
                cost.ok_or_else(too_much)
            }
        }
    }

    /// What to call it.
    pub(super) fn operation(&self, encoded_length: u64) -> ResourceOperation {
        match self {
            Self::Register(StorageSource::Buy { epochs }) => {
                let epochs_ahead = *epochs;
                ResourceOperation::RegisterFromScratch {
                    encoded_length,
                    epochs_ahead,
                }
            }
            Self::Register(StorageSource::Own { .. }) => {
                ResourceOperation::ReuseStorage { encoded_length }
            }
            Self::Reuse { extend: None, .. } => {
                ResourceOperation::ReuseRegistration { encoded_length }
            }
            Self::Reuse {
                blob,
                extend: Some(epochs),
            } => {
                let epochs_extended = *epochs;
                if blob.certified_epoch.is_some() {
                    ResourceOperation::ReuseAndExtend {
                        encoded_length,
                        epochs_extended,
                    }
                } else {
                    ResourceOperation::ReuseAndExtendNonCertified {
                        encoded_length,
                        epochs_extended,
                    }
                }
            }
        }
    }
}
