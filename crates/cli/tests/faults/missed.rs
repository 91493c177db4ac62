//! A node that missed an upload has its slivers by itself soon.

use std::time::Duration;

use crate::world::{World, store};

/// From its start, a second of deferral included.
const HEAL_TIME_MAX: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_dead_heals_within_seconds() {
    let world = World::start(5, 20).await;
    let client = world.client().await;
    world.stop_node(2).await;
    let bytes = world.random_bytes(500_000);
    let blob = store(&client, &world.wallet, bytes).await.unwrap();
    let clock = &world.env.clock;
    let begun = clock.monotonic();
    world.start_node(2).await;
    while !world.confirms(2, &blob).await {
        let passed = clock.monotonic().since(begun);
        assert!(passed < HEAL_TIME_MAX, "nothing after {passed:?}");
        clock.sleep(Duration::from_millis(20)).await;
    }
    println!("healed after {:?}", clock.monotonic().since(begun));
    world.network.stop().await;
}
