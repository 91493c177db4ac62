//! `floe node-admin`: what the owners of a node's rights do on chain.

use std::{fmt, path::PathBuf};

use clap::Subcommand;
use floe_contracts::{Executed, RawObject, ReadError, Wallet, calls::Identity, sui_address};
use floe_core::{
    ObjectId, SuiAddress,
    onchain::{node::Authorized, staking::StakingPool},
};
use serde::Serialize;
use sui_sdk_types::Owner;

use super::{
    Frost, announce,
    package::{self, PackageArgs},
};
use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe node-admin`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The node
    #[arg(long, value_name = "ID", global = true)]
    node_id: Option<ObjectId>,
    #[command(subcommand)]
    action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Action {
    /// Take the node's commission out
    CollectCommission,
    /// Vote for an upgrade of the contracts
    VoteForUpgrade {
        /// The object that counts the votes [default: as configured]
        #[arg(long, value_name = "ID")]
        upgrade_manager_object_id: Option<ObjectId>,
        #[command(flatten)]
        package: PackageArgs,
    },
    /// Say who votes for the node on upgrades and slashing
    SetGovernanceAuthorized(Whom),
    /// Say who may collect the node's commission
    SetCommissionAuthorized(Whom),
    /// Print the digest of a package, which is what nodes vote on
    PackageDigest {
        /// Folder of the package, which the `sui` program compiles, or a file with what it printed
        #[arg(long, value_name = "PATH")]
        package_path: PathBuf,
    },
}

/// Somebody.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// An account
    #[arg(long, value_name = "ADDRESS")]
    address: Option<SuiAddress>,
    /// Whoever has an object
    #[arg(long, value_name = "ID")]
    object: Option<ObjectId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    node_id: ObjectId,
    tx_digest: String,
    #[serde(skip)]
    text: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What nodes vote on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Digest {
    package_digest: String,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package_digest)
    }
}

/// Acts for a node.
///
/// # Errors
/// [`Failure`].
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    if let Action::PackageDigest { package_path } = &args.action {
        let package_digest = hex::encode(package::of_path(package_path, world)?);
        return output.print(&Digest { package_digest });
    }
    let node = args.node_id.ok_or_else(|| {
        Failure::new(Reason::InvalidArgument, "no node is named").help("name it with --node-id")
    })?;
    network::run(world, network, async |session: Session| {
        let wallet = session.wallet()?;
        let pool = session.contracts().pool(node).await?;
        let (executed, text) = act(args, &wallet, &pool, world, output).await?;
        output.print(&Report {
            node_id: node,
            tx_digest: executed.digest.to_string(),
            text,
        })
    })
}

async fn act(
    args: &Args,
    wallet: &Wallet,
    pool: &StakingPool,
    world: &World,
    output: Output,
) -> Result<(Executed, String), Failure> {
    let (contracts, node) = (wallet.contracts(), pool.id.0);
    let name = &pool.node_info.name;
    match &args.action {
        Action::CollectCommission => {
            let amount = Frost(contracts.collectable_commission(pool).await?);
            announce(
                output.is_json(),
                format_args!("{name} can collect {amount}"),
            );
            let identity = identity(wallet, &pool.commission_receiver).await?;
            let executed = wallet.collect_commission(node, identity).await?;
            Ok((executed, format!("collected {amount}")))
        }
        Action::VoteForUpgrade {
            upgrade_manager_object_id,
            package,
        } => {
            let manager = *upgrade_manager_object_id;
            vote(wallet, pool, manager, package.digest(world)?).await
        }
        Action::PackageDigest { .. } => Err(Failure::new(Reason::Internal, "not on chain")),
        Action::SetGovernanceAuthorized(whom) => {
            let identity = identity(wallet, &pool.governance_authorized).await?;
            let to = whom.identity(wallet).await?;
            let executed = wallet
                .run(|calls| calls.set_governance_authorized(node, identity.clone(), to.clone()))
                .await?;
            Ok((executed, format!("{whom} now votes for {name}")))
        }
        Action::SetCommissionAuthorized(whom) => {
            let identity = identity(wallet, &pool.commission_receiver).await?;
            let to = whom.identity(wallet).await?;
            let executed = wallet
                .run(|calls| calls.set_commission_receiver(node, identity.clone(), to.clone()))
                .await?;
            Ok((
                executed,
                format!("{whom} now collects the commission of {name}"),
            ))
        }
    }
}

async fn vote(
    wallet: &Wallet,
    pool: &StakingPool,
    manager: Option<ObjectId>,
    digest: [u8; 32],
) -> Result<(Executed, String), Failure> {
    let (contracts, node) = (wallet.contracts(), pool.id.0);
    let manager = manager.or_else(|| contracts.network().upgrade_manager_object);
    let manager = manager.ok_or_else(|| {
        Failure::new(Reason::InvalidArgument, "no upgrade manager is configured")
            .help("name it with --upgrade-manager-object-id")
    })?;
    let identity = identity(wallet, &pool.governance_authorized).await?;
    let executed = wallet
        .run(|calls| calls.vote_for_upgrade(manager, node, identity.clone(), &digest))
        .await?;
    let (_, proposal) = contracts.upgrade_proposal(manager, digest).await?;
    let weight = proposal.map_or(0, |proposal| proposal.voting_weight);
    let n_shards = contracts.state().await?.n_shards;
    let name = &pool.node_info.name;
    let text = format!("{name} has voted; {weight} of {n_shards} shards are in favour");
    Ok((executed, text))
}

/// What the wallet proves, to be the one authorized.
async fn identity(wallet: &Wallet, authorized: &Authorized) -> Result<Identity, Failure> {
    match authorized {
        Authorized::Address(address) if *address == wallet.address() => {
            Ok(Identity::Address(*address))
        }
        Authorized::Address(address) => {
            let message = format!("only {address} is authorized to do that");
            Err(Failure::new(Reason::TransactionFailed, message)
                .help(format!("this wallet is {}", wallet.address())))
        }
        Authorized::ObjectID(id) => {
            let object = object(wallet, *id).await?;
            if let Owner::Address(owner) = object.owner
                && sui_address(&owner) != wallet.address()
            {
                let owner = sui_address(&owner);
                let message =
                    format!("only {owner}, who has object {id}, is authorized to do that");
                return Err(Failure::new(Reason::TransactionFailed, message)
                    .help(format!("this wallet is {}", wallet.address())));
            }
            Ok(Identity::Object(*id, object.object_type))
        }
    }
}

async fn object(wallet: &Wallet, id: ObjectId) -> Result<RawObject, Failure> {
    let object = wallet.contracts().chain().object(id).await;
    let object = object.map_err(ReadError::from)?;
    object.ok_or_else(|| Failure::new(Reason::NotFound, format!("there is no object {id}")))
}

impl Whom {
    async fn identity(&self, wallet: &Wallet) -> Result<Identity, Failure> {
        match (self.address, self.object) {
            (Some(address), _) => Ok(Identity::Address(address)),
            (None, Some(id)) => {
                let object = object(wallet, id).await?;
                Ok(Identity::Object(id, object.object_type))
            }
            (None, None) => Err(Failure::new(Reason::InvalidArgument, "nobody is named")),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.object) {
            (Some(address), _) => write!(f, "{address}"),
            (None, Some(id)) => write!(f, "the owner of {id}"),
            (None, None) => f.write_str("nobody"),
        }
    }
}
