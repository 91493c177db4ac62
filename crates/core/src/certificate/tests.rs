use std::sync::Arc;

use super::*;
use crate::{
    BlobId, CommitteeMember, ObjectId, ShardIndex,
    keys::BlsSecretKey,
    messages::{InvalidBlobId, SignedMessage},
};

const BLOB: InvalidBlobId = InvalidBlobId {
    blob_id: BlobId([6; 32]),
};
const EPOCH: Epoch = Epoch(2);

fn secret(id: u8) -> BlsSecretKey {
    BlsSecretKey::from_entropy(&[id; 32])
}

/// Four nodes that hold 4, 3, 2 and 1 of ten shards.
fn committee() -> Arc<Committee> {
    let mut shards = (0..10).map(ShardIndex);
    let member = |id: u8| CommitteeMember {
        node_id: ObjectId([id; 32]),
        public_key: secret(id).public_key(),
        shards: shards.by_ref().take(usize::from(4 - id)).collect(),
    };
    Arc::new(Committee::new(EPOCH, 10, (0..4).map(member).collect()).unwrap())
}

fn signed(id: u8) -> SignedMessage {
    SignedMessage::sign(&secret(id), &Message::new(EPOCH, BLOB))
}

fn certificate(ids: &[u8]) -> Certificate {
    let committee = committee();
    let mut builder = CertificateBuilder::new(committee, RequiredWeight::OneCorrectNode, BLOB);
    for id in ids {
        builder
            .add(MemberIndex(u16::from(*id)), &signed(*id))
            .unwrap();
    }
    builder.build().unwrap()
}

#[test]
fn signatures_make_a_certificate_when_they_weigh_enough() {
    let committee = committee();
    let mut builder = CertificateBuilder::new(committee.clone(), RequiredWeight::Quorum, BLOB);
    assert_eq!(builder.add(MemberIndex(3), &signed(3)), Ok(1));
    assert_eq!(builder.add(MemberIndex(1), &signed(1)), Ok(4));
    assert_eq!(builder.add(MemberIndex(1), &signed(1)), Ok(4));
    assert_eq!(builder.add(MemberIndex(2), &signed(2)), Ok(6));
    assert!(!builder.is_complete() && builder.build().is_none());
    assert_eq!(builder.add(MemberIndex(0), &signed(0)), Ok(10));
    let certificate = builder.build().unwrap();
    assert_eq!(certificate.signers, [0, 1, 2, 3]);
    let message = certificate.verify::<InvalidBlobId>(&committee, RequiredWeight::Quorum);
    assert_eq!(message, Ok(Message::new(EPOCH, BLOB)));
    assert_eq!(certificate.signer_bitmap(4).unwrap().as_bytes(), [0b1111]);
}

#[test]
fn bad_contributions_change_nothing() {
    let mut builder = CertificateBuilder::new(committee(), RequiredWeight::Quorum, BLOB);
    let unknown = MemberIndex(4);
    assert_eq!(
        builder.add(unknown, &signed(0)),
        Err(CertificateBuilderError::NotAMember(unknown))
    );
    let error = builder.add(MemberIndex(1), &signed(0)).unwrap_err();
    assert_eq!(error.to_string(), "member 1: signature does not verify");
    let stale = SignedMessage::sign(&secret(1), &Message::new(Epoch(1), BLOB));
    let error = builder.add(MemberIndex(1), &stale).unwrap_err();
    assert_eq!(
        error.to_string(),
        "member 1: expected a message of epoch 2, got epoch 1"
    );
    assert_eq!((builder.weight(), builder.signers().len()), (0, 0));
}

#[test]
fn false_certificates_are_refused_with_the_reason() {
    let committee = committee();
    let good = certificate(&[0, 3]);
    let verify = |certificate: &Certificate, required| {
        certificate.verify::<InvalidBlobId>(&committee, required)
    };
    assert!(verify(&good, RequiredWeight::OneCorrectNode).is_ok());
    let (weight, required, n_shards) = (5, 7, 10);
    assert_eq!(
        verify(&good, RequiredWeight::Quorum),
        Err(CertificateError::Weight {
            weight,
            required,
            n_shards
        })
    );

    let refused = |certificate: Certificate| {
        verify(&certificate, RequiredWeight::OneCorrectNode).unwrap_err()
    };
    let mut claims_more = good.clone();
    claims_more.signers.push(2);
    assert!(matches!(
        refused(claims_more),
        CertificateError::Signature(_)
    ));
    let mut twice = good.clone();
    twice.signers.push(0);
    assert_eq!(
        refused(twice),
        CertificateError::Signers(BitmapError::Duplicate { index: 0 })
    );
    let mut stranger = good.clone();
    stranger.signers.push(4);
    assert!(matches!(refused(stranger), CertificateError::Signers(_)));
    let mut other = good.clone();
    other.serialized_message = Message::new(Epoch(3), BLOB).to_bytes();
    let (expected, got) = (Epoch(2), Epoch(3));
    assert_eq!(refused(other), CertificateError::Epoch { expected, got });
    let mut trailing = good;
    trailing.serialized_message.push(0);
    assert!(matches!(refused(trailing), CertificateError::Message(_)));
}
