//! Following events: in order, from anywhere, and only if they are proven.

use std::sync::Arc;

use crate::support::{
    proxy::{Proxy, Tamper},
    *,
};
use floe_contracts::{
    Chain, EventFollower, FollowError, NewBlob, Position, RpcOptions, StorageSource,
    events::CheckpointFault,
};
use floe_core::onchain::events::ContractEvent;
use sui_rpc::proto::sui::rpc::v2 as proto;

fn blob(seed: u8) -> NewBlob {
    NewBlob {
        facts: facts(seed, 100, true),
        storage: StorageSource::Buy { epochs: 1 },
        attributes: vec![],
        owner: None,
    }
}

fn chain(url: &str) -> Chain {
    Chain::new(&env(), [url], RpcOptions::default()).unwrap()
}

/// Follows until so many events have come.
async fn collect(follower: &mut EventFollower, count: usize) -> Vec<(String, ContractEvent)> {
    let mut events = Vec::new();
    while events.len() < count {
        let checkpoint = follower.next().await.unwrap();
        let mine = checkpoint.events.into_iter();
        events.extend(mine.map(|event| (event.cursor.to_string(), event.event)));
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_followed_from_the_start_as_they_happen_and_after_a_restart() {
    let network = Network::start().await;
    let wallet = network.wallet(user(1)).await;
    wallet.register(&[blob(1), blob(2)], None).await.unwrap();
    let mut follower = EventFollower::start(chain(&network.url), &network.trust).unwrap();
    let is_registration =
        |event: &&(String, ContractEvent)| matches!(event.1, ContractEvent::BlobRegistered(_));
    let mut all = Vec::new();
    while all.iter().filter(is_registration).count() < 2 {
        all.extend(collect(&mut follower, 1).await);
    }
    // Genesis: the first epoch has begun.
    assert!(matches!(
        &all[0].1,
        ContractEvent::EpochParametersSelected(event) if event.next_epoch.0 == 1
    ));

    // What happens from now on comes by subscription.
    let waiting = tokio::spawn(async move {
        let events = collect(&mut follower, 1).await;
        (events, follower)
    });
    wallet.register(&[blob(3)], None).await.unwrap();
    let (live, follower) = waiting.await.unwrap();
    assert!(matches!(
        &live[0].1,
        ContractEvent::BlobRegistered(event) if event.blob_id == facts(3, 100, true).blob_id
    ));

    // A follower that was stopped goes on where it was.
    let kept = follower.position().to_bytes();
    drop(follower);
    wallet.register(&[blob(4)], None).await.unwrap();
    let position = Position::from_bytes(&kept).unwrap();
    let mut resumed = EventFollower::resume(chain(&network.url), position).unwrap();
    let later = collect(&mut resumed, 1).await;
    all.extend(live);
    all.extend(later);

    // One that begins anew sees the same.
    let mut again = EventFollower::start(chain(&network.url), &network.trust).unwrap();
    assert_eq!(collect(&mut again, all.len()).await, all);
}

async fn refused(network: &Network, tamper: Tamper) -> CheckpointFault {
    let proxy = Proxy::new(&network.url, tamper);
    let url = network.serve(proxy.router()).await;
    let mut follower = EventFollower::start(chain(&url), &network.trust).unwrap();
    loop {
        match follower.next().await {
            Ok(checkpoint) => assert!(
                checkpoint
                    .events
                    .iter()
                    .all(|event| { !matches!(event.event, ContractEvent::BlobRegistered(_)) })
            ),
            Err(FollowError::Checkpoint(error)) => return error.fault,
            Err(error) => panic!("{error}"),
        }
    }
}

fn has_blob(checkpoint: &proto::Checkpoint) -> bool {
    let transactions = &checkpoint.transactions;
    checkpoint.sequence_number() > 0 && transactions.iter().any(|t| t.events.is_some())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lying_node_is_found_out() {
    let network = Network::start().await;
    let wallet = network.wallet(user(1)).await;
    wallet.register(&[blob(1)], None).await.unwrap();

    let hides_events: Tamper = Arc::new(|checkpoint| {
        for transaction in &mut checkpoint.transactions {
            transaction.events = None;
        }
    });
    let fault = refused(&network, hides_events).await;
    assert!(
        matches!(fault, CheckpointFault::MissingEvents { .. }),
        "{fault}"
    );

    let alters_events: Tamper = Arc::new(|checkpoint| {
        for transaction in &mut checkpoint.transactions {
            let events = transaction
                .events
                .as_mut()
                .and_then(|events| events.bcs.as_mut());
            if let Some(bcs) = events {
                let mut bytes = bcs.value().to_vec();
                *bytes.last_mut().unwrap() ^= 1;
                bcs.value = Some(bytes.into());
            }
        }
    });
    let fault = refused(&network, alters_events).await;
    assert!(
        matches!(fault, CheckpointFault::Digest { what: "events", .. }),
        "{fault}"
    );

    let hides_transactions: Tamper = Arc::new(|checkpoint| {
        if has_blob(checkpoint) {
            checkpoint.transactions.clear();
        }
    });
    let fault = refused(&network, hides_transactions).await;
    assert!(
        matches!(fault, CheckpointFault::Transactions { .. }),
        "{fault}"
    );

    let replays: Tamper = Arc::new(|checkpoint| {
        if has_blob(checkpoint) {
            checkpoint.sequence_number = Some(checkpoint.sequence_number() - 1);
        }
    });
    let fault = refused(&network, replays).await;
    assert!(matches!(fault, CheckpointFault::Sequence { .. }), "{fault}");

    let unsigned: Tamper = Arc::new(|checkpoint| {
        if checkpoint.sequence_number() > 0 {
            checkpoint.signature = None;
        }
    });
    let fault = refused(&network, unsigned).await;
    assert!(matches!(fault, CheckpointFault::Unsigned), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_node_makes_up_for_a_lying_one() {
    let network = Network::start().await;
    let wallet = network.wallet(user(1)).await;
    wallet.register(&[blob(1)], None).await.unwrap();
    let liar = Proxy::new(
        &network.url,
        Arc::new(|checkpoint| checkpoint.transactions.clear()),
    );
    let url = network.serve(liar.router()).await;
    let nodes = Chain::new(&env(), [&url, &network.url], RpcOptions::default()).unwrap();
    let mut follower = EventFollower::start(nodes, &network.trust).unwrap();
    let mut honest = EventFollower::start(chain(&network.url), &network.trust).unwrap();
    let expected = collect(&mut honest, 5).await;
    assert_eq!(
        collect(&mut follower, expected.len()).await[..],
        expected[..]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_chain_is_refused() {
    let network = Network::start().await;
    let mut trust = network.trust.clone();
    trust.chain_id = sui_sdk_types::Digest::new([1; 32]);
    let mut follower = EventFollower::start(chain(&network.url), &trust).unwrap();
    let error = follower.next().await.unwrap_err();
    assert!(matches!(error, FollowError::Chain { .. }), "{error}");
    assert!(!error.is_retryable());
}
