//! Nodes, stakes, votes and epochs.

use crate::support::*;
use floe_contracts::{
    NodeInfo, TransactionError, Wallet,
    calls::{Identity, Vote},
};
use floe_core::{
    Epoch, ObjectId,
    messages::ProofOfPossession,
    onchain::{
        events::ContractEvent,
        staking::{EpochState, StakedWalState},
    },
};

pub(crate) fn refusal(error: &TransactionError) -> String {
    let name = error.abort().and_then(floe_contracts::Abort::name);
    name.map_or_else(|| error.to_string(), |name| name.name.to_owned())
}

/// Brings the network to the next epoch.
async fn next_epoch(network: &Network, operator: &Wallet) -> Epoch {
    let contracts = operator.contracts();
    network.advance(EPOCH / 2).await;
    operator.voting_end().await.unwrap();
    network.advance(EPOCH / 2).await;
    operator.initiate_epoch_change().await.unwrap();
    let state = contracts.refresh().await.unwrap();
    assert!(state.committees.is_transitioning());
    for cap in contracts.all_node_caps(operator.address()).await.unwrap() {
        let member = state.committees.current.as_ref().unwrap();
        if member.find(&cap.value.node_id).is_some() {
            let id = cap.value.id.0;
            operator.epoch_sync_done(id, state.epoch).await.unwrap();
        }
    }
    let state = contracts.refresh().await.unwrap();
    assert!(!state.committees.is_transitioning());
    state.epoch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_of_genesis_is_read() {
    let network = Network::start().await;
    let contracts = network.contracts().await;
    let state = contracts.state().await.unwrap();
    assert_eq!((state.epoch, state.n_shards.get()), (Epoch(1), SHARDS));
    assert_eq!(state.prices.storage_frost, STORAGE_PRICE);
    assert_eq!(state.max_epochs_ahead(), 53);
    assert_eq!(state.deployment.package, network.walrus.walrus_package);
    assert_eq!(
        sui_sdk_types::TypeTag::from(state.deployment.wal_type.clone()),
        network.walrus.wal_type
    );
    let map = state.committees.for_writes().unwrap();
    assert_eq!(map.nodes.len(), usize::from(NODES));
    assert!(state.committees.previous.is_none() && state.committees.next.is_none());
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..NODES {
        let (index, member) = map
            .committee
            .find_key(&bls_key(number).public_key())
            .unwrap();
        let node: &NodeInfo = map.node(index).unwrap();
        assert_eq!(node.name, format!("node-{number}"));
        assert_eq!(
            node.network_public_key,
            Some(network_key(number).public_key())
        );
        assert_eq!(map.shards_of(&node.id), member.shards);
        seen.extend(member.shards.iter().copied());
    }
    assert_eq!(seen.len(), usize::from(SHARDS));
    let active = contracts.active_set().await.unwrap();
    assert_eq!(active.nodes.len(), usize::from(NODES));

    let mut wrong = network.config();
    wrong.n_shards = Some(1000);
    let error = floe_contracts::Contracts::connect(&env(), wrong, Default::default()).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("configured n_shards is 1000, the chain has 13"),
        "{error}"
    );
    let mut wrong = network.config();
    wrong.system_object = nowhere();
    let error = floe_contracts::Contracts::connect(&env(), wrong, Default::default()).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("no System with id 0x")
    );
    let mut wrong = network.config();
    std::mem::swap(&mut wrong.system_object, &mut wrong.staking_object);
    let error = floe_contracts::Contracts::connect(&env(), wrong, Default::default()).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("to be a system::System")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_join_vote_earn_and_are_paid() {
    let network = Network::start().await;
    let operator = network.wallet(operator()).await;
    let staker = network.wallet(user(1)).await;
    let contracts = operator.contracts().clone();

    let mut forged = registration(20, &operator, Epoch(1));
    forged.proof_of_possession =
        ProofOfPossession::sign(&bls_key(21), Epoch(1), operator.address());
    let error = operator.register_nodes(&[forged]).await.unwrap_err();
    assert_eq!(refusal(&error), "EInvalidProofOfPossession");
    let nodes = [20, 21].map(|number| registration(number, &operator, Epoch(1)));
    let (caps, _) = operator.register_nodes(&nodes).await.unwrap();
    let pools = [caps[0].node_id, caps[1].node_id];
    let pool = contracts.pool(pools[0]).await.unwrap();
    assert_eq!(pool.node_info.name, "new-20");
    let metadata = contracts.node_metadata(&pool).await.unwrap();
    assert_eq!(metadata.description, "a node");

    let error = staker.stake(&[(pools[0], WAL - 1)]).await.unwrap_err();
    assert_eq!(refusal(&error), "EStakeBelowThreshold");
    let error = staker.stake(&[(ObjectId([9; 32]), WAL)]).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("there is no such node, blob or entry"),
        "{text}"
    );
    let wanted = [(pools[0], 300 * WAL), (pools[1], 200 * WAL)];
    let (stakes, _) = staker.stake(&wanted).await.unwrap();
    assert_eq!(stakes.len(), 2);
    assert_eq!(stakes[1].node_id, pools[1]);
    assert!(staker.can_withdraw_early(stakes[0].id.0).await.unwrap());

    // All nodes, old and new, want another price.
    let mine = contracts.all_node_caps(operator.address()).await.unwrap();
    assert_eq!(mine.len(), usize::from(NODES) + 2);
    operator
        .run(|calls| {
            for cap in &mine {
                calls.vote(cap.value.id.0, Vote::StoragePrice(5000));
                calls.set_next_commission(cap.value.id.0, 2000);
            }
            calls.update_prices();
        })
        .await
        .unwrap();
    assert_eq!(
        contracts.refresh().await.unwrap().prices.storage_frost,
        5000
    );

    let error = operator.voting_end().await.unwrap_err();
    assert_eq!(refusal(&error), "EWrongEpochState");
    assert_eq!(next_epoch(&network, &operator).await, Epoch(2));
    let state = contracts.state().await.unwrap();
    let current = state.committees.for_writes().unwrap();
    assert!(current.find(&pools[0]).is_some());
    assert_eq!(state.committees.previous.as_ref().unwrap().nodes.len(), 5);
    assert!(matches!(
        state.staking_inner.epoch_state,
        EpochState::EpochChangeDone(_)
    ));

    // Somebody pays for storage, so there is something to earn in epoch 2.
    let buyer = network.wallet(user(2)).await;
    buyer
        .buy_storage(1 << 30, Epoch(2), Epoch(3))
        .await
        .unwrap();
    assert_eq!(next_epoch(&network, &operator).await, Epoch(3));
    let pool = contracts.pool(pools[0]).await.unwrap();
    assert!(pool.commission.value > 0 && pool.rewards_pool.value > 0);
    let rewards = staker
        .rewards(pools[0], 300 * WAL, Epoch(2), Epoch(3))
        .await
        .unwrap();
    assert!(rewards > 0 && rewards <= pool.rewards_pool.value);
    assert_eq!(contracts.collectable_commission(&pool).await.unwrap(), 0);

    // Commission is blocked until the vote of this epoch is over.
    network.advance(EPOCH / 2).await;
    operator.voting_end().await.unwrap();
    let pool = contracts.pool(pools[0]).await.unwrap();
    let collectable = contracts.collectable_commission(&pool).await.unwrap();
    assert_eq!(collectable, pool.commission.value);
    let before = operator.wal_balance().await.unwrap();
    let cap_type = state
        .deployment
        .type_of::<floe_core::onchain::node::StorageNodeCap>();
    let identity = Identity::Object(caps[0].id.0, cap_type);
    let somebody = Identity::Address(staker.address());
    let error = staker
        .collect_commission(pools[0], somebody)
        .await
        .unwrap_err();
    assert_eq!(refusal(&error), "EAuthorizationFailure");
    operator
        .collect_commission(pools[0], identity)
        .await
        .unwrap();
    assert_eq!(operator.wal_balance().await.unwrap() - before, collectable);

    let error = staker.withdraw(&[stakes[0].id.0]).await.unwrap_err();
    assert_eq!(refusal(&error), "ENotWithdrawing");
    staker.request_withdraw(&[stakes[0].id.0]).await.unwrap();
    let stake = contracts.staked_wal(stakes[0].id.0).await.unwrap();
    let StakedWalState::Withdrawing { withdraw_epoch } = stake.state else {
        panic!("{stake:?}");
    };
    assert_eq!(withdraw_epoch, Epoch(5));
    let error = staker.withdraw(&[stakes[0].id.0]).await.unwrap_err();
    assert_eq!(refusal(&error), "EWithdrawEpochNotReached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stakes_are_given_back_with_rewards() {
    let network = Network::start().await;
    let operator = network.wallet(operator()).await;
    let staker = network.wallet(user(1)).await;
    let contracts = operator.contracts().clone();
    let node = network.walrus.nodes[0].node_id;
    let (stakes, _) = staker.stake(&[(node, 100 * WAL)]).await.unwrap();
    let id = stakes[0].id.0;
    let before = staker.wal_balance().await.unwrap();
    // Not active yet: it comes back at once, whole.
    staker.withdraw(&[id]).await.unwrap();
    assert_eq!(staker.wal_balance().await.unwrap() - before, 100 * WAL);

    let (stakes, _) = staker.stake(&[(node, 100 * WAL)]).await.unwrap();
    let id = stakes[0].id.0;
    next_epoch(&network, &operator).await;
    let buyer = network.wallet(user(2)).await;
    buyer
        .buy_storage(1 << 30, Epoch(2), Epoch(3))
        .await
        .unwrap();
    staker.request_withdraw(&[id]).await.unwrap();
    assert_eq!(next_epoch(&network, &operator).await, Epoch(3));
    let expected = staker
        .rewards(node, 100 * WAL, Epoch(2), Epoch(3))
        .await
        .unwrap();
    assert!(expected > 0);
    let before = staker.wal_balance().await.unwrap();
    staker.withdraw(&[id]).await.unwrap();
    assert_eq!(
        staker.wal_balance().await.unwrap() - before,
        100 * WAL + expected
    );
    assert_eq!(contracts.all_stakes(staker.address()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_vote_on_upgrades_and_slashing() {
    let network = Network::start().await;
    let operator = network.wallet(operator()).await;
    let contracts = operator.contracts().clone();
    let (upgrades, slashings) = (
        network.walrus.upgrade_manager,
        network.walrus.slashing_manager,
    );
    let nodes: Vec<_> = network
        .walrus
        .nodes
        .iter()
        .map(|node| node.node_id)
        .collect();
    let me = Identity::Address(operator.address());
    let digest = [7; 32];
    let executed = operator
        .run(|calls| {
            for node in &nodes {
                calls.vote_for_upgrade(upgrades, *node, me.clone(), &digest);
            }
        })
        .await
        .unwrap();
    let quorum =
        |event: &&ContractEvent| matches!(event, ContractEvent::ContractUpgradeQuorumReached(_));
    assert!(executed.events.iter().find(quorum).is_some());
    let (_, proposal) = contracts.upgrade_proposal(upgrades, digest).await.unwrap();
    assert_eq!(proposal.unwrap().voting_weight, SHARDS);
    let again = operator
        .run(|calls| calls.vote_for_upgrade(upgrades, nodes[0], me.clone(), &digest))
        .await;
    assert_eq!(refusal(&again.unwrap_err()), "EDuplicateVote");

    let bad = nodes[4];
    operator
        .run(|calls| calls.vote_for_slashing(slashings, nodes[0], me.clone(), bad))
        .await
        .unwrap();
    let treasury = network.walrus.treasury_object;
    let early = operator
        .run(|calls| calls.execute_slashing(slashings, treasury, bad))
        .await;
    assert_eq!(refusal(&early.unwrap_err()), "ENotEnoughVotes");
    operator
        .run(|calls| {
            for node in &nodes[1..4] {
                calls.vote_for_slashing(slashings, *node, me.clone(), bad);
            }
            calls.execute_slashing(slashings, treasury, bad);
        })
        .await
        .unwrap();
    let proposal = contracts.slashing_proposal(slashings, bad).await.unwrap();
    assert_eq!(proposal, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wal_is_exchanged_for_sui() {
    let network = Network::start().await;
    let wallet = network.wallet(user(2)).await;
    let exchange = network.walrus.exchange_object.unwrap();
    let before = wallet.wal_balance().await.unwrap();
    wallet
        .exchange_sui_for_wal(exchange, 2 * SUI)
        .await
        .unwrap();
    assert_eq!(wallet.wal_balance().await.unwrap() - before, 2 * WAL);
    let left = wallet.contracts().exchange(exchange).await.unwrap();
    assert_eq!((left.wal.value, left.sui.value), (998 * WAL, 2 * SUI));
}
