//! Blobs to be stored, and what of them each shard must hold.

use std::collections::BTreeMap;

use floe_core::{Axis, BlobId, CodeParams, ShardIndex, wire};
use floe_encoding::{MemorySlivers, Options, RedStuff};
use floe_storage::RecordKey;

use crate::Error;

/// A blob, and all that is stored of it, by an encoder that no network is part of.
pub struct Sample {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its id.
    pub id: BlobId,
    /// Shards of the network.
    pub n_shards: u16,
    metadata: Vec<u8>,
    /// By axis and shard.
    slivers: BTreeMap<(ShardIndex, Axis), Vec<u8>>,
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} bytes", self.id, self.bytes.len())
    }
}

impl Sample {
    /// Encodes a blob.
    ///
    /// # Errors
    /// It can't be encoded.
    pub fn new(bytes: Vec<u8>, n_shards: u16) -> Result<Self, Error> {
        let params = CodeParams::for_encoding(n_shards)?;
        let codec = RedStuff::new(params.n_shards())?;
        let symbol_size = params.symbol_size(bytes.len() as u64)?;
        let sink = MemorySlivers::new(params, symbol_size);
        let metadata = codec.encode(&bytes, &sink, &Options::default())?;
        let id = *metadata.blob_id();
        let mut slivers = BTreeMap::new();
        for (axis, made) in Axis::BOTH.into_iter().zip(sink.into_slivers()) {
            for sliver in made {
                let pair = params.pair_of_sliver(axis, sliver.index)?;
                let shard = params.shard_of_pair(&id, pair)?;
                slivers.insert((shard, axis), wire::to_bcs(&sliver));
            }
        }
        Ok(Self {
            bytes,
            id,
            n_shards,
            metadata: wire::to_bcs(metadata.metadata()),
            slivers,
        })
    }

    /// What a node with these shards must hold.
    pub fn records<'a>(
        &'a self,
        shards: &'a [ShardIndex],
    ) -> impl Iterator<Item = (RecordKey, &'a [u8])> {
        let slivers = self.slivers.iter();
        let slivers = slivers.filter(|((shard, _), _)| shards.contains(shard));
        let slivers = slivers.map(|((shard, axis), bytes)| {
            let key = RecordKey::sliver(*shard, *axis, self.id);
            (key, bytes.as_slice())
        });
        let metadata = (RecordKey::metadata(self.id), self.metadata.as_slice());
        std::iter::once(metadata).chain(slivers)
    }
}
