//! From a genesis file to a Walrus network with keys, wallets and a faucet.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod support;

use std::{path::Path, sync::Arc};

use floe_core::{ObjectId, SuiAddress};
use floe_env::{Access, Disk};
use floe_fullnode::{
    Faucet, FaucetOptions, Options, Reader, StartError,
    genesis::{Chain, GenesisFile, Network, NodeEntry, env_lines, start_chain, write_env_file},
};
use floe_ledger::token_total;
use support::{GENESIS_MS, Node, SUI, User, crash_disk};

/// FROST in existence: five billion WAL.
const WAL_SUPPLY: u128 = 5_000_000_000_000_000_000;

fn file() -> GenesisFile {
    GenesisFile {
        n_shards: 10,
        nodes: (0..4)
            .map(|index| NodeEntry::new(format!("node-{index}"), format!("127.0.0.1:{index}")))
            .collect(),
        ..GenesisFile::default()
    }
}

fn options() -> Options {
    Options {
        store_cache_bytes: 4 << 20,
        ..Options::new("/chain")
    }
}

fn start(disk: &Arc<dyn Disk>, file: Option<&GenesisFile>) -> Result<Chain, StartError> {
    start_chain(
        &support::env(Arc::clone(disk), GENESIS_MS),
        &options(),
        file,
    )
}

fn total_wal(reader: &Reader, network: &Network) -> u128 {
    let mut objects = Vec::new();
    reader
        .for_each_live(&mut |object| objects.push(object))
        .unwrap();
    let objects = objects.iter().map(|object| object.object());
    token_total(objects, &network.walrus.wal_type).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_new_chain_has_everything_and_keeps_it_over_restarts() {
    let (crash, disk) = crash_disk();
    let chain = start(&disk, Some(&file())).unwrap();
    let network = chain.network.clone();
    let account = chain.keys.account.address();
    assert_eq!(network.walrus.nodes.len(), 4);
    for key in [
        "keys/validator.key",
        "keys/faucet.key",
        "keys/account.key",
        "nodes/node-0/protocol.key",
        "nodes/node-3/network.key",
        "nodes/node-3/wallet.key",
    ] {
        let path = Path::new("/chain").join(key);
        assert_eq!(crash.access(&path).unwrap(), Access::Private, "{key}");
    }
    let faucet = Faucet::new(
        chain.service.handle(),
        chain.keys.faucet.key().clone(),
        FaucetOptions::new(Some(network.walrus.wal_type.clone())),
    );
    let node = Node::run(chain.service);
    let stranger = User::new(7);
    let coins = faucet.grant(stranger.address()).await.unwrap();
    assert_eq!(coins.len(), 5);
    {
        let reader = node.handle.reader().unwrap();
        let owner = stranger.sui_address();
        let sui = reader.balance(&owner, &"0x2::sui::SUI".parse().unwrap());
        assert_eq!(sui.unwrap().amount, 1000 * SUI);
        let wal = reader.balance(&owner, &network.walrus.wal_type);
        assert_eq!(wal.unwrap().amount, 500 * SUI);
        assert_eq!(total_wal(&reader, &network), WAL_SUPPLY);
        let system = reader.object(&network.walrus.system_object).unwrap();
        assert!(system.is_some());
    }
    node.stop().await.unwrap();
    drop(faucet);

    let again = start(&disk, None).unwrap();
    assert_eq!(again.network, network);
    assert_eq!(again.keys.account.address(), account);
    let reader = again.service.handle().reader().unwrap();
    assert_eq!(total_wal(&reader, &network), WAL_SUPPLY);
    for (address, token) in [
        (account, "0x2::sui::SUI".parse().unwrap()),
        (account, network.walrus.wal_type.clone()),
    ] {
        assert!(reader.balance(&address, &token).unwrap().amount > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_environment_has_what_clients_need_and_is_private() {
    let (crash, disk) = crash_disk();
    let chain = start(&disk, Some(&file())).unwrap();
    let url = "http://127.0.0.1:9000";
    let lines = env_lines(&chain.network, &chain.keys.account, url, Some(url)).unwrap();
    let names: Vec<_> = lines.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "SUI_GRPC_URL",
            "SUI_FAUCET_URL",
            "SYSTEM_OBJECT_ID",
            "STAKING_OBJECT_ID",
            "WALRUS_PACKAGE_ID",
            "WAL_PACKAGE_ID",
            "WAL_TYPE",
            "EXCHANGE_ID",
            "SUI_ADDRESS",
            "SUI_SECRET_KEY",
        ]
    );
    let path = Path::new("/env");
    write_env_file(&disk, path, &lines).unwrap();
    assert_eq!(crash.access(path).unwrap(), Access::Private);
    let text = String::from_utf8(disk.read(path, 10_000).unwrap()).unwrap();
    assert_eq!(text.lines().count(), names.len());
    let secret = lines.last().unwrap();
    assert!(secret.1.starts_with("suiprivkey1"));
    assert!(!format!("{:?}", chain.keys).contains("suiprivkey1"));
}

#[tokio::test(start_paused = true)]
async fn two_chains_have_nothing_in_common() {
    let start = || {
        let (_, disk) = crash_disk();
        let mut env = support::env(disk, GENESIS_MS);
        env.rng = Arc::new(floe_env::OsRng);
        start_chain(&env, &options(), Some(&file())).unwrap()
    };
    let (one, other) = (start(), start());
    assert_ne!(one.network.chain_id, other.network.chain_id);
    assert_ne!(
        one.network.walrus.system_object,
        other.network.walrus.system_object
    );
    let addresses: [SuiAddress; 2] = [&one, &other].map(|chain| chain.keys.account.address());
    assert_ne!(addresses[0], addresses[1]);
}

#[tokio::test(start_paused = true)]
async fn without_a_genesis_there_is_no_chain() {
    let (_, disk) = crash_disk();
    assert!(matches!(
        start(&disk, None),
        Err(StartError::NoGenesis { .. })
    ));
    let broken = GenesisFile {
        n_shards: 0,
        ..file()
    };
    assert!(matches!(
        start(&disk, Some(&broken)),
        Err(StartError::GenesisFile(_))
    ));
    let chain = start(&disk, Some(&file())).unwrap();
    assert_ne!(chain.network.walrus.staking_object, ObjectId([0; 32]));
}
