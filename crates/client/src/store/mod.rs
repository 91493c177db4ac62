//! Storing blobs (`docs/spec/client.md` §2).
//!
//! Encode → ask the nodes what they know, and whether enough of them are there → register what is not
//! registered, in one transaction → bring the slivers to the nodes and collect their confirmations →
//! certify, in one transaction. What was paid for before an interruption is found among the wallet's
//! objects and used the next time.

mod certify;
mod encode;
mod options;
mod outcome;
mod plan;
#[cfg(test)]
mod tests;
mod upload;

pub use self::{
    options::{BlobInput, Expiry, Persistence, PostStore, StoreOptions},
    outcome::{BlobStoreResult, Cost, ResourceOperation},
};

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use floe_api::BlobStatus;
use floe_contracts::{NetworkState, Wallet};
use floe_core::{BlobId, Epoch};
use floe_env::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use self::{
    encode::Encoded,
    plan::{Plan, Registered},
};
use crate::{
    client::Client,
    compute::SliverPlace,
    error::ClientError,
    progress::{Phase, Progress},
};

/// Blobs registered and certified together.
const BATCH_BLOBS_MAX: usize = 50;
/// Bytes of slivers of a batch, unless it is a single blob.
const BATCH_BYTES_MAX: u64 = 4 << 30;
/// From that length on it is asked whether the nodes are there while a blob is encoded.
const PREFLIGHT_BYTES_MIN: u64 = 1 << 20;
/// Blobs whose status is asked for at once.
const SURVEYS_MAX: usize = 8;

/// A blob on its way.
#[derive(Debug)]
struct Item {
    /// Its number among all blobs of the operation.
    number: usize,
    input: BlobInput,
    encoded: Encoded,
    status: BlobStatus,
}

impl Client {
    /// Stores blobs. What becomes of each is reported separately; an error means that none of those
    /// without a report was stored.
    ///
    /// # Errors
    /// [`ClientError::NodesDown`] before anything is paid; [`ClientError::Transaction`] if registering
    /// or certifying fails, [`ClientError::Chain`], [`ClientError::Argument`].
    pub fn store<'a>(
        &'a self,
        wallet: &'a Wallet,
        inputs: Vec<BlobInput>,
        options: &'a StoreOptions,
        progress: &'a Arc<dyn Progress>,
    ) -> BoxFuture<'a, Result<Vec<BlobStoreResult>, ClientError>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(inputs.len());
            let mut inputs = inputs.into_iter().enumerate().peekable();
            while inputs.peek().is_some() {
                let state = self.0.contracts.state().await?;
                let mut batch = Vec::new();
                let mut bytes = 0;
                while let Some((_, input)) = inputs.peek() {
                    let more = state
                        .params()
                        .slivers_len(input.source.length())
                        .unwrap_or(0);
                    let full = batch.len() >= BATCH_BLOBS_MAX || bytes + more > BATCH_BYTES_MAX;
                    if full && !batch.is_empty() {
                        break;
                    }
                    bytes += more;
                    batch.extend(inputs.next());
                }
                let stored = Box::pin(self.store_batch(wallet, batch, options, progress)).await?;
                results.extend(stored);
            }
            Ok(results)
        })
    }

    async fn store_batch(
        &self,
        wallet: &Wallet,
        batch: Vec<(usize, BlobInput)>,
        options: &StoreOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<BlobStoreResult>, ClientError> {
        let state = self.0.contracts.state().await?;
        let end = options.expiry.end_epoch(&state, self.now())?;
        let large = batch
            .iter()
            .any(|(_, input)| input.source.length() >= PREFLIGHT_BYTES_MIN);
        let preflight = async {
            // Encoding takes long: whether it is of any use should be known before.
            if large {
                self.preflight(&state).await
            } else {
                Ok(())
            }
        };
        let encoding = async { Ok(self.encode_all(&state, batch, progress).await) };
        let ((), (mut results, items)) = futures::try_join!(preflight, encoding)?;
        if !items.is_empty() {
            let stored = Box::pin(self.store_items(wallet, items, end, options, progress)).await?;
            results.extend(stored);
        }
        results.sort_by_key(|(number, _)| *number);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    /// Makes sure that enough nodes are there to store anything.
    async fn preflight(&self, state: &NetworkState) -> Result<(), ClientError> {
        let shards = state.committees.for_writes()?;
        let (needed, limit) = (state.params().min_correct(), self.0.config.survey_deadline);
        let any = BlobId::ZERO;
        self.survey_status(state, shards, any, needed, limit)
            .await
            .map(|_| ())
    }

    /// Encodes blobs, one after the other; those that can't be are results already.
    async fn encode_all(
        &self,
        state: &NetworkState,
        batch: Vec<(usize, BlobInput)>,
        progress: &Arc<dyn Progress>,
    ) -> (Vec<(usize, BlobStoreResult)>, Vec<Item>) {
        let (mut results, mut items) = (Vec::with_capacity(batch.len()), Vec::new());
        // What does not fit in memory beside the others goes to a file.
        let mut memory_left = self.0.config.memory_slivers_max();
        for (number, input) in batch {
            let slivers = state
                .params()
                .slivers_len(input.source.length())
                .unwrap_or(u64::MAX);
            let place = match memory_left.checked_sub(slivers) {
                Some(left) => {
                    memory_left = left;
                    SliverPlace::Memory
                }
                None => SliverPlace::File,
            };
            match self.encode(state, &input, place, number, progress).await {
                Ok(encoded) => {
                    let status = BlobStatus::Nonexistent;
                    items.push(Item {
                        number,
                        input,
                        encoded,
                        status,
                    });
                }
                Err(error) => {
                    let result = BlobStoreResult::failed(None, "encoding", &error);
                    results.push((number, result));
                }
            }
        }
        (results, items)
    }

    async fn store_items(
        &self,
        wallet: &Wallet,
        items: Vec<Item>,
        end: Epoch,
        options: &StoreOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<(usize, BlobStoreResult)>, ClientError> {
        let state = self.0.contracts.state().await?;
        let (items, again) = split_repeated(items, options);
        let (items, owned) = futures::try_join!(
            self.check(&state, items, options, progress),
            plan::Owned::read(&self.0.contracts, wallet, options),
        )?;
        let plans = plan::plan(&state, &items, owned, end, options);
        let mut results = Vec::new();
        let mut to_store = Vec::new();
        for (item, plan) in items.into_iter().zip(plans) {
            match plan {
                Plan::Done(result) => results.push((item.number, *result)),
                Plan::Store(how) => to_store.push((item, how)),
            }
        }
        if !to_store.is_empty() {
            let registered = self
                .register(wallet, &state, to_store, options, progress)
                .await?;
            let certified = self
                .upload_and_certify(wallet, registered, options, progress)
                .await?;
            results.extend(certified);
        }
        let outcome = |first: usize| results.iter().find(|(number, _)| *number == first);
        let repeated: Vec<_> = again
            .into_iter()
            .filter_map(|(number, first)| Some((number, outcome(first)?.1.again())))
            .collect();
        results.extend(repeated);
        Ok(results)
    }

    /// Asks the nodes about each blob. For the first one, the nodes that answer must be enough to
    /// certify it: nothing is paid for what can't be stored.
    async fn check(
        &self,
        state: &NetworkState,
        items: Vec<Item>,
        options: &StoreOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<Item>, ClientError> {
        let shards = state.committees.for_writes()?;
        let limit = self.0.config.survey_deadline;
        let checks = items
            .into_iter()
            .enumerate()
            .map(|(place, mut item)| async move {
                progress.begin(item.number, Phase::Check, 0);
                if options.force && place > 0 {
                    return Ok(item);
                }
                let params = state.params();
                let needed = if place == 0 {
                    params.min_correct()
                } else {
                    params.quorum()
                };
                let blob_id = *item.encoded.metadata.blob_id();
                let report = self
                    .survey_status(state, shards, blob_id, needed, limit)
                    .await?;
                if !options.force {
                    item.status = report.status;
                }
                Ok::<_, ClientError>(item)
            });
        stream::iter(checks)
            .buffered(SURVEYS_MAX)
            .try_collect()
            .await
    }

    /// Registers what is not registered, in one transaction.
    async fn register(
        &self,
        wallet: &Wallet,
        state: &NetworkState,
        to_store: Vec<(Item, plan::How)>,
        options: &StoreOptions,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<Registered>, ClientError> {
        let new: Vec<_> = to_store
            .iter()
            .filter_map(|(item, how)| how.new_blob(item, options))
            .collect();
        let mut blobs = Vec::new().into_iter();
        if !new.is_empty() {
            for (item, _) in &to_store {
                progress.begin(item.number, Phase::Register, 0);
            }
            blobs = wallet.register(&new, None).await?.blobs.into_iter();
        }
        let mut registered = Vec::with_capacity(to_store.len());
        for (item, how) in to_store {
            let cost = how.cost(&item, state, options)?;
            let object = match how.existing() {
                Some(blob) => blob,
                None => blobs.next().ok_or_else(|| {
                    ClientError::Argument("the transaction registered too few blobs".to_owned())
                })?,
            };
            registered.push(Registered {
                item,
                how,
                object,
                cost,
            });
        }
        Ok(registered)
    }

    /// What storing blobs would cost, without doing it.
    ///
    /// # Errors
    /// As [`store`](Self::store), as far as encoding and reading the chain go.
    pub fn cost<'a>(
        &'a self,
        inputs: &'a [BlobInput],
        options: &'a StoreOptions,
        progress: &'a Arc<dyn Progress>,
    ) -> BoxFuture<'a, Result<Vec<Cost>, ClientError>> {
        Box::pin(async move {
            let state = self.0.contracts.state().await?;
            let end = options.expiry.end_epoch(&state, self.now())?;
            let mut costs = Vec::<Cost>::with_capacity(inputs.len());
            for (number, input) in inputs.iter().enumerate() {
                let metadata = self.metadata_of(&state, input, number, progress).await?;
                let how = plan::How::buy(&state, end);
                let facts = plan::facts(&metadata, options);
                let id = metadata.blob_id();
                let again = !options.buys_again() && costs.iter().any(|cost| cost.blob_id == *id);
                costs.push(Cost {
                    blob_id: *metadata.blob_id(),
                    unencoded_size: metadata.unencoded_length(),
                    encoded_size: state.params().encoded_length(metadata.unencoded_length())?,
                    storage_cost: match again {
                        true => 0,
                        false => how.price(facts, &state)?,
                    },
                    encoding_type: "RS2".to_owned(),
                });
            }
            Ok(costs)
        })
    }
}

/// Blobs that are the same as one before them are stored with that one: the numbers of both.
fn split_repeated(items: Vec<Item>, options: &StoreOptions) -> (Vec<Item>, Vec<(usize, usize)>) {
    let (mut first, mut again) = (BTreeMap::new(), Vec::new());
    let mut fresh = Vec::with_capacity(items.len());
    for item in items {
        let number = item.number;
        match first.entry(*item.encoded.metadata.blob_id()) {
            Entry::Occupied(known) if !options.buys_again() => again.push((number, *known.get())),
            entry => {
                entry.or_insert(number);
                fresh.push(item);
            }
        }
    }
    (fresh, again)
}

impl BlobStoreResult {
    fn failed(blob_id: Option<BlobId>, phase: &str, error: &ClientError) -> Self {
        Self::Error {
            blob_id,
            failure_phase: phase.to_owned(),
            error_msg: error.described(),
        }
    }
}
