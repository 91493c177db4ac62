//! A Walrus network in epoch 1, made by the contracts' own functions.
//!
//! What a deployment does by hand happens here in one go: the packages' initializers,
//! `initialize_walrus`, the registration of every node with its proof of possession, its stake, the
//! vote, the epoch change, and the nodes' word that they have their shards
//! (`docs/spec/contracts.md` §2).

use floe_core::{
    ObjectId, SuiAddress,
    keys::{BlsPublicKey, BlsSignature, NetworkPublicKey},
    onchain::{
        framework::{UpgradeCap, Wal},
        governance::{EmergencyUpgradeCap, UpgradeManager},
        node::StorageNodeCap,
        staking::{StakedWal, Staking, StakingInnerV1},
        system::System,
        wal_exchange::{AdminCap, Exchange},
    },
};
use serde::{Deserialize, Serialize};
use sui_sdk_types::{Argument, TypeTag};

use super::{GenesisBuilder, GenesisError, script::Script};
use crate::{
    error::Failure,
    execute::Outcome,
    modules::{
        package_id,
        sui::{clock::CLOCK_ID, package},
        wal::wal,
        walrus::{VERSION, committee, init, slashing},
    },
    object::object_id,
    value::{MoveType, type_tag},
};

/// What a Walrus network starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalrusGenesis {
    /// Who deploys: gets the rights to upgrade and to run the exchange, and all WAL that goes
    /// nowhere else.
    pub publisher: SuiAddress,
    /// The number of shards.
    pub n_shards: u16,
    /// How long an epoch lasts, in ms.
    pub epoch_duration_ms: u64,
    /// For how many epochs storage can be bought in advance, at most 1000; networks use 53.
    pub max_epochs_ahead: u32,
    /// The nodes.
    pub nodes: Vec<GenesisNode>,
    /// What the exchange of SUI for WAL holds; without it there is none.
    pub exchange: Option<GenesisExchange>,
    /// Who has something to begin with.
    pub accounts: Vec<GenesisAccount>,
}

/// A storage node of the first committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisNode {
    /// Its name, at most 100 bytes.
    pub name: String,
    /// Host and port of its API, at most 259 bytes.
    pub network_address: String,
    /// The key it signs messages with.
    pub public_key: BlsPublicKey,
    /// The proof that `owner` may register that key, signed for epoch 0
    /// ([`ProofOfPossession::sign`](floe_core::messages::ProofOfPossession::sign)).
    pub proof_of_possession: BlsSignature,
    /// The key of its TLS server.
    pub network_public_key: NetworkPublicKey,
    /// Its part of the rewards, in basis points.
    pub commission_rate: u16,
    /// Its vote, in FROST per MiB and epoch.
    pub storage_price: u64,
    /// Its vote, in FROST per MiB written.
    pub write_price: u64,
    /// Its vote, the bytes that it can store.
    pub node_capacity: u64,
    /// Who registers it, and gets its cap and its stake.
    pub owner: SuiAddress,
    /// What is staked with it, in FROST; at least 1 WAL, or 0 for a node outside of the committee.
    pub stake_frost: u64,
}

/// What the exchange holds at the start. It changes 1 SUI for 1 WAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisExchange {
    /// WAL to give out, in FROST.
    pub wal_frost: u64,
    /// SUI to give out, in MIST.
    pub sui_mist: u64,
}

/// An address with something to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAccount {
    /// The address.
    pub address: SuiAddress,
    /// One coin of this much SUI, in MIST; none for 0.
    pub sui_mist: u64,
    /// One coin of this much WAL, in FROST; none for 0.
    pub wal_frost: u64,
}

/// Where a Walrus network's objects are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalrusNetwork {
    /// The package `walrus`.
    pub walrus_package: ObjectId,
    /// The package `wal`.
    pub wal_package: ObjectId,
    /// The type of the token, `…::wal::WAL`.
    pub wal_type: TypeTag,
    /// The package `wal_exchange`.
    pub exchange_package: ObjectId,
    /// The shared `System`.
    pub system_object: ObjectId,
    /// The shared `Staking`.
    pub staking_object: ObjectId,
    /// The shared `ProtectedTreasury`.
    pub treasury_object: ObjectId,
    /// The shared `UpgradeManager`.
    pub upgrade_manager: ObjectId,
    /// The shared `SlashingManager`.
    pub slashing_manager: ObjectId,
    /// The shared `Exchange`.
    pub exchange_object: Option<ObjectId>,
    /// The publisher's `EmergencyUpgradeCap`.
    pub emergency_upgrade_cap: ObjectId,
    /// The publisher's right to run the exchange.
    pub exchange_admin_cap: Option<ObjectId>,
    /// The nodes, in the order of the configuration.
    pub nodes: Vec<GenesisNodeIds>,
}

/// Where a node's objects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisNodeIds {
    /// The node, and its staking pool.
    pub node_id: ObjectId,
    /// The owner's right to act for it.
    pub cap: ObjectId,
    /// The owner's stake, if there is one.
    pub staked_wal: Option<ObjectId>,
}

impl GenesisBuilder {
    /// Deploys Walrus and brings it to epoch 1, with all of its epoch's shards received.
    ///
    /// # Errors
    /// [`GenesisError`] naming the step; the configuration is at fault. The builder is of no use
    /// then.
    pub fn walrus(&mut self, config: &WalrusGenesis) -> Result<WalrusNetwork, GenesisError> {
        let mut deployment = Deployment {
            builder: self,
            config,
            wal_coin: ObjectId::ZERO,
        };
        deployment.run()
    }
}

struct Deployment<'b> {
    builder: &'b mut GenesisBuilder,
    config: &'b WalrusGenesis,
    /// The publisher's coin with the WAL that is left.
    wal_coin: ObjectId,
}

impl Deployment<'_> {
    fn run(&mut self) -> Result<WalrusNetwork, GenesisError> {
        let publisher = self.config.publisher;
        let wal = self.builder.init(wal::MODULE, publisher, wal::init)?;
        self.wal_coin = wal.coin;
        let mut network = named("initialize_walrus", self.publish(wal.treasury))?;
        network.slashing_manager =
            self.builder
                .init(slashing::MODULE, publisher, slashing::create)?;
        if let Some(exchange) = self.config.exchange {
            named("exchange", self.exchange(exchange, &mut network))?;
        }
        for node in &self.config.nodes {
            let ids = self.node(node, &network);
            let ids = named(&format!("node {}", node.name), ids)?;
            network.nodes.push(ids);
        }
        named("first epoch", self.first_epoch(&network))?;
        for account in &self.config.accounts {
            let place = format!("account {}", account.address);
            named(&place, self.account(account))?;
        }
        Ok(network)
    }

    /// The packages' own initialization.
    fn publish(&mut self, treasury: ObjectId) -> Result<WalrusNetwork, GenesisError> {
        let publisher = self.config.publisher;
        let init_cap = self.builder.init(init::MODULE, publisher, init::init)?;
        let upgrade_cap = self.builder.init(package::MODULE, publisher, |rt| {
            let id = rt.fresh_id()?;
            let cap = UpgradeCap {
                id: id.into(),
                package: init::own_package(),
                version: 1,
                policy: 0,
            };
            rt.transfer(cap, publisher)?;
            Ok(id)
        })?;
        let outcome = self.script(publisher, |script, config| {
            let arguments = vec![
                script.object(init_cap)?,
                script.object(upgrade_cap)?,
                script.pure(&0_u64)?,
                script.pure(&config.epoch_duration_ms)?,
                script.pure(&config.n_shards)?,
                script.pure(&config.max_epochs_ahead)?,
                script.object(CLOCK_ID)?,
            ];
            let cap = script.call("walrus", "init", "initialize_walrus", arguments);
            script.transfer(cap, publisher)
        })?;
        Ok(WalrusNetwork {
            walrus_package: init::own_package(),
            wal_package: object_id(&package_id("wal")),
            wal_type: type_tag::<Wal>(),
            exchange_package: object_id(&package_id("wal_exchange")),
            system_object: self.created::<System>(&outcome)?,
            staking_object: self.created::<Staking>(&outcome)?,
            treasury_object: treasury,
            upgrade_manager: self.created::<UpgradeManager>(&outcome)?,
            slashing_manager: ObjectId::ZERO,
            exchange_object: None,
            emergency_upgrade_cap: self.created::<EmergencyUpgradeCap>(&outcome)?,
            exchange_admin_cap: None,
            nodes: Vec::new(),
        })
    }

    fn exchange(
        &mut self,
        exchange: GenesisExchange,
        network: &mut WalrusNetwork,
    ) -> Result<(), GenesisError> {
        let (publisher, wal_coin) = (self.config.publisher, self.wal_coin);
        let outcome = self.script(publisher, |script, _| {
            let arguments = vec![script.object(wal_coin)?, script.pure(&exchange.wal_frost)?];
            let cap = script.call("wal_exchange", "wal_exchange", "new_funded", arguments);
            script.transfer(cap, publisher)
        })?;
        let object = self.created::<Exchange>(&outcome)?;
        network.exchange_object = Some(object);
        network.exchange_admin_cap = Some(self.created::<AdminCap>(&outcome)?);
        if exchange.sui_mist > 0 {
            let sui = self.builder.fund(publisher, exchange.sui_mist)?;
            self.script(publisher, |script, _| {
                let arguments = vec![script.object(object)?, script.object(sui)?];
                script.call("wal_exchange", "wal_exchange", "add_all_sui", arguments);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn node(
        &mut self,
        node: &GenesisNode,
        network: &WalrusNetwork,
    ) -> Result<GenesisNodeIds, GenesisError> {
        let staking = network.staking_object;
        let outcome = self.script(node.owner, |script, _| {
            let cap = register(script, node, staking)?;
            script.transfer(cap, node.owner)
        })?;
        let cap = self.created::<StorageNodeCap>(&outcome)?;
        let node_id = self.value::<StorageNodeCap>(cap)?.node_id;
        let mut ids = GenesisNodeIds {
            node_id,
            cap,
            staked_wal: None,
        };
        if node.stake_frost > 0 {
            let wal_coin = self.wal_coin;
            let outcome = self.script(self.config.publisher, |script, _| {
                let coin = script.object(wal_coin)?;
                let coin = script.split(coin, node.stake_frost)?;
                let arguments = vec![script.object(staking)?, coin, script.pure(&node_id)?];
                let stake = script.call("walrus", "staking", "stake_with_pool", arguments);
                script.transfer(stake, node.owner)
            })?;
            ids.staked_wal = Some(self.created::<StakedWal>(&outcome)?);
        }
        Ok(ids)
    }

    fn first_epoch(&mut self, network: &WalrusNetwork) -> Result<(), GenesisError> {
        let publisher = self.config.publisher;
        let (staking, system) = (network.staking_object, network.system_object);
        let treasury = network.treasury_object;
        self.script(publisher, |script, _| {
            let (staking, clock) = (script.object(staking)?, script.object(CLOCK_ID)?);
            script.call("walrus", "staking", "voting_end", vec![staking, clock]);
            let arguments = vec![
                staking,
                script.object(system)?,
                script.object(treasury)?,
                clock,
            ];
            script.call("walrus", "staking", "initiate_epoch_change_v2", arguments);
            Ok(())
        })?;
        for (node, ids) in self.config.nodes.iter().zip(&network.nodes) {
            if !self.is_member(network, &ids.node_id)? {
                continue;
            }
            self.script(node.owner, |script, _| {
                let arguments = vec![
                    script.object(staking)?,
                    script.object(ids.cap)?,
                    script.pure(&1_u32)?,
                    script.object(CLOCK_ID)?,
                ];
                script.call("walrus", "staking", "epoch_sync_done", arguments);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn account(&mut self, account: &GenesisAccount) -> Result<(), GenesisError> {
        if account.sui_mist > 0 {
            self.builder.fund(account.address, account.sui_mist)?;
        }
        if account.wal_frost > 0 {
            let wal_coin = self.wal_coin;
            self.script(self.config.publisher, |script, _| {
                let coin = script.object(wal_coin)?;
                let coin = script.split(coin, account.wal_frost)?;
                script.transfer(coin, account.address)
            })?;
        }
        Ok(())
    }

    fn is_member(
        &mut self,
        network: &WalrusNetwork,
        node: &ObjectId,
    ) -> Result<bool, GenesisError> {
        let staking = network.staking_object;
        self.builder.init(init::MODULE, SuiAddress::ZERO, |rt| {
            let inner = rt.field::<_, StakingInnerV1>(staking, &VERSION)?;
            Ok(committee::contains(&inner.committee, node))
        })
    }

    fn script(
        &mut self,
        sender: SuiAddress,
        write: impl FnOnce(&mut Script<'_>, &WalrusGenesis) -> Result<(), Failure>,
    ) -> Result<Outcome, GenesisError> {
        let mut script = Script::new(self.builder.state());
        let written = write(&mut script, self.config);
        let ptb = script.build();
        written.map_err(|source| self.builder.failed(source))?;
        self.builder.run(sender, ptb)
    }

    /// The only object of a type that a step has created.
    fn created<T: MoveType>(&self, outcome: &Outcome) -> Result<ObjectId, GenesisError> {
        let wanted = type_tag::<T>();
        let is_wanted = |object: &crate::object::LiveObject| {
            object
                .as_struct()
                .is_some_and(|content| TypeTag::from(content.object_type().clone()) == wanted)
        };
        let new = outcome.writes.objects.iter().find(|(id, object)| {
            !outcome.before.contains_key(*id) && object.as_deref().is_some_and(is_wanted)
        });
        new.map(|(id, _)| *id).ok_or_else(|| {
            let message = format!("a genesis step made no {wanted}");
            self.builder.failed(Failure::invariant(message))
        })
    }

    fn value<T: serde::de::DeserializeOwned>(&self, id: ObjectId) -> Result<T, GenesisError> {
        let object = self.builder.state().get(&id);
        object
            .and_then(|object| bcs::from_bytes(object.as_struct()?.contents()).ok())
            .ok_or_else(|| {
                let message = format!("object {id} is not what genesis made");
                self.builder.failed(Failure::invariant(message))
            })
    }
}

fn register(
    script: &mut Script<'_>,
    node: &GenesisNode,
    staking: ObjectId,
) -> Result<Argument, Failure> {
    let empty = script.pure(&"")?;
    let metadata = script.call("walrus", "node_metadata", "new", vec![empty; 3]);
    let arguments = vec![
        script.object(staking)?,
        script.pure(&node.name)?,
        script.pure(&node.network_address)?,
        metadata,
        script.pure(&node.public_key.to_bytes().to_vec())?,
        script.pure(&node.network_public_key.to_bytes().to_vec())?,
        script.pure(&node.proof_of_possession.to_bytes().to_vec())?,
        script.pure(&node.commission_rate)?,
        script.pure(&node.storage_price)?,
        script.pure(&node.write_price)?,
        script.pure(&node.node_capacity)?,
    ];
    Ok(script.call("walrus", "staking", "register_candidate", arguments))
}

fn named<T>(place: &str, result: Result<T, GenesisError>) -> Result<T, GenesisError> {
    result.map_err(|source| GenesisError::Walrus {
        place: place.to_owned(),
        source: Box::new(source),
    })
}
