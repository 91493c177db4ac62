//! Bytes and transactions made to break things: typed answers, no panic, nothing written.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod support;

use std::sync::Arc;

use floe_core::ObjectId;
use floe_ledger::{
    GenesisBuilder, GenesisConfig, LiveObject, Rejection, SimulateOptions, StateView, StoreError,
    simulate,
};
use proptest::prelude::*;
use sui_sdk_types::{
    Argument, Command, ExecutionError, Input, MakeMoveVector, Owner, SplitCoins, Transaction,
    TypeArgumentError, TypeTag,
};
use support::*;

fn sample(ledger: &Ledger) -> Transaction {
    let mut ptb = Ptb::default();
    let amount = ptb.pure(&5_u64);
    let clock = ptb.shared(ObjectId::from_suffix(6), 1, false);
    let coin = ptb.owned(&ledger.coins(ALICE)[1]);
    ptb.call("0x2::clock::timestamp_ms", &[], &[clock]);
    let part = ptb.command(Command::SplitCoins(SplitCoins {
        coin,
        amounts: vec![amount, amount],
    }));
    let elements = vec![part.nested(0).unwrap(), part.nested(1).unwrap()];
    let vector = ptb.command(Command::MakeMoveVector(MakeMoveVector {
        type_: None,
        elements,
    }));
    ptb.call("0x2::pay::join_vec", &[sui()], &[Argument::Gas, vector]);
    ptb.transfer(&[coin], BOB);
    ledger.transaction(ALICE, ptb)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_transactions_are_decoded_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        thread_local!(static LEDGER: Ledger = Ledger::new());
        LEDGER.with(|ledger| {
            let mut bytes = bcs::to_bytes(&sample(ledger)).unwrap();
            for (place, value) in damage {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(tx) = bcs::from_bytes::<Transaction>(&bytes) {
                let _ = simulate(&ledger.state, &tx, &ledger.ctx, &SimulateOptions::default());
            }
        });
    }
}

#[test]
fn the_undamaged_transaction_succeeds() {
    let mut ledger = Ledger::new();
    let tx = sample(&ledger);
    let outcome = ledger.submit(&tx).unwrap();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
}

#[test]
fn deep_and_wide_types_are_refused() {
    let mut ledger = Ledger::new();
    let mut deep = TypeTag::U8;
    for _ in 0..200 {
        deep = TypeTag::Vector(Box::new(deep));
    }
    let mut ptb = Ptb::default();
    ptb.call("0x1::option::none", &[deep.clone()], &[]);
    let refused = ExecutionError::TypeArgumentError {
        type_argument: 0,
        kind: TypeArgumentError::TypeNotFound,
    };
    assert_eq!(error(&ledger.run(ALICE, ptb)).0, &refused);

    assert!(
        bcs::from_bytes::<TypeTag>(&[6; 100_000]).is_err(),
        "no deep recursion in the decoder"
    );

    let mut ptb = Ptb::default();
    let make = MakeMoveVector {
        type_: Some(deep),
        elements: vec![],
    };
    ptb.command(Command::MakeMoveVector(make));
    assert_eq!(error(&ledger.run(ALICE, ptb)).0, &refused);
}

#[test]
fn oversized_transactions_are_rejected() {
    let mut ledger = Ledger::new();
    let gift = |ptb: &mut Ptb| {
        ptb.transfer(&[Argument::Gas], BOB);
    };
    let mut many_inputs = Ptb::default();
    for _ in 0..2049 {
        many_inputs.pure(&0_u8);
    }
    gift(&mut many_inputs);
    let mut many_commands = Ptb::default();
    for _ in 0..1025 {
        many_commands.call("0x2::tx_context::sender", &[], &[]);
    }
    let mut many_bytes = Ptb::default();
    for _ in 0..9 {
        many_bytes.input(Input::Pure(vec![0; 16_000]));
    }
    gift(&mut many_bytes);
    let mut many_arguments = Ptb::default();
    many_arguments.call("0x2::tx_context::sender", &[], &[Argument::Gas; 513]);
    for ptb in [many_inputs, many_commands, many_bytes, many_arguments] {
        let tx = ledger.transaction(ALICE, ptb);
        let rejection = ledger.submit(&tx).unwrap_err();
        assert!(
            matches!(rejection, Rejection::TooLarge { .. }),
            "{rejection}"
        );
    }
}

#[test]
fn tickets_for_other_parents_receive_nothing() {
    let mut ledger = Ledger::new();
    let coin = ledger.coins(BOB)[0].clone();
    let mut ptb = Ptb::default();
    let ticket = ptb.input(Input::Receiving(reference(&coin)));
    let uid = ptb.call("0x2::object::new", &[], &[]);
    let coin_type = sui_sdk_types::StructTag::gas_coin().into();
    let got = ptb.call(
        "0x2::transfer::public_receive",
        &[coin_type],
        &[uid, ticket],
    );
    ptb.call("0x2::object::delete", &[], &[uid]);
    ptb.transfer(&[got], ALICE);
    let outcome = ledger.run(ALICE, ptb);
    let (ExecutionError::MoveAbort { location, code: 3 }, Some(1)) = error(&outcome) else {
        panic!("{:?}", outcome.effects.status());
    };
    assert_eq!(location.module.as_str(), "transfer");
    assert_eq!(
        *ledger.object(&coin.object_id()),
        *coin,
        "the coin is untouched"
    );
}

/// A store that breaks stops the ledger; it never looks like a failed transaction.
#[test]
fn a_broken_store_is_no_outcome() {
    #[derive(Debug)]
    struct Broken<'l>(&'l Ledger, ObjectId);
    impl StateView for Broken<'_> {
        fn object(&self, id: &ObjectId) -> Result<Option<Arc<LiveObject>>, StoreError> {
            if *id == self.1 {
                return Err(StoreError {
                    message: "disk on fire".to_owned(),
                });
            }
            self.0.state.object(id)
        }
    }
    let mut ledger = Ledger::new();
    let types = [TypeTag::U64, TypeTag::U64];
    let mut ptb = Ptb::default();
    let table = ptb.call("0x2::table::new", &types, &[]);
    let (key, value) = (ptb.pure(&1_u64), ptb.pure(&2_u64));
    ptb.call("0x2::table::add", &types, &[table, key, value]);
    ptb.transfer(&[table], ALICE);
    ledger.ok(ALICE, ptb);
    let (field, parent) = ledger
        .state
        .iter()
        .find_map(|(id, object)| match object.owner() {
            Owner::Object(parent) => Some((*id, *parent)),
            _ => None,
        })
        .unwrap();
    let mut ptb = Ptb::default();
    let table = ptb.owned(&ledger.object(&parent));
    let key = ptb.pure(&1_u64);
    ptb.call("0x2::table::remove", &types, &[table, key]);
    let tx = ledger.transaction(ALICE, ptb);
    let broken = Broken(&ledger, field);
    let rejection = simulate(&broken, &tx, &ledger.ctx, &SimulateOptions::default()).unwrap_err();
    assert!(matches!(&rejection, Rejection::Store(_)), "{rejection}");
    assert!(ledger.submit(&tx).unwrap().failure.is_none());
}

#[test]
fn genesis_runs_commands_and_is_reproducible() {
    let config = GenesisConfig {
        time_ms: 5,
        validator_key: vec![1; 96],
    };
    let build = |config: &GenesisConfig| {
        let mut builder = GenesisBuilder::new(config).unwrap();
        builder.fund(ALICE, SUI).unwrap();
        let types = [TypeTag::U64, TypeTag::U64];
        let mut ptb = Ptb::default();
        let table = ptb.call("0x2::table::new", &types, &[]);
        let table_type = "0x2::table::Table<u64, u64>".parse().unwrap();
        ptb.call(
            "0x2::transfer::public_share_object",
            &[table_type],
            &[table],
        );
        builder.execute(ALICE, ptb.build()).unwrap();
        let mut bad = Ptb::default();
        bad.call("0x2::balance::zero", &[sui()], &[]);
        assert!(
            builder.execute(ALICE, bad.build()).is_err(),
            "a step that fails is an error"
        );
        builder
    };
    let one = build(&config).finish();
    assert_eq!(
        one.outcome.effects_digest,
        build(&config).finish().outcome.effects_digest
    );
    let other = GenesisConfig {
        time_ms: 6,
        ..config.clone()
    };
    assert_ne!(
        one.outcome.effects_digest,
        build(&other).finish().outcome.effects_digest
    );

    let ledger = Ledger::from_genesis(build(&config));
    let tables = ledger
        .state
        .iter()
        .filter(|(_, object)| *object.owner() == Owner::Shared(1));
    assert_eq!(tables.count(), 3, "clock, chain state, table");
    assert!(ledger.state.iter().all(|(_, object)| object.version() == 1));
}
