//! The rules of arguments: use once, references, types, hot potatoes, wrapping.

mod support;

use floe_core::ObjectId;
use sui_sdk_types::{
    Argument, Command, CommandArgumentError, ExecutionError, IdOperation, MakeMoveVector,
    MergeCoins, ObjectIn, ObjectOut, Owner, Publish, SplitCoins, TypeArgumentError, TypeTag,
};
use support::*;

const COIN: &str = "0x2::coin";

fn argument_error(outcome: &floe_ledger::Outcome) -> (u16, CommandArgumentError) {
    match error(outcome).0 {
        ExecutionError::CommandArgumentError { argument, kind } => (*argument, kind.clone()),
        other => panic!("{other:?}"),
    }
}

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

/// Coins in an object table: wrapped in a dynamic object field, moved out again.
#[test]
fn children_keep_their_ids_and_effects_follow_them() {
    let mut ledger = Ledger::new();
    let coin = ledger.coins(ALICE)[1].clone();
    let coin_type: TypeTag = sui_coin();
    let types = [TypeTag::U64, coin_type];
    let mut ptb = Ptb::default();
    let table = ptb.call("0x2::object_table::new", &types, &[]);
    let key = ptb.pure(&5_u64);
    let arg = ptb.owned(&coin);
    ptb.call("0x2::object_table::add", &types, &[table, key, arg]);
    ptb.transfer(&[table], ALICE);
    let outcome = ledger.ok(ALICE, ptb);
    let child = ledger.object(&coin.object_id());
    let Owner::Object(field) = *child.owner() else {
        panic!("{:?}", child.owner())
    };
    let field = ledger.object(&field);
    assert_eq!(
        field
            .as_struct()
            .unwrap()
            .object_type()
            .to_string()
            .split('<')
            .next()
            .unwrap(),
        format!("{}::dynamic_field::Field", sui_sdk_types::Address::TWO)
    );
    let Owner::Object(table_id) = *field.owner() else {
        panic!("{:?}", field.owner())
    };
    let created = v2(&outcome)
        .changed_objects
        .iter()
        .filter(|change| change.id_operation == IdOperation::Created)
        .count();
    assert_eq!(created, 2, "the table and the field");

    // Children cannot be inputs.
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&child);
    ptb.transfer(&[arg], BOB);
    let tx = ledger.transaction(ALICE, ptb);
    assert!(
        ledger
            .submit(&tx)
            .unwrap_err()
            .to_string()
            .contains("owned by another object")
    );

    let mut ptb = Ptb::default();
    let table = ptb.owned(&ledger.object(&table_id));
    let key = ptb.pure(&5_u64);
    let arg = ptb.call("0x2::object_table::remove", &types, &[table, key]);
    ptb.transfer(&[arg], BOB);
    ptb.call("0x2::object_table::destroy_empty", &types, &[table]);
    let outcome = ledger.ok(ALICE, ptb);
    assert_eq!(
        *ledger.object(&coin.object_id()).owner(),
        Owner::Address(floe_ledger::address(BOB))
    );
    let deleted: Vec<_> = v2(&outcome)
        .changed_objects
        .iter()
        .filter(|change| change.id_operation == IdOperation::Deleted)
        .map(|change| change.object_id)
        .collect();
    assert_eq!(deleted.len(), 2);
    assert!(deleted.contains(&table_id) && deleted.contains(&field.object_id()));
}

/// A coin in a plain table is wrapped: it leaves the store, and comes back under its own id.
#[test]
fn wrapping_and_unwrapping_are_no_births_and_deaths() {
    let mut ledger = Ledger::new();
    let coin = ledger.coins(ALICE)[1].clone();
    let types = [TypeTag::U64, sui_coin()];
    let mut ptb = Ptb::default();
    let table = ptb.call("0x2::table::new", &types, &[]);
    let key = ptb.pure(&5_u64);
    let arg = ptb.owned(&coin);
    ptb.call("0x2::table::add", &types, &[table, key, arg]);
    ptb.call(
        "0x2::transfer::public_share_object",
        &[TypeTag::Struct(Box::new(
            "0x2::table::Table<u64, 0x2::coin::Coin<0x2::sui::SUI>>"
                .parse()
                .unwrap(),
        ))],
        &[table],
    );
    let outcome = ledger.ok(ALICE, ptb);
    let change = |outcome: &floe_ledger::Outcome| {
        v2(outcome)
            .changed_objects
            .iter()
            .find(|c| c.object_id == coin.object_id())
            .cloned()
    };
    let wrapped = change(&outcome).unwrap();
    assert!(matches!(wrapped.input_state, ObjectIn::Exist { .. }));
    assert_eq!(
        (wrapped.output_state, wrapped.id_operation),
        (ObjectOut::NotExist, IdOperation::None)
    );
    assert!(
        ledger
            .state
            .get(&floe_ledger::object_id(&coin.object_id()))
            .is_none()
    );

    let (table, initial) = ledger
        .state
        .iter()
        .find_map(|(id, object)| match object.owner() {
            Owner::Shared(initial) if *initial > 1 => Some((*id, *initial)),
            _ => None,
        })
        .unwrap();
    assert_eq!(initial, v2(&outcome).lamport_version);
    let mut ptb = Ptb::default();
    let table = ptb.shared(table, initial, true);
    let key = ptb.pure(&5_u64);
    let arg = ptb.call("0x2::table::remove", &types, &[table, key]);
    ptb.transfer(&[arg], BOB);
    let outcome = ledger.ok(BOB, ptb);
    let unwrapped = change(&outcome).unwrap();
    assert_eq!(
        (unwrapped.input_state, unwrapped.id_operation),
        (ObjectIn::NotExist, IdOperation::None)
    );
    assert!(matches!(
        unwrapped.output_state,
        ObjectOut::ObjectWrite { .. }
    ));
}

#[test]
fn a_shared_object_stays_shared_or_dies() {
    let mut ledger = Ledger::new();
    let types = [TypeTag::U64, TypeTag::U64];
    let table_type: TypeTag = "0x2::table::Table<u64, u64>".parse().unwrap();
    let mut ptb = Ptb::default();
    let table = ptb.call("0x2::table::new", &types, &[]);
    ptb.call(
        "0x2::transfer::public_share_object",
        std::slice::from_ref(&table_type),
        &[table],
    );
    ledger.ok(ALICE, ptb);
    let (id, initial): (ObjectId, u64) = ledger
        .state
        .iter()
        .find_map(|(id, o)| {
            matches!(o.owner(), Owner::Shared(v) if *v > 1).then_some((*id, o.version()))
        })
        .unwrap();

    for (mutable, expected) in [
        (true, ExecutionError::ConsensusObjectOperationNotAllowed),
        (
            false,
            ExecutionError::CommandArgumentError {
                argument: 0,
                kind: CommandArgumentError::InvalidObjectByValue,
            },
        ),
    ] {
        let mut ptb = Ptb::default();
        let table = ptb.shared(id, initial, mutable);
        ptb.transfer(&[table], BOB);
        assert_eq!(error(&ledger.run(ALICE, ptb)).0, &expected);
    }
    let mut ptb = Ptb::default();
    let table = ptb.shared(id, initial, false);
    let (key, value) = (ptb.pure(&1_u64), ptb.pure(&2_u64));
    ptb.call("0x2::table::add", &types, &[table, key, value]);
    assert_eq!(
        argument_error(&ledger.run(ALICE, ptb)),
        (0, CommandArgumentError::InvalidObjectByMutRef)
    );

    let mut ptb = Ptb::default();
    let table = ptb.shared(id, initial, true);
    ptb.call(
        "0x2::transfer::public_share_object",
        &[table_type],
        &[table],
    );
    ledger.ok(ALICE, ptb);
    assert_eq!(
        *ledger.state.get(&id).unwrap().owner(),
        Owner::Shared(initial)
    );

    let mut ptb = Ptb::default();
    let table = ptb.shared(id, initial, true);
    ptb.call("0x2::table::destroy_empty", &types, &[table]);
    ledger.ok(ALICE, ptb);
    assert!(ledger.state.get(&id).is_none());
}

#[test]
fn a_frozen_object_is_read_by_everybody_and_moved_by_nobody() {
    let mut ledger = Ledger::new();
    let coin = ledger.coins(ALICE)[1].clone();
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&coin);
    ptb.call("0x2::transfer::public_freeze_object", &[sui_coin()], &[arg]);
    ledger.ok(ALICE, ptb);
    let coin = ledger.object(&coin.object_id());
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&coin);
    ptb.call("0x2::coin::value", &[sui()], &[arg]);
    ledger.ok(BOB, ptb);
    let mut ptb = Ptb::default();
    let arg = ptb.owned(&coin);
    ptb.transfer(&[arg], ALICE);
    assert_eq!(
        argument_error(&ledger.run(ALICE, ptb)),
        (0, CommandArgumentError::InvalidObjectByValue)
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

fn sui_coin() -> TypeTag {
    sui_sdk_types::StructTag::gas_coin().into()
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
fn fields_are_listed_by_name_and_kind() {
    let mut ledger = Ledger::new();
    let coin = ledger.coins(ALICE)[1].clone();
    let types = [TypeTag::U64, sui_coin()];
    let mut ptb = Ptb::default();
    let table = ptb.call("0x2::object_table::new", &types, &[]);
    let key = ptb.pure(&5_u64);
    let arg = ptb.owned(&coin);
    ptb.call("0x2::object_table::add", &types, &[table, key, arg]);
    ptb.transfer(&[table], ALICE);
    let outcome = ledger.ok(ALICE, ptb);
    let fields: Vec<_> = ledger
        .state
        .iter()
        .filter_map(|(_, object)| floe_ledger::field_parts(object))
        .collect();
    let [field] = fields.as_slice() else {
        panic!("{fields:?}")
    };
    assert_eq!(
        (field.name_tag, field.name),
        (&TypeTag::U64, 5_u64.to_le_bytes().as_slice())
    );
    let child = floe_ledger::object_id(&coin.object_id());
    assert_eq!(field.value, floe_ledger::FieldValue::Child(child));
    let changes = outcome.balance_changes();
    let [change] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    let gas = outcome.effects.gas_summary().net_gas_usage();
    assert_eq!(change.amount, -i128::from(100 * SUI) - i128::from(gas));
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
