//! How many payments one core verifies and executes in memory:
//! `cargo run --release -p floe-ledger --example throughput [count]`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a measuring program reads the clock and stops at the first surprise"
)]

use std::time::{Duration, Instant};

use floe_core::{ObjectId, SuiAddress};
use floe_ledger::{
    Context, GenesisBuilder, GenesisConfig, MemoryState, PriceList, VerifiedTransaction, execute,
};
use sui_crypto::{SuiSigner, UserSignatureVerifier, ed25519::Ed25519PrivateKey};
use sui_sdk_types::{
    Address, Argument, Command, Digest, GasPayment, Input, ObjectReference,
    ProgrammableTransaction, SignedTransaction, SplitCoins, Transaction, TransactionExpiration,
    TransactionKind, TransferObjects,
};

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(20_000, |text| text.parse().unwrap());
    let key = Ed25519PrivateKey::new([1; 32]);
    let sender = key.public_key().derive_address();
    let config = GenesisConfig {
        time_ms: 1_700_000_000_000,
        validator_key: vec![7; 96],
    };
    let mut builder = GenesisBuilder::new(&config).unwrap();
    let coin = builder
        .fund(SuiAddress(sender.into_inner()), 1_000_000_000_000_000_000)
        .unwrap();
    let mut state = MemoryState::default();
    state.apply(&builder.finish().outcome.writes);
    let ctx = Context::read(&state, Digest::ZERO).unwrap();

    let verifier = UserSignatureVerifier::new();
    let (mut verifying, mut executing) = (Duration::ZERO, Duration::ZERO);
    for amount in 0..count {
        let tx = payment(&state, sender, coin, amount);
        let signatures = vec![key.sign_transaction(&tx).unwrap()];
        let signed = SignedTransaction {
            transaction: tx,
            signatures,
        };

        let start = Instant::now();
        let verified = VerifiedTransaction::verify(signed, &verifier).unwrap();
        verifying += start.elapsed();

        let start = Instant::now();
        let outcome = execute(&state, &verified, &ctx).unwrap();
        assert!(outcome.failure.is_none());
        state.apply(&outcome.writes);
        executing += start.elapsed();
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(count);
    println!(
        "{count} payments; each {:.1} µs to verify, {:.1} µs to execute",
        each(verifying),
        each(executing)
    );
    println!(
        "{:.0} per second",
        f64::from(count) / (verifying + executing).as_secs_f64()
    );
}

/// Splits `amount` off the gas coin for somebody.
fn payment(state: &MemoryState, sender: Address, coin: ObjectId, amount: u32) -> Transaction {
    let gas = state.get(&coin).unwrap();
    let commands = vec![
        Command::SplitCoins(SplitCoins {
            coin: Argument::Gas,
            amounts: vec![Argument::Input(0)],
        }),
        Command::TransferObjects(TransferObjects {
            objects: vec![Argument::Result(0)],
            address: Argument::Input(1),
        }),
    ];
    let inputs = vec![
        Input::Pure(bcs::to_bytes(&u64::from(amount)).unwrap()),
        Input::Pure(vec![9; 32]),
    ];
    Transaction {
        kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
            inputs,
            commands,
        }),
        sender,
        gas_payment: GasPayment {
            objects: vec![ObjectReference::new(
                gas.object_id(),
                gas.version(),
                gas.digest(),
            )],
            owner: sender,
            price: PriceList::REFERENCE_GAS_PRICE,
            budget: 10_000_000,
        },
        expiration: TransactionExpiration::None,
    }
}
