//! Transactions in, checkpoints out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod support;

use std::{sync::Arc, time::Duration};

use floe_fullnode::{OwnerKey, SubmitError};
use floe_ledger::{Rejection, committee};
use sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier;
use support::{Node, SUI, User, crash_disk, pass, validator};

fn users() -> Vec<User> {
    vec![User::new(1), User::new(2)]
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_executed_and_seen_by_readers_at_once() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    let coin = node.coins(&users[0])[0].clone();
    let signed = users[0].payment(coin, users[1].address(), 7 * SUI);
    let executed = node.ok(signed.clone()).await;

    let reader = node.handle.reader().unwrap();
    assert_eq!(
        reader.transaction(&executed.digest).unwrap().as_ref(),
        Some(&*executed)
    );
    let balance = reader
        .balance(&users[1].sui_address(), &"0x2::sui::SUI".parse().unwrap())
        .unwrap();
    assert_eq!((balance.amount, balance.coins), (507 * SUI, 6));
    let changed = reader.changed_objects(&executed).unwrap();
    assert_eq!(changed.len(), 2);
    assert!(changed.iter().all(|change| change.after.is_some()));
    assert_eq!(
        changed
            .iter()
            .filter(|change| change.before.is_some())
            .count(),
        1
    );

    let again = node.ok(signed).await;
    assert_eq!(again, executed, "the same transaction is executed once");
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn checkpoints_chain_and_are_signed() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    let mut follower = node.handle.subscribe_from(0);
    for coin in node.coins(&users[0]) {
        node.ok(users[0].payment(coin, users[1].address(), SUI))
            .await;
    }
    let mut previous = None;
    for number in 0..=5 {
        let data = follower.next().await.unwrap().unwrap();
        let summary = &data.record.summary.checkpoint;
        assert_eq!(summary.sequence_number, number);
        assert_eq!(summary.previous_digest, previous);
        assert_eq!(summary.content_digest, data.contents().digest());
        let committee = committee(summary.epoch, validator().public_key());
        ValidatorCommitteeSignatureVerifier::new(committee)
            .unwrap()
            .verify_checkpoint_summary(summary, &data.record.summary.signature)
            .unwrap();
        previous = Some(summary.digest());
    }
    node.stop().await.unwrap();
    assert!(follower.next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn time_moves_when_nothing_happens() {
    let (_, disk) = crash_disk();
    let node = Node::start(&disk, &users()).unwrap();
    pass(Duration::from_secs(10)).await;
    let latest = node.handle.latest_checkpoint();
    assert!((9..=10).contains(&latest), "{latest}");
    let head = node.handle.reader().unwrap().head().clone();
    assert!(head.timestamp_ms >= support::GENESIS_MS + 9_000);
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_two_transactions_over_one_coin_the_first_wins() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    let coin = node.coins(&users[0])[0].clone();
    let first = users[0].payment(coin.clone(), users[1].address(), 1);
    let second = users[0].payment(coin, users[1].address(), 2);
    let (first, second) = tokio::join!(node.submit(first), node.submit(second));
    first.unwrap();
    match second.unwrap_err() {
        SubmitError::Rejected(rejection) => {
            assert!(matches!(*rejection, Rejection::StaleObject { .. }));
        }
        other => panic!("{other}"),
    }
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn lists_are_paged_without_gaps_or_repeats() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    let reader = node.handle.reader().unwrap();
    let owner = OwnerKey::Address(users[0].sui_address());
    let whole = reader.owned(&owner, None, None, 100).unwrap().items;
    let mut pieces = Vec::new();
    let mut from = None;
    loop {
        let page = reader.owned(&owner, None, from, 2).unwrap();
        assert!(page.items.len() <= 2);
        pieces.extend(page.items);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!((pieces.len(), &pieces), (5, &whole));
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_restart_continues_the_chain() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    let coins = node.coins(&users[0]);
    let executed = node
        .ok(users[0].payment(coins[0].clone(), users[1].address(), 1))
        .await;
    let chain_id = node.handle.reader().unwrap().chain_id();
    node.stop().await.unwrap();

    let node = Node::start(&disk, &[]).unwrap();
    let reader = node.handle.reader().unwrap();
    assert_eq!(reader.chain_id(), chain_id);
    let found = reader.transaction(&executed.digest).unwrap();
    assert_eq!(found.map(Arc::new), Some(executed));
    node.ok(users[0].payment(coins[1].clone(), users[1].address(), 1))
        .await;
    node.stop().await.unwrap();
}
