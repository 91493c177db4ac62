use super::*;

fn key(seed: u8) -> BlsSecretKey {
    BlsSecretKey::from_entropy(&[seed; 32])
}

#[test]
fn forms_of_a_public_key_round_trip() {
    let public_key = key(1).public_key();
    assert_eq!(
        BlsPublicKey::from_bytes(&public_key.to_bytes()),
        Ok(public_key)
    );
    assert_eq!(
        BlsPublicKey::from_uncompressed(&public_key.to_uncompressed()),
        Ok(public_key)
    );
    assert_eq!(public_key.to_string().parse(), Ok(public_key));
    let json = serde_json::to_string(&public_key).unwrap();
    assert_eq!(
        serde_json::from_str::<BlsPublicKey>(&json).unwrap(),
        public_key
    );
    let bcs = crate::wire::to_bcs(&public_key);
    assert_eq!(bcs, public_key.to_bytes());
    assert_eq!(crate::wire::from_bcs(&bcs), Ok(public_key));
}

#[test]
fn invalid_public_keys_are_refused() {
    let what = PUBLIC_KEY;
    assert_eq!(
        BlsPublicKey::from_bytes(&EMPTY_AGGREGATE_KEY),
        Err(KeyError::Identity { what })
    );
    let mut infinity = [0; 96];
    infinity[0] = 0x40;
    assert_eq!(
        BlsPublicKey::from_uncompressed(&infinity),
        Err(KeyError::Identity { what })
    );
    assert_eq!(
        BlsPublicKey::from_bytes(&[0; 48]),
        Err(KeyError::NotOnCurve { what })
    );
    assert_eq!(
        BlsPublicKey::from_bytes(&[0; 96]),
        Err(KeyError::Length {
            what,
            expected: 48,
            got: 96
        })
    );
    // Compressed bytes in the uncompressed form and the reverse carry the wrong flag bits.
    let mut padded = key(1).public_key().to_bytes().to_vec();
    padded.resize(96, 0);
    assert!(BlsPublicKey::from_uncompressed(&padded).is_err());
    // x = 4 is on the curve (y² = 68 is a square) but outside the subgroup.
    let mut outside = [0; 48];
    outside[0] = 0x80;
    outside[47] = 4;
    assert_eq!(
        BlsPublicKey::from_bytes(&outside),
        Err(KeyError::WrongSubgroup { what })
    );
}

#[test]
fn secrets_out_of_range_are_refused_and_never_printed() {
    assert!(BlsSecretKey::from_bytes(&[0; 32]).is_err());
    assert!(BlsSecretKey::from_bytes(&[0xff; 32]).is_err());
    let secret = key(3);
    let copy = BlsSecretKey::from_bytes(&secret.to_bytes()).unwrap();
    assert_eq!(copy.public_key(), secret.public_key());
    let printed = format!("{secret:?}");
    assert!(!printed.contains(&hex::encode(*secret.to_bytes())));
    assert!(printed.contains(&secret.public_key().to_string()));
}

#[test]
fn sums_of_signatures_verify_under_sums_of_keys() {
    let keys = [key(1), key(2), key(3)];
    let signatures = keys.each_ref().map(|key| key.sign(b"message"));
    let public_keys = keys.each_ref().map(BlsSecretKey::public_key);
    let sum = BlsSignature::aggregate(&signatures).unwrap();
    let all = BlsPublicKey::aggregate(&public_keys).unwrap();
    assert_eq!(all.verify(b"message", &sum), Ok(()));
    assert_eq!(all.verify(b"massage", &sum), Err(KeyError::Verification));
    let two = BlsPublicKey::aggregate(&public_keys[..2]).unwrap();
    assert_eq!(two.verify(b"message", &sum), Err(KeyError::Verification));
    assert_eq!(public_keys[0].verify(b"message", &signatures[0]), Ok(()));
    assert_eq!(
        public_keys[0].verify(b"message", &signatures[1]),
        Err(KeyError::Verification)
    );
    assert!(BlsSignature::aggregate([]).is_none());
    assert!(BlsPublicKey::aggregate([]).is_err());
}

#[test]
fn keys_that_cancel_out_have_no_sum() {
    let public_key = key(1).public_key();
    let mut negated = public_key.to_bytes();
    negated[0] ^= 0x20;
    let negated = BlsPublicKey::from_bytes(&negated).unwrap();
    let what = "sum of BLS public keys";
    assert_eq!(
        BlsPublicKey::aggregate([&public_key, &negated]),
        Err(KeyError::Identity { what })
    );
}

#[test]
fn invalid_signatures_are_refused() {
    let what = SIGNATURE;
    assert_eq!(
        BlsSignature::from_bytes(&[0; 95]),
        Err(KeyError::Length {
            what,
            expected: 96,
            got: 95
        })
    );
    assert_eq!(
        BlsSignature::from_bytes(&[0; 96]),
        Err(KeyError::NotOnCurve { what })
    );
    let mut infinity = [0; 96];
    infinity[0] = 0xc0;
    assert_eq!(
        BlsSignature::from_bytes(&infinity),
        Err(KeyError::Identity { what })
    );
}
