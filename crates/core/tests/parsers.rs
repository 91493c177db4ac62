//! Nothing that arrives as bytes makes a parser panic, and whatever parses serializes back to the
//! same bytes: there is one form of each value.

use floe_core::{
    BlobMetadata, GeneralRecoverySymbol, Sliver, SliverData, SliverPair, SymbolId,
    TaggedInconsistencyProof, TaggedRecoverySymbol, UnverifiedMetadata,
    certificate::{Certificate, SignerBitmap},
    keys::{BlsPublicKey, BlsSecretKey, BlsSignature, NetworkPublicKey, NetworkSecretKey},
    merkle::MerkleProof,
    messages::{MessageHeader, SignedMessage, SyncShardResponse},
    onchain::{blob, events::ContractEvent, framework, node, staking, system},
    wire,
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

fn check<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    if let Ok(value) = wire::from_bcs::<T>(bytes) {
        assert_eq!(wire::to_bcs(&value), bytes);
    }
    if let Ok(value) = wire::from_bcs_prefix::<T>(bytes) {
        assert!(bytes.starts_with(&wire::to_bcs(&value)));
    }
}

fn check_all(bytes: &[u8]) {
    check::<MerkleProof>(bytes);
    check::<BlobMetadata>(bytes);
    check::<UnverifiedMetadata>(bytes);
    check::<SliverData>(bytes);
    check::<Sliver>(bytes);
    check::<SliverPair>(bytes);
    check::<SymbolId>(bytes);
    check::<TaggedRecoverySymbol>(bytes);
    check::<GeneralRecoverySymbol>(bytes);
    check::<Vec<GeneralRecoverySymbol>>(bytes);
    check::<TaggedInconsistencyProof>(bytes);
    check::<SignedMessage>(bytes);
    check::<SyncShardResponse>(bytes);
    check::<Certificate>(bytes);
    check::<blob::Blob>(bytes);
    check::<framework::Field<Vec<u8>, blob::Metadata>>(bytes);
    check::<framework::Field<u64, system::SystemStateInnerV1>>(bytes);
    check::<framework::Field<u64, staking::StakingInnerV1>>(bytes);
    check::<staking::StakingPool>(bytes);
    check::<staking::StakedWal>(bytes);
    check::<node::StorageNodeCap>(bytes);
    for name in ContractEvent::NAMES {
        if let Ok(event) = ContractEvent::from_bcs(name, bytes) {
            assert_eq!(event.to_bcs(), bytes);
        }
    }
    let _ = MessageHeader::from_bytes_prefix(bytes);
    let _ = SignerBitmap::from_bytes(bytes, 100);
    let _ = BlsPublicKey::from_bytes(bytes);
    let _ = BlsPublicKey::from_uncompressed(bytes);
    let _ = BlsSignature::from_bytes(bytes);
    let _ = NetworkPublicKey::from_bytes(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = BlsSecretKey::from_key_file(&text);
    let _ = NetworkSecretKey::from_key_file(&text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_all(&bytes);
    }

    /// Small numbers are lengths, tags and flags more often than random ones.
    #[test]
    fn small_bytes(bytes in prop::collection::vec(0_u8..4, 0..400)) {
        check_all(&bytes);
    }

    #[test]
    fn damaged_values(
        data in prop::collection::vec(any::<u8>(), 0..64),
        index: u16,
        position in any::<prop::sample::Index>(),
        byte: u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let symbol_size = 2.try_into().unwrap();
        let sliver = Sliver::Secondary(SliverData { data, symbol_size, index: index.into() });
        let mut bytes = wire::to_bcs(&sliver);
        prop_assert_eq!(wire::from_bcs(&bytes), Ok(sliver));
        bytes.truncate(1 + cut.index(bytes.len()));
        let position = position.index(bytes.len());
        bytes[position] = byte;
        check_all(&bytes);
    }
}

#[test]
fn a_huge_length_prefix_allocates_nothing() {
    // ULEB128 of 2^31 − 1, the greatest length BCS allows, and one more.
    for prefix in [
        &[0xff, 0xff, 0xff, 0xff, 0x07][..],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
    ] {
        check_all(prefix);
        check_all(&[&[0], prefix].concat());
        check_all(&[&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0], prefix].concat());
        assert!(wire::from_bcs::<SliverData>(prefix).is_err());
        assert!(wire::from_bcs::<MerkleProof>(prefix).is_err());
        assert!(wire::from_bcs::<Certificate>(prefix).is_err());
    }
}
