//! `floe extend`.

use std::fmt;

use floe_core::ObjectId;
use serde::Serialize;

use crate::{
    error::Failure,
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe extend`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The object id of the blob
    #[arg(long, value_name = "OBJECT_ID")]
    blob_obj_id: ObjectId,
    /// By how many epochs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    epochs_extended: u32,
    /// It is a shared blob, which pays for itself
    #[arg(long)]
    shared: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    epochs_extended: u32,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epochs = usize::try_from(self.epochs_extended).unwrap_or(usize::MAX);
        write!(f, "extended by {}", crate::output::count(epochs, "epoch"))
    }
}

/// Keeps a blob for longer.
///
/// # Errors
/// [`Failure`] of the transaction.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| extend(args, output, session))
}

async fn extend(args: &Args, output: Output, session: Session) -> Result<(), Failure> {
    let wallet = session.wallet()?;
    if args.shared {
        wallet
            .extend_shared(args.blob_obj_id, args.epochs_extended)
            .await?;
    } else {
        wallet
            .extend(args.blob_obj_id, args.epochs_extended)
            .await?;
    }
    output.print(&Report {
        epochs_extended: args.epochs_extended,
    })
}
