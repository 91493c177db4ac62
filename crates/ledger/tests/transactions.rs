//! Coins, gas, versions and ownership under ordinary transactions.

mod support;

use floe_ledger::{PriceList, Rejection};
use sui_sdk_types::{
    Argument, Command, ExecutionError, IdOperation, Input, MakeMoveVector, MergeCoins, ObjectIn,
    ObjectOut, Owner, SplitCoins, TransferObjects,
};
use support::*;

fn split(ptb: &mut Ptb, coin: Argument, amounts: &[u64]) -> Argument {
    let amounts = amounts.iter().map(|amount| ptb.pure(amount)).collect();
    ptb.command(Command::SplitCoins(SplitCoins { coin, amounts }))
}

#[test]
fn a_payment_splits_the_gas_coin() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let part = split(&mut ptb, Argument::Gas, &[5 * SUI]);
    ptb.transfer(&[part], BOB);
    let outcome = ledger.ok(ALICE, ptb);

    let effects = v2(&outcome);
    assert_eq!(effects.lamport_version, 2);
    let [a, b] = effects.changed_objects.as_slice() else {
        panic!("gas coin and new coin")
    };
    let (gas, new) = if effects.gas_object_index == Some(0) {
        (a, b)
    } else {
        (b, a)
    };
    assert_eq!(gas.id_operation, IdOperation::None);
    assert!(matches!(
        gas.input_state,
        ObjectIn::Exist { version: 1, .. }
    ));
    assert_eq!(new.id_operation, IdOperation::Created);
    assert_eq!(new.input_state, ObjectIn::NotExist);
    assert_eq!(
        new.object_id,
        sui_sdk_types::Address::derive_id(outcome.transaction_digest, 0)
    );
    // Two coins stored for 988 000 each; the genesis coin had paid nothing.
    let gas_used = &effects.gas_used;
    assert_eq!(
        (gas_used.computation_cost, gas_used.storage_cost),
        (1_000_000, 1_976_000)
    );
    assert_eq!(gas_used.storage_rebate, 0);
    assert_eq!(ledger.coins(BOB).len(), 6);
}

#[test]
fn merged_and_smashed_coins_are_deleted_and_refunded() {
    let mut ledger = Ledger::new();
    // Pay once so that the coins have storage rebates.
    let mut ptb = Ptb::default();
    let parts = split(&mut ptb, Argument::Gas, &[1, 2, 3]);
    let parts: Vec<_> = (0..3).map(|i| parts.nested(i).unwrap()).collect();
    ptb.transfer(&parts, ALICE);
    let created = ledger.ok(ALICE, ptb);
    let new: Vec<_> = v2(&created)
        .changed_objects
        .iter()
        .filter(|change| change.id_operation == IdOperation::Created)
        .map(|change| ledger.object(&change.object_id))
        .collect();

    let mut ptb = Ptb::default();
    let merged = ptb.owned(&new[0]);
    ptb.command(Command::MergeCoins(MergeCoins {
        coin: Argument::Gas,
        coins_to_merge: vec![merged],
    }));
    let gas = ledger
        .coins(ALICE)
        .into_iter()
        .find(|c| !new.contains(c) && c.version() == 2)
        .unwrap();
    let payment = vec![reference(&gas), reference(&new[1]), reference(&new[2])];
    let tx = ledger.paid_with(ALICE, ptb, payment, BUDGET);
    let outcome = ledger.submit(&tx).unwrap();
    assert!(outcome.failure.is_none());

    let deleted = v2(&outcome)
        .changed_objects
        .iter()
        .filter(|change| change.id_operation == IdOperation::Deleted)
        .count();
    assert_eq!(deleted, 3);
    assert_eq!(v2(&outcome).gas_used.storage_rebate, 4 * 978_120);
    assert_eq!(v2(&outcome).gas_used.non_refundable_storage_fee, 4 * 9_880);
    assert!(
        v2(&outcome).gas_used.net_gas_usage() < 0,
        "the payer gets money back"
    );
}

#[test]
fn giving_the_gas_coin_away_still_pays_the_bill() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    ptb.transfer(&[Argument::Gas], BOB);
    let outcome = ledger.ok(ALICE, ptb);
    let gas = &v2(&outcome).changed_objects[0];
    let coin = ledger.object(&gas.object_id);
    assert_eq!(*coin.owner(), Owner::Address(floe_ledger::address(BOB)));
    let balance = u64::from_le_bytes(
        coin.as_struct().unwrap().contents()[32..]
            .try_into()
            .unwrap(),
    );
    assert_eq!(balance, 100 * SUI - 1_988_000);
}

#[test]
fn the_budget_is_out_of_reach_of_commands() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let part = split(&mut ptb, Argument::Gas, &[100 * SUI - BUDGET + 1]);
    ptb.transfer(&[part], BOB);
    let outcome = ledger.run(ALICE, ptb);
    assert_eq!(
        error(&outcome),
        (&ExecutionError::InsufficientCoinBalance, Some(0))
    );
    // The failure leaves the gas coin, smaller by the bill, and nothing else.
    assert_eq!(v2(&outcome).changed_objects.len(), 1);
    assert_eq!(ledger.coins(BOB).len(), 5);
}

/// What a client that only wants to know what would happen does with `tx.gas`.
#[test]
fn an_inspection_has_its_gas_coin_at_hand_but_for_the_budget() {
    let ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let part = split(&mut ptb, Argument::Gas, &[1]);
    ptb.transfer(&[part], BOB);
    for (budget, own_coin) in [
        (0, false),
        (BUDGET, false),
        (BUDGET, true),
        (u64::MAX, true),
    ] {
        let coins = match own_coin {
            true => vec![reference(&ledger.coins(ALICE)[0])],
            false => Vec::new(),
        };
        let tx = ledger.paid_with(ALICE, ptb.clone(), coins, budget);
        let options = floe_ledger::SimulateOptions {
            checks: floe_ledger::Checks::Disabled,
            mock_gas: (!own_coin).then(|| floe_ledger::mock_gas_coin(ALICE)),
            collect_outputs: false,
        };
        let outcome = floe_ledger::simulate(&ledger.state, &tx, &ledger.ctx, &options).unwrap();
        assert!(outcome.failure.is_none(), "{budget}: {:?}", outcome.failure);
    }
}

#[test]
fn a_transaction_without_commands_puts_its_gas_coins_together() {
    let mut ledger = Ledger::new();
    let coins: Vec<_> = ledger
        .coins(ALICE)
        .iter()
        .map(|coin| reference(coin))
        .collect();
    assert!(coins.len() > 1);
    let tx = ledger.paid_with(ALICE, Ptb::default(), coins, BUDGET);
    let outcome = ledger.submit(&tx).unwrap();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert_eq!(ledger.coins(ALICE).len(), 1);
}

#[test]
fn commands_that_would_do_nothing_are_refused() {
    let ledger = Ledger::new();
    let nothing = [
        Command::SplitCoins(SplitCoins {
            coin: Argument::Gas,
            amounts: Vec::new(),
        }),
        Command::MergeCoins(MergeCoins {
            coin: Argument::Gas,
            coins_to_merge: Vec::new(),
        }),
        Command::TransferObjects(TransferObjects {
            objects: Vec::new(),
            address: Argument::Gas,
        }),
        Command::MakeMoveVector(MakeMoveVector {
            type_: None,
            elements: Vec::new(),
        }),
    ];
    for command in nothing {
        let mut ptb = Ptb::default();
        split(&mut ptb, Argument::Gas, &[1]);
        ptb.command(command);
        let tx = ledger.transaction(ALICE, ptb);
        let refused = ledger.clone().submit(&tx).unwrap_err();
        assert!(refused.to_string().contains("(command 1)"), "{refused}");
    }
}

#[test]
fn funds_that_are_sent_arrive_as_coins() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let bob = ptb.pure(&BOB);
    let part = split(&mut ptb, Argument::Gas, &[7]);
    ptb.call("0x2::coin::send_funds", &[sui()], &[part, bob]);
    let part = split(&mut ptb, Argument::Gas, &[8]);
    let balance = ptb.call("0x2::coin::into_balance", &[sui()], &[part]);
    ptb.call("0x2::balance::send_funds", &[sui()], &[balance, bob]);
    let before = ledger.coins(BOB).len();
    ledger.ok(ALICE, ptb);
    assert_eq!(ledger.coins(BOB).len(), before + 2);
}

#[test]
fn a_failure_rolls_back_but_bumps_the_versions_of_inputs() {
    let mut ledger = Ledger::new();
    let coin = ledger.coins(ALICE)[1].clone();
    let mut ptb = Ptb::default();
    let coin_arg = ptb.owned(&coin);
    let part = split(&mut ptb, coin_arg, &[7]);
    ptb.transfer(&[part], BOB);
    split(&mut ptb, coin_arg, &[u64::MAX]);
    let outcome = ledger.run(ALICE, ptb);
    assert_eq!(
        error(&outcome),
        (&ExecutionError::InsufficientCoinBalance, Some(2))
    );
    let after = ledger.object(&coin.object_id());
    assert_eq!(after.version(), 2);
    assert_eq!(
        after.as_struct().unwrap().contents(),
        coin.as_struct().unwrap().contents()
    );
    assert!(outcome.events.is_none());
}

#[test]
fn the_loser_of_a_double_spend_gets_a_clear_error() {
    let mut ledger = Ledger::new();
    let pay = |ledger: &Ledger, amount| {
        let mut ptb = Ptb::default();
        let part = split(&mut ptb, Argument::Gas, &[amount]);
        ptb.transfer(&[part], BOB);
        ledger.transaction(ALICE, ptb)
    };
    let (one, two) = (pay(&ledger, 1), pay(&ledger, 2));
    ledger.submit(&one).unwrap();
    let rejection = ledger.submit(&two).unwrap_err();
    assert!(
        matches!(
            rejection,
            Rejection::StaleObject {
                version: 1,
                live_version: 2,
                ..
            }
        ),
        "{rejection}"
    );
}

#[test]
fn bad_inputs_are_rejected_before_execution() {
    let mut ledger = Ledger::new();
    let bobs = ledger.coins(BOB)[0].clone();
    let mine = ledger.coins(ALICE);
    let mut ptb = Ptb::default();
    let coin = ptb.owned(&bobs);
    ptb.transfer(&[coin], ALICE);
    let tx = ledger.transaction(ALICE, ptb);
    assert!(matches!(
        ledger.submit(&tx),
        Err(Rejection::WrongOwner { .. })
    ));

    let mut ptb = Ptb::default();
    let coin = ptb.owned(&mine[0]);
    ptb.transfer(&[coin], ALICE);
    let tx = ledger.paid_with(ALICE, ptb, vec![reference(&mine[0])], BUDGET);
    assert!(matches!(
        ledger.submit(&tx),
        Err(Rejection::DuplicateObject { .. })
    ));

    let give = |mutate: &dyn Fn(&mut sui_sdk_types::Transaction)| {
        let mut ptb = Ptb::default();
        ptb.transfer(&[Argument::Gas], BOB);
        let mut tx = ledger.transaction(ALICE, ptb);
        mutate(&mut tx);
        tx
    };
    let cases = [
        give(&|tx| tx.gas_payment.price = 1),
        give(&|tx| tx.gas_payment.budget = 999_999),
        give(&|tx| tx.gas_payment.budget = PriceList::BUDGET_MAX + 1),
        give(&|tx| tx.gas_payment.objects.clear()),
        give(&|tx| tx.gas_payment.objects = vec![reference(&bobs)]),
        give(&|tx| {
            tx.expiration = sui_sdk_types::TransactionExpiration::ValidDuring {
                min_epoch: None,
                max_epoch: None,
                min_timestamp: None,
                max_timestamp: None,
                chain: sui_sdk_types::Digest::new([1; 32]),
                nonce: 0,
            }
        }),
    ];
    let words: Vec<_> = cases
        .iter()
        .map(|tx| ledger.submit(tx).unwrap_err().to_string())
        .collect();
    for (words, part) in words.iter().zip([
        "below the reference",
        "below the minimum",
        "above the limit",
        "no gas coin",
        "belongs to",
        "is for chain",
    ]) {
        assert!(words.contains(part), "{words}");
    }
}

#[test]
fn the_clock_is_read_only_for_users() {
    let mut ledger = Ledger::new();
    let clock = floe_core::ObjectId::from_suffix(6);
    let mut ptb = Ptb::default();
    let arg = ptb.shared(clock, 1, false);
    ptb.call("0x2::clock::timestamp_ms", &[], &[arg]);
    let outcome = ledger.ok(ALICE, ptb);
    assert_eq!(v2(&outcome).unchanged_consensus_objects.len(), 1);

    let mut ptb = Ptb::default();
    let arg = ptb.shared(clock, 1, true);
    ptb.call("0x2::clock::timestamp_ms", &[], &[arg]);
    let tx = ledger.transaction(ALICE, ptb);
    assert!(matches!(
        ledger.submit(&tx),
        Err(Rejection::SystemObjectMutable { .. })
    ));

    let mut ptb = Ptb::default();
    ptb.input(Input::Pure(vec![0; 16 * 1024 + 1]));
    ptb.transfer(&[Argument::Gas], BOB);
    let tx = ledger.transaction(ALICE, ptb);
    assert!(matches!(
        ledger.submit(&tx),
        Err(Rejection::TooLarge { .. })
    ));
}

#[test]
fn equal_transactions_have_equal_effects() {
    let run = || {
        let mut ledger = Ledger::new();
        let mut digests = Vec::new();
        for round in 1..20_u64 {
            let mut ptb = Ptb::default();
            let part = split(&mut ptb, Argument::Gas, &[round * SUI / 10]);
            ptb.transfer(&[part], if round % 2 == 0 { BOB } else { ALICE });
            let sender = if round % 3 == 0 { BOB } else { ALICE };
            let outcome = ledger.run(sender, ptb);
            digests.push((outcome.transaction_digest, outcome.effects_digest));
        }
        (digests, ledger.state)
    };
    assert_eq!(run(), run());
}

#[test]
fn storage_beyond_the_budget_fails_and_costs_the_budget_at_most() {
    let mut ledger = Ledger::new();
    let mut ptb = Ptb::default();
    let amounts = vec![1; 50];
    let parts = split(&mut ptb, Argument::Gas, &amounts);
    let parts: Vec<_> = (0..50).map(|i| parts.nested(i).unwrap()).collect();
    ptb.transfer(&parts, BOB);
    let coin = ledger.coins(ALICE)[0].clone();
    let tx = ledger.paid_with(ALICE, ptb, vec![reference(&coin)], 5_000_000);
    let outcome = ledger.submit(&tx).unwrap();
    assert_eq!(error(&outcome), (&ExecutionError::InsufficientGas, None));
    assert!(v2(&outcome).gas_used.net_gas_usage() <= 5_000_000);
    assert!(matches!(
        v2(&outcome).changed_objects[0].output_state,
        ObjectOut::ObjectWrite { .. }
    ));
}
