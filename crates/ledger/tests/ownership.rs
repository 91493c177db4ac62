//! Where objects live: children, wrapped, shared, frozen.

mod support;

use floe_core::ObjectId;
use sui_sdk_types::{
    CommandArgumentError, ExecutionError, IdOperation, ObjectIn, ObjectOut, Owner, TypeTag,
};
use support::*;

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
