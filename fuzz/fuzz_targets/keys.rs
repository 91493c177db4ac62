//! Key files, public keys and signatures.
#![no_main]

use floe_core::keys::{
    BlsPublicKey, BlsSecretKey, BlsSignature, NetworkPublicKey, NetworkSecretKey,
};
use floe_fuzz::{bcs, json, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(input) = std::str::from_utf8(bytes) {
        text::<BlsPublicKey>(input);
        if let Ok(key) = BlsSecretKey::from_key_file(input) {
            let own = BlsSecretKey::from_key_file(&key.to_key_file()).expect("our own form");
            assert_eq!(own.to_bytes(), key.to_bytes());
        }
        if let Ok(key) = NetworkSecretKey::from_key_file(input) {
            for own in [key.to_key_file(), key.to_pem()] {
                let own = NetworkSecretKey::from_key_file(&own).expect("our own form");
                assert_eq!(own.to_bytes(), key.to_bytes());
            }
        }
    }
    if let Ok(key) = BlsPublicKey::from_bytes(bytes) {
        assert_eq!(key.to_bytes(), bytes);
        assert_eq!(
            BlsPublicKey::from_uncompressed(&key.to_uncompressed()),
            Ok(key)
        );
    }
    if let Ok(key) = BlsPublicKey::from_uncompressed(bytes) {
        assert_eq!(key.to_uncompressed(), bytes);
        assert_eq!(BlsPublicKey::from_bytes(&key.to_bytes()), Ok(key));
    }
    if let Ok(key) = NetworkPublicKey::from_bytes(bytes) {
        assert_eq!(key.to_bytes(), bytes);
        assert!(!key.server_name().is_empty());
    }
    bcs::<BlsSignature>(bytes);
    json::<BlsSignature>(bytes);
});
