//! The same transactions make the same chain.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod support;

use std::sync::Arc;

use floe_env::{Disk, UnixMillis, testing::ManualClock};
use floe_fullnode::Service;
use floe_ledger::ChainHead;
use support::{
    GENESIS_MS, Node, SUI, User,
    audit::{check_whole, total_sui},
    crash_disk, first_checkpoint, options, validator,
};

fn users() -> Vec<User> {
    vec![User::new(1), User::new(2)]
}

/// Starts on a clock that stands still, so that the same calls are the same transactions.
fn start(disk: &Arc<dyn Disk>) -> Node {
    let mut env = support::env(Arc::clone(disk), GENESIS_MS);
    env.clock = Arc::new(ManualClock::new(UnixMillis(GENESIS_MS + 1000)));
    let options = options();
    if !Service::exists(&env, &options).unwrap() {
        Service::create(&env, &options, &first_checkpoint(&users())).unwrap();
    }
    Node::run(Service::open(env, &options, validator()).unwrap())
}

/// Pays with the user's coins number `from` to `to`, some at once, some one after the other.
async fn pay(node: &Node, from: usize, to: usize) {
    let users = users();
    let coins = node.coins(&users[0]);
    for (index, coin) in coins.iter().enumerate().take(to).skip(from) {
        let amount = SUI * (1 + index as u64);
        node.ok(users[0].payment(coin.clone(), users[1].address(), amount))
            .await;
    }
    let coins = node.coins(&users[1]);
    let payments = coins.iter().take(3).map(|coin| {
        // Some fail: they pay more than there is.
        let signed = users[1].payment(coin.clone(), users[0].address(), 100 * SUI);
        node.submit(signed)
    });
    for executed in futures::future::join_all(payments).await {
        executed.unwrap();
    }
}

fn head(node: &Node) -> ChainHead {
    let reader = node.handle.reader().unwrap();
    check_whole(&reader);
    assert_eq!(total_sui(&reader), 2 * support::audit::GENESIS_SUI_PER_USER);
    reader.head().clone()
}

#[tokio::test]
async fn equal_transactions_make_equal_chains_with_and_without_a_restart() {
    let (_, disk) = crash_disk();
    let node = start(&disk);
    pay(&node, 0, 2).await;
    pay(&node, 2, 4).await;
    let whole = head(&node);
    node.stop().await.unwrap();

    let (_, disk) = crash_disk();
    let node = start(&disk);
    pay(&node, 0, 2).await;
    node.stop().await.unwrap();
    let node = start(&disk);
    pay(&node, 2, 4).await;
    assert_eq!(head(&node), whole);
    node.stop().await.unwrap();
    assert!(whole.sequence_number > 4);
}
