//! Networks at their beginning, made once and copied for every simulation.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use floe_contracts::{NetworkConfig, Trust};
use floe_core::SuiAddress;
use floe_env::testing::{CrashDisk, ManualClock, SeededRng};
use floe_env::{Disk, Env, Inline, Rng, TokioSpawn};
use floe_fullnode::genesis::{Chain, GenesisFile, NodeEntry, start_chain};
use floe_ledger::token_total;
use floe_node::{Keys, Node};
use sui_sdk_types::TypeTag;

use crate::Error;
use crate::cluster::{CHAIN_HOST, CHAIN_PORT, DIR, NODE_PORT, full_node_options, node_host};
use crate::host::EPOCH;
use crate::net::SimNet;

/// What a network is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Storage nodes, with the same stake each.
    pub nodes: usize,
    /// Shards.
    pub n_shards: u16,
}

/// The shapes that seeds choose from. The last shard of the first and the last one is somebody's
/// only one.
pub const SHAPES: [Shape; 3] = [
    Shape {
        nodes: 4,
        n_shards: 7,
    },
    Shape {
        nodes: 5,
        n_shards: 10,
    },
    Shape {
        nodes: 7,
        n_shards: 13,
    },
];

impl Shape {
    /// Shards that a node has, at most.
    const fn shards_per_node(self) -> usize {
        (self.n_shards as usize).div_ceil(self.nodes)
    }

    /// Shards that may be faulty: `f`.
    #[must_use]
    pub const fn faulty_shards(self) -> usize {
        (self.n_shards as usize - 1) / 3
    }

    /// Nodes that have at most so many shards together, whichever they are.
    #[must_use]
    pub const fn nodes_within(self, shards: usize) -> usize {
        shards / self.shards_per_node()
    }
}

/// A network that nobody has used yet.
#[derive(Debug)]
pub struct Template {
    pub(crate) chain: CrashDisk,
    pub(crate) nodes: Vec<CrashDisk>,
    pub(crate) network: NetworkConfig,
    /// The secret key of the account that pays.
    pub(crate) account: String,
    pub(crate) wal_type: TypeTag,
    /// All WAL there is.
    pub(crate) wal_supply: u128,
    /// Whose account it is, and the WAL in it.
    pub(crate) user: SuiAddress,
    pub(crate) user_wal: u64,
}

impl Template {
    /// The network of a shape; made the first time it is asked for.
    ///
    /// # Errors
    /// The genesis fails.
    pub fn of(shape: Shape) -> Result<Arc<Self>, Error> {
        static MADE: [OnceLock<Result<Arc<Template>, String>>; SHAPES.len()] =
            [const { OnceLock::new() }; SHAPES.len()];
        let place = SHAPES.iter().position(|known| *known == shape);
        let slot = place.and_then(|place| MADE.get(place));
        let slot = slot.ok_or("a shape that seeds don't choose from")?;
        let made = slot.get_or_init(|| Self::make(shape).map(Arc::new).map_err(|e| e.to_string()));
        Ok(Arc::clone(made.as_ref().map_err(String::as_str)?))
    }

    fn make(shape: Shape) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let _entered = runtime.enter();
        let disk = CrashDisk::new();
        let env = Env {
            clock: Arc::new(ManualClock::new(EPOCH)),
            rng: Arc::new(SeededRng::new(u64::from(shape.n_shards))),
            spawn: Arc::new(TokioSpawn::current()),
            compute: Arc::new(Inline),
            net: Arc::new(SimNet),
            disk: Arc::new(disk.clone()),
        };
        let made = start_chain(&env, &full_node_options(), Some(&genesis_file(shape)))?;
        let nodes = (0..shape.nodes).map(|index| node_disk(&read_keys(&disk, index)?, &*env.rng));
        let nodes = nodes.collect::<Result<_, _>>()?;
        let wal_type = made.network.walrus.wal_type.clone();
        let user = made.keys.account.address();
        let reader = made.service.handle().reader()?;
        Ok(Self {
            nodes,
            network: network_config(&made),
            account: made.keys.account.0.to_suiprivkey()?,
            wal_supply: supply(&made.service.handle(), &wal_type)?,
            user,
            user_wal: reader.balance(&user, &wal_type)?.amount,
            wal_type,
            chain: disk,
        })
    }
}

/// All units of a token, in whatever holds them.
///
/// # Errors
/// The state can't be read.
pub fn supply(chain: &floe_fullnode::Handle, token: &TypeTag) -> Result<u128, Error> {
    let mut objects = Vec::new();
    chain
        .reader()?
        .for_each_live(&mut |object| objects.push(object))?;
    let objects = objects.iter().map(|object| object.object());
    Ok(token_total(objects, token)?)
}

fn genesis_file(shape: Shape) -> GenesisFile {
    let node = |index| {
        NodeEntry::new(
            node_host(index),
            format!("{}:{NODE_PORT}", node_host(index)),
        )
    };
    GenesisFile {
        n_shards: shape.n_shards,
        time_ms: Some(EPOCH.0),
        nodes: (0..shape.nodes).map(node).collect(),
        ..GenesisFile::default()
    }
}

/// The disk of a new node.
///
/// # Errors
/// Its store can't be made.
pub(crate) fn node_disk(keys: &Keys, rng: &dyn Rng) -> Result<CrashDisk, Error> {
    let made = CrashDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(made.clone());
    let dir = Path::new(DIR);
    disk.create_dir_all(dir)?;
    Node::create_store(&disk, rng, dir, keys)?;
    Ok(made)
}

/// The keys of a node, from the full node's disk.
///
/// # Errors
/// There are none.
pub(crate) fn read_keys(disk: &CrashDisk, index: usize) -> Result<Keys, Error> {
    let folder = Path::new(DIR).join("nodes").join(node_host(index));
    let keys = Keys::read(
        disk,
        &folder.join("protocol.key"),
        &folder.join("network.key"),
    )?;
    Ok(keys)
}

fn network_config(chain: &Chain) -> NetworkConfig {
    let walrus = &chain.network.walrus;
    let url = format!("http://{CHAIN_HOST}:{CHAIN_PORT}");
    let mut config = NetworkConfig::new(walrus.system_object, walrus.staking_object, [url]);
    config.treasury_object = Some(walrus.treasury_object);
    let committee = floe_ledger::committee(0, chain.keys.validator.public_key());
    config.trust = Some(Trust {
        chain_id: chain.network.chain_id,
        epoch: 0,
        first_checkpoint: 0,
        validators: committee.members,
        event_packages: vec![walrus.walrus_package],
    });
    config
}
