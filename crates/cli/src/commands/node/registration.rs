//! What a node registers with on chain, and the file that carries it to another wallet
//! (`docs/spec/contracts.md` §4.6, `docs/spec/node.md` §13).

use std::path::Path;

use bytesize::ByteSize;
use floe_contracts::calls::{NodeMetadataText, NodeRegistration};
use floe_core::{
    Epoch, SuiAddress,
    keys::{BlsPublicKey, BlsSignature, NetworkPublicKey},
    messages::ProofOfPossession,
    onchain::staking::VotingParams,
};
use floe_node::{Keys, NodeConfig, RegistrationTerms, Transport};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Failure, Reason},
    world::World,
};

/// Longest file of a registration.
const FILE_BYTES_MAX: usize = 64 << 10;

/// What a node registers with, apart from its keys.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Registration")]
pub(super) struct TermsArgs {
    /// Bytes the node can store, like 2TiB: its vote on the network's capacity
    #[arg(long, value_name = "SIZE")]
    pub(super) node_capacity: Option<ByteSize>,
    /// Its vote on the price of storage, FROST per MiB and epoch [default: the current price]
    #[arg(long, value_name = "FROST")]
    pub(super) storage_price: Option<u64>,
    /// Its vote on the price of writing, FROST per MiB [default: the current price]
    #[arg(long, value_name = "FROST")]
    pub(super) write_price: Option<u64>,
    /// Its part of the rewards, in hundredths of a percent [default: 6000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=10_000))]
    commission_rate: Option<u16>,
    /// Host and port under which clients reach it [default: from the configuration]
    #[arg(long, value_name = "HOST:PORT")]
    public_address: Option<String>,
    /// Address of a picture, for explorers
    #[arg(long, value_name = "URL")]
    image_url: Option<String>,
    /// Address of a page, for explorers
    #[arg(long, value_name = "URL")]
    project_url: Option<String>,
    /// A text, for explorers
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// A node's part of the rewards if nobody says another, in hundredths of a percent.
const COMMISSION_RATE: u16 = 6000;

impl TermsArgs {
    /// As a configuration keeps it.
    pub(super) fn to_config(&self) -> RegistrationTerms {
        RegistrationTerms {
            node_capacity_bytes: self.node_capacity.map(|size| size.as_u64()),
            storage_price_frost: self.storage_price,
            write_price_frost: self.write_price,
            commission_rate: self.commission_rate,
            public_address: self.public_address.clone(),
            image_url: self.image_url.clone(),
            project_url: self.project_url.clone(),
            description: self.description.clone(),
        }
    }

    /// What is said here, and what `config` says otherwise.
    pub(super) fn or(self, config: &RegistrationTerms) -> Self {
        let other = config.clone();
        Self {
            node_capacity: self
                .node_capacity
                .or_else(|| other.node_capacity_bytes.map(ByteSize)),
            storage_price: self.storage_price.or(other.storage_price_frost),
            write_price: self.write_price.or(other.write_price_frost),
            commission_rate: self.commission_rate.or(other.commission_rate),
            public_address: self.public_address.or(other.public_address),
            image_url: self.image_url.or(other.image_url),
            project_url: self.project_url.or(other.project_url),
            description: self.description.or(other.description),
        }
    }
}

/// A registration, valid for one account in one epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    name: String,
    network_address: String,
    public_key: BlsPublicKey,
    network_public_key: NetworkPublicKey,
    /// Signed for `account` and `epoch`.
    proof_of_possession: BlsSignature,
    pub(super) account: SuiAddress,
    pub(super) epoch: Epoch,
    commission_rate: u16,
    storage_price: u64,
    write_price: u64,
    node_capacity: u64,
    #[serde(default)]
    image_url: String,
    #[serde(default)]
    project_url: String,
    #[serde(default)]
    description: String,
}

impl Registration {
    /// The registration of a node by an account in an epoch, with the votes that `terms` must have.
    ///
    /// # Errors
    /// [`Failure`]: a vote or the address is missing.
    pub(super) fn sign(
        config: &NodeConfig,
        keys: &Keys,
        terms: &TermsArgs,
        account: SuiAddress,
        epoch: Epoch,
    ) -> Result<Self, Failure> {
        let missing = |option: &str| {
            Failure::new(Reason::InvalidArgument, format!("{option} is missing")).help(
                "a node votes on prices and capacity from its registration on: give the option here, \
                 or have it in [registration] of the configuration",
            )
        };
        let capacity = terms
            .node_capacity
            .ok_or_else(|| missing("--node-capacity"))?;
        Ok(Self {
            name: config.node.name.clone(),
            network_address: address(config, terms)?,
            public_key: keys.protocol.public_key(),
            network_public_key: keys.network.public_key(),
            proof_of_possession: ProofOfPossession::sign(&keys.protocol, epoch, account),
            account,
            epoch,
            commission_rate: terms.commission_rate.unwrap_or(COMMISSION_RATE),
            storage_price: terms
                .storage_price
                .ok_or_else(|| missing("--storage-price"))?,
            write_price: terms.write_price.ok_or_else(|| missing("--write-price"))?,
            node_capacity: capacity.as_u64(),
            image_url: terms.image_url.clone().unwrap_or_default(),
            project_url: terms.project_url.clone().unwrap_or_default(),
            description: terms.description.clone().unwrap_or_default(),
        })
    }

    /// Reads a registration that [`to_yaml`](Self::to_yaml) wrote, and checks its proof.
    ///
    /// # Errors
    /// [`Failure`]: no such file, not of this form, a wrong proof.
    pub(super) fn read(path: &Path, world: &World) -> Result<Self, Failure> {
        let bytes = world.disk.read(path, FILE_BYTES_MAX)?;
        let refused = |cause: String| {
            let message = format!("{} is no registration of a node", path.display());
            Failure::new(Reason::InvalidInput, message)
                .caused_by(cause)
                .help("`floe node setup --registering-third-party` makes one")
        };
        let read: Self =
            serde_yaml_ng::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
        let claim = ProofOfPossession {
            sui_address: read.account,
            public_key: read.public_key,
        };
        let verified = claim.verify(read.epoch, &read.proof_of_possession);
        verified.map_err(|error| refused(error.to_string()))?;
        Ok(read)
    }

    /// The file that [`read`](Self::read) reads.
    ///
    /// # Errors
    /// [`Failure`] in theory only.
    pub(super) fn to_yaml(&self) -> Result<String, Failure> {
        serde_yaml_ng::to_string(self).map_err(|error| {
            Failure::new(Reason::Internal, "cannot write the registration").caused_by(error)
        })
    }

    /// What the contract is called with.
    pub(super) fn call(&self) -> NodeRegistration {
        NodeRegistration {
            name: self.name.clone(),
            network_address: self.network_address.clone(),
            metadata: NodeMetadataText {
                image_url: self.image_url.clone(),
                project_url: self.project_url.clone(),
                description: self.description.clone(),
            },
            public_key: self.public_key,
            network_public_key: self.network_public_key,
            proof_of_possession: self.proof_of_possession,
            commission_rate: self.commission_rate,
            votes: VotingParams {
                storage_price: self.storage_price,
                write_price: self.write_price,
                node_capacity: self.node_capacity,
            },
        }
    }

    /// The key that the node signs with.
    pub(super) const fn public_key(&self) -> &BlsPublicKey {
        &self.public_key
    }
}

/// Under which address clients reach the node.
fn address(config: &NodeConfig, terms: &TermsArgs) -> Result<String, Failure> {
    if let Some(address) = &terms.public_address {
        return Ok(address.clone());
    }
    match &config.node.transport {
        Transport::SelfSigned { public_host } => {
            Ok(format!("{public_host}:{}", config.listen.port()))
        }
        Transport::PlainOnLoopback => Ok(config.listen.to_string()),
        Transport::Certificate { .. }
        | Transport::PlainBehindProxy
        | Transport::PlainEverywhere => Err(Failure::new(
            Reason::InvalidArgument,
            "the configuration does not say under which address clients reach the node",
        )
        .help("say it with --public-address HOST:PORT")),
    }
}
