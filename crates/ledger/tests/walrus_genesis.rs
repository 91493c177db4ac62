//! A network that begins in epoch 1 was made by the contracts' own functions.

mod network;
mod support;

use floe_core::{
    Epoch, ShardIndex,
    onchain::{
        governance::{SlashingManager, UpgradeManager},
        node::StorageNodeCap,
        staking::{EpochState, StakedWal, Staking},
        system::System,
    },
};
use floe_ledger::{GenesisBuilder, GenesisConfig, WalrusGenesis};
use network::{DAY_MS, Network, Options, VERSION, WAL, genesis_config};

const CONFIG_TIME_MS: u64 = 1_700_000_000_000;

fn build(genesis: &WalrusGenesis) -> Result<floe_ledger::Genesis, floe_ledger::GenesisError> {
    let config = GenesisConfig {
        time_ms: CONFIG_TIME_MS,
        validator_key: vec![7; 96],
    };
    let mut builder = GenesisBuilder::new(&config)?;
    builder.walrus(genesis)?;
    Ok(builder.finish())
}

#[test]
fn the_network_is_in_epoch_one_with_a_full_committee() {
    let network = Network::new(&Options::default());
    let (staking, system) = (network.staking(), network.system());
    assert_eq!(
        (staking.epoch, system.committee.epoch),
        (Epoch(1), Epoch(1))
    );
    assert_eq!(
        staking.epoch_state,
        EpochState::EpochChangeDone(CONFIG_TIME_MS)
    );
    assert_eq!(staking.epoch_duration, DAY_MS);
    assert_eq!(staking.committee.0.len(), 13);
    let mut shards: Vec<ShardIndex> = staking
        .committee
        .0
        .iter()
        .flat_map(|(_, shards)| shards.clone())
        .collect();
    shards.sort();
    assert_eq!(shards, (0..100).map(ShardIndex).collect::<Vec<_>>());

    assert_eq!(system.committee.n_shards, 100);
    for (member, (node, shards)) in system.committee.members.iter().zip(&staking.committee.0) {
        assert_eq!(
            (member.node_id, usize::from(member.weight)),
            (*node, shards.len())
        );
        assert_eq!(member.public_key, network.pool(node).node_info.public_key);
    }
    assert_eq!(system.storage_price_per_unit_size, 100_000);
    assert_eq!(system.write_price_per_unit_size, 20_000);
    // Every node has 7 or 8 shards; a quorum votes for at least 2^40 · 100 / 8.
    assert_eq!(system.total_capacity_size, (1_u64 << 40) * 100 / 8);
    network.check_supply();
    assert_eq!(network.supply(), 5_000_000_000 * WAL);
}

#[test]
fn the_objects_are_where_genesis_says() {
    let network = Network::new(&Options::default());
    let ids = &network.ids;
    let staking: Staking = network.read(&ids.staking_object);
    let system: System = network.read(&ids.system_object);
    assert_eq!((staking.version, system.version), (VERSION, VERSION));
    assert_eq!(
        (staking.package_id, system.package_id),
        (ids.walrus_package, ids.walrus_package)
    );
    let manager: UpgradeManager = network.read(&ids.upgrade_manager);
    assert_eq!(
        (manager.cap.package, manager.cap.version),
        (ids.walrus_package, 1)
    );
    assert_eq!(
        network
            .read::<SlashingManager>(&ids.slashing_manager)
            .slashing_candidates
            .size,
        0
    );
    for (node, own) in ids.nodes.iter().zip(&network.nodes) {
        let cap: StorageNodeCap = network.read(&node.cap);
        assert_eq!(
            (cap.node_id, cap.last_epoch_sync_done),
            (node.node_id, Epoch(1))
        );
        let stake: StakedWal = network.read(&node.staked_wal.unwrap());
        assert_eq!(
            (stake.node_id, stake.principal.value),
            (own.node_id, 1000 * WAL)
        );
        assert_eq!(stake.activation_epoch, Epoch(1));
    }
}

#[test]
fn equal_configurations_give_equal_chains() {
    let genesis = genesis_config(&Options::default());
    let (one, two) = (build(&genesis).unwrap(), build(&genesis).unwrap());
    assert_eq!(one.transaction.digest(), two.transaction.digest());
    assert_eq!(one.outcome.effects_digest, two.outcome.effects_digest);
}

#[test]
fn a_mistake_names_the_node() {
    let mut genesis = genesis_config(&Options::default());
    // A proof for another owner.
    genesis.nodes[3].owner = genesis.nodes[4].owner;
    let error = build(&genesis).unwrap_err().to_string();
    assert!(error.starts_with("walrus, node node 3: "), "{error}");
    assert!(
        error.ends_with("::staking_pool::new aborts with code 4"),
        "{error}"
    );

    let mut genesis = genesis_config(&Options::default());
    genesis
        .nodes
        .iter_mut()
        .for_each(|node| node.stake_frost = 0);
    let error = build(&genesis).unwrap_err().to_string();
    assert!(
        error.ends_with("::staking_inner::dhondt aborts with code 3"),
        "{error}"
    );
}
