//! Signatures of every kind of key, system transactions, checkpoints.

mod support;

use floe_core::ObjectId;
use floe_ledger::{
    Checkpoint, CheckpointEntry, Context, GenesisBuilder, GenesisConfig, MemoryState, Rejection,
    SignatureRejection, VerifiedTransaction, change_epoch_transaction, clock_transaction,
    committee, execute, execute_system, sign,
};
use sui_crypto::{
    SuiSigner, UserSignatureVerifier,
    bls12381::{Bls12381PrivateKey, ValidatorCommitteeSignatureVerifier},
    ed25519::Ed25519PrivateKey,
    secp256k1::Secp256k1PrivateKey,
    secp256r1::Secp256r1PrivateKey,
};
use sui_sdk_types::{
    Address, Argument, EndOfEpochData, MultisigAggregatedSignature, MultisigCommittee,
    MultisigMember, MultisigMemberPublicKey, MultisigMemberSignature, SignedTransaction,
    SimpleSignature, Transaction, UserSignature,
};
use support::*;

fn verify(
    tx: Transaction,
    signatures: Vec<UserSignature>,
) -> Result<VerifiedTransaction, SignatureRejection> {
    let signed = SignedTransaction {
        transaction: tx,
        signatures,
    };
    VerifiedTransaction::verify(signed, &UserSignatureVerifier::new())
}

fn gift(sender: Address) -> Transaction {
    let ledger = Ledger::new();
    let mut ptb = Ptb::default();
    ptb.transfer(&[Argument::Gas], BOB);
    let mut tx = ledger.transaction(ALICE, ptb);
    tx.sender = sender;
    tx.gas_payment.owner = sender;
    tx
}

#[test]
fn simple_keys_of_every_kind_sign() {
    let ed25519 = Ed25519PrivateKey::new([1; 32]);
    let k1 = Secp256k1PrivateKey::new([2; 32]).unwrap();
    let r1 = Secp256r1PrivateKey::new([3; 32]);
    let keys: [(Address, &dyn SuiSigner); 3] = [
        (ed25519.public_key().derive_address(), &ed25519),
        (k1.public_key().derive_address(), &k1),
        (r1.public_key().derive_address(), &r1),
    ];
    for (address, key) in keys {
        let tx = gift(address);
        let signature = key.sign_transaction(&tx).unwrap();
        let verified = verify(tx.clone(), vec![signature.clone()]).unwrap();
        assert_eq!(verified.digest(), tx.digest());

        let mut other = tx.clone();
        other.gas_payment.budget += 1;
        let rejection = verify(other, vec![signature]).unwrap_err();
        assert!(
            matches!(rejection, SignatureRejection::Invalid { .. }),
            "{rejection}"
        );
    }
}

#[test]
fn wrong_missing_and_extra_signers_are_refused() {
    let (one, two) = (
        Ed25519PrivateKey::new([1; 32]),
        Ed25519PrivateKey::new([2; 32]),
    );
    let tx = gift(one.public_key().derive_address());
    let by = |key: &Ed25519PrivateKey| key.sign_transaction(&tx).unwrap();
    let missing = verify(tx.clone(), vec![by(&two)]).unwrap_err();
    assert!(
        matches!(missing, SignatureRejection::Missing { .. }),
        "{missing}"
    );
    for signatures in [vec![], vec![by(&one), by(&two)], vec![by(&one), by(&one)]] {
        let count = verify(tx.clone(), signatures).unwrap_err();
        assert!(
            matches!(count, SignatureRejection::Count { expected: 1, .. }),
            "{count}"
        );
    }
}

#[test]
fn a_sponsor_signs_for_the_gas() {
    let (user, sponsor) = (
        Ed25519PrivateKey::new([1; 32]),
        Ed25519PrivateKey::new([2; 32]),
    );
    let mut tx = gift(user.public_key().derive_address());
    tx.gas_payment.owner = sponsor.public_key().derive_address();
    let by = |key: &Ed25519PrivateKey| key.sign_transaction(&tx).unwrap();
    verify(tx.clone(), vec![by(&user), by(&sponsor)]).unwrap();
    verify(tx.clone(), vec![by(&sponsor), by(&user)]).unwrap();
    assert!(verify(tx.clone(), vec![by(&user)]).is_err());
    assert!(verify(tx.clone(), vec![by(&user), by(&user)]).is_err());
}

#[test]
fn a_multisig_needs_its_threshold() {
    let keys: Vec<_> = (1..=3)
        .map(|seed| Ed25519PrivateKey::new([seed; 32]))
        .collect();
    let members = keys
        .iter()
        .map(|key| MultisigMember::new(MultisigMemberPublicKey::Ed25519(key.public_key()), 1))
        .collect();
    let multisig = MultisigCommittee::new(members, 2);
    let tx = gift(multisig.derive_address());
    let part = |key: &Ed25519PrivateKey| match key.sign_transaction(&tx).unwrap() {
        UserSignature::Simple(SimpleSignature::Ed25519 { signature, .. }) => {
            MultisigMemberSignature::Ed25519(signature)
        }
        other => panic!("{other:?}"),
    };
    let signed = |signatures: Vec<_>, bitmap| {
        UserSignature::Multisig(MultisigAggregatedSignature::new(
            multisig.clone(),
            signatures,
            bitmap,
        ))
    };
    verify(
        tx.clone(),
        vec![signed(vec![part(&keys[0]), part(&keys[2])], 0b101)],
    )
    .unwrap();
    let short = verify(tx.clone(), vec![signed(vec![part(&keys[0])], 0b001)]).unwrap_err();
    assert!(
        matches!(short, SignatureRejection::Invalid { .. }),
        "{short}"
    );
    let forged = signed(vec![part(&keys[0]), part(&keys[0])], 0b101);
    assert!(verify(tx.clone(), vec![forged]).is_err());
}

#[test]
fn time_moves_forward_only_and_epochs_in_order() {
    let mut ledger = Ledger::new();
    let total = ledger.total_sui();
    let tx = clock_transaction(&ledger.ctx, 1, 1_700_000_000_500);
    let outcome = execute_system(&ledger.state, &tx, &ledger.ctx).unwrap();
    ledger.state.apply(&outcome.writes);
    let clock = ledger.state.get(&ObjectId::from_suffix(6)).unwrap();
    assert_eq!(
        clock.as_struct().unwrap().contents()[32..],
        1_700_000_000_500_u64.to_le_bytes()
    );
    assert_eq!(clock.version(), 2);

    let back = clock_transaction(&ledger.ctx, 2, 1_700_000_000_499);
    assert!(matches!(
        execute_system(&ledger.state, &back, &ledger.ctx),
        Err(Rejection::Malformed { .. })
    ));

    let mut ptb = Ptb::default();
    ptb.transfer(&[Argument::Gas], BOB);
    let paid = ledger.ok(ALICE, ptb);
    let gas = paid.effects.gas_summary();
    let tx = change_epoch_transaction(&ledger.ctx, gas, 1_700_000_001_000);
    let outcome = execute_system(&ledger.state, &tx, &ledger.ctx).unwrap();
    ledger.state.apply(&outcome.writes);
    let ctx = Context::read(&ledger.state, ledger.ctx.chain_id).unwrap();
    assert_eq!((ctx.epoch, ctx.epoch_start_ms), (1, 1_700_000_001_000));
    assert!(
        execute_system(&ledger.state, &tx, &ctx).is_err(),
        "the same epoch twice"
    );
    assert_eq!(
        ledger.total_sui(),
        total,
        "the fees moved from the tally to the chain state"
    );
}

#[test]
fn users_cannot_send_system_transactions() {
    let key = Ed25519PrivateKey::new([1; 32]);
    let ledger = Ledger::new();
    let mut tx = clock_transaction(&ledger.ctx, 1, u64::MAX);
    tx.sender = key.public_key().derive_address();
    tx.gas_payment.owner = tx.sender;
    let signature = key.sign_transaction(&tx).unwrap();
    let verified = verify(tx, vec![signature]).unwrap();
    assert!(matches!(
        execute(&ledger.state, &verified, &ledger.ctx),
        Err(Rejection::SystemTransaction)
    ));
}

#[test]
fn checkpoints_chain_and_verify() {
    let key = Bls12381PrivateKey::new([0x11; 32]).unwrap();
    let validator_key = key.public_key().inner().to_vec();
    let config = GenesisConfig {
        time_ms: 1_700_000_000_000,
        validator_key,
    };
    let chain = || {
        let mut builder = GenesisBuilder::new(&config).unwrap();
        builder.fund(ALICE, SUI).unwrap();
        let genesis = builder.finish();
        let mut state = MemoryState::default();
        state.apply(&genesis.outcome.writes);
        let zero = Checkpoint::next(
            None,
            vec![CheckpointEntry::new(&genesis.outcome, Vec::new())],
            config.time_ms,
            None,
        );
        let ctx = Context::read(&state, zero.head.digest).unwrap();
        let tx = clock_transaction(&ctx, 1, config.time_ms + 7);
        let outcome = execute_system(&state, &tx, &ctx).unwrap();
        let entries = vec![CheckpointEntry::new(&outcome, Vec::new())];
        let end = EndOfEpochData {
            next_epoch_committee: committee(1, key.public_key()).members,
            next_epoch_protocol_version: 1,
            epoch_commitments: Vec::new(),
        };
        let one = Checkpoint::next(Some(&zero.head), entries, config.time_ms + 7, Some(end));
        (zero, one)
    };
    let (zero, one) = chain();
    assert_eq!(one.summary.previous_digest, Some(zero.summary.digest()));
    assert_eq!(one.summary.content_digest, one.contents.digest());
    assert_eq!(
        (
            one.summary.sequence_number,
            one.summary.network_total_transactions
        ),
        (1, 2)
    );
    assert_eq!((one.summary.epoch, one.head.epoch), (0, 1));
    assert_eq!(
        chain().1.summary.digest(),
        one.summary.digest(),
        "equal histories, equal digests"
    );

    let verifier =
        ValidatorCommitteeSignatureVerifier::new(committee(0, key.public_key())).unwrap();
    let signed = sign(&key, one.summary.clone()).unwrap();
    verifier
        .verify_checkpoint_summary(&signed.checkpoint, &signed.signature)
        .unwrap();
    let mut forged = one.summary;
    forged.timestamp_ms += 1;
    assert!(
        verifier
            .verify_checkpoint_summary(&forged, &signed.signature)
            .is_err()
    );
}

#[test]
fn an_unknown_protocol_version_is_refused() {
    let ledger = Ledger::new();
    let mut ptb = Ptb::default();
    ptb.transfer(&[Argument::Gas], BOB);
    let tx = ledger.transaction(ALICE, ptb);
    let ctx = Context {
        protocol_version: 2,
        ..ledger.ctx
    };
    let options = floe_ledger::SimulateOptions::default();
    assert!(matches!(
        floe_ledger::simulate(&ledger.state, &tx, &ctx, &options),
        Err(Rejection::ProtocolVersion { version: 2 })
    ));
}
