//! Quilts: many small blobs in one (`docs/spec/client.md` §5).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use floe_contracts::Wallet;
use floe_core::{Axis, BlobId, BlobMetadata, QuiltPatchId, QuiltPatchInternalId, SliverIndex};
use floe_encoding::{
    Source,
    quilt::{
        Columns, Geometry, IndexPrefix, IndexedPatch, Patch, PatchIdentifier, PatchReader, Quilt,
        QuiltBlob, QuiltIndex, Tags, read_index,
    },
};
use floe_env::{BoxFuture, Lane};
use serde::{Deserialize, Serialize};

use crate::{
    client::Client,
    compute::BytesSource,
    error::ClientError,
    progress::Progress,
    read::OpenBlob,
    store::{BlobInput, BlobStoreResult, StoreOptions},
};

/// The attribute that tells a quilt from other blobs.
const TYPE_ATTRIBUTE: (&str, &str) = ("_walrusBlobType", "quilt");

/// A patch to be stored.
#[derive(Debug, Clone)]
pub struct QuiltPatch {
    /// Its name.
    pub identifier: PatchIdentifier,
    /// Its labels.
    pub tags: Tags,
    /// Its bytes.
    pub content: Arc<dyn Source + Send + Sync>,
}

impl QuiltPatch {
    /// A patch in memory, without labels.
    pub fn bytes(identifier: PatchIdentifier, bytes: impl Into<bytes::Bytes>) -> Self {
        Self {
            identifier,
            tags: Tags::new(),
            content: Arc::new(BytesSource(bytes.into())),
        }
    }
}

/// A patch that was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredPatch {
    /// Its name.
    pub identifier: String,
    /// Its id.
    pub quilt_patch_id: String,
    /// Its columns: the first, and the one after the last.
    pub range: (u16, u16),
}

/// A patch that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuiltContent {
    /// Its name.
    pub identifier: String,
    /// Its labels.
    pub tags: Tags,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its id.
    pub id: QuiltPatchId,
}

/// A content as the quilt wants it.
#[derive(Debug)]
struct Content(Arc<dyn Source + Send + Sync>);

impl Source for Content {
    fn length(&self) -> u64 {
        self.0.length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn version(&self) -> std::io::Result<Option<floe_encoding::SourceVersion>> {
        self.0.version()
    }
}

impl Client {
    /// Lays out a quilt for this network: the blob to be stored, and its index.
    ///
    /// # Errors
    /// [`ClientError::BuildQuilt`], [`ClientError::Chain`].
    pub fn build_quilt(
        &self,
        patches: Vec<QuiltPatch>,
    ) -> BoxFuture<'_, Result<(BlobInput, QuiltIndex), ClientError>> {
        Box::pin(async move {
            let state = self.0.contracts.state().await?;
            let patches = patches.into_iter().map(|patch| Patch {
                identifier: patch.identifier,
                tags: patch.tags,
                content: Content(patch.content),
            });
            let quilt = Quilt::build(state.params(), patches.collect())?;
            let index = quilt.index().clone();
            let mut input = BlobInput::new(Arc::new(quilt));
            let (key, value) = TYPE_ATTRIBUTE;
            input.attributes.push((key.to_owned(), value.to_owned()));
            Ok((input, index))
        })
    }

    /// Stores blobs together as a quilt.
    ///
    /// # Errors
    /// As [`store`](Self::store); [`ClientError::BuildQuilt`].
    pub fn store_quilt<'a>(
        &'a self,
        wallet: &'a Wallet,
        patches: Vec<QuiltPatch>,
        options: &'a StoreOptions,
        progress: &'a Arc<dyn Progress>,
    ) -> BoxFuture<'a, Result<(BlobStoreResult, Vec<StoredPatch>), ClientError>> {
        Box::pin(async move {
            let (input, index) = self.build_quilt(patches).await?;
            let results = Box::pin(self.store(wallet, vec![input], options, progress)).await?;
            let result = results.into_iter().next();
            let result =
                result.ok_or_else(|| ClientError::Argument("nothing to store".to_owned()))?;
            let stored = match result.blob_id().filter(|_| result.is_stored()) {
                Some(quilt_id) => stored_patches(quilt_id, &index),
                None => Vec::new(),
            };
            Ok((result, stored))
        })
    }

    /// The index of a quilt.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ClientError::Quilt`] if the blob is none.
    pub fn quilt_index(&self, quilt_id: BlobId) -> BoxFuture<'_, Result<QuiltIndex, ClientError>> {
        Box::pin(async move {
            let blob = self.open(quilt_id).await?;
            QuiltReader::new(blob)?.index().await
        })
    }

    /// The metadata and the index of a quilt.
    ///
    /// # Errors
    /// As [`quilt_index`](Self::quilt_index).
    pub fn open_quilt(
        &self,
        quilt_id: BlobId,
    ) -> BoxFuture<'_, Result<(BlobMetadata, QuiltIndex), ClientError>> {
        Box::pin(async move {
            let blob = self.open(quilt_id).await?;
            let metadata = blob.metadata().metadata().clone();
            Ok((metadata, QuiltReader::new(blob)?.index().await?))
        })
    }

    /// The patches of a quilt with these names, in that order.
    ///
    /// # Errors
    /// As [`quilt_index`](Self::quilt_index); [`ClientError::NoPatch`].
    pub fn read_patches<'a>(
        &'a self,
        quilt_id: BlobId,
        identifiers: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<QuiltContent>, ClientError>> {
        Box::pin(async move {
            let mut reader = QuiltReader::new(self.open(quilt_id).await?)?;
            let index = reader.index().await?;
            let mut patches = Vec::with_capacity(identifiers.len());
            for identifier in identifiers {
                let found = index
                    .patches()
                    .iter()
                    .find(|patch| patch.identifier == *identifier);
                let missing = || ClientError::NoPatch {
                    quilt_id,
                    identifier: identifier.clone(),
                };
                patches.push(found.ok_or_else(missing)?.clone());
            }
            reader.read(&patches).await
        })
    }

    /// The patches of a quilt that have a label with this value; none is no error.
    ///
    /// # Errors
    /// As [`quilt_index`](Self::quilt_index).
    pub fn read_patches_with_tag<'a>(
        &'a self,
        quilt_id: BlobId,
        key: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QuiltContent>, ClientError>> {
        Box::pin(async move {
            let mut reader = QuiltReader::new(self.open(quilt_id).await?)?;
            let index = reader.index().await?;
            let tagged = index
                .patches()
                .iter()
                .filter(|patch| patch.tags.get(key).is_some_and(|theirs| theirs == value));
            let tagged: Vec<_> = tagged.cloned().collect();
            reader.read(&tagged).await
        })
    }

    /// All patches of a quilt: the whole blob is read.
    ///
    /// # Errors
    /// As [`quilt_index`](Self::quilt_index).
    pub fn read_all_patches(
        &self,
        quilt_id: BlobId,
    ) -> BoxFuture<'_, Result<Vec<QuiltContent>, ClientError>> {
        Box::pin(async move {
            let mut reader = QuiltReader::new(self.open(quilt_id).await?)?;
            reader.take_whole().await?;
            let index = reader.index().await?;
            reader.read(index.patches()).await
        })
    }

    /// Patches by their ids, in that order. No index is read.
    ///
    /// # Errors
    /// As [`quilt_index`](Self::quilt_index).
    pub fn read_patches_by_id<'a>(
        &'a self,
        ids: &'a [QuiltPatchId],
    ) -> BoxFuture<'a, Result<Vec<QuiltContent>, ClientError>> {
        Box::pin(async move {
            let mut readers = BTreeMap::new();
            let mut contents = Vec::with_capacity(ids.len());
            for id in ids {
                let reader = match readers.entry(id.quilt_id) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        new.insert(QuiltReader::new(self.open(id.quilt_id).await?)?)
                    }
                };
                let content = match reader.read_one(id.internal_id).await {
                    // Maybe the id is wrong rather than the quilt.
                    Err(ClientError::Quilt { .. }) if !reader.has(id.internal_id).await? => {
                        return Err(ClientError::NoPatchId { id: *id });
                    }
                    outcome => outcome?,
                };
                contents.push(content);
            }
            Ok(contents)
        })
    }
}

/// The patches of a quilt with their ids.
fn stored_patches(quilt_id: BlobId, index: &QuiltIndex) -> Vec<StoredPatch> {
    let stored = |patch: &IndexedPatch| {
        let internal_id = patch.columns;
        StoredPatch {
            identifier: patch.identifier.clone(),
            quilt_patch_id: QuiltPatchId {
                quilt_id,
                internal_id,
            }
            .to_string(),
            range: (internal_id.start(), internal_id.end()),
        }
    };
    index.patches().iter().map(stored).collect()
}

/// Reads a quilt column by column, or the whole of it if columns can't be had.
struct QuiltReader {
    blob: OpenBlob,
    geometry: Geometry,
    columns: BTreeMap<u16, Vec<u8>>,
    whole: Option<Arc<dyn floe_encoding::BlobOutput + Send + Sync>>,
}

impl QuiltReader {
    fn new(blob: OpenBlob) -> Result<Self, ClientError> {
        let params = blob.codec.params();
        let geometry =
            Geometry::of_quilt(params, blob.length()).map_err(|error| ClientError::NoQuilt {
                blob_id: blob.blob_id(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            blob,
            geometry,
            columns: BTreeMap::new(),
            whole: None,
        })
    }

    /// Reads the whole quilt. Its columns are secondary slivers and rows primary ones: only the strict
    /// check makes sure that both say the same.
    async fn take_whole(&mut self) -> Result<(), ClientError> {
        if self.whole.is_none() {
            self.whole = Some(self.blob.read_strictly_aside().await?);
        }
        Ok(())
    }

    /// Makes sure that some columns are there.
    async fn take(&mut self, columns: impl IntoIterator<Item = u16>) -> Result<(), ClientError> {
        if self.whole.is_some() {
            return Ok(());
        }
        let missing = columns
            .into_iter()
            .filter(|column| !self.columns.contains_key(column));
        let missing: Vec<_> = missing.map(SliverIndex).collect();
        match self.blob.read_slivers(Axis::Secondary, &missing).await? {
            Some(slivers) => {
                let slivers = slivers.into_iter().map(|s| (s.index.get(), s.data));
                self.columns.extend(slivers);
                Ok(())
            }
            None => self.take_whole().await,
        }
    }

    async fn index(&mut self) -> Result<QuiltIndex, ClientError> {
        self.take([0]).await?;
        if let Some(first) = self.columns.get(&0) {
            let prefix = IndexPrefix::parse(first, self.geometry);
            let prefix = prefix.map_err(|error| self.error(error.into()))?;
            self.take(1..prefix.columns()).await?;
        }
        self.with_columns(|columns| read_index(columns)).await
    }

    /// Whether the quilt has a patch in these columns.
    async fn has(&mut self, id: QuiltPatchInternalId) -> Result<bool, ClientError> {
        let index = self.index().await?;
        Ok(index.patches().iter().any(|patch| patch.columns == id))
    }

    async fn read(&mut self, patches: &[IndexedPatch]) -> Result<Vec<QuiltContent>, ClientError> {
        let columns = patches
            .iter()
            .flat_map(|patch| patch.columns.start()..patch.columns.end());
        self.take(columns).await?;
        let mut contents = Vec::with_capacity(patches.len());
        for patch in patches {
            // Name and labels are those in the patch; the index only leads to it.
            contents.push(self.read_one(patch.columns).await?);
        }
        Ok(contents)
    }

    async fn read_one(&mut self, id: QuiltPatchInternalId) -> Result<QuiltContent, ClientError> {
        if id.end() > self.geometry.columns() {
            return Err(self.error(floe_encoding::quilt::ReadError::OutOfRange {
                start: id.start(),
                end: id.end(),
                columns: self.geometry.columns(),
            }));
        }
        self.take(id.start()..id.end()).await?;
        let max = self.blob.client.0.config.read_bytes_max;
        let quilt_id = self.blob.blob_id();
        let read = move |columns: &dyn Columns| {
            let patch = PatchReader::open(columns, id)?;
            let length = Some(patch.length()).filter(|length| *length <= max);
            let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
                return Ok(Err(patch.length()));
            };
            let mut bytes = vec![0; length];
            let read = patch.read_at(0, &mut bytes);
            read.map_err(|source| floe_encoding::quilt::ReadError::Columns {
                column: id.start(),
                bytes: length,
                source,
            })?;
            let header = patch.header();
            Ok(Ok(QuiltContent {
                identifier: header.identifier.as_str().to_owned(),
                tags: header.tags.clone(),
                bytes,
                id: QuiltPatchId {
                    quilt_id,
                    internal_id: id,
                },
            }))
        };
        let too_large = |length| ClientError::TooLargeForMemory {
            blob_id: quilt_id,
            length,
            max,
        };
        self.with_columns(read).await?.map_err(too_large)
    }

    /// Runs something on the columns there are, off the threads of the network.
    async fn with_columns<T: Send + 'static>(
        &mut self,
        body: impl FnOnce(&dyn Columns) -> Result<T, floe_encoding::quilt::ReadError> + Send + 'static,
    ) -> Result<T, ClientError> {
        let (geometry, params) = (self.geometry, self.blob.codec.params());
        let whole = self.whole.clone();
        let taken = std::mem::take(&mut self.columns);
        let run = move || {
            let outcome = match &whole {
                Some(whole) => match QuiltBlob::new(params, &**whole) {
                    Ok(columns) => body(&columns),
                    Err(_) => Err(floe_encoding::quilt::ReadError::OutOfRange {
                        start: 0,
                        end: 0,
                        columns: geometry.columns(),
                    }),
                },
                None => {
                    let columns = TakenColumns {
                        geometry,
                        columns: &taken,
                    };
                    body(&columns)
                }
            };
            (outcome, taken)
        };
        let compute = Arc::clone(&self.blob.client.0.env.compute);
        let (outcome, taken) = compute.offload(Lane::Io, run).await;
        self.columns = taken;
        outcome.map_err(|error| self.error(error))
    }

    fn error(&self, source: floe_encoding::quilt::ReadError) -> ClientError {
        ClientError::Quilt {
            blob_id: self.blob.blob_id(),
            source: Box::new(source),
        }
    }
}

/// Columns of a quilt that are there: verified secondary slivers.
#[derive(Debug)]
struct TakenColumns<'a> {
    geometry: Geometry,
    columns: &'a BTreeMap<u16, Vec<u8>>,
}

impl Columns for TakenColumns<'_> {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read_column(&self, column: u16, offset: usize, buffer: &mut [u8]) -> std::io::Result<()> {
        let column = self
            .columns
            .get(&column)
            .ok_or(std::io::ErrorKind::NotFound)?;
        column.as_slice().read_at(offset as u64, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ClientConfig,
        compute::MemoryBlob,
        testing::{Kind, Network},
    };

    /// A patch beyond the limit came back shortened, as if that were all of it.
    #[tokio::test]
    async fn patches_are_whole_or_an_error() {
        let codec = floe_encoding::RedStuff::new(14).unwrap();
        let patch = |name: &str, length: usize| Patch {
            identifier: PatchIdentifier::new(name).unwrap(),
            tags: Tags::new(),
            content: vec![7; length],
        };
        let patches = vec![patch("large", 101), patch("small", 100)];
        let quilt = Quilt::build(codec.params(), patches).unwrap();
        let index = quilt.index().clone();
        let mut bytes = vec![0; usize::try_from(quilt.length()).unwrap()];
        quilt.read_at(0, &mut bytes).unwrap();
        let config = ClientConfig {
            read_bytes_max: 100,
            ..ClientConfig::default()
        };
        let (network, metadata) = Network::with(&[Kind::Good; 7], Some(&bytes), config);
        let whole = MemoryBlob::new(bytes.len());
        floe_encoding::BlobOutput::write_at(&whole, 0, &bytes).unwrap();
        let mut reader = QuiltReader::new(network.opened(metadata.unwrap())).unwrap();
        reader.whole = Some(Arc::new(whole));
        let [large, small] = index.patches() else {
            panic!("{index:?}");
        };
        let small = reader.read_one(small.columns).await.unwrap();
        assert_eq!(small.bytes, vec![7; 100]);
        let error = reader.read_one(large.columns).await.unwrap_err();
        let ClientError::TooLargeForMemory { length, max, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((length, max), (101, 100));
    }
}
