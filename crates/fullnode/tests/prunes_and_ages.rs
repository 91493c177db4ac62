//! Time: epochs, jumps, clocks that are wrong; and forgetting.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod support;

use std::time::Duration;

use floe_fullnode::{Options, ReadError, StartError};
use support::{GENESIS_MS, Node, SUI, User, crash_disk, options, pass};

const DAY_MS: u64 = 24 * 3_600_000;

fn users() -> Vec<User> {
    vec![User::new(1), User::new(2)]
}

#[tokio::test(start_paused = true)]
async fn the_past_is_forgotten_beyond_the_limit_and_the_present_is_not() {
    let (_, disk) = crash_disk();
    let users = users();
    let options = Options {
        history_transactions: 10,
        ..options()
    };
    let node = Node::start_at(&disk, &users, &options, GENESIS_MS).unwrap();
    let mut first = None;
    for _ in 0..12 {
        let coin = node.coins(&users[0])[0].clone();
        let executed = node
            .ok(users[0].payment(coin, users[1].address(), SUI))
            .await;
        first.get_or_insert(executed);
    }
    let reader = node.handle.reader().unwrap();
    let first = first.unwrap();
    assert!(reader.transaction(&first.digest).unwrap().is_none());
    assert!(reader.checkpoint(1).unwrap().is_none());
    assert!(reader.lowest_checkpoint() > 1);
    // What is kept is complete.
    let lowest = reader
        .checkpoint(reader.lowest_checkpoint())
        .unwrap()
        .unwrap();
    for executed in reader.checkpoint_transactions(&lowest).unwrap() {
        for change in reader.changed_objects(&executed).unwrap() {
            assert!(change.after.is_some());
        }
    }
    let mut objects = 0;
    reader.for_each_live(&mut |_| objects += 1).unwrap();
    assert!(objects > 12 + 10);
    assert!(matches!(
        reader.checkpoint_data(1),
        Err(ReadError::Pruned { checkpoint: 1, .. })
    ));
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn chain_epochs_end_in_time_and_charge_what_was_paid() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    let coin = node.coins(&users[0])[0].clone();
    let executed = node
        .ok(users[0].payment(coin, users[1].address(), SUI))
        .await;
    assert!(node.handle.advance_time(Duration::from_millis(DAY_MS)));
    pass(Duration::from_millis(10)).await;
    let reader = node.handle.reader().unwrap();
    assert_eq!(reader.head().epoch, 1);
    let (ended, current) = (
        reader.epoch(0).unwrap().unwrap(),
        reader.epoch(1).unwrap().unwrap(),
    );
    let last = reader
        .checkpoint(ended.last_checkpoint.unwrap())
        .unwrap()
        .unwrap();
    assert!(last.summary.checkpoint.end_of_epoch_data.is_some());
    assert_eq!(current.first_checkpoint, last.sequence_number() + 1);
    assert_eq!(current.start_ms, last.summary.checkpoint.timestamp_ms);
    let gas = executed.effects.gas_summary();
    assert_eq!(
        reader.chain_state().unwrap().fees,
        gas.computation_cost + gas.non_refundable_storage_fee
    );
    assert_eq!(reader.context().unwrap().epoch, 1);
    support::audit::check_whole(&reader);
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_jump_in_time_outlives_a_restart() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    node.handle.advance_time(Duration::from_millis(2 * DAY_MS));
    pass(Duration::from_millis(10)).await;
    let before = node.handle.reader().unwrap().head().timestamp_ms;
    assert!(before >= GENESIS_MS + 2 * DAY_MS);
    node.stop().await.unwrap();

    let node = Node::start_at(&disk, &users, &options(), GENESIS_MS + 60_000).unwrap();
    pass(Duration::from_secs(2)).await;
    let after = node.handle.reader().unwrap().head().timestamp_ms;
    assert!(
        (before + 59_000..before + 70_000).contains(&after),
        "{after}"
    );
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_clock_far_behind_the_chain_is_refused_and_time_never_goes_back() {
    let (_, disk) = crash_disk();
    let users = users();
    let hour = 3_600_000;
    let node = Node::start_at(&disk, &users, &options(), GENESIS_MS + hour).unwrap();
    pass(Duration::from_secs(3)).await;
    let before = node.handle.reader().unwrap().head().timestamp_ms;
    node.stop().await.unwrap();

    let refused = Node::start_at(&disk, &users, &options(), GENESIS_MS + hour - 601_000);
    assert!(matches!(refused, Err(StartError::Clock { .. })));

    let node = Node::start_at(&disk, &users, &options(), GENESIS_MS + hour - 300_000).unwrap();
    pass(Duration::from_secs(3)).await;
    let after = node.handle.reader().unwrap().head().timestamp_ms;
    assert_eq!(
        after, before,
        "time stands still until the clock has caught up"
    );
    node.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_folder_serves_one_node_and_one_key() {
    let (_, disk) = crash_disk();
    let users = users();
    let node = Node::start(&disk, &users).unwrap();
    let second = Node::start(&disk, &users);
    assert!(matches!(second, Err(StartError::InUse { .. })));
    node.stop().await.unwrap();

    let env = support::env(disk.clone(), GENESIS_MS);
    let other = sui_crypto::bls12381::Bls12381PrivateKey::new([6; 32]).unwrap();
    let refused = floe_fullnode::Service::open(env, &options(), other.into());
    assert!(matches!(refused, Err(StartError::OtherChain { .. })));
}
