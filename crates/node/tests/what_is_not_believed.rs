//! A node that is pointed at the wrong network, or at a full node that is behind or lies about committees,
//! keeps what it has. One used to remove all its slivers before it looked at which chain it was on.
#![expect(
    clippy::unwrap_used,
    reason = "a test, also outside of its entry points"
)]

mod network;

use floe_core::Epoch;
use floe_node::BuildError;
use network::{Blob, EPOCH, Network};

/// A network with a blob that all nodes hold.
async fn with_blob() -> (Network, Blob) {
    let mut network = Network::start(5).await;
    network.lasts = 9;
    let blob = network.blob(4_000, 1);
    network.register(&blob, 10, false);
    for node in 0..5 {
        network.upload(node, &blob).await;
    }
    network.certify(&blob, 10, false);
    network.caught_up().await;
    (network, blob)
}

/// A view in which nobody that runs owns anything, in an epoch `ahead` of the right one.
fn take_all_shards(network: &Network, ahead: i64) {
    let mut view = network.chain.view.lock().unwrap();
    view.epoch = Epoch(u32::try_from(i64::from(view.epoch.0) + ahead).unwrap());
    view.current = None;
    view.previous = None;
}

#[tokio::test]
async fn a_node_refuses_another_network_and_keeps_its_slivers() {
    let (mut network, blob) = with_blob().await;
    network.stop(0).await;
    let view = network.chain.view.lock().unwrap().clone();
    take_all_shards(&network, 0);
    *network.chain.name.lock().unwrap() = "another network".into();
    let refusal = network.refusal(0).await;
    assert!(
        matches!(&refusal, BuildError::OtherNetwork { found, expected, .. }
            if found == "the network" && expected == "another network"),
        "{refusal}"
    );
    *network.chain.name.lock().unwrap() = "the network".into();
    *network.chain.view.lock().unwrap() = view;
    network.restart(0).await;
    assert!(network.is_complete(0, &blob));
    network.end().await;
}

#[tokio::test]
async fn a_full_node_that_is_behind_is_not_believed() {
    let (mut network, blob) = with_blob().await;
    network.stop(0).await;
    let view = network.chain.view.lock().unwrap().clone();
    take_all_shards(&network, -1);
    let refusal = network.refusal(0).await;
    assert!(
        matches!(refusal, BuildError::Behind { got, seen } if got.0 == 2 && seen == EPOCH),
        "{refusal}"
    );
    *network.chain.view.lock().unwrap() = view;
    network.restart(0).await;
    assert!(network.is_complete(0, &blob));
    network.end().await;
}

#[tokio::test]
async fn nothing_is_removed_before_an_epoch_is_known_to_have_begun() {
    let (mut network, blob) = with_blob().await;
    network.stop(0).await;
    take_all_shards(&network, 1);
    network.restart(0).await;
    // What follows is handled after what the start has left to do.
    let other = network.blob(100, 2);
    for object in 20..25 {
        network.register(&other, object, false);
        network.caught_up().await;
    }
    assert!(network.is_complete(0, &blob));
    network.next_epoch(Epoch(EPOCH.0 + 1));
    network
        .until("removal", |network| !network.is_complete(0, &blob))
        .await;
    network.end().await;
}
