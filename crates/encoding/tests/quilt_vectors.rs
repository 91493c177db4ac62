//! Quilts agree with the vectors made by the original implementation
//! (`docs/spec/encoding.md` §12, §14).

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use floe_core::{CodeParams, QuiltPatchId, wire};
use floe_encoding::{
    Options, RedStuff, Source as _,
    quilt::{Patch, PatchReader, Quilt, QuiltBlob, read_index},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    quilts: Vec<QuiltVector>,
}

#[derive(Deserialize)]
struct QuiltVector {
    name: String,
    n_shards: u16,
    patches_in: Vec<PatchIn>,
    symbol_size: u16,
    quilt_bytes: u64,
    quilt_blake2b256: String,
    quilt_hex: Option<String>,
    column_bytes: usize,
    column0_prefix_hex: String,
    index_bcs_bytes: usize,
    index_bcs_blake2b256: String,
    index_bcs_hex: Option<String>,
    blob_id: String,
    root_hash: String,
    patches_out: Vec<PatchOut>,
}

#[derive(Deserialize)]
struct PatchIn {
    identifier: String,
    text: Option<String>,
    size: Option<u64>,
    seed: Option<u64>,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct PatchOut {
    identifier: String,
    start_index: u16,
    end_index: u16,
    patch_id: String,
}

fn vectors() -> Vec<QuiltVector> {
    let text = include_str!("../../testkit/vectors/encoding.json");
    serde_json::from_str::<Vectors>(text).unwrap().quilts
}

/// The content rule of the vectors.
fn content(size: u64, seed: u64) -> Vec<u8> {
    let byte = |i: u64| {
        let value = (i * 167 + 13 + seed * 101) ^ ((i >> 8) * 59) ^ ((i >> 16) * 197);
        value.to_le_bytes()[0]
    };
    (0..size).map(byte).collect()
}

impl PatchIn {
    fn content(&self) -> Vec<u8> {
        match &self.text {
            Some(text) => text.clone().into_bytes(),
            None => content(self.size.unwrap(), self.seed.unwrap()),
        }
    }
}

impl QuiltVector {
    fn build(&self) -> Quilt<Vec<u8>> {
        let patches = self.patches_in.iter().map(|patch| Patch {
            identifier: patch.identifier.parse().unwrap(),
            tags: patch.tags.clone(),
            content: patch.content(),
        });
        let params = CodeParams::for_encoding(self.n_shards).unwrap();
        Quilt::build(params, patches.collect()).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        let quilt = self.build();
        let mut bytes = vec![0; usize::try_from(quilt.length()).unwrap()];
        quilt.read_at(0, &mut bytes).unwrap();
        bytes
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(floe_core::hash::blake2b256(&[bytes]))
}

#[test]
fn bytes_and_geometry_agree() {
    for vector in vectors() {
        let name = &vector.name;
        let quilt = vector.build();
        assert_eq!(
            quilt.geometry().symbol_size().get(),
            vector.symbol_size,
            "{name}"
        );
        assert_eq!(
            quilt.geometry().column_bytes(),
            vector.column_bytes,
            "{name}"
        );
        assert_eq!(quilt.length(), vector.quilt_bytes, "{name}");
        let bytes = vector.bytes();
        if let Some(expected) = &vector.quilt_hex {
            assert_eq!(&hex::encode(&bytes), expected, "{name}");
        }
        assert_eq!(digest(&bytes), vector.quilt_blake2b256, "{name}");
        let index = wire::to_bcs(quilt.index());
        assert_eq!(index.len(), vector.index_bcs_bytes, "{name}");
        assert_eq!(digest(&index), vector.index_bcs_blake2b256, "{name}");
        if let Some(expected) = &vector.index_bcs_hex {
            assert_eq!(&hex::encode(&index), expected, "{name}");
        }
        let mut prefix = vec![1];
        prefix.extend(u32::try_from(index.len()).unwrap().to_le_bytes());
        prefix.extend(index);
        prefix.resize(prefix.len().max(64), 0);
        let expected = hex::decode(&vector.column0_prefix_hex).unwrap();
        assert_eq!(prefix[..expected.len()], expected, "{name}");
    }
}

#[test]
fn blob_ids_and_patch_ids_agree() {
    for vector in vectors() {
        let code = RedStuff::new(vector.n_shards).unwrap();
        let quilt = vector.build();
        let metadata = code.metadata(&quilt, &Options::default()).unwrap();
        assert_eq!(
            metadata.blob_id().to_string(),
            vector.blob_id,
            "{}",
            vector.name
        );
        let root = metadata.metadata().root_hash().bytes();
        assert_eq!(hex::encode(root), vector.root_hash, "{}", vector.name);
        let patches = quilt.index().patches();
        assert_eq!(patches.len(), vector.patches_out.len());
        for (patch, expected) in patches.iter().zip(&vector.patches_out) {
            assert_eq!(patch.identifier, expected.identifier);
            assert_eq!(patch.columns.start(), expected.start_index);
            assert_eq!(patch.columns.end(), expected.end_index);
            let id = QuiltPatchId {
                quilt_id: *metadata.blob_id(),
                internal_id: patch.columns,
            };
            assert_eq!(id.to_string(), expected.patch_id);
        }
    }
}

#[test]
fn patches_are_found_and_read_back() {
    for vector in vectors() {
        let bytes = vector.bytes();
        let params = CodeParams::for_encoding(vector.n_shards).unwrap();
        let quilt = QuiltBlob::new(params, &bytes).unwrap();
        let index = read_index(&quilt).unwrap();
        for patch in &vector.patches_in {
            let found = index.by_identifier(&patch.identifier).unwrap();
            let reader = PatchReader::open(&quilt, found.columns).unwrap();
            assert_eq!(reader.header().identifier.as_str(), patch.identifier);
            assert_eq!(reader.header().tags, patch.tags);
            let mut data = vec![0; usize::try_from(reader.length()).unwrap()];
            reader.read_at(0, &mut data).unwrap();
            assert_eq!(data, patch.content());
            for (key, value) in &patch.tags {
                assert!(index.by_tag(key, value).any(|tagged| tagged == found));
            }
            assert_eq!(index.by_tag("no such", "tag").count(), 0);
        }
    }
}
