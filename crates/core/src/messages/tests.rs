use proptest::prelude::*;

use super::*;
use crate::{
    Axis, BlobId, ObjectId, ShardIndex, SuiAddress,
    keys::{BlsPublicKey, BlsSecretKey},
};

const ID: BlobId = BlobId([5; 32]);

fn key() -> BlsPublicKey {
    BlsSecretKey::from_entropy(&[1; 32]).public_key()
}

/// Checks the length, both parsers, and that every shorter message is refused.
fn check<B: MessageBody + PartialEq + std::fmt::Debug>(body: B, len: usize) {
    let message = Message::new(Epoch(21), body);
    let mut bytes = message.to_bytes();
    assert_eq!(bytes.len(), len);
    assert_eq!(bytes[..7], [B::TYPE, 0, 3, 21, 0, 0, 0]);
    for end in 0..len {
        let error = Message::<B>::from_bytes(&bytes[..end]).unwrap_err();
        assert!(matches!(error, MessageError::Truncated { .. }), "{error}");
    }
    assert_eq!(Message::from_bytes(&bytes).as_ref(), Ok(&message));
    bytes.extend([7, 7]);
    let error = Message::<B>::from_bytes(&bytes).unwrap_err();
    assert_eq!(error, MessageError::TrailingBytes { extra: 2 });
    assert_eq!(
        Message::from_bytes_prefix(&bytes),
        Ok((message, &[7, 7][..]))
    );
}

#[test]
fn every_message_has_its_length_and_type() {
    check(
        ProofOfPossession {
            sui_address: SuiAddress([1; 32]),
            public_key: key(),
        },
        87,
    );
    check(
        StorageConfirmation {
            blob_id: ID,
            persistence: BlobPersistence::Permanent,
        },
        40,
    );
    let persistence = BlobPersistence::Deletable {
        object_id: ObjectId([2; 32]),
    };
    check(
        StorageConfirmation {
            blob_id: ID,
            persistence,
        },
        72,
    );
    check(InvalidBlobId { blob_id: ID }, 39);
    let request = SyncShardRequest {
        shard: ShardIndex(513),
        axis: Axis::Secondary,
        starting_blob_id: ID,
        sliver_count: 10,
        epoch: Epoch(21),
    };
    check(request, 55);
    let (node_id, root) = (ObjectId([3; 32]), [4; 32]);
    check(
        DenyListUpdate {
            node_id,
            sequence_number: 1,
            size: 2,
            root,
        },
        87,
    );
    check(DenyListBlobDeleted { blob_id: ID }, 39);
    check(
        ProtocolVersion {
            start_epoch: Epoch(22),
            protocol_version: 9,
        },
        19,
    );
}

#[test]
fn wrong_headers_and_tags_are_refused_in_the_order_of_the_chain() {
    let body = StorageConfirmation {
        blob_id: ID,
        persistence: BlobPersistence::Permanent,
    };
    let good = Message::new(Epoch(21), body).to_bytes();
    let with = |changes: &[(usize, u8)]| {
        let mut bytes = good.clone();
        changes.iter().for_each(|(i, byte)| bytes[*i] = *byte);
        Message::<StorageConfirmation>::from_bytes_prefix(&bytes).unwrap_err()
    };
    assert_eq!(
        with(&[(0, 2), (1, 9), (2, 9)]),
        MessageError::IntentVersion { got: 9 }
    );
    assert_eq!(with(&[(0, 2), (2, 9)]), MessageError::AppId { got: 9 });
    let error = with(&[(0, 2), (39, 9)]);
    assert_eq!(
        error.to_string(),
        "expected a storage confirmation message (type 1), got type 2"
    );
    assert_eq!(with(&[(39, 2)]), MessageError::Persistence { got: 2 });
    let (field, expected, got) = ("object id", 32, 0);
    assert_eq!(
        with(&[(39, 1)]),
        MessageError::Truncated {
            field,
            expected,
            got
        }
    );
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let secret = BlsSecretKey::from_entropy(&[1; 32]);
    let asked = Message::new(Epoch(3), InvalidBlobId { blob_id: ID });
    let signed = SignedMessage::sign(&secret, &asked);
    assert_eq!(signed.verify_expected(&key(), &asked), Ok(()));
    assert_eq!(signed.verify(&key()), Ok(asked.clone()));

    let later = Message::new(Epoch(4), asked.body.clone());
    let error = signed.verify_expected(&key(), &later).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a message of epoch 4, got epoch 3"
    );
    let other = Message::new(
        Epoch(3),
        InvalidBlobId {
            blob_id: BlobId::ZERO,
        },
    );
    let error = signed.verify_expected(&key(), &other).unwrap_err();
    assert!(matches!(error, SignedMessageError::Contents { .. }));
    let stranger = BlsSecretKey::from_entropy(&[2; 32]).public_key();
    let error = signed.verify_expected(&stranger, &asked).unwrap_err();
    assert!(matches!(error, SignedMessageError::Signature(_)));
    assert!(signed.verify::<DenyListBlobDeleted>(&key()).is_err());
}

#[test]
fn a_proof_of_possession_binds_epoch_and_address() {
    let secret = BlsSecretKey::from_entropy(&[1; 32]);
    let address = SuiAddress([8; 32]);
    let proof = ProofOfPossession::sign(&secret, Epoch(5), address);
    let claim = |sui_address| ProofOfPossession {
        sui_address,
        public_key: key(),
    };
    assert_eq!(claim(address).verify(Epoch(5), &proof), Ok(()));
    assert!(claim(address).verify(Epoch(6), &proof).is_err());
    assert!(claim(SuiAddress::ZERO).verify(Epoch(5), &proof).is_err());
}

proptest! {
    #[test]
    fn parsers_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 0_u8..7) {
        fn parse<B: MessageBody + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
            if let Ok((message, rest)) = Message::<B>::from_bytes_prefix(bytes) {
                let len = bytes.len() - rest.len();
                assert_eq!(message.to_bytes(), bytes[..len]);
                assert_eq!(Message::from_bytes(&bytes[..len]).unwrap(), message);
            }
        }
        if bytes.len() > 7 {
            bytes[..3].copy_from_slice(&[kind, 0, 3]);
            bytes[7] &= 1;
        }
        parse::<ProofOfPossession>(&bytes);
        parse::<StorageConfirmation>(&bytes);
        parse::<InvalidBlobId>(&bytes);
        parse::<SyncShardRequest>(&bytes);
        parse::<DenyListUpdate>(&bytes);
        parse::<DenyListBlobDeleted>(&bytes);
        parse::<ProtocolVersion>(&bytes);
    }
}
