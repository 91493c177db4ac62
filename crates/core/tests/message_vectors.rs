//! Keys, signatures, messages, containers and certificates agree with the vectors made by the
//! original implementation (`docs/spec/encoding.md` §10, §14).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::collections::BTreeMap;

use floe_core::{
    Axis, BlobId, Epoch, MemberIndex, ObjectId, ShardIndex, SuiAddress,
    certificate::{Certificate, SignerBitmap},
    keys::{BlsPublicKey, BlsSecretKey, BlsSignature},
    messages::{
        BlobPersistence, InvalidBlobId, Message, MessageBody, ProofOfPossession, SignedMessage,
        SignedStorageConfirmation, StorageConfirmation, SyncShardRequest, SyncShardResponse,
    },
    wire,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    epoch: u32,
    blob_id: BlobId,
    blob_id_hex: String,
    object_id_hex: String,
    sui_address_hex: String,
    signers: Vec<Signer>,
    messages: BTreeMap<String, Signed>,
    bitmap: Bitmap,
}

#[derive(Deserialize)]
struct Signer {
    secret_key_hex: String,
    public_key_hex: String,
}

#[derive(Deserialize)]
struct Signed {
    message_hex: String,
    signatures_hex: Vec<String>,
    aggregate_signature_hex: String,
}

#[derive(Deserialize)]
struct Bitmap {
    committee_size: usize,
    signers: Vec<u16>,
    bitmap_hex: String,
}

fn vectors() -> Vectors {
    let text = include_str!("../../testkit/vectors/encoding.json");
    let mut value: Value = serde_json::from_str(text).unwrap();
    serde_json::from_value(value["messages"].take()).unwrap()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn secrets(vectors: &Vectors) -> Vec<BlsSecretKey> {
    let secret = |signer: &Signer| BlsSecretKey::from_bytes(&bytes(&signer.secret_key_hex));
    vectors
        .signers
        .iter()
        .map(|signer| secret(signer).unwrap())
        .collect()
}

#[test]
fn public_keys_match() {
    let vectors = vectors();
    for (secret, signer) in secrets(&vectors).iter().zip(&vectors.signers) {
        let public_key = secret.public_key();
        assert_eq!(hex::encode(public_key.to_bytes()), signer.public_key_hex);
        assert_eq!(
            BlsPublicKey::from_bytes(&public_key.to_bytes()),
            Ok(public_key)
        );
    }
}

#[test]
fn messages_and_signatures_match() {
    let vectors = vectors();
    let secrets = secrets(&vectors);
    let keys: Vec<_> = secrets.iter().map(BlsSecretKey::public_key).collect();
    let (epoch, blob_id) = (Epoch(vectors.epoch), vectors.blob_id);
    assert_eq!(hex::encode(blob_id.0), vectors.blob_id_hex);
    let object_id = ObjectId(bytes(&vectors.object_id_hex));
    let sui_address = SuiAddress(bytes(&vectors.sui_address_hex));
    let persistence = BlobPersistence::Deletable { object_id };
    let confirmation = |persistence| StorageConfirmation {
        blob_id,
        persistence,
    };
    let possession = ProofOfPossession {
        sui_address,
        public_key: keys[0],
    };

    assert_eq!(vectors.messages.len(), 4);
    for (name, signed) in &vectors.messages {
        let message = match name.as_str() {
            "storage_confirmation_permanent" => {
                encoded(epoch, confirmation(BlobPersistence::Permanent))
            }
            "storage_confirmation_deletable" => encoded(epoch, confirmation(persistence)),
            "invalid_blob_id" => encoded(epoch, InvalidBlobId { blob_id }),
            "proof_of_possession" => encoded(epoch, possession.clone()),
            other => panic!("unknown message {other}"),
        };
        assert_eq!(hex::encode(&message), signed.message_hex, "{name}");
        let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(&message)).collect();
        for ((signature, expected), key) in signatures.iter().zip(&signed.signatures_hex).zip(&keys)
        {
            assert_eq!(hex::encode(signature.to_bytes()), *expected, "{name}");
            assert_eq!(key.verify(&message, signature), Ok(()), "{name}");
        }
        let sum = BlsSignature::aggregate(&signatures).unwrap();
        assert_eq!(
            hex::encode(sum.to_bytes()),
            signed.aggregate_signature_hex,
            "{name}"
        );
        let sum = BlsSignature::from_bytes(&bytes::<96>(&signed.aggregate_signature_hex)).unwrap();
        assert_eq!(
            BlsPublicKey::aggregate(&keys)
                .unwrap()
                .verify(&message, &sum),
            Ok(())
        );
    }

    let proof = &vectors.messages["proof_of_possession"].signatures_hex[0];
    let proof = BlsSignature::from_bytes(&bytes::<96>(proof)).unwrap();
    assert_eq!(possession.verify(epoch, &proof), Ok(()));
}

/// The bytes of a message, after they have been parsed back.
fn encoded<B: MessageBody + PartialEq + std::fmt::Debug>(epoch: Epoch, body: B) -> Vec<u8> {
    let message = Message::new(epoch, body);
    let bytes = message.to_bytes();
    assert_eq!(Message::from_bytes(&bytes), Ok(message));
    bytes
}

#[test]
fn the_bitmap_matches_both_ways() {
    let bitmap = vectors().bitmap;
    let members: Vec<_> = bitmap.signers.iter().copied().map(MemberIndex).collect();
    let encoded = SignerBitmap::from_members(members.clone(), bitmap.committee_size).unwrap();
    assert_eq!(hex::encode(encoded.as_bytes()), bitmap.bitmap_hex);
    let read = hex::decode(&bitmap.bitmap_hex).unwrap();
    let read = SignerBitmap::from_bytes(&read, bitmap.committee_size).unwrap();
    assert_eq!(read.members(), members);
}

fn containers() -> Value {
    let text = include_str!("../../testkit/vectors/recovery.json");
    let mut value: Value = serde_json::from_str(text).unwrap();
    value["messages"].take()
}

/// Parses the hex BCS and checks that it serializes back to itself.
fn bcs<T: DeserializeOwned + Serialize>(hex: &Value) -> T {
    let bytes = hex::decode(hex.as_str().unwrap()).unwrap();
    let value = wire::from_bcs(&bytes).unwrap();
    assert_eq!(wire::to_bcs(&value), bytes);
    value
}

/// Parses the JSON and checks that it serializes back to itself.
fn json<T: DeserializeOwned + Serialize>(json: &Value) -> T {
    let value = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&value).unwrap(), *json);
    value
}

#[test]
fn signed_containers_match_in_bcs_and_json() {
    let v = containers();
    let key =
        BlsPublicKey::from_bytes(&bytes::<48>(v["public_key_hex"].as_str().unwrap())).unwrap();
    let secret = BlsSecretKey::from_key_file(v["key_file_text"].as_str().unwrap()).unwrap();
    assert_eq!(secret.public_key(), key);
    assert_eq!(*secret.to_key_file(), v["key_file_text"].as_str().unwrap());
    let epoch = Epoch(v["epoch"].as_u64().unwrap().try_into().unwrap());
    let blob_id: BlobId = json(&v["blob_id"]);
    let object_id = ObjectId(bytes(v["object_id_hex"].as_str().unwrap()));
    let sui_address = SuiAddress(bytes(v["sui_address_hex"].as_str().unwrap()));

    for (name, persistence) in [
        ("confirmation_permanent", BlobPersistence::Permanent),
        (
            "confirmation_deletable",
            BlobPersistence::Deletable { object_id },
        ),
    ] {
        let message = Message::new(
            epoch,
            StorageConfirmation {
                blob_id,
                persistence,
            },
        );
        let signed = SignedMessage::sign(&secret, &message);
        assert_eq!(bcs::<SignedMessage>(&v[name]["signed_bcs"]), signed);
        let confirmation = SignedStorageConfirmation::Signed(signed.clone());
        assert_eq!(
            json::<SignedStorageConfirmation>(&v[name]["json"]),
            confirmation
        );
        assert_eq!(signed.verify_expected(&key, &message), Ok(()));
    }

    let message = Message::new(epoch, InvalidBlobId { blob_id });
    let signed = SignedMessage::sign(&secret, &message);
    assert_eq!(
        bcs::<SignedMessage>(&v["invalid_blob_id"]["signed_bcs"]),
        signed
    );
    assert_eq!(json::<SignedMessage>(&v["invalid_blob_id"]["json"]), signed);

    let message = Message::new(
        epoch,
        ProofOfPossession {
            sui_address,
            public_key: key,
        },
    );
    let signed = SignedMessage::sign(&secret, &message);
    assert_eq!(
        bcs::<SignedMessage>(&v["proof_of_possession"]["signed_bcs"]),
        signed
    );

    let sync = &v["sync_shard"];
    let request = SyncShardRequest {
        shard: json::<ShardIndex>(&sync["shard_index"]),
        axis: json::<Axis>(&sync["axis"]),
        starting_blob_id: json(&sync["starting_blob_id"]),
        sliver_count: json(&sync["sliver_count"]),
        epoch: json(&sync["request_epoch"]),
    };
    let signed: SignedMessage = bcs(&sync["signed_bcs"]);
    assert_eq!(signed.message(), Ok(Message::new(epoch, request.clone())));
    assert_eq!(
        signed,
        SignedMessage::sign(&secret, &Message::new(epoch, request))
    );

    let response: SyncShardResponse = bcs(&v["empty_sync_shard_response_bcs"]);
    assert_eq!(response, SyncShardResponse::V1(vec![]));
}

#[test]
fn certificates_match_in_bcs_and_json() {
    let v = containers();
    let vector = &v["certificate_deletable_signers_2_300"];
    let certificate: Certificate = bcs(&vector["bcs"]);
    assert_eq!(json::<Certificate>(&vector["json"]), certificate);
    assert_eq!(certificate.signers, [2, 300]);
    let message = Message::<StorageConfirmation>::from_bytes(&certificate.serialized_message);
    let BlobPersistence::Deletable { object_id } = message.unwrap().body.persistence else {
        panic!("the certified blob is deletable");
    };
    assert_eq!(
        hex::encode(object_id.0),
        v["object_id_hex"].as_str().unwrap()
    );
    let bitmap = certificate.signer_bitmap(301).unwrap();
    assert_eq!(bitmap.as_bytes().len(), 38);
    assert_eq!(
        (bitmap.as_bytes()[0], bitmap.as_bytes()[37]),
        (0b100, 0b1_0000)
    );
}
