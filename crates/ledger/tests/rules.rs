//! The rules of arguments: use once, references, types, hot potatoes, wrapping.

mod support;

use sui_sdk_types::{
    Argument, Command, CommandArgumentError, ExecutionError, MakeMoveVector, MergeCoins, Publish,
    SplitCoins, TypeArgumentError, TypeTag,
};
use support::*;

const COIN: &str = "0x2::coin";

#[test]
fn a_value_is_used_once() {
    let mut ledger = Ledger::new();
    let coin = ledger.coins(ALICE)[1].clone();
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&coin);
    ptb.transfer(&[arg], BOB);
    ptb.transfer(&[arg], BOB);
    let outcome = ledger.run(ALICE, ptb);
    assert_eq!(
        argument_error(&outcome),
        (0, CommandArgumentError::InvalidValueUsage)
    );

    let coin = ledger.object(&coin.object_id());
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&coin);
    ptb.command(Command::MergeCoins(MergeCoins {
        coin: arg,
        coins_to_merge: vec![arg],
    }));
    let outcome = ledger.run(ALICE, ptb);
    assert_eq!(
        argument_error(&outcome),
        (1, CommandArgumentError::InvalidValueUsage)
    );
}

#[test]
fn numbers_are_used_as_often_as_wanted() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let value = ptb.call("0x2::coin::value", &[sui()], &[Argument::Gas]);
    let half = ptb.pure(&7_u64);
    let a = ptb.command(Command::SplitCoins(SplitCoins {
        coin: Argument::Gas,
        amounts: vec![half],
    }));
    let b = ptb.command(Command::SplitCoins(SplitCoins {
        coin: Argument::Gas,
        amounts: vec![half],
    }));
    ptb.call("0x1::vector::singleton", &[TypeTag::U64], &[value]);
    ptb.call("0x1::vector::singleton", &[TypeTag::U64], &[value]);
    ptb.transfer(&[a, b], BOB);
    ledger.ok(ALICE, ptb);
}

#[test]
fn a_mutable_borrow_is_the_only_one() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let number = ptb.pure(&vec![1_u64]);
    let vector = ptb.call(
        "0x1::vector::singleton",
        &[TypeTag::Vector(Box::new(TypeTag::U64))],
        &[number],
    );
    let _ = vector;
    ptb.call("0x1::vector::append", &[TypeTag::U64], &[number, number]);
    // A pure input is copied for the by-value parameter, so this is fine: borrowed once.
    ledger.ok(ALICE, ptb);

    let coin = ledger.coins(ALICE)[1].clone();
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&coin);
    ptb.call("0x2::coin::join", &[sui()], &[arg, arg]);
    let outcome = ledger.run(ALICE, ptb);
    assert_eq!(
        argument_error(&outcome),
        (1, CommandArgumentError::InvalidValueUsage)
    );
}

#[test]
fn types_and_arity_are_checked() {
    let mut ledger = Ledger::new();
    let cases: Vec<(&str, Vec<TypeTag>, usize, ExecutionError)> = vec![
        (
            "0x2::coin::nothing",
            vec![],
            0,
            ExecutionError::FunctionNotFound,
        ),
        (
            "0x2::coin::value",
            vec![sui()],
            2,
            ExecutionError::ArityMismatch,
        ),
        (
            "0x2::coin::value",
            vec![],
            1,
            ExecutionError::TypeArityMismatch,
        ),
        (
            "0x2::coin::value",
            vec![TypeTag::U64],
            1,
            ExecutionError::CommandArgumentError {
                argument: 0,
                kind: CommandArgumentError::TypeMismatch,
            },
        ),
        (
            "0x2::coin::value",
            vec!["0x2::sui::NONE".parse().unwrap()],
            1,
            ExecutionError::TypeArgumentError {
                type_argument: 0,
                kind: TypeArgumentError::TypeNotFound,
            },
        ),
        (
            "0x2::object::id",
            vec![TypeTag::U8],
            1,
            ExecutionError::TypeArgumentError {
                type_argument: 0,
                kind: TypeArgumentError::ConstraintNotSatisfied,
            },
        ),
    ];
    for (path, types, count, expected) in cases {
        let mut ptb = Ptb::default();
        ptb.call(path, &types, &vec![Argument::Gas; count]);
        let outcome = ledger.run(ALICE, ptb);
        assert_eq!(error(&outcome), (&expected, Some(0)), "{path}");
    }
}

#[test]
fn the_gas_coin_moves_only_by_transfer() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    ptb.call(&format!("{COIN}::into_balance"), &[sui()], &[Argument::Gas]);
    let outcome = ledger.run(ALICE, ptb);
    assert_eq!(
        argument_error(&outcome),
        (0, CommandArgumentError::InvalidGasCoinUsage)
    );
}

#[test]
fn a_value_that_cannot_be_dropped_must_be_used() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    ptb.call("0x2::balance::zero", &[sui()], &[]);
    let outcome = ledger.run(ALICE, ptb);
    assert_eq!(
        error(&outcome),
        (
            &ExecutionError::UnusedValueWithoutDrop {
                result: 0,
                subresult: 0
            },
            None
        )
    );

    let mut ptb = Ptb::default();
    let zero = ptb.call("0x2::balance::zero", &[sui()], &[]);
    ptb.call("0x2::balance::destroy_zero", &[sui()], &[zero]);
    ledger.ok(ALICE, ptb);
}

#[test]
fn results_are_addressed_exactly() {
    let mut ledger = Ledger::new();
    let wrong = [
        (
            Argument::Input(9),
            CommandArgumentError::IndexOutOfBounds { index: 9 },
        ),
        (
            Argument::Result(9),
            CommandArgumentError::IndexOutOfBounds { index: 9 },
        ),
        (
            Argument::Result(0),
            CommandArgumentError::InvalidResultArity { result: 0 },
        ),
        (
            Argument::NestedResult(0, 2),
            CommandArgumentError::SecondaryIndexOutOfBounds {
                result: 0,
                subresult: 2,
            },
        ),
    ];
    for (argument, kind) in wrong {
        let mut ptb = Ptb::default();
        let one = ptb.pure(&1_u64);
        ptb.command(Command::SplitCoins(SplitCoins {
            coin: Argument::Gas,
            amounts: vec![one, one],
        }));
        ptb.call("0x2::coin::value", &[sui()], &[argument]);
        assert_eq!(argument_error(&ledger.run(ALICE, ptb)), (0, kind));
    }
}

#[test]
fn an_abort_names_its_place() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let amount = ptb.pure(&u64::MAX);
    ptb.call("0x2::coin::split", &[sui()], &[Argument::Gas, amount]);
    let outcome = ledger.run(ALICE, ptb);
    let (ExecutionError::MoveAbort { location, code }, Some(0)) = error(&outcome) else {
        panic!("{:?}", outcome.effects.status());
    };
    assert_eq!(location.module.as_str(), "balance");
    assert_eq!(location.function_name.as_ref().unwrap().as_str(), "split");
    assert_eq!((location.instruction, *code), (0, 2));
}

#[test]
fn publishing_is_not_supported() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    ptb.command(Command::Publish(Publish {
        modules: vec![vec![1]],
        dependencies: vec![],
    }));
    assert_eq!(
        error(&ledger.run(ALICE, ptb)).0,
        &ExecutionError::FeatureNotYetSupported
    );
}

#[test]
fn vectors_are_made_of_objects_and_pure_values() {
    let mut ledger = Ledger::new();
    let coins = ledger.coins(ALICE);
    let mut ptb = Ptb::default();
    let elements = vec![ptb.owned(&coins[1]), ptb.owned(&coins[2])];
    let vector = ptb.command(Command::MakeMoveVector(MakeMoveVector {
        type_: None,
        elements,
    }));
    ptb.call("0x2::pay::join_vec", &[sui()], &[Argument::Gas, vector]);
    let elements = vec![ptb.pure(&1_u64), ptb.pure(&2_u64)];
    let make = MakeMoveVector {
        type_: Some(TypeTag::U64),
        elements,
    };
    let amounts = ptb.command(Command::MakeMoveVector(make));
    ptb.call("0x2::pay::split_vec", &[sui()], &[Argument::Gas, amounts]);
    ledger.ok(ALICE, ptb);
    assert_eq!(ledger.coins(ALICE).len(), 5);

    let mut ptb = Ptb::default();
    let elements = vec![ptb.pure(&1_u64)];
    ptb.command(Command::MakeMoveVector(MakeMoveVector {
        type_: None,
        elements,
    }));
    assert_eq!(
        argument_error(&ledger.run(ALICE, ptb)),
        (0, CommandArgumentError::InvalidMakeMoveVecNonObjectArgument)
    );
}

#[test]
fn a_simulation_returns_outputs_and_changes_nothing() {
    let ledger = Ledger::new();
    let before = ledger.state.clone();
    let mut ptb = Ptb::default();
    let text = ptb.pure(&"grüße".to_owned());
    ptb.call("0x1::string::length", &[], &[text]);
    let one = ptb.pure(&1_u64);
    let part = ptb.command(Command::SplitCoins(SplitCoins {
        coin: Argument::Gas,
        amounts: vec![one],
    }));
    ptb.transfer(&[part], BOB);
    let outcome = ledger.inspect(ALICE, ptb);
    assert!(outcome.failure.is_none());
    assert_eq!(
        outcome.command_outputs[0].returned[0].bytes,
        7_u64.to_le_bytes()
    );
    let (argument, _) = &outcome.command_outputs[1].mutated[0];
    assert_eq!(*argument, Argument::Gas);
    assert_eq!(ledger.state, before);
}

/// Values that feed on each other would double with every command.
#[test]
fn growing_values_hit_a_limit() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let seed = ptb.pure(&"0123456789abcdef".repeat(64));
    let strings: Vec<_> = (0..2)
        .map(|_| ptb.call("0x1::string::utf8", &[], &[seed]))
        .collect();
    for round in 0..60 {
        let (into, from) = (strings[round % 2], strings[(round + 1) % 2]);
        ptb.call("0x1::string::append", &[], &[into, from]);
    }
    let mut tx = ledger.transaction(ALICE, ptb);
    tx.gas_payment.budget = 5 * SUI;
    let outcome = ledger.submit(&tx).unwrap();
    assert!(
        matches!(error(&outcome).0, ExecutionError::MoveRawValueTooBig { .. }),
        "{:?}",
        outcome.effects.status()
    );
}

#[test]
fn an_inspection_looks_into_foreign_objects() {
    let ledger = Ledger::new();
    let coin = ledger.coins(BOB)[0].clone();
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&coin);
    ptb.call("0x2::coin::into_balance", &[sui()], &[arg]);
    let tx = ledger.paid_with(ALICE, ptb, Vec::new(), 0);
    let options = floe_ledger::SimulateOptions {
        checks: floe_ledger::Checks::Disabled,
        mock_gas: Some(floe_ledger::mock_gas_coin(ALICE)),
        collect_outputs: true,
    };
    let outcome = floe_ledger::simulate(&ledger.state, &tx, &ledger.ctx, &options).unwrap();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert_eq!(
        outcome.command_outputs[0].returned[0].bytes,
        (100 * SUI).to_le_bytes()
    );
}
