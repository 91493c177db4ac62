//! `floe list-blobs`.

use std::fmt;

use floe_client::BlobObject;
use serde::Serialize;

use crate::{
    error::Failure,
    network::{self, NetworkArgs, Session},
    output::{Output, bytes},
    world::World,
};

/// Arguments of `floe list-blobs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// List those that have expired, too
    #[arg(long)]
    include_expired: bool,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Report(Vec<BlobObject>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the wallet has no blobs");
        }
        for (i, blob) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            let certified = if blob.certified_epoch.is_some() {
                ""
            } else {
                ", not certified"
            };
            let deletable = if blob.deletable {
                "deletable"
            } else {
                "permanent"
            };
            write!(
                f,
                "{end}{}  {}  until epoch {}, {deletable}{certified}  {}",
                blob.blob_id,
                bytes(blob.size),
                blob.storage.end_epoch,
                blob.id
            )?;
        }
        Ok(())
    }
}

/// Lists the wallet's blobs.
///
/// # Errors
/// [`Failure`] if there is no wallet, or the chain can't be read.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| list(args, output, session))
}

async fn list(args: &Args, output: Output, session: Session) -> Result<(), Failure> {
    let wallet = session.wallet()?;
    let contracts = session.contracts();
    let state = contracts.state().await?;
    let blobs = contracts.all_blobs(wallet.address()).await?;
    let blobs = blobs.iter().map(|owned| BlobObject::from(&owned.value));
    let blobs = blobs.filter(|blob| args.include_expired || blob.storage.end_epoch > state.epoch);
    output.print(&Report(blobs.collect()))
}
