//! Shards that change hands at the start of an epoch: filled from other nodes before that is reported,
//! whatever happens meanwhile, and served by the old owner until then.
#![expect(
    clippy::unwrap_used,
    reason = "a test, also outside of its entry points"
)]

mod network;

use floe_api::Reason;
use floe_core::{Axis, Epoch, ShardIndex, SliverPairIndex};
use floe_storage::{RecordKey, ShardState};
use network::{Blob, EPOCH, Network};

/// At first node `i` of five holds shards `i` and `i + 5`; here node 4 has lost 9 to node 0, and node 1
/// has lost 6 to node 2.
fn moved() -> Vec<Vec<u16>> {
    vec![vec![0, 5, 9], vec![1], vec![2, 7, 6], vec![3, 8], vec![4]]
}

/// A network where all nodes hold all they should of these blobs.
async fn with_blobs() -> (Network, Vec<Blob>) {
    let mut network = Network::start(5).await;
    network.lasts = 5;
    let blobs: Vec<_> = (0..5).map(|salt| network.blob(4_000, salt)).collect();
    for (object, blob) in (10..).zip(&blobs) {
        network.register(blob, object, false);
        for node in 0..5 {
            network.upload(node, blob).await;
        }
        network.certify(blob, object, false);
    }
    network.caught_up().await;
    (network, blobs)
}

fn all_complete(network: &Network, blobs: &[Blob]) -> bool {
    (0..5).all(|node| blobs.iter().all(|blob| network.is_complete(node, blob)))
}

async fn all_report(network: &Network, epoch: Epoch) {
    let all = |network: &Network| (0..5).all(|node| network.chain.has_reported(node, epoch));
    network.until("reports", all).await;
}

fn pair_of(network: &Network, blob: &Blob, shard: u16) -> SliverPairIndex {
    let params = network.codec.params();
    params.pair_of_shard(&blob.id(), ShardIndex(shard)).unwrap()
}

fn stored(network: &Network, node: usize, blob: &Blob, shard: u16) -> usize {
    let keys = Axis::BOTH.map(|axis| RecordKey::sliver(ShardIndex(shard), axis, blob.id()));
    2 - network
        .node(node)
        .handle
        .store()
        .missing(keys)
        .unwrap()
        .len()
}

#[tokio::test]
async fn gained_shards_are_filled_by_symbols_and_then_reported() {
    let (mut network, blobs) = with_blobs().await;
    let epoch = network.move_shards(&moved());
    all_report(&network, epoch).await;
    assert!(all_complete(&network, &blobs));
    for blob in &blobs {
        let pair = pair_of(&network, blob, 9);
        for axis in Axis::BOTH {
            let client = &network.node(0).client;
            let sliver = client.sliver(&blob.metadata, pair, axis).await.unwrap();
            assert_eq!(&sliver, blob.sliver(pair, axis));
        }
    }
    // Symbols were moved, for the one shard that is new, and not the blobs.
    let metrics = network.node(0).handle.metrics();
    assert_eq!(metrics.slivers_recovered.get(), 2 * blobs.len() as u64);
    let params = network.codec.params();
    let symbols = u64::from(params.primary_source_symbols() + params.secondary_source_symbols());
    let symbol = blobs[0].metadata.symbol_size().as_usize() as u64 + 33 * 4;
    let expected = blobs.len() as u64 * symbols * symbol;
    let bytes = metrics.recovery_bytes();
    assert!(bytes <= expected + expected / 10, "{bytes} of {expected}");
    let health = network.node(0).handle.health();
    assert_eq!(health.node_status, "Active");
    assert_eq!(health.shard_summary.owned_shard_status.ready, 3);
    network.end().await;
}

#[tokio::test]
async fn nothing_is_reported_while_slivers_are_missing_and_a_power_cut_changes_nothing() {
    let (mut network, blobs) = with_blobs().await;
    // Six shards give enough symbols for secondary slivers, and too few for primary ones.
    network.stop(3).await;
    network.stop(4).await;
    let epoch = network.move_shards(&moved());
    network
        .until("what can be recovered", |network| {
            blobs.iter().all(|blob| stored(network, 0, blob, 9) == 1)
                && network.chain.has_reported(1, epoch)
        })
        .await;
    assert!(!network.chain.has_reported(0, epoch));
    let health = network.node(0).handle.health();
    assert_eq!(health.shard_summary.owned_shard_status.in_recovery, 1);
    network.cut_power(0, 5).await;
    network.restart(0).await;
    network.caught_up().await;
    assert!(!network.chain.has_reported(0, epoch));
    network.restart(3).await;
    network.restart(4).await;
    all_report(&network, epoch).await;
    assert!(all_complete(&network, &blobs));
    network.end().await;
}

#[tokio::test]
async fn lost_shards_are_served_for_one_epoch_and_then_removed() {
    let (mut network, blobs) = with_blobs().await;
    let blob = &blobs[0];
    let late = network.blob(100, 77);
    let epoch = network.move_shards(&moved());
    network.register(&late, 99, false);
    all_report(&network, epoch).await;
    network.caught_up().await;
    let pair = pair_of(&network, blob, 9);
    let old_owner = &network.node(4).client;
    let sliver = old_owner.sliver(&blob.metadata, pair, Axis::Primary).await;
    assert_eq!(&sliver.unwrap(), blob.sliver(pair, Axis::Primary));
    let health = network.node(4).handle.health();
    assert_eq!(health.shard_summary.read_only, 1);
    // It takes nothing of the shard any more.
    let put = old_owner
        .put_metadata(&late.id(), late.metadata_body(), Default::default())
        .await;
    put.unwrap();
    let late_pair = pair_of(&network, &late, 9);
    let body = late.sliver_body(late_pair, Axis::Primary);
    let late_id = late.id();
    let put = old_owner.put_sliver(&late_id, late_pair, Axis::Primary, body, Default::default());
    assert_eq!(
        put.await.unwrap_err().reason(),
        Some(Reason::ShardNotAssigned)
    );

    let epoch = network.move_shards(&moved());
    assert_eq!(epoch, Epoch(EPOCH.0 + 2));
    network
        .until("removal", |network| {
            let store = network.node(4).handle.store();
            blobs.iter().all(|blob| stored(network, 4, blob, 9) == 0)
                && !store.shards().unwrap().contains_key(&ShardIndex(9))
        })
        .await;
    assert!(all_complete(&network, &blobs));
    let got = network
        .node(4)
        .client
        .sliver(&blob.metadata, pair, Axis::Primary);
    assert_eq!(
        got.await.unwrap_err().reason(),
        Some(Reason::ShardNotAssigned)
    );

    // One that comes back is filled again.
    all_report(&network, epoch).await;
    let first = vec![vec![0, 5], vec![1, 6], vec![2, 7], vec![3, 8], vec![4, 9]];
    let epoch = network.move_shards(&first);
    all_report(&network, epoch).await;
    assert!(all_complete(&network, &blobs));
    let shards = network.node(4).handle.store().shards().unwrap();
    assert!(shards.values().all(|state| *state == ShardState::Ready));
    network.end().await;
}
