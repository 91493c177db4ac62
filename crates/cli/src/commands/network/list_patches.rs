//! `floe list-patches-in-quilt`.

use std::fmt;

use floe_core::{BlobId, BlobMetadata, QuiltPatchId};
use floe_encoding::quilt::QuiltIndex;
use serde::Serialize;

use crate::{
    error::Failure,
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe list-patches-in-quilt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The quilt's blob id
    #[arg(value_name = "QUILT_ID", allow_hyphen_values = true)]
    quilt_id: BlobId,
}

/// The quilt as the official program dumps it.
#[derive(Debug, Serialize)]
enum Report {
    V1(ReportV1),
}

#[derive(Debug, Serialize)]
struct ReportV1 {
    quilt_id: [u8; 32],
    metadata: BlobMetadata,
    index: QuiltIndex,
    #[serde(skip)]
    blob_id: BlobId,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::V1(quilt) = self;
        let patches = quilt.index.patches();
        write!(
            f,
            "quilt {} of {}",
            quilt.blob_id,
            crate::output::count(patches.len(), "file")
        )?;
        for patch in patches {
            let id = QuiltPatchId {
                quilt_id: quilt.blob_id,
                internal_id: patch.columns,
            };
            write!(f, "\n{id}  {}", patch.identifier)?;
            for (key, value) in &patch.tags {
                write!(f, "  {key}={value}")?;
            }
        }
        Ok(())
    }
}

/// Lists the files in a quilt.
///
/// # Errors
/// [`Failure`] if the blob is none, or can't be read.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| list(args, output, session))
}

async fn list(args: &Args, output: Output, session: Session) -> Result<(), Failure> {
    let (metadata, index) = session.client.open_quilt(args.quilt_id).await?;
    output.print(&Report::V1(ReportV1 {
        quilt_id: args.quilt_id.0,
        metadata,
        index,
        blob_id: args.quilt_id,
    }))
}
