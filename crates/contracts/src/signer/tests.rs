use floe_env::testing::SeededRng;

use super::*;

#[test]
fn keys_are_read_in_both_forms_and_never_shown() {
    let key = SecretKey::generate(&SeededRng::new(1));
    let text = key.to_suiprivkey().unwrap();
    assert!(text.starts_with("suiprivkey1"));
    assert_eq!(SecretKey::parse(&text).unwrap().address(), key.address());
    let entry = key.to_keystore_entry();
    assert_eq!(SecretKey::parse(&entry).unwrap().address(), key.address());
    assert_eq!(
        format!("{key:?}"),
        format!("SecretKey(of {})", key.address())
    );
    for bad in ["", "suiprivkey1qqqq", "AA==", "not a key"] {
        let error = SecretKey::parse(bad).unwrap_err();
        assert!(matches!(error, KeyError::Malformed { .. }), "{bad}");
        assert!(bad.len() < 5 || !error.to_string().contains(bad), "{error}");
    }
}

#[test]
fn all_simple_schemes_sign() {
    use sui_crypto::{
        UserSignatureVerifier, Verifier as _, secp256k1::Secp256k1PrivateKey,
        secp256r1::Secp256r1PrivateKey,
    };
    let keys: [SecretKey; 3] = [
        SimpleKeypair::from(Ed25519PrivateKey::new([7; 32])).into(),
        SimpleKeypair::from(Secp256k1PrivateKey::new([7; 32]).unwrap()).into(),
        SimpleKeypair::from(Secp256r1PrivateKey::new([7; 32])).into(),
    ];
    let mut addresses = std::collections::BTreeSet::new();
    for key in keys {
        let again = SecretKey::parse(&key.to_suiprivkey().unwrap()).unwrap();
        assert_eq!(again.address(), key.address());
        addresses.insert(key.address());
        let transaction = transaction(key.address());
        let signature = key.sign(&transaction).unwrap();
        let digest = transaction.signing_digest();
        UserSignatureVerifier::new()
            .verify(&digest, &signature)
            .unwrap();
    }
    assert_eq!(addresses.len(), 3);
}

fn transaction(sender: SuiAddress) -> Transaction {
    use sui_sdk_types::{
        Address, GasPayment, ProgrammableTransaction, TransactionExpiration, TransactionKind,
    };
    Transaction {
        kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
            inputs: vec![],
            commands: vec![],
        }),
        sender: Address::new(sender.0),
        gas_payment: GasPayment {
            objects: vec![],
            owner: Address::new(sender.0),
            price: 1,
            budget: 1,
        },
        expiration: TransactionExpiration::None,
    }
}

#[test]
fn the_wallets_of_sui_are_read() {
    let rng = SeededRng::new(2);
    let (first, second) = (SecretKey::generate(&rng), SecretKey::generate(&rng));
    let address = second.address();
    for keystore in [
        "keystore:\n  File: /k/sui.keystore",
        "keystore: !File /k/sui.keystore",
    ] {
        let text = format!(
            "---\n{keystore}\nenvs:\n  - alias: local\n    rpc: \"http://127.0.0.1:9000\"\n    ws: ~\n\
             active_env: local\nactive_address: \"{address}\"\n"
        );
        let wallet = SuiWalletFile::parse(&text, None, None).unwrap();
        assert_eq!(wallet.keystore, PathBuf::from("/k/sui.keystore"));
        assert_eq!(wallet.rpc_url.as_deref(), Some("http://127.0.0.1:9000"));
        let keys = format!(
            "[\n  \"{}\",\n  \"{}\"\n]",
            *first.to_keystore_entry(),
            *second.to_keystore_entry()
        );
        assert_eq!(wallet.key(&keys).unwrap().address(), address);
        let other = SuiWalletFile::parse(&text, None, Some(SuiAddress([9; 32]))).unwrap();
        assert!(matches!(other.key(&keys), Err(KeyError::NoKey { .. })));
        assert!(matches!(wallet.key("{}"), Err(KeyError::Keystore { .. })));
    }
}
