//! Symbols of the slivers that are here (`docs/spec/node-api.md` §7).

use std::collections::BTreeMap;
use std::sync::Arc;

use floe_api::query::{DecodingSymbolsQuery, RecoverySymbolsQuery, SymbolSelection};
use floe_api::{ApiError, DecodingSymbols, Reason, limits};
use floe_core::{
    Axis, BlobId, DecodingSymbol, SliverData, SliverIndex, SymbolId, TaggedDecodingSymbol,
    VerifiedMetadata, wire,
};
use floe_encoding::RecoverySource;
use floe_storage::RecordKey;

use super::{OrAnswer as _, no_sliver, out_of_range};
use crate::room::{Parcel, Room};
use crate::shared::{Answer, Shared};

/// A sliver that symbols are taken from.
type SourceId = (Axis, SliverIndex);

fn index_on(id: SymbolId, axis: Axis) -> SliverIndex {
    id.sliver_index(axis)
}

impl Shared {
    /// Symbols with proofs.
    pub(crate) async fn recovery_symbols(
        self: &Arc<Self>,
        blob_id: BlobId,
        query: RecoverySymbolsQuery,
    ) -> Answer<Parcel> {
        let Ok(_permit) = self.symbol_requests.try_acquire() else {
            let message = "too many requests for symbols at once";
            return Err(ApiError::new(Reason::Unavailable, message));
        };
        let metadata = self.io(move |shared| shared.registered_metadata(&blob_id));
        let metadata = metadata.await?.ok_or_else(|| no_sliver(&blob_id))?;
        let ids = self.selected(&blob_id, query.selection)?;
        let symbol_size = metadata.symbol_size();
        let bytes = limits::recovery_symbols_bytes(self.params(), symbol_size, ids.len());
        let room = self.room_for_symbols(bytes).await?;
        let axes = match query.proof_axis {
            Some(axis) => vec![axis],
            None => Axis::BOTH.to_vec(),
        };
        let mut found = BTreeMap::new();
        let mut last_error = None;
        for axis in axes {
            // By the sliver they are taken from, which is expanded once.
            let mut wanted = BTreeMap::<SliverIndex, Vec<SymbolId>>::new();
            for id in ids.iter().filter(|id| !found.contains_key(*id)) {
                wanted.entry(index_on(*id, axis)).or_default().push(*id);
            }
            for (index, ids) in wanted {
                match self.source(&metadata, (axis, index)).await {
                    Err(error) => last_error = Some(error),
                    Ok(source) => {
                        for id in ids {
                            match source.general_symbol(index_on(id, axis.orthogonal())) {
                                Ok(symbol) => drop(found.insert(id, symbol)),
                                Err(error) => last_error = Some(out_of_range(&error)),
                            }
                        }
                    }
                }
            }
        }
        if found.is_empty() {
            return Err(last_error.unwrap_or_else(|| {
                ApiError::new(Reason::NoSymbolsSpecified, "no symbol is asked for")
            }));
        }
        let symbols: Vec<_> = found.into_values().collect();
        let bytes = wire::to_bcs(&symbols).into();
        Ok(Parcel::new(bytes, room))
    }

    /// Room for symbols, and for the answer made of them.
    async fn room_for_symbols(&self, bytes: usize) -> Answer<Room> {
        let max = self.options.limits.in_flight_bytes;
        if bytes > max {
            let message =
                format!("{bytes} bytes of symbols are asked for, at most {max} are given");
            return Err(ApiError::new(Reason::InvalidFilter, message));
        }
        self.room(bytes.saturating_mul(2)).await
    }

    /// The symbols meant by a selection.
    fn selected(&self, blob_id: &BlobId, selection: SymbolSelection) -> Answer<Vec<SymbolId>> {
        let max = self.options.limits.symbols_per_request;
        let ids = match selection {
            SymbolSelection::Ids(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                for index in ids
                    .iter()
                    .flat_map(|id| Axis::BOTH.map(|axis| index_on(*id, axis)))
                {
                    let checked = self.params().check_index(index);
                    checked.map_err(|error| out_of_range(&error))?;
                }
                ids
            }
            SymbolSelection::Target { axis, index } => {
                let params = self.params();
                params
                    .check_index(index)
                    .map_err(|error| out_of_range(&error))?;
                let shards = self.served();
                let crossing = |shard| {
                    let pair = params.pair_of_shard(blob_id, shard).ok()?;
                    let other = params.sliver_of_pair(axis.orthogonal(), pair).ok()?;
                    Some(SymbolId::crossing(axis, index, other))
                };
                shards.into_iter().filter_map(crossing).collect()
            }
        };
        if ids.len() > max {
            let message = format!(
                "{} symbols are asked for, at most {max} are given",
                ids.len()
            );
            return Err(ApiError::new(Reason::InvalidFilter, message));
        }
        Ok(ids)
    }

    /// A sliver expanded, from the cache or made.
    async fn source(
        self: &Arc<Self>,
        metadata: &Arc<VerifiedMetadata>,
        (axis, index): SourceId,
    ) -> Answer<Arc<RecoverySource>> {
        let blob_id = *metadata.blob_id();
        let key = (blob_id, axis, index);
        if let Some(source) = self.sources.get(&key) {
            return Ok(source);
        }
        let sliver = self.io(move |shared| shared.sliver(&blob_id, axis, index));
        let sliver = sliver.await?;
        let metadata = Arc::clone(metadata);
        let expand =
            move |shared: &Self| RecoverySource::new(&shared.codec, &metadata, axis, &sliver);
        let source = self.cpu(expand).await;
        let source = Arc::new(source.map_err(|error| {
            tracing::error!(%blob_id, %axis, %index, %error, "a stored sliver does not fit its blob");
            ApiError::internal(None)
        })?);
        let bytes = source.memory_bytes();
        self.sources.insert(key, Arc::clone(&source), bytes);
        Ok(source)
    }

    /// A sliver that is here, decoded. Blocks.
    fn sliver(&self, blob_id: &BlobId, axis: Axis, index: SliverIndex) -> Answer<SliverData> {
        let shard = self.shard_of(blob_id, axis, index)?;
        if !self.holds(shard) {
            let message = format!("{axis} sliver {index} is not in a shard of this node");
            return Err(ApiError::new(Reason::SymbolNotPresentAtShards, message));
        }
        let bytes = self.get(&RecordKey::sliver(shard, axis, *blob_id));
        let bytes = bytes.or_answer()?.ok_or_else(|| no_sliver(blob_id))?;
        wire::from_bcs(&bytes).map_err(|error| {
            tracing::error!(%blob_id, %shard, %axis, %error, "a stored sliver can't be decoded");
            ApiError::internal(None)
        })
    }

    /// Symbols without proofs, for slivers that hold the blob itself.
    pub(crate) async fn decoding_symbols(
        self: &Arc<Self>,
        blob_id: BlobId,
        query: DecodingSymbolsQuery,
    ) -> Answer<Parcel> {
        let DecodingSymbolsQuery {
            target_axis,
            targets,
        } = query;
        let metadata = self.io(move |shared| shared.registered_metadata(&blob_id));
        let metadata = metadata.await?.ok_or_else(|| no_sliver(&blob_id))?;
        if targets.is_empty() {
            let message = "no sliver is asked for";
            return Err(ApiError::new(Reason::NoTargetSliversSpecified, message));
        }
        let limit = self.params().source_symbols(target_axis);
        if let Some(target) = targets.iter().find(|target| target.0 >= limit) {
            let message = format!("{target_axis} sliver {target} is none of the first {limit}");
            return Err(ApiError::new(Reason::RecoverySymbolOutOfRange, message));
        }
        let shards = self.served();
        let mut symbols: DecodingSymbols =
            targets.iter().map(|target| (*target, Vec::new())).collect();
        let total = symbols.len().saturating_mul(shards.len());
        if total > self.options.limits.symbols_per_request {
            let message = format!("{total} symbols are asked for, which is too many");
            return Err(ApiError::new(Reason::InvalidFilter, message));
        }
        let params = self.params();
        let size = metadata.symbol_size();
        let bytes = limits::decoding_symbols_bytes(size, symbols.len(), shards.len());
        let room = self.room_for_symbols(bytes).await?;
        let axis = target_axis.orthogonal();
        for shard in shards {
            let pair = params.pair_of_shard(&blob_id, shard);
            let index = pair.and_then(|pair| params.sliver_of_pair(axis, pair));
            let index = index.map_err(|error| out_of_range(&error))?;
            let sliver = self
                .io(move |shared| shared.sliver(&blob_id, axis, index))
                .await;
            let Ok(sliver) = sliver else { continue };
            for (target, symbols) in &mut symbols {
                if let Some(data) = sliver.symbol(target.as_usize()) {
                    let data = data.to_vec();
                    let symbol = DecodingSymbol { index, data };
                    symbols.push(TaggedDecodingSymbol::new(target_axis, symbol));
                }
            }
        }
        symbols.retain(|_, symbols| !symbols.is_empty());
        let bytes = wire::to_bcs(&symbols).into();
        Ok(Parcel::new(bytes, room))
    }
}
