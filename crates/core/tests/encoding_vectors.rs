//! Sizes, ids and metadata agree with the vectors made by the original implementation
//! (`docs/spec/encoding.md` §14).

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::num::NonZeroU16;

use floe_core::{
    BlobId, BlobMetadata, CodeParams, QuiltPatchId, ShardIndex, SliverPairHashes, SliverPairIndex,
    SymbolId, UnverifiedMetadata,
    merkle::{Digest, Node},
    storage_units, wire,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    blobs: Vec<Blob>,
    limits: Vec<Limit>,
    size_rows: Vec<(u16, u64, u16, u64, u64)>,
    quilts: Vec<Quilt>,
}

#[derive(Deserialize)]
struct Blob {
    name: String,
    n_shards: u16,
    unencoded_length: u64,
    primary_source_symbols: u16,
    secondary_source_symbols: u16,
    symbol_size: u16,
    encoded_length: u64,
    storage_units: u64,
    root_hash: String,
    blob_id: BlobId,
    blob_id_hex: String,
    blob_id_u256_decimal: String,
    shard_of_pair_0: ShardIndex,
    metadata_bcs_bytes: usize,
    metadata_bcs_blake2b256: String,
    pair_hashes: Option<Vec<[String; 2]>>,
}

#[derive(Deserialize)]
struct Limit {
    n_shards: u16,
    max_blob_size: u64,
    smallest_rejected_size: u64,
}

#[derive(Deserialize)]
struct Quilt {
    blob_id: BlobId,
    patches_out: Vec<Patch>,
}

#[derive(Deserialize)]
struct Patch {
    start_index: u16,
    end_index: u16,
    patch_id: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../testkit/vectors/encoding.json")).unwrap()
}

fn params(n_shards: u16) -> CodeParams {
    CodeParams::for_encoding(n_shards).unwrap()
}

fn digest(hex: &str) -> Digest {
    hex::decode(hex).unwrap().try_into().unwrap()
}

#[test]
fn sizes_match_every_row() {
    let rows = vectors().size_rows;
    assert!(rows.len() > 40);
    for (n_shards, length, symbol_size, encoded_length, units) in rows {
        let params = params(n_shards);
        assert_eq!(params.symbol_size(length).unwrap().get(), symbol_size);
        assert_eq!(params.encoded_length(length).unwrap(), encoded_length);
        assert_eq!(storage_units(encoded_length), units);
    }
}

#[test]
fn the_largest_blob_is_accepted_and_one_byte_more_is_not() {
    for limit in vectors().limits {
        let params = params(limit.n_shards);
        assert_eq!(params.max_blob_size(), limit.max_blob_size);
        assert_eq!(
            params.symbol_size(limit.max_blob_size).unwrap().get(),
            65_534
        );
        let error = params
            .symbol_size(limit.smallest_rejected_size)
            .unwrap_err();
        assert_eq!(error.max, limit.max_blob_size);
    }
}

#[test]
fn parameters_ids_and_metadata_match_every_blob() {
    let mut with_hashes = 0;
    for blob in vectors().blobs {
        let params = params(blob.n_shards);
        let name = &blob.name;
        assert_eq!(
            params.primary_source_symbols(),
            blob.primary_source_symbols,
            "{name}"
        );
        assert_eq!(
            params.secondary_source_symbols(),
            blob.secondary_source_symbols,
            "{name}"
        );
        let symbol_size = params.symbol_size(blob.unencoded_length).unwrap().get();
        assert_eq!(symbol_size, blob.symbol_size, "{name}");
        let encoded_length = params.encoded_length(blob.unencoded_length).unwrap();
        assert_eq!(encoded_length, blob.encoded_length, "{name}");
        assert_eq!(storage_units(encoded_length), blob.storage_units, "{name}");

        let id = blob.blob_id;
        assert_eq!(hex::encode(id.0), blob.blob_id_hex, "{name}");
        assert_eq!(id.to_u256_decimal(), blob.blob_id_u256_decimal, "{name}");
        assert_eq!(
            BlobId::from_u256_decimal(&blob.blob_id_u256_decimal),
            Ok(id),
            "{name}"
        );
        let root = digest(&blob.root_hash);
        let derived = BlobId::derive(Default::default(), blob.unencoded_length, &root);
        assert_eq!(derived, id, "{name}");

        let first = SliverPairIndex(0);
        assert_eq!(
            params.shard_of_pair(&id, first),
            Ok(blob.shard_of_pair_0),
            "{name}"
        );
        assert_eq!(
            params.pair_of_shard(&id, blob.shard_of_pair_0),
            Ok(first),
            "{name}"
        );

        let Some(hashes) = blob.pair_hashes else {
            continue;
        };
        with_hashes += 1;
        let pair = |[primary, secondary]: &[String; 2]| SliverPairHashes {
            primary_hash: Node::Digest(digest(primary)),
            secondary_hash: Node::Digest(digest(secondary)),
        };
        let metadata = BlobMetadata::new(blob.unencoded_length, hashes.iter().map(pair).collect());
        assert_eq!(metadata.root_hash(), Node::Digest(root), "{name}");
        let bytes = wire::to_bcs(&metadata);
        assert_eq!(bytes.len(), blob.metadata_bcs_bytes, "{name}");
        let bytes_hash = floe_core::hash::blake2b256(&[&bytes]);
        assert_eq!(
            hex::encode(bytes_hash),
            blob.metadata_bcs_blake2b256,
            "{name}"
        );
        assert_eq!(wire::from_bcs(&bytes).as_ref(), Ok(&metadata), "{name}");
        let verified = UnverifiedMetadata {
            blob_id: id,
            metadata,
        }
        .verify(params)
        .unwrap();
        assert_eq!(verified.symbol_size().get(), blob.symbol_size, "{name}");
    }
    assert!(with_hashes > 10);
}

#[test]
fn patch_ids_match_every_quilt() {
    let mut checked = 0;
    for quilt in vectors().quilts {
        for patch in quilt.patches_out {
            let id: QuiltPatchId = patch.patch_id.parse().unwrap();
            assert_eq!(id.quilt_id, quilt.blob_id);
            assert_eq!(id.internal_id.start(), patch.start_index);
            assert_eq!(id.internal_id.end(), patch.end_index);
            assert_eq!(id.to_string(), patch.patch_id);
            checked += 1;
        }
    }
    assert!(checked > 10);
}

#[derive(Deserialize)]
struct RecoveryVectors {
    recovery: Vec<Recovery>,
}

#[derive(Deserialize)]
struct Recovery {
    blob_id: BlobId,
    n_shards: u16,
    size: u64,
    falsified_pair: u16,
    inconsistency_proof_primary_bcs: String,
    inconsistency_proof_secondary_bcs: String,
    metadata_with_id_bcs_prefix: String,
    pair_of_shard: Vec<SliverPairIndex>,
    sliver_tagged_primary_0_bcs: String,
    sliver_tagged_secondary_0_bcs: String,
    symbols: Vec<Symbols>,
}

#[derive(Deserialize)]
struct Symbols {
    from_primary: Symbol,
    from_secondary: Symbol,
}

#[derive(Deserialize)]
struct Symbol {
    general_bcs: String,
    recovery_symbol_bcs: String,
    symbol_id: SymbolId,
    symbol_id_bcs: String,
    tagged_bcs: String,
}

/// Parses the bytes and checks that they serialize back to themselves.
fn round_trip<T: serde::de::DeserializeOwned + serde::Serialize>(hex: &str) -> T {
    let bytes = hex::decode(hex).unwrap();
    let value = wire::from_bcs(&bytes).unwrap();
    assert_eq!(wire::to_bcs(&value), bytes);
    value
}

#[test]
fn recovery_data_round_trips_and_is_understood() {
    use floe_core::{
        Axis, GeneralRecoverySymbol, RecoverySymbol, Sliver, TaggedInconsistencyProof,
        TaggedRecoverySymbol,
    };

    let text = include_str!("../../testkit/vectors/recovery.json");
    let vectors: RecoveryVectors = serde_json::from_str(text).unwrap();
    assert!(!vectors.recovery.is_empty());
    for case in vectors.recovery {
        let params = params(case.n_shards);
        for shard in params.shards() {
            let pair = case.pair_of_shard[shard.as_usize()];
            assert_eq!(params.pair_of_shard(&case.blob_id, shard), Ok(pair));
            assert_eq!(params.shard_of_pair(&case.blob_id, pair), Ok(shard));
        }
        let prefix = hex::decode(&case.metadata_with_id_bcs_prefix).unwrap();
        assert!(prefix.starts_with(&case.blob_id.0));

        for (hex, axis) in [
            (&case.sliver_tagged_primary_0_bcs, Axis::Primary),
            (&case.sliver_tagged_secondary_0_bcs, Axis::Secondary),
        ] {
            // Left out of the vectors for many shards.
            if case.n_shards > 10 && hex.is_empty() {
                continue;
            }
            let sliver: Sliver = round_trip(hex);
            let symbol_size = params.symbol_size(case.size).unwrap();
            assert_eq!(sliver.axis(), axis);
            assert_eq!(sliver.data().symbol_size, symbol_size);
            assert_eq!(
                sliver.data().data.len(),
                params.sliver_bytes(axis, symbol_size)
            );
        }

        for symbols in case.symbols {
            for (symbol, proof_axis) in [
                (symbols.from_primary, Axis::Primary),
                (symbols.from_secondary, Axis::Secondary),
            ] {
                let general: GeneralRecoverySymbol = round_trip(&symbol.general_bcs);
                let plain: RecoverySymbol = round_trip(&symbol.recovery_symbol_bcs);
                let tagged: TaggedRecoverySymbol = round_trip(&symbol.tagged_bcs);
                assert_eq!(general.proof_axis(), proof_axis);
                assert_eq!(general.id(), symbol.symbol_id);
                assert_eq!(
                    round_trip::<SymbolId>(&symbol.symbol_id_bcs),
                    symbol.symbol_id
                );
                assert_eq!(
                    tagged,
                    match proof_axis {
                        Axis::Primary => TaggedRecoverySymbol::Secondary(plain.clone()),
                        Axis::Secondary => TaggedRecoverySymbol::Primary(plain.clone()),
                    }
                );
                assert_eq!(general.into_recovery_symbol(), plain);
            }
        }

        for (hex, axis) in [
            (&case.inconsistency_proof_primary_bcs, Axis::Primary),
            (&case.inconsistency_proof_secondary_bcs, Axis::Secondary),
        ] {
            let tagged: TaggedInconsistencyProof = round_trip(hex);
            let pair = SliverPairIndex(case.falsified_pair);
            let target = params.sliver_of_pair(axis, pair).unwrap();
            assert_eq!(tagged.target_axis(), axis);
            assert_eq!(tagged.proof().target_index, target);
            let needed = usize::from(params.sliver_symbols(axis));
            assert_eq!(tagged.proof().symbols.len(), needed);
        }
    }
}

#[test]
fn parameters_match_the_table_also_below_four_shards() {
    // n, f, k1, k2, metadata bytes per shard, encoded length of the empty blob
    let rows: [(u16, u16, u16, u16, u64, Option<u64>); 8] = [
        (1, 0, 1, 1, 96, None),
        (3, 0, 3, 3, 224, None),
        (4, 1, 2, 3, 288, Some(1_192)),
        (5, 1, 3, 4, 352, Some(1_830)),
        (9, 2, 5, 7, 608, Some(5_688)),
        (301, 100, 101, 201, 19_296, Some(5_989_900)),
        (667, 222, 223, 445, 42_720, Some(29_385_352)),
        (1000, 333, 334, 667, 64_032, Some(66_034_000)),
    ];
    for (n, f, k1, k2, metadata_len, encoded_length) in rows {
        let params = CodeParams::new(NonZeroU16::new(n).unwrap());
        assert_eq!(params.max_faulty(), f);
        assert_eq!(params.primary_source_symbols(), k1);
        assert_eq!(params.secondary_source_symbols(), k2);
        assert_eq!(params.metadata_len(), metadata_len);
        if let Some(encoded_length) = encoded_length {
            assert_eq!(params.encoded_length(0), Ok(encoded_length));
        }
        assert_eq!(CodeParams::for_encoding(n).is_ok(), n >= 4);
    }
    assert!(CodeParams::for_encoding(0).is_err());
    assert_eq!(params(1000).max_blob_size(), 14_599_533_452);
    assert_eq!(params(10).encoded_length(2_800), Ok(17_720));
    assert_eq!(params(1000).encoded_length(22_277_800), Ok(164_132_000));
    let largest = params(u16::MAX);
    assert!(largest.encoded_length(largest.max_blob_size()).is_ok());
    assert!(largest.encoded_length(u64::MAX).is_err());
}
