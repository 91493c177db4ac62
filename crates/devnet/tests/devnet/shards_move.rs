//! Stake, and with it shards, move to another node.

use floe_core::Epoch;

use crate::world::{DAY, FAULTY_MAX, NODES, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_survive_when_stake_moves_shards() {
    let world = World::start().await;
    let mut blobs = Vec::new();
    for (len, salt) in [(1_u32, 1_u8), (5_000, 2), (300_000, 3)] {
        let bytes = (0..len).map(|i| (i % 251) as u8 ^ salt).collect();
        blobs.push(world.store(bytes).await);
    }
    let before = world.shards().await;
    let state = world.state().await;
    // As much again as it has: about a quarter of the shards are to be node 0's.
    let nodes = &state.committees.current.as_ref().unwrap().nodes;
    let node = nodes.iter().find(|node| world.number(node) == 0);
    world
        .wallet
        .stake(&[(node.unwrap().id, 1_000_000_000_000)])
        .await
        .unwrap();
    while world.shards().await[0] == before[0] {
        let (_, epoch) = world.network.driver().advance(DAY).await.unwrap();
        assert!(epoch < Epoch(5), "the stake never counts");
    }
    let after = world.shards().await;
    assert!(after[0] > before[0], "{before:?} → {after:?}");

    // Each node signs that it has every sliver of every blob.
    let state = world.state().await;
    assert!(!state.committees.is_transitioning());
    for node in &*state.committees.current.as_ref().unwrap().nodes {
        let client = world.node(node);
        let health = client.health(Default::default()).await.unwrap();
        let summary = health.shard_summary;
        assert_eq!(summary.owned_shard_status.ready, summary.owned);
        for blob in &blobs {
            let (id, persistence) = (&blob.blob_id, &blob.persistence);
            client
                .confirmation(id, persistence, Default::default())
                .await
                .unwrap();
        }
    }
    // As many nodes as may be gone are, each one in turn.
    for first in 0..NODES {
        let mut gone = 0;
        let down = (first..first + NODES)
            .map(|node| node % NODES)
            .filter(|node| {
                let fits = gone + after[*node] <= FAULTY_MAX;
                gone += if fits { after[*node] } else { 0 };
                fits
            });
        let down: Vec<_> = down.collect();
        world.read_all_without(&down, &blobs).await;
    }
    world.network.stop().await;
}
