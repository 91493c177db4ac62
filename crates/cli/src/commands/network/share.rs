//! `floe share`, `floe fund-shared-blob` and `floe burn-blobs`.

use std::fmt;

use floe_core::ObjectId;
use serde::Serialize;

use super::{confirm, wal};
use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs},
    output::{Output, count},
    world::World,
};

/// Arguments of `floe share`.
#[derive(Debug, clap::Args)]
pub struct ShareArgs {
    /// The object id of the blob
    #[arg(long, value_name = "OBJECT_ID")]
    blob_obj_id: ObjectId,
    /// FROST to pay for extensions
    #[arg(long, value_name = "FROST", value_parser = clap::value_parser!(u64).range(1..))]
    amount: Option<u64>,
}

/// Arguments of `floe fund-shared-blob`.
#[derive(Debug, clap::Args)]
pub struct FundArgs {
    /// The object id of the shared blob
    #[arg(long, value_name = "OBJECT_ID")]
    shared_blob_obj_id: ObjectId,
    /// FROST to pay for extensions
    #[arg(long, value_name = "FROST", value_parser = clap::value_parser!(u64).range(1..))]
    amount: u64,
}

/// Arguments of `floe burn-blobs`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(false).args(["object_ids", "all", "all_expired"]))]
pub struct BurnArgs {
    /// Ids of blob objects
    #[arg(long, value_name = "OBJECT_ID", num_args = 1..)]
    object_ids: Vec<ObjectId>,
    /// All of the wallet's
    #[arg(long)]
    all: bool,
    /// All of the wallet's that have expired
    #[arg(long)]
    all_expired: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shared {
    shared_blob_object_id: ObjectId,
    amount: Option<u64>,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shared as {}", self.shared_blob_object_id)
    }
}

#[derive(Debug, Serialize)]
struct Funded {
    amount: u64,
}

impl fmt::Display for Funded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "added {}", wal(self.amount))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Burned {
    burned_object_ids: Vec<ObjectId>,
}

impl fmt::Display for Burned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "destroyed {}",
            count(self.burned_object_ids.len(), "object")
        )
    }
}

/// Objects destroyed in one transaction.
const BURN_MAX: usize = 1000;

/// Makes a blob a shared object.
///
/// # Errors
/// [`Failure`] of the transaction.
pub fn share(
    args: &ShareArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| async move {
        let wallet = session.wallet()?;
        let (id, _) = wallet.share(args.blob_obj_id, args.amount).await?;
        output.print(&Shared {
            shared_blob_object_id: id,
            amount: args.amount,
        })
    })
}

/// Adds WAL to a shared blob.
///
/// # Errors
/// [`Failure`] of the transaction.
pub fn fund(
    args: &FundArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| async move {
        let wallet = session.wallet()?;
        wallet
            .fund_shared(args.shared_blob_obj_id, args.amount)
            .await?;
        let amount = args.amount;
        output.print(&Funded { amount })
    })
}

/// Destroys blob objects.
///
/// # Errors
/// [`Failure`] of a transaction, or that nobody confirmed.
pub fn burn(
    args: &BurnArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| async move {
        let wallet = session.wallet()?;
        let mut ids = args.object_ids.clone();
        if args.all || args.all_expired {
            let state = session.contracts().state().await?;
            let owned = session.contracts().all_blobs(wallet.address()).await?;
            let blobs = owned.iter().map(|owned| &owned.value);
            let chosen = blobs.filter(|blob| args.all || blob.storage.end_epoch <= state.epoch);
            ids.extend(chosen.map(|blob| blob.id.0));
        }
        let question = format!(
            "destroy {}? Nothing is deleted from the nodes, and nothing refunded",
            count(ids.len(), "blob object")
        );
        if !ids.is_empty() && !args.yes && !confirm(question).await? {
            return Err(
                Failure::new(Reason::InvalidArgument, "nothing was destroyed")
                    .help("confirm it with --yes"),
            );
        }
        for batch in ids.chunks(BURN_MAX) {
            wallet.burn(batch).await?;
        }
        output.print(&Burned {
            burned_object_ids: ids,
        })
    })
}
