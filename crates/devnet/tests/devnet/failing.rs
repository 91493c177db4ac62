//! Parts of a devnet that fail.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use floe_api::Stored as Status;
use floe_core::{Axis, BlobId};
use floe_devnet::control::{Controller as _, Request};
use floe_devnet::{Network, Options};
use floe_env::testing::{CrashDisk, Fault};
use floe_env::{Env, PoolSize};
use floe_fullnode::genesis::Span;

use crate::world::{DAY, World};

const HOUR_MS: u64 = 3_600_000;

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(60), future).await;
    ended.expect("it takes forever")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_the_chain_ends_the_network_which_says_why() {
    let disk = CrashDisk::new();
    let env = Env {
        disk: Arc::new(disk.clone()),
        ..Env::production(PoolSize::default()).unwrap()
    };
    let options = Options {
        dir: "/devnet".into(),
        nodes: 4,
        n_shards: 10,
        epoch_duration: Span(DAY),
        port: 0,
        program: None,
    };
    let network = Network::start(env, &options).await.unwrap();
    assert_eq!(network.failed_nodes().await, []);
    disk.set_capacity(1 << 20);
    let warning = network.room_warning().unwrap();
    assert!(warning.contains("nothing can be stored"), "{warning}");
    let next = disk.operations();
    for operation in next..next + 100_000 {
        disk.fail_at(operation, Fault::NoSpace);
    }
    let advance = Request::Advance { millis: HOUR_MS };
    for _ in 0..2 {
        let refused = soon(network.carry_out(advance)).await.unwrap_err();
        assert!(refused.contains("the full node has stopped"), "{refused}");
        assert!(refused.contains("os error 28"), "{refused}");
    }
    let reason = soon(network.failed()).await;
    assert!(reason.starts_with("the full node failed: "), "{reason}");
    assert!(reason.contains("os error 28"), "{reason}");
    soon(network.stop()).await;
}

/// Whether a node has all it should have of a blob.
async fn is_complete(world: &World, number: usize, blob_id: &BlobId) -> bool {
    let state = world.state().await;
    let current = state.committees.current.as_ref().unwrap();
    let info = current
        .nodes
        .iter()
        .find(|node| world.number(node) == number);
    let info = info.unwrap();
    let client = world.node(info);
    let params = floe_core::CodeParams::for_encoding(state.n_shards.get()).unwrap();
    for shard in current.shards_of(&info.id) {
        let pair = params.pair_of_shard(blob_id, *shard).unwrap();
        for axis in Axis::BOTH {
            let status = client.sliver_status(blob_id, pair, axis).await;
            if !matches!(status, Ok(Status::Stored)) {
                return false;
            }
        }
    }
    true
}

fn state_of(status: &serde_json::Value, node: usize) -> (&str, &str) {
    let node = &status["nodes"][node];
    let text = |key: &str| node[key].as_str().unwrap_or_default();
    (text("state"), text("reason"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_whose_stores_are_lost_fail_alone_and_are_filled_again() {
    let world = World::start().await;
    let blob = world.store(vec![7; 30_000]).await;
    let lose = |dir: &Path| {
        std::fs::remove_dir_all(dir.join("nodes/node-03")).unwrap();
        let index = dir.join("nodes/node-05/index.redb");
        let index = std::fs::OpenOptions::new().write(true).open(index);
        index.unwrap().set_len(5_000).unwrap();
    };
    let world = world.restarted(lose).await;
    let failed = world.network.failed_nodes().await;
    let numbers: Vec<_> = failed.iter().map(|failure| failure.node).collect();
    assert_eq!(numbers, [3, 5], "{failed:?}");
    let status = world.network.carry_out(Request::Status).await.unwrap();
    let (state, reason) = state_of(&status, 3);
    assert_eq!(state, "failed");
    assert!(reason.contains("its database is gone"), "{reason}");
    let (state, reason) = state_of(&status, 5);
    assert_eq!(state, "failed");
    assert!(reason.contains("index"), "{reason}");
    assert_eq!(state_of(&status, 0), ("up", ""));
    // The others serve.
    let read = world.client.read(blob.blob_id, floe_client::Check::Strict);
    assert_eq!(read.await.unwrap(), blob.bytes);

    let start = |node, new_store| Request::StartNode { node, new_store };
    for node in [3, 5] {
        // What is lost is not replaced without being asked for.
        world
            .network
            .carry_out(start(node, false))
            .await
            .unwrap_err();
        let answer = world.network.carry_out(start(node, true)).await.unwrap();
        let message = answer["message"].as_str().unwrap();
        assert_eq!(
            message.contains("the old one is in"),
            node == 5,
            "{message}"
        );
        let refused = world.network.carry_out(start(node, true)).await;
        let refused = refused.unwrap_err();
        assert!(refused.contains("stop it first"), "{refused}");
    }
    let old = world.network.dir().join("nodes/node-05.old-1/index.redb");
    assert!(old.exists());
    assert_eq!(world.network.failed_nodes().await, []);
    let healed = async {
        for node in [3, 5] {
            while !is_complete(&world, node, &blob.blob_id).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    soon(healed).await;
    world.network.stop().await;
}
