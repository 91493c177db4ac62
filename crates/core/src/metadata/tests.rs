use super::*;

fn metadata(n: u8, unencoded_length: u64) -> BlobMetadata {
    let hashes = (0..n).map(|pair| SliverPairHashes {
        primary_hash: Node::Digest([pair; 32]),
        secondary_hash: Node::Digest([100 + pair; 32]),
    });
    BlobMetadata::new(unencoded_length, hashes.collect())
}

fn params(n: u16) -> CodeParams {
    CodeParams::for_encoding(n).unwrap()
}

#[test]
fn metadata_of_another_blob_is_refused() {
    let metadata = metadata(4, 9);
    let got = metadata.blob_id();
    let good = UnverifiedMetadata {
        blob_id: got,
        metadata: metadata.clone(),
    };
    assert!(good.verify(params(4)).is_ok());
    let expected = BlobId::ZERO;
    assert_eq!(
        UnverifiedMetadata {
            blob_id: expected,
            metadata
        }
        .verify(params(4)),
        Err(MetadataError::BlobIdMismatch { expected, got })
    );
}

#[test]
fn every_part_of_the_metadata_is_in_the_id() {
    let id = metadata(4, 9).blob_id();
    assert_ne!(metadata(4, 8).blob_id(), id);
    assert_ne!(metadata(5, 9).blob_id(), id);
    for pair in 0..4 {
        for axis in Axis::BOTH {
            let BlobMetadata::V1(mut v1) = metadata(4, 9);
            match axis {
                Axis::Primary => v1.hashes[pair].primary_hash = Node::Digest([9; 32]),
                Axis::Secondary => v1.hashes[pair].secondary_hash = Node::Digest([9; 32]),
            }
            assert_ne!(
                BlobMetadata::V1(v1).blob_id(),
                id,
                "{axis} hash of pair {pair}"
            );
        }
    }
}

#[test]
fn metadata_fits_its_shards() {
    let compute = |n, length| VerifiedMetadata::compute(metadata(n, length), params(4));
    let (expected, got) = (4, 5);
    assert_eq!(
        compute(5, 9),
        Err(MetadataError::PairCount { expected, got })
    );
    let (expected, got) = (4, 0);
    assert_eq!(
        compute(0, 9),
        Err(MetadataError::PairCount { expected, got })
    );
    let max = params(4).max_blob_size();
    assert!(compute(4, 0).is_ok() && compute(4, max).is_ok());
    assert!(matches!(
        compute(4, max + 1),
        Err(MetadataError::TooLarge(_))
    ));
}

#[test]
fn hashes_are_found_by_pair_and_by_sliver() {
    let verified = VerifiedMetadata::compute(metadata(4, 9), params(4)).unwrap();
    let by_sliver = |axis, sliver| verified.sliver_hash(axis, SliverIndex(sliver));
    assert_eq!(by_sliver(Axis::Primary, 1), Ok(Node::Digest([1; 32])));
    // Secondary sliver 1 belongs to pair 2.
    assert_eq!(by_sliver(Axis::Secondary, 1), Ok(Node::Digest([102; 32])));
    let by_pair = verified.pair_hash(Axis::Secondary, SliverPairIndex(2));
    assert_eq!(by_pair, by_sliver(Axis::Secondary, 1));
    assert_eq!(
        by_sliver(Axis::Secondary, 4),
        Err(IndexOutOfRange {
            index: 4,
            n_shards: 4
        })
    );
    assert!(
        verified
            .pair_hash(Axis::Primary, SliverPairIndex(4))
            .is_err()
    );
}

#[test]
fn verified_metadata_serializes_as_it_was_received() {
    let verified = VerifiedMetadata::compute(metadata(4, 9), params(4)).unwrap();
    let bytes = wire::to_bcs(&verified);
    assert_eq!(bytes.len(), 32 + 10 + 1 + 4 * 66);
    // The encoding type follows the id and the version.
    assert_eq!(bytes[32..34], [0, 1]);
    let unverified: UnverifiedMetadata = wire::from_bcs(&bytes).unwrap();
    assert_eq!(unverified, verified.clone().into_unverified());
    assert_eq!(unverified.verify(params(4)), Ok(verified));

    let mut retired = bytes;
    retired[33] = 0;
    assert!(wire::from_bcs::<UnverifiedMetadata>(&retired).is_err());
}
