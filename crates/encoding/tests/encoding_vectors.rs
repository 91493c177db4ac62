//! Slivers and metadata agree with the vectors made by the original implementation
//! (`docs/spec/encoding.md` §14).

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use floe_core::{Axis, SliverData, SliverIndex, SliverPairIndex, VerifiedMetadata, hash, wire};
use floe_encoding::{MemorySlivers, Options, RedStuff, Source};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    blobs: Vec<Blob>,
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
struct Blob {
    name: String,
    n_shards: u16,
    size: usize,
    seed: usize,
    content_blake2b256: String,
    root_hash: String,
    blob_id: String,
    metadata_bcs_blake2b256: String,
    all_pair_hashes_blake2b256: String,
    all_primary_slivers_blake2b256: String,
    all_secondary_slivers_blake2b256: String,
    slivers: Vec<SliverDigests>,
    raw_pairs: Option<Vec<RawPair>>,
    metadata_bcs_hex: Option<String>,
}

#[derive(Deserialize)]
struct SliverDigests {
    pair_index: u16,
    primary_hash: String,
    secondary_hash: String,
    primary_blake2b256: String,
    secondary_blake2b256: String,
    primary_bcs_blake2b256: String,
    secondary_bcs_blake2b256: String,
}

#[derive(Deserialize)]
struct RawPair {
    pair_index: u16,
    primary_hex: String,
    secondary_hex: String,
    primary_bcs_hex: String,
    secondary_bcs_hex: String,
}

#[derive(Deserialize)]
struct Limit {
    n_shards: u16,
    smallest_rejected_size: usize,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../testkit/vectors/encoding.json")).unwrap()
}

/// The content rule of the vectors.
fn content(size: usize, seed: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let mixed = (i * 167 + 13 + seed * 101) ^ ((i >> 8) * 59) ^ ((i >> 16) * 197);
        mixed.to_le_bytes()[0]
    };
    (0..size).map(byte).collect()
}

fn digest(parts: &[&[u8]]) -> String {
    hex::encode(hash::blake2b256(parts))
}

fn encode(codec: &RedStuff, blob: &impl Source) -> (VerifiedMetadata, [Vec<SliverData>; 2]) {
    let symbol_size = codec.params().symbol_size(blob.length()).unwrap();
    let slivers = MemorySlivers::new(codec.params(), symbol_size);
    let metadata = codec.encode(blob, &slivers, &Options::default()).unwrap();
    (metadata, slivers.into_slivers())
}

#[test]
fn every_blob_encodes_as_the_original_does() {
    for blob in vectors().blobs {
        let name = &blob.name;
        let codec = RedStuff::new(blob.n_shards).unwrap();
        let bytes = content(blob.size, blob.seed);
        assert_eq!(digest(&[&bytes]), blob.content_blake2b256, "{name}");
        let (metadata, [primary, secondary]) = encode(&codec, &bytes);

        assert_eq!(metadata.blob_id().to_string(), blob.blob_id, "{name}");
        let root = metadata.metadata().root_hash().bytes();
        assert_eq!(hex::encode(root), blob.root_hash, "{name}");
        let bcs = wire::to_bcs(metadata.metadata());
        assert_eq!(digest(&[&bcs]), blob.metadata_bcs_blake2b256, "{name}");
        if let Some(expected) = &blob.metadata_bcs_hex {
            assert_eq!(&hex::encode(&bcs), expected, "{name}");
        }
        let hashes = metadata.metadata().hashes().iter();
        let hashes = hashes.map(|pair| Axis::BOTH.map(|axis| pair.get(axis).bytes()));
        let hashes: Vec<_> = hashes.flatten().collect();
        assert_eq!(
            digest(&[hashes.as_flattened()]),
            blob.all_pair_hashes_blake2b256,
            "{name}"
        );

        let all = |slivers: &[SliverData]| {
            digest(
                &slivers
                    .iter()
                    .map(|sliver| sliver.data.as_slice())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(all(&primary), blob.all_primary_slivers_blake2b256, "{name}");
        assert_eq!(
            all(&secondary),
            blob.all_secondary_slivers_blake2b256,
            "{name}"
        );

        let pair = |index| {
            let secondary_index = codec
                .params()
                .sliver_of_pair(Axis::Secondary, SliverPairIndex(index))
                .unwrap();
            let SliverIndex(at) = secondary_index;
            (&primary[usize::from(index)], &secondary[usize::from(at)])
        };
        for expected in &blob.slivers {
            let (primary, secondary) = pair(expected.pair_index);
            let hash = |axis| {
                let pair = SliverPairIndex(expected.pair_index);
                hex::encode(metadata.pair_hash(axis, pair).unwrap().bytes())
            };
            assert_eq!(hash(Axis::Primary), expected.primary_hash, "{name}");
            assert_eq!(hash(Axis::Secondary), expected.secondary_hash, "{name}");
            assert_eq!(
                digest(&[&primary.data]),
                expected.primary_blake2b256,
                "{name}"
            );
            assert_eq!(
                digest(&[&secondary.data]),
                expected.secondary_blake2b256,
                "{name}"
            );
            let bcs = [primary, secondary].map(|sliver| digest(&[&wire::to_bcs(sliver)]));
            assert_eq!(bcs[0], expected.primary_bcs_blake2b256, "{name}");
            assert_eq!(bcs[1], expected.secondary_bcs_blake2b256, "{name}");
        }
        for expected in blob.raw_pairs.iter().flatten() {
            let (primary, secondary) = pair(expected.pair_index);
            assert_eq!(hex::encode(&primary.data), expected.primary_hex, "{name}");
            assert_eq!(
                hex::encode(&secondary.data),
                expected.secondary_hex,
                "{name}"
            );
            let bcs = [primary, secondary].map(|sliver| hex::encode(wire::to_bcs(sliver)));
            assert_eq!(bcs[0], expected.primary_bcs_hex, "{name}");
            assert_eq!(bcs[1], expected.secondary_bcs_hex, "{name}");
        }
    }
}

#[test]
fn one_byte_over_the_limit_is_refused() {
    for limit in vectors()
        .limits
        .iter()
        .filter(|limit| limit.smallest_rejected_size < 1 << 28)
    {
        let codec = RedStuff::new(limit.n_shards).unwrap();
        let blob = vec![0; limit.smallest_rejected_size];
        let error = codec.metadata(&blob, &Options::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "blob of {} bytes is too large: {} shards take at most {} bytes",
                blob.len(),
                limit.n_shards,
                blob.len() - 1
            )
        );
    }
}
