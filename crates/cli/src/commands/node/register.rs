//! `floe node register`.

use std::{fmt, path::PathBuf};

use floe_contracts::{Contracts, Wallet};
use floe_core::{ObjectId, keys::BlsPublicKey};
use serde::Serialize;

use super::registration::{Registration, TermsArgs};
use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe node register`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(false).args(["config", "registration"]))]
pub struct Args {
    /// The configuration of the node
    #[arg(long, value_name = "FILE", alias = "config-path")]
    config: Option<PathBuf>,
    /// A registration that `floe node setup` made for this wallet
    #[arg(long, value_name = "FILE")]
    registration: Option<PathBuf>,
    /// Register it even if it is registered already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    terms: TermsArgs,
}

/// A node that is registered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Registered {
    node_id: ObjectId,
    storage_node_cap: ObjectId,
    tx_digest: String,
}

impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "node id           {}", self.node_id)?;
        writeln!(f, "storage node cap  {}", self.storage_node_cap)?;
        write!(
            f,
            "next: it gets shards when enough is staked with it: floe stake --node-ids {}",
            self.node_id
        )
    }
}

/// Registers a node on chain, with a proof that its key is its operator's.
///
/// # Errors
/// [`Failure`].
pub(super) fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    let Some(path) = &args.config else {
        let path = args.registration.clone().unwrap_or_default();
        let registration = Registration::read(&path, world)?;
        return network::run(world, network, async |session: Session| {
            let wallet = session.wallet()?;
            fits(&registration, &wallet).await?;
            register(args, &wallet, &registration, output).await
        });
    };
    let config = super::config(path, world)?;
    let keys = super::keys(&config, world)?;
    let network = NetworkArgs {
        config: Some(config.network_config_path.clone()),
        ..network.clone()
    };
    network::run(world, &network, async |session: Session| {
        let wallet = match &config.wallet_key_path {
            Some(path) => session.wallet_of(super::wallet_key(path, world)?),
            None => session.wallet()?,
        };
        let state = session.contracts().state().await?;
        let mut terms = args.terms.clone().or(&config.registration);
        terms
            .storage_price
            .get_or_insert(state.prices.storage_frost);
        terms.write_price.get_or_insert(state.prices.write_frost);
        let (account, epoch) = (wallet.address(), state.epoch);
        let registration = Registration::sign(&config, &keys, &terms, account, epoch)?;
        register(args, &wallet, &registration, output).await
    })
}

/// Whether a registration is for this wallet and for now.
async fn fits(registration: &Registration, wallet: &Wallet) -> Result<(), Failure> {
    if registration.account != wallet.address() {
        let message = format!("the registration is for {}", registration.account);
        return Err(Failure::new(Reason::InvalidArgument, message)
            .help(format!("this wallet is {}", wallet.address())));
    }
    let now = wallet.contracts().state().await?.epoch;
    if registration.epoch != now {
        let message = format!("the registration is for epoch {}", registration.epoch);
        return Err(Failure::new(Reason::InvalidArgument, message)
            .help(format!("it is epoch {now}: have another one made")));
    }
    Ok(())
}

async fn register(
    args: &Args,
    wallet: &Wallet,
    registration: &Registration,
    output: Output,
) -> Result<(), Failure> {
    if !args.force
        && let Some(node) = registered(wallet, registration.public_key()).await?
    {
        let message = format!("the wallet has registered the node already, as {node}");
        return Err(Failure::new(Reason::AlreadyExists, message)
            .help("--force registers it once more, as another node"));
    }
    let (caps, executed) = wallet.register_nodes(&[registration.call()]).await?;
    let cap = caps
        .first()
        .ok_or_else(|| Failure::new(Reason::Internal, "the transaction has registered no node"))?;
    output.print(&Registered {
        node_id: cap.node_id,
        storage_node_cap: cap.id.0,
        tx_digest: executed.digest.to_string(),
    })
}

/// The node that a wallet has registered with a key.
async fn registered(wallet: &Wallet, key: &BlsPublicKey) -> Result<Option<ObjectId>, Failure> {
    let contracts: &Contracts = wallet.contracts();
    let caps = contracts.all_node_caps(wallet.address()).await?;
    let nodes: Vec<_> = caps.iter().map(|cap| cap.value.node_id).collect();
    let pools = contracts.pools(&nodes).await?;
    let same = |bytes: &[u8]| BlsPublicKey::from_uncompressed(bytes).is_ok_and(|it| it == *key);
    let found = pools
        .iter()
        .find(|pool| same(&pool.node_info.public_key.bytes));
    Ok(found.map(|pool| pool.id.0))
}
