//! From a genesis file to a chain on disk.

use std::{path::Path, sync::Arc};

use floe_core::{Epoch, SuiAddress, messages::ProofOfPossession};
use floe_env::{Access, Env, replace};
use floe_ledger::{
    GenesisAccount, GenesisBuilder, GenesisConfig, GenesisExchange, GenesisNode, WalrusGenesis,
};

use super::{ChainKeys, GenesisFile, Network, NodeEntry, NodeKeys};
use crate::{Options, Service, StartError};

/// The genesis file as it was used, in the chain's folder.
const FILE: &str = "genesis.toml";
/// SUI of the faucet, MIST, and of the user, in several coins.
const FAUCET_SUI_MIST: u64 = 4_000_000_000_000_000_000;
const ACCOUNT_SUI_MIST: u64 = 2_000_000_000_000;
const ACCOUNT_SUI_COINS: usize = 5;
/// WAL of both, FROST.
const FAUCET_WAL_FROST: u64 = 1_000_000_000_000_000_000;
const ACCOUNT_WAL_FROST: u64 = 10_000_000_000_000;
/// SUI of each node's wallet, MIST.
const NODE_SUI_MIST: u64 = 1_000_000_000_000;

/// A chain on disk that is ready to run.
#[derive(Debug)]
pub struct Chain {
    /// The node.
    pub service: Service,
    /// Where things are.
    pub network: Network,
    /// The keys of its wallets.
    pub keys: ChainKeys,
}

/// Opens the chain in the folder of `options`; starts one after `genesis` if there is none. The
/// folder is made if it does not exist. Blocks.
///
/// # Errors
/// [`StartError`]; [`StartError::NoGenesis`] if there is neither a chain nor a genesis.
pub fn start_chain(
    env: &Env,
    options: &Options,
    genesis: Option<&GenesisFile>,
) -> Result<Chain, StartError> {
    if !Service::exists(env, options)? {
        let genesis = genesis.ok_or_else(|| StartError::NoGenesis {
            dir: options.dir.display().to_string(),
        })?;
        env.disk.create_dir_all(&options.dir)?;
        create(env, options, genesis)?;
    }
    let keys = ChainKeys::read(&env.disk, &options.dir)?;
    let network = Network::read(&*env.disk, &options.dir)?;
    let service = Service::open(env.clone(), options, Arc::clone(&keys.validator))?;
    let found = service.handle().reader()?.chain_id();
    if found != network.chain_id {
        return Err(StartError::OtherChain {
            found,
            reason: format!("network.json is of chain {}", network.chain_id),
        });
    }
    Ok(Chain {
        service,
        network,
        keys,
    })
}

/// Makes keys and the first state. The ledger gets its name last, so that an interrupted attempt is
/// simply repeated.
fn create(env: &Env, options: &Options, file: &GenesisFile) -> Result<(), StartError> {
    file.validate()?;
    let dir = &options.dir;
    let keys = ChainKeys::ensure(&env.disk, &*env.rng, dir)?;
    let time_ms = file.time_ms.unwrap_or_else(|| env.clock.wall().0);
    let mut builder = GenesisBuilder::new(&GenesisConfig {
        time_ms,
        validator_key: keys.validator.public_key().inner().to_vec(),
    })?;
    let walrus = builder.walrus(&walrus_genesis(env, dir, file, &keys)?)?;
    let genesis = builder.finish();
    let first = Service::first_checkpoint(&genesis, time_ms, &keys.validator)?;
    let network = Network {
        chain_id: first.chain_id(),
        walrus,
    };
    network.write(&env.disk, dir)?;
    let text = GenesisFile {
        time_ms: Some(time_ms),
        ..file.clone()
    }
    .to_toml();
    let path = dir.join(FILE);
    replace(&env.disk, &path, text.as_bytes(), Access::Shared)?;
    Service::create(env, options, &first)
}

fn walrus_genesis(
    env: &Env,
    dir: &Path,
    file: &GenesisFile,
    keys: &ChainKeys,
) -> Result<WalrusGenesis, StartError> {
    let nodes = file.nodes.iter();
    let nodes: Vec<GenesisNode> = nodes
        .map(|entry| genesis_node(env, dir, entry))
        .collect::<Result<_, _>>()?;
    let account = |address: SuiAddress, sui_mist, wal_frost| GenesisAccount {
        address,
        sui_mist,
        wal_frost,
    };
    let user = keys.account.address();
    let mut accounts = vec![
        account(keys.faucet.address(), FAUCET_SUI_MIST, FAUCET_WAL_FROST),
        account(user, ACCOUNT_SUI_MIST, ACCOUNT_WAL_FROST),
    ];
    accounts.extend((1..ACCOUNT_SUI_COINS).map(|_| account(user, ACCOUNT_SUI_MIST, 0)));
    accounts.extend(
        nodes
            .iter()
            .map(|node| account(node.owner, NODE_SUI_MIST, 0)),
    );
    accounts.extend(
        file.accounts
            .iter()
            .map(|entry| account(entry.address, entry.sui_mist, entry.wal_frost)),
    );
    let exchange = (file.exchange.wal_frost > 0).then_some(GenesisExchange {
        wal_frost: file.exchange.wal_frost,
        sui_mist: file.exchange.sui_mist,
    });
    Ok(WalrusGenesis {
        publisher: user,
        n_shards: file.n_shards,
        epoch_duration_ms: file.epoch_duration.as_ms(),
        max_epochs_ahead: file.max_epochs_ahead,
        nodes,
        exchange,
        accounts,
    })
}

fn genesis_node(env: &Env, dir: &Path, entry: &NodeEntry) -> Result<GenesisNode, StartError> {
    let keys = match &entry.keys {
        Some(keys) => keys.clone(),
        None => {
            let keys = NodeKeys::ensure(&env.disk, &*env.rng, dir, &entry.name)?;
            let owner = keys.wallet.address();
            super::NodeKeysEntry {
                public_key: keys.protocol.public_key(),
                proof_of_possession: ProofOfPossession::sign(&keys.protocol, Epoch(0), owner),
                network_public_key: keys.network.public_key(),
                owner,
            }
        }
    };
    Ok(GenesisNode {
        name: entry.name.clone(),
        network_address: entry.network_address.clone(),
        public_key: keys.public_key,
        proof_of_possession: keys.proof_of_possession,
        network_public_key: keys.network_public_key,
        commission_rate: entry.commission_rate,
        storage_price: entry.storage_price,
        write_price: entry.write_price,
        node_capacity: entry.capacity_bytes,
        owner: keys.owner,
        stake_frost: entry.stake_frost,
    })
}
